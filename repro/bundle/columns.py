"""Records as CSV text and back: an empty cell is None, booleans are true and false.

One canonical text for the same rows, so that reading can insist on it.
"""

from __future__ import annotations

import csv
import io
import re
from functools import lru_cache
from typing import TYPE_CHECKING, TypeVar

from repro.records import Reading, Record

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

R = TypeVar("R", bound=Record)

_SPECIAL = re.compile(r'[,"\r\n]')


class Read(Reading):
    """One row of ``traces/reads.csv``: a reading and the window it belongs to."""

    window: int


def write(record: type[R], rows: Iterable[R], *, header: Sequence[str] | None = None) -> bytes:
    """Write rows below the fields of their record, or below those that ``header`` names."""
    names = list(header or names_of(record))
    lines = [",".join(names)]
    for row in rows:
        values = row.model_dump(mode="json", by_alias=True)
        lines.append(",".join(_cell(values[name]) for name in names))
    return "".join(f"{line}\n" for line in lines).encode()


@lru_cache(maxsize=4)  # a bundle is examined and then loaded: the rows are the same
def read(record: type[R], data: bytes) -> tuple[R, ...]:
    """Read rows back; optional columns may be missing, since records gain some over time.

    Raises:
        ValueError: unknown, repeated or missing columns, a cell of the wrong type, or a text
            that ``write`` would not have made.

    """
    header, *lines = _lines(data)
    unknown = set(header) - set(names_of(record))
    if unknown or len(set(header)) != len(header):
        raise ValueError(f"columns unknown or repeated: {', '.join(sorted(unknown)) or 'repeated'}")
    rows = tuple(_row(record, header, cells) for cells in lines)
    if write(record, rows, header=header) != data:
        raise ValueError("cells are not in their canonical form")
    return rows


def names_of(record: type[Record]) -> list[str]:
    """Return the columns of a record: its fields, or what they are called outside Python."""
    fields = record.model_fields.items()
    return [field.serialization_alias or name for name, field in fields]


def _lines(data: bytes) -> list[list[str]]:
    try:
        lines = list(csv.reader(io.StringIO(data.decode(), newline=""), strict=True))
    except csv.Error as error:
        raise ValueError(str(error)) from error
    return lines or [[]]


def _row(record: type[R], header: list[str], cells: list[str]) -> R:
    named = zip(header, cells, strict=True)
    return record.model_validate_strings({name: cell for name, cell in named if cell})


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return _quoted(value) if isinstance(value, str) else repr(value)


def _quoted(text: str) -> str:
    """Quote as RFC 4180 asks; what ``csv`` quotes depends on the release of Python."""
    if _SPECIAL.search(text) is None:
        return text
    return '"{}"'.format(text.replace('"', '""'))
