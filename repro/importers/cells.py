"""Numbers of a published file: plain decimal text, finite, and not below a limit."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from repro.importers.source import Line

_DECIMAL = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")


def number(line: Line, column: str, *, least: float = -math.inf, most: float = math.inf) -> float:
    """Return a cell as a finite number between two limits.

    Raises:
        TtaError: naming file, line and column.

    """
    text = line.cells[column]
    value = float(text) if _DECIMAL.fullmatch(text) else math.nan
    if not math.isfinite(value):
        raise line.wrong(column, "a finite number")
    if not least <= value <= most:
        limit = f"at least {least:g}" if value < least else f"at most {most:g}"
        raise line.wrong(column, limit)
    return value


def positive(line: Line, column: str) -> float:
    """Return a cell as a finite number above 0.

    Raises:
        TtaError: naming file, line and column.

    """
    value = number(line, column, least=0.0)
    if value == 0:
        raise line.wrong(column, "a number above 0")
    return value
