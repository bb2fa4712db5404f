"""Which sets of a run's clips are scored."""

from __future__ import annotations

import pytest

from repro.records import Status
from repro.scoring.clipsets import find_sets
from tests.scored import make_audio, make_quality_run


@pytest.fixture
def run():
    return make_quality_run(steps=(10, 25), datasets=("clotho",), clips=3)


@pytest.fixture
def audio(tmp_path, run):
    for entry in run.entries:
        name = entry.audio[0].name
        (tmp_path / name).write_bytes(make_audio(name))
    return tmp_path


def with_first(run, status):
    first, *rest = run.entries
    row = first.row.model_copy(update={"status": status})
    return run.model_copy(update={"entries": (first.model_copy(update={"row": row}), *rest)})


def test_a_clip_whose_energy_is_disputed_is_whole_and_scored_with_its_set(run, audio):
    sets, remarks = find_sets(with_first(run, Status.DISPUTED), audio)
    assert [(one.steps, len(one.clips)) for one in sets] == [(10, 3), (25, 3)]
    assert remarks == []


@pytest.mark.parametrize("status", [Status.FAILED, Status.OOM, Status.UNSUPPORTED])
def test_a_set_that_lacks_a_clip_is_left_out_and_named(run, audio, status):
    sets, remarks = find_sets(with_first(run, status), audio)
    assert [one.steps for one in sets] == [25]
    assert remarks == ["quality on clotho at 10 steps: not scored: 1 of 3 windows did not end well"]
