"""The tiers score what they generated, or say how to do it later."""

from __future__ import annotations

import pytest

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
    assert f"{run} {out / scores} --out" in done.stdout


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
    assert "not scored: scorer: the environment 'diffusers'" in done.stderr
    assert f"then: tta-energy score {out / run}" in done.stderr


def test_no_score_measures_alone(models_dir, tmp_path):
    out = tmp_path / "out"
    done = tta(*arguments(models_dir, out, "--no-score"))
    assert done.returncode == 0, done.stderr
    assert len(names(out)) == 1
