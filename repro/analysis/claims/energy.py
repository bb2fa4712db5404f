"""Rules about the energy and time of single generations."""

from __future__ import annotations

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
from repro.analysis.lines import fit
from repro.analysis.stats import summarize
from repro.records import Record

if TYPE_CHECKING:
    from collections.abc import Sequence

    from repro.analysis.claims.findings import Findings
    from repro.analysis.lines import Line
    from repro.analysis.load import Row
    from repro.analysis.points import Point


class Repeated(Record):
    """What every rule on repeated measurements is given.

    ``repeats`` is how many a point needs, ``sigmas`` how many standard errors a difference must
    exceed to count.
    """

    repeats: int = Field(ge=1)
    sigmas: float = Field(ge=0)


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
    """The GPU's share of GPU, CPU and RAM energy of each model is above ``share_above``."""

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
    judged = settle(comparisons, given.sigmas)
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
    return settle(comparisons, given.sigmas)


def equal_energy(found: Findings, given: Equality) -> Judgement:
    """Judge whether two models use the same energy at the same number of steps."""
    points = found.generations(_singles((given.first, given.second), given.steps), given.repeats)
    comparisons = []
    for steps in given.steps:
        one, other = (
            energy_of(points[Single(model, steps)]) for model in (given.first, given.second)
        )
        apart = other.minus(one).over(Estimate(one.mean, 0.0))
        text = f"{apart.mean:+.2%} ± {apart.se:.2%} at {steps} steps"
        margin = Estimate(given.within - abs(apart.mean), apart.se)
        comparisons.append(Comparison(text, margin, given.within))
    judged = settle(comparisons, given.sigmas)
    names = f"{found.title(given.second)} against {found.title(given.first)}"
    return Judgement(judged.outcome, f"{names}, equal within {given.within:.1%}: {judged.evidence}")


def gpu_majority(found: Findings, given: Majority) -> Judgement:
    """Judge whether the GPU takes the larger part of what was measured."""
    keys = _singles(given.models, given.steps)
    found.generations(keys, given.repeats)
    rows = [row for key in keys for row in found.rows[key]]
    _refuse_modelled(found, rows)
    comparisons = []
    for key in keys:
        share = Estimate.of(summarize([_share(row) for row in found.rows[key]]))
        text = f"{found.title(key.model)} {share.mean:.1%} at {key.setting}"
        margin = share.minus(Estimate(given.share_above, 0.0))
        comparisons.append(Comparison(text, margin, 1.0))
    judged = settle(comparisons, given.sigmas)
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
        taken = Estimate.of(point.duration_s)
        apart = taken.times(1 / stated).minus(Estimate(1.0, 0.0))
        text = f"{found.title(key.model)} {taken.mean:.3f} s, stated {stated:.2f} s"
        margin = Estimate(given.within - abs(apart.mean), apart.se)
        comparisons.append(Comparison(text, margin, given.within))
    judged = settle(comparisons, given.sigmas)
    return Judgement(judged.outcome, f"within {given.within:.0%}: {judged.evidence}")


def _singles(models: Sequence[str], steps: Sequence[int]) -> list[Single]:
    return [Single(model, count) for model in models for count in steps]


def _departure(found: Findings, point: Point, line: Line, within: float) -> Comparison:
    expected = line.intercept + line.slope * point.executed_steps[0]
    apart = energy_of(point).over(Estimate(expected, 0.0)).minus(Estimate(1.0, 0.0))
    text = f"{found.title(point.series.model)} {apart.mean:+.1%} at {point.steps} steps"
    return Comparison(text, Estimate(within - abs(apart.mean), apart.se), within)


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


def _share(row: Row) -> float:
    gpu_j = row.gpu_energy_j or 0.0
    return gpu_j / (gpu_j + (row.cpu_energy_j or 0.0) + (row.ram_energy_j or 0.0))
