"""The paper's own measurements, as they are shipped: whole, and as they were published."""

from __future__ import annotations

from collections import Counter

import pytest

from repro.bundle import Verdict, examine, payload
from repro.resources import data_root
from repro.signing import TrustStore

FOLDER = data_root() / "artifact" / "reference" / "passoni2025"
COMMIT = "9cb72eb5b01109bf2c7443c998c8894fa3e9a0f7"


@pytest.fixture(scope="module")
def examinations():
    return [examine(path, trust=TrustStore()) for path in sorted(FOLDER.glob("*.zip"))]


@pytest.fixture(scope="module")
def runs(examinations):
    return [payload.read(one.contents) for one in examinations]


@pytest.fixture(scope="module")
def rows(runs):
    return [entry.row for run in runs for entry in run.entries]


def test_there_is_one_bundle_for_each_of_seven_models(runs):
    names = {run.entries[0].row.model for run in runs}
    assert len(runs) == len(names) == 7


def test_each_verifies_and_is_imported(examinations):
    for one in examinations:
        assert one.verdict is Verdict.INTEGRITY_ONLY, one.reasons
        assert one.reasons == ("signer: ephemeral key", "physics: not checked: imported")
        assert one.imported
        assert one.bundle_class == "measured"


def test_they_hold_every_row_of_the_publication(rows):
    assert Counter(row.study for row in rows) == {"steps": 210, "batch": 140, "quality": 84}


def test_they_hold_every_score_of_the_publication(runs):
    scores = [score for run in runs for score in run.scores]
    full = [score for score in scores if score.reference.endswith("-full")]
    assert len(scores) - len(full) == 168
    assert Counter(score.model for score in full) == {"audioldm2": 24, "stable-audio-open": 24}
    assert {score.n for score in scores if score not in full} == {300}


def test_they_say_where_they_come_from(runs):
    for run in runs:
        origin = run.header.environment.origin
        assert origin.layout == "passoni2025"
        assert origin.source == "github.com/rickgiantsteps/diffusionGenAudio-energy-consumption"
        assert origin.commit == COMMIT
        assert len(run.sources) in {99, 101}
        assert run.header.environment.machine.gpu.name == "NVIDIA A40"


# arXiv:2505.07615, Table 1: seconds for a clip at 100 steps on an A40
TABLE_1 = {
    "audioldm": 2.82, "audioldm2": 6.07, "make-an-audio": 2.63, "make-an-audio-2": 2.62,
    "stable-audio-open": 8.16, "tango": 12.06, "tango2": 12.09,
}  # fmt: skip


@pytest.mark.parametrize("model", TABLE_1)
def test_they_give_the_speeds_of_table_1(rows, model):
    found = [
        row.duration_s for row in rows if (row.model, row.study, row.steps) == (model, "steps", 100)
    ]
    assert len(found) == 5
    assert sum(found) / 5 == pytest.approx(TABLE_1[model], abs=0.0101)


def test_no_log_is_among_them(examinations):
    for one in examinations:
        assert not any(b"experiment_id" in data for data in one.contents.values())


def test_a_reader_is_told_what_they_are(examinations):
    text = (FOLDER / "README.md").read_text()
    assert COMMIT in text
    for one in examinations:
        assert one.bundle in text
        assert one.sha256 in text
