"""What may have disturbed a window: throttling, other clocks, strangers, a sensor in step."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from repro.meter.instrument import Found

if TYPE_CHECKING:
    from collections.abc import Sequence

    from repro.energy.alignment import Span
    from repro.meter.nvml import NvmlGpu
    from repro.records import Instrument, Trace

#: Bits of nvmlClocksEventReasons in NVIDIA's nvml.h that mean the GPU ran slower than it could.
SLOWED_BY = {
    0x04: "software power cap",
    0x08: "hardware slowdown",
    0x20: "software thermal slowdown",
    0x40: "hardware thermal slowdown",
    0x80: "hardware power brake",
}
#: A clock rises when the work begins; what it does after that is a change.
CLOCK_SETTLED_S = 0.5
CLOCK_CHANGE = 0.05
#: One process computes: the worker.
EXPECTED_PROCESSES = 1
#: GPUs whose instantaneous power is taken in 25 of every 100 ms (arXiv:2312.02741): GA100, Hopper.
PARTLY_SAMPLED = re.compile(r"\b(?:A30|A100|A800|G?H(?:20|100|200|800))\b")
SENSOR_PERIOD_S = 0.1
#: Steps of 100, 50 and 33 ms keep time with such a sensor.
HARMONICS = (1, 2, 3)
NEAR = 0.1


def disturbances(trace: Trace, work: Span) -> tuple[str, ...]:
    """Return what slowed the GPU down during the work and how its clocks changed."""
    inside = [
        index
        for index, t_ms in enumerate(trace.condition_t_ms)
        if work.begin_s <= t_ms / 1000 <= work.end_s
    ]
    settled = [
        index
        for index in inside
        if trace.condition_t_ms[index] / 1000 >= work.begin_s + CLOCK_SETTLED_S
    ]
    reasons = [trace.event_reasons[index] for index in inside]
    return (
        *_slowed(reasons),
        *_changed("SM", [trace.sm_clock_mhz[index] for index in settled]),
        *_changed("memory", [trace.memory_clock_mhz[index] for index in settled]),
    )


def aliasing(gpu_name: str, step_period_s: float) -> str | None:
    """Return a warning where the steps of a denoiser may keep time with the power sensor.

    Such a sensor sees the same part of every step, and longer windows do not help.
    """
    if PARTLY_SAMPLED.search(gpu_name) is None:
        return None
    near = (
        harmonic
        for harmonic in HARMONICS
        if abs(step_period_s * harmonic / SENSOR_PERIOD_S - 1) <= NEAR
    )
    if next(near, None) is None:
        return None
    return (
        f"trace: aliasing possible: a step takes {step_period_s * 1000:.3g} ms, and power is "
        f"sampled in a part of every {SENSOR_PERIOD_S * 1000:g} ms"
    )


class Processes:
    """Looks who else computes on the GPU, outside the work on either side. Reads no energy.

    Who was there after one window is taken to be there before the next.
    """

    prompt = False

    def __init__(self, gpu: NvmlGpu) -> None:
        self._gpu = gpu
        self._strangers: int | None = None

    def describe(self) -> tuple[Instrument, ...]:
        """Return nothing: this is no instrument."""
        return ()

    def open(self, since: float) -> None:  # noqa: ARG002 - the time does not matter here
        """Count the strangers before the first window."""
        if self._strangers is None:
            self._strangers = self._count()

    def close(self, work: Span) -> Found:  # noqa: ARG002 - as above
        """Count the strangers after the work, and name the larger number."""
        earlier, self._strangers = self._strangers or 0, self._count()
        strangers = max(earlier, self._strangers)
        if not strangers:
            return Found()
        others = "1 other process" if strangers == 1 else f"{strangers} other processes"
        return Found(disturbances=(f"{others} on the GPU",))

    def _count(self) -> int:
        return max(0, len(self._gpu.condition.compute_processes() or ()) - EXPECTED_PROCESSES)


def _slowed(reasons: Sequence[int | None]) -> tuple[str, ...]:
    known = [bits for bits in reasons if bits is not None]
    return tuple(
        f"{name} in {hit} of {len(known)} samples"
        for bit, name in SLOWED_BY.items()
        if (hit := sum(bool(bits & bit) for bits in known))
    )


def _changed(name: str, clocks: Sequence[int | None]) -> tuple[str, ...]:
    known = [clock for clock in clocks if clock is not None]
    if not known or min(known) >= (1 - CLOCK_CHANGE) * max(known):
        return ()
    return (f"{name} clock from {min(known)} to {max(known)} MHz",)
