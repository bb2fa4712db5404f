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
            idle_u_j=self._drift_w(before_w, after_w, tick_u_s) * math.hypot(lead_s, tail_s),
        )

    def _drift_w(self, before_w: float, after_w: float, tick_u_s: float) -> float:
        """Return the standard uncertainty of idle power in a gap from that beside it.

        It is taken to drift within the difference between before and after, evenly (GUM, 4.3.7).
        What the uncertain ticks explain of it, at a coverage factor of 2, is no drift: that has
        been counted already.
        """
        explained_w = (
            math.sqrt(2)
            * tick_u_s
            * math.hypot(
                before_w / (self.opened.at_s - self.before.at_s),
                after_w / (self.after.at_s - self.closed.at_s),
            )
        )
        difference_w = abs(after_w - before_w)
        return difference_w / math.sqrt(3) if difference_w > 2 * explained_w else 0.0


def _power_w(first: Tick, second: Tick) -> float:
    return (second.energy_j - first.energy_j) / (second.at_s - first.at_s)


def _edge_j(power_w: float, gap_s: float, baseline_s: float, tick_u_s: float) -> float:
    """Return what two uncertain ticks at one edge make of its idle energy.

    With ``P = e / (t1 - t0)`` the correction is ``P * (w - t1)``. Its derivatives are
    ``-P * (1 + gap / baseline)`` by ``t1`` and ``P * gap / baseline`` by ``t0`` (GUM, 5.1.2).
    """
    ratio = gap_s / baseline_s
    return power_w * tick_u_s * math.hypot(1 + ratio, ratio)
