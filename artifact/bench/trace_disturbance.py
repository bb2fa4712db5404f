"""Measure how much the power trace slows down what runs beside it.

A process computes the same again and again, and this one samples a simulated GPU whose calls take
a millisecond each, in every other window: as a run is sampled, by a thread that sleeps in
between. What counts is the ratio of each window with the trace to the mean of its neighbours
without, so that a machine that gets slower meanwhile does not matter.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time

from repro.energy.alignment import Span
from repro.meter.nvml import NvmlGpu
from repro.meter.simulated import SimulatedGpuSettings, SimulatedNvml
from repro.meter.trace import INTERVAL_S, PowerTrace

GOAL = 1.01
PAIRS = 30
LATENCY_S = 0.001

WORKER = """
import sys, time
for line in sys.stdin:
    begun = time.perf_counter()
    x = 1
    for number in range({count}):
        x = (x * 1103515245 + number) % 2147483648
    print(time.perf_counter() - begun, flush=True)
"""
ROUNDS = 3_000_000


def measure() -> dict[str, object]:
    """Return the ratio of the times with the trace to those without, by median."""
    gpu = NvmlGpu(SimulatedNvml(SimulatedGpuSettings(latency_s=LATENCY_S)), 0, simulated=True)
    trace = PowerTrace(gpu)
    command = [sys.executable, "-c", WORKER.format(count=ROUNDS)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as one:
        _compute(one)
        times = [_window(one, trace if number % 2 else None) for number in range(2 * PAIRS + 1)]
        one.communicate()
    ratios = [
        2 * times[number] / (times[number - 1] + times[number + 1])
        for number in range(1, len(times), 2)
    ]
    quartiles = statistics.quantiles(ratios, n=4)
    return {
        "ratio_median": statistics.median(ratios),
        "ratio_quartiles": [quartiles[0], quartiles[2]],
        # Of a median: 1.25 standard errors of a mean, had the ratios a normal distribution.
        "ratio_u": 1.25 * (quartiles[2] - quartiles[0]) / 1.349 / PAIRS**0.5,
        "pairs": PAIRS,
        "window_s": statistics.median(times),
        "interval_s": INTERVAL_S,
        "call_s": LATENCY_S,
    }


def _window(worker: subprocess.Popen[str], trace: PowerTrace | None) -> float:
    if trace is None:
        return _compute(worker)
    trace.open(time.perf_counter())
    time.sleep(0.01)
    begun = time.perf_counter()
    taken_s = _compute(worker)
    trace.close(Span(begun, time.perf_counter()))
    return taken_s


def _compute(worker: subprocess.Popen[str]) -> float:
    if worker.stdin is None or worker.stdout is None:
        raise RuntimeError("the worker has no pipes")
    worker.stdin.write("again\n")
    worker.stdin.flush()
    return float(worker.stdout.readline())


def main() -> int:
    """Print the answer; return 6 where the goal is missed by more than the noise."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    arguments = parser.parse_args()
    details = measure()
    value, u = float(details["ratio_median"]), float(details["ratio_u"])
    answer = {
        "question": "how much longer does a process take while the trace is sampled?",
        "value": value,
        "unit": "ratio",
        "goal": GOAL,
        "ok": value - 2 * u <= GOAL,
        "details": details,
    }
    if arguments.json:
        print(json.dumps(answer, indent=2))
    else:
        print(f"{answer['question']} {value:.4f} (u {u:.4f}), goal {GOAL:g}")
        for name, found in details.items():
            print(f"  {name}: {found}")
    return 0 if answer["ok"] else 6


if __name__ == "__main__":
    sys.exit(main())
