"""Cells that several tables have, in the units of their columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from repro.analysis.points import STATUSES
from repro.analysis.tables.columns import OF_COUNTS
from repro.energy.units import kwh

if TYPE_CHECKING:
    from repro.analysis.points import Point
    from repro.analysis.quality import QualityPoint
    from repro.analysis.reading.series import Series
    from repro.analysis.stats import Summary
    from repro.analysis.tables.table import Cell


def series_cells(series: Series) -> tuple[Cell, ...]:
    """Return what stands under ``columns.OF_SERIES``."""
    return (
        series.checkpoint, series.weights, series.size, series.protocol, series.dtype,
        "; ".join(series.conditions),
    )  # fmt: skip


def count_cells(point: Point | QualityPoint | None) -> tuple[int, ...]:
    """Return what stands under ``columns.OF_COUNTS``."""
    if point is None:
        return (0,) * len(OF_COUNTS)
    return (*(point.statuses[status] for status in STATUSES), point.warmups, point.disturbed)


def mean_sd(summary: Summary | None) -> tuple[float | None, float | None]:
    """Return mean and standard deviation in the unit of the summary."""
    return (summary.mean, summary.sd) if summary else (None, None)


def kwh_mean_sd(summary: Summary | None) -> tuple[float | None, float | None]:
    """Return mean and standard deviation in kilowatt-hours."""
    mean, sd = mean_sd(summary)
    return kwh(mean), kwh(sd)


def wh(energy_j: float | None) -> float | None:
    """Return watt-hours, in which what one clip takes is a number one can read."""
    return None if energy_j is None else 1000 * kwh(energy_j)


def interval(summary: Summary | None) -> tuple[float | None, float | None]:
    """Return the ends of the interval of the mean in the unit of the summary."""
    return (summary.low, summary.high) if summary else (None, None)


def only(values: tuple[int, ...]) -> int | None:
    """Return the one value there is; of several none."""
    return values[0] if len(values) == 1 else None
