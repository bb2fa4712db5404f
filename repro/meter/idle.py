"""The idle baseline: what the GPU draws with a model loaded and nothing to do."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from repro.errors import MeterError
from repro.meter.nvml import attempt
from repro.records import IdleBaseline

if TYPE_CHECKING:
    from collections.abc import Callable

    from repro.meter.nvml import NvmlGpu


def measure_idle(
    gpu: NvmlGpu,
    seconds: float,
    clock: Callable[[], float] = time.perf_counter,
    sleep: Callable[[float], None] = time.sleep,
) -> IdleBaseline:
    """Read the energy counter, wait, read it again; watts are joules over seconds between.

    Raises:
        MeterError: the counter cannot be read, or did not rise.

    """
    opened_mj, opened_at = attempt(lambda: (gpu.energy_mj(), clock()))
    sleep(seconds)
    closed_mj, closed_at = attempt(lambda: (gpu.energy_mj(), clock()))
    if closed_mj <= opened_mj:
        raise MeterError(
            f"counter: expected to rise over {seconds:g} s of idle GPU, found {opened_mj} mJ and "
            f"then {closed_mj} mJ"
        )
    return IdleBaseline(
        power_w=(closed_mj - opened_mj) / 1000 / (closed_at - opened_at),
        seconds=closed_at - opened_at,
        raw_open=opened_mj,
        raw_close=closed_mj,
    )
