"""A visit to a GPU begins what it can finish; its findings come from bundles that verify."""

import argparse
import json
import re
import signal
import subprocess
import sys
import tarfile
import tomllib
from pathlib import Path

import pytest

from repro.bundle import seal
from repro.records import Instrument
from repro.signing import ephemeral_key
from tests.factories import make_gpu, make_run

sys.path.append(str(Path(__file__).parents[2] / "artifact" / "gpu"))

import findings
import visit


@pytest.fixture
def sealed(tmp_path):
    path = tmp_path / "audioldm_paper_00000000.zip"
    path.write_bytes(seal(make_run(gpu=make_gpu()), key=ephemeral_key()))
    return path


def test_what_the_questions_need_comes_first_and_every_piece_once():
    models = ["a", "b", "c", "d"]
    found = [(piece.protocol, piece.study, piece.model) for piece in visit.pieces(models)]

    assert found == [
        ("paper", "steps", "a"), ("paper", "batch", "a"),
        ("paper", "steps", "b"), ("paper", "steps", "c"),
        ("paper", "stages", "a"), ("paper", "stages", "b"),
        ("precise", "steps", "a"),
        ("paper", "steps", "d"),
        ("paper", "batch", "b"), ("paper", "batch", "c"), ("paper", "batch", "d"),
    ]  # fmt: skip


def asked_of(tmp_path, **changed):
    given = {"out": tmp_path, "archive": None, "have": [], "device": "cpu", "further": [],
             "models": ["audioldm"]}  # fmt: skip
    return argparse.Namespace(**{**given, **changed})


def test_what_does_not_fit_into_the_time_left_is_not_begun(tmp_path, monkeypatch):
    monkeypatch.setattr(visit, "estimate_s", lambda *_: 200.0)
    monkeypatch.setattr(visit.subprocess, "Popen", None)

    done = visit.measure(asked_of(tmp_path), visit.time.monotonic() + 150)
    assert {one.outcome for one in done} == {"not begun"}


def test_what_has_windows_of_a_fixed_length_is_not_expected_to_be_faster(tmp_path, monkeypatch):
    monkeypatch.setattr(visit, "estimate_s", lambda *_: 200.0)
    monkeypatch.setattr(visit.subprocess, "Popen", lambda *_, **__: None)
    monkeypatch.setattr(visit, "finish", lambda *_: 0)
    fast = [visit.Done(visit.Piece("paper", "steps", "a"), "measured", 50.0, 200.0)]
    ends_at = visit.time.monotonic() + 150

    fixed = visit.Piece("paper", "stages", "a", ("--repeats", "2"))
    assert visit.attempt(fixed, asked_of(tmp_path), ends_at, fast).outcome == "not begun"
    other = visit.Piece("paper", "steps", "b")
    assert visit.attempt(other, asked_of(tmp_path), ends_at, fast).outcome == "measured"


def test_what_an_earlier_bundle_holds_is_not_measured_again(tmp_path, sealed, monkeypatch):
    begun = []
    monkeypatch.setattr(visit, "attempt", lambda piece, *_: begun.append(piece.key)
                        or visit.Done(piece, "measured", 1.0))  # fmt: skip
    held = {("paper", "steps", "audioldm"), ("paper", "batch", "audioldm")}
    assert visit.held(sealed.parent) == held

    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    done = visit.measure(asked_of(elsewhere, have=[sealed.parent]), float("inf"))
    there = {one.piece.key for one in done if one.outcome == "there"}
    assert there == held
    assert begun == [key for one in done if (key := one.piece.key) not in held]


def test_a_card_that_is_slower_than_estimated_makes_every_later_estimate_longer():
    piece = visit.pieces(["a"])[0]

    assert visit.slowness([]) == 1.0
    assert visit.slowness([visit.Done(piece, "measured", 200.0, 100.0)]) == pytest.approx(2.0)
    assert visit.slowness([visit.Done(piece, "stopped", 900.0, 100.0)]) == 1.0
    assert visit.slowness([visit.Done(piece, "there", 0.0)]) == 1.0


def test_the_estimate_has_loading_and_idling_in_each_process(monkeypatch):
    asked = []
    grid = json.dumps({"minutes": 2.0, "windows": {"steps": 10}})
    monkeypatch.setattr(visit, "output", lambda *words: asked.append(words) or grid)
    words = ("--protocol", "precise", "--repeats", "2")

    waiting_s = visit.STARTING_S + 10 * visit.BETWEEN_WINDOWS_S
    expected_s = pytest.approx(120 + waiting_s + 2 * (visit.LOADING_S + 30))
    assert visit.estimate_s(words, "precise") == expected_s
    assert asked == [("plan", "full", *words, "--json")]


def run_visit(monkeypatch, tmp_path, failing, *options):
    monkeypatch.setattr(visit, "doctor", lambda *_: failing)
    monkeypatch.setattr(visit, "measure", lambda asked, _: seen.extend(asked.further) or [])
    seen = []
    monkeypatch.setattr(
        sys, "argv", ["visit.py", "--minutes", "1", "--out", str(tmp_path / "out"), *options]
    )
    return visit.main(), seen


def test_a_machine_that_is_not_fit_is_not_measured_on(monkeypatch, tmp_path, capsys):
    assert run_visit(monkeypatch, tmp_path, ["output"]) == (4, [])
    assert "not fit to measure on: output" in capsys.readouterr().out


def test_anyway_overrides_what_fails_and_nothing_else(monkeypatch, tmp_path):
    assert run_visit(monkeypatch, tmp_path, ["output"], "--anyway") == (0, ["--override", "output"])
    assert run_visit(monkeypatch, tmp_path, [], "--anyway") == (0, [])


def test_what_cannot_be_overridden_ends_the_visit_all_the_same(monkeypatch, tmp_path):
    assert run_visit(monkeypatch, tmp_path, ["output", "counter"], "--anyway") == (4, [])


def test_the_models_can_run_in_the_interpreter_of_the_visit(tmp_path):
    root = visit.environments_here(tmp_path)
    python = root / "diffusers" / "bin" / "python"
    told = subprocess.run(
        [python, "-c", "import sys; print(sys.prefix)"], capture_output=True, text=True, check=True
    )
    assert told.stdout.strip() == sys.prefix


def test_a_run_that_outlasts_the_visit_is_told_to_stop():
    sleeper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])

    assert visit.finish(sleeper, 0.2) is None
    assert sleeper.returncode == -signal.SIGTERM


def test_bundles_and_logs_travel_without_audio_and_an_unfinished_run_with_its_journal(
    tmp_path, sealed
):
    for name in (sealed.stem, "tango_paper_11111111"):
        (tmp_path / name / "audio").mkdir(parents=True)
        for file in ("journal.jsonl", "worker.log", "audio/000000-0.wav"):
            (tmp_path / name / file).touch()

    with tarfile.open(visit.pack(asked_of(tmp_path))) as packed:
        assert sorted(packed.getnames()) == [
            sealed.name, f"{sealed.stem}/worker.log", "tango_paper_11111111/journal.jsonl",
            "tango_paper_11111111/worker.log",
        ]  # fmt: skip


def test_the_findings_hold_each_reading_against_the_counter(sealed):
    row = findings.counted(findings.read(sealed))[0]
    row = row.model_copy(update={"gpu_energy_counter_j": 100.0, "gpu_energy_trace_j": 103.0})

    assert findings.apart_percent(row, "trace") == pytest.approx(3.0)
    assert (
        findings.apart_percent(row.model_copy(update={"gpu_energy_trace_j": None}), "trace") is None
    )


def test_warm_ups_are_in_the_spread_only_where_it_says_so(sealed):
    run = findings.read(sealed)
    alone, among = (
        findings.by_setting(findings.counted(run, warmups=one)) for one in (False, True)
    )

    assert {setting: len(values) + 1 for setting, values in alone.items()} == {
        setting: len(values) for setting, values in among.items()
    }


def test_a_bundle_that_was_changed_is_refused(sealed):
    sealed.write_bytes(sealed.read_bytes()[:-1])

    with pytest.raises(SystemExit, match="INVALID"):
        findings.read(sealed)


def test_the_refreshes_of_the_counter_are_listed_by_run(sealed):
    run = findings.read(sealed)
    counter = Instrument(
        name="counter", version="1", quantity="gpu", reads="-",
        refresh_period_s=0.1, refresh_jitter_s=0.0015,
    )  # fmt: skip
    made = run.header.environment.model_copy(update={"instruments": (counter,)})
    run = run.model_copy(update={"header": run.header.model_copy(update={"environment": made})})

    (row,) = findings.meters([run]).splitlines()[2:]
    assert row.startswith("| audioldm | paper | 100.0 ms | 1.50 ms |")


def test_what_the_harness_depends_on_is_carried_along_or_expected_there():
    root = Path(__file__).parents[2]
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    needed = {re.match(r"[\w-]+", one)[0].replace("_", "-") for one in project["dependencies"]}
    named = (root / "artifact/gpu/wheels.txt").read_text()

    assert needed
    assert {name for name in needed if not re.search(rf"\b{name}\b", named)} == set()
