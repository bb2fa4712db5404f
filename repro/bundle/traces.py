"""Samples of every window as two compressed tables under ``data/traces/``, and back.

One canonical text, whole numbers only, compressed with xz: a run of some thousand windows has
a million samples, about a byte and a half each. What is unpacked is bounded, since a bundle may
come from anybody.
"""

from __future__ import annotations

import lzma
from typing import TYPE_CHECKING

from pydantic import ValidationError

from repro.records import Trace

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from repro.records import WindowEntry

POWER = "traces/power.csv.xz"
CONDITIONS = "traces/conditions.csv.xz"
MAX_BYTES = 500_000_000
_CHUNK = 1 << 20

_POWER = ("t_ms", "power_mw")
_CONDITIONS = (
    "condition_t_ms", "temperature_c", "sm_clock_mhz", "memory_clock_mhz", "event_reasons",
)  # fmt: skip
_FILES = {POWER: _POWER, CONDITIONS: _CONDITIONS}

Columns = dict[str, tuple[int | None, ...]]


def write(entries: Iterable[WindowEntry]) -> dict[str, bytes]:
    """Make both files; none where no window has a trace."""
    traced = [(entry.row.window, entry.trace) for entry in entries if entry.trace is not None]
    if not traced:
        return {}
    return {name: lzma.compress(_text(traced, columns)) for name, columns in _FILES.items()}


def read(files: Mapping[str, bytes]) -> dict[int, Trace]:
    """Read the traces back, by window.

    Raises:
        ValueError: one file is there without the other, damaged, too large or not canonical.

    """
    present = [name for name in _FILES if name in files]
    if not present:
        return {}
    if len(present) != len(_FILES):
        raise ValueError(f"{present[0]}: expected beside the other table of the trace")
    tables = {name: _parse(name, files[name]) for name in _FILES}
    strays = tables[CONDITIONS].keys() - tables[POWER].keys()
    if strays:
        raise ValueError(f"{CONDITIONS}: window {min(strays)} has no power samples")
    try:
        return {
            window: Trace.model_validate(power | tables[CONDITIONS].get(window, {}))
            for window, power in tables[POWER].items()
        }
    except ValidationError as error:
        where = error.errors()[0]["loc"]
        raise ValueError(f"{POWER}: {where[0]}: expected a number in every row") from error


def _text(traced: list[tuple[int, Trace]], columns: tuple[str, ...]) -> bytes:
    lines = [_header(columns)]
    for window, trace in traced:
        rows = zip(*(getattr(trace, name) for name in columns), strict=True)
        lines += [",".join((str(window), *map(_cell, row))) for row in rows]
    return "".join(f"{line}\n" for line in lines).encode()


def _header(columns: tuple[str, ...]) -> str:
    return ",".join(("window", *(name.removeprefix("condition_") for name in columns)))


def _parse(name: str, data: bytes) -> dict[int, Columns]:
    columns, text = _FILES[name], _unpack(name, data)
    try:
        header, *lines = text.decode("ascii").removesuffix("\n").split("\n")
        windows: dict[int, list[tuple[int | None, ...]]] = {}
        for line in lines:
            window, *cells = line.split(",")
            values = tuple(int(cell) if cell else None for cell in cells)
            windows.setdefault(int(window), []).append(values)
        parsed = {
            window: dict(zip(columns, zip(*rows, strict=True), strict=True))
            for window, rows in windows.items()
        }
        traced = [(window, _trace(found)) for window, found in parsed.items()]
    except ValueError as error:
        raise ValueError(f"{name}: {str(error).splitlines()[0]}") from error
    if header != _header(columns) or _text(traced, columns) != text:
        raise ValueError(f"{name}: not in its canonical form")
    return parsed


def _trace(columns: Columns) -> Trace:
    return Trace.model_construct(**columns)  # type: ignore[arg-type]  # validated once it is whole


def _unpack(name: str, data: bytes) -> bytes:
    unpacker, pieces, size = lzma.LZMADecompressor(lzma.FORMAT_XZ), [], 0
    try:
        piece = unpacker.decompress(data, _CHUNK)
        while piece or not (unpacker.eof or unpacker.needs_input):
            pieces.append(piece)
            size += len(piece)
            if size > MAX_BYTES:
                raise ValueError(f"{name}: expected at most {MAX_BYTES} bytes of samples")
            piece = b"" if unpacker.eof else unpacker.decompress(b"", _CHUNK)
    except lzma.LZMAError as error:
        raise ValueError(f"{name}: damaged: {error}") from error
    if not unpacker.eof or unpacker.unused_data:
        raise ValueError(f"{name}: cut short or added to")
    return b"".join(pieces)


def _cell(value: int | None) -> str:
    return "" if value is None else str(value)
