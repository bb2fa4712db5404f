"""Energy against inference steps and against batch size, a row for each point of figure 1."""

from __future__ import annotations

from typing import TYPE_CHECKING

from repro.analysis.tables.cells import (
    count_cells,
    interval,
    kwh_mean_sd,
    mean_sd,
    only,
    series_cells,
)
from repro.analysis.tables.columns import (
    BATCH_SIZE,
    CLASS,
    DURATION,
    EXECUTED,
    HARDWARE,
    INCOMPLETE,
    MODEL,
    OF_COUNTS,
    OF_SERIES,
    SAMPLES,
    STEPS,
    N,
    energy_kwh,
    machine,
)
from repro.analysis.tables.table import Table, titles_of
from repro.energy.units import kwh

if TYPE_CHECKING:
    from collections.abc import Sequence

    from repro.analysis.points import Point
    from repro.analysis.reading.dataset import DataSet
    from repro.analysis.tables.table import Cell

_ENERGIES = (
    energy_kwh("gpu_energy_kwh_mean", "GPU energy (kWh)"),
    energy_kwh("gpu_energy_kwh_sd", "sd (kWh)"),
    energy_kwh("cpu_energy_kwh_mean", "CPU energy (kWh)"),
)
_DETAILS = (
    *machine("gpu_energy_kwh_low_95", "gpu_energy_kwh_high_95", "cpu_energy_kwh_sd",
             "cpu_energy_kwh_low_95", "cpu_energy_kwh_high_95", "cpu_source", "duration_s_sd"),
    *OF_SERIES, *OF_COUNTS,
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
        titles=titles_of(data.series),
        columns=(
            MODEL, STEPS, EXECUTED, N, *_ENERGIES, DURATION, HARDWARE, CLASS, BATCH_SIZE, *_DETAILS,
        ),
        rows=tuple(
            (
                point.series.model, point.steps, only(point.executed_steps), point.n,
                *kwh_mean_sd(point.gpu_energy_j), kwh_mean_sd(point.cpu_energy_j)[0],
                mean_sd(point.duration_s)[0], point.series.hardware, kind, point.batch_size,
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
        titles=titles_of(data.series),
        columns=(
            MODEL, BATCH_SIZE, N, *_ENERGIES, HARDWARE, CLASS, SAMPLES, STEPS, INCOMPLETE, DURATION,
            *_DETAILS,
        ),
        rows=tuple(
            (
                point.series.model, point.batch_size, point.n,
                *kwh_mean_sd(point.gpu_energy_j), kwh_mean_sd(point.cpu_energy_j)[0],
                point.series.hardware, kind, point.samples, point.steps, point.incomplete,
                mean_sd(point.duration_s)[0], *_details(point),
            )
            for point in points
        ),
        notes=(note,),
        implied=("steps", "checkpoint", "weights"),
    )  # fmt: skip


def _details(point: Point) -> tuple[Cell, ...]:
    series = point.series
    return (
        *map(kwh, interval(point.gpu_energy_j)),
        kwh_mean_sd(point.cpu_energy_j)[1],
        *map(kwh, interval(point.cpu_energy_j)),
        " and ".join(point.cpu_sources) or None,
        mean_sd(point.duration_s)[1],
        *series_cells(series), *count_cells(point),
    )  # fmt: skip
