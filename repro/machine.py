"""The machine, by allow-list: no host name, user, path, serial number or token is ever read."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from repro import __version__
from repro.image import inside_image
from repro.records import CodeIdentity, Machine
from repro.resources import data_root

if TYPE_CHECKING:
    from repro.records import Gpu

HARNESS_LIBRARIES = ("codecarbon", "nvidia-ml-py", "pydantic", "securesystemslib", "cryptography")


def describe_machine(gpu: Gpu | None) -> Machine:
    """Return the facts of this machine that a result may depend on."""
    return Machine(
        gpu=gpu,
        cpu=_first_value(Path("/proc/cpuinfo"), "model name", ":") or platform.machine(),
        cpu_cores=os.cpu_count() or 1,
        ram_bytes=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        os=(_first_value(Path("/etc/os-release"), "PRETTY_NAME", "=") or "unknown").strip('"'),
        kernel=platform.release(),
        container=container(),
    )


def describe_harness() -> dict[str, str]:
    """Return the versions of the harness' interpreter and of the libraries it measures with."""
    libraries = {name: _version(name) for name in HARNESS_LIBRARIES}
    return {"python": platform.python_version(), **libraries}


def describe_source() -> CodeIdentity:
    """Return version, commit and state of the code that runs, as far as it can tell."""
    root = data_root()
    if not (root / ".git").exists():
        return CodeIdentity(
            version=__version__, commit=os.environ.get("TTA_SOURCE_COMMIT") or None, dirty=None
        )
    commit = _git(root, "rev-parse", "HEAD")
    changes = _git(root, "status", "--porcelain", "--untracked-files=no")
    return CodeIdentity(
        version=__version__, commit=commit or None, dirty=None if changes is None else bool(changes)
    )


def _git(root: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(  # noqa: S603 - fixed arguments
            ["git", "-C", str(root), *arguments],  # noqa: S607 - whatever git the user has
            capture_output=True,
            text=True,
            check=True,
            timeout=10,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"


def _first_value(path: Path, key: str, separator: str) -> str | None:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    pairs = (line.partition(separator) for line in lines)
    return next((value.strip() for name, _, value in pairs if name.strip() == key), None)


def container() -> str | None:
    """Return the kind of container this runs in, or None."""
    if Path("/.dockerenv").exists():
        return "docker"
    if "APPTAINER_CONTAINER" in os.environ or "SINGULARITY_CONTAINER" in os.environ:
        return "apptainer"
    if Path("/run/.containerenv").exists():
        return "podman"
    return "unknown" if inside_image() else None
