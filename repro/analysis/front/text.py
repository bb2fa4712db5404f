"""What a clip costs in one or two sentences, made from a front or from the costs alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from repro.analysis.front.rungs import MOST
from repro.analysis.front.table import SCORES
from repro.analysis.tables.cells import wh
from repro.analysis.text import distinct, listed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from repro.analysis.front.costs import Cost
    from repro.analysis.front.rungs import Front, Rung
    from repro.analysis.reading.series import Series


def front_sentences(front: Front) -> str:
    """Say what the cheapest and the best point cost, and where most of the way is done."""
    first, last = front.rungs[0], front.rungs[-1]
    clip = f"On {first.entry.point.series.hardware}, a clip for {front.panel.place} costs"
    if first is last:
        return f"{clip} {_rung(first, front)}: nothing measured there is better or cheaper."
    return (
        f"{clip} from {_rung(first, front)} to {_rung(last, front)}: "
        f"{last.energy_j / first.energy_j:.3g} times the energy. {_most(front)}"
    )


def _most(front: Front) -> str:
    enough, last = front.enough, front.rungs[-1]
    if enough is last:
        return f"Nothing cheaper has {MOST:.0%} of that gain."
    return (
        f"{MOST:.0%} of that gain is had for {_rung(enough, front)}; the rest costs "
        f"{last.energy_j / enough.energy_j:.3g} times as much."
    )


def _rung(rung: Rung, front: Front) -> str:
    point = rung.entry.point
    score = f"{SCORES[front.panel.kind]} {rung.value:.3g}"
    return _cost(point.series, point.steps, rung.energy_j, rung.duration_s, score)


def cost_sentences(found: Sequence[Cost]) -> str:
    """Say what the cheapest and the dearest clip cost, and that no score says what they are."""
    low, high = (pick(found, key=lambda one: one.energy_j) for pick in (min, max))
    ends = [_cost(one.series, one.steps, one.energy_j, one.duration_s) for one in (low, high)]
    span = f"from {ends[0]} to {ends[1]}" if ends[0] != ends[1] else ends[0]
    hardware = listed(distinct(one.series.hardware for one in found))
    return (
        f"On {hardware}, a clip costs {span}. Which is good enough cannot be said "
        "from these bundles: none holds scores of models with published weights beside their "
        "energy."
    )


def _cost(series: Series, steps: int, energy_j: float, duration_s: float | None, *more: str) -> str:
    time = "" if duration_s is None else f" and {duration_s:.3g} s"
    which = ", ".join([f"{series.title} at {steps} steps", *more])
    return f"{wh(energy_j):.3g} Wh{time} ({which})"
