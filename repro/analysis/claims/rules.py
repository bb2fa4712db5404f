"""The rules by the names that ``claims.toml`` calls them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from repro.analysis.claims import batching, energy, quality
from repro.records import Record

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from repro.analysis.claims.findings import Findings
    from repro.analysis.claims.judgement import Judgement

P = TypeVar("P", bound=Record)


@dataclass(frozen=True, slots=True)
class Rule(Generic[P]):
    """A function and the parameters it takes; ``quality`` where it judges what weights do."""

    judge: Callable[[Findings, P], Judgement]
    parameters: type[P]
    quality: bool = False


RULES: Mapping[str, Rule[Any]] = {
    "linear-in-steps": Rule(energy.linear_in_steps, energy.Linearity),
    "uses-less": Rule(energy.uses_less, energy.Order),
    "equal-energy": Rule(energy.equal_energy, energy.Equality),
    "gpu-majority": Rule(energy.gpu_majority, energy.Majority),
    "stated-durations": Rule(energy.stated_durations, energy.Durations),
    "first-gain-largest": Rule(batching.first_gain_largest, batching.Gains),
    "last-gain-small": Rule(batching.last_gain_small, batching.SmallGain),
    "family-gains-least": Rule(batching.family_gains_least, batching.LeastGain),
    "front-share": Rule(quality.front_share, quality.FrontShare, quality=True),
    "front-count": Rule(quality.front_count, quality.FrontCount, quality=True),
    "on-front": Rule(quality.on_front, quality.FrontMember, quality=True),
    "best-score": Rule(quality.best_score, quality.Best, quality=True),
    "subset-agrees": Rule(quality.subset_agrees, quality.Agreement, quality=True),
}
