"""Every check of the GPU: good, worth knowing, failing, and impossible to tell."""

from types import SimpleNamespace

import pytest

from repro.doctor import CHECKS, State, examine
from repro.doctor.checks import OF_THE_GPU, OF_THE_MACHINE
from tests.doctor.sites import (
    UNSUPPORTED,
    make_site,
    processes,
    shows_host_processes,
    without_gpu,
)

GIB = 1 << 30
OK, WARN, FAIL = State.OK, State.WARN, State.FAIL


def memory(used):
    return SimpleNamespace(total=48 * GIB, used=used, free=48 * GIB - used)


def rates(percent):
    return SimpleNamespace(gpu=percent, memory=0)


CASES = [
    ("driver", {"nvmlSystemGetDriverVersion": "550.54.15"}, OK, "550.54.15"),
    ("driver", {"nvmlSystemGetDriverVersion": b"550.54.15"}, OK, "550.54.15"),
    ("driver", {"nvmlSystemGetDriverVersion": "525.1"}, WARN, "no instantaneous power"),
    ("driver", {"nvmlSystemGetDriverVersion": UNSUPPORTED}, WARN, "cannot be told"),
    ("counter", {}, OK, "since the driver was loaded"),
    (
        "counter", {"nvmlDeviceGetTotalEnergyConsumption": UNSUPPORTED}, FAIL,
        "expected an energy counter, found none",
    ),
    ("counter-period", {}, OK, "moves every"),
    ("counter-period", {"nvmlDeviceGetTotalEnergyConsumption": UNSUPPORTED}, FAIL, "cannot be"),
    ("mig", {"nvmlDeviceGetMigMode": (0, 0)}, OK, "off"),
    ("mig", {"nvmlDeviceGetMigMode": UNSUPPORTED}, OK, "not a feature"),
    ("mig", {"nvmlDeviceGetMigMode": (1, 1)}, FAIL, "MIG mode"),
    ("vgpu", {"nvmlDeviceGetVirtualizationMode": 0}, OK, "own"),
    ("vgpu", {"nvmlDeviceGetVirtualizationMode": 1}, OK, "passed through"),
    ("vgpu", {"nvmlDeviceGetVirtualizationMode": 2}, FAIL, "vgpu"),
    ("vgpu", {"nvmlDeviceGetVirtualizationMode": 9}, FAIL, "mode 9"),
    ("vgpu", {"nvmlDeviceGetVirtualizationMode": UNSUPPORTED}, WARN, "cannot be told"),
    ("memory", {"nvmlDeviceGetMemoryInfo": memory(600 << 20)}, OK, "0.59 of 48 GiB"),
    ("memory", {"nvmlDeviceGetMemoryInfo": memory(3 * GIB)}, FAIL, "3.00 of 48 GiB"),
    ("memory", {"nvmlDeviceGetMemoryInfo": UNSUPPORTED}, WARN, "cannot be told"),
    ("utilisation", {"nvmlDeviceGetUtilizationRates": rates(0)}, OK, "0 %"),
    ("utilisation", {"nvmlDeviceGetUtilizationRates": rates(37)}, FAIL, "37 %"),
    ("utilisation", {"nvmlDeviceGetUtilizationRates": UNSUPPORTED}, WARN, "cannot be told"),
    ("idle-power", {"nvmlDeviceGetPowerUsage": 60_000}, OK, "60 W of 300 W"),
    ("idle-power", {"nvmlDeviceGetPowerUsage": 120_000}, WARN, "much for a GPU at rest"),
    ("idle-power", {"nvmlDeviceGetPowerUsage": 240_000}, FAIL, "240 W"),
    ("idle-power", {"nvmlDeviceGetPowerUsage": UNSUPPORTED}, WARN, "cannot be told"),
    ("temperature", {"nvmlDeviceGetTemperature": 40}, OK, "40 °C, slows down at 95"),
    ("temperature", {"nvmlDeviceGetTemperature": 65}, WARN, "65 °C at rest"),
    ("temperature", {"nvmlDeviceGetTemperature": 81}, FAIL, "81 °C"),
    ("temperature", {"nvmlDeviceGetTemperature": 75,
                     "nvmlDeviceGetTemperatureThreshold": 84}, FAIL, "slows down at 84"),
    ("temperature", {"nvmlDeviceGetTemperatureThreshold": UNSUPPORTED}, OK, "40 °C"),
    ("temperature", {"nvmlDeviceGetTemperatureThreshold": 0}, OK, "40 °C"),
    ("temperature", {"nvmlDeviceGetTemperature": UNSUPPORTED}, WARN, "cannot be told"),
    ("throttling", {"nvmlDeviceGetCurrentClocksEventReasons": 0x1}, OK, "nothing"),
    ("throttling", {"nvmlDeviceGetCurrentClocksEventReasons": 0x3}, WARN, "by an application"),
    ("throttling", {"nvmlDeviceGetCurrentClocksEventReasons": 0x40}, FAIL, "thermal"),
    ("throttling", {"nvmlDeviceGetCurrentClocksEventReasons": UNSUPPORTED,
                    "nvmlDeviceGetCurrentClocksThrottleReasons": 0x80}, FAIL, "power brake"),
    ("throttling", {"nvmlDeviceGetCurrentClocksEventReasons": UNSUPPORTED}, WARN, "cannot be"),
    ("persistence", {"nvmlDeviceGetPersistenceMode": 1}, OK, "on"),
    ("persistence", {"nvmlDeviceGetPersistenceMode": 0}, WARN, "off"),
    ("persistence", {"nvmlDeviceGetPersistenceMode": UNSUPPORTED}, WARN, "cannot be told"),
    ("power-limit", {}, OK, "300 W"),
    ("power-limit", {"nvmlDeviceGetEnforcedPowerLimit": 200_000}, WARN, "300 W by default"),
    ("power-limit", {"nvmlDeviceGetPowerManagementDefaultLimit": UNSUPPORTED}, WARN,
     "cannot be told: 300 W in force"),
    ("power-limit", {"nvmlDeviceGetEnforcedPowerLimit": UNSUPPORTED}, WARN, "cannot be told"),
]  # fmt: skip


@pytest.mark.parametrize(("check", "answers", "state", "words"), CASES)
def test_a_check_ends_as_nvml_answers(tmp_path, check, answers, state, words):
    finding = CHECKS[check](make_site(tmp_path, answers=answers))

    assert finding.state is state, finding
    assert words in finding.found
    assert (finding.remedy is None) == (state is OK)


def test_memory_that_the_driver_reserves_is_nobodys(tmp_path):
    site = make_site(tmp_path)
    site.gpu.api.nvmlDeviceGetMemoryInfo = lambda _, version=None: (
        memory(4 << 20) if version else memory(2 * GIB)
    )

    assert examine(site)["memory"].found == "0.00 of 48 GiB in use"


def test_a_driver_that_does_not_tell_what_it_reserves_is_asked_the_old_way(tmp_path):
    site = make_site(tmp_path)

    def asked(_, version=None):
        if version:
            raise site.gpu.api.NVMLError("function not found")
        return memory(600 << 20)

    site.gpu.api.nvmlDeviceGetMemoryInfo = asked

    assert examine(site)["memory"].found == "0.59 of 48 GiB in use"


@pytest.mark.parametrize("fault", ["zero", "stuck"])
def test_a_counter_that_does_not_move_fails(tmp_path, fault):
    finding = CHECKS["counter-period"](make_site(tmp_path, fault=fault))

    assert finding.state is FAIL
    assert "stands still" in finding.found


def test_a_slow_counter_is_worth_knowing(tmp_path):
    finding = CHECKS["counter-period"](make_site(tmp_path, refresh_period_s=0.15))

    assert finding.state is WARN
    assert "moves every 150 ms" in finding.found
    assert "precise" in finding.remedy


COMPUTING, DRAWING = "nvmlDeviceGetComputeRunningProcesses", "nvmlDeviceGetGraphicsRunningProcesses"


@pytest.mark.parametrize("host", [True, False])
def test_a_process_that_computes_beside_fails_wherever_it_is_seen(tmp_path, host):
    shows_host_processes(tmp_path, host=host)
    finding = CHECKS["processes"](make_site(tmp_path, answers={COMPUTING: processes(7, 8)}))

    assert finding.state is FAIL
    assert finding.found == "2 computing on this GPU"


def test_a_display_is_worth_knowing(tmp_path):
    shows_host_processes(tmp_path)
    finding = CHECKS["processes"](make_site(tmp_path, answers={DRAWING: processes(7)}))

    assert finding.state is WARN


def test_no_process_is_good_only_where_processes_of_the_host_can_be_seen(tmp_path):
    shows_host_processes(tmp_path)

    assert CHECKS["processes"](make_site(tmp_path)).state is OK


def test_no_process_in_a_closed_container_cannot_be_told_and_says_what_tells_instead(tmp_path):
    shows_host_processes(tmp_path, host=False)
    finding = CHECKS["processes"](make_site(tmp_path))

    assert finding.state is WARN
    assert "processes of the host do not show here" in finding.found
    assert "--pid=host" in finding.remedy
    assert "utilisation" in finding.remedy


def test_a_machine_without_proc_cannot_tell_processes(tmp_path):
    assert CHECKS["processes"](make_site(tmp_path)).state is WARN


def test_without_a_gpu_the_driver_fails_and_the_rest_of_the_gpu_cannot_be_told(tmp_path):
    findings = {name: check(without_gpu(tmp_path)) for name, check in OF_THE_GPU.items()}

    assert findings["driver"].state is FAIL
    assert findings["driver"].found == "nvml: no GPU can be read"
    told = {"driver", "nvidia-smi"}
    assert {name for name, one in findings.items() if one.state is WARN} == set(findings) - told
    assert all("cannot be told" in findings[name].found for name in set(findings) - told)


def test_a_simulated_gpu_at_rest_is_good_in_everything_that_concerns_it(tmp_path):
    site = make_site(tmp_path, real=False)

    assert {check(site).state for check in OF_THE_GPU.values()} == {OK}


def test_on_a_cpu_only_the_machine_is_examined(tmp_path):
    site = without_gpu(tmp_path)
    cpu = type(site)("cpu", tmp_path)

    assert set(examine(cpu)) == set(OF_THE_MACHINE)


def test_every_check_of_the_gpu_is_tested_here_or_by_a_name_of_its_own():
    named = {"identity", "processes", "nvidia-smi"}

    assert {case[0] for case in CASES} | named == set(OF_THE_GPU)


def test_nothing_computes_on_the_gpu_before_the_checks_that_nothing_does():
    order = list(CHECKS)
    before = ("processes", "memory", "utilisation", "idle-power", "throttling")
    assert all(order.index(name) < order.index("identity") for name in before)
