"""What a clip costs along a front: from the cheapest point to the best, each over the one before.

Only where scores say something: of models with random weights, or by networks with random ones,
there is no front, and what a clip costs is told without one.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from repro.analysis.pareto.dominance import DIRECTION
from repro.analysis.pareto.panels import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from repro.analysis.pareto.panels import Entry, Panel

#: The share of all that a front improves by that is named as most of it.
MOST = 0.9


@dataclass(frozen=True, slots=True)
class Rung:
    """One point of a front: joules and seconds of one clip, and its scores.

    ``other`` is the score of the same set by the other metric, if there is one. ``ratio`` is the
    energy over that of the next cheaper point, ``gain`` by how much the score is better than
    there; of the cheapest both are None.
    """

    entry: Entry
    energy_j: float
    duration_s: float | None
    value: float
    other: float | None
    ratio: float | None = None
    gain: float | None = None


@dataclass(frozen=True, slots=True)
class Front:
    """The points of one league that nothing dominates, in the order of their energy."""

    panel: Panel
    metric: str
    rungs: tuple[Rung, ...]

    @property
    def enough(self) -> Rung:
        """The cheapest point that has most of what the front improves by."""
        first, last = self.rungs[0], self.rungs[-1]
        wanted = MOST * _better(first.value, last.value, self.metric)
        return next(
            rung for rung in self.rungs if _better(first.value, rung.value, self.metric) >= wanted
        )


def fronts(panels: Sequence[Panel]) -> tuple[Front, ...]:
    """Return the fronts of all panels, one for each league."""
    return tuple(
        Front(panel, panel.metric, _rungs(entries, panel.metric, _others(panel, panels)))
        for panel in panels
        if panel.metric is not None
        for entries in _leagues(panel)
    )


def _leagues(panel: Panel) -> Iterable[Sequence[Entry]]:
    leagues: dict[tuple[object, ...], list[Entry]] = defaultdict(list)
    for entry in panel.front:
        if _says_something(entry):
            leagues[entry.league].append(entry)
    return leagues.values()


def _says_something(entry: Entry) -> bool:
    random = entry.yardstick is not None and entry.yardstick.networks == "random"
    return entry.point.series.weights != "random" and not random


_Values = dict[tuple[object, ...], list[float]]


def _others(panel: Panel, panels: Iterable[Panel]) -> _Values:
    """Return the scores by the other metric of each point of a data set."""
    found: _Values = defaultdict(list)
    for other in panels:
        if other.dataset == panel.dataset and other.kind != panel.kind:
            for entry in other.entries:
                if entry.value is not None:
                    found[_place(entry)].append(entry.value)
    return found


def _place(entry: Entry) -> tuple[object, ...]:
    return (entry.point.series, entry.point.steps)


def _rungs(
    entries: Iterable[Entry], metric: str, others: Mapping[tuple[object, ...], list[float]]
) -> tuple[Rung, ...]:
    bare = sorted(
        (_rung(entry, others.get(_place(entry), [])) for entry in entries),
        key=lambda rung: (rung.energy_j, rung.entry.point.series.sort_key),
    )
    return (*bare[:1], *(_after(one, before, metric) for before, one in pairwise(bare)))


def _rung(entry: Entry, others: Sequence[float]) -> Rung:
    point = entry.point
    duration = point.duration_s
    return Rung(
        entry=entry,
        energy_j=(entry.energy_j or 0.0) / point.clips,
        duration_s=duration.mean / point.clips if duration else None,
        value=entry.value or 0.0,
        # Of several ways of scoring none is the other one.
        other=others[0] if len(others) == 1 else None,
    )


def _after(one: Rung, before: Rung, metric: str) -> Rung:
    return Rung(
        one.entry, one.energy_j, one.duration_s, one.value, one.other,
        ratio=one.energy_j / before.energy_j,
        gain=_better(before.value, one.value, metric),
    )  # fmt: skip


def _better(than: float, value: float, metric: str) -> float:
    """Return by how much a value is better, in the metric's own unit."""
    return DIRECTION[metric] * (than - value)


def other_kind(kind: str) -> str:
    """Return the kind of score that a panel of this kind is not of."""
    return next(one for one in KINDS if one != kind)
