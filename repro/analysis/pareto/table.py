"""Energy against quality as a table, a row for each point of figure 2."""

from __future__ import annotations

from typing import TYPE_CHECKING

from repro.analysis.pareto.notes import pareto_notes
from repro.analysis.tables.cells import count_cells, kwh_mean_sd, only, series_cells
from repro.analysis.tables.columns import (
    CLASS,
    CLIPS,
    DATASET,
    EXECUTED,
    HARDWARE,
    INCOMPLETE,
    METRIC,
    MODEL,
    OF_COUNTS,
    OF_SERIES,
    QUANTITY,
    STEPS,
    Column,
    N,
    energy_kwh,
    machine,
)
from repro.analysis.tables.table import Table, titles_of
from repro.energy.units import kwh

if TYPE_CHECKING:
    from collections.abc import Sequence

    from repro.analysis.pareto.panels import Entry, Panel
    from repro.analysis.reading.dataset import DataSet
    from repro.analysis.tables.table import Cell


def pareto_table(data: DataSet, panels: Sequence[Panel]) -> Table:
    """Make the table of energy against quality: kWh of all clips of a set, and its score."""
    kind = data.bundle_class.value
    return Table(
        name="pareto",
        title="Energy against quality",
        bundle_class=kind,
        titles=titles_of(data.series),
        columns=PARETO_COLUMNS,
        rows=tuple(
            pareto_row(panel, entry, kind) for panel in panels for entry in panel.entries
        ),
        notes=tuple(dict.fromkeys(note for panel in panels for note in pareto_notes(panel))),
        implied=("executed_steps", "quantity", "hardware", "clips", "cpu_energy_kwh", "checkpoint",
                 "weights"),
    )  # fmt: skip


PARETO_COLUMNS = (
    DATASET, METRIC, MODEL, STEPS, energy_kwh("gpu_energy_kwh", "GPU energy (kWh)"),
    Column("value", "Score"), Column("on_front", "On the front"), Column("p_front", "p", places=2),
    N, CLIPS, HARDWARE, CLASS, EXECUTED,
    energy_kwh("cpu_energy_kwh", "CPU energy (kWh)", instead_of="gpu_energy_kwh"), QUANTITY,
    *machine("energy_sd_kwh", "energy_sd_from", "value_sd", "score_clips", "reference", "embedding",
             "engine"),
    INCOMPLETE, *machine("fewest_clips", "most_clips"), *OF_SERIES, *OF_COUNTS,
    Column("value_low_95", "from"), Column("value_high_95", "to (95 %)"),
    *machine("interval_method", "value_sd_from", "networks"),
)  # fmt: skip


def pareto_row(panel: Panel, entry: Entry, kind: str) -> tuple[Cell, ...]:
    """Make the row of one point, under ``PARETO_COLUMNS``."""
    point, series, stick = entry.point, entry.point.series, entry.yardstick
    return (
        panel.dataset, panel.metric, series.model, point.steps,
        kwh_mean_sd(point.gpu_energy_j)[0], entry.value, _truth(entry.on_front), entry.p_front,
        point.n, point.clips, series.hardware, kind, only(point.executed_steps),
        kwh_mean_sd(point.cpu_energy_j)[0], f"{panel.quantity.upper()} energy",
        kwh(entry.energy_sd_j), entry.energy_sd_from, entry.value_sd,
        *((stick.n, stick.reference, stick.embedding, stick.engine) if stick else (None,) * 4),
        point.incomplete, point.fewest, point.most, *series_cells(series), *count_cells(point),
        *(entry.interval[:2] if entry.interval else (None, None)),
        entry.interval.method if entry.interval else None, entry.value_sd_from,
        stick.networks if stick else None,
    )  # fmt: skip


def _truth(value: bool | None) -> str | None:
    return None if value is None else str(value).lower()
