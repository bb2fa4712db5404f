"""Statistics of repeated measurements: numbers in, numbers out, no files."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

RESAMPLES = 10_000
SEED = 2505
#: From here on the mean is as good as normal, and resampling costs time and memory for nothing.
MANY = 100
#: 97.5 % of the normal law lie below so many standard deviations.
Z_95 = statistics.NormalDist().inv_cdf(0.975)


@dataclass(frozen=True, slots=True)
class Summary:
    """Repeats of one quantity, in the quantity's own unit.

    ``sd`` is the sample standard deviation and ``low`` to ``high`` the bootstrap interval of
    the mean that covers 95 %; of a single repeat neither is known.
    """

    n: int
    mean: float
    sd: float | None
    low: float | None
    high: float | None


def summarize(values: Sequence[float]) -> Summary:
    """Summarise repeats of one quantity.

    Raises:
        ValueError: there is no value, or one that is not finite.

    """
    if not values:
        raise ValueError("summary: expected at least one value, found none")
    if not all(math.isfinite(value) for value in values):
        raise ValueError("summary: expected finite values only")
    mean = statistics.fmean(values)
    if len(values) == 1:
        return Summary(n=1, mean=mean, sd=None, low=None, high=None)
    low, high = bootstrap_interval(values)
    return Summary(n=len(values), mean=mean, sd=statistics.stdev(values), low=low, high=high)


def bootstrap_interval(
    values: Sequence[float], *, coverage: float = 0.95, seed: int = SEED
) -> tuple[float, float]:
    """Return the percentile bootstrap interval of the mean, the same for the same seed.

    Efron and Tibshirani, An Introduction to the Bootstrap, chapter 13. Of ``MANY`` values or
    more, the interval of the normal law, which it approaches (the same, chapter 12).
    """
    if len(values) >= MANY:
        return _normal_interval(values, coverage)
    means = np.asarray(values, dtype=float)[_resamples(len(values), seed)].mean(axis=1)
    tail = (1 - coverage) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    return float(low), float(high)


def _normal_interval(values: Sequence[float], coverage: float) -> tuple[float, float]:
    mean, error = statistics.fmean(values), statistics.stdev(values) / math.sqrt(len(values))
    half = statistics.NormalDist().inv_cdf((1 + coverage) / 2) * error
    return mean - half, mean + half


@lru_cache(maxsize=16)
def _resamples(count: int, seed: int) -> NDArray[np.uint8]:
    # Drawn once for each number of repeats: a report has thousands of points of the same few.
    drawn = np.random.default_rng(seed).integers(0, count, size=(RESAMPLES, count))
    return drawn.astype(np.uint8)
