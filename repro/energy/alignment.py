"""Energy of a window between two refreshes of a counter, less the idle time around the work.

The counter is watched until it changes, before the work and after it. Both reads are then those
of a refresh and not of some moment since, and what they hold too much is idle time of known
length. The power in it is that between the refresh and the neighbouring one away from the work::

    before ---- opened --[idle]-- begin ===work=== end --[idle]-- closed ---- after

Read unaligned, each edge would be wrong by up to a whole refresh at the power of the work.
"""

from __future__ import annotations

import math
from typing import NamedTuple


class Tick(NamedTuple):
    """A refresh of the counter: when it happened and what the counter then showed."""

    at_s: float
    energy_j: float


class Span(NamedTuple):
    """A stretch of time, in seconds."""

    begin_s: float
    end_s: float


class Energy(NamedTuple):
    """Joules, the idle powers they were corrected with in W, and the terms of the budget in J."""

    energy_j: float
    idle_before_w: float
    idle_after_w: float
    timing_u_j: float
    idle_u_j: float


class Aligned(NamedTuple):
    """The four refreshes around a window, in the order of time."""

    before: Tick
    opened: Tick
    closed: Tick
    after: Tick

    def energy(self, work: Span, tick_u_s: float) -> Energy:
        """Return the energy of the work.

        Args:
            work: when the work began and ended, on the clock of the ticks.
            tick_u_s: standard uncertainty of the time of one tick.

        """
        before_w = _power_w(self.before, self.opened)
        after_w = _power_w(self.closed, self.after)
        lead_s, tail_s = work.begin_s - self.opened.at_s, self.closed.at_s - work.end_s
        between_j = self.closed.energy_j - self.opened.energy_j
        return Energy(
            energy_j=between_j - before_w * lead_s - after_w * tail_s,
            idle_before_w=before_w,
            idle_after_w=after_w,
            timing_u_j=math.hypot(
                _edge_j(before_w, lead_s, self.opened.at_s - self.before.at_s, tick_u_s),
                _edge_j(after_w, tail_s, self.after.at_s - self.closed.at_s, tick_u_s),
            ),
            idle_u_j=self._drift_j(work, before_w, after_w),
        )

    def _drift_j(self, work: Span, before_w: float, after_w: float) -> float:
        """Return what idle power changes by between a gap and the refreshes beside it.

        It is taken to have gone evenly from that before the work to that after it, or to have
        stayed as it was: anywhere between (GUM, 4.3.7). From the middle of a baseline to the
        middle of its gap is half of both together.
        """
        lead_s, tail_s = work.begin_s - self.opened.at_s, self.closed.at_s - work.end_s
        apart_s = (self.closed.at_s + self.after.at_s - self.before.at_s - self.opened.at_s) / 2
        slope = abs(after_w - before_w) / apart_s / math.sqrt(3)
        return slope * math.hypot(
            lead_s * (work.begin_s - self.before.at_s) / 2,
            tail_s * (self.after.at_s - work.end_s) / 2,
        )


class Unaligned(NamedTuple):
    """Two reads of a counter that was not watched, before a window and a refresh after it.

    What was read is of some moment in the period before, so each read stands for a refresh half a
    period earlier, give or take half a period. The second one is late enough to be of a refresh
    after the work: both edges are uncertain at idle power, and not at that of the work.
    """

    opened: Tick
    closed: Tick

    def energy(self, work: Span, idle_w: tuple[float, float], tick_u_s: float) -> Energy:
        """Return the energy of the work.

        Args:
            work: when the work began and ended, on the clock of the ticks.
            idle_w: what the power sensor showed at the two reads.
            tick_u_s: standard uncertainty of the time of one tick: the period over ``sqrt(12)``.

        """
        before_w, after_w = idle_w
        lead_s, tail_s = work.begin_s - self.opened.at_s, self.closed.at_s - work.end_s
        between_j = self.closed.energy_j - self.opened.energy_j
        return Energy(
            energy_j=between_j - before_w * lead_s - after_w * tail_s,
            idle_before_w=before_w,
            idle_after_w=after_w,
            timing_u_j=tick_u_s * math.hypot(before_w, after_w),
            idle_u_j=abs(after_w - before_w) / math.sqrt(3) * math.hypot(lead_s, tail_s),
        )


def _power_w(first: Tick, second: Tick) -> float:
    return (second.energy_j - first.energy_j) / (second.at_s - first.at_s)


def _edge_j(power_w: float, gap_s: float, baseline_s: float, tick_u_s: float) -> float:
    """Return what two uncertain ticks at one edge make of its idle energy.

    With ``P = e / (t1 - t0)`` the correction is ``P * (w - t1)``. Its derivatives are
    ``-P * (1 + gap / baseline)`` by ``t1`` and ``P * gap / baseline`` by ``t0`` (GUM, 5.1.2).
    """
    ratio = gap_s / baseline_s
    return power_w * tick_u_s * math.hypot(1 + ratio, ratio)
