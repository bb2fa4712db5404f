"""The refreshes of the energy counter: seen by reading it until it changes."""

from __future__ import annotations

import math
import random
import statistics
import time
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from repro.errors import MeterError

if TYPE_CHECKING:
    from collections.abc import Callable

    from repro.meter.nvml import NvmlGpu

PAUSE_S = 0.0005
PATIENCE_S = 3.0
PROBED_TICKS = 25
#: Chi-square over degrees of freedom, 95 % quantile at 23 of them: above it, scatter is no chance.
SIGNIFICANT = 1.53


class SeenTick(NamedTuple):
    """A refresh as it was seen: ``width_s`` is the time between the two reads it lies between."""

    at_s: float
    energy_mj: int
    width_s: float

    def uncertainty_s(self, jitter_s: float) -> float:
        """Return the standard uncertainty of its time: anywhere between the reads (GUM, 4.3.7)."""
        return math.hypot(self.width_s / math.sqrt(12), jitter_s)


class Refresh(NamedTuple):
    """How the counter refreshes: median period, and scatter beyond what watching explains."""

    period_s: float
    jitter_s: float


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
        last_at, last_mj = self._read()
        while True:
            if self.clock() - begun > PATIENCE_S:
                raise MeterError(
                    f"counter: expected a change within {PATIENCE_S:g} s, found none; the counter "
                    f"of GPU {self._gpu.index} stands still"
                )
            self.sleep(PAUSE_S)
            at, energy_mj = self._read()
            if energy_mj < last_mj:
                raise MeterError(
                    f"counter: expected to rise, fell from {last_mj} to {energy_mj} mJ; "
                    "was the driver reloaded?"
                )
            if energy_mj != last_mj:
                self._width_s = at - last_at
                return SeenTick((last_at + at) / 2, energy_mj, self._width_s)
            last_at = at

    def _read(self) -> tuple[float, int]:
        """Return the middle of a call, and what the counter showed in it."""
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
    beyond = variance - watching if variance > SIGNIFICANT * watching else 0.0
    return Refresh(period_s=slope, jitter_s=math.sqrt(beyond))
