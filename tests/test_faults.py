"""What can be wrong with a GPU, through the real command line, down to the row it ends in."""

import subprocess

import pytest

from repro.errors import MeterError
from repro.meter.device import Device, open_device
from repro.meter.nvml import NvmlGpu
from repro.meter.simulated import SimulatedGpuSettings, SimulatedNvml
from repro.meter.window import Meter
from tests.fakes import command, environment, fake_run, rows_of, write_model


def run(tmp_path, settings, *more, sleep_s, repeats=1):
    """Run a fake model on a simulated GPU of these settings."""
    models = write_model(tmp_path / "models", sleep_s=sleep_s)
    (tmp_path / "gpu.toml").write_text(settings)
    arguments = fake_run(
        models,
        tmp_path / "out",
        "--study",
        "steps",
        "--steps",
        "4",
        "--repeats",
        str(repeats),
        *more,
    )
    arguments[arguments.index("simulated")] = f"simulated:{tmp_path / 'gpu.toml'}"
    return subprocess.run(
        command(*arguments), capture_output=True, text=True, check=False, env=environment()
    )


def measured(tmp_path):
    return [row for row in rows_of(tmp_path / "out") if not row["warmup"]]


def test_a_counter_of_the_wrong_gain_is_disputed_by_the_trace_and_the_run_goes_on(tmp_path):
    done = run(tmp_path, "gain = 1.7\n", sleep_s=1.5, repeats=2)

    assert done.returncode == 0, done.stderr
    rows = measured(tmp_path)
    assert len(rows) == 2
    for row in rows:
        assert row["status"] == "disputed"
        assert "apart, expected at most 5%" in row["detail"]
        assert row["gpu_energy_counter_j"] > 1.5 * row["gpu_energy_trace_j"]


def test_readings_that_agree_are_not_disputed(tmp_path):
    done = run(tmp_path, "", sleep_s=1.5)

    assert done.returncode == 0, done.stderr
    (row,) = measured(tmp_path)
    assert row["status"] == "ok"
    assert row["disturbances"] is None
    assert row["gpu_energy_trace_j"] == pytest.approx(row["gpu_energy_counter_j"], rel=0.05)


def test_throttling_stands_in_the_row_which_stays_good(tmp_path):
    done = run(tmp_path, "throttle_after_s = 0.4\n", sleep_s=1.2)

    assert done.returncode == 0, done.stderr
    (row,) = measured(tmp_path)
    assert row["status"] == "ok"
    assert "software thermal slowdown" in row["disturbances"]


def test_a_stranger_is_refused_and_where_that_is_overridden_stands_in_the_row(tmp_path):
    refused = run(tmp_path, "foreign_processes = 1\n", sleep_s=0.3)
    assert refused.returncode == 4
    assert "processes" in refused.stderr

    names = ("processes", "memory", "utilisation")
    overrides = [word for name in names for word in ("--override", name)]
    done = run(tmp_path, "foreign_processes = 1\n", *overrides, sleep_s=0.3)
    assert done.returncode == 0, done.stderr
    (row,) = measured(tmp_path)
    assert row["disturbances"] == "1 other process on the GPU"


@pytest.mark.parametrize("fault", ["zero", "stuck"])
def test_a_counter_that_does_not_count_is_refused_before_anything_is_measured(tmp_path, fault):
    done = run(tmp_path, f"fault = '{fault}'\n", sleep_s=0.05)

    assert done.returncode == 4, done.stderr
    assert "check counter-period: counter: expected a change within 3 s, found none" in done.stderr
    assert not list((tmp_path / "out").glob("*/journal.jsonl"))


def test_a_model_on_another_gpu_than_the_measured_one_is_refused():
    gpu = NvmlGpu(SimulatedNvml(SimulatedGpuSettings(gpus=2)), 1)
    device = Device("cuda:1", gpu, Meter(()))

    device.check_identity("00000000-0000-0000-0000-000000000001")
    for other in ("GPU-00000000-0000-0000-0000-000000000000", None):
        with pytest.raises(MeterError, match="expected the model on the measured GPU 1"):
            device.check_identity(other)


@pytest.mark.parametrize(
    ("division", "named"), [("mig = true", "MIG"), ("vgpu = true", "virtualisation mode vgpu")]
)
def test_a_divided_gpu_is_refused_before_anything_is_measured(tmp_path, division, named):
    done = run(tmp_path, f"{division}\n", sleep_s=0.05)

    assert done.returncode == 4
    assert named in done.stderr + done.stdout
    assert not list((tmp_path / "out").glob("*/journal.jsonl"))
    with pytest.raises(MeterError, match=f"expected a whole GPU, found GPU 0 .*{named}"):
        open_device(f"simulated:{tmp_path / 'gpu.toml'}")


def test_a_gpu_that_is_lost_ends_the_run_which_goes_on_once_it_is_back(tmp_path):
    settings = "fault = 'lost'\nlost_after_windows = 3\n"
    lost = run(tmp_path, settings, sleep_s=0.1, repeats=4)
    before = rows_of(tmp_path / "out")

    assert lost.returncode == 4, lost.stderr
    assert "GPU is lost" in lost.stderr
    assert [row["status"] for row in before] == ["ok"] * len(before)
    assert 0 < len(before) < 5

    done = run(tmp_path, "", sleep_s=0.1, repeats=4)
    assert done.returncode == 0, done.stderr
    after = measured(tmp_path)
    assert sorted(row["repeat"] for row in after) == [1, 2, 3, 4]
    assert {row["status"] for row in after} == {"ok"}
    assert rows_of(tmp_path / "out")[: len(before)] == before


def test_a_model_on_a_gpu_that_is_not_measured_stops_alone_and_the_next_is_measured(tmp_path):
    models = write_model(tmp_path / "models", "astray", sleep_s=0.1)
    adapter = models / "astray" / "adapter.py"
    elsewhere = '"gpu_uuid": "GPU-00000000-0000-0000-0000-000000000007", "dtype"'
    adapter.write_text(adapter.read_text().replace('"dtype"', elsewhere, 1))
    done = run(tmp_path, "", "--model", "astray", sleep_s=0.1)

    assert done.returncode == 4, done.stderr
    assert "expected the model on the measured GPU 0" in done.stderr
    assert [row["status"] for row in measured(tmp_path)] == ["ok"]
    assert list((tmp_path / "out").glob("fake_*.zip"))


def test_the_tail_that_the_authors_counted_is_no_reason_to_dispute(tmp_path):
    """At 200 W of idle power, 0.3 s of tail would be more than 5 % of 1.5 s at 250 W."""
    settings = "idle_power_w = 200.0\nlatency_s = 0.05\n"
    overrides = ("--override", "idle-power")
    done = run(tmp_path, settings, "--protocol", "authors", *overrides, sleep_s=1.5)

    assert done.returncode == 0, done.stderr
    (row,) = measured(tmp_path)
    assert row["gpu_energy_codecarbon_j"] > 1.02 * row["gpu_energy_counter_j"]
    assert row["status"] == "ok", row["detail"]
