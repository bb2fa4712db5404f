"""Files made in memory, put into a folder as a whole."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from repro.errors import TtaError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def publish(made: Mapping[str, bytes], out: Path, *, owned: Iterable[str], command: str) -> None:
    """Put the files into the folder whole, the last one last: a page never stands half written.

    Args:
        made: name below ``out`` -> content.
        out: the folder; made where it is missing.
        owned: patterns of what an earlier call may have left; what is not made again is taken away.
        command: who asks, for the error.

    Raises:
        UsageError: ``out`` is a file.
        TtaError: it cannot be written to.

    """
    if out.exists() and not out.is_dir():
        raise UsageError(f"--out: expected a folder, found a file at {out}; name another")
    try:
        out.mkdir(parents=True, exist_ok=True)
        # Beside its place and not in /tmp: only inside one file system is a move atomic.
        desk = Path(tempfile.mkdtemp(prefix=f".{command}-", dir=out))
        try:
            _move(_lay_out(made, desk), out, owned)
        finally:
            shutil.rmtree(desk, ignore_errors=True)
    except OSError as error:
        raise TtaError(
            f"{command}: cannot write to {out}: {error.strerror}; free it or name another --out"
        ) from error


def _lay_out(made: Mapping[str, bytes], desk: Path) -> dict[str, Path]:
    laid = {}
    for name, data in made.items():
        path = desk / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
        laid[name] = path
    return laid


def _move(laid: Mapping[str, Path], out: Path, owned: Iterable[str]) -> None:
    for earlier in [path for pattern in owned for path in out.glob(pattern)]:
        if earlier.relative_to(out).as_posix() not in laid:
            earlier.unlink(missing_ok=True)
    for name, path in laid.items():
        (out / name).parent.mkdir(exist_ok=True)
        path.replace(out / name)
