"""NVIDIA's own binding, and CodeCarbon's use of it, against a library with NVML's signatures."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fakes import ROOT

SOURCE = Path(__file__).with_name("nvml_library.c")
COMPILER = shutil.which("cc")
IDLE_W = 110.25
#: CodeCarbon knows an edge to a refresh.
REFRESH_J = 0.1 * IDLE_W + 0.01

pytestmark = pytest.mark.skipif(COMPILER is None, reason="no C compiler")

MEASURE = """
import json, time
from repro.meter.device import open_device
device = open_device("cuda:0")
def measure(aligned):
    meter = device.meter_for(aligned=aligned)
    meter.open()
    time.sleep(1)
    meter.stop()
    found = meter.close()
    return {
        "duration_s": found.duration_s,
        "energy_j": {r.instrument: r.energy_j for r in found.readings if r.quantity == "gpu"},
        "clocks": [found.trace.sm_clock_mhz[0], found.trace.memory_clock_mhz[0]],
    }
device.check_identity("01234567-89ab-cdef-0123-456789abcdef")
print(json.dumps({
    "facts": device.gpu.facts(b"salt").model_dump(),
    "period_s": device.refresh_period_s,
    "windows": [measure(True), measure(False)],
}))
"""


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    """Return the environment of a machine on which the binding finds this library."""
    folder = tmp_path_factory.mktemp("driver")
    library = folder / "libnvidia-ml.so.1"
    subprocess.run([COMPILER, "-shared", "-fPIC", "-o", library, SOURCE], check=True)
    (folder / "nvidia-smi").write_text("#!/bin/sh\n")
    (folder / "nvidia-smi").chmod(0o755)
    changed = {
        "HOME": str(folder), "LD_LIBRARY_PATH": str(folder), "PYTHONPATH": str(ROOT),
        "PATH": f"{folder}:{os.environ['PATH']}",
    }  # fmt: skip
    return {**os.environ, **changed}


def run(machine, *arguments):
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, check=False, env=machine,
        cwd=machine["HOME"],
    )  # fmt: skip


def test_three_readings_of_an_idle_board_are_its_watts_times_seconds(machine):
    done = run(machine, "-c", MEASURE)
    assert done.returncode == 0, done.stderr
    measured = json.loads(done.stdout)

    assert measured["period_s"] == pytest.approx(0.1, rel=0.1)
    for window in measured["windows"]:
        found, expected_j = window["energy_j"], IDLE_W * window["duration_s"]
        assert found["counter"] == pytest.approx(expected_j, rel=0.1)
        assert found["trace"] == pytest.approx(expected_j, rel=0.01)
        assert found["codecarbon"] > expected_j - REFRESH_J
        assert window["clocks"] == [345, 3201]
    facts = measured["facts"]
    assert (facts["name"], facts["driver"], facts["cuda_driver"]) == (
        "NVIDIA H200", "580.159.03", "13.0",
    )  # fmt: skip
    assert (facts["power_limit_w"], facts["persistence"], facts["ecc"]) == (700, False, True)


@pytest.mark.parametrize("visible", [None, "GPU-0123"])
def test_doctor_finds_nothing_against_an_idle_board(machine, visible):
    seen = machine if visible is None else {**machine, "CUDA_VISIBLE_DEVICES": visible}
    done = run(seen, "-m", "repro", "doctor", "--json", "--out", machine["HOME"])
    found = {one["check"]: one for one in json.loads(done.stdout)["checks"]}

    good = (
        "driver", "counter", "counter-period", "mig", "vgpu", "memory", "utilisation",
        "idle-power", "temperature", "throttling", "power-limit", "nvidia-smi",
    )  # fmt: skip
    assert {name: found[name]["state"] for name in good} == dict.fromkeys(good, "ok")
    assert found["persistence"]["state"] == "warn"
    assert found["memory"]["found"] == "0.00 of 140 GiB in use"
