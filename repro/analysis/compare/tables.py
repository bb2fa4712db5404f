"""Comparisons as tables: every number for machines, in joules and seconds."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from repro.analysis.tables.columns import (
    ANSWER,
    BATCH_SIZE,
    CLASS,
    MODEL,
    QUANTITY,
    RATIO,
    STEPS,
    Column,
    machine,
)
from repro.analysis.tables.table import Cell, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from repro.analysis.compare.comparison import Comparison, Model, Result
    from repro.analysis.compare.settings import Measured
    from repro.analysis.lines import StepLine


def results_table(comparisons: Sequence[Comparison]) -> Table:
    """Make the table of all ratios and answers; a row without steps is a study as a whole."""
    kind = _kind(comparisons)
    return Table(
        name="compare",
        title="Energy, compared",
        bundle_class=kind,
        columns=(
            *machine("reference", "other"), MODEL, Column("study"), STEPS, BATCH_SIZE,
            Column("settings"), QUANTITY, RATIO,
            *machine("low_95", "high_95", "margin", "p_equivalent_holm", "p_different_holm"),
            ANSWER, *machine("reason", "differs", "conditions"),
            *machine(*(f"{name}_{side}" for name in _MEASURED for side in ("reference", "other"))),
            Column("duration_ratio"), CLASS,
        ),
        rows=tuple(
            _row(one, model, result, kind)
            for one in comparisons
            for model in one.models
            for result in model.results
        ),
    )  # fmt: skip


_MEASURED = (
    "n", "energy_j", "energy_sd_j", "duration_s", "j_per_audio_s", "j_per_call", "executed_steps",
)  # fmt: skip


def _row(one: Comparison, model: Model, result: Result, kind: str) -> tuple[Cell, ...]:
    trial, first = result.trial, result.settings[0]
    sides = [_side(result, name) for name in ("reference", "other")]
    times = [side[_MEASURED.index("duration_s")] for side in sides]
    return (
        one.reference.label, one.other.label, model.label, result.study,
        *((None, None) if result.whole else (first.steps, first.batch_size)),
        len(result.settings), f"{first.quantity.upper()} energy",
        trial.ratio.value, trial.ratio.low, trial.ratio.high, one.margin,
        trial.p_equivalent, trial.p_different, result.answer.value, trial.reason,
        "; ".join(result.differs) or None, "; ".join(result.pair.quiet) or None,
        *(cell for both in zip(*sides, strict=True) for cell in both),
        _quotient(times[1], times[0]), kind,
    )  # fmt: skip


def _side(result: Result, name: str) -> tuple[Cell, ...]:
    found: list[Measured] = [getattr(one, name) for one in result.settings]
    energy_j = math.fsum(one.energy_j.mean for one in found)
    times = [one.point.duration_s for one in found]
    duration_s = math.fsum(time.mean for time in times if time) if all(times) else None
    if result.whole:
        # Sums over settings of different audio and calls: what they share is energy and time.
        return (min(one.energy_j.n for one in found), energy_j, None, duration_s, None, None, None)
    only = found[0]
    return (
        only.energy_j.n, energy_j, only.energy_j.sd, duration_s, only.per_audio_s, only.per_call,
        only.point.executed_steps[0] if len(only.point.executed_steps) == 1 else None,
    )  # fmt: skip


def _quotient(over: Cell, under: Cell) -> float | None:
    if isinstance(over, float) and isinstance(under, float) and under:
        return over / under
    return None


def lines_table(comparisons: Sequence[Comparison]) -> Table:
    """Make the table of the lines of energy against denoiser calls, side by side."""
    kind = _kind(comparisons)
    return Table(
        name="compare_lines",
        title="Energy of a denoiser call, and fixed energy",
        bundle_class=kind,
        columns=(
            *machine("reference", "other"), MODEL, QUANTITY,
            *machine(*(f"{name}_{side}" for side in ("reference", "other") for name in _LINE)),
            *machine("slope_ratio", "slope_ratio_low_95", "slope_ratio_high_95", "differs"), CLASS,
        ),
        rows=tuple(_line_row(one, model, kind) for one in comparisons for model in one.models),
    )  # fmt: skip


_LINE = ("slope_j_per_call", "slope_se_j", "fixed_j", "fixed_se_j", "n")


def _line_row(one: Comparison, model: Model, kind: str) -> tuple[Cell, ...]:
    lines = model.lines
    slope = lines.slope
    differs = dict.fromkeys(text for result in model.results for text in result.pair.loud
                            if result.study == "steps")  # fmt: skip
    quantity = lines.reference.quantity.upper() if lines.reference else None
    return (
        one.reference.label, one.other.label, model.label,
        f"{quantity} energy" if quantity else None,
        *_line(lines.reference), *_line(lines.other),
        *((slope.value, slope.low, slope.high) if slope else (None, None, None)),
        "; ".join(differs) or None, kind,
    )  # fmt: skip


def _line(one: StepLine | None) -> tuple[Cell, ...]:
    if one is None or one.line is None:
        return (None, None, None, None, 0)
    line = one.line
    return (line.slope, line.slope_se, line.intercept, line.intercept_se, line.n)


def _kind(comparisons: Sequence[Comparison]) -> str:
    return comparisons[0].reference.data.bundle_class.value
