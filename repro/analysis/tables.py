"""The paper's tables as values; ``formats`` writes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from repro.analysis.points import STATUSES, Point
from repro.analysis.series import Series, ordered
from repro.analysis.units import kwh

if TYPE_CHECKING:
    from collections.abc import Sequence

    from repro.analysis.load import DataSet
    from repro.analysis.stats import Summary

Cell = str | int | float | None

_SERIES_COLUMNS = ("checkpoint", "weights", "size", "protocol", "dtype", "conditions")
_COUNT_COLUMNS = (*STATUSES, "warmups")


@dataclass(frozen=True, slots=True)
class Table:
    """Named columns and their rows; ``notes`` say what a reader must know and no cell can.

    ``implied`` columns are for machines alone while they tell no two rows of a model apart.
    """

    name: str
    title: str
    bundle_class: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()
    implied: tuple[str, ...] = ()

    def column(self, name: str) -> tuple[Cell, ...]:
        """Return the cells of one column."""
        place = self.columns.index(name)
        return tuple(row[place] for row in self.rows)


def table1(data: DataSet, points: Sequence[Point], *, steps: int) -> Table:
    """Make Table 1 of the paper: seconds per generation at ``steps`` steps, one at a time.

    What was not measured there stays empty: a time between two measured ones is not a
    measurement.
    """
    found = {
        point.series: point for point in points if point.steps == steps and point.batch_size == 1
    }
    series = ordered(row.series for source in data.sources for row in source.rows)
    kind = data.bundle_class.value
    rows = [_table1_row(one, found.get(one), steps, kind) for one in series]
    missing = [one.title for one in series if one not in found or not found[one].n]
    notes = [f"Seconds per generation of one clip at {steps} steps; sd over n repeats."]
    if missing:
        names = ", ".join(dict.fromkeys(missing))
        notes.append(f"Not measured at {steps} steps, and so left empty: {names}.")
    return Table(
        name="table1",
        title="Models and their inference speed",
        bundle_class=kind,
        columns=(
            "model", "checkpoint", "parameters", "inference_speed_s", "sd_s", "n", "hardware",
            "weights", "class", "at_steps", "low_95_s", "high_95_s", "parameters_total", "size",
            "protocol", "dtype", "conditions", *_COUNT_COLUMNS,
        ),
        rows=tuple(rows),
        notes=tuple(notes),
    )  # fmt: skip


def _table1_row(series: Series, point: Point | None, steps: int, kind: str) -> tuple[Cell, ...]:
    speed = point.duration_s if point else None
    return (
        series.title, series.checkpoint, series.parameters,
        *_mean_sd(speed), speed.n if speed else 0,
        series.hardware, series.weights, kind, steps, *_interval(speed),
        series.parameters_total, series.size, series.protocol, series.dtype,
        "; ".join(series.conditions), *_counts(point),
    )  # fmt: skip


def steps_table(data: DataSet, points: Sequence[Point]) -> Table:
    """Make the table of energy against steps: one generation, kWh and seconds."""
    kind = data.bundle_class.value
    mixed = [point for point in points if len(point.executed_steps) > 1]
    notes = ["Energy and time of one generation; mean and sd over n repeats."]
    notes += [
        f"{point.series.title} at {point.steps} steps executed different numbers of steps, and "
        f"so none is given: {', '.join(map(str, point.executed_steps))}."
        for point in mixed
    ]
    return Table(
        name="steps",
        title="Energy against inference steps",
        bundle_class=kind,
        columns=(
            "model", "steps", "executed_steps", "n", "gpu_energy_kwh_mean", "gpu_energy_kwh_sd",
            "cpu_energy_kwh_mean", "duration_s_mean", "hardware", "class", "batch_size",
            *_DETAIL_COLUMNS,
        ),
        rows=tuple(
            (
                point.series.title, point.steps, _only(point.executed_steps), point.n,
                *_kwh_mean_sd(point.gpu_energy_j), _kwh_mean_sd(point.cpu_energy_j)[0],
                _mean_sd(point.duration_s)[0], point.series.hardware, kind, point.batch_size,
                *_details(point),
            )
            for point in points
        ),
        notes=tuple(notes),
        implied=("batch_size", "checkpoint", "weights"),
    )  # fmt: skip


def batch_table(data: DataSet, points: Sequence[Point]) -> Table:
    """Make the table of energy against batch size: all samples of a repeat, kWh and seconds."""
    kind = data.bundle_class.value
    note = (
        "Energy of all samples together; mean and sd over n complete repeats. "
        "A repeat with a call that did not end well is incomplete and does not count."
    )
    return Table(
        name="batch",
        title="Energy against batch size",
        bundle_class=kind,
        columns=(
            "model", "batch_size", "n", "gpu_energy_kwh_mean", "gpu_energy_kwh_sd",
            "cpu_energy_kwh_mean", "hardware", "class", "samples", "steps", "incomplete",
            "duration_s_mean", *_DETAIL_COLUMNS,
        ),
        rows=tuple(
            (
                point.series.title, point.batch_size, point.n,
                *_kwh_mean_sd(point.gpu_energy_j), _kwh_mean_sd(point.cpu_energy_j)[0],
                point.series.hardware, kind, point.samples, point.steps, point.incomplete,
                _mean_sd(point.duration_s)[0], *_details(point),
            )
            for point in points
        ),
        notes=(note,),
        implied=("steps", "checkpoint", "weights"),
    )  # fmt: skip


_DETAIL_COLUMNS = (
    "gpu_energy_kwh_low_95", "gpu_energy_kwh_high_95", "cpu_energy_kwh_sd",
    "cpu_energy_kwh_low_95", "cpu_energy_kwh_high_95", "cpu_source", "duration_s_sd",
    *_SERIES_COLUMNS, *_COUNT_COLUMNS,
)  # fmt: skip


def _details(point: Point) -> tuple[Cell, ...]:
    series = point.series
    return (
        *map(kwh, _interval(point.gpu_energy_j)),
        _kwh_mean_sd(point.cpu_energy_j)[1],
        *map(kwh, _interval(point.cpu_energy_j)),
        " and ".join(point.cpu_sources) or None,
        _mean_sd(point.duration_s)[1],
        series.checkpoint, series.weights, series.size, series.protocol, series.dtype,
        "; ".join(series.conditions), *_counts(point),
    )  # fmt: skip


def _counts(point: Point | None) -> tuple[int, ...]:
    if point is None:
        return (0,) * len(_COUNT_COLUMNS)
    return (*(point.statuses[status] for status in STATUSES), point.warmups)


def _mean_sd(summary: Summary | None) -> tuple[float | None, float | None]:
    return (summary.mean, summary.sd) if summary else (None, None)


def _kwh_mean_sd(summary: Summary | None) -> tuple[float | None, float | None]:
    mean, sd = _mean_sd(summary)
    return kwh(mean), kwh(sd)


def _interval(summary: Summary | None) -> tuple[float | None, float | None]:
    return (summary.low, summary.high) if summary else (None, None)


def _only(values: tuple[int, ...]) -> int | None:
    return values[0] if len(values) == 1 else None
