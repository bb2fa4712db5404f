"""Whether readings of one window agree; those that do not are disputed and enter no mean."""

from __future__ import annotations

import math
from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

#: How far apart two readings may be, as a share of their mean.
MOST_APART = 0.05
#: From this length on no instrument has an excuse.
LONG_WINDOW_S = 10.0
#: Shorter than this, edges weigh more than what lies between them.
SHORT_WINDOW_S = 1.0
COVERAGE_FACTOR = 2.0


class Judged(NamedTuple):
    """An energy to be compared: who read it, and its standard uncertainty without gain."""

    instrument: str
    energy_j: float
    u_j: float


def without_tail_j(energy_j: float, tail_s: float, idle_w: float) -> float:
    """Return an energy less the idle time that its instrument went on for after the work.

    A tracker that counts beyond the end of the work does not disagree with those that stop there.
    """
    return energy_j - max(0.0, tail_s) * idle_w


def dispute(readings: Sequence[Judged], duration_s: float) -> str | None:
    """Return which two readings disagree most, or None where all agree.

    More than 5 % apart is a dispute. Windows below 10 s are granted the expanded uncertainty of
    the two readings (coverage factor 2) on top; below 1 s nothing is judged.
    """
    if duration_s < SHORT_WINDOW_S:
        return None
    apart = [(_excess(*pair, duration_s), pair) for pair in combinations(readings, 2)]
    excess, pair = max(apart, default=(0.0, None))
    if pair is None or excess <= 0:
        return None
    low, high = sorted(pair, key=lambda reading: reading.energy_j)
    share = (high.energy_j - low.energy_j) / _mean(low, high)
    return (
        f"{high.instrument} {high.energy_j:.6g} J and {low.instrument} {low.energy_j:.6g} J "
        f"are {share:.1%} apart, expected at most {MOST_APART:.0%}"
    )


def _excess(one: Judged, other: Judged, duration_s: float) -> float:
    allowed = MOST_APART * _mean(one, other)
    if duration_s < LONG_WINDOW_S:
        allowed += COVERAGE_FACTOR * math.hypot(one.u_j, other.u_j)
    return abs(one.energy_j - other.energy_j) - allowed


def _mean(one: Judged, other: Judged) -> float:
    return (one.energy_j + other.energy_j) / 2
