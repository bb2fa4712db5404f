"""Measure how true the counter meter is, against a board whose energy is known exactly.

The board is a model of its own, with nothing of the meter in it: idle power, a load in steps, an
energy counter that refreshes every 100 ms and calls that take 10 ms, on virtual time. It offers
the functions of ``pynvml`` and a clock; what it idles at, when it refreshes and where within a
call it is read are drawn anew for every board, and the meter has to find out. Beside the meter,
on the same windows: the trace's integral, and two meters that poll. The real CodeCarbon reads
the same kind of board in real time, which is why it has fewer windows.

Errors are in per cent of the true energy of a window; ``covered`` is how often the truth lies
within the stated uncertainty at a coverage factor of 2. The gain of a real board's sensor is no
part of this: the meter states it as a term of its own.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import statistics
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple

from repro.energy.alignment import Span
from repro.energy.budget import combined_j
from repro.energy.integral import integrate
from repro.meter.counter import EnergyCounter
from repro.meter.nvml import NvmlGpu
from repro.meter.ticks import Ticks, probe
from repro.meter.tracker import CodeCarbon

if TYPE_CHECKING:
    from collections.abc import Callable

PLOT = Path(__file__).parents[1] / "out" / "bench" / "meter_accuracy.png"

#: Seconds of a window -> most that bias and spread may be, in per cent of its energy.
GOALS = {0.5: 1.0, 2.0: 0.2, 8.0: 0.1, 11.0: 0.1}
COVERED = (93.0, 97.0)
WINDOWS_PER_BOARD = 10
#: The meter gets more than its peers: of 2,000 windows a coverage is known to half a per cent, one
#: standard deviation, and that is a quarter of what it may be off by.
TRIALS, PEER_TRIALS = 10_000, 2000
REAL_SECONDS, REAL_TRIALS = (0.5, 2.0), 20

REFRESH_S, LATENCY_S = 0.1, 0.01
#: Refreshes and calls are not quite regular.
REFRESH_JITTER_S, LATENCY_JITTER_S = 0.0015, 0.001


class Chance(NamedTuple):
    """What is drawn: with which seed, and how much refreshes come early or late at most."""

    seed: int = 0
    jitter_s: float = REFRESH_JITTER_S


METHODS = {
    "counter": "counter meter, aligned",
    "trace": "trace integral, 25 ms",
    "instant": "10 Hz, instantaneous",
    "average": "10 Hz, mean of last second",
    "codecarbon": "CodeCarbon 3.3.2 (real time)",
}


@dataclass(frozen=True)
class Work:
    """A load: between two moments, in steps that draw more and less by turns."""

    begin_s: float
    end_s: float
    mean_w: float
    swing_w: float
    step_s: float

    def energy_j(self, at: float) -> float:
        """Return what it drew up to a moment."""
        gone = min(max(at - self.begin_s, 0.0), self.end_s - self.begin_s)
        steps, part = divmod(gone, self.step_s)
        wave = self.step_s / 2 - abs(part - self.step_s / 2)
        return self.mean_w * (steps * self.step_s + part) + self.swing_w * wave


class Board:
    """A GPU: its true energy at any moment, and the counter that shows it now and then."""

    NVMLError = RuntimeError
    NVMLError_NotSupported = RuntimeError
    NVML_TEMPERATURE_GPU = 0

    def __init__(
        self, seed: str, clock: Callable[[], float], sleep: Callable[[float], None]
    ) -> None:
        self.random = random.Random(seed)  # noqa: S311 - a model, not a secret
        self.clock = clock
        self.sleep = sleep
        self.jitter_s = REFRESH_JITTER_S
        self.idle_w = self.random.uniform(40, 90)
        self.warm_w = self.random.uniform(0, 4)
        self.work: Work | None = None
        self._booted = clock() - 10.0
        self._phase_s = self.random.uniform(0, REFRESH_S)
        self._latched = self.random.uniform(0, 1)
        self._salt = self.random.uniform(0, 1000)

    def begin(self, seconds: float) -> Work:
        """Put on a load from now on, for so long."""
        now, draw = self.clock(), self.random.uniform
        mean_w = draw(150, 320)
        self.work = Work(now, now + seconds, mean_w, draw(0, 0.3) * mean_w, draw(0.021, 0.06))
        return self.work

    def idle_j(self, begin: float, end: float) -> float:
        """Return the energy of the idle board between two moments; after work it is warm."""
        warm_s = max(0.0, end - max(begin, self.work.end_s)) if self.work else 0.0
        busy_s = 0.0
        if self.work:
            busy_s = max(0.0, min(end, self.work.end_s) - max(begin, self.work.begin_s))
        return self.idle_w * (end - begin - busy_s) + self.warm_w * warm_s

    def energy_j(self, at: float) -> float:
        """Return the true energy up to a moment."""
        done = self.work.energy_j(at) if self.work else 0.0
        return self.idle_j(self._booted, at) + done

    def refreshed_at(self, at: float) -> float:
        """Return when the counter refreshed last before a moment."""
        number = math.floor((at - self._booted - self._phase_s) / REFRESH_S)
        tick = self._tick(number + 1)
        return tick if tick <= at else self._tick(number)

    def power_w(self, begin: float, end: float) -> float:
        """Return the mean power between two moments."""
        return (self.energy_j(end) - self.energy_j(begin)) / (end - begin)

    def nvmlDeviceGetTotalEnergyConsumption(self, _: int) -> int:  # noqa: N802
        """Answer in millijoules, after a while, with what stood there at some point of it."""
        called = self.clock()
        latency_s = LATENCY_S + self.random.uniform(-LATENCY_JITTER_S, LATENCY_JITTER_S)
        self.sleep(latency_s)
        return int(self.energy_j(self.refreshed_at(called + self._latched * latency_s)) * 1000)

    def _tick(self, number: int) -> float:
        # A number that looks drawn, the same at every call and much cheaper than a generator.
        drawn = math.sin(number * 12.9898 + self._salt) * 43758.5453 % 1
        late_s = (2 * drawn - 1) * self.jitter_s
        return self._booted + self._phase_s + number * REFRESH_S + late_s

    def __getattr__(self, name: str) -> Any:
        """Answer what else NVML is asked for."""
        if not name.startswith("nvml"):
            raise AttributeError(name)
        answers: dict[str, Any] = {
            "nvmlDeviceGetCount": 1,
            "nvmlDeviceGetHandleByIndex": 0,
            "nvmlDeviceGetName": "a board that is known",
            "nvmlDeviceGetUUID": "GPU-00000000-0000-0000-0000-000000000000",
            "nvmlDeviceGetMemoryInfo": SimpleNamespace(total=1 << 30, used=0, free=1 << 30),
            "nvmlDeviceGetUtilizationRates": SimpleNamespace(gpu=0, memory=0),
            "nvmlDeviceGetEnforcedPowerLimit": 400_000,
        }
        return lambda *_: answers.get(name)


class VirtualTime:
    """A clock that moves only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds


def virtual_trials(
    seconds: float, chance: Chance, peer_trials: int = PEER_TRIALS
) -> dict[str, list[tuple[float, float | None]]]:
    """Measure windows of this length; return for each method errors and uncertainties in %."""
    found: dict[str, list[tuple[float, float | None]]] = {}
    for number in range(TRIALS // WINDOWS_PER_BOARD):
        passing = VirtualTime()
        board = Board(f"{chance.seed} {seconds} {number}", passing, passing.sleep)
        board.jitter_s = chance.jitter_s
        gpu = NvmlGpu(board, 0, simulated=True)
        ticks = Ticks(gpu, passing, passing.sleep, seed=number)
        counter = EnergyCounter(gpu, probe(ticks), ticks)
        for _ in range(WINDOWS_PER_BOARD):
            passing.sleep(board.random.uniform(0.0, 1.0))
            peers = number < peer_trials // WINDOWS_PER_BOARD
            for method, error in _window(board, counter, seconds, peers=peers).items():
                found.setdefault(method, []).append(error)
    return found


def _window(
    board: Board, counter: EnergyCounter, seconds: float, *, peers: bool
) -> dict[str, tuple[float, float | None]]:
    board.work = None
    counter.open(board.clock())
    since = board.clock()
    board.sleep(0.001)
    work = board.begin(seconds)
    board.sleep(seconds)
    span = Span(work.begin_s, board.clock())
    (reading,) = counter.close(span).readings
    u_j = combined_j(reading.timing_u_j, reading.idle_u_j)
    true_j = work.energy_j(work.end_s)
    read: dict[str, tuple[float, float | None]] = {"counter": (reading.energy_j, u_j)}
    if peers:
        read["trace"] = _trace(board, span, since)
        read["instant"] = (_polled(board, span, _instant_w), None)
        read["average"] = (_polled(board, span, _average_w), None)
    return {
        method: ((energy_j / true_j - 1) * 100, uncertainty and uncertainty / true_j * 100)
        for method, (energy_j, uncertainty) in read.items()
    }


def _trace(board: Board, span: Span, since: float) -> tuple[float, float]:
    """Sample the sensor as the trace does, and integrate with the meter's own formula."""
    phase_s = board.random.uniform(0, 0.025)
    first, last = since - 0.1 - phase_s, span.end_s + 0.16
    moments = [first + 0.025 * number for number in range(math.ceil((last - first) / 0.025))]
    t_ms = [round((moment - since) * 1000) for moment in moments]
    power_mw = [round(_instant_w(board, moment) * 1000) for moment in moments]
    work = Span(span.begin_s - since, span.end_s - since)
    energy = integrate(t_ms, power_mw, work).energy
    return energy.energy_j, combined_j(energy.timing_u_j, energy.idle_u_j)


def _polled(board: Board, span: Span, power_w: Callable[[Board, float], float]) -> float:
    """Poll ten times a second from the beginning of the work and integrate by trapezoids."""
    seconds = span.end_s - span.begin_s
    count = max(2, round(seconds * 10) + 1)
    moments = [span.begin_s + seconds * number / (count - 1) for number in range(count)]
    powers = [power_w(board, moment) for moment in moments]
    return seconds / (count - 1) * (math.fsum(powers) - (powers[0] + powers[-1]) / 2)


def _instant_w(board: Board, at: float) -> float:
    """Return what a sensor shows that looks for 25 ms of every 100 (arXiv:2312.02741)."""
    taken = board.refreshed_at(at)
    return board.power_w(taken - 0.025, taken)


def _average_w(board: Board, at: float) -> float:
    """Return the mean of the last second."""
    taken = board.refreshed_at(at)
    return board.power_w(taken - 1.0, taken)


def real_trials() -> dict[float, list[tuple[float, float | None]]]:
    """Let the real CodeCarbon measure, in real time; the load it sees is a formula."""
    board = Board("real", time.perf_counter, time.sleep)
    tracker = CodeCarbon(0, board)
    found: dict[float, list[tuple[float, float | None]]] = {}
    for seconds in REAL_SECONDS:
        for _ in range(REAL_TRIALS):
            board.work = None
            time.sleep(board.random.uniform(0.05, 0.15))
            tracker.open(time.perf_counter())
            work = board.begin(seconds)
            time.sleep(seconds)
            gpu = tracker.close(Span(work.begin_s, work.end_s)).readings[0]
            error = (gpu.energy_j / work.energy_j(work.end_s) - 1) * 100
            found.setdefault(seconds, []).append((error, None))
    return found


def summarise(errors: list[tuple[float, float | None]]) -> dict[str, float | int | None]:
    """Return bias, spread, the largest error and the coverage of one method at one length."""
    values = [error for error, _ in errors]
    stated = [(abs(error), u) for error, u in errors if u is not None]
    covered = 100 * sum(error <= 2 * u for error, u in stated) / len(stated) if stated else None
    return {
        "trials": len(values),
        "bias_percent": statistics.fmean(values),
        "spread_percent": statistics.stdev(values),
        "worst_percent": max(values, key=abs),
        "stated_u_percent": statistics.fmean(u for _, u in stated) if stated else None,
        "covered_percent": covered,
    }


def measure(chance: Chance) -> list[dict[str, Any]]:
    """Return a row for each length and method; CodeCarbon's real time is left to the first seed."""
    rows: list[dict[str, Any]] = []
    for seconds in GOALS:
        found = virtual_trials(seconds, chance)
        rows += [{"seconds": seconds, "method": name, **summarise(e)} for name, e in found.items()]
    for seconds, errors in (real_trials() if chance == Chance() else {}).items():
        rows.append({"seconds": seconds, "method": "codecarbon", **summarise(errors)})
    return rows


def coverage() -> None:
    """Print how often the truth is covered with other seeds and other jitter, the meter alone."""
    print("seed  jitter", *(f"{seconds:>6g} s" for seconds in GOALS))
    for chance in (*map(Chance, range(4)), Chance(jitter_s=0.0), Chance(jitter_s=0.005)):
        covered = (
            summarise(virtual_trials(seconds, chance, peer_trials=0)["counter"])["covered_percent"]
            for seconds in GOALS
        )
        cells = (f"{percent:6.1f} %" for percent in covered)
        print(f"{chance.seed:4}  {chance.jitter_s * 1000:3g} ms", *cells, flush=True)


def judge(rows: list[dict[str, Any]]) -> tuple[float, bool]:
    """Return the largest share of a goal that the counter meter uses up, and whether it is good."""
    counter = [row for row in rows if row["method"] == "counter"]
    used = max(
        max(abs(row["bias_percent"]), row["spread_percent"]) / GOALS[row["seconds"]]
        for row in counter
    )
    low, high = COVERED
    return used, used <= 1 and all(low <= row["covered_percent"] <= high for row in counter)


def draw(rows: list[dict[str, Any]]) -> None:
    """Draw bias and spread of each method against the length of the window."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(7.5, 4.8), layout="constrained")
    styles = zip(METHODS.items(), "osDv^", ("#0072b2", "#56b4e9", "#e69f00", "#999999", "#d55e00"),
                 strict=True)  # fmt: skip
    lengths = list(GOALS)
    for place, ((method, label), marker, colour) in enumerate(styles):
        own = [row for row in rows if row["method"] == method]
        axes.errorbar(
            [lengths.index(row["seconds"]) + 0.14 * (place - 2) for row in own],
            [row["bias_percent"] for row in own],
            yerr=[2 * row["spread_percent"] for row in own],
            fmt=marker, color=colour, label=label, markersize=5, capsize=3, linewidth=1.2,
        )  # fmt: skip
    for place, goal in enumerate(GOALS.values()):
        label = None if place else "goal of the counter meter"
        axes.fill_between([place - 0.42, place + 0.42], -goal, goal, color="#0072b2", alpha=0.13,
                          linewidth=0, label=label)  # fmt: skip
    axes.axhline(0, color="black", linewidth=0.6)
    axes.set_yscale("symlog", linthresh=0.1)
    axes.set_yticks([-100, -10, -1, -0.1, 0, 0.1, 1, 10])
    axes.set_yticklabels(["-100", "-10", "-1", "-0.1", "0", "0.1", "1", "10"])
    axes.set_xticks(range(len(lengths)), [f"{seconds:g} s" for seconds in lengths])
    axes.set_xlabel("length of the window")
    axes.set_ylabel("error of the energy in %: bias ± 2 sd")
    axes.set_title("Simulated board of known energy: counter refresh 100 ms, call 10 ms",
                   fontsize=10)  # fmt: skip
    figure.legend(fontsize=8, loc="outside lower center", ncols=3, frameon=False)
    PLOT.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(PLOT, dpi=150)
    plt.close(figure)


def show(rows: list[dict[str, Any]]) -> None:
    """Print the rows as a table."""
    print(f"{'window':>7}  {'method':30} {'trials':>6} {'bias':>8} {'sd':>7} {'worst':>8} "
          f"{'stated u':>8} {'covered':>8}")  # fmt: skip
    for row in rows:
        stated = "" if row["stated_u_percent"] is None else f"{row['stated_u_percent']:.3f} %"
        covered = "" if row["covered_percent"] is None else f"{row['covered_percent']:.1f} %"
        print(f"{row['seconds']:5g} s  {METHODS[row['method']]:30} {row['trials']:6} "
              f"{row['bias_percent']:+7.3f}% {row['spread_percent']:6.3f}% "
              f"{row['worst_percent']:+7.2f}% {stated:>8} {covered:>8}")  # fmt: skip


def main() -> int:
    """Print the answer; return 1 where the goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--seed", type=int, default=Chance().seed, help="draw other boards")
    parser.add_argument("--jitter-ms", type=float, default=1000 * REFRESH_JITTER_S,
                        help="how early or late a refresh of the counter comes")  # fmt: skip
    parser.add_argument("--coverage", action="store_true", help="the meter alone, several seeds")
    arguments = parser.parse_args()
    if arguments.coverage:
        coverage()
        return 0
    chance = Chance(arguments.seed, arguments.jitter_ms / 1000)
    rows = measure(chance)
    if chance == Chance():
        draw(rows)
    value, ok = judge(rows)
    answer = {
        "question": "how much of the allowed error does the counter meter use up, at most?",
        "value": value,
        "unit": "of goal",
        "goal": 1.0,
        "ok": ok,
        "details": {"goals_percent": {f"{s:g} s": goal for s, goal in GOALS.items()},
                    "covered_percent_goal": COVERED, "chance": chance._asdict(), "rows": rows},
    }  # fmt: skip
    if arguments.json:
        print(json.dumps(answer, indent=2))
    else:
        show(rows)
        print(f"{answer['question']} {value:.2f}, goal 1; covered goal {COVERED}: ok={ok}")
        print(f"plot: {PLOT}" if chance == Chance() else f"{chance}")
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
