"""SHA-256 of files: of one, and of all the weights that a model was loaded from."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

CHUNK_BYTES = 1 << 22


def digest_file(file: Path | str) -> str:
    """Return the SHA-256 of a file's content."""
    total = hashlib.sha256()
    with Path(file).open("rb") as stream:
        while chunk := stream.read(CHUNK_BYTES):
            total.update(chunk)
    return total.hexdigest()


def digest_all(names: Iterable[str], folder: Path, pinned: dict[str, str] | None = None) -> str:
    """Return the sha256 over the lines ``sha256  file`` of these files of a folder, sorted.

    Raises:
        RuntimeError: a file is not the one that is ``pinned``, or that the hub's cache, which
            keeps large files under their own digest, took in.

    """
    lines = []
    for name in sorted(names):
        found = digest_file(folder / name)
        expected = (pinned or {}).get(name) or kept_under(folder / name) or found
        if found != expected:
            raise RuntimeError(
                f"weights are of another revision, or damaged: {name} in {folder} has the sha256 "
                f"{found}, expected {expected}; fetch it again, or give the checkpoint that "
                "model.toml names"
            )
        lines.append(f"{found}  {name}\n")
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def kept_under(file: Path) -> str | None:
    """Return the digest that the hub's cache keeps a file under, if it is one."""
    name = file.resolve().name
    return name if file.is_symlink() and re.fullmatch("[0-9a-f]{64}", name) else None
