"""Tables of the study ``stages``: what each stage costs, and how that agrees with the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from repro.analysis.stages.shares import Estimate
from repro.analysis.tables.cells import series_cells
from repro.analysis.tables.columns import (
    CLASS,
    DURATION,
    EXECUTED,
    HARDWARE,
    MODEL,
    OF_SERIES,
    QUANTITY,
    RATIO,
    STEPS,
    Column,
    N,
)
from repro.analysis.tables.table import Table, titles_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from repro.analysis.reading.dataset import DataSet
    from repro.analysis.stages.shares import Check, Part, Split
    from repro.analysis.tables.table import Cell

_HOW = (
    "Energy of one generation. Of each stage, the calls of its modules in one generation, made "
    "again alone with the same inputs, over and over in a window of their own; other is what is "
    "left of the whole. n windows; u is the standard uncertainty of their mean, by their scatter "
    "or by what the instrument states, whichever is larger. A wrong gain of the sensor is not in "
    "it, and cancels in the shares."
)
_BOTH_WAYS = (
    "The same energy by two ways: by the stages alone, and by what knows nothing of them. The line "
    "is that through the study steps, whose slope also holds what a step does outside the denoiser."
)


def stages_table(data: DataSet, splits: Sequence[Split]) -> Table:
    """Make the table of the stages: joules, share of the whole, seconds."""
    kind = data.bundle_class.value
    notes = [
        f"{split.series.title} at {split.steps} steps has no window that counts of "
        f"{', '.join(split.missing)}: that energy is in other."
        for split in splits
        if split.missing
    ]
    return Table(
        name="stages",
        title="Energy of the stages of a generation",
        bundle_class=kind,
        titles=titles_of(data.series),
        columns=(
            MODEL, Column("stage", "Stage"), STEPS, Column("energy_j", "Energy (J)"),
            Column("energy_u_j", "u (J)"), Column("share_percent", "Share (%)", places=2),
            Column("share_u_percent", "u (%)", places=2), DURATION, N, HARDWARE, CLASS, QUANTITY,
            EXECUTED, Column("cpu_source"), *OF_SERIES,
        ),
        rows=tuple(row for split in splits for row in _rows(split, kind)),
        notes=(_HOW, *notes),
        implied=("steps", "executed_steps", "hardware", "checkpoint", "weights"),
    )  # fmt: skip


def checks_table(data: DataSet, checks: Sequence[Check]) -> Table:
    """Make the table that holds the stages against the whole and against the step line."""
    kind = data.bundle_class.value
    return Table(
        name="stages_check",
        title="The stages against the whole generation and the line through its steps",
        bundle_class=kind,
        titles=titles_of(data.series),
        columns=(
            MODEL, Column("compared", "Compared"), STEPS, Column("alone_j", "Alone (J)"),
            Column("alone_u_j", "u (J)"), Column("against", "Against"),
            Column("against_j", "Energy (J)"), Column("against_u_j", "u (J)"), RATIO,
            Column("ratio_u", "u", places=3), HARDWARE, CLASS, QUANTITY, *OF_SERIES,
        ),
        rows=tuple(_check_row(check, kind) for check in checks),
        notes=(_BOTH_WAYS,),
        implied=("steps", "hardware", "quantity", "checkpoint", "weights"),
    )  # fmt: skip


def _rows(split: Split, kind: str) -> Iterable[tuple[Cell, ...]]:
    for name, part in split.stages.items():
        yield _row(split, name, part.energy_j, part, kind)
    yield _row(split, "other", split.other_j, None, kind)
    yield _row(split, "whole", split.whole.energy_j, split.whole, kind)


def _row(
    split: Split, stage: str, energy_j: Estimate, part: Part | None, kind: str
) -> tuple[Cell, ...]:
    share = energy_j / split.whole.energy_j
    # The whole is all of itself, however well it is known.
    u = None if stage == "whole" else _percent(share.u)
    return (
        split.series.model, stage, split.steps, energy_j.value, energy_j.u,
        _percent(share.value), u, part.duration_s if part else None, part.n if part else None,
        split.series.hardware, kind, f"{split.quantity.upper()} energy", split.executed_steps,
        " and ".join(split.cpu_sources) or None, *series_cells(split.series),
    )  # fmt: skip


def _check_row(check: Check, kind: str) -> tuple[Cell, ...]:
    split, alone, other = check.split, check.alone_j, check.against_j
    ratio = alone / other if other.value > 0 else Estimate(0.0, None)
    return (
        split.series.model, check.what, split.steps, alone.value, alone.u, check.against,
        other.value, other.u, ratio.value or None, ratio.u, split.series.hardware, kind,
        f"{split.quantity.upper()} energy", *series_cells(split.series),
    )  # fmt: skip


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share
