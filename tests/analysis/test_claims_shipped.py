"""The paper's claims on the authors' own measurements, as both are shipped."""

from __future__ import annotations

import re

import pytest

from repro.analysis.claims import Outcome, evaluate, shipped_claims
from repro.analysis.reading.load import load
from repro.bundle import examine
from repro.protocol import parse_protocol, protocol_text
from repro.resources import data_root
from repro.signing import TrustStore

ARTIFACT = data_root() / "artifact"

#: What the released figures say, worked out apart from this program.
FAILING = {"C12", "C13", "C15"}


@pytest.fixture(scope="module")
def results():
    bundles = sorted((ARTIFACT / "reference" / "passoni2025").glob("*.zip"))
    return evaluate(load(examine(path, trust=TrustStore()) for path in bundles), shipped_claims())


def test_every_claim_has_a_verdict_with_numbers_as_evidence(results):
    assert [one.claim.id for one in results] == [claim.id for claim in shipped_claims()]
    for one in results:
        assert one.outcome in {Outcome.HOLDS, Outcome.FAILS}, one
        assert re.search(r"\d", one.evidence), one


def test_the_claims_that_fail_on_the_authors_data_are_known(results):
    assert {one.claim.id for one in results if one.outcome is Outcome.FAILS} == FAILING


def test_every_claim_that_fails_on_the_authors_data_is_explained(results):
    text = (ARTIFACT / "DEVIATIONS.md").read_text(encoding="utf-8")
    explained = set(re.findall(r"\bC[1-9][0-9]*\b", text))
    assert {one.claim.id for one in results if one.outcome is Outcome.FAILS} <= explained
    assert explained <= {claim.id for claim in shipped_claims()}


def test_the_steps_and_batch_sizes_of_the_claims_are_those_of_the_protocol():
    studies = parse_protocol(protocol_text("paper")).studies
    for claim in shipped_claims():
        steps = getattr(claim.parameters, "steps", None)
        if isinstance(steps, tuple):
            assert steps == tuple(studies.steps.steps), claim.id
        sizes = getattr(claim.parameters, "batch_sizes", None)
        assert sizes in (None, tuple(studies.batch.batch_sizes)), claim.id


def test_the_front_that_contradicts_a_claim_is_named_point_by_point(results):
    (found,) = (one for one in results if one.claim.id == "C12")
    assert "Make-an-Audio at 100 steps on audiocaps" in found.evidence
    assert "Tango 2 at 100 steps on audiocaps" in found.evidence


def test_the_gpu_is_found_wanting_by_sets_of_clips_and_not_by_five_repeats(results):
    (found,) = (one for one in results if one.claim.id == "C15")
    assert found.evidence.startswith("GPU beside CPU and RAM: 12 of 126 go the other way")
    against = found.evidence.partition("lost in noise")[0]
    assert against.count("over 300 clips of") == against.count("AudioLDM 2 ") == 6
