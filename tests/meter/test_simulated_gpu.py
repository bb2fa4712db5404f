import pytest
from hypothesis import given
from hypothesis import strategies as st

from repro.errors import MeterError, UsageError
from repro.meter.nvml import NvmlGpu, _physical_index
from repro.meter.simulated import NVMLError, SimulatedGpuSettings, SimulatedNvml, read_settings
from tests.meter.clock import VirtualClock


@pytest.fixture
def clock():
    return VirtualClock()


def simulate(clock, **settings):
    nvml = SimulatedNvml(SimulatedGpuSettings(**settings), clock, clock.sleep)
    return nvml, NvmlGpu(nvml, 0, simulated=True)


@given(busy_s=st.floats(0.5, 20), idle_power_w=st.floats(20, 100), busy_power_w=st.floats(120, 300))
def test_the_counter_reads_the_true_energy_to_within_one_refresh_at_each_edge(
    busy_s, idle_power_w, busy_power_w
):
    clock = VirtualClock()
    nvml, gpu = simulate(
        clock, idle_power_w=idle_power_w, busy_power_w=busy_power_w, refresh_period_s=0.1
    )
    clock.sleep(1.234)
    before = gpu.energy_mj()
    nvml.set_busy(True)
    clock.sleep(busy_s)
    nvml.set_busy(False)
    read_j = (gpu.energy_mj() - before) / 1000

    assert abs(read_j - busy_s * busy_power_w) <= 0.1 * busy_power_w + 0.002


def test_a_partitioned_gpu_is_refused(clock):
    _, gpu = simulate(clock, mig=True)

    with pytest.raises(MeterError, match="MIG"):
        gpu.refuse()


def test_the_identity_is_a_hash_that_depends_on_the_salt(clock):
    _, gpu = simulate(clock)
    one, other = gpu.facts(b"salt"), gpu.facts(b"pepper")

    assert gpu.uuid not in one.model_dump_json()
    assert one.identity != other.identity
    assert one.identity == gpu.facts(b"salt").identity


def test_a_gpu_that_is_not_there_is_a_mistake_of_the_user(clock):
    nvml, _ = simulate(clock)

    with pytest.raises(UsageError, match="expected a GPU index below 1, found 3"):
        NvmlGpu(nvml, 3)


def test_what_a_real_gpu_may_not_support_is_refused_by_name(clock):
    nvml, _ = simulate(clock)

    with pytest.raises(NVMLError):
        nvml.nvmlDeviceGetEccMode(0)


@pytest.mark.parametrize(
    ("wanted", "visible", "physical"),
    [
        (1, None, 1),
        (0, "2", 2),
        (1, "3, 0", 0),
        (0, "GPU-00000000-0000-0000-0000-000000000001", 1),
    ],
)
def test_cuda_numbers_are_turned_into_physical_ones(clock, wanted, visible, physical):
    nvml, _ = simulate(clock, gpus=4)

    assert _physical_index(nvml, wanted, visible) == physical


def test_a_gpu_named_by_its_uuid_where_there_is_no_driver_is_a_refusal(clock):
    nvml, _ = simulate(clock)

    def no_driver():
        raise NVMLError("driver not loaded")

    nvml.nvmlInit = no_driver

    with pytest.raises(MeterError, match=r"no GPU can be read \(driver not loaded"):
        _physical_index(nvml, 0, "GPU-00000000-0000-0000-0000-000000000000")


def refusing(*_):
    raise NVMLError("not supported")


@pytest.mark.parametrize(
    ("function", "fact"),
    [
        ("nvmlDeviceGetEnforcedPowerLimit", "power_limit_w"),
        ("nvmlDeviceGetMemoryInfo", "memory_bytes"),
        ("nvmlSystemGetCudaDriverVersion", "cuda_driver"),
        ("nvmlDeviceGetVbiosVersion", "vbios"),
    ],
)
def test_what_a_gpu_does_not_tell_is_recorded_as_unknown(clock, function, fact):
    nvml, gpu = simulate(clock)
    setattr(nvml, function, refusing)

    assert getattr(gpu.facts(b"salt"), fact) is None


def test_a_driver_without_a_version_cannot_be_recorded_and_says_so(clock):
    nvml, gpu = simulate(clock)
    nvml.nvmlSystemGetDriverVersion = refusing

    with pytest.raises(MeterError, match="version of the driver cannot be read"):
        gpu.facts(b"salt")


def test_a_gpu_that_cuda_may_not_see_is_refused(clock):
    nvml, _ = simulate(clock, gpus=4)

    with pytest.raises(UsageError, match="expected an index below 1"):
        _physical_index(nvml, 1, "2")


def test_an_unknown_setting_of_the_simulated_gpu_is_refused(tmp_path):
    (tmp_path / "gpu.toml").write_text("colour = 'red'\n")

    with pytest.raises(UsageError, match="colour"):
        read_settings(tmp_path / "gpu.toml")
