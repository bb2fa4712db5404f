"""The counter meter on virtual time, against the energy the simulated board really drew."""

import math
import statistics

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from repro.energy.alignment import Span
from repro.energy.budget import combined_j, quantisation_j
from repro.errors import MeterError
from repro.meter.counter import EnergyCounter, UnalignedCounter
from repro.meter.nvml import NvmlGpu
from repro.meter.simulated import SimulatedGpuSettings, SimulatedNvml
from repro.meter.ticks import Refresh, Ticks, probe
from tests.meter.clock import VirtualClock


class Bench:
    """A simulated GPU, its counter meter, and the time between them."""

    def __init__(self, kind=EnergyCounter, **changes):
        self.clock = VirtualClock()
        options = {"refresh_period_s": 0.1, "latency_s": 0.01, **changes}
        self.nvml = SimulatedNvml(SimulatedGpuSettings(**options), self.clock, self.clock.sleep)
        self.gpu = NvmlGpu(self.nvml, 0, simulated=True)
        self.ticks = Ticks(self.gpu, self.clock, self.clock.sleep)
        self.meter = kind(self.gpu, Refresh(0.1, 0.0), self.ticks)

    def window(self, seconds):
        """Return the reading of one window and the energy really drawn in it."""
        self.meter.open(self.clock())
        begin = self.clock()
        self.nvml.set_busy(True)
        self.clock.sleep(seconds)
        self.nvml.set_busy(False)
        end = self.clock()
        (reading,) = self.meter.close(Span(begin, end)).readings
        return reading, self.nvml.true_energy_j(end) - self.nvml.true_energy_j(begin)


@settings(max_examples=60)
@given(
    seconds=st.floats(0.2, 20),
    idle_power_w=st.floats(20, 100),
    busy_power_w=st.floats(120, 400),
    wait_s=st.floats(0, 0.3),
)
def test_a_window_is_read_to_a_few_times_its_uncertainty_whatever_the_powers(
    seconds, idle_power_w, busy_power_w, wait_s
):
    bench = Bench(idle_power_w=idle_power_w, busy_power_w=busy_power_w)
    bench.clock.sleep(wait_s)
    reading, true_j = bench.window(seconds)

    u_j = combined_j(reading.timing_u_j, reading.idle_u_j)
    assert abs(reading.energy_j - true_j) <= 4 * u_j + 0.004
    assert u_j < quantisation_j(busy_power_w, 0.1) / 3


def test_the_idle_power_is_found_and_not_given():
    reading, _ = Bench(idle_power_w=73.0).window(2.0)

    assert reading.idle_before_w == pytest.approx(73, rel=0.1)
    assert reading.idle_after_w == pytest.approx(73, rel=0.1)


def test_whoever_has_the_raw_reads_can_do_the_sum_again():
    reading, _ = Bench().window(2.0)
    before_w = (reading.raw_open - reading.raw_before) / (
        1000 * (reading.t_open_s - reading.t_before_s)
    )
    after_w = (reading.raw_after - reading.raw_close) / (
        1000 * (reading.t_after_s - reading.t_close_s)
    )
    again_j = (
        (reading.raw_close - reading.raw_open) / 1000
        - before_w * (reading.t_begin_s - reading.t_open_s)
        - after_w * (reading.t_close_s - reading.t_end_s)
    )

    assert reading.energy_j == pytest.approx(again_j)
    assert reading.t_end_s - reading.t_begin_s == pytest.approx(2.0)


def unaligned_errors(seconds, **changes):
    """Return errors in stated uncertainties of windows that begin in any phase of the counter."""
    bench = Bench(UnalignedCounter, **changes)
    found = []
    for number in range(100):
        bench.clock.sleep(0.3 + 0.0137 * number)
        reading, true_j = bench.window(seconds)
        found.append((reading.energy_j - true_j) / combined_j(reading.timing_u_j, reading.idle_u_j))
    return found


@pytest.mark.parametrize("seconds", [0.3, 2.0, 6.0])
def test_unaligned_windows_are_as_uncertain_as_they_say_and_their_sum_is_not_biased(seconds):
    errors = unaligned_errors(seconds)

    assert abs(statistics.fmean(errors)) < 0.25
    assert 0.8 < statistics.stdev(errors) < 1.2
    assert max(map(abs, errors)) < math.sqrt(6)


def test_an_unaligned_window_is_uncertain_by_idle_power_and_waits_one_refresh():
    bench = Bench(UnalignedCounter, idle_power_w=60.0, busy_power_w=300.0)
    reading, _ = bench.window(2.0)

    assert reading.timing_u_j == pytest.approx(quantisation_j(60.0, 0.1))
    assert bench.clock() - bench.nvml.board.begun_at < 2.0 + 0.1 + 5 * 0.01
    assert reading.raw_before is None


def test_an_unaligned_counter_that_falls_is_an_error():
    bench = Bench(UnalignedCounter)
    bench.meter.open(bench.clock())
    bench.gpu.energy_mj = lambda: 5

    with pytest.raises(MeterError, match="expected to rise, fell from"):
        bench.meter.close(Span(bench.clock(), bench.clock()))


def test_the_gain_of_the_sensor_is_stated_apart():
    reading, _ = Bench().window(8.0)

    assert reading.gain_u_j == pytest.approx(reading.energy_j * 0.05 / math.sqrt(3))
    assert combined_j(reading.timing_u_j, reading.idle_u_j) < reading.gain_u_j / 10


def test_whatever_opens_next_meets_the_counter_in_any_phase():
    bench = Bench(latency_s=0.001)
    phases = []
    for _ in range(20):
        bench.meter.open(bench.clock())
        elapsed_s = bench.clock() - bench.nvml.board.begun_at
        phases.append(elapsed_s / 0.1 % 1)

    counts = [sum(low <= phase < low + 0.25 for phase in phases) for low in (0, 0.25, 0.5, 0.75)]
    assert all(3 <= count <= 7 for count in counts)


def test_an_irregular_counter_makes_a_larger_uncertainty():
    regular, irregular = Bench(), Bench()
    irregular.meter.refresh = Refresh(0.1, 0.02**2)

    assert irregular.window(2.0)[0].timing_u_j > 3 * regular.window(2.0)[0].timing_u_j


def test_a_counter_that_stops_during_the_work_is_an_error():
    bench = Bench()
    bench.meter.open(bench.clock())
    stands_at = bench.gpu.energy_mj()
    bench.gpu.energy_mj = lambda: bench.clock.sleep(0.01) or stands_at

    with pytest.raises(MeterError, match="stands still"):
        bench.meter.close(Span(bench.clock(), bench.clock()))


def test_the_meter_is_described_with_its_period_and_the_gain_it_cannot_know():
    bench = Bench()
    (instrument,) = EnergyCounter(bench.gpu, probe(bench.ticks), bench.ticks).describe()

    assert instrument.refresh_period_s == pytest.approx(0.1, rel=0.01)
    assert instrument.gain_tolerance == 0.05


def test_quantisation_is_the_spread_of_a_triangle():
    assert quantisation_j(300, 0.1) == pytest.approx(300 * 0.1 / math.sqrt(6))
