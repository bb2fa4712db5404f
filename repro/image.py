"""The container image this runs in, by what its build left inside; see the Dockerfile."""

from __future__ import annotations

import hashlib
import os
import re
import sys
from pathlib import Path

from repro.errors import UsageError
from repro.records import DIGEST, Image
from repro.resources import environments_dir

#: Set by the Dockerfile, in every image of this project.
BASE = "TTA_IMAGE_BASE"


def describe_image() -> Image | None:
    """Return what the image knows of itself, or None outside one of this project's images.

    Its digest it cannot know: whoever starts it may say so in ``TTA_IMAGE_DIGEST``.

    Raises:
        UsageError: what was said there is no digest.

    """
    if not inside_image():
        return None
    return Image(
        base=os.environ[BASE].rpartition("/")[2],  # a registry may be a private one
        stack=os.environ.get("TTA_IMAGE_STACK", "unknown"),
        lock_sha256=_locks(),
        digest=_digest(),
    )


def inside_image() -> bool:
    """Tell whether this is one of the project's images, whatever runs it."""
    return bool(os.environ.get(BASE))


def is_mounted(folder: Path, root: Path = Path("/")) -> bool:
    """Tell whether a folder lies on another file system than the container, and so outlives it."""
    return folder.stat().st_dev != root.stat().st_dev


def _digest() -> str | None:
    digest = os.environ.get("TTA_IMAGE_DIGEST") or None
    if digest and not re.fullmatch(DIGEST, digest):
        raise UsageError(
            f"TTA_IMAGE_DIGEST: expected sha256: and 64 hexadecimal digits, found {digest!r}"
        )
    return digest


def _locks() -> dict[str, str]:
    """Return the SHA-256 of every lock that was installed, as ``environment/file``."""
    folders = {"harness": Path(sys.prefix)}
    folders |= {path.parent.name: path.parent for path in environments_dir().glob("*/*.lock")}
    return {
        f"{name}/{path.name}": hashlib.sha256(path.read_bytes()).hexdigest()
        for name, folder in sorted(folders.items())
        for path in sorted(folder.glob("*.lock"))
    }
