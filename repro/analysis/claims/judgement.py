"""What a rule answers, and how comparisons of uncertain numbers become one answer."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from scipy.special import stdtr  # type: ignore[import-untyped]

from repro.analysis.equivalence import holm

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """The error of one independent mean; another with the same numbers is another part."""

    se: float
    df: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number, and by which independent means it is uncertain.

    ``parts`` are these with the derivatives by them, so that one that enters twice, as the middle
    of two differences does, is not taken for two.
    """

    mean: float
    parts: Mapping[Part, float] = field(default_factory=dict)

    @classmethod
    def of(cls, summary: Summary, what: str) -> Estimate:
        """Take the mean of repeats.

        Raises:
            UndecidedError: they do not show how much they vary; ``what`` says of which.

        """
        if summary.sd is None or not summary.scatters:
            reason = f"missing: the scatter of {what}: its repeats are one or the same number"
            raise UndecidedError(Outcome.INSUFFICIENT, reason)
        return cls.known(summary.mean, summary.sd / math.sqrt(summary.n), summary.n - 1)

    @classmethod
    def known(cls, mean: float, se: float, df: float = math.inf) -> Estimate:
        """Take a mean whose standard error was found otherwise."""
        return cls(mean, {Part(se, df): 1.0})

    @property
    def se(self) -> float:
        """Standard error of first order (JCGM 100:2008, 5.1.2), in the unit of the mean."""
        return math.sqrt(math.fsum(self._variances().values()))

    @property
    def df(self) -> float:
        """Degrees of freedom by Welch and Satterthwaite (JCGM 100:2008, G.4.1)."""
        known = self._variances()
        spread = math.fsum(variance**2 / part.df for part, variance in known.items())
        return math.fsum(known.values()) ** 2 / spread if spread else math.inf

    def minus(self, other: Estimate) -> Estimate:
        """Subtract an estimate."""
        return self._with(other, self.mean - other.mean, 1.0, -1.0)

    def over(self, other: Estimate) -> Estimate:
        """Divide by an estimate."""
        ratio = self.mean / other.mean
        return self._with(other, ratio, 1 / other.mean, -ratio / other.mean)

    def times(self, factor: float) -> Estimate:
        """Multiply by a number that is exact."""
        return self._with(Estimate(0.0), self.mean * factor, factor, 0.0)

    def _with(self, other: Estimate, mean: float, by_self: float, by_other: float) -> Estimate:
        parts = {part: by_self * weight for part, weight in self.parts.items()}
        for part, weight in other.parts.items():
            parts[part] = parts.get(part, 0.0) + by_other * weight
        return Estimate(mean, parts)

    def _variances(self) -> dict[Part, float]:
        return {part: (weight * part.se) ** 2 for part, weight in self.parts.items()}


@dataclass(frozen=True, slots=True)
class Comparison:
    """One of the comparisons a claim consists of: by how much it goes the claimed way.

    ``scale`` is what ``margin`` is large or small against, in the same unit. ``beyond`` is how far
    off a second bound lies, where the claim has two.
    """

    text: str
    margin: Estimate
    scale: float
    beyond: float = math.inf

    @classmethod
    def within(cls, text: str, apart: Estimate, allowed: float) -> Comparison:
        """Compare what should be zero with what is allowed to either side."""
        distance = abs(apart.mean)
        margin = Estimate(allowed - distance, apart.parts)
        return cls(text, margin, allowed, beyond=allowed + distance)

    @property
    def p_for(self) -> float:
        """Probability of such a margin or a larger one, did it not go the claimed way."""
        return self._below(-self.margin.mean)

    @property
    def p_against(self) -> float:
        """Probability of such a margin or a smaller one, did it go the claimed way."""
        return min(1.0, self._below(self.margin.mean) + self._below(-self.beyond))

    def _below(self, distance: float) -> float:
        # Student's t at the edge of the one-sided hypothesis, with unequal variances: Welch,
        # Biometrika 34 (1947).
        se = self.margin.se
        if not se:
            return float(distance >= 0)
        return float(stdtr(self.margin.df, distance / se))


def settle(comparisons: Sequence[Comparison], alpha: float) -> Judgement:
    """Judge all comparisons together.

    One that goes the other way makes the claim fail. It holds where none does and not all are
    lost in noise. Either is said wrongly of claims with a chance of ``alpha`` at most, however many
    comparisons there are: Holm's correction over all of them, in each direction.
    """
    against = _significant(comparisons, [one.p_against for one in comparisons], alpha)
    for_it = _significant(comparisons, [one.p_for for one in comparisons], alpha)
    unclear = [one for one in comparisons if one not in against and one not in for_it]
    lost = f"lost in noise: {_listed(unclear)}"
    if not against and not for_it:
        return Judgement(Outcome.INSUFFICIENT, f"cannot be told from noise: {_listed(unclear)}")
    if against:
        outcome = Outcome.FAILS
        said = f"{len(against)} of {len(comparisons)} go the other way: {_listed(against)}"
    else:
        outcome = Outcome.HOLDS
        closest = min(for_it, key=lambda one: one.margin.mean / one.scale)
        said = f"{len(for_it)} of {len(comparisons)} comparisons; closest: {closest.text}"
    return Judgement(outcome, f"{said}; {lost}" if unclear else said)


def _significant(
    comparisons: Sequence[Comparison], chances: Sequence[float], alpha: float
) -> list[Comparison]:
    return [one for one, p in zip(comparisons, holm(chances), strict=True) if p <= alpha]


def _listed(comparisons: Sequence[Comparison]) -> str:
    shown = "; ".join(one.text for one in comparisons[:_LISTED])
    more = len(comparisons) - _LISTED
    return f"{shown}; and {more} more" if more > 0 else shown
