"""The simulated device itself: what it answers is what its board does."""

import pytest

from repro.meter.simulated import (
    CLOCK_MEMORY,
    CLOCK_SM,
    POWER_INSTANT,
    REASON_GPU_IDLE,
    REASON_SW_THERMAL_SLOWDOWN,
    NVMLError,
    SimulatedGpuSettings,
    SimulatedNvml,
    read_settings,
)
from tests.fakes import ROOT
from tests.meter.clock import VirtualClock


@pytest.fixture
def clock():
    return VirtualClock()


def simulate(clock, **settings):
    return SimulatedNvml(SimulatedGpuSettings(**settings), clock, clock.sleep)


def instant_w(nvml, handle=0):
    (value,) = nvml.nvmlDeviceGetFieldValues(handle, [POWER_INSTANT])
    assert value.nvmlReturn == 0
    return value.value.uiVal / 1000


def test_the_example_file_shows_every_setting_at_its_default():
    example = ROOT / "artifact" / "simulated.toml"

    assert read_settings(example) == SimulatedGpuSettings()
    assert all(f"{name} = " in example.read_text() for name in SimulatedGpuSettings.model_fields)


def test_power_clock_and_heat_rise_with_the_load_and_fall_after_it(clock):
    nvml = simulate(clock)
    assert instant_w(nvml) == 60
    assert nvml.nvmlDeviceGetClockInfo(0, CLOCK_SM) == 210
    assert nvml.nvmlDeviceGetCurrentClocksEventReasons(0) == REASON_GPU_IDLE

    nvml.set_busy(True)
    clock.sleep(0.1)
    assert instant_w(nvml) == 250
    assert nvml.nvmlDeviceGetPowerUsage(0) == 250_000
    assert nvml.nvmlDeviceGetClockInfo(0, CLOCK_SM) == 1740
    assert nvml.nvmlDeviceGetClockInfo(0, CLOCK_MEMORY) == 7251
    assert nvml.nvmlDeviceGetCurrentClocksEventReasons(0) == 0
    assert nvml.nvmlDeviceGetTemperature(0, nvml.NVML_TEMPERATURE_GPU) == 60
    assert nvml.nvmlDeviceGetUtilizationRates(0).gpu == 100

    nvml.set_busy(False)
    clock.sleep(0.1)
    assert instant_w(nvml) == 60


def test_the_power_sensor_is_as_old_as_its_last_reading(clock):
    nvml = simulate(clock, sensor_period_s=1.0)
    clock.sleep(0.5)
    nvml.set_busy(True)
    clock.sleep(0.25)
    assert instant_w(nvml) == 60
    clock.sleep(0.5)
    assert instant_w(nvml) == 250


def test_a_board_that_throttles_slows_down_and_draws_less_for_the_rest_of_the_load(clock):
    nvml = simulate(clock, throttle_after_s=1.0, throttled_share=0.5)
    begun = clock()
    nvml.set_busy(True)
    clock.sleep(0.5)
    assert nvml.nvmlDeviceGetCurrentClocksEventReasons(0) == 0
    clock.sleep(1.5)
    assert nvml.nvmlDeviceGetCurrentClocksEventReasons(0) == REASON_SW_THERMAL_SLOWDOWN
    assert nvml.nvmlDeviceGetClockInfo(0, CLOCK_SM) == 870
    nvml.set_busy(False)
    drawn_j = nvml.true_energy_j(clock()) - nvml.true_energy_j(begun)

    assert drawn_j == pytest.approx(250 * 1.0 + (60 + 190 * 0.5) * 1.0)


def test_a_load_that_ends_before_it_throttles_never_throttled(clock):
    nvml = simulate(clock, throttle_after_s=1.0)
    begun = clock()
    nvml.set_busy(True)
    clock.sleep(0.5)
    nvml.set_busy(False)
    clock.sleep(2.0)

    assert nvml.nvmlDeviceGetCurrentClocksEventReasons(0) == REASON_GPU_IDLE
    drawn_j = nvml.true_energy_j(clock()) - nvml.true_energy_j(begun)
    assert drawn_j == pytest.approx(250 * 0.5 + 60 * 2.0)


def test_the_second_gpu_draws_its_own_power_and_is_never_busy(clock):
    nvml = simulate(clock, gpus=2, other_power_w=100)
    before = nvml.nvmlDeviceGetTotalEnergyConsumption(1)
    nvml.set_busy(True)
    clock.sleep(2.0)

    assert nvml.nvmlDeviceGetTotalEnergyConsumption(1) - before == pytest.approx(200_000, rel=0.02)
    assert instant_w(nvml, 1) == 100
    assert nvml.nvmlDeviceGetUtilizationRates(1).gpu == 0
    assert nvml.nvmlDeviceGetComputeRunningProcesses(1) == []


def test_the_worker_is_listed_once_it_has_begun_and_a_stranger_always(clock):
    nvml = simulate(clock, foreign_processes=1)
    assert len(nvml.nvmlDeviceGetComputeRunningProcesses(0)) == 1
    nvml.set_busy(True)
    assert len(nvml.nvmlDeviceGetComputeRunningProcesses(0)) == 2


def test_a_lost_gpu_answers_nothing_any_more(clock):
    nvml = simulate(clock, fault="lost", lost_after_windows=1)
    for busy in (True, False):
        nvml.set_busy(busy)
    assert instant_w(nvml) == 60

    nvml.set_busy(True)
    for ask in (nvml.nvmlDeviceGetTotalEnergyConsumption, nvml.nvmlDeviceGetPowerUsage):
        with pytest.raises(NVMLError, match="lost"):
            ask(0)


def test_only_instantaneous_power_is_a_known_field(clock):
    (value,) = simulate(clock).nvmlDeviceGetFieldValues(0, [1])

    assert value.nvmlReturn != 0
