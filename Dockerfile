# The images of this project. `docker buildx bake` builds them; docker-bake.hcl has the names.
#
#   interpreter -> harness ------------------.
#   interpreter -> environment (of MODEL) ----> image      measures; needs a GPU for real results
#   interpreter -> scorer -------------------'
#   PYTHON_IMAGE -> analysis                               reads and draws bundles; no CUDA
#
# Libraries come from locks with hashes and from nowhere else, with one exception: TORCH. It is empty
# in a published image, where torch comes from its own lock (torch.lock). CI has no GPU, sets it to a
# CPU build of another release, and so replaces torch and nothing else.
#
# No secret enters a build: no step asks for one, and .dockerignore lets only sources in.

ARG BASE_IMAGE=nvidia/cuda:12.8.1-base-ubuntu24.04@sha256:133c78a0575303be34164d0b90137a042172bdf60696af01a3c424ab402d86e2
ARG PYTHON_IMAGE=python:3.12-slim-bookworm@sha256:782412e85d0f0984994c290652577d4018aff08145c85b262bb63dc0c7522254
ARG STACK=paper
ARG SCORER=yes


# ---- the interpreter that every environment stands on
FROM ${BASE_IMAGE} AS interpreter
ENV DEBIAN_FRONTEND=noninteractive
# Unpinned: the archive of a distribution keeps no older versions.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates python3 python3-venv tini \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/*
# Any date makes pip compile by content instead of by time stamp: the same bytes in every build.
ENV DEBIAN_FRONTEND= \
    SOURCE_DATE_EPOCH=0 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_ROOT_USER_ACTION=ignore


# ---- the harness: its libraries, then itself
FROM interpreter AS harness
COPY requirements.lock /opt/tta-energy/requirements.lock
RUN --mount=type=cache,target=/root/.cache/pip \
    python3 -m venv /opt/tta-energy \
    && /opt/tta-energy/bin/pip install --require-hashes -r /opt/tta-energy/requirements.lock
COPY . /src
RUN /opt/tta-energy/bin/pip install --no-deps --no-index --no-build-isolation /src


# ---- which environment a model runs in, and its locks, by stack
FROM interpreter AS name
ARG MODEL
COPY models/${MODEL}/model.toml /model.toml
RUN python3 -c "import tomllib; print(tomllib.load(open('/model.toml', 'rb'))['environment'])" >/name

FROM interpreter AS locks-paper
ARG MODEL
COPY models/${MODEL}/requirements.lock models/${MODEL}/torch.lock /locks/

FROM interpreter AS locks-current
COPY --from=name /name /name
RUN grep -qx diffusers /name || { echo "stack current: expected a model of diffusers" >&2; exit 1; }
COPY models/current/requirements.lock models/current/torch.lock /locks/

# hadolint ignore=DL3006
FROM locks-${STACK} AS locks
COPY --from=name /name /locks/name


# ---- the environment of the models; the second lock may leave out what its packages declare and do
# not need, hence --no-deps
FROM interpreter AS environment
ARG TORCH=
COPY --from=locks /locks /locks
RUN --mount=type=cache,target=/root/.cache/pip \
    environment="/opt/envs/$(cat /locks/name)" \
    && python3 -m venv "${environment}" \
    && if [ -n "${TORCH}" ]; then "${environment}/bin/pip" install "${TORCH}"; \
       else "${environment}/bin/pip" install --require-hashes -r /locks/torch.lock \
            && cp /locks/torch.lock "${environment}"; fi
RUN --mount=type=cache,target=/root/.cache/pip \
    environment="/opt/envs/$(cat /locks/name)" \
    && "${environment}/bin/pip" install --no-deps --require-hashes -r /locks/requirements.lock \
    && cp /locks/requirements.lock "${environment}"


# ---- FAD and CLAP, where SCORER is yes
FROM interpreter AS scorer-no
RUN mkdir -p /opt/envs

FROM interpreter AS scorer-yes
COPY models/scorer/requirements.lock models/scorer/torch.lock /opt/envs/scorer/
RUN --mount=type=cache,target=/root/.cache/pip \
    python3 -m venv /opt/envs/scorer \
    && /opt/envs/scorer/bin/pip install --require-hashes -r /opt/envs/scorer/torch.lock \
    && /opt/envs/scorer/bin/pip install --no-deps --require-hashes \
       -r /opt/envs/scorer/requirements.lock

# hadolint ignore=DL3006
FROM scorer-${SCORER} AS scorer


# ---- what measures
FROM interpreter AS image
COPY --from=scorer /opt/envs /opt/envs
COPY --from=environment /opt/envs /opt/envs
COPY --from=harness /opt/tta-energy /opt/tta-energy
# Whoever runs the image may write here and nowhere else; mounts take these modes over.
RUN install -d -m 1777 /cache /out && ln -s /opt/tta-energy/bin/tta-energy /usr/local/bin/tta-energy
ARG BASE_IMAGE
ARG MODEL
ARG MODELS=${MODEL}
ARG SOURCE_COMMIT=
ARG STACK
# HF_TOKEN_PATH is where a token may be mounted, not a token.
# hadolint ignore=DL3064
ENV HOME=/cache \
    TMPDIR=/cache \
    XDG_CACHE_HOME=/cache \
    HF_HOME=/cache/huggingface \
    HF_TOKEN_PATH=/run/secrets/hf_token \
    MPLCONFIGDIR=/cache/matplotlib \
    NUMBA_CACHE_DIR=/cache/numba \
    TORCH_HOME=/cache/torch \
    TRITON_CACHE_DIR=/cache/triton \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility \
    TTA_ENVS=/opt/envs \
    TTA_IMAGE_BASE=${BASE_IMAGE} \
    TTA_IMAGE_STACK=${STACK} \
    TTA_MODELS=${MODELS} \
    TTA_OUT=/out \
    TTA_SOURCE_COMMIT=${SOURCE_COMMIT}
VOLUME /cache
WORKDIR /out
USER 10001:10001
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/bin/tini", "-g", "--", "tta-energy"]
CMD ["--help"]


# ---- what reads and draws bundles
FROM ${PYTHON_IMAGE} AS analysis-harness
ENV SOURCE_DATE_EPOCH=0 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
COPY requirements.lock /opt/tta-energy/requirements.lock
RUN --mount=type=cache,target=/root/.cache/pip \
    python3 -m venv /opt/tta-energy \
    && /opt/tta-energy/bin/pip install --require-hashes -r /opt/tta-energy/requirements.lock
COPY . /src
RUN /opt/tta-energy/bin/pip install --no-deps --no-index --no-build-isolation /src

FROM ${PYTHON_IMAGE} AS analysis
COPY --from=analysis-harness /opt/tta-energy /opt/tta-energy
RUN install -d -m 1777 /cache /out && ln -s /opt/tta-energy/bin/tta-energy /usr/local/bin/tta-energy
ENV HOME=/cache \
    TMPDIR=/cache \
    MPLCONFIGDIR=/cache/matplotlib \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
VOLUME /cache
WORKDIR /out
USER 10001:10001
ENTRYPOINT ["tta-energy"]
CMD ["--help"]
