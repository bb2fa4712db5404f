"""Refreshes of the counter are found by watching it, on a clock of the test's own."""

import math
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repro.errors import MeterError
from repro.meter.nvml import NvmlGpu
from repro.meter.simulated import SimulatedGpuSettings, SimulatedNvml
from repro.meter.ticks import Ticks, probe
from tests.meter.clock import VirtualClock


def watch(**settings):
    clock = VirtualClock()
    nvml = SimulatedNvml(SimulatedGpuSettings(**settings), clock, clock.sleep)
    return Ticks(NvmlGpu(nvml, 0, simulated=True), clock, clock.sleep), nvml, clock


@given(
    period_s=st.floats(0.015, 0.2), latency_s=st.floats(0, 0.004), wait_s=st.floats(0, 1)
)  # fmt: skip
def test_a_refresh_lies_between_the_two_reads_it_was_seen_by(period_s, latency_s, wait_s):
    ticks, nvml, clock = watch(refresh_period_s=period_s, latency_s=latency_s)
    clock.sleep(wait_s)
    seen = ticks.next()
    since_start = seen.at_s - nvml.board.begun_at
    nearest = round(since_start / period_s) * period_s

    assert abs(since_start - nearest) <= seen.width_s / 2 + latency_s + 1e-9
    assert seen.variance_s2(0.0) == pytest.approx(seen.width_s**2 / 12)


@pytest.mark.parametrize("period_s", [0.02, 0.1])
def test_the_period_is_found_by_watching(period_s):
    ticks, _, _ = watch(refresh_period_s=period_s, latency_s=0.003)
    refresh = probe(ticks)

    assert refresh.period_s == pytest.approx(period_s, rel=0.01)
    assert refresh.jitter_s < 0.003 / math.sqrt(12)


def test_jitter_is_estimated_without_bias_and_no_tick_is_known_too_well():
    """Regular refreshes scatter by chance, half of the time less than watching explains."""
    found = []
    for seed in range(40):
        ticks, nvml, clock = watch(refresh_period_s=0.1, latency_s=0.01)
        again = Ticks(NvmlGpu(nvml, 0, simulated=True), clock, clock.sleep, seed=seed)
        found.append(probe(again).beyond_s2)
    watching_s2 = 0.0105**2 / 12

    assert abs(statistics.fmean(found)) < 0.15 * watching_s2
    assert ticks.next().variance_s2(-1.0) == pytest.approx(watching_s2 / 2, rel=0.1)


class Irregular:
    """A counter whose refreshes come early or late by 20 ms, by turns."""

    index, simulated = 0, True

    def __init__(self, clock):
        self.clock = clock

    def energy_mj(self):
        number = int(self.clock.now / 0.1)
        late_s = 0.02 * (number % 2)
        return number if self.clock.now - number * 0.1 >= late_s else number - 1


def test_refreshes_that_come_early_and_late_are_noticed_as_jitter():
    clock = VirtualClock()
    refresh = probe(Ticks(Irregular(clock), clock, clock.sleep))

    assert refresh.period_s == pytest.approx(0.1, rel=0.02)
    assert refresh.jitter_s == pytest.approx(0.01, rel=0.1)


class Lazy(Irregular):
    """A counter that leaves out every fifth refresh."""

    def energy_mj(self):
        number = int(self.clock.now / 0.1)
        return number - (number % 5 == 0)


def test_a_refresh_left_out_is_a_longer_gap_and_no_jitter():
    clock = VirtualClock()
    refresh = probe(Ticks(Lazy(clock), clock, clock.sleep))

    assert refresh.period_s == pytest.approx(0.1, rel=0.01)
    assert refresh.jitter_s < 0.001


@pytest.mark.parametrize("fault", ["stuck", "zero"])
def test_a_counter_that_stands_still_is_an_error(fault):
    ticks, _, _ = watch(fault=fault)

    with pytest.raises(MeterError, match="expected a change within 3 s, found none"):
        probe(ticks)


def test_a_counter_that_falls_is_an_error(monkeypatch):
    ticks, *_ = watch()
    reads = iter([7000, 6000])
    monkeypatch.setattr(ticks._gpu, "energy_mj", lambda: next(reads))

    with pytest.raises(MeterError, match="expected to rise, fell from 7000 to 6000 mJ"):
        ticks.next()
