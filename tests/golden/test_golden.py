"""Bundles of earlier days open, verify, and mean what they meant."""

from __future__ import annotations

import hashlib

import pytest

from repro.bundle import Verdict, examine, layout, payload, score_payload
from repro.bundle.seal import SIGNER
from repro.signing import TrustStore, public_key
from tests.bundle.forge import unzip
from tests.golden import make

PINNED = dict(reversed(line.split("  ")) for line in make.SUMS.read_text().splitlines())


def test_every_golden_bundle_is_pinned_and_none_is_missing():
    assert sorted(PINNED) == sorted(path.name for path in make.FOLDER.glob("*.zip"))


def test_every_format_version_has_its_golden_bundle():
    versions = range(1, layout.VERSION + 1)
    expected = [f"{kind}-v{number}.zip" for kind in layout.KINDS for number in versions]
    assert sorted(PINNED) == sorted(expected)


@pytest.mark.parametrize("name", PINNED)
def test_a_golden_bundle_is_the_one_that_was_released(name):
    assert hashlib.sha256((make.FOLDER / name).read_bytes()).hexdigest() == PINNED[name]


@pytest.mark.parametrize("name", PINNED)
def test_a_golden_bundle_verifies(name):
    examination = examine(make.FOLDER / name, trust=TrustStore())
    assert examination.verdict is Verdict.INTEGRITY_ONLY, examination.reasons
    assert examination.reasons == ("signer: ephemeral key",)
    assert examination.bundle_class == "measured"


@pytest.mark.parametrize("name", PINNED)
def test_a_golden_bundle_is_trusted_by_whoever_trusts_its_key(name):
    key = public_key(unzip((make.FOLDER / name).read_bytes())[SIGNER])
    trust = TrustStore({key.keyid: ("then", key)})
    assert examine(make.FOLDER / name, trust=trust).verdict is Verdict.TRUSTED


def test_the_first_golden_bundle_means_what_it_meant():
    contents = examine(make.FOLDER / "run-v1.zip", trust=TrustStore()).contents
    run = payload.read(contents)
    assert run.header.environment.machine.gpu.name == "NVIDIA A40"
    assert len(run.entries) == 14
    assert run.complete
    first = run.entries[0].row
    assert (first.study, first.steps, first.warmup) == ("steps", 10, True)
    assert first.gpu_energy_j == pytest.approx(65.044)


def test_the_first_golden_scores_mean_what_they_meant():
    contents = examine(make.FOLDER / "score-v1.zip", trust=TrustStore()).contents
    scored = score_payload.read(contents)
    assert scored.environment.parent.run_id == "6f9619ff8b864d01b42d00cf4fc964ff"
    assert len(scored.clips) == 24
    first = scored.scores[0]
    assert (first.dataset, first.steps, first.metric, first.n) == ("audiocaps", 10, "fad", 4)
    assert first.value == pytest.approx(0.3)
    assert scored.contrasts[0].difference == pytest.approx(-0.06)


def test_the_maker_does_not_replace_a_golden_bundle(capsys):
    before = [path.read_bytes() for path in make.PATHS.values()]
    assert make.main([]) == 1
    assert [path.read_bytes() for path in make.PATHS.values()] == before
    assert "exist already" in capsys.readouterr().err


@pytest.mark.parametrize("name", PINNED)
def test_no_private_key_lies_beside_a_golden_bundle(name):
    assert b"PRIVATE KEY" not in (make.FOLDER / name).read_bytes()
    assert list(make.FOLDER.glob("*.pem")) == []
