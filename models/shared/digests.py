"""What is in a file, in 64 digits."""

from __future__ import annotations

import hashlib
from pathlib import Path

CHUNK_BYTES = 1 << 22


def digest_file(file: Path | str) -> str:
    """Return the SHA-256 of a file's content."""
    total = hashlib.sha256()
    with Path(file).open("rb") as stream:
        while chunk := stream.read(CHUNK_BYTES):
            total.update(chunk)
    return total.hexdigest()
