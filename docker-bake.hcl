# docker buildx bake                    tta-energy:latest, every model that shares its environment
# docker buildx bake models             an image for each model: tta-energy:audioldm and so on
# docker buildx bake analysis           reads and draws bundles, without CUDA
# STACK=current docker buildx bake      the newest libraries, for GPUs that torch 2.5.1 does not know
#
# Variables come from the environment. To publish:   ATTEST=yes docker buildx bake --push
# For the same bytes again:
#   SOURCE_COMMIT=$(git rev-parse HEAD) SOURCE_DATE_EPOCH=$(git log -1 --format=%ct) \
#   docker buildx bake --set '*.output=type=oci,rewrite-timestamp=true,dest=image.tar'

# Digests seen in public, not yet checked against the registry: artifact/IMAGE.lock.
variable "BASE_IMAGE" {
  default = "nvidia/cuda:12.8.1-base-ubuntu24.04@sha256:133c78a0575303be34164d0b90137a042172bdf60696af01a3c424ab402d86e2"
}
variable "PYTHON_IMAGE" {
  default = "python:3.12-slim-bookworm@sha256:782412e85d0f0984994c290652577d4018aff08145c85b262bb63dc0c7522254"
}
# The libraries of the models: paper or current.
variable "STACK" { default = "paper" }
# Another torch than the locked one, for machines without a GPU (see the Dockerfile).
variable "TORCH" { default = "" }
# Whether FAD and CLAP come along: yes or no.
variable "SCORER" { default = "yes" }
# SBOM and provenance, yes or no: a published image has both, but an Engine that keeps its images the
# classic way cannot hold them.
variable "ATTEST" { default = "no" }
variable "NAME" { default = "tta-energy" }
variable "VERSION" { default = "0.1.0" }
variable "SOURCE" { default = "" }
variable "SOURCE_COMMIT" { default = "" }
variable "SOURCE_DATE_EPOCH" { default = "0" }

function "suffix" {
  params = []
  result = STACK == "paper" ? "" : "-${STACK}"
}

group "default" { targets = ["latest"] }

target "_common" {
  context = "."
  args = {
    SOURCE_COMMIT     = SOURCE_COMMIT
    SOURCE_DATE_EPOCH = SOURCE_DATE_EPOCH
  }
  labels = {
    "org.opencontainers.image.title"       = "tta-energy"
    "org.opencontainers.image.description" = "What an audio generator costs in energy: measure, sign, compare"
    "org.opencontainers.image.licenses"    = "Apache-2.0"
    "org.opencontainers.image.version"     = VERSION
    "org.opencontainers.image.source"      = SOURCE
    "org.opencontainers.image.revision"    = SOURCE_COMMIT
  }
  attest = ATTEST == "yes" ? ["type=sbom", "type=provenance,mode=max"] : []
}

target "_measuring" {
  inherits = ["_common"]
  target   = "image"
  args = {
    BASE_IMAGE = BASE_IMAGE
    STACK      = STACK
    TORCH      = TORCH
    SCORER     = SCORER
  }
  labels = { "org.opencontainers.image.base.name" = BASE_IMAGE }
}

# Takes the environment of one model, and measures every model of the paper that runs in it.
target "latest" {
  inherits = ["_measuring"]
  args     = { MODEL = "audioldm", MODELS = "" }
  tags     = ["${NAME}:${STACK == "paper" ? "latest" : STACK}"]
}

target "models" {
  name     = model
  inherits = ["_measuring"]
  matrix = {
    model = [
      "audioldm",
      "audioldm2",
      "make-an-audio",
      "make-an-audio-2",
      "stable-audio-open",
      "stable-audio-open-sat",
      "tango",
      "tango2",
    ]
  }
  args = { MODEL = model }
  tags = ["${NAME}:${model}${suffix()}"]
}

target "analysis" {
  inherits = ["_common"]
  target   = "analysis"
  args     = { PYTHON_IMAGE = PYTHON_IMAGE }
  labels   = { "org.opencontainers.image.base.name" = PYTHON_IMAGE }
  tags     = ["${NAME}:analysis"]
}
