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
        ("paper", "steps", "a"), ("paper", "steps", "b"), ("paper", "steps", "c"),
        ("paper", "batch", "a"), ("paper", "stages", "a"), ("paper", "stages", "b"),
        ("precise", "steps", "a"),
        ("paper", "steps", "d"),
        ("paper", "batch", "b"), ("paper", "batch", "c"), ("paper", "batch", "d"),
    ]  # fmt: skip


def asked_of(tmp_path, **changed):
    given = {"out": tmp_path, "have": [], "device": "cpu", "further": [], "models": ["audioldm"]}
    return argparse.Namespace(**{**given, **changed})


def test_what_does_not_fit_into_the_time_left_is_not_begun(tmp_path, monkeypatch):
    monkeypatch.setattr(visit, "estimate_s", lambda _: 200.0)
    monkeypatch.setattr(visit.subprocess, "Popen", None)

    done = visit.measure(asked_of(tmp_path), visit.time.monotonic() + 150)
    assert {one.outcome for one in done} == {"not begun"}


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


def test_a_card_that_is_slower_than_estimated_makes_every_later_estimate_longer(monkeypatch):
    monkeypatch.setattr(visit, "estimate_s", lambda _: 100.0)
    piece = visit.pieces(["a"])[0]

    assert visit.slowness([]) == 1.0
    assert visit.slowness([visit.Done(piece, "measured", 200.0)]) == pytest.approx(2.0)
    assert visit.slowness([visit.Done(piece, "stopped", 900.0)]) == 1.0


def test_the_estimate_has_loading_and_idling_in_each_process(monkeypatch):
    asked = []
    grid = json.dumps({"minutes": 2.0, "windows": {"steps": 10}})
    monkeypatch.setattr(visit, "output", lambda *words: asked.append(words) or grid)
    piece = visit.Piece("precise", "steps", "audioldm", repeats=2)

    waiting_s = 10 * visit.BETWEEN_WINDOWS_S
    assert visit.estimate_s(piece) == pytest.approx(120 + waiting_s + 2 * (visit.LOADING_S + 30))
    assert asked == [("plan", "full", *piece.words(), "--json")]


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


def test_the_results_of_a_visit_travel_without_audio_and_journals(tmp_path, sealed):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "journal.jsonl").write_text("{}")

    with tarfile.open(visit.pack(tmp_path)) as packed:
        assert packed.getnames() == [sealed.name]


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
