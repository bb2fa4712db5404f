"""What a bundle costs to verify grows with its rows and no faster: calls are counted, not time."""

from __future__ import annotations

import cProfile
import pstats

import pytest

from repro.bundle import columns, examine, seal, seal_scores
from repro.bundle.family import compared
from repro.signing import TrustStore
from tests.scored import make_quality_run, make_scored

CLIPS = (8, 16, 32)


def calls_of(run, key, folder):
    """Return the calls it takes to verify a run of clips together with its scores."""
    paths = [folder / "run.zip", folder / "run_score.zip"]
    paths[0].write_bytes(seal(run, key=key))
    paths[1].write_bytes(seal_scores(make_scored(run), key=key))
    columns.read.cache_clear()
    profile = cProfile.Profile()
    found = profile.runcall(lambda: compared([examine(path, trust=TrustStore()) for path in paths]))
    assert all("parent" not in reason for one in found for reason in one.reasons)
    return pstats.Stats(profile).total_calls


def test_twice_the_clips_are_twice_the_work(key, tmp_path):
    few, more, most = (calls_of(make_quality_run(clips=clips), key, tmp_path) for clips in CLIPS)
    # What a bundle costs without any rows falls out of the differences.
    assert most - more == pytest.approx(2 * (more - few), rel=0.05)
