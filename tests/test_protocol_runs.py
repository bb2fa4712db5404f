"""Whole runs of a fake model under the protocols ``authors`` and ``precise``."""

import itertools
import json
import signal

import pytest

from repro.analysis.reading.load import load
from repro.bundle import examine
from repro.signing import TrustStore
from tests.fakes import fake_run, journal_of, rows_of, tta, write_model
from tests.test_run import interrupt, points

SLEEP_S = 0.04
GRID = ("--study", "steps", "--steps", "2,3,4")


@pytest.fixture
def models_dir(tmp_path):
    return write_model(tmp_path / "models", sleep_s=SLEEP_S)


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


def smoke(protocol, models_dir, out, *arguments):
    run = fake_run(models_dir, out, "--protocol", protocol, *GRID, *arguments)
    return ["smoke", *run[1:]]


def sessions_of(out):
    return [record["session"] for record in journal_of(out) if record["kind"] == "session"]


def test_authors_measure_from_the_first_generation_on_and_count_the_tail(models_dir, out):
    done = tta(*smoke("authors", models_dir, out))
    assert done.returncode == 0, done.stderr

    rows = rows_of(out)
    assert not any(row["warmup"] for row in rows)
    assert [(row["repeat"], row["steps"]) for row in rows] == list(
        itertools.product((1, 2), (2, 3, 4))
    )
    instruments = journal_of(out)[0]["header"]["environment"]["instruments"]
    gpu = next(
        one for one in instruments if (one["name"], one["quantity"]) == ("codecarbon", "gpu")
    )
    assert "total of a tracker per window" in gpu["reads"]
    # the total of a tracker holds the whole window, short of the refresh its end may miss
    missed_j = 0.02 * 250
    for row in rows:
        assert row["gpu_energy_codecarbon_j"] >= row["gpu_energy_counter_j"] - missed_j


def test_precise_repeats_the_generation_and_reads_the_counter(models_dir, out):
    done = tta(*smoke("precise", models_dir, out))
    assert done.returncode == 0, done.stderr

    rows = [row for row in rows_of(out) if not row["warmup"]]
    for row in rows:
        assert row["duration_s"] >= 0.5
        assert row["generations"] > 1
        assert row["clips"] == row["generations"]
        assert row["gpu_meter"] == "counter"
        assert row["gpu_energy_j"] == row["gpu_energy_counter_j"]
    warmups = [row for row in rows_of(out) if row["warmup"]]
    assert len(warmups) == 2 * 3
    assert {row["generations"] for row in warmups} == {1}


def test_precise_takes_two_processes_and_measures_the_idle_gpu_in_each(models_dir, out):
    tta(*smoke("precise", models_dir, out))

    sessions = sessions_of(out)
    assert [session["reason"] for session in sessions] == ["start", "process"]
    for session in sessions:
        idle = session["idle"]
        assert idle["seconds"] >= 0.5
        assert idle["power_w"] == (idle["raw_close"] - idle["raw_open"]) / 1000 / idle["seconds"]


def test_a_report_of_long_windows_is_of_one_generation(models_dir, out):
    tta(*smoke("precise", models_dir, out))
    (bundle,) = out.glob("*.zip")
    (source,) = load([examine(bundle, trust=TrustStore())]).sources

    for row, raw in zip(source.rows, rows_of(out), strict=True):
        assert row.clips == 1
        assert row.duration_s == raw["duration_s"] / raw["generations"]
        assert row.gpu_energy_j == raw["gpu_energy_j"] / raw["generations"]


@pytest.mark.parametrize(("protocol", "windows"), [("authors", 3), ("precise", 6)])
def test_a_killed_run_resumes_to_the_same_points_in_the_same_order(
    models_dir, out, tmp_path, protocol, windows
):
    whole = tmp_path / "whole"
    tta(*smoke(protocol, models_dir, whole))
    arguments = smoke(protocol, models_dir, out)
    interrupt(arguments, out, signal.SIGKILL, windows=windows)
    done = tta(*arguments)

    assert done.returncode == 0, done.stderr
    assert points(rows_of(out)) == points(rows_of(whole))
    assert [session["reason"] for session in sessions_of(out)][:2] == ["start", "resume"]
    assert "INTEGRITY_ONLY" in done.stdout


def test_the_plan_says_how_windows_are_made(models_dir):
    done = tta("plan", "full", "--protocol", "precise", "--models-dir", models_dir,
               "--model", "fake", "--json")  # fmt: skip

    manner = json.loads(done.stdout)["manner"]
    assert manner["headline"] == "energy counter of NVML"
    assert manner["repeats"] == "6 in 2 worker processes"
    assert manner["order"].endswith("seed 20250507")
