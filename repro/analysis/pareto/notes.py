"""What a reader of energy against quality must know and no cell can say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from repro.analysis.pareto.dominance import DRAWS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from repro.analysis.pareto.panels import Panel
    from repro.analysis.quality import QualityPoint


def pareto_notes(panel: Panel) -> tuple[str, ...]:
    """Say what the numbers of a panel are, and which of its points are on no front and why."""
    notes = ["Energy of all clips of a set; n complete sets.", chance(panel)]
    sticks = (entry.yardstick for entry in panel.entries)
    if any(stick and stick.networks == "random" for stick in sticks):
        notes.append("Scored by networks with random weights: the scores say nothing of quality.")
    short = [entry.point for entry in panel.entries if entry.energy_j is None]
    notes += [
        f"{point.series.title} on {point.dataset} at {point.steps} steps is on no front: "
        f"{_lacking(point, panel.quantity)}."
        for point in short
    ]
    placed = (entry.point for entry in panel.entries if entry.energy_j is not None)
    notes += [
        f"{point.series.title} on {point.dataset} at {point.steps} steps: {point.fewest} of "
        f"{point.clips} clips count, and their mean stands for the others."
        for point in placed
        if point.fewest < point.clips
    ]
    if panel.metric == "fad_inf" and any(entry.interval for entry in panel.entries):
        notes.append("The interval of FAD-inf is as wide as that of plain FAD over the same clips.")
    unscored = [entry for entry in panel.entries if entry.value is None]
    if unscored and panel.metric:
        names = ", ".join(f"{one.point.series.title} at {one.point.steps}" for one in unscored)
        notes.append(f"Without {panel.metric} on {panel.dataset}, and so on no front: {names}.")
    leagues = {entry.league for entry in panel.entries if entry.placed}
    if len(leagues) > 1:
        notes.append(
            f"On {panel.dataset} there are {len(leagues)} fronts: points of different hardware, "
            "weights, size, protocol, clips or ways of scoring do not dominate each other."
        )
    return tuple(notes)


def chance(panel: Panel) -> str:
    """Say what the chance of being on the front is, and what varies in it."""
    sources = sorted({entry.energy_sd_from for entry in panel.entries if entry.energy_sd_from})
    scores = sorted({entry.value_sd_from for entry in panel.entries if entry.value_sd_from})
    if not sources and not scores:
        return "No chance of being on the front is given: nothing is known to vary."
    known = " or ".join(_ENERGY_SDS[name] for name in sources)
    energy = f"varies by the sd of {known}" if known else "is taken as exact"
    return (
        f"p by {_NAMES.get(panel.metric or '', 'score')}: share of {DRAWS:,} draws in which the "
        f"point is on the front. Energy {energy}; the score {_score_varies(panel, scores)}."
    )


_NAMES = {"fad_inf": "FAD-inf", "fad": "FAD", "clap": "CLAP score"}


def _score_varies(panel: Panel, sources: Sequence[str]) -> str:
    if "clips" in sources:
        return (
            "varies by the standard error of its interval over clips, each point for itself, "
            "though all are of the same captions"
        )
    value = max((entry.value_sd or 0.0 for entry in panel.entries), default=0.0)
    if panel.metric == "fad_inf":
        return f"varies by {value:g}, what FAD-inf differs by between runs of the scorer"
    if value:
        return f"varies by {value:g}"
    return "is taken as it stands: the choice of clips is not varied"


_ENERGY_SDS = {
    "repeated sets": "repeated sets",
    "clips": "the clips of a set, as for a sum of independent ones",
    "steps study": "repeats of one generation at the same steps, as for a sum of independent ones",
    "instrument": "the instrument alone",
}


def _lacking(point: QualityPoint, quantity: str) -> str:
    """Say why a point has no energy: its sets are whole where another quantity is the panel's."""
    if point.n:
        return (
            f"its {quantity.upper()} energy was not measured on {point.series.hardware}, and the "
            "front is of that"
        )
    found = _span(point.fewest, point.most)
    return f"expected {point.clips} clips, found {found}, {point.failed} windows failed"


def _span(low: int, high: int) -> str:
    return str(low) if low == high else f"{low} to {high}"
