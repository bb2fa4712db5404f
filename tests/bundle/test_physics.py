"""Numbers that cannot be true, signed again by whoever invented them."""

from __future__ import annotations

import math

import pytest

from repro.bundle import Verdict, datapackage, payload, physics, seal
from repro.bundle import seal as public_seal
from repro.bundle.recomputed import _unaligned
from repro.bundle.run_contents import RunContents
from repro.bundle.seal import assemble, complete
from repro.energy.alignment import Span
from repro.energy.budget import gain_j
from repro.records import BundleClass, Instrument, Status
from repro.signing import ephemeral_key
from tests.budgets import with_budget
from tests.bundle.forge import assert_invalid, files_of, resign
from tests.factories import make_gpu, make_run

BUDGET = (
    "t_begin_s", "t_end_s", "idle_before_w", "idle_after_w", "tick_u_s", "timing_u_j", "idle_u_j",
    "gain_u_j", "raw_before", "t_before_s", "raw_after", "t_after_s",
)  # fmt: skip


def with_row(run, number, **changes):
    entry = run.entries[number]
    row = entry.row.model_copy(update=changes)
    return with_entry(run, number, entry.model_copy(update={"row": row}))


def with_reading(run, number, which, **changes):
    entry = run.entries[number]
    readings = list(entry.readings)
    readings[which] = readings[which].model_copy(update=changes)
    return with_entry(run, number, entry.model_copy(update={"readings": tuple(readings)}))


def with_entry(run, number, entry):
    entries = (*run.entries[:number], entry, *run.entries[number + 1 :])
    return run.model_copy(update={"entries": entries})


def with_environment(run, **changes):
    environment = run.header.environment.model_copy(update=changes)
    header = run.header.model_copy(update={"environment": environment})
    return run.model_copy(update={"header": header})


def with_gpu(run, **changes):
    machine = run.header.environment.machine
    gpu = machine.gpu.model_copy(update=changes)
    return with_environment(run, machine=machine.model_copy(update={"gpu": gpu}))


def scaled(run, number, factor):
    """Invent less energy consistently: rows and reads agree, only the watts can tell."""
    entry = run.entries[number]
    row = entry.row
    columns = ("gpu_energy_j", "gpu_energy_codecarbon_j", "gpu_energy_counter_j")
    changes = {name: getattr(row, name) * factor for name in columns}
    readings = tuple(
        reading.model_copy(
            update={
                "energy_j": reading.energy_j * factor,
                "raw_close": reading.raw_open + (reading.raw_close - reading.raw_open) * factor,
            }
        )
        if reading.quantity == "gpu"
        else reading
        for reading in entry.readings
    )
    row = row.model_copy(update=changes)
    return with_entry(run, number, entry.model_copy(update={"row": row, "readings": readings}))


def without_readings(run, number, *, instrument):
    entry = run.entries[number]
    kept = tuple(reading for reading in entry.readings if reading.instrument != instrument)
    return with_entry(run, number, entry.model_copy(update={"readings": kept}))


def budgeted(run):
    """Give every window a budgeted counter reading and a trace, as the meter writes them."""
    changed = run
    for number, entry in enumerate(run.entries):
        changed = with_entry(changed, number, with_budget(entry))
    return changed


def trace_of(run, number):
    return budgeted(run).entries[number].trace


def idle_raised(run, number, watts):
    """Raise the idle power and take the energy off, so that the sum still agrees."""
    reading = budgeted(run).entries[number].readings[1]
    less_j = watts * (reading.t_begin_s - reading.t_open_s)
    changed = reread(
        run, number,
        idle_before_w=reading.idle_before_w + watts, energy_j=reading.energy_j - less_j,
    )  # fmt: skip
    return with_row(changed, number, gpu_energy_counter_j=reading.energy_j - less_j)


def counter_headline(run, number):
    entry = budgeted(run).entries[number]
    counter = entry.readings[1]
    return with_row(
        budgeted(run), number, gpu_meter="counter", gpu_energy_j=counter.energy_j,
        uncertainty_j=math.hypot(counter.timing_u_j, counter.idle_u_j),
    )  # fmt: skip


def scaled_codecarbon(run, number, factor):
    entry = budgeted(run).entries[number]
    reading = entry.readings[0]
    changed = with_reading(
        budgeted(run), number, 0,
        energy_j=reading.energy_j * factor, raw_close=reading.raw_close * factor,
    )  # fmt: skip
    energy_j = reading.energy_j * factor
    return with_row(changed, number, gpu_energy_j=energy_j, gpu_energy_codecarbon_j=energy_j)


def instrumented(run):
    """Let the run's instruments say what its readings are."""
    names = ("counter", "trace")
    instruments = tuple(
        Instrument(
            name=name, version="1", quantity="gpu", reads=name, gain_tolerance=0.05,
            refresh_period_s=0.1 if name == "counter" else None,
        )
        for name in names
    )  # fmt: skip
    return with_environment(budgeted(run), instruments=instruments)


def stripped(run, number):
    """Make a counter's reading one without a budget, as an older meter wrote them."""
    changed = instrumented(run)
    reading = changed.entries[number].readings[1]
    energy_j = (reading.raw_close - reading.raw_open) / 1000
    none = dict.fromkeys(BUDGET)
    changed = with_reading(changed, number, 1, **none, energy_j=energy_j)
    return with_row(changed, number, gpu_energy_counter_j=energy_j)


def untraced(run, number):
    """Leave out the samples of a window and all that was made of them."""
    changed = without_readings(instrumented(run), number, instrument="trace")
    entry = changed.entries[number].model_copy(update={"trace": None})
    return with_row(with_entry(changed, number, entry), number, gpu_energy_trace_j=None)


def unaligned(run, number, study="quality", **changes):
    """Make a window whose counter was read as it stood, in a protocol that allows it there."""
    changed = instrumented(run)
    header = changed.header
    text = header.protocol_toml + '\nalign = ["steps", "batch"]\n'
    changed = changed.model_copy(
        update={"header": header.model_copy(update={"protocol_toml": text})}
    )
    reading = changed.entries[number].readings[1]
    tick_u_s = 0.1 / math.sqrt(12)
    counted = {"tick_u_s": tick_u_s, "t_open_s": reading.t_begin_s - 0.05,
               "t_close_s": reading.t_end_s + 0.06}  # fmt: skip
    idle_j = reading.idle_before_w * 0.05 + reading.idle_after_w * 0.06
    raw_j = (reading.raw_close - reading.raw_open) / 1000
    timing_u_j = tick_u_s * math.hypot(reading.idle_before_w, reading.idle_after_w)
    energy = {"energy_j": raw_j - idle_j, "timing_u_j": timing_u_j,
              "idle_u_j": abs(reading.idle_after_w - reading.idle_before_w)
              / math.sqrt(3) * math.hypot(0.05, 0.06),
              "gain_u_j": gain_j(raw_j - idle_j)}  # fmt: skip
    outer = dict.fromkeys(("raw_before", "t_before_s", "raw_after", "t_after_s"))
    changed = with_reading(changed, number, 1, **{**counted, **energy, **outer, **changes})
    return with_row(changed, number, study=study, gpu_energy_counter_j=raw_j - idle_j)


def faint(run, number, duration_s=None):
    """Let a window draw a tenth of what its board draws when idle."""
    changed = run if duration_s is None else with_row(run, number, duration_s=duration_s)
    entry = with_budget(changed.entries[number], idle_w=500.0, power_w=50.0)
    return with_entry(changed, number, entry)


def reread(run, number, **changes):
    """Change what one window's budgeted counter reading says."""
    return with_reading(budgeted(run), number, 1, **changes)


def retraced(run, number, **changes):
    entry = budgeted(run).entries[number]
    trace = entry.trace.model_copy(update=changes)
    return with_entry(budgeted(run), number, entry.model_copy(update={"trace": trace}))


# what was invented -> the check that objects
INVENTED = {
    "less energy in the headline": (lambda r: with_row(r, 3, gpu_energy_j=1.0), "headline"),
    "less energy in the counter": (lambda r: with_row(r, 3, gpu_energy_counter_j=1.0), "energy"),
    "less energy in codecarbon": (lambda r: with_row(r, 3, gpu_energy_codecarbon_j=1.0), "energy"),
    "energy of a trace nobody read": (lambda r: with_row(r, 3, gpu_energy_trace_j=65.0), "energy"),
    "less energy of the cpu": (lambda r: with_row(r, 3, cpu_energy_j=1.0), "energy"),
    "less energy of the ram": (lambda r: with_row(r, 3, ram_energy_j=0.1), "energy"),
    "energy left out": (lambda r: with_row(r, 3, gpu_energy_counter_j=None), "energy"),
    "reads left out": (lambda r: without_readings(r, 3, instrument="counter"), "energy"),
    "a counter that ran less far": (lambda r: with_reading(r, 3, 1, raw_close=2000.0), "reads"),
    "a counter that went backwards": (
        lambda r: with_reading(r, 3, 1, raw_open=1e6, raw_close=1e3, energy_j=-999.0), "reads",
    ),
    "kilowatt-hours that say less": (lambda r: with_reading(r, 3, 0, raw_close=1e-9), "reads"),
    "millijoules called joules": (lambda r: with_reading(r, 3, 1, raw_unit="J"), "reads"),
    "reads over a part of the window": (lambda r: with_reading(r, 9, 1, t_close_s=0.1), "reads"),
    "reads over a minute": (lambda r: with_reading(r, 3, 1, t_close_s=60.0), "reads"),
    "reads that close before they open": (lambda r: with_reading(r, 3, 1, t_open_s=9.0), "reads"),
    "a modelled value called measured": (
        lambda r: with_row(r, 3, cpu_source="measured"), "sources",
    ),
    "another meter in the headline": (lambda r: with_row(r, 3, gpu_meter="trace"), "headline"),
    "a meter that does not exist": (lambda r: with_row(r, 3, gpu_meter="detail"), "headline"),
    "a headline without its meter": (lambda r: with_row(r, 3, gpu_meter=None), "headline"),
    "ok without gpu energy": (
        lambda r: with_row(r, 3, gpu_energy_j=None, gpu_meter=None), "headline",
    ),
    "ok without a step": (lambda r: with_row(r, 3, executed_steps=0), "steps"),
    "ok without a duration": (lambda r: with_row(r, 3, duration_s=None), "time"),
    "a longer duration": (lambda r: with_row(r, 9, duration_s=30.0), "time"),
    "a start before the window before": (
        lambda r: with_row(r, 9, started_at="2026-11-01T12:00:00Z"), "time",
    ),
    "a start in another time zone": (
        lambda r: with_row(r, 3, started_at="2026-11-01T14:00:02+02:00"), "time",
    ),
    "a start without a zone": (
        lambda r: with_row(r, 3, started_at="2026-11-01T12:00:02"), "time",
    ),
    "more watts than the limit": (lambda r: scaled(r, 9, 3.0), "power"),
    "an idle power that was higher": (lambda r: idle_raised(r, 9, 40.0), "edges"),
    "a refresh before the work that was earlier": (lambda r: reread(r, 9, t_before_s=0.0), "edges"),
    "refreshes left out": (lambda r: reread(r, 9, raw_before=None), "edges"),
    "work that was longer for the counter": (lambda r: reread(r, 9, t_end_s=3.3), "reads"),
    "less uncertainty of the edges": (lambda r: reread(r, 9, timing_u_j=0.0), "edges"),
    "less uncertainty of the sensor": (lambda r: reread(r, 9, gain_u_j=0.0), "edges"),
    "less power in the samples": (
        lambda r: retraced(r, 9, power_mw=tuple(100_000 for _ in trace_of(r, 9).t_ms)), "edges",
    ),
    "samples in another order": (
        lambda r: retraced(r, 9, t_ms=trace_of(r, 9).t_ms[::-1]), "edges",
    ),
    "samples left out": (
        lambda r: with_entry(
            budgeted(r), 9, budgeted(r).entries[9].model_copy(update={"trace": None})
        ), "edges",
    ),
    "less uncertainty in the row": (
        lambda r: with_row(counter_headline(r, 9), 9, uncertainty_j=0.001), "uncertainty",
    ),
    "readings that agree called disputed": (
        lambda r: with_row(budgeted(r), 9, status=Status.DISPUTED), "agreement",
    ),
    "budgets left out": (lambda r: stripped(r, 9), "completeness"),
    "samples left out with all that was made of them": (
        lambda r: untraced(r, 9), "completeness",
    ),
    "refreshes left out where they are to be waited for": (
        lambda r: unaligned(r, 9, study="steps"), "edges",
    ),
    "a counter read too early to hold all the work": (
        lambda r: unaligned(r, 9, t_close_s=2.0), "reads",
    ),
    "less uncertainty of a counter read as it stood": (
        lambda r: unaligned(r, 9, tick_u_s=0.001), "edges",
    ),
    "readings that disagree called ok": (lambda r: scaled_codecarbon(r, 9, 1.7), "agreement"),
    "a busy board that draws less than an idle one": (
        lambda r: faint(r, 9), "power",
    ),
    "a repeat counted twice": (lambda r: with_row(r, 2, repeat=1), "plan"),
    "a measured window called a warm-up": (lambda r: with_row(r, 2, warmup=True), "plan"),
    "a window that was not planned": (
        lambda r: r.model_copy(
            update={"header": r.header.model_copy(update={"planned_windows": 9})}
        ), "plan",
    ),
    "a window number left out": (lambda r: with_row(r, 13, window=99), "plan"),
    "another model in a row": (lambda r: with_row(r, 3, model="tango"), "model"),
    "sessions in another order": (
        lambda r: r.model_copy(
            update={
                "sessions": tuple(
                    r.sessions[0].model_copy(update={"first_window": first}) for first in (5, 0)
                )
            }
        ), "sessions",
    ),
    "a session after the end": (
        lambda r: r.model_copy(
            update={"sessions": (r.sessions[0].model_copy(update={"first_window": 99}),)}
        ), "sessions",
    ),
    "a tiny model called measured": (lambda r: with_environment(r, size="tiny"), "class"),
    "a simulated gpu called measured": (lambda r: with_gpu(r, simulated=True), "class"),
    "a measurement called a demonstration": (
        lambda r: with_environment(r, bundle_class=BundleClass.DEMONSTRATION), "class",
    ),
    "gpu energy without a gpu": (
        lambda r: with_environment(
            r,
            bundle_class=BundleClass.DEMONSTRATION,
            machine=r.header.environment.machine.model_copy(update={"gpu": None}),
        ), "headline",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", INVENTED)
def test_invented_numbers_are_noticed_though_signed(judge, run, name):
    invent, check = INVENTED[name]
    invented = invent(run)
    examination = judge(_seal_as_attacker(invented, run))
    assert_invalid(examination, "physics")
    assert examination.reasons[0].startswith(f"physics: {check}: ")


def test_a_run_with_budgets_and_traces_is_good(run):
    assert problem(budgeted(run)) is None
    assert problem(counter_headline(run, 9)) is None


def test_a_counter_may_be_read_as_it_stands_where_the_protocol_does_not_align(run):
    assert problem(instrumented(run)) is None
    assert problem(unaligned(run, 9)) is None


@pytest.mark.parametrize(
    ("probed_s", "resumed_s", "good"), [(4e-4, 9e-4, True), (0.1, 0.105, True), (0.02, 0.1, False)]
)
def test_a_counter_too_fast_to_be_seen_may_be_probed_otherwise_where_a_run_is_resumed(
    run, probed_s, resumed_s, good
):
    read = unaligned(run, 9, tick_u_s=resumed_s / math.sqrt(12)).entries[9].readings[1]
    work = Span(read.t_begin_s, read.t_end_s)

    if good:
        assert _unaligned(read, work, probed_s).energy_j > 0
    else:
        with pytest.raises(ValueError, match="tick_u_s"):
            _unaligned(read, work, probed_s)


@pytest.mark.parametrize(("duration_s", "judged"), [(0.05, False), (2.0, True)])
def test_the_power_of_a_window_too_short_for_the_sensor_is_not_held_against_idle(
    run, duration_s, judged
):
    found = dict(physics.examine(faint(run, 9, duration_s)))["power"]

    assert ("expected above half the idle power" in (found or "")) is judged


def test_a_disputed_window_may_disagree(run):
    disputed = with_row(scaled_codecarbon(run, 9, 1.7), 9, status=Status.DISPUTED)
    assert problem(disputed) is None


def with_tail(run, number, tail_s):
    """Let CodeCarbon count on after the work, as a tracker for each window does."""
    changed = budgeted(run)
    tracker, counter = changed.entries[number].readings[:2]
    energy_j = tracker.energy_j + counter.idle_after_w * tail_s
    changed = with_reading(
        changed, number, 0,
        energy_j=energy_j, raw_close=energy_j / 3.6e6, t_close_s=counter.t_end_s + tail_s,
    )  # fmt: skip
    return with_row(changed, number, gpu_energy_j=energy_j, gpu_energy_codecarbon_j=energy_j)


def test_a_tail_after_the_work_is_no_disagreement(run):
    tailed = with_tail(run, 9, tail_s=10.0)
    codecarbon, counter = tailed.entries[9].readings[:2]

    assert codecarbon.energy_j > 1.5 * counter.energy_j
    assert problem(tailed) is None
    assert "its readings agree" in problem(with_row(tailed, 9, status=Status.DISPUTED))


def test_traces_are_sealed_and_read_back_as_they_were(judge, run):
    examination = judge(seal(budgeted(run), key=ephemeral_key()))
    assert examination.verdict is Verdict.INTEGRITY_ONLY
    assert [entry.trace for entry in payload.read(examination.contents).entries] == [
        entry.trace for entry in budgeted(run).entries
    ]


def _seal_as_attacker(invented, run):
    """Seal with a key of one's own, also where the count of windows would not let us."""
    if invented.complete:
        return public_seal(invented, key=ephemeral_key())
    assert run.complete
    contents = RunContents(invented)
    return assemble(complete(contents), contents, key=ephemeral_key())


def problem(run):
    return next((found for _, found in physics.examine(run) if found), None)


def test_the_run_that_was_invented_from_is_good(run):
    assert problem(run) is None


def test_ok_on_a_cpu_needs_cpu_energy(judge):
    run = make_run()
    entry = run.entries[3]
    row = entry.row.model_copy(update={"cpu_energy_j": None, "cpu_source": None})
    kept = tuple(reading for reading in entry.readings if reading.quantity != "cpu")
    bare = with_entry(run, 3, entry.model_copy(update={"row": row, "readings": kept}))
    examination = judge(seal(bare, key=ephemeral_key()))
    assert_invalid(examination, "physics")
    assert "ok without CPU energy" in examination.reasons[0]


@pytest.mark.parametrize("status", [Status.OOM, Status.UNSUPPORTED, Status.FAILED])
def test_a_window_that_went_wrong_needs_no_energy(judge, run, status):
    nothing = {
        name: None
        for name in type(run.entries[3].row).model_fields
        if name.endswith(("_j", "_source", "_meter", "duration_s"))
    }
    bad = with_row(run, 3, **nothing, status=status)
    bad = with_entry(bad, 3, bad.entries[3].model_copy(update={"readings": ()}))
    assert judge(seal(bad, key=ephemeral_key())).verdict is Verdict.INTEGRITY_ONLY


def test_a_disputed_window_may_have_impossible_watts(judge, run):
    disputed = with_row(scaled(run, 9, 3.0), 9, status=Status.DISPUTED)
    assert judge(seal(disputed, key=ephemeral_key())).verdict is Verdict.INTEGRITY_ONLY


def test_a_simulated_gpu_may_have_impossible_watts(judge):
    run = scaled(make_run(gpu=make_gpu(simulated=True)), 9, 3.0)
    assert judge(seal(run, key=ephemeral_key())).verdict is Verdict.INTEGRITY_ONLY


def test_a_short_window_may_be_credited_with_a_whole_tick(run):
    """0.46 s at 290 W, and one refresh of the counter at 300 W on top."""
    generous = scaled(run, 1, 290 / 140 * (0.4646 + 0.1) / 0.4646)
    assert problem(generous) is None


def test_a_slow_counter_is_credited_with_its_own_tick(run):
    slow = Instrument(
        name="counter", version="1", quantity="gpu", refresh_period_s=2.0, reads="counter"
    )
    hot = scaled(run, 1, 6.0)
    assert problem(hot) is not None
    assert problem(with_environment(hot, instruments=(slow,))) is None


def test_a_warm_up_repeated_after_a_resume_is_no_duplicate(run):
    warm = run.entries[0]
    extra = warm.model_copy(
        update={
            "row": warm.row.model_copy(
                update={"window": len(run.entries), "started_at": "2026-11-01T13:00:00Z"}
            )
        }
    )
    assert problem(run.model_copy(update={"entries": (*run.entries, extra)})) is None


def test_a_run_whose_worker_never_started_has_no_session(run):
    assert problem(run.model_copy(update={"sessions": ()})) is None


def test_a_start_that_is_no_time_is_invalid_and_no_error(judge, run, members, key):
    table = members["data/measurements.csv"].replace(b"2026-11-01T12:00:00.464600Z", b"noon")
    files = {"measurements.csv": table}
    every = {**files_of(members), **files}
    described = datapackage.write(every, payload.tables(every), name="x", title="x")
    files["datapackage.json"] = described
    assert_invalid(judge(resign(members, run, key, files=files)), "physics")


def test_each_check_objects_to_something():
    assert {check for _, check in INVENTED.values()} == set(physics.CHECKS)
