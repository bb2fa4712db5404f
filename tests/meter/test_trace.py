"""The trace in real time, since a thread takes it, and what it says of the conditions."""

import itertools
import threading
import time

import pytest

from repro.energy.alignment import Span
from repro.energy.integral import integrate
from repro.errors import MeterError
from repro.meter.disturbances import Processes, disturbances
from repro.meter.instrument import Found
from repro.meter.nvml import NvmlGpu
from repro.meter.simulated import NVMLError, SimulatedGpuSettings, SimulatedLoad, SimulatedNvml
from repro.meter.ticks import Ticks
from repro.meter.trace import PowerTrace, Recorder
from repro.meter.window import Meter
from repro.records import Trace
from tests.meter.clock import VirtualClock


def simulate(**settings):
    nvml = SimulatedNvml(SimulatedGpuSettings(**settings))
    return nvml, NvmlGpu(nvml, 0, simulated=True)


def measure(seconds, **settings):
    """Measure one window with the trace alone."""
    nvml, gpu = simulate(**settings)
    meter = Meter((PowerTrace(gpu), Sleeper(), SimulatedLoad(nvml)))
    meter.open()
    time.sleep(seconds)
    return meter.close(), nvml


class Sleeper:
    """Stands for instruments that take a while to open."""

    prompt = False

    def describe(self):
        return ()

    def open(self, since):
        time.sleep(max(0.0, since + 0.05 - time.perf_counter()))

    def close(self, work):
        assert work.begin_s < work.end_s
        return Found()


def test_a_window_has_samples_from_before_the_work_until_it_has_left_the_sensor():
    measurement, _ = measure(0.3)
    (reading,) = measurement.readings
    trace = measurement.trace

    assert trace.t_ms[0] / 1000 < reading.t_begin_s
    assert trace.t_ms[-1] / 1000 > reading.t_end_s + 0.1
    assert set(trace.power_mw) == {60_000, 250_000}
    assert reading.idle_before_w == reading.idle_after_w == 60


def test_the_integral_can_be_done_again_from_the_samples():
    measurement, _ = measure(0.3)
    (reading,) = measurement.readings
    again = integrate(
        measurement.trace.t_ms, measurement.trace.power_mw, Span(reading.t_begin_s, reading.t_end_s)
    )

    assert reading.energy_j == again.energy.energy_j
    assert reading.raw_close == again.whole_j


def test_no_thread_is_left_when_a_window_is_closed():
    measure(0.05)

    assert not [thread for thread in threading.enumerate() if thread.name == "power trace"]


def test_a_gpu_that_is_lost_while_samples_are_taken_is_an_error():
    nvml, gpu = simulate(fault="lost")
    trace = PowerTrace(gpu)
    trace.open(time.perf_counter())
    nvml.set_busy(True)
    begun = time.perf_counter()
    time.sleep(0.1)

    with pytest.raises(MeterError, match="GPU is lost"):
        trace.close(Span(begun, time.perf_counter()))


class UnknownNvmlError(NVMLError):
    value = 999


def stutter(nvml, name, missed):
    """Let those calls of a function fail, counted from 0, as a GPU that is well does at times."""
    answer, calls = getattr(nvml, name), itertools.count()

    def answer_or_not(*asked):
        if next(calls) in missed:
            raise UnknownNvmlError("Unknown Error")
        return answer(*asked)

    setattr(nvml, name, answer_or_not)


def test_a_sample_that_is_missed_is_left_out_and_counted():
    nvml, gpu = simulate()
    stutter(nvml, "nvmlDeviceGetFieldValues", {0, 3, 5})
    meter = Meter((PowerTrace(gpu), SimulatedLoad(nvml)))
    meter.open()
    time.sleep(0.3)
    measurement = meter.close()
    (reading,) = measurement.readings

    assert measurement.disturbances == ("trace: 2 samples missed",)
    assert reading.energy_j == pytest.approx(250 * measurement.duration_s, rel=0.1)


def test_a_gpu_that_does_not_answer_again_has_no_window():
    nvml, gpu = simulate()
    stutter(nvml, "nvmlDeviceGetFieldValues", range(3, 10_000))
    trace = PowerTrace(gpu)
    begun = time.perf_counter()
    trace.open(begun)

    with pytest.raises(MeterError, match=r"power of GPU 0 cannot be read \(Unknown Error\)"):
        trace.close(Span(begun, time.perf_counter()))


def test_a_counter_that_misses_a_read_is_read_again_and_not_without_end():
    nvml, gpu = simulate()
    stutter(nvml, "nvmlDeviceGetTotalEnergyConsumption", {1, 2, 4, 5, 6})
    ticks = Ticks(gpu)

    first, second = ticks.read(), ticks.read()
    assert first[0] < second[0]
    with pytest.raises(MeterError, match=r"energy counter of GPU 0 cannot be read \(Unknown"):
        ticks.read()


def test_a_gpu_without_instantaneous_power_has_no_trace():
    _, gpu = simulate()
    gpu.instant_power_mw = lambda: None

    with pytest.raises(MeterError, match="expected the instantaneous power"):
        PowerTrace(gpu).open(time.perf_counter())


def record(seconds, **settings):
    """Take samples of a load on virtual time, and return them with the time of the work."""
    clock = VirtualClock()
    nvml = SimulatedNvml(SimulatedGpuSettings(**settings), clock, clock.sleep)
    recorder = Recorder(NvmlGpu(nvml, 0, simulated=True), clock, clock())
    begun = clock()
    for number in range(round((seconds + 0.4) / 0.025)):
        if number == 8:
            nvml.set_busy(True)
        recorder.sample()
        clock.sleep(0.025)
        if clock() >= begun + 0.2 + seconds:
            nvml.set_busy(False)
    return recorder.trace(), Span(0.2, 0.2 + seconds)


def test_an_undisturbed_window_has_nothing_to_say():
    assert disturbances(*record(4.0)) == ()


def test_throttling_is_named_with_its_share_and_the_change_of_the_clock():
    found = disturbances(*record(4.0, throttle_after_s=2.0))

    assert found[0].startswith("software thermal slowdown in ")
    assert found[1] == "SM clock from 1044 to 1740 MHz"


def test_what_a_gpu_does_not_tell_is_no_disturbance():
    trace = Trace(
        t_ms=(0,), power_mw=(0,), condition_t_ms=(900, 1100), temperature_c=(None, None),
        sm_clock_mhz=(None, None), memory_clock_mhz=(None, None), event_reasons=(None, None),
    )  # fmt: skip

    assert disturbances(trace, Span(0.0, 2.0)) == ()


@pytest.mark.parametrize(
    ("strangers", "found"),
    [(0, ()), (1, ("1 other process on the GPU",)), (3, ("3 other processes on the GPU",))],
)
def test_strangers_on_the_gpu_are_counted(strangers, found):
    nvml, gpu = simulate(foreign_processes=strangers)
    processes = Processes(gpu)
    processes.open(0.0)
    nvml.set_busy(True)

    assert processes.close(Span(0.0, 1.0)).disturbances == found
