"""Rules about what is saved by making several samples at once."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from pydantic import Field

from repro.analysis.claims.energy import Repeated
from repro.analysis.claims.findings import Batched, energy_of
from repro.analysis.claims.judgement import Comparison, Estimate, Judgement, settle

if TYPE_CHECKING:
    from collections.abc import Iterable

    from repro.analysis.claims.findings import Findings

    Energies = dict[Batched, Estimate]


class Gains(Repeated):
    """Batch sizes in growing order, at ``steps`` steps; a gain lies between two neighbours."""

    models: tuple[str, ...] = Field(min_length=1)
    batch_sizes: tuple[int, ...] = Field(min_length=3)
    steps: int = Field(gt=0)


class SmallGain(Gains):
    """The last gain is at most ``share_below`` of the first, in joules."""

    share_below: float = Field(gt=0)


class LeastGain(Gains):
    """Each model of ``family`` gains less from all of it than each of ``models``, relatively."""

    family: tuple[str, ...] = Field(min_length=1)


def first_gain_largest(found: Findings, given: Gains) -> Judgement:
    """Judge whether the first step to a larger batch saves the largest share of energy."""
    energies = _energies(found, given, given.models)
    comparisons = []
    for model in given.models:
        first, *later = [
            (low, high, _gain(energies, model, given.steps, low, high))
            for low, high in pairwise(given.batch_sizes)
        ]
        for low, high, gain in later:
            text = (
                f"{found.title(model)} saves {first[2].mean:.1%} from {first[0]} to {first[1]}, "
                f"{gain.mean:.1%} from {low} to {high}"
            )
            comparisons.append(Comparison(text, first[2].minus(gain), 1.0))
    return settle(comparisons, given.alpha)


def last_gain_small(found: Findings, given: SmallGain) -> Judgement:
    """Judge whether the last step to a larger batch saves little, or costs."""
    energies = _energies(found, given, given.models)
    comparisons, said = [], []
    for model in given.models:
        each = [energies[Batched(model, given.steps, size)] for size in given.batch_sizes]
        first, last = each[0].minus(each[1]), each[-2].minus(each[-1])
        margin = first.times(given.share_below).minus(last)
        relative = last.mean / each[-2].mean
        said.append(f"{found.title(model)} {relative:.1%}")
        text = (
            f"{found.title(model)} saves {last.mean:,.0f} J at the end, {first.mean:,.0f} J at "
            "the start"
        )
        comparisons.append(Comparison(text, margin, first.mean))
    judged = settle(comparisons, given.alpha)
    span = f"saved from {given.batch_sizes[-2]} to {given.batch_sizes[-1]}"
    return Judgement(judged.outcome, f"{span}: {', '.join(said)}. {judged.evidence}")


def family_gains_least(found: Findings, given: LeastGain) -> Judgement:
    """Judge whether a family of models saves the smallest share of its energy by batching."""
    models = (*given.family, *given.models)
    energies = _energies(found, given, models)
    low, high = given.batch_sizes[0], given.batch_sizes[-1]
    gains = {model: _gain(energies, model, given.steps, low, high) for model in models}
    comparisons = [
        Comparison(
            f"{found.title(one)} saves {gains[one].mean:.1%}, {found.title(other)} "
            f"{gains[other].mean:.1%}",
            gains[other].minus(gains[one]),
            1.0,
        )
        for one in given.family
        for other in given.models
    ]
    judged = settle(comparisons, given.alpha)
    return Judgement(judged.outcome, f"from {low} to {high}: {judged.evidence}")


def _energies(found: Findings, given: Gains, models: Iterable[str]) -> Energies:
    keys = [Batched(model, given.steps, size) for model in models for size in given.batch_sizes]
    points = found.batch_runs(keys, given.repeats)
    return {key: energy_of(point) for key, point in points.items()}


def _gain(energies: Energies, model: str, steps: int, low: int, high: int) -> Estimate:
    before, after = energies[Batched(model, steps, low)], energies[Batched(model, steps, high)]
    return Estimate(1.0).minus(after.over(before))
