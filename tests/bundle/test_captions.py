"""Captions in a bundle: each row's is there, and they are the lists that were asked for."""

import json

import pytest

from repro.bundle import Verdict, seal
from repro.captions import list_sha256
from repro.records import Caption
from tests.bundle.forge import assert_invalid
from tests.factories import make_gpu, make_run


@pytest.fixture
def captioned():
    """Return a maker of runs of two captions, with what differs between header and rows."""

    def make(*, digest=None, seeds=(0, 1)):
        run = make_run(gpu=make_gpu(), steps=(10, 25), batch_sizes=(), repeats=1)
        captions = tuple(
            Caption(study="quality", dataset="mine", item=number, id=f"{number}.wav",
                    recording=f"{number}.wav", sha256="ab" * 32, seed=seed)
            for number, seed in enumerate(seeds)
        )  # fmt: skip
        own = list_sha256((caption.id, caption.sha256) for caption in captions)
        asked = {"quality": [{"dataset": "mine", "sha256": digest or own}]}
        rows = [
            entry.row.model_copy(update={"study": "quality", "dataset": "mine"})
            for entry in run.entries
        ]
        entries = tuple(
            entry.model_copy(update={"row": row})
            for entry, row in zip(run.entries, rows, strict=True)
        )
        request = {**run.header.request, "captions": asked}
        header = run.header.model_copy(update={"request": request, "captions": captions})
        return run.model_copy(update={"header": header, "entries": entries})

    return make


def test_a_run_of_captions_is_good(judge, captioned, key):
    examination = judge(seal(captioned(), key=key))

    assert examination.verdict is Verdict.INTEGRITY_ONLY, examination.reasons
    assert b"quality,mine,1,1.wav" in examination.contents["captions.csv"]


def test_the_crate_names_the_captions_among_what_the_run_was_made_from(judge, captioned, key):
    contents = judge(seal(captioned(), key=key)).contents
    graph = json.loads(contents["ro-crate-metadata.json"])["@graph"]
    (session,) = [one for one in graph if one["@id"] == "#session-0"]

    assert {"@id": "captions.csv"} in session["object"]
    assert {one["@id"] for one in session["object"]} <= contents.keys()


def test_another_list_than_was_asked_for_is_noticed(judge, captioned, key):
    examination = judge(seal(captioned(digest="0" * 64), key=key))

    assert_invalid(examination, "schema")
    assert "expected the lists that the request names" in examination.reasons[0]


@pytest.mark.parametrize("seeds", [(), (7, 1)])
def test_a_row_without_its_caption_is_noticed(judge, captioned, key, seeds):
    run = captioned(seeds=seeds)
    if not seeds:
        request = {**run.header.request, "captions": {}}
        run = run.model_copy(update={"header": run.header.model_copy(update={"request": request})})
    examination = judge(seal(run, key=key))

    assert_invalid(examination, "schema")
    assert "has no caption there with its seed" in examination.reasons[0]
