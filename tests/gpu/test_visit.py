"""A visit to a GPU begins what it can finish; its findings come from bundles that verify."""

import argparse
import sys
import tarfile
from pathlib import Path

import pytest

from repro.bundle import seal
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


def test_all_models_are_stepped_before_any_is_batched():
    found = [(piece.protocol, piece.study, piece.model) for piece in visit.pieces(["a", "b"])]

    assert found == [
        ("paper", "steps", "a"), ("paper", "steps", "b"), ("paper", "batch", "a"),
        ("precise", "steps", "a"), ("paper", "batch", "b"),
    ]  # fmt: skip


def test_what_does_not_fit_into_the_time_left_is_not_begun(tmp_path, monkeypatch):
    monkeypatch.setattr(visit, "estimate_s", lambda _: 100.0)
    monkeypatch.setattr(visit.subprocess, "Popen", None)
    asked = argparse.Namespace(out=tmp_path, device="cpu", further=[])
    ends_at = visit.time.monotonic() + 150

    assert visit.attempt(visit.pieces(["a"])[0], asked, ends_at, 1.0).outcome == "not begun"


def test_a_card_that_is_slower_than_estimated_makes_every_later_estimate_longer(monkeypatch):
    monkeypatch.setattr(visit, "estimate_s", lambda _: 40.0)
    piece = visit.pieces(["a"])[0]

    assert visit.slowness([]) == 1.0
    assert visit.slowness([visit.Done(piece, "measured", 200.0)]) == pytest.approx(2.0)
    assert visit.slowness([visit.Done(piece, "stopped", 900.0)]) == 1.0


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
