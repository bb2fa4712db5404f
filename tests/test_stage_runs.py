"""Whole runs of the study ``stages``: a fake model whose stages cost what is set."""

import itertools
import signal

import pytest

from repro.analysis.reading.load import load
from repro.analysis.stages.shares import splits
from repro.bundle import Verdict, examine
from repro.plan import windows
from repro.protocol import parse_protocol, protocol_text
from repro.request import Options, chosen_protocol
from repro.signing import TrustStore
from tests.fakes import fake_run, journal_of, rows_of, tta, write_model
from tests.test_run import interrupt

COSTS_S = {"text_encoding": 0.02, "denoising": 0.01, "decoding": 0.04, "vocoding": 0.005}
STEPS = 4
#: A counter that moves every millisecond: what is left of its error is small in a short window.
FINE = "refresh_period_s = 0.001\nsensor_period_s = 0.001\n"
BUSY_W = 250.0


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


@pytest.fixture
def gpu(tmp_path):
    path = tmp_path / "gpu.toml"
    path.write_text(FINE)
    return f"simulated:{path}"


def smoke(models_dir, out, *arguments):
    return ["smoke", *fake_run(models_dir, out, "--study", "stages", *arguments)[1:]]


def bundle_of(out):
    (path,) = out.glob("*.zip")
    return examine(path, trust=TrustStore.shipped())


def measured(out):
    return [row for row in rows_of(out) if not row["warmup"]]


def points(rows):
    return {(row["repeat"], row["stage"]) for row in rows if not row["warmup"]}


def test_every_repeat_makes_the_whole_generation_and_then_each_stage_alone():
    paper = parse_protocol(protocol_text("paper"))
    planned = [window for window in windows(paper) if window.study == "stages"]

    alone = [None, "text_encoding", "denoising", "decoding", "vocoding"]
    expected = list(itertools.product(range(1, 6), alone))
    assert [(window.repeat, window.stage) for window in planned] == expected
    assert {window.window_s for window in planned} == {10.0}
    assert len({window.key for window in planned}) == len(planned)
    assert {window.setting for window in planned} == {("stages", None, 100, 1)}


def test_the_stages_are_measured_when_they_are_asked_for_by_name_and_in_smoke():
    assert "stages" not in chosen_protocol(Options(tier="full"))[0].studies.names()
    assert "stages" in chosen_protocol(Options(tier="smoke"))[0].studies.names()
    asked, deviations = chosen_protocol(Options(tier="full", studies=("stages",)))
    assert asked.studies.names() == ("stages",)
    assert deviations == ("studies: steps, batch, quality -> stages",)


def test_each_stage_is_done_again_for_a_whole_window_and_its_energy_is_that_of_its_time(
    tmp_path, out, gpu
):
    models_dir = write_model(tmp_path / "models", stages=COSTS_S, sleep_s=0.03)
    done = tta(*smoke(models_dir, out, "--device", gpu))
    assert done.returncode == 0, done.stderr

    rows = measured(out)
    assert len(rows) == 2 * 5
    assert {row["status"] for row in rows} == {"ok"}
    for row in rows:
        assert row["duration_s"] >= 0.1
        assert row["gpu_energy_j"] / row["duration_s"] == pytest.approx(BUSY_W, rel=0.05)
        calls = STEPS if row["stage"] in {None, "denoising"} else 0
        assert row["executed_steps"] == calls
        assert row["clips"] == (row["generations"] if row["stage"] is None else 0)
        # A sleep may last longer and never shorter: it was done as often as the row says.
        cost_s = COSTS_S.get(row["stage"], sum(COSTS_S.values())) * max(1, calls)
        assert row["duration_s"] >= 0.999 * row["generations"] * cost_s or row["stage"] is None

    examination = bundle_of(out)
    assert examination.verdict is Verdict.INTEGRITY_ONLY
    (split,) = splits(load([examination]))
    energies = {name: part.energy_j.value for name, part in split.stages.items()}
    assert list(energies) == list(COSTS_S)
    per_generation_s = {**COSTS_S, "denoising": STEPS * COSTS_S["denoising"]}
    for name, energy_j in energies.items():
        assert energy_j >= 0.95 * BUSY_W * per_generation_s[name]
    assert split.whole.energy_j.value >= 0.95 * BUSY_W * (0.03 + sum(per_generation_s.values()))


def test_an_adapter_that_names_no_stages_is_unsupported_and_says_why(tmp_path, out):
    done = tta(*smoke(write_model(tmp_path / "models"), out))

    assert done.returncode == 0, done.stderr
    assert {(row["status"], row["detail"]) for row in rows_of(out)} == {
        ("unsupported", "the adapter does not say which modules the stages of a generation are")
    }


def test_a_stage_the_model_does_not_have_is_unsupported_and_the_others_are_measured(tmp_path, out):
    costs = {name: cost for name, cost in COSTS_S.items() if name != "vocoding"}
    done = tta(*smoke(write_model(tmp_path / "models", stages=costs), out))

    assert done.returncode == 0, done.stderr
    lacking = [row for row in measured(out) if row["status"] != "ok"]
    assert {(row["stage"], row["detail"]) for row in lacking} == {
        ("vocoding", "the model has no stage vocoding")
    }
    (split,) = splits(load([bundle_of(out)]))
    assert (list(split.stages), split.missing) == (list(costs), ())


def test_a_stage_whose_modules_are_never_called_is_failed_and_no_number(tmp_path, out):
    models_dir = write_model(tmp_path / "models", stages={**COSTS_S, "decoding": None})
    done = tta(*smoke(models_dir, out, "--repeats", "1"))

    assert done.returncode == 3, done.stderr
    (failed,) = [row for row in measured(out) if row["status"] == "failed"]
    assert failed["stage"] == "decoding"
    assert "stage decoding: expected calls of its modules, found none" in failed["detail"]


def test_a_killed_run_resumes_to_every_stage_of_every_repeat(tmp_path, out):
    models_dir = write_model(tmp_path / "models", stages=COSTS_S)
    arguments = smoke(models_dir, out)
    interrupt(arguments, out, signal.SIGKILL, 3)
    begun = len(measured(out))
    assert 0 < begun < 10

    done = tta(*arguments)
    assert done.returncode == 0, done.stderr
    rows = rows_of(out)
    assert points(rows) == set(itertools.product((1, 2), (None, *COSTS_S)))
    assert len(measured(out)) == 10
    assert {row["status"] for row in rows} == {"ok"}
    # The new worker was warmed up by a whole generation, whatever stage came next.
    assert [row["stage"] for row in rows if row["warmup"]] == [None, None]
    sessions = [record["session"] for record in journal_of(out) if record["kind"] == "session"]
    assert [session["reason"] for session in sessions] == ["start", "resume"]
    assert bundle_of(out).verdict is Verdict.INTEGRITY_ONLY
