"""Statistics of repeated measurements: numbers in, numbers out, no files."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scipy.special import stdtrit  # type: ignore[import-untyped]

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Of the draws of the Pareto front.
SEED = 2505
#: Scatter below this, relative to the mean, is rounding: the repeats are the same number.
_ROUNDING = 1e-9
#: 97.5 % of the normal law lie below so many standard deviations.
Z_95 = statistics.NormalDist().inv_cdf(0.975)


@dataclass(frozen=True, slots=True)
class Summary:
    """Repeats of one quantity, in the quantity's own unit.

    ``sd`` is the sample standard deviation and ``low`` to ``high`` the interval that holds the
    mean with 95 %; of a single repeat neither is known.
    """

    n: int
    mean: float
    sd: float | None
    low: float | None
    high: float | None

    @property
    def scatters(self) -> bool:
        """Whether the repeats show how much they vary."""
        return self.sd is not None and self.sd > _ROUNDING * abs(self.mean)


def summarize(values: Sequence[float]) -> Summary:
    """Summarise repeats of one quantity.

    Raises:
        ValueError: there is no value, or one that is not finite.

    """
    if not values:
        raise ValueError("summary: expected at least one value, found none")
    if not all(math.isfinite(value) for value in values):
        raise ValueError("summary: expected finite values only")
    n, mean = len(values), statistics.fmean(values)
    if n == 1:
        return Summary(n=1, mean=mean, sd=None, low=None, high=None)
    sd = statistics.stdev(values)
    half = mean_reach(sd, n)
    return Summary(n=n, mean=mean, sd=sd, low=mean - half, high=mean + half)


def mean_reach(sd: float, n: int, *, coverage: float = 0.95) -> float:
    """Return how far the interval of a mean of ``n`` repeats reaches to either side.

    Student's t with n - 1 degrees of freedom (Student, Biometrika 6, 1908). Not a percentile
    bootstrap: resampling few values covers far too little (Efron and Tibshirani, An Introduction
    to the Bootstrap, section 13.7), of 2 to 5 repeats 50 to 83 % where 95 are said.
    """
    return float(stdtrit(n - 1, (1 + coverage) / 2)) * sd / math.sqrt(n)
