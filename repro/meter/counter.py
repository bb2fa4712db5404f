"""The NVML total-energy counter, read at its refreshes around a window."""

from __future__ import annotations

import math
import statistics
from importlib.metadata import version
from typing import TYPE_CHECKING

from repro.energy.alignment import Aligned, Energy, Span, Tick, Unaligned
from repro.energy.budget import GAIN_TOLERANCE, gain_j
from repro.energy.integral import SENSOR_PERIOD_S
from repro.errors import MeterError
from repro.meter.instrument import Found
from repro.meter.nvml import attempt
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
    It costs four periods a window on average.
    """

    prompt = False

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
        beyond_s2 = self.refresh.beyond_s2
        tick_u_s = math.sqrt(statistics.fmean(tick.variance_s2(beyond_s2) for tick in seen))
        aligned = Aligned(*ticks)
        reading = _reading(
            aligned.opened, aligned.closed, span, tick_u_s, aligned.energy(span, tick_u_s)
        )
        outer = {
            "raw_before": round(aligned.before.energy_j * 1000),
            "t_before_s": aligned.before.at_s,
            "raw_after": round(aligned.after.energy_j * 1000),
            "t_after_s": aligned.after.at_s,
        }
        return Found(readings=(reading.model_copy(update=outer),))


class UnalignedCounter:
    """The counter read as it stands: for many short windows, whose sum is what counts.

    The first read is taken just before the work. The second waits for a whole period after it, in
    which the trace waits for its sensor as well, so that alignment costs nothing here. What is left
    uncertain is a period at idle power: a share of a per cent of a window of some seconds, by
    chance, so that it goes down with the root of their number where windows are added up.
    """

    prompt = False

    def __init__(self, gpu: NvmlGpu, refresh: Refresh, ticks: Ticks | None = None) -> None:
        self.refresh = refresh
        self._gpu = gpu
        self._ticks = ticks or Ticks(gpu)
        self._since = 0.0
        self._opening = Tick(0.0, 0.0)
        self._idle_w = 0.0

    def describe(self) -> tuple[Instrument, ...]:
        """Return nothing: it is the counter that the aligned windows are read with."""
        return ()

    def open(self, since: float) -> None:
        """Read power and counter.

        Raises:
            MeterError: they cannot be read.

        """
        self._since = since
        self._idle_w = self._power_w()
        self._opening = self._read()

    def close(self, work: Span) -> Found:
        """Let a refresh pass, then read power and counter and return the energy of the work.

        Raises:
            MeterError: they cannot be read, or the counter fell.

        """
        self._sleep_until(work.end_s + SENSOR_PERIOD_S)
        idle_w = (self._idle_w, self._power_w())
        self._sleep_until(work.end_s + self.refresh.period_s + 3 * self.refresh.jitter_s)
        closing = self._read()
        if closing.energy_j < self._opening.energy_j:
            raise MeterError(
                f"counter: expected to rise, fell from {self._opening.energy_j:.3f} to "
                f"{closing.energy_j:.3f} J; was the driver reloaded?"
            )
        span = Span(work.begin_s - self._since, work.end_s - self._since)
        tick_u_s = self.refresh.period_s / math.sqrt(12)
        energy = Unaligned(self._opening, closing).energy(span, idle_w, tick_u_s)
        return Found(readings=(_reading(self._opening, closing, span, tick_u_s, energy),))

    def _sleep_until(self, at: float) -> None:
        self._ticks.sleep(max(0.0, at - self._ticks.clock()))

    def _read(self) -> Tick:
        at, energy_mj = self._ticks.read()
        return Tick(at - self.refresh.period_s / 2 - self._since, energy_mj / 1000)

    def _power_w(self) -> float:
        power_mw = attempt(self._gpu.instant_power_mw)
        if power_mw is None:
            raise MeterError(
                f"counter: expected the instantaneous power of GPU {self._gpu.index}, found none"
            )
        return power_mw / 1000


def _reading(opened: Tick, closed: Tick, work: Span, tick_u_s: float, energy: Energy) -> Reading:
    return Reading(
        instrument="counter",
        quantity="gpu",
        source="measured",
        energy_j=energy.energy_j,
        raw_open=round(opened.energy_j * 1000),
        raw_close=round(closed.energy_j * 1000),
        raw_unit="mJ",
        t_open_s=opened.at_s,
        t_close_s=closed.at_s,
        t_begin_s=work.begin_s,
        t_end_s=work.end_s,
        idle_before_w=energy.idle_before_w,
        idle_after_w=energy.idle_after_w,
        tick_u_s=tick_u_s,
        timing_u_j=energy.timing_u_j,
        idle_u_j=energy.idle_u_j,
        gain_u_j=gain_j(abs(energy.energy_j)),
    )
