"""Energies of a run and their uncertainties, done again from its raw reads and samples."""

from __future__ import annotations

import math
import tomllib
from itertools import pairwise
from typing import TYPE_CHECKING

from repro.energy.alignment import Aligned, Energy, Span, Tick, Unaligned
from repro.energy.budget import combined_j, gain_j, quantisation_j
from repro.energy.gate import Judged, dispute, without_tail_j
from repro.energy.integral import integrate
from repro.energy.units import JOULES_PER_KWH
from repro.records import Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from repro.records import Reading, Run, WindowEntry

JOULES_PER_UNIT = {"mJ": 1e-3, "J": 1.0, "kWh": JOULES_PER_KWH}
# one step of the counter
COUNTER_STEP_J = 1e-3
# the refresh period is probed anew where a run is resumed; one too short to be seen comes out as
# the time that a read takes, which differs more
PERIOD_TOLERANCE, PERIOD_SLACK_S = 0.1, 1e-3
# what a reading with a budget states beside its energy
_BUDGET = ("t_begin_s", "t_end_s", "idle_before_w", "idle_after_w", "timing_u_j", "idle_u_j",
           "gain_u_j")  # fmt: skip


def where(entry: WindowEntry) -> str:
    """Name a window in a message."""
    return f"window {entry.row.window}"


def same(left: float, right: float) -> bool:
    """Tell whether two values of one formula agree, to within a step of the counter."""
    return math.isclose(left, right, rel_tol=1e-6, abs_tol=COUNTER_STEP_J)


def idle_j(reading: Reading) -> float:
    """Return the idle energy that a reading reaching beyond the work was corrected by."""
    if reading.t_begin_s is None or reading.t_end_s is None:
        return 0.0
    lead_s, tail_s = reading.t_begin_s - reading.t_open_s, reading.t_close_s - reading.t_end_s
    return (reading.idle_before_w or 0.0) * lead_s + (reading.idle_after_w or 0.0) * tail_s


def edges(run: Run) -> Iterator[str]:
    """Recompute idle powers and uncertainties from the refreshes of the counter and the samples."""
    align, refresh_s = tomllib.loads(run.header.protocol_toml).get("align"), refresh_period_s(run)
    for entry in run.entries:
        unaligned_s = refresh_s if align is not None and entry.row.study not in align else None
        for reading in entry.readings:
            found = _edge(reading, entry, unaligned_s) if _reaches_beyond(reading) else None
            if found:
                yield f"{where(entry)}: {reading.instrument}: {found}"
        if entry.trace is not None and not any(r.instrument == "trace" for r in entry.readings):
            yield f"{where(entry)}: samples without the reading made of them"


def _reaches_beyond(reading: Reading) -> bool:
    return reading.quantity == "gpu" and (
        reading.instrument == "trace" or reading.t_begin_s is not None
    )


def _edge(reading: Reading, entry: WindowEntry, unaligned_s: float | None) -> str | None:
    """Return what is wrong; ``unaligned_s`` is the refresh period where nobody need wait for it."""
    begin_s, end_s = reading.t_begin_s, reading.t_end_s
    if begin_s is None or end_s is None or not same(end_s - begin_s, entry.row.duration_s or 0):
        return "expected the work to last as long as the window"
    work = Span(begin_s, end_s)
    try:
        if reading.instrument == "trace":
            energy = _traced(entry, work)
        elif unaligned_s is not None and reading.raw_before is None:
            energy = _unaligned(reading, work, unaligned_s)
        else:
            energy = _aligned(reading, work)
    except ValueError as error:
        return str(error)
    expected = {**energy._asdict(), "gain_u_j": gain_j(abs(energy.energy_j))}
    for name, value in expected.items():
        stated = getattr(reading, name)
        if stated is None or not same(stated, value):
            return f"{name} is {stated}, the raw reads give {value:.6g}"
    return None


def _aligned(reading: Reading, work: Span) -> Energy:
    t_s = (reading.t_before_s, reading.t_open_s, reading.t_close_s, reading.t_after_s)
    raw = (reading.raw_before, reading.raw_open, reading.raw_close, reading.raw_after)
    ticks = [
        Tick(at_s, counted * JOULES_PER_UNIT["mJ"])
        for at_s, counted in zip(t_s, raw, strict=True)
        if at_s is not None and counted is not None
    ]
    if len(ticks) != len(t_s) or reading.tick_u_s is None:
        raise ValueError("expected two refreshes before the work and two after it")
    before, opened, closed, after = ticks
    times = (before.at_s, opened.at_s, *work, closed.at_s, after.at_s)
    slack_s = reading.tick_u_s * math.sqrt(12)
    if any(later < earlier - slack_s for earlier, later in pairwise(times)) or not (
        before.at_s < opened.at_s < closed.at_s < after.at_s
    ):
        raise ValueError("expected refreshes and work in the order of time")
    if any(later.energy_j < earlier.energy_j for earlier, later in pairwise(ticks)):
        raise ValueError("the counter went backwards")
    return Aligned(before, opened, closed, after).energy(work, reading.tick_u_s)


def _unaligned(reading: Reading, work: Span, refresh_s: float) -> Energy:
    tick_u_s = refresh_s / math.sqrt(12)
    if reading.idle_before_w is None or reading.idle_after_w is None or reading.tick_u_s is None:
        raise ValueError("expected the power beside both reads of the counter")
    slack_s = PERIOD_SLACK_S / math.sqrt(12)
    if not math.isclose(reading.tick_u_s, tick_u_s, rel_tol=PERIOD_TOLERANCE, abs_tol=slack_s):
        raise ValueError(f"tick_u_s is {reading.tick_u_s}, the refreshes give {tick_u_s:.6g}")
    # A read stands for a refresh half a period earlier.
    if reading.t_open_s > work.begin_s or reading.t_close_s < work.end_s + (
        reading.tick_u_s * math.sqrt(12) / 2
    ):
        raise ValueError("expected reads before the work and a refresh after it")
    opened, closed = (
        Tick(at_s, counted * JOULES_PER_UNIT["mJ"])
        for at_s, counted in (
            (reading.t_open_s, reading.raw_open), (reading.t_close_s, reading.raw_close),
        )
    )  # fmt: skip
    idle_w = (reading.idle_before_w, reading.idle_after_w)
    return Unaligned(opened, closed).energy(work, idle_w, reading.tick_u_s)


def _traced(entry: WindowEntry, work: Span) -> Energy:
    if entry.trace is None:
        raise ValueError("expected the samples it was made of, found none")
    return integrate(entry.trace.t_ms, entry.trace.power_mw, work).energy


def agreement(run: Run) -> Iterator[str]:
    """Judge the readings again; windows without a reading of known uncertainty are left alone."""
    refresh_s = refresh_period_s(run)
    for entry in run.entries:
        duration_s = entry.row.duration_s
        gpu = [reading for reading in entry.readings if reading.quantity == "gpu"]
        budgeted = any(reading.timing_u_j is not None for reading in gpu)
        status = entry.row.status
        if status not in {Status.OK, Status.DISPUTED} or duration_s is None or not budgeted:
            continue
        known = [reading for reading in gpu if reading.energy_j > 0]
        judged = [_judged(reading, known, duration_s, refresh_s) for reading in known]
        found = dispute(judged, duration_s)
        if found and status is Status.OK:
            yield f"{where(entry)}: ok, and {found}"
        if not found and status is Status.DISPUTED:
            yield f"{where(entry)}: disputed, and its readings agree"


def refresh_period_s(run: Run) -> float:
    """Return how often the energy counter moves, as the instruments say; 0 without one."""
    instruments = run.header.environment.instruments
    return max((item.refresh_period_s or 0.0 for item in instruments), default=0.0)


def completeness(run: Run) -> Iterator[str]:
    """Look for what the instruments of the run read and the bundle does not hold.

    An instrument that states a gain reads the GPU with a budget, in every window that was read.
    """
    instruments = run.header.environment.instruments
    budgeted = [one.name for one in instruments if one.gain_tolerance is not None]
    for entry in run.entries:
        readings = {one.instrument: one for one in entry.readings if one.quantity == "gpu"}
        for name in budgeted if entry.readings else ():
            if name not in readings:
                yield f"{where(entry)}: expected a reading of {name}, an instrument of the run"
            elif missing := [one for one in _BUDGET if getattr(readings[name], one) is None]:
                yield f"{where(entry)}: {name}: expected {missing[0]}, found none"


def _judged(
    reading: Reading, known: Iterable[Reading], duration_s: float, refresh_s: float
) -> Judged:
    energy_j = reading.energy_j
    if reading.timing_u_j is None:
        budgeted = next((one for one in known if one.t_end_s is not None), None)
        if budgeted is not None and budgeted.t_end_s is not None:
            tail_s = reading.t_close_s - budgeted.t_end_s
            energy_j = without_tail_j(energy_j, tail_s, budgeted.idle_after_w or 0.0)
        u_j = quantisation_j(reading.energy_j / duration_s, refresh_s)
    else:
        u_j = combined_j(reading.timing_u_j, reading.idle_u_j)
    return Judged(reading.instrument, energy_j, u_j)


def uncertainty(run: Run) -> Iterator[str]:
    """Recompute the uncertainty of each headline whose reading has a budget."""
    for entry in run.entries:
        row = entry.row
        reading = next(
            (r for r in entry.readings if (r.instrument, r.quantity) == (row.gpu_meter, "gpu")),
            None,
        )
        if reading is None or reading.timing_u_j is None or not row.duration_s:
            continue
        expected = combined_j(reading.timing_u_j, reading.idle_u_j)
        if not same(row.uncertainty_j or 0.0, expected):
            stated = f"uncertainty_j is {row.uncertainty_j}"
            yield f"{where(entry)}: {stated}, the reads give {expected:.6g}"
