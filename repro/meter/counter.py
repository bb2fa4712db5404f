"""The NVML total-energy counter, read at both edges of a window."""

from __future__ import annotations

import itertools
import math
import statistics
import time
from importlib.metadata import version
from typing import TYPE_CHECKING

from repro.errors import MeterError
from repro.records import Instrument, Reading

if TYPE_CHECKING:
    from collections.abc import Callable

    from repro.meter.nvml import NvmlGpu

PROBED_TICKS = 6
PROBE_TIMEOUT_S = 3.0


class EnergyCounter:
    """Two reads of the counter a window; what lies between them is its energy."""

    def __init__(self, gpu: NvmlGpu, refresh_period_s: float) -> None:
        self._gpu = gpu
        self.refresh_period_s = refresh_period_s
        self._since = 0.0
        self._opened: tuple[float, int] = (0.0, 0)

    def describe(self) -> tuple[Instrument, ...]:
        """Return the counter as an instrument."""
        return (
            Instrument(
                name="counter",
                version="simulated" if self._gpu.simulated else version("nvidia-ml-py"),
                quantity="gpu",
                refresh_period_s=self.refresh_period_s,
                reads="total-energy counter of NVML at both edges",
            ),
        )

    def open(self, since: float) -> None:
        """Read the counter at the opening edge."""
        self._since = since
        self._opened = (time.perf_counter(), self._gpu.energy_mj())

    def close(self) -> tuple[Reading, ...]:
        """Read the counter at the closing edge.

        Raises:
            MeterError: the counter went backwards, as it does when the driver is reloaded.

        """
        closed_mj, closed_at = self._gpu.energy_mj(), time.perf_counter()
        opened_at, opened_mj = self._opened
        if closed_mj < opened_mj:
            raise MeterError(
                f"counter: expected to rise, fell from {opened_mj} to {closed_mj} mJ; "
                "was the driver reloaded?"
            )
        reading = Reading(
            instrument="counter",
            quantity="gpu",
            source="measured",
            energy_j=(closed_mj - opened_mj) / 1000,
            raw_open=opened_mj,
            raw_close=closed_mj,
            raw_unit="mJ",
            t_open_s=opened_at - self._since,
            t_close_s=closed_at - self._since,
        )
        return (reading,)


def quantisation_j(power_w: float, refresh_period_s: float) -> float:
    """Return the standard uncertainty of two reads of a counter that refreshes now and then.

    Each edge is late by a time spread evenly over one period; their difference has a triangular
    distribution of half-width ``period``, hence ``power * period / sqrt(6)`` (GUM, 4.3.9).
    """
    return power_w * refresh_period_s / math.sqrt(6)


def probe_refresh_s(
    gpu: NvmlGpu,
    clock: Callable[[], float] = time.perf_counter,
    sleep: Callable[[float], None] = time.sleep,
) -> float:
    """Return the median time between changes of the counter.

    Raises:
        MeterError: the counter did not change often enough to tell.

    """
    begun, last = clock(), gpu.energy_mj()
    changes: list[float] = []
    while len(changes) <= PROBED_TICKS:
        if clock() - begun > PROBE_TIMEOUT_S:
            raise MeterError(
                f"counter: expected {PROBED_TICKS} changes within {PROBE_TIMEOUT_S:g} s, found "
                f"{max(0, len(changes) - 1)}; the counter of GPU {gpu.index} stands still"
            )
        sleep(0.0005)
        now = gpu.energy_mj()
        if now != last:
            last = now
            changes.append(clock())
    gaps = [later - earlier for earlier, later in itertools.pairwise(changes)]
    return statistics.median(gaps)
