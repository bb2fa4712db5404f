"""The figure of the study ``stages``: a bar for each generation, divided into its stages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from repro.analysis.drawing.figures import common_facts, energy_source
from repro.analysis.reading.series import labels, ordered
from repro.analysis.text import distinct

if TYPE_CHECKING:
    from collections.abc import Sequence

    from repro.analysis.reading.dataset import DataSet
    from repro.analysis.stages.shares import Estimate, Split
    from repro.analysis.tables.table import Table

OTHER = "other"


@dataclass(frozen=True, slots=True)
class Segment:
    """A stage in a bar: its width and the standard uncertainty of that, in per cent of the whole.

    ``tip`` is what a reader is told who points at it.
    """

    stage: str
    percent: float
    u_percent: float | None
    tip: str


@dataclass(frozen=True, slots=True)
class Bar:
    """One generation; ``whole`` says what all of it costs."""

    label: str
    segments: tuple[Segment, ...]
    whole: str


@dataclass(frozen=True, slots=True)
class Bars:
    """A figure to be drawn: bars from left to right, one beneath the other.

    ``stages`` are all that occur, each with the same look in every bar.
    """

    name: str
    title: str
    subtitle: str
    x_label: str
    y_label: str
    bundle_class: str
    stages: tuple[str, ...]
    bars: tuple[Bar, ...]
    table: Table
    notes: tuple[str, ...]
    scale: str = "Whiskers: standard uncertainty."


def stages_figure(data: DataSet, splits: Sequence[Split], table: Table) -> tuple[Bars, ...]:
    """Show each split; GPU energy where there is any. Without splits there is no figure."""
    if not splits:
        return ()
    quantity = "gpu" if any(split.quantity == "gpu" for split in splits) else "cpu"
    drawn = [split for split in splits if split.quantity == quantity]
    series = ordered(split.series for split in drawn)
    steps = {split.steps for split in drawn}
    named = labels(series)
    at = [f"{steps.pop()} steps"] if len(steps) == 1 else []
    source = energy_source(
        quantity, series, (source for split in drawn for source in split.cpu_sources)
    )
    figure = Bars(
        name="stages",
        title="Energy of the stages of a generation",
        subtitle=" · ".join([*common_facts(series), *at]),
        x_label=f"Share of the {quantity.upper()} energy of one generation (%{source})",
        y_label="Models",
        bundle_class=data.bundle_class.value,
        stages=(*distinct(name for split in drawn for name in split.stages), OTHER),
        bars=tuple(
            _bar(split, named[split.series] + ("" if at else f", {split.steps} steps"))
            for split in drawn
        ),
        table=table,
        notes=_notes(splits, drawn),
    )
    return (figure,)


def _bar(split: Split, label: str) -> Bar:
    energies = {name: part.energy_j for name, part in split.stages.items()}
    energies[OTHER] = split.other_j
    segments = tuple(_segment(split, label, name, one) for name, one in energies.items())
    return Bar(label, segments, _joules(split.whole.energy_j))


def _segment(split: Split, label: str, stage: str, energy_j: Estimate) -> Segment:
    share = energy_j / split.whole.energy_j
    u_percent = None if share.u is None else 100 * share.u
    said = f"{100 * share.value:.3g}" + ("" if u_percent is None else f" ± {u_percent:.2g}")
    tip = f"{label}, {stage.replace('_', ' ')}: {_joules(energy_j)}, {said} %"
    return Segment(stage, 100 * share.value, u_percent, tip)


def _joules(energy_j: Estimate) -> str:
    u = "" if energy_j.u is None else f" ± {energy_j.u:.2g}"
    return f"{energy_j.value:.4g}{u} J"


def _notes(splits: Sequence[Split], drawn: Sequence[Split]) -> tuple[str, ...]:
    hidden = ordered(split.series for split in splits if split not in drawn)
    notes = [f"Not drawn: {one.title} on {one.hardware}, of another energy." for one in hidden]
    notes += [
        f"The stages of {split.series.title} at {split.steps} steps cost "
        f"{_joules(split.together_j)} alone, more than the {_joules(split.whole.energy_j)} of the "
        "whole: nothing is left for other."
        for split in drawn
        if split.other_j.value < 0
    ]
    return tuple(notes)
