"""Rows of scores: what each value is, and what its interval is of."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from repro.captions import CaptionList
from repro.captions.items import Item
from repro.records import BundleClass, ScoredClip
from repro.scoring.clipsets import ClipSet
from repro.scoring.resampling import Interval
from repro.scoring.scorer import Fad
from repro.scoring.sets import SetScorer

FRAMES = 1500


class KnownScorer:
    """Gives the same distances and scores to every set."""

    facts = SimpleNamespace(
        embeddings={"fad": "clap-laion-audio", "clap": "clap"}, engine="laion",
        checkpoints={"fad": "c" * 64, "clap": "c" * 64}, weights="hub",
    )  # fmt: skip

    def clap(self, files, _texts):
        return [0.2 + 0.1 * place for place, _ in enumerate(files)]

    def fad(self, _references, files, *, seed):
        return Fad(
            plain=0.3, raw=0.3, inf=0.25, slope=1.0, r2=0.99, points=((500, 0.4),), seed=seed,
            n_clips=len(files), n_frames=FRAMES, reference_clips=3, reference_frames=FRAMES,
        )  # fmt: skip

    def fad_interval(self, _references, _files, recordings):
        return Interval(0.3, 0.28, 0.32, 0.01, 0.95, len(recordings), "jackknife")


@pytest.fixture
def rows(tmp_path):
    items = []
    for name in "abc":
        reference = tmp_path / f"{name}.wav"
        reference.write_bytes(name.encode())
        items.append(Item(id=name, caption=name, recording=name, reference=reference))
    captions = CaptionList(dataset="clotho", caption_set="own", items=tuple(items))
    clips = tuple(
        ScoredClip(study="quality", dataset="clotho", steps=10, item=item, window=item,
                   name=f"{item}.wav", sha256="d" * 64)
        for item in range(3)
    )  # fmt: skip
    clip_set = ClipSet("quality", "clotho", 10, clips, tuple(tmp_path / one.name for one in clips))
    scorer = SetScorer(KnownScorer(), {clip_set.place: captions}, "tango", BundleClass.MEASURED)
    return {row.metric: row for row in scorer.score(clip_set).rows}


def test_the_interval_of_extrapolated_fad_is_called_that_of_plain_fad(rows):
    """It is as wide, lies around the other value, and nothing else was resampled."""
    assert rows["fad_inf"].interval_method == "jackknife of fad over recordings"
    assert (rows["fad_inf"].low, rows["fad_inf"].high) == pytest.approx((0.23, 0.27))
    assert rows["fad"].interval_method == "jackknife over recordings"
    assert (rows["fad"].low, rows["fad"].high) == pytest.approx((0.28, 0.32))
    assert rows["clap"].interval_method == "jackknife over recordings"
