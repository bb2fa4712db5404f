"""The straight line of energy against denoiser calls: a cost of each call, and a fixed one."""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from repro.analysis.points import counts
from repro.analysis.reading.series import ordered

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from repro.analysis.reading.dataset import DataSet, Row
    from repro.analysis.reading.series import Series


@dataclass(frozen=True, slots=True)
class Line:
    """A line through ``n`` points, in the units of its points; ``r2`` is without a unit.

    The standard errors are None where the points leave no freedom, ``r2`` where all are level.
    """

    n: int
    slope: float
    slope_se: float | None
    intercept: float
    intercept_se: float | None
    r2: float | None


@dataclass(frozen=True, slots=True)
class StepLine:
    """The line of one series: joules per denoiser call, and joules that no call explains.

    ``quantity`` is ``gpu`` or ``cpu``. ``line`` is None where ``reason`` says why.
    """

    series: Series
    quantity: str
    line: Line | None
    reason: str | None
    lowest: int | None
    highest: int | None


def fit(xs: Sequence[float], ys: Sequence[float]) -> Line:
    """Fit a line by ordinary least squares, with standard errors.

    Draper and Smith, Applied Regression Analysis, 3rd edition, sections 1.2 to 1.4: slope
    Sxy / Sxx, its error s / sqrt(Sxx), that of the intercept s sqrt(1/n + mean(x)^2 / Sxx),
    where s^2 = RSS / (n - 2).

    Raises:
        ValueError: all points have the same x.

    """
    count, x_mean, y_mean = len(xs), statistics.fmean(xs), statistics.fmean(ys)
    s_xx = math.fsum((x - x_mean) ** 2 for x in xs)
    if not s_xx:
        raise ValueError("line: expected points at two places or more, found one")
    s_xy = math.fsum((x - x_mean) * (y - y_mean) for x, y in zip(xs, ys, strict=True))
    slope = s_xy / s_xx
    intercept = y_mean - slope * x_mean
    rest = math.fsum((y - intercept - slope * x) ** 2 for x, y in zip(xs, ys, strict=True))
    spread = math.fsum((y - y_mean) ** 2 for y in ys)
    noise = math.sqrt(rest / (count - 2)) if count > 2 else None  # noqa: PLR2004 - two are taken by the line
    return Line(
        n=count,
        slope=slope,
        slope_se=None if noise is None else noise / math.sqrt(s_xx),
        intercept=intercept,
        intercept_se=None if noise is None else noise * math.sqrt(1 / count + x_mean**2 / s_xx),
        r2=1 - rest / spread if spread else None,
    )


def step_lines(data: DataSet) -> tuple[StepLine, ...]:
    """Fit each series of the study ``steps``: every repeat a point, at the steps it executed."""
    groups: dict[Series, list[Row]] = defaultdict(list)
    for source in data.sources:
        for row in source.rows:
            if row.study == "steps" and row.batch_size == 1 and counts(row):
                groups[row.series].append(row)
    return tuple(_line(series, groups[series]) for series in ordered(groups))


def _line(series: Series, rows: Sequence[Row]) -> StepLine:
    quantity = "gpu" if all(row.gpu_energy_j is not None for row in rows) else "cpu"
    points = list(_points(rows, f"{quantity}_energy_j"))
    steps = sorted({x for x, _ in points})
    reason = None
    if not points:
        reason = "no window says how many steps it executed"
    elif len(steps) == 1:
        reason = f"all windows executed {steps[0]} steps"
    return StepLine(
        series=series,
        quantity=quantity,
        line=None if reason else fit(*zip(*points, strict=True)),
        reason=reason,
        lowest=steps[0] if steps else None,
        highest=steps[-1] if steps else None,
    )


def _points(rows: Iterable[Row], quantity: str) -> Iterable[tuple[int, float]]:
    for row in rows:
        energy_j = getattr(row, quantity)
        if row.executed_steps and energy_j is not None:
            yield row.executed_steps, energy_j
