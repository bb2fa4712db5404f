"""Intervals of scores over clips: how far a value moves with the choice of recordings.

A recording is resampled with all its clips: several captions may share one. An estimate is a
function of weights, how often each clip counts; 1 everywhere gives the value itself.

The percentiles of a plain bootstrap are never used. A Fréchet distance of resampled clips is
biased upwards, so that they can miss the value; the intervals here are centred on it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit  # type: ignore[import-untyped]

from repro.errors import TtaError

if TYPE_CHECKING:
    from collections.abc import Sequence

Array = NDArray[np.floating[Any]]
Estimate = Callable[[Array], float]

#: Enough for Student's t with 29 degrees of freedom; a Fréchet distance is costly.
BLOCKS = 30
LEVEL = 0.95


@dataclass(frozen=True)
class Interval:
    """A value with the interval that holds it at ``level``; ``standard_error`` is in its unit."""

    value: float
    low: float
    high: float
    standard_error: float
    level: float
    recordings: int
    method: Literal["jackknife"]


def jackknife(
    estimate: Estimate, recordings: Sequence[str], *, level: float = LEVEL, blocks: int = BLOCKS,
    seed: int = 0,
) -> Interval:  # fmt: skip
    """Return a value with its delete-a-group jackknife interval.

    Recordings are dealt into at most ``blocks`` groups, and each group left out once. Standard
    error: sqrt((g - 1) / g * sum((t_i - mean t)^2)); interval: Student's t with g - 1 degrees
    of freedom (Kott, J. Official Statistics 17, 2001).

    Args:
        estimate: the value at weights of shape (clips,).
        recordings: of each clip, the name of what it was recorded as or generated for.
        level: of the interval.
        blocks: most groups.
        seed: of the dealing.

    Raises:
        TtaError: there are fewer than two recordings.

    """
    codes, count = _code(recordings)
    groups = min(blocks, count)
    group_of = np.random.default_rng(seed).permutation(count) % groups
    without = np.array(
        [estimate((group_of[codes] != group).astype(np.float64)) for group in range(groups)]
    )
    value = estimate(np.ones(len(codes)))
    error = float(np.sqrt((groups - 1) / groups * ((without - without.mean()) ** 2).sum()))
    reach = float(stdtrit(groups - 1, (1 + level) / 2)) * error
    return Interval(value, value - reach, value + reach, error, level, count, "jackknife")


def mean_of(values: Sequence[float]) -> Estimate:
    """Return the weighted mean of one value for each clip as an estimate."""
    fixed = np.asarray(values, dtype=np.float64)
    return lambda weights: float(fixed @ weights / weights.sum())


def difference(one: Estimate, other: Estimate) -> Estimate:
    """Return ``one`` less ``other``, both at the same weights: the same clips in both sets."""
    return lambda weights: one(weights) - other(weights)


def remembering(estimate: Estimate, known: dict[bytes, float]) -> Estimate:
    """Return the estimate that keeps its values in ``known`` and computes none twice.

    The groups of a jackknife are the same for every set of the same recordings, so that the
    differences of many pairs of sets need no value that the sets' own intervals have not.
    """

    def recall(weights: Array) -> float:
        name = weights.tobytes()
        if name not in known:
            known[name] = estimate(weights)
        return known[name]

    return recall


def _code(recordings: Sequence[str]) -> tuple[NDArray[np.intp], int]:
    names, codes = np.unique(np.asarray(recordings), return_inverse=True)
    if len(names) < 2:  # noqa: PLR2004 - one recording has no spread
        raise TtaError(f"interval: expected at least 2 recordings, found {len(names)}")
    return codes, len(names)
