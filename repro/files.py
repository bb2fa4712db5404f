"""Files that are either whole or not there."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from repro.errors import TtaError

if TYPE_CHECKING:
    from pathlib import Path


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file that is either whole or not there.

    Raises:
        TtaError: it cannot be written.

    """
    temporary = path.with_name(f".{path.name}.new")
    try:
        with temporary.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.rename(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise TtaError(
            f"{path}: cannot be written: {error.strerror}; make room and repeat"
        ) from error
