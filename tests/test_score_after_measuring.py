"""The tiers score what they generated, or say how to do it later."""

from __future__ import annotations

import pytest

from repro.scoring.scorer import lacking
from tests.captions.lists import write_list, write_wav
from tests.fakes import fake_run, tta, write_model
from tests.models.drive import find_interpreter


@pytest.fixture
def models_dir(tmp_path):
    return write_model(tmp_path / "models", sleep_s=0.05)


def arguments(models_dir, out, *more):
    """Return those of a smoke run of two captions, which is scored unless told otherwise."""
    _, *rest = fake_run(models_dir, out, "--study", "quality", "--captions", "2", "--steps", "2")
    return ["smoke", *(word for word in rest if word != "--no-score"), *more]


def names(out):
    return sorted(path.name for path in out.glob("*.zip"))


def test_a_tier_leaves_a_bundle_of_scores_beside_that_of_the_run(models_dir, tmp_path):
    find_interpreter("diffusers")
    out = tmp_path / "out"
    done = tta(*arguments(models_dir, out))
    assert done.returncode == 0, done.stderr
    run, scores = names(out)
    assert scores == run.replace(".zip", "_score.zip")
    assert f"next: tta-energy report {out} --out" in done.stdout


def test_runs_set_aside_take_their_scores_with_them(models_dir, tmp_path):
    find_interpreter("diffusers")
    out = tmp_path / "out"
    tta(*arguments(models_dir, out))
    tta(*arguments(models_dir, out, "--restart"))
    assert len(names(out)) == 2
    assert len(list((out / "superseded").glob("*_score.zip"))) == 1


def test_without_the_scorer_a_tier_measures_and_says_how_to_score_later(
    models_dir, tmp_path, monkeypatch
):
    monkeypatch.setenv("TTA_ENVS", str(tmp_path / "none"))
    out = tmp_path / "out"
    done = tta(*arguments(models_dir, out))
    assert done.returncode == 0, done.stderr
    (run,) = names(out)
    assert "not scored: scorer: engine transformers: its environment 'diffusers'" in done.stderr
    assert f"then: tta-energy score {out / run}" in done.stderr


def test_what_scoring_lacks_is_said_before_anything_is_generated(models_dir, tmp_path, monkeypatch):
    """An engine, its weights, and references that are missing or no audio; the rest runs."""
    monkeypatch.setenv("TTA_ENVS", str(tmp_path / "none"))
    captions = write_list(tmp_path / "captions", 2)
    write_wav(captions / "mine" / "0.wav", seconds=0.2, rate_hz=44_100, channels=2)
    (captions / "mine" / "1.wav").write_bytes(b"<html>not found</html>")
    out = tmp_path / "out"
    done = tta(*arguments(models_dir, out, "--dataset", "mine", "--captions-dir", captions))
    assert done.returncode == 0, done.stderr
    before, after = done.stderr.split("fake: 2 windows", 1)
    assert "scores: unsupported: scorer: engine transformers: its environment 'diffusers'" in before
    assert "no FAD: 1 references cannot be read: " in before
    assert "44100 Hz and 2 channels" in before
    assert "1 references last less than 1 s" in before
    assert "not scored: scorer: engine transformers: its environment" in after


def test_missing_weights_of_the_scorer_are_said_with_the_command_that_fetches_them(monkeypatch):
    monkeypatch.setattr("repro.scoring.scorer.find_interpreter", lambda _: None)
    monkeypatch.setattr("repro.scoring.scorer.find_weights", lambda _: None)
    said = lacking("laion", "hub")
    assert "found none: fetch them with `tta-energy weights fetch scorer`" in said
    assert lacking("laion", "random") is None


def test_no_score_measures_alone(models_dir, tmp_path):
    out = tmp_path / "out"
    done = tta(*arguments(models_dir, out, "--no-score"))
    assert done.returncode == 0, done.stderr
    assert len(names(out)) == 1
