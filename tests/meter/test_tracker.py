"""CodeCarbon's own traps, each against the real release that is pinned."""

import importlib
import logging
import subprocess
import sys
import time

import pytest

from repro.energy.alignment import Span
from repro.errors import MeterError
from repro.meter.simulated import SimulatedGpuSettings, SimulatedNvml
from repro.meter.tracker import CodeCarbon, refuse_configuration
from tests.fakes import ROOT


@pytest.fixture(autouse=True)
def untouched(monkeypatch, tmp_path):
    """Give CodeCarbon a home without configuration, and its own NVML back afterwards."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    for module in ("codecarbon.core.gpu_nvidia", "codecarbon.core.gpu"):
        loaded = importlib.import_module(module)
        for name in ("pynvml", "PYNVML_AVAILABLE", "is_nvidia_system"):
            if hasattr(loaded, name):
                monkeypatch.setattr(loaded, name, getattr(loaded, name))
    yield
    logging.getLogger("codecarbon").setLevel(logging.CRITICAL)


def measure(nvml, seconds=0.3):
    """Return the GPU energy of one busy task."""
    tracker = CodeCarbon(0, nvml)
    begun = time.perf_counter()
    tracker.open(begun)
    nvml.set_busy(True)
    time.sleep(seconds)
    nvml.set_busy(False)
    return tracker.close(Span(begun, time.perf_counter())).readings[0]


def test_other_gpus_are_left_out_whatever_cuda_may_see(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-00000000-0000-0000-0000-000000000000")
    nvml = SimulatedNvml(SimulatedGpuSettings(gpus=4, other_power_w=1000))

    assert 40 < measure(nvml).energy_j < 120


def test_the_value_is_the_energy_and_not_some_multiple_of_it():
    nvml = SimulatedNvml(SimulatedGpuSettings())
    begun = nvml.board.begun_at
    reading = measure(nvml)
    true_j = nvml.true_energy_j(time.perf_counter()) - nvml.true_energy_j(begun)

    assert reading.energy_j < true_j


def test_a_lock_file_left_by_a_crash_does_not_silence_the_tracker():
    lock = importlib.import_module("codecarbon.lock")
    path = importlib.import_module("pathlib").Path(lock.LOCKFILE)
    existed = path.exists()
    path.touch()
    try:
        assert measure(SimulatedNvml(SimulatedGpuSettings())).energy_j > 0
    finally:
        if not existed:
            path.unlink(missing_ok=True)


def test_nothing_is_looked_up_online(monkeypatch):
    requests = importlib.import_module("requests")

    def no_network(*_, **__):
        raise AssertionError("CodeCarbon went online")

    monkeypatch.setattr(requests.Session, "request", no_network)

    assert measure(SimulatedNvml(SimulatedGpuSettings())).energy_j > 0


def test_a_gpu_that_codecarbon_reads_as_nothing_is_refused():
    with pytest.raises(MeterError, match=r"expected gpu energy in 2\.0 s, found 0"):
        CodeCarbon(0, SimulatedNvml(SimulatedGpuSettings(fault="stuck")))


def test_a_counter_that_moves_once_a_second_is_waited_for():
    nvml = SimulatedNvml(SimulatedGpuSettings(refresh_period_s=1.0))

    assert CodeCarbon(0, nvml).describe()[0].quantity == "gpu"


WITHOUT_NVIDIA_SMI = """
import codecarbon.core.gpu as gpu, codecarbon.core.gpu_nvidia as nvidia
from repro.errors import MeterError
from repro.meter import tracker
from repro.meter.simulated import SimulatedGpuSettings, SimulatedNvml
nvidia.pynvml = SimulatedNvml(SimulatedGpuSettings())
nvidia.PYNVML_AVAILABLE = gpu.PYNVML_AVAILABLE = True
tracker._substitute = lambda nvml: None
try:
    tracker.CodeCarbon(0, nvidia.pynvml)
except MeterError as error:
    print(error)
"""


def test_a_missing_nvidia_smi_is_noticed_as_energy_of_zero(tmp_path):
    """CodeCarbon 3.3.2 asks for the program, and without it reads nothing and says nothing.

    In a process of its own: CodeCarbon remembers the hardware it has found.
    """
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_NVIDIA_SMI],
        capture_output=True, text=True, check=True, cwd=tmp_path,
        env={"PATH": str(tmp_path), "HOME": str(tmp_path), "PYTHONPATH": str(ROOT)},
    )  # fmt: skip

    assert "expected gpu energy in 2.0 s, found 0" in done.stdout
    assert "nvidia-smi" in done.stdout


@pytest.mark.parametrize("name", ["CODECARBON_PUE", "codecarbon_gpu_ids"])
def test_a_variable_that_would_change_the_joules_is_refused(monkeypatch, name):
    monkeypatch.setenv(name, "1.5")

    with pytest.raises(MeterError, match="expected no configuration of its own"):
        refuse_configuration()


def test_a_file_that_would_change_the_joules_is_refused(tmp_path):
    (tmp_path / ".codecarbon.config").write_text("[codecarbon]\npue = 1.5\n")

    with pytest.raises(MeterError, match="pue from"):
        refuse_configuration()
