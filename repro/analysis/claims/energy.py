"""Rules about the energy and time of single generations."""

from __future__ import annotations

import math
from collections import defaultdict
from itertools import product
from typing import TYPE_CHECKING

from pydantic import Field

from repro.analysis.claims.findings import Single, energy_of
from repro.analysis.claims.judgement import (
    Comparison,
    Estimate,
    Judgement,
    Outcome,
    UndecidedError,
    settle,
)
from repro.analysis.equivalence import FEWEST
from repro.analysis.lines import fit
from repro.analysis.stats import summarize
from repro.records import Record

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from repro.analysis.claims.findings import Findings
    from repro.analysis.lines import Line
    from repro.analysis.points import Point
    from repro.analysis.reading.dataset import Row
    from repro.analysis.reading.series import Series
    from repro.analysis.stats import Summary


class Repeated(Record):
    """What every rule on repeated measurements is given.

    ``repeats`` is how many a point needs, ``alpha`` the chance, over all comparisons of a claim,
    that one counts for it wrongly, and that one counts against it wrongly.
    """

    repeats: int = Field(ge=FEWEST)
    alpha: float = Field(gt=0, lt=0.5)


class Linearity(Repeated):
    """A line through the mean energies at the executed steps of each model.

    ``r2_above`` is its least coefficient of determination, ``within`` the largest departure
    from it, relative to the line.
    """

    models: tuple[str, ...] = Field(min_length=1)
    steps: tuple[int, ...] = Field(min_length=3)
    r2_above: float = Field(gt=0, lt=1)
    within: float = Field(gt=0)


class Order(Repeated):
    """Each model of ``lower`` uses less than each of ``higher``, at each number of steps."""

    lower: tuple[str, ...] = Field(min_length=1)
    higher: tuple[str, ...] = Field(min_length=1)
    steps: tuple[int, ...] = Field(min_length=1)


class Equality(Repeated):
    """Two models use the same, to ``within`` of the first one's energy."""

    first: str
    second: str
    steps: tuple[int, ...] = Field(min_length=1)
    within: float = Field(gt=0)


class Majority(Repeated):
    """The GPU's share of GPU, CPU and RAM energy of each model is above ``share_above``.

    In single generations, and in the sets of clips of the study ``quality`` where there are any.
    """

    models: tuple[str, ...] = Field(min_length=1)
    steps: tuple[int, ...] = Field(min_length=1)
    share_above: float = Field(gt=0, lt=1)


class Durations(Repeated):
    """One generation takes each model as many seconds as stated, to ``within`` of that."""

    steps: int = Field(gt=0)
    seconds: dict[str, float] = Field(min_length=1)
    within: float = Field(gt=0)


def linear_in_steps(found: Findings, given: Linearity) -> Judgement:
    """Judge whether energy grows along a straight line."""
    points = found.generations(_singles(given.models, given.steps), given.repeats)
    comparisons: list[Comparison] = []
    r2: dict[str, float] = {}
    for model in given.models:
        own = [points[Single(model, steps)] for steps in given.steps]
        line = fit([_executed(found, model, point) for point in own],
                   [energy_of(point).mean for point in own])  # fmt: skip
        r2[model] = line.r2 or 0.0
        comparisons += [_departure(found, point, line, given.within) for point in own]
    loosest = min(r2, key=lambda model: r2[model])
    judged = settle(comparisons, given.alpha)
    outcome = judged.outcome if r2[loosest] > given.r2_above else Outcome.FAILS
    return Judgement(
        outcome,
        f"least R² {r2[loosest]:.4f} ({found.title(loosest)}), at the executed steps; from the "
        f"line, {given.within:.0%} allowed: {judged.evidence}",
    )


def uses_less(found: Findings, given: Order) -> Judgement:
    """Judge whether some models use less energy than others at the same number of steps."""
    models = (*given.lower, *given.higher)
    points = found.generations(_singles(models, given.steps), given.repeats)
    comparisons = []
    for steps, low, high in product(given.steps, given.lower, given.higher):
        less, more = (energy_of(points[Single(model, steps)]) for model in (low, high))
        text = (
            f"{found.title(low)} {less.mean:,.1f} J, {found.title(high)} {more.mean:,.1f} J "
            f"at {steps} steps"
        )
        comparisons.append(Comparison(text, more.minus(less), more.mean))
    return settle(comparisons, given.alpha)


def equal_energy(found: Findings, given: Equality) -> Judgement:
    """Judge whether two models use the same energy at the same number of steps."""
    points = found.generations(_singles((given.first, given.second), given.steps), given.repeats)
    comparisons = []
    for steps in given.steps:
        one, other = (
            energy_of(points[Single(model, steps)]) for model in (given.first, given.second)
        )
        apart = other.minus(one).over(one)
        text = f"{apart.mean:+.2%} ± {apart.se:.2%} at {steps} steps"
        comparisons.append(Comparison.within(text, apart, given.within))
    judged = settle(comparisons, given.alpha)
    names = f"{found.title(given.second)} against {found.title(given.first)}"
    return Judgement(judged.outcome, f"{names}, equal within {given.within:.1%}: {judged.evidence}")


def gpu_majority(found: Findings, given: Majority) -> Judgement:
    """Judge whether the GPU takes the larger part of what was measured."""
    keys = _singles(given.models, given.steps)
    found.generations(keys, given.repeats)
    rows = [row for key in keys for row in (*found.rows[key], *found.clips.get(key, ()))]
    _refuse_modelled(found, rows)
    above = Estimate(given.share_above)
    comparisons = [
        Comparison(f"{found.title(key.model)} {share.mean:.1%} at {where}", share.minus(above), 1.0)
        for key in keys
        for where, share in _shares(found, key)
    ]
    judged = settle(comparisons, given.alpha)
    others = "CPU" if any(row.ram_energy_j is None for row in rows) else "CPU and RAM"
    return Judgement(judged.outcome, f"GPU beside {others}: {judged.evidence}")


def stated_durations(found: Findings, given: Durations) -> Judgement:
    """Judge whether generations take as long as was stated."""
    points = found.generations(_singles(tuple(given.seconds), (given.steps,)), given.repeats)
    comparisons = []
    for key, point in points.items():
        stated = given.seconds[key.model]
        if point.duration_s is None:  # not with a repeat that counts; for the type's sake
            continue
        taken = Estimate.of(point.duration_s, f"the seconds of {found.title(key.model)}")
        apart = taken.times(1 / stated).minus(Estimate(1.0))
        text = f"{found.title(key.model)} {taken.mean:.3f} s, stated {stated:.2f} s"
        comparisons.append(Comparison.within(text, apart, given.within))
    judged = settle(comparisons, given.alpha)
    return Judgement(judged.outcome, f"within {given.within:.0%}: {judged.evidence}")


def _singles(models: Sequence[str], steps: Sequence[int]) -> list[Single]:
    return [Single(model, count) for model in models for count in steps]


def _departure(found: Findings, point: Point, line: Line, within: float) -> Comparison:
    expected = line.intercept + line.slope * point.executed_steps[0]
    apart = energy_of(point).over(Estimate(expected)).minus(Estimate(1.0))
    text = f"{found.title(point.series.model)} {apart.mean:+.1%} at {point.steps} steps"
    return Comparison.within(text, apart, within)


def _executed(found: Findings, model: str, point: Point) -> int:
    if len(point.executed_steps) != 1:
        listed = found.listed([(model, f"{point.steps} steps", "one number of executed steps")])
        raise UndecidedError(Outcome.INSUFFICIENT, f"missing: {listed}")
    return point.executed_steps[0]


def _refuse_modelled(found: Findings, rows: Sequence[Row]) -> None:
    # A share of what a formula made up says nothing about the machine.
    unknown = dict.fromkeys(
        (row.series.model, f"{row.steps} steps", row.cpu_source or "no source")
        for row in rows
        if row.cpu_energy_j is None or row.cpu_source != "measured"
    )
    if unknown:
        reason = f"CPU energy was not measured: {found.listed(unknown)}"
        raise UndecidedError(Outcome.NOT_COMPARABLE, reason)


def _shares(found: Findings, key: Single) -> Iterable[tuple[str, Estimate]]:
    """Yield the GPU's share in single generations, and in each set of clips at so many steps."""
    single = summarize([_share([row]) for row in found.rows[key]])
    what = f"the shares of {found.title(key.model)} at {key.setting}"
    yield key.setting, Estimate.of(single, what)
    sets: dict[tuple[str, Series], list[Row]] = defaultdict(list)
    for row in found.clips.get(key, ()):
        sets[row.dataset or "", row.series].append(row)
    for (dataset, _), rows in sets.items():
        clips = sum(row.clips for row in rows)
        yield f"{key.setting} over {clips} clips of {dataset}", _share_of_set(rows, clips, single)


def _share_of_set(rows: Sequence[Row], clips: int, single: Summary) -> Estimate:
    # A sum that was taken once has no scatter of its own. Single generations at the same number of
    # steps lend theirs, as for a sum of independent ones; the front does so too.
    lent = Estimate.known(_share(rows), (single.sd or 0.0) / math.sqrt(clips), single.n - 1)
    if len(rows) < FEWEST or any(row.clips > 1 for row in rows):
        return lent
    own = summarize([_share([row]) for row in rows])
    return Estimate.of(own, "the shares of clips") if own.scatters else lent


def _share(rows: Iterable[Row]) -> float:
    parts = [(row.gpu_energy_j or 0.0, row.cpu_energy_j or 0.0, row.ram_energy_j or 0.0)
             for row in rows]  # fmt: skip
    return sum(gpu_j for gpu_j, _, _ in parts) / sum(map(sum, parts))
