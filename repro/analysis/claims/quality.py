"""Rules about scores, and about energy against quality."""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from itertools import product
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from repro.analysis.claims.findings import Scored
from repro.analysis.claims.judgement import (
    Comparison,
    Estimate,
    Judgement,
    Outcome,
    UndecidedError,
    settle,
)
from repro.analysis.pareto.dominance import DIRECTION
from repro.analysis.pareto.panels import KINDS
from repro.analysis.reading.scores import is_whole
from repro.records import Record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from repro.analysis.claims.findings import Findings
    from repro.analysis.pareto.panels import Entry

Kind = Literal["fad", "clap"]


class Fronts(Record):
    """The fronts of every data set and kind of score, over all models and steps."""

    models: tuple[str, ...] = Field(min_length=1)
    steps: tuple[int, ...] = Field(min_length=1)
    datasets: tuple[str, ...] = Field(min_length=1)
    kinds: tuple[Kind, ...] = Field(min_length=1)


class FrontShare(Fronts):
    """More than ``share_above`` of the points on the fronts lie from ``lowest`` to ``highest``."""

    lowest: int = Field(gt=0)
    highest: int = Field(gt=0)
    share_above: float = Field(ge=0, lt=1)


class FrontCount(Fronts):
    """Exactly ``times`` points on the fronts have one of the ``counted`` numbers of steps."""

    counted: tuple[int, ...] = Field(min_length=1)
    times: int = Field(ge=0)


class FrontMember(Fronts):
    """The model ``member`` is on each of the fronts, with any number of steps."""

    member: str


class Best(Record):
    """``best`` scores better than every other of ``models``, at each number of steps."""

    best: str
    models: tuple[str, ...] = Field(min_length=1)
    steps: tuple[int, ...] = Field(min_length=1)
    dataset: str
    kind: Kind
    alpha: float = Field(gt=0, lt=0.5)


class Agreement(Record):
    """Scores of a choice of clips and of the whole data set correlate over the steps."""

    models: tuple[str, ...] = Field(min_length=1)
    steps: tuple[int, ...] = Field(min_length=3)
    datasets: tuple[str, ...] = Field(min_length=1)
    kinds: tuple[Kind, ...] = Field(min_length=1)
    r_above: float = Field(gt=0, lt=1)


def front_share(found: Findings, given: FrontShare) -> Judgement:
    """Judge whether most points on the fronts lie in a range of steps."""
    front = _front(found, given)
    inside = sum(given.lowest <= key.steps <= given.highest for key in front)
    share = inside / len(front)
    tally = Counter(key.steps for key in front)
    listed = ", ".join(f"{tally[steps]} at {steps}" for steps in sorted(given.steps))
    return Judgement(
        Outcome.HOLDS if share > given.share_above else Outcome.FAILS,
        f"{inside} of {len(front)} points on {_panels(given)} have {given.lowest} to "
        f"{given.highest} steps ({share:.0%}): {listed}",
    )


def front_count(found: Findings, given: FrontCount) -> Judgement:
    """Judge how often some numbers of steps are on the fronts."""
    front = _front(found, given)
    counted = {key: entry for key, entry in front.items() if key.steps in given.counted}
    steps = " or ".join(map(str, given.counted))
    listed = "; ".join(_described(found, key, entry) for key, entry in counted.items())
    return Judgement(
        Outcome.HOLDS if len(counted) == given.times else Outcome.FAILS,
        f"{len(counted)} of {len(front)} points on {_panels(given)} have {steps} steps, stated "
        f"{given.times}" + (f": {listed}" if listed else ""),
    )


def on_front(found: Findings, given: FrontMember) -> Judgement:
    """Judge whether a model has a point on each of the fronts."""
    entries = found.placed(_keys(given))
    own = {key: entry for key, entry in entries.items() if key.model == given.member}
    front = {key: entry for key, entry in own.items() if entry.on_front}
    if len({(key.dataset, key.kind) for key in front}) == len(given.datasets) * len(given.kinds):
        said = "; ".join(_described(found, key, entry) for key, entry in front.items())
        return Judgement(Outcome.HOLDS, said)
    likeliest = max(own, key=lambda key: own[key].p_front or 0.0)
    others = dict.fromkeys(found.title(key.model) for key, one in entries.items() if one.on_front)
    return Judgement(
        Outcome.FAILS,
        f"{found.title(given.member)} has {len(front)} points on {_panels(given)}, likeliest "
        f"{_described(found, likeliest, own[likeliest])}; on it are {', '.join(others)}",
    )


def best_score(found: Findings, given: Best) -> Judgement:
    """Judge whether a model scores best on a data set."""
    keys = [
        Scored(m, steps, given.dataset, given.kind) for m in given.models for steps in given.steps
    ]
    entries = found.placed(keys)
    comparisons = []
    for steps, other in product(given.steps, given.models):
        if other == given.best:
            continue
        own, theirs = (
            entries[Scored(model, steps, given.dataset, given.kind)]
            for model in (given.best, other)
        )
        text = (
            f"{found.title(given.best)} {own.value:.4f}, {found.title(other)} {theirs.value:.4f} "
            f"at {steps} steps"
        )
        margin = _score(theirs).minus(_score(own)).times(_direction(own))
        comparisons.append(Comparison(text, margin, 1.0))
    return settle(comparisons, given.alpha)


def subset_agrees(found: Findings, given: Agreement) -> Judgement:
    """Judge whether a choice of clips ranks the steps as the whole data set does."""
    ranks = {
        (model, dataset, kind): _correlation(found, given, model, dataset, kind)
        for model, dataset, kind in product(given.models, given.datasets, given.kinds)
    }
    low = [name for name, r in ranks.items() if r <= given.r_above]
    shown = low or [min(ranks, key=lambda name: ranks[name])]
    listed = "; ".join(
        f"{found.title(model)} on {dataset} ({kind}) r = {ranks[model, dataset, kind]:.4f}"
        for model, dataset, kind in shown
    )
    count = f"{len(ranks) - len(low)} of {len(ranks)} correlations over {len(given.steps)} steps"
    return Judgement(
        Outcome.FAILS if low else Outcome.HOLDS,
        f"{count} are above {given.r_above:g}; {'not so' if low else 'lowest'}: {listed}",
    )


def _keys(given: Fronts) -> list[Scored]:
    panels = product(given.datasets, given.kinds, given.models, given.steps)
    return [Scored(model, steps, dataset, kind) for dataset, kind, model, steps in panels]


def _front(found: Findings, given: Fronts) -> dict[Scored, Entry]:
    return {key: entry for key, entry in found.placed(_keys(given)).items() if entry.on_front}


def _panels(given: Fronts) -> str:
    count = len(given.datasets) * len(given.kinds)
    return "one front" if count == 1 else f"{count} fronts"


def _described(found: Findings, key: Scored, entry: Entry) -> str:
    chance = "" if entry.p_front is None else f", p {entry.p_front:.2f}"
    return f"{found.title(key.model)} at {key.setting} {entry.value:.4f}{chance}"


def _score(entry: Entry) -> Estimate:
    if entry.value is None or not entry.value_sd:
        lacking = "a score" if entry.value is None else "what a score without interval varies by"
        raise UndecidedError(Outcome.INSUFFICIENT, f"missing: {lacking}")
    return Estimate.known(entry.value, entry.value_sd)


def _direction(entry: Entry) -> int:
    return DIRECTION[entry.yardstick.metric] if entry.yardstick else 1


def _correlation(found: Findings, given: Agreement, model: str, dataset: str, kind: str) -> float:
    part, whole = (_values(found, model, dataset, kind, whole=whole) for whole in (False, True))
    for values, name in ((part, "the choice of clips"), (whole, "the whole data set")):
        lacking = [steps for steps in given.steps if steps not in values]
        if lacking:
            listed = found.listed(
                (model, Scored(model, steps, dataset, kind).setting, f"no score of {name}")
                for steps in lacking
            )
            raise UndecidedError(Outcome.INSUFFICIENT, f"missing: {listed}")
    try:
        return statistics.correlation(
            [part[steps] for steps in given.steps], [whole[steps] for steps in given.steps]
        )
    except statistics.StatisticsError:
        reason = f"the scores of {found.title(model)} on {dataset} ({kind}) do not vary"
        raise UndecidedError(Outcome.INSUFFICIENT, reason) from None


def _values(
    found: Findings, model: str, dataset: str, kind: str, *, whole: bool
) -> Mapping[int, float]:
    """Return the scores by steps, of the first metric of the kind that there is."""
    own = [
        one for one in found.scores
        if (one.model, one.dataset) == (model, dataset) and is_whole(one) is whole
    ]  # fmt: skip
    for metric in KINDS[kind]:
        values: dict[int, set[float]] = defaultdict(set)
        for one in own:
            if one.metric == metric:
                values[one.steps].add(one.value)
        if any(len(each) > 1 for each in values.values()):
            reason = f"must not be mixed: {found.title(model)} on {dataset} ({kind}), scored twice"
            raise UndecidedError(Outcome.NOT_COMPARABLE, reason)
        if values:
            return {steps: each.pop() for steps, each in values.items()}
    return {}
