"""The NVML total-energy counter, read at its refreshes around a window."""

from __future__ import annotations

import math
import statistics
from importlib.metadata import version
from typing import TYPE_CHECKING

from repro.energy.alignment import Aligned, Energy, Span, Tick
from repro.energy.budget import GAIN_TOLERANCE, gain_j
from repro.meter.instrument import Found
from repro.meter.ticks import Refresh, SeenTick, Ticks
from repro.records import Instrument, Reading

if TYPE_CHECKING:
    from repro.meter.nvml import NvmlGpu

#: Multiples of it, modulo 1, spread evenly whatever their number (Weyl's theorem).
GOLDEN_RATIO = (math.sqrt(5) - 1) / 2


class EnergyCounter:
    """Two refreshes before the work and two after it.

    The inner pair holds the energy, the outer ones tell the power of the idle GPU, whose time is
    taken off. It is the outermost instrument: whatever opens between it and the work costs idle
    time alone, while waiting for a refresh within another instrument's window would prolong that.
    After the refresh it waits for a share of the period that is spread evenly over the windows:
    an instrument opened next then meets the counter in any phase, as it would without alignment.
    """

    def __init__(self, gpu: NvmlGpu, refresh: Refresh, ticks: Ticks | None = None) -> None:
        self.refresh = refresh
        self._gpu = gpu
        self._ticks = ticks or Ticks(gpu)
        self._windows = 0
        self._since = 0.0
        self._opening: tuple[SeenTick, ...] = ()

    def describe(self) -> tuple[Instrument, ...]:
        """Return the counter as an instrument."""
        return (
            Instrument(
                name="counter",
                version="simulated" if self._gpu.simulated else version("nvidia-ml-py"),
                quantity="gpu",
                refresh_period_s=self.refresh.period_s,
                reads="total-energy counter of NVML at refreshes around the work, less idle time",
                refresh_jitter_s=self.refresh.jitter_s,
                gain_tolerance=GAIN_TOLERANCE,
            ),
        )

    def open(self, since: float) -> None:
        """Wait for two refreshes while the GPU is idle.

        Raises:
            MeterError: the counter stands still, falls, or cannot be read.

        """
        self._since = since
        self._opening = ()
        self._opening = (self._ticks.next(), self._ticks.next())
        self._windows += 1
        self._ticks.sleep(self._windows * GOLDEN_RATIO % 1 * self.refresh.period_s)

    def close(self, work: Span) -> Found:
        """Wait for two refreshes after the work and return its energy.

        Raises:
            MeterError: the counter stands still, falls, or cannot be read.

        """
        seen = (*self._opening, self._ticks.next(), self._ticks.next())
        ticks = [Tick(tick.at_s - self._since, tick.energy_mj / 1000) for tick in seen]
        span = Span(work.begin_s - self._since, work.end_s - self._since)
        tick_u_s = math.sqrt(
            statistics.fmean(tick.uncertainty_s(self.refresh.jitter_s) ** 2 for tick in seen)
        )
        aligned = Aligned(*ticks)
        return Found(readings=(_reading(aligned, span, tick_u_s, aligned.energy(span, tick_u_s)),))


def _reading(ticks: Aligned, work: Span, tick_u_s: float, energy: Energy) -> Reading:
    return Reading(
        instrument="counter",
        quantity="gpu",
        source="measured",
        energy_j=energy.energy_j,
        raw_open=round(ticks.opened.energy_j * 1000),
        raw_close=round(ticks.closed.energy_j * 1000),
        raw_unit="mJ",
        t_open_s=ticks.opened.at_s,
        t_close_s=ticks.closed.at_s,
        t_begin_s=work.begin_s,
        t_end_s=work.end_s,
        idle_before_w=energy.idle_before_w,
        idle_after_w=energy.idle_after_w,
        raw_before=round(ticks.before.energy_j * 1000),
        t_before_s=ticks.before.at_s,
        raw_after=round(ticks.after.energy_j * 1000),
        t_after_s=ticks.after.at_s,
        tick_u_s=tick_u_s,
        timing_u_j=energy.timing_u_j,
        idle_u_j=energy.idle_u_j,
        gain_u_j=gain_j(abs(energy.energy_j)),
    )
