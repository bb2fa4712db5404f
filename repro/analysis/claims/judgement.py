"""What a rule answers, and how comparisons of uncertain numbers become one answer."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from repro.analysis.stats import Summary

_LISTED = 6


class Outcome(StrEnum):
    """What became of a claim."""

    HOLDS = "holds"
    FAILS = "fails"
    INSUFFICIENT = "insufficient"
    NOT_COMPARABLE = "not-comparable"


@dataclass(frozen=True, slots=True)
class Judgement:
    """An outcome and the numbers that it rests on."""

    outcome: Outcome
    evidence: str


class UndecidedError(Exception):
    """A rule cannot answer; ``judgement`` says why."""

    def __init__(self, outcome: Outcome, reason: str) -> None:
        super().__init__(reason)
        self.judgement = Judgement(outcome, reason)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean and its standard error, in one unit."""

    mean: float
    se: float

    @classmethod
    def of(cls, summary: Summary) -> Estimate:
        """Take the mean of a summary and the standard error of that mean."""
        return cls(summary.mean, (summary.sd or 0.0) / math.sqrt(summary.n))

    def minus(self, other: Estimate) -> Estimate:
        """Subtract an independent estimate."""
        return Estimate(self.mean - other.mean, math.hypot(self.se, other.se))

    def over(self, other: Estimate) -> Estimate:
        """Divide by an independent estimate; errors of first order (JCGM 100:2008, 5.1.2)."""
        ratio = self.mean / other.mean
        relative = math.hypot(self.se / other.mean, ratio * other.se / other.mean)
        return Estimate(ratio, relative)

    def times(self, factor: float) -> Estimate:
        """Multiply by a number that is exact."""
        return Estimate(self.mean * factor, self.se * abs(factor))


@dataclass(frozen=True, slots=True)
class Comparison:
    """One of the comparisons a claim consists of: by how much it goes the claimed way.

    ``scale`` is what ``margin`` is large or small against, in the same unit.
    """

    text: str
    margin: Estimate
    scale: float

    def direction(self, sigmas: float) -> int:
        """Return 1 where it goes the claimed way, -1 where the other, 0 where noise hides it."""
        noise = sigmas * self.margin.se
        if self.margin.mean > noise:
            return 1
        return -1 if self.margin.mean <= -noise else 0


def settle(comparisons: Sequence[Comparison], sigmas: float) -> Judgement:
    """Judge all comparisons together.

    One that goes the other way by more than ``sigmas`` standard errors makes the claim fail.
    It holds where none does and not all are lost in noise.
    """
    for_it = [one for one in comparisons if one.direction(sigmas) > 0]
    against = [one for one in comparisons if one.direction(sigmas) < 0]
    unclear = [one for one in comparisons if one.direction(sigmas) == 0]
    hidden = f"within {sigmas:g} standard errors: {_listed(unclear)}" if unclear else ""
    if against:
        outcome = Outcome.FAILS
        said = f"{len(against)} of {len(comparisons)} go the other way: {_listed(against)}"
    elif for_it:
        outcome = Outcome.HOLDS
        closest = min(for_it, key=lambda one: one.margin.mean / one.scale)
        said = f"{len(for_it)} of {len(comparisons)} comparisons; closest: {closest.text}"
    else:
        outcome = Outcome.INSUFFICIENT
        said = "cannot be told from noise"
    return Judgement(outcome, f"{said}; {hidden}" if hidden else said)


def _listed(comparisons: Sequence[Comparison]) -> str:
    shown = "; ".join(one.text for one in comparisons[:_LISTED])
    more = len(comparisons) - _LISTED
    return f"{shown}; and {more} more" if more > 0 else shown
