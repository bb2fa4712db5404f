"""Whether the numbers of a run can be what they say: recomputed from raw reads, not believed.

A signature shows who signed, not that the measurement was honest; whoever invents a row must
at least invent reads, times and powers that agree with it.
"""

from __future__ import annotations

import math
import tomllib
from collections import Counter
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from repro.bundle.recomputed import (
    JOULES_PER_UNIT,
    agreement,
    completeness,
    edges,
    idle_j,
    refresh_period_s,
    same,
    uncertainty,
    where,
)
from repro.energy.gate import SHORT_WINDOW_S
from repro.records import BundleClass, Reading, Run, Status, Window, WindowEntry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

RAW_UNIT = {"codecarbon": "kWh", "counter": "mJ", "trace": "J"}
GPU_COLUMN = {name: f"gpu_energy_{name}_j" for name in RAW_UNIT}

# a limit is enforced over tens of milliseconds, and a board may overshoot it briefly
LIMIT_MARGIN = 1.05
# a board that computes draws more than one that does not; what a sensor of 100 ms and its delay
# make of a window that is hardly longer can be anything
LEAST_OF_IDLE = 0.5
# NVIDIA's counters move every 20 to 100 ms: a short window may be credited with a whole tick
COUNTER_REFRESH_S = 0.1
# an instrument opens and closes around the window, and a call to it takes time; a tracker that
# is made for each generation closes seconds after it
SPAN_SHORT_S = 0.5
SPAN_LONG_S = 30.0
# a wall clock may be set while a run goes on
CLOCK_STEP = timedelta(seconds=1)


def examine(run: Run) -> list[tuple[str, str | None]]:
    """Return each check by name with its first problem; an imported run has none to recompute."""
    if run.header.environment.imported:
        return []
    return [(name, next(check(run), None)) for name, check in CHECKS.items()]


def _class(run: Run) -> Iterator[str]:
    environment = run.header.environment
    gpu = environment.machine.gpu
    real = gpu is not None and not gpu.simulated and environment.size == "full"
    expected = BundleClass.MEASURED if real else BundleClass.DEMONSTRATION
    if environment.bundle_class != expected:
        yield f"expected {expected} on this machine, found {environment.bundle_class}"


def _plan(run: Run) -> Iterator[str]:
    rows = [entry.row for entry in run.entries]
    if [row.window for row in rows] != list(range(len(rows))):
        yield "windows are not numbered from 0 without a gap"
    measured = [row for row in rows if not row.warmup]
    if len(measured) != run.header.planned_windows:
        yield f"expected {run.header.planned_windows} planned windows, found {len(measured)}"
    counts = Counter(_point(row) for row in measured)
    yield from (f"{_say(point)} is there twice" for point, count in counts.items() if count > 1)


def _point(row: Window) -> tuple[object, ...]:
    return (
        row.study, row.steps, row.batch_size, row.repeat, row.item, row.dataset, row.stage,
    )  # fmt: skip


def _say(point: tuple[object, ...]) -> str:
    names = ("study", "steps", "batch_size", "repeat", "item", "dataset", "stage")
    return " ".join(f"{name}={value}" for name, value in zip(names, point, strict=True))


def _sessions(run: Run) -> Iterator[str]:
    firsts = [session.first_window for session in run.sessions]
    if firsts != sorted(firsts) or not all(0 <= first <= len(run.entries) for first in firsts):
        yield "first windows expected in order and within the run"


def _model(run: Run) -> Iterator[str]:
    name = tomllib.loads(run.header.model_toml).get("name")
    for entry in run.entries:
        if entry.row.model != name:
            yield f"{where(entry)}: model expected as in model.toml, found another"


def _steps(run: Run) -> Iterator[str]:
    for entry in run.entries:
        row = entry.row
        if row.status.is_done and row.stage is None and row.executed_steps == 0:
            yield f"{where(entry)}: {row.status} without a call of the denoiser"


def _time(run: Run) -> Iterator[str]:
    for entry in run.entries:
        if entry.row.status is Status.OK and entry.row.duration_s is None:
            yield f"{where(entry)}: ok without a duration"
        if entry.row.clips % entry.row.generations:
            yield f"{where(entry)}: {entry.row.clips} clips in {entry.row.generations} generations"
        if not _utc(entry.row.started_at):
            yield f"{where(entry)}: started_at expected a time in UTC"
    for before, after in pairwise(run.entries):
        if _start(after) < _end(before) - CLOCK_STEP:
            yield f"{where(after)}: begins before window {before.row.window} has ended"


def _utc(text: str) -> bool:
    return datetime.fromisoformat(text).utcoffset() == timedelta(0)


def _start(entry: WindowEntry) -> datetime:
    return datetime.fromisoformat(entry.row.started_at)


def _end(entry: WindowEntry) -> datetime:
    return _start(entry) + timedelta(seconds=entry.row.duration_s or 0)


def _reads(run: Run) -> Iterator[str]:
    for entry in run.entries:
        for reading in entry.readings:
            found = _read(reading, entry.row)
            if found:
                yield f"{where(entry)}: {reading.instrument} {reading.quantity}: {found}"


def _read(reading: Reading, row: Window) -> str | None:
    if reading.quantity == "gpu" and reading.raw_unit != RAW_UNIT[reading.instrument]:
        return f"unit expected {RAW_UNIT[reading.instrument]}, found {reading.raw_unit}"
    raw_j = (reading.raw_close - reading.raw_open) * JOULES_PER_UNIT[reading.raw_unit]
    net_j = raw_j - idle_j(reading)
    if raw_j < 0 or not same(reading.energy_j, net_j):
        return f"raw reads give {net_j:.6g} J, found {reading.energy_j:.6g} J"
    span_s = reading.t_close_s - reading.t_open_s
    least = 0.95 * (row.duration_s or 0) - SPAN_SHORT_S
    if not max(0.0, least) <= span_s <= (row.duration_s or math.inf) + SPAN_LONG_S:
        return f"spans {span_s:.6g} s, the window lasted {row.duration_s} s"
    return None


def _energy(run: Run) -> Iterator[str]:
    for entry in run.entries:
        for column, expected in _columns(entry).items():
            found = getattr(entry.row, column)
            if not _agrees(found, expected, entry.row.status):
                yield f"{where(entry)}: {column} is {found}, the reads give {expected or 'none'}"


def _columns(entry: WindowEntry) -> dict[str, list[float]]:
    """Return the energies that the reads give for each column that comes from them."""
    found: dict[str, list[float]] = {name: [] for name in GPU_COLUMN.values()}
    found |= {"cpu_energy_j": [], "ram_energy_j": []}
    for reading in entry.readings:
        gpu = reading.quantity == "gpu"
        column = GPU_COLUMN[reading.instrument] if gpu else f"{reading.quantity}_energy_j"
        found[column].append(reading.energy_j)
    return found


def _agrees(value: float | None, reads: list[float], status: Status) -> bool:
    if value is None:
        return not any(reads) or status not in {Status.OK, Status.DISPUTED}
    return any(same(value, read) for read in reads)


def _headline(run: Run) -> Iterator[str]:
    gpu = run.header.environment.machine.gpu
    for entry in run.entries:
        row = entry.row
        if (row.gpu_energy_j is None) != (row.gpu_meter is None):
            yield f"{where(entry)}: gpu_energy_j and gpu_meter expected both or neither"
        if row.gpu_meter is not None:
            column = GPU_COLUMN.get(row.gpu_meter)
            if column is None or row.gpu_energy_j != getattr(row, column):
                yield f"{where(entry)}: gpu_energy_j differs from the column its gpu_meter names"
        if row.status is Status.OK and (row.gpu_energy_j if gpu else row.cpu_energy_j) is None:
            yield f"{where(entry)}: ok without {'GPU' if gpu else 'CPU'} energy"
        if gpu is None and any(reading.quantity == "gpu" for reading in entry.readings):
            yield f"{where(entry)}: GPU energy on a machine without a GPU"


def _sources(run: Run) -> Iterator[str]:
    for entry in run.entries:
        for quantity in ("cpu", "ram"):
            value = getattr(entry.row, f"{quantity}_energy_j")
            source = getattr(entry.row, f"{quantity}_source")
            read = {r.source for r in entry.readings if r.quantity == quantity}
            if value is not None and source not in read:
                yield f"{where(entry)}: {quantity}_source is {source}, the reads say otherwise"


def _power(run: Run) -> Iterator[str]:
    gpu = run.header.environment.machine.gpu
    # what a simulated board draws is a setting, and a wrong counter one of its uses
    if gpu is None or gpu.simulated or gpu.power_limit_w is None:
        return
    refresh_s = max(COUNTER_REFRESH_S, refresh_period_s(run))
    # a disputed row holds a reading known to be wrong, and is left out of every mean
    rows = (entry for entry in run.entries if entry.row.status is Status.OK)
    for entry in rows:
        duration_s = entry.row.duration_s or math.inf
        for reading in entry.readings:
            idle_w = min(reading.idle_before_w or 0.0, reading.idle_after_w or 0.0)
            power_w = reading.energy_j / duration_s
            faint = duration_s >= SHORT_WINDOW_S and power_w < LEAST_OF_IDLE * idle_w
            if reading.quantity == "gpu" and faint:
                yield (
                    f"{where(entry)}: {reading.instrument} {power_w:.6g} W, "
                    f"expected above half the idle power of {idle_w:.6g} W"
                )
            span_s = reading.t_close_s - reading.t_open_s + refresh_s
            limit_j = LIMIT_MARGIN * gpu.power_limit_w * span_s
            if reading.quantity == "gpu" and reading.energy_j > limit_j:
                yield (
                    f"{where(entry)}: {reading.instrument} {reading.energy_j / span_s:.6g} W, "
                    f"expected below the limit of {gpu.power_limit_w:.6g} W"
                )


CHECKS: dict[str, Callable[[Run], Iterator[str]]] = {
    "class": _class,
    "plan": _plan,
    "sessions": _sessions,
    "model": _model,
    "steps": _steps,
    "time": _time,
    "reads": _reads,
    "edges": edges,
    "energy": _energy,
    "headline": _headline,
    "sources": _sources,
    "power": _power,
    "uncertainty": uncertainty,
    "agreement": agreement,
    "completeness": completeness,
}
