"""Energy of a window as the integral of sampled power, less the idle time around the work.

A power sensor shows what it took at its last refresh, so a load appears in the samples too late
by up to a refresh, and vanishes too late by as much. Samples are therefore taken from before the
work until well after it, each holding until the next, and idle time is subtracted.
"""

from __future__ import annotations

import math
import statistics
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from repro.energy.alignment import Energy, Span

if TYPE_CHECKING:
    from collections.abc import Sequence

#: The slowest refresh that Yang, Adamek and Armour (arXiv:2312.02741) found in instantaneous power.
SENSOR_PERIOD_S = 0.1
#: By then the end of the work has arrived in the samples: the slowest refresh and some more.
SETTLED_S = 1.1 * SENSOR_PERIOD_S
LEAST_SAMPLES = 3
#: Samples are timed in whole milliseconds: one as close to the work may lie within it.
RESOLUTION_S = 0.001


class Integral(NamedTuple):
    """The integral over all samples, and the energy of the work within it."""

    whole_j: float
    span: Span
    energy: Energy


def integrate(t_ms: Sequence[int], power_mw: Sequence[int], work: Span) -> Integral:
    """Return the energy of the work in a trace of power samples.

    Args:
        t_ms: times of the samples, ascending, on the clock of ``work``.
        power_mw: instantaneous power at each.
        work: when the work began and ended.

    Raises:
        ValueError: the samples do not reach from before the work to well after it.

    """
    times = [t / 1000 for t in t_ms]
    powers = [power / 1000 for power in power_mw]
    _check(times, powers, work)
    held = [
        (right - left) * power
        for (left, right), power in zip(pairwise(times), powers, strict=False)
    ]
    whole_j = math.fsum(held)
    before_w = statistics.fmean(
        power for t, power in zip(times, powers, strict=True) if t < work.begin_s - RESOLUTION_S
    )
    settled_s = work.end_s + SENSOR_PERIOD_S
    after_w = statistics.fmean(
        power for t, power in zip(times, powers, strict=True) if t >= settled_s
    )
    idle_j = before_w * (work.begin_s - times[0]) + after_w * (times[-1] - work.end_s)
    energy_j = whole_j - idle_j
    return Integral(
        whole_j=whole_j,
        span=Span(times[0], times[-1]),
        energy=Energy(
            energy_j=energy_j,
            idle_before_w=before_w,
            idle_after_w=after_w,
            timing_u_j=_timing_j(times, powers, work, energy_j, (before_w + after_w) / 2),
            idle_u_j=_idle_j(after_w - before_w, times, work),
        ),
    )


def _check(times: list[float], powers: list[float], work: Span) -> None:
    if len(times) != len(powers) or len(times) < LEAST_SAMPLES:
        raise ValueError(f"expected at least {LEAST_SAMPLES} samples, found {len(times)}")
    if any(later < earlier for earlier, later in pairwise(times)):
        raise ValueError("expected samples in the order of time, found one earlier than the last")
    if times[0] >= work.begin_s - RESOLUTION_S or times[-1] < work.end_s + SENSOR_PERIOD_S:
        raise ValueError(
            f"expected samples from before {work.begin_s:g} s until "
            f"{work.end_s + SENSOR_PERIOD_S:g} s, found {times[0]:g} to {times[-1]:g} s"
        )


def _timing_j(
    times: list[float], powers: list[float], work: Span, energy_j: float, idle_w: float
) -> float:
    """Return what is uncertain about when the power rose and fell, and between the samples.

    Both edges are late by a time spread evenly over one refresh; what counts is the difference,
    which is triangular (GUM, 4.3.9). In between, the mean of ``n`` refreshes is uncertain by their
    standard deviation over ``sqrt(n)`` (GUM, 4.2.3); a load that keeps time with the sensor is
    beyond that.
    """
    duration_s = work.end_s - work.begin_s
    interval_s = statistics.median(later - earlier for earlier, later in pairwise(times))
    late_s = math.hypot(SENSOR_PERIOD_S, interval_s)
    edges_j = abs(energy_j / duration_s - idle_w) * min(late_s, duration_s) / math.sqrt(6)
    inside = [
        power
        for t, power in zip(times, powers, strict=True)
        if work.begin_s + SENSOR_PERIOD_S < t <= work.end_s
    ]
    if len(inside) < LEAST_SAMPLES:
        return edges_j
    refreshes = max(1.0, duration_s / max(SENSOR_PERIOD_S, interval_s))
    between_j = statistics.stdev(inside) / math.sqrt(refreshes) * duration_s
    return math.hypot(edges_j, between_j)


def _idle_j(difference_w: float, times: list[float], work: Span) -> float:
    """Return what an idle power that drifts within the difference seen makes (GUM, 4.3.7)."""
    outside_s = math.hypot(work.begin_s - times[0], times[-1] - work.end_s)
    return abs(difference_w) / math.sqrt(3) * outside_s
