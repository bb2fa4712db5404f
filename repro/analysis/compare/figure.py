"""What the figure of a comparison shows, as values; ``drawing`` draws it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from repro.analysis.tables.columns import ANSWER, CLASS, MODEL, RATIO, machine
from repro.analysis.tables.table import Table

if TYPE_CHECKING:
    from repro.analysis.compare.comparison import Comparison, Model, Result
    from repro.analysis.equivalence import Answer


@dataclass(frozen=True, slots=True)
class Mark:
    """A ratio in a panel; ``tick`` is what its place on the axis is called."""

    tick: str
    study: str
    whole: bool
    ratio: float
    low: float | None
    high: float | None
    answer: Answer
    tip: str


@dataclass(frozen=True, slots=True)
class Panel:
    """All ratios of one model."""

    title: str
    differs: bool
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Grid:
    """A figure to be drawn: a panel for each model, all on one logarithmic axis of ratios."""

    name: str
    title: str
    subtitle: str
    y_label: str
    bundle_class: str
    margin: float
    panels: tuple[Panel, ...]
    table: Table


def grid(comparison: Comparison, *, name: str) -> Grid:
    """Make the figure of a comparison."""
    kind = comparison.reference.data.bundle_class.value
    quantities = {one.quantity for model in comparison.models for result in model.results
                  for one in result.settings}  # fmt: skip
    energy = " or ".join(quantity.upper() for quantity in sorted(quantities))
    return Grid(
        name=name,
        title="Energy, compared",
        subtitle=f"{comparison.other.label} over {comparison.reference.label}",
        y_label=f"Ratio of {energy} energy",
        bundle_class=kind,
        margin=comparison.margin,
        panels=tuple(_panel(model) for model in comparison.models),
        table=_table(comparison, kind),
    )


def _panel(model: Model) -> Panel:
    differs = any(one.differs for one in model.results)
    return Panel(model.label, differs, tuple(map(_mark, model.results)))


def _mark(result: Result) -> Mark:
    ratio, first = result.trial.ratio, result.settings[0]
    number = first.steps if result.study == "steps" else first.batch_size
    tick = "all" if result.whole else str(number)
    interval = f", 95 % from {ratio.low:.3g} to {ratio.high:.3g}" if ratio.low else ""
    return Mark(
        tick=tick,
        study=result.study,
        whole=result.whole,
        ratio=ratio.value,
        low=ratio.low,
        high=ratio.high,
        answer=result.answer,
        tip=f"{words(result)}: {ratio.value:.3g}{interval}; {result.answer}",
    )


def words(result: Result) -> str:
    """Name what a result is about."""
    first = result.settings[0]
    if result.whole:
        return f"{result.study}, all {len(result.settings)} settings"
    if result.study == "steps" and first.batch_size == 1:
        return f"{first.steps} steps"
    return f"batch size {first.batch_size}, {first.steps} steps"


def _table(comparison: Comparison, kind: str) -> Table:
    return Table(
        name="compare",
        title="Energy, compared: the points drawn",
        bundle_class=kind,
        columns=(MODEL, *machine("study", "at"), RATIO, *machine("low_95", "high_95"), ANSWER,
                 *machine("reference", "other"), CLASS),
        rows=tuple(
            (
                model.label, result.study, words(result), ratio.value, ratio.low, ratio.high,
                result.answer.value, comparison.reference.label, comparison.other.label, kind,
            )
            for model in comparison.models
            for result in model.results
            for ratio in (result.trial.ratio,)
        ),
    )  # fmt: skip
