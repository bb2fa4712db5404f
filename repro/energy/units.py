"""The one place where joules become kilowatt-hours, and these joules."""

from __future__ import annotations

from typing import overload

JOULES_PER_KWH = 3.6e6


@overload
def kwh(energy_j: float) -> float: ...
@overload
def kwh(energy_j: None) -> None: ...
@overload
def kwh(energy_j: float | None) -> float | None: ...


def kwh(energy_j: float | None) -> float | None:
    """Convert joules to kilowatt-hours; what is not known stays so."""
    return None if energy_j is None else energy_j / JOULES_PER_KWH
