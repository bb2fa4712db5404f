"""Table 1 of the paper: how long a generation takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from repro.analysis.tables.cells import count_cells, interval, mean_sd
from repro.analysis.tables.columns import (
    CHECKPOINT,
    CLASS,
    HARDWARE,
    MODEL,
    OF_COUNTS,
    PROTOCOL,
    WEIGHTS,
    Column,
    N,
    machine,
)
from repro.analysis.tables.table import Table, titles_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from repro.analysis.points import Point
    from repro.analysis.reading.dataset import DataSet
    from repro.analysis.reading.series import Series
    from repro.analysis.tables.table import Cell


def table1(data: DataSet, points: Sequence[Point], *, steps: int) -> Table:
    """Make Table 1 of the paper: seconds per generation at ``steps`` steps, one at a time.

    What was not measured there stays empty: a time between two measured ones is not a
    measurement.
    """
    found = {
        point.series: point for point in points if point.steps == steps and point.batch_size == 1
    }
    series = _speed_series(data.series, points)
    kind = data.bundle_class.value
    rows = [_row(one, found.get(one), steps, kind) for one in series]
    missing = [one.title for one in series if one not in found or not found[one].n]
    notes = [f"Seconds per generation of one clip at {steps} steps; sd over n repeats."]
    if missing:
        names = ", ".join(dict.fromkeys(missing))
        notes.append(f"Not measured at {steps} steps, and so left empty: {names}.")
    return Table(
        name="table1",
        title="Models and their inference speed",
        bundle_class=kind,
        titles=titles_of(data.series),
        columns=_COLUMNS,
        rows=tuple(rows),
        notes=tuple(notes),
    )


_COLUMNS = (
    MODEL, CHECKPOINT, Column("parameters", "Parameters"),
    Column("inference_speed_s", "Inference speed (s)"), Column("sd_s", "sd (s)"), N, HARDWARE,
    WEIGHTS, CLASS, *machine("at_steps", "low_95_s", "high_95_s", "parameters_total", "size"),
    PROTOCOL, *machine("dtype", "conditions"), *OF_COUNTS,
)  # fmt: skip


def _speed_series(series: Sequence[Series], points: Sequence[Point]) -> list[Series]:
    """Leave out what has no time only because another study used another checkpoint."""
    timed = {point.series for point in points}
    known = {(one.model, one.hardware) for one in timed}
    return [one for one in series if one in timed or (one.model, one.hardware) not in known]


def _row(series: Series, point: Point | None, steps: int, kind: str) -> tuple[Cell, ...]:
    speed = point.duration_s if point else None
    return (
        series.model, series.checkpoint, series.parameters,
        *mean_sd(speed), speed.n if speed else 0,
        series.hardware, series.weights, kind, steps, *interval(speed),
        series.parameters_total, series.size, series.protocol, series.dtype,
        "; ".join(series.conditions), *count_cells(point),
    )  # fmt: skip
