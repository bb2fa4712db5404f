"""Windows with a budgeted counter reading and a trace, as the meter would have written them."""

from __future__ import annotations

from repro.energy.alignment import Aligned, Span, Tick
from repro.energy.budget import gain_j
from repro.energy.integral import integrate
from repro.records import Reading, Trace

IDLE_W = 60.0
LEAD_S, TAIL_S, PERIOD_S = 0.25, 0.2, 0.1
TICK_U_S = 0.003


def with_budget(entry, *, idle_w=IDLE_W, power_w=None):
    """Replace the readings of the counter and of the trace; an entry without GPU stays as it is."""
    if entry.row.gpu_energy_j is None:
        return entry
    work = Span(LEAD_S, LEAD_S + entry.row.duration_s)
    power_w = power_w or entry.row.gpu_energy_j / entry.row.duration_s
    counter = _counter(work, idle_w, power_w)
    trace = _samples(work, idle_w, power_w)
    traced = _traced(trace, work)
    kept = [one for one in entry.readings if one.instrument == "codecarbon"]
    codecarbon = [
        _scaled(one, power_w * entry.row.duration_s) for one in kept if one.quantity == "gpu"
    ]
    others = [one for one in kept if one.quantity != "gpu"]
    energies = {
        "gpu_energy_j": codecarbon[0].energy_j,
        "gpu_energy_codecarbon_j": codecarbon[0].energy_j,
        "gpu_energy_counter_j": counter.energy_j,
        "gpu_energy_trace_j": traced.energy_j,
    }
    return entry.model_copy(
        update={
            "row": entry.row.model_copy(update=energies),
            "readings": (*codecarbon, counter, traced, *others),
            "trace": trace,
        }
    )


def _scaled(reading, energy_j):
    return reading.model_copy(update={"energy_j": energy_j, "raw_close": energy_j / 3.6e6})


def _counter(work, idle_w, power_w):
    opened_s, closed_s = work.begin_s - 0.05, work.end_s + 0.04
    work_mj = round(1000 * (power_w * (work.end_s - work.begin_s) + idle_w * 0.09))
    step_mj = round(1000 * idle_w * PERIOD_S)
    raw = (1_000_000, 1_000_000 + step_mj, 1_000_000 + step_mj + work_mj)
    raw = (*raw, raw[-1] + step_mj)
    times = (opened_s - PERIOD_S, opened_s, closed_s, closed_s + PERIOD_S)
    ticks = Aligned(*(Tick(t, counted / 1000) for t, counted in zip(times, raw, strict=True)))
    energy = ticks.energy(work, TICK_U_S)
    return Reading(
        instrument="counter", quantity="gpu", source="measured", raw_unit="mJ",
        raw_before=raw[0], raw_open=raw[1], raw_close=raw[2], raw_after=raw[3],
        t_before_s=times[0], t_open_s=times[1], t_close_s=times[2], t_after_s=times[3],
        tick_u_s=TICK_U_S, **_common(work, energy),
    )  # fmt: skip


def _samples(work, idle_w, power_w):
    last = round((work.end_s + TAIL_S) * 1000)
    t_ms = tuple(range(0, last, 25))
    busy = [work.begin_s <= t / 1000 < work.end_s for t in t_ms]
    moments = tuple(t_ms[::10])
    return Trace(
        t_ms=t_ms,
        power_mw=tuple(round(1000 * (power_w if on else idle_w)) for on in busy),
        condition_t_ms=moments,
        temperature_c=tuple(55 for _ in moments),
        sm_clock_mhz=tuple(1740 for _ in moments),
        memory_clock_mhz=tuple(None for _ in moments),
        event_reasons=tuple(0 for _ in moments),
    )


def _traced(trace, work):
    integral = integrate(trace.t_ms, trace.power_mw, work)
    return Reading(
        instrument="trace", quantity="gpu", source="measured", raw_unit="J",
        raw_open=0.0, raw_close=integral.whole_j,
        t_open_s=integral.span.begin_s, t_close_s=integral.span.end_s,
        **_common(work, integral.energy),
    )  # fmt: skip


def _common(work, energy):
    return {
        **energy._asdict(),
        "t_begin_s": work.begin_s,
        "t_end_s": work.end_s,
        "gain_u_j": gain_j(abs(energy.energy_j)),
    }
