"""The refreshes of the energy counter: seen by reading it until it changes."""

from __future__ import annotations

import math
import random
import statistics
import time
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from repro.errors import MeterError
from repro.meter.nvml import attempt

if TYPE_CHECKING:
    from collections.abc import Callable

    from repro.meter.nvml import NvmlGpu

PAUSE_S = 0.0005
PATIENCE_S = 3.0
PROBED_TICKS = 25
#: A tick is never taken to be known better than by this share of the variance of watching.
LEAST_SHARE = 0.5


class SeenTick(NamedTuple):
    """A refresh as it was seen: ``width_s`` is the time between the two reads it lies between."""

    at_s: float
    energy_mj: int
    width_s: float

    def variance_s2(self, beyond_s2: float) -> float:
        """Return the variance of its time.

        It lies anywhere between the two reads (GUM, 4.3.7); ``beyond_s2`` is the variance of
        refreshes beyond that.
        """
        watching_s2 = self.width_s**2 / 12
        return max(watching_s2 + beyond_s2, LEAST_SHARE * watching_s2)


class Refresh(NamedTuple):
    """How the counter refreshes: its period, and the variance beyond what watching explains.

    The variance is an estimate without bias, and below zero by chance where refreshes are regular.
    Taken for zero unless significant, jitter of half the time between two reads would go unnoticed
    in most runs, and taken for zero where it is negative, regular refreshes would be doubted.
    """

    period_s: float
    beyond_s2: float

    @property
    def jitter_s(self) -> float:
        """The standard deviation of a refresh, as far as it is seen."""
        return math.sqrt(max(0.0, self.beyond_s2))


class Ticks:
    """Waits for refreshes of one GPU's counter on a clock that a test may replace."""

    def __init__(
        self,
        gpu: NvmlGpu,
        clock: Callable[[], float] = time.perf_counter,
        sleep: Callable[[float], None] = time.sleep,
        seed: int = 0,
    ) -> None:
        self.clock = clock
        self.sleep = sleep
        self._gpu = gpu
        self._width_s = 0.0
        self._random = random.Random(seed)  # noqa: S311 - a phase, not a secret

    def next(self) -> SeenTick:
        """Return the next refresh.

        Raises:
            MeterError: the counter stands still or falls, or cannot be read.

        """
        begun = self.clock()
        # Reads in step with the refreshes would see all of them too late by the same time.
        self.sleep(self._random.uniform(0, self._width_s))
        last_at, last_mj = self.read()
        while True:
            if self.clock() - begun > PATIENCE_S:
                raise MeterError(
                    f"counter: expected a change within {PATIENCE_S:g} s, found none; the counter "
                    f"of GPU {self._gpu.index} stands still"
                )
            self.sleep(PAUSE_S)
            at, energy_mj = self.read()
            if energy_mj < last_mj:
                raise MeterError(
                    f"counter: expected to rise, fell from {last_mj} to {energy_mj} mJ; "
                    "was the driver reloaded?"
                )
            if energy_mj != last_mj:
                self._width_s = at - last_at
                return SeenTick((last_at + at) / 2, energy_mj, self._width_s)
            last_at = at

    def read(self) -> tuple[float, int]:
        """Return the middle of a call, and what the counter showed in it."""
        return attempt(self._read_once)

    def _read_once(self) -> tuple[float, int]:
        called = self.clock()
        energy_mj = self._gpu.energy_mj()
        return (called + self.clock()) / 2, energy_mj


def probe(ticks: Ticks) -> Refresh:
    """Watch some refreshes and return how regular they are.

    Raises:
        MeterError: the counter stands still.

    """
    seen = [ticks.next() for _ in range(PROBED_TICKS)]
    times = [tick.at_s for tick in seen]
    period_s = statistics.median(later - sooner for sooner, later in pairwise(times))
    # A refresh that was missed leaves a gap of two periods, and no scatter.
    numbers = [0]
    for sooner, later in pairwise(times):
        numbers.append(numbers[-1] + max(1, round((later - sooner) / period_s)))
    slope, intercept = statistics.linear_regression(numbers, times)
    rest = math.fsum((t - intercept - slope * n) ** 2 for n, t in zip(numbers, times, strict=True))
    variance = rest / (len(times) - 2)
    watching = statistics.fmean(tick.width_s**2 for tick in seen) / 12
    return Refresh(period_s=slope, beyond_s2=variance - watching)
