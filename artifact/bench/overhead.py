"""Measure what the harness itself costs between two windows, and what waiting costs beside it.

A worker that does nothing, a simulated GPU without latency, the real protocol ``paper``, the real
CodeCarbon, journal and fsync. Of each window's wall time the generation itself is taken off; what
is left is the harness. Waiting for refreshes of the counter and for the trace to see the end of
the work is idle time, and stands apart. The authors' scripts, which make a CodeCarbon tracker per
generation, lose 4.2 to 4.8 s there by their released logs; such a tracker is timed beside it, in
the same run.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
import warnings
from pathlib import Path

from repro.catalog import read_catalog
from repro.energy.alignment import Span
from repro.measuring.journal import Journal
from repro.measuring.modelrun import ModelRun
from repro.meter.counter import EnergyCounter
from repro.meter.device import simulated_device
from repro.meter.nvml import NvmlGpu
from repro.meter.simulated import SimulatedGpuSettings, SimulatedNvml
from repro.meter.ticks import Refresh
from repro.meter.trace import PowerTrace
from repro.request import Options, make_request
from repro.workers.adapter import AdapterProcess

GOAL_MS = 20.0
WINDOWS = 100
FOREIGN_TRACKERS = 5
ALIGNED_WINDOWS = 20

CARD = """
name = "idle"
title = "Does nothing"
in_paper = false
environment = "plain"
checkpoint = "none"
licence = "Apache-2.0"
dtype = "float32"
sample_rate_hz = 16000
channels = 1
"""

ADAPTER = """
class Silence:
    clips, seconds, sample_rate_hz, channels, latent_shape = 1, 0.0, 16000, 1, None
    def write(self, paths):
        for path in paths:
            open(path, "wb").close()

class Denoiser:
    def __init__(self):
        self.hooks = []
    def register_forward_pre_hook(self, hook):
        self.hooks.append(hook)
    def __call__(self):
        for hook in self.hooks:
            hook(self, ())

class Adapter:
    denoiser = Denoiser()
    def describe(self, size):
        return {"libraries": {}, "parameters": {}, "sample_rate_hz": 16000, "channels": 1}
    def refuse(self, **setting):
        return None
    def load(self, **args):
        return {name: args[name] for name in ("dtype", "attention", "device", "weights")}
    def generate(self, steps, **args):
        for _ in range(steps):
            self.denoiser()
        return Silence()
"""


class Stopwatch:
    """Adds up the time spent in a call, and notes when each call began and ended."""

    def __init__(self, owner: object, name: str) -> None:
        self.spans: list[tuple[float, float]] = []
        original = getattr(owner, name)

        def timed(*args: object, **options: object) -> object:
            begun = time.perf_counter()
            try:
                return original(*args, **options)
            finally:
                self.spans.append((begun, time.perf_counter()))

        setattr(owner, name, timed)

    def within(self, begin: float, end: float) -> float:
        """Return the seconds spent between two moments."""
        return sum(stop - start for start, stop in self.spans if begin <= start and stop <= end)


class Silent:
    """Hears a run and says nothing."""

    def begin(self, model: str, pending: object, total: int) -> None:
        """Ignore the beginning."""

    def window(self, entry: object) -> None:
        """Ignore a window."""

    def say(self, text: str) -> None:
        """Ignore a line."""


def measure() -> dict[str, object]:
    """Run the windows and return where the time between them went, in milliseconds."""
    generate = Stopwatch(AdapterProcess, "generate")
    waits = [Stopwatch(owner, name) for owner in (EnergyCounter, PowerTrace)
             for name in ("open", "close")]  # fmt: skip
    sync = Stopwatch(os, "fsync")
    record = Stopwatch(Journal, "window")
    with tempfile.TemporaryDirectory() as folder:
        _run(Path(folder))
    pauses, waited_ms, sync_ms = [], [], []
    for (_, earlier), (later, _) in zip(generate.spans[1:], generate.spans[2:], strict=False):
        waited_s = sum(wait.within(earlier, later) for wait in waits)
        pauses.append((later - earlier - waited_s) * 1000)
        waited_ms.append(waited_s * 1000)
        sync_ms.append(sync.within(earlier, later) * 1000)
    return {
        "windows": len(record.spans),
        "between_windows_median_ms": statistics.median(pauses),
        "between_windows_p95_ms": statistics.quantiles(pauses, n=20)[-1],
        "of_that_fsync_median_ms": statistics.median(sync_ms),
        "counter_and_trace_wait_besides_median_ms": statistics.median(waited_ms),
    }


def alignment_ms(refresh_period_s: float) -> float:
    """Return how long a window is waited for in all, with a counter that refreshes so often."""
    nvml = SimulatedNvml(SimulatedGpuSettings(refresh_period_s=refresh_period_s))
    gpu = NvmlGpu(nvml, 0, simulated=True)
    counter = EnergyCounter(gpu, Refresh(refresh_period_s, 0.0))
    times = []
    for _ in range(ALIGNED_WINDOWS):
        begun = time.perf_counter()
        counter.open(begun)
        opened = time.perf_counter()
        counter.close(Span(opened, opened))
        times.append((time.perf_counter() - begun) * 1000)
    return statistics.fmean(times)


def foreign_tracker_ms() -> float:
    """Return the median time a tracker made, started and stopped for one generation takes."""
    from codecarbon import OfflineEmissionsTracker

    times = []
    for _ in range(FOREIGN_TRACKERS):
        begun = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tracker = OfflineEmissionsTracker(
                country_iso_code="ITA", output_dir=folder, log_level="critical"
            )
            tracker.start()
            tracker.stop()
        times.append((time.perf_counter() - begun) * 1000)
    return statistics.median(times)


def _run(folder: Path) -> None:
    model_folder = folder / "models" / "idle"
    model_folder.mkdir(parents=True)
    (model_folder / "model.toml").write_text(CARD)
    (model_folder / "adapter.py").write_text(ADAPTER)
    model = read_catalog((folder / "models",))["idle"]
    options = Options(
        tier="full", studies=("steps",), steps=(10,), repeats=WINDOWS,
        weights="random", device="simulated",
    )  # fmt: skip
    # Refreshes much faster than a window lasts: what counts here is time and not energy.
    nvml = SimulatedNvml(SimulatedGpuSettings(refresh_period_s=1e-5))
    device = simulated_device(nvml)
    ModelRun(folder, model, make_request(options, model), device, Silent()).measure()


def main() -> int:
    """Print the answer; return 6 where the goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    arguments = parser.parse_args()
    details = measure()
    details["fresh_tracker_with_this_release_ms"] = foreign_tracker_ms()
    details["alignment_mean_ms_at_refresh_20_ms"] = alignment_ms(0.02)
    details["alignment_mean_ms_at_refresh_100_ms"] = alignment_ms(0.1)
    value = details["between_windows_p95_ms"]
    answer = {
        "question": "how long is the harness busy between two windows (95th percentile)?",
        "value": value,
        "unit": "ms",
        "goal": GOAL_MS,
        "ok": value <= GOAL_MS,
        "details": details,
    }
    if arguments.json:
        print(json.dumps(answer, indent=2))
    else:
        print(f"{answer['question']} {value:.2f} ms, goal {GOAL_MS:g} ms")
        for name, number in details.items():
            print(f"  {name}: {number:.3f}" if isinstance(number, float) else f"  {name}: {number}")
    return 0 if answer["ok"] else 6


if __name__ == "__main__":
    sys.exit(main())
