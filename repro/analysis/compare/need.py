"""How much energy and time one side needs for what the other did: the question of two boards."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from repro.analysis import equivalence
from repro.analysis.compare.sides import STUDIES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from repro.analysis.compare.comparison import Comparison, Model, Result
    from repro.analysis.compare.settings import Setting
    from repro.analysis.equivalence import Ratio
    from repro.analysis.points import Point


@dataclass(frozen=True, slots=True)
class Need:
    """Energy and time of the other side over those of the reference, each setting once.

    ``time`` is None where a side has none.
    """

    energy: Ratio
    time: float | None
    quantity: str
    settings: int
    study: str


def need_of(model: Model) -> Need:
    """Return what a model needs, over all its settings of the first study it has."""
    return _need(model.results)


def need_overall(comparison: Comparison) -> Need:
    """Return what all models together need: sums, in which expensive ones weigh most."""
    return _need([result for model in comparison.models for result in model.results])


def _need(results: Sequence[Result]) -> Need:
    study = next(name for name in STUDIES if any(one.study == name for one in results))
    found = [one for result in results if result.study == study and result.whole
             for one in result.settings]  # fmt: skip
    trial = equivalence.trial(
        [one.reference.energy_j for one in found], [one.other.energy_j for one in found],
        margin=equivalence.MARGIN,
    )  # fmt: skip
    return Need(trial.ratio, _time(found), found[0].quantity.upper(), len(found), study)


def _time(found: Sequence[Setting]) -> float | None:
    own = _seconds(one.reference.point for one in found)
    foreign = _seconds(one.other.point for one in found)
    return foreign / own if own and foreign else None


def _seconds(points: Iterable[Point]) -> float | None:
    times = [point.duration_s for point in points]
    return math.fsum(time.mean for time in times if time) if all(times) else None


def need_words(need: Need) -> str:
    """Write what is needed, as it stands after the name of a side."""
    ratio = need.energy
    between = "" if ratio.low is None else f" (95 % {ratio.low:.3g} to {ratio.high:.3g})"
    time = "" if need.time is None else f" and {need.time:.3g} times the time"
    return f"{ratio.value:.3g} times{between} the {need.quantity} energy{time}"


def sentence(comparison: Comparison) -> str:
    """Say in one sentence what the other board needs."""
    need = need_overall(comparison)
    settings = "setting" if need.settings == 1 else f"{need.settings} settings"
    return (
        f"{comparison.other.label} needs {need_words(need)} of {comparison.reference.label}, "
        f"over the {settings} of the study {need.study} that both measured"
    )
