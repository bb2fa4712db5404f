"""What the project takes from NVIDIA's binding by name or number is there, and is that."""

import importlib
import re
from pathlib import Path

import pytest

import repro.meter
from repro.meter import condition, disturbances, nvml

SOURCES = sorted(Path(repro.meter.__file__).parent.glob("*.py"))
PATTERN = re.compile(r"\bnvml(?:Init|Shutdown|System\w+|Device\w+)")
ASKED = {name for path in SOURCES for name in PATTERN.findall(path.read_text())}
pynvml = importlib.import_module("pynvml")


@pytest.mark.parametrize("name", sorted(ASKED))
def test_a_function_that_is_asked_is_one_of_the_binding(name):
    assert callable(getattr(pynvml, name))


@pytest.mark.parametrize(
    ("here", "there"),
    [
        (nvml.POWER_INSTANT, pynvml.NVML_FI_DEV_POWER_INSTANT),
        (nvml.SUCCESS, pynvml.NVML_SUCCESS),
        (nvml.TIMEOUT, pynvml.NVML_ERROR_TIMEOUT),
        (nvml.UNKNOWN, pynvml.NVML_ERROR_UNKNOWN),
        (condition._CLOCK_SM, pynvml.NVML_CLOCK_SM),
        (condition._CLOCK_MEMORY, pynvml.NVML_CLOCK_MEM),
        (condition._MEMORY_V2, pynvml.nvmlMemory_v2),
        (condition._TEMPERATURE_SLOWDOWN, pynvml.NVML_TEMPERATURE_THRESHOLD_SLOWDOWN),
        (0x04, pynvml.nvmlClocksEventReasonSwPowerCap),
        (0x08, pynvml.nvmlClocksThrottleReasonHwSlowdown),
        (0x20, pynvml.nvmlClocksEventReasonSwThermalSlowdown),
        (0x40, pynvml.nvmlClocksThrottleReasonHwThermalSlowdown),
        (0x80, pynvml.nvmlClocksThrottleReasonHwPowerBrakeSlowdown),
    ],
)
def test_a_number_is_that_of_the_binding(here, there):
    assert here == there


def test_every_reason_that_slows_a_gpu_down_is_named_alike_in_a_check_and_in_a_row():
    assert disturbances.SLOWED_BY.items() <= condition._REASONS.items()


def test_the_binding_raises_what_is_caught():
    assert issubclass(pynvml.NVMLError_NotSupported, pynvml.NVMLError)
    assert pynvml.NVMLError(nvml.TIMEOUT).value == nvml.TIMEOUT
