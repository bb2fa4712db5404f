"""The step lines: joules for each denoiser call, and joules besides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from repro.analysis.tables.cells import series_cells
from repro.analysis.tables.columns import (
    CLASS,
    HARDWARE,
    MODEL,
    OF_SERIES,
    QUANTITY,
    Column,
    N,
    machine,
)
from repro.analysis.tables.table import Table, titles_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from repro.analysis.lines import StepLine
    from repro.analysis.reading.dataset import DataSet
    from repro.analysis.tables.table import Cell


def lines_table(data: DataSet, lines: Sequence[StepLine]) -> Table:
    """Make the table of the step lines: joules for each denoiser call, and joules besides."""
    kind = data.bundle_class.value
    note = (
        "Ordinary least squares through every repeat, at the steps it executed; se is the "
        "standard error. The fixed part is what no denoiser call explains: text encoder, "
        "decoder, and what the first generation of a process costs more."
    )
    return Table(
        name="lines",
        title="Energy of a denoiser call, and fixed energy",
        bundle_class=kind,
        titles=titles_of(data.series),
        columns=_COLUMNS,
        rows=tuple(_row(one, kind) for one in lines),
        notes=(
            note,
            *(f"{one.series.title} has no line: {one.reason}." for one in lines if one.reason),
        ),
        implied=("quantity", "checkpoint", "weights"),
    )


_COLUMNS = (
    MODEL, Column("slope_j_per_step", "Per call (J)"), Column("slope_se", "se (J)"),
    Column("intercept_j", "Fixed (J)"), Column("intercept_se", "se (J)"),
    Column("r2", "R²", places=4), N, HARDWARE, CLASS, QUANTITY,
    *machine("fewest_steps", "most_steps"), *OF_SERIES,
)  # fmt: skip


def _row(one: StepLine, kind: str) -> tuple[Cell, ...]:
    line, series = one.line, one.series
    numbers = (
        (line.slope, line.slope_se, line.intercept, line.intercept_se, line.r2, line.n)
        if line
        else (None, None, None, None, None, 0)
    )
    return (
        series.model, *numbers, series.hardware, kind, f"{one.quantity.upper()} energy",
        one.lowest, one.highest, *series_cells(series),
    )  # fmt: skip
