import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repro.energy.alignment import Span
from repro.energy.integral import integrate


def sampled(work, *, idle_w=60.0, busy_w=250.0, interval_ms=25, lag_s=0.0, lead_ms=200):
    """Sample a load as a sensor shows it that is late by some time."""
    t_ms = list(
        range(round(work.begin_s * 1000) - lead_ms, round(work.end_s * 1000) + 300, interval_ms)
    )
    power_mw = [
        round(1000 * (busy_w if work.begin_s <= t / 1000 - lag_s < work.end_s else idle_w))
        for t in t_ms
    ]
    return t_ms, power_mw


@given(
    seconds=st.floats(0.5, 30), idle_w=st.floats(20, 90), busy_w=st.floats(100, 400),
    lag_s=st.floats(0, 0.1),
)  # fmt: skip
def test_a_sensor_that_is_late_loses_nothing_as_idle_time_goes_on_until_it_is_there(
    seconds, idle_w, busy_w, lag_s
):
    work = Span(1.0, 1.0 + seconds)
    found = integrate(*sampled(work, idle_w=idle_w, busy_w=busy_w, lag_s=lag_s), work)

    assert found.energy.energy_j == pytest.approx(seconds * busy_w, abs=0.026 * (busy_w - idle_w))
    assert found.energy.idle_before_w == pytest.approx(idle_w, abs=1e-3)


@given(
    st.lists(st.tuples(st.integers(1, 100), st.integers(20_000, 400_000)), min_size=20, max_size=60)
)
def test_joules_are_watts_times_seconds(steps):
    t_ms, at = [], 0
    for gap, _ in steps:
        t_ms.append(at)
        at += gap
    power_mw = [power for _, power in steps]
    work = Span(t_ms[2] / 1000, max(t_ms[2] / 1000, t_ms[-1] / 1000 - 0.11))
    if work.end_s <= work.begin_s:
        return
    whole_j = integrate(t_ms, power_mw, work).whole_j

    assert whole_j == pytest.approx(
        math.fsum((b - a) * p for a, b, p in zip(t_ms, t_ms[1:], power_mw, strict=False)) / 1e6
    )


def test_a_load_that_swings_is_less_certain_than_a_flat_one():
    work = Span(1.0, 11.0)
    t_ms, power_mw = sampled(work)
    swinging = [p + (80_000 if n % 2 else -80_000) * (p > 100_000) for n, p in enumerate(power_mw)]

    flat_u = integrate(t_ms, power_mw, work).energy.timing_u_j
    assert integrate(t_ms, swinging, work).energy.timing_u_j > 2 * flat_u


@pytest.mark.parametrize(
    ("t_ms", "message"),
    [
        ([0, 10], "at least 3 samples"),
        ([0, 500, 400, 3000], "order of time"),
        ([1200, 1500, 3000], "expected samples from before 1 s"),
        ([0, 1500, 2050], "until 2.1 s"),
    ],
)
def test_samples_that_do_not_enclose_the_work_are_refused(t_ms, message):
    with pytest.raises(ValueError, match=message):
        integrate(t_ms, [60_000] * len(t_ms), Span(1.0, 2.0))
