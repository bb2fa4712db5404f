"""Runs refuse a machine that is not fit, unless told, and say so in the signed part."""

import json
import shutil
import signal
import tomllib
from pathlib import Path
from types import SimpleNamespace

import pytest

from repro.doctor import preflight
from repro.errors import MeterError, TtaError
from tests.doctor.sites import make_site
from tests.fakes import fake_run, journal_of, rows_of, tta, write_model
from tests.test_run import interrupt, points

SLEEP_S = 0.05
GRID = ("--study", "steps", "--steps", "2,3", "--repeats", "4")


@pytest.fixture
def models_dir(tmp_path):
    return write_model(tmp_path / "models", sleep_s=SLEEP_S)


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


@pytest.fixture
def gpu(tmp_path):
    path = tmp_path / "gpu.toml"
    path.write_text("")
    return path


@pytest.fixture
def arguments(models_dir, out, gpu):
    made = fake_run(models_dir, out, *GRID)
    made[made.index("simulated")] = f"simulated:{gpu}"
    return made


HOT = "idle_temperature_c = 91\n"
OVERRIDE = ("--override", "temperature")


def test_a_failing_check_refuses_the_run_and_names_itself_and_the_way_out(arguments, out, gpu):
    gpu.write_text(HOT)
    done = tta(*arguments)

    assert done.returncode == 4
    assert "check temperature: 91 °C at rest" in done.stderr
    assert "--override temperature" in done.stderr
    assert not list(out.glob("*/journal.jsonl"))


def test_a_machine_that_is_not_fit_stops_all_models_once(arguments, models_dir, gpu):
    gpu.write_text(HOT)
    write_model(models_dir, "other")
    done = tta(*arguments, "--model", "other")

    assert done.returncode == 4
    assert done.stderr.count("check temperature: 91 °C at rest") == 1
    assert "other" not in done.stderr + done.stdout


@pytest.mark.parametrize(
    ("settings", "kind", "names"),
    [("", TtaError, "disk"), ("idle_temperature_c = 91", MeterError, r"temperature.*\(and disk\)")],
)
def test_too_little_room_is_an_error_and_no_question_of_trust(
    tmp_path, monkeypatch, settings, kind, names
):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1000))
    site = make_site(tmp_path, real=False, **tomllib.loads(settings))

    with pytest.raises(TtaError, match=f"check {names}") as raised:
        preflight(site, (), print)
    assert type(raised.value) is kind


def test_an_override_measures_and_is_signed_verified_and_reported(arguments, out, gpu, tmp_path):
    gpu.write_text(HOT)
    done = tta(*arguments, *OVERRIDE)
    (bundle,) = out.glob("*.zip")

    assert done.returncode == 0, done.stderr
    overridden = "temperature: 91 °C at rest, slows down at 95 °C"
    assert journal_of(out)[0]["header"]["environment"]["overrides"] == [overridden]
    (verified,) = json.loads(tta("verify", bundle, "--json").stdout)
    assert f"overridden: {overridden}" in verified["reasons"]
    tta("report", bundle, "--out", tmp_path / "report")
    assert overridden in (tmp_path / "report" / "index.html").read_text()


def test_an_override_of_what_does_not_fail_leaves_no_trace(arguments, out):
    done = tta(*arguments, *OVERRIDE)

    assert done.returncode == 0, done.stderr
    assert journal_of(out)[0]["header"]["environment"]["overrides"] == []


def test_an_override_of_one_check_does_not_excuse_another(arguments, gpu):
    gpu.write_text(HOT + "foreign_processes = 1\n")
    done = tta(*arguments, *OVERRIDE)

    assert done.returncode == 4
    assert "check processes: 1 computing on this GPU (and memory, utilisation)" in done.stderr
    needed = "--override processes --override memory --override utilisation"
    assert f"or measure all the same: {needed};" in done.stderr
    assert tta(*arguments, *OVERRIDE, *needed.split()).returncode == 0


@pytest.mark.parametrize(
    ("name", "words"), [("colour", "expected one of"), ("mig", "cannot be overridden")]
)
def test_an_override_that_cannot_be_is_a_usage_error(arguments, name, words):
    done = tta(*arguments, "--override", name)

    assert done.returncode == 2
    assert words in done.stderr


def test_a_resume_is_checked_too_and_an_override_resumes_the_same_run(arguments, out, gpu):
    interrupt(arguments, out, signal.SIGTERM, windows=3)
    before = rows_of(out)
    gpu.write_text(HOT)
    refused = tta(*arguments)

    assert refused.returncode == 4
    assert rows_of(out) == before

    done = tta(*arguments, *OVERRIDE)
    assert done.returncode == 0, done.stderr
    assert len(points(rows_of(out))) == 8
    sessions = [record["session"] for record in journal_of(out) if record["kind"] == "session"]
    assert sessions[0]["overrides"] == []
    assert "temperature: 91 °C" in sessions[-1]["overrides"][0]
    (bundle,) = out.glob("*.zip")
    assert "overridden: temperature: 91 °C" in tta("verify", bundle).stdout


def test_a_restart_is_checked_before_the_earlier_run_is_set_aside(arguments, out, gpu):
    tta(*arguments)
    (bundle,) = out.glob("*.zip")
    gpu.write_text(HOT)
    refused = tta(*arguments, "--restart")

    assert refused.returncode == 4
    assert bundle.exists()
    assert tta(*arguments, "--restart", *OVERRIDE).returncode == 0
    assert not bundle.exists()
    assert len(list(out.glob("*.zip"))) == 1


def test_a_finished_run_needs_no_fit_machine(arguments, gpu):
    tta(*arguments)
    gpu.write_text(HOT)

    assert tta(*arguments).returncode == 0


def test_doctor_prints_every_check_with_a_remedy_and_exits_with_4_on_a_fail(models_dir, gpu, out):
    gpu.write_text(HOT)
    done = tta("doctor", "--device", f"simulated:{gpu}", "--out", out, "--json",
               "--models-dir", models_dir, "--model", "fake")  # fmt: skip
    answer = json.loads(done.stdout)

    assert done.returncode == 4
    assert answer["fit"] is False
    (failing,) = [one for one in answer["checks"] if one["state"] == "fail"]
    assert failing["check"] == "temperature"
    assert failing["remedy"]
    assert not out.exists()


def test_doctor_finds_a_simulated_gpu_at_rest_fit(models_dir, out):
    done = tta("doctor", "--device", "simulated", "--out", out,
               "--models-dir", models_dir, "--model", "fake")  # fmt: skip

    assert done.returncode == 0, done.stdout
    assert "simulated: fit to measure on" in done.stdout


@pytest.mark.skipif(Path("/dev/nvidia0").exists(), reason="there is a GPU to be told of")
def test_doctor_without_a_gpu_says_in_one_line_what_cannot_be_told(out):
    done = tta("doctor", "--out", out)

    assert done.returncode == 4
    (untold,) = [line for line in done.stdout.splitlines() if "cannot be told: counter" in line]
    assert "idle-power" in untold
