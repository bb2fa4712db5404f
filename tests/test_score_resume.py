"""Scores of a study that was killed again and again are those of an unbroken one."""

from __future__ import annotations

import random
import subprocess
import sys
import time

import pytest

from repro.bundle import examine, score_payload
from repro.bundle.family import compared
from repro.signing import TrustStore
from tests.fakes import command, environment, fake_run, rows_of, tta, write_model
from tests.models.drive import find_interpreter
from tests.test_run import window_count

CLIPS = 6
WINDOWS = 2 * CLIPS
#: More steps make the same clips: first they are embedded for FAD, and then for CLAP.
FIRST = range(1, CLIPS)

SCORE = """
import sys
from pathlib import Path
from repro.scoring.progress import make_listener
from repro.scoring.scorebundle import Engine, score_bundle
from repro.signing import ephemeral_key

(bundle,) = Path(sys.argv[1]).glob("*.zip")
engine = Engine("transformers", weights="random", device="cpu", size="tiny",
                folder=bundle.parent / "embeddings")
score_bundle(bundle, engine, key=ephemeral_key, listener=make_listener())
engine.close()
"""


@pytest.fixture(scope="module")
def arguments(tmp_path_factory):
    """Return a function that gives the arguments of a study of captions, to an end."""
    find_interpreter("diffusers")
    models_dir = write_model(tmp_path_factory.mktemp("models"), sleep_s=0.05)

    def study(out, *more):
        _, *rest = fake_run(models_dir, out, "--study", "quality", "--captions", CLIPS,
                            "--steps", "2,3")  # fmt: skip
        return ["smoke", *(word for word in rest if word != "--no-score"), *more]

    return study


@pytest.fixture(scope="module")
def unbroken(arguments, tmp_path_factory):
    """Return the scores of a study that nobody killed."""
    out = tmp_path_factory.mktemp("unbroken")
    done = tta(*arguments(out))
    assert done.returncode == 0, done.stderr
    return scores_of(out)


def scores_of(out):
    """Return what a valid score bundle beside its run holds, but for names and times."""
    run, path = sorted(out.glob("*.zip"), key=lambda path: path.stem.endswith("_score"))
    found = compared([examine(one, trust=TrustStore()) for one in (run, path)])[1]
    scored = score_payload.read(found.contents)
    clips = [(clip.study, clip.steps, clip.item, clip.sha256, clip.clap) for clip in scored.clips]
    return scored.scores, scored.contrasts, clips


def embedded(out):
    return len(list(out.glob("embeddings/*/*.npy")))


def kill(words, progress, amount):
    """Start a command, kill it for good once its progress is so large, and say whether it was."""
    with subprocess.Popen(words, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          env=environment()) as process:  # fmt: skip
        while progress() < amount and process.poll() is None:
            time.sleep(0.002)
        process.kill()
    return process.returncode < 0


def test_a_study_killed_at_any_moment_ends_with_each_clip_once_and_the_same_scores(
    arguments, unbroken, tmp_path
):
    out = tmp_path / "out"
    words = command(*arguments(out))
    chance = random.Random(5)  # noqa: S311 - moments, not secrets
    moments = [(lambda: window_count(out), number)
               for number in sorted(chance.sample(range(1, WINDOWS), 2))]  # fmt: skip
    moments += [(lambda: embedded(out), number)
                for number in sorted(chance.sample(FIRST, 2))]  # fmt: skip
    assert sum(kill(words, *moment) for moment in moments) == len(moments)
    done = tta(*arguments(out))

    assert done.returncode == 0, done.stderr
    points = [(row["steps"], row["item"]) for row in rows_of(out) if not row["warmup"]]
    assert sorted(points) == [(steps, item) for steps in (2, 3) for item in range(CLIPS)]
    assert scores_of(out) == unbroken


def test_a_scoring_killed_at_any_moment_embeds_on_and_ends_with_the_same_scores(
    arguments, unbroken, tmp_path
):
    out = tmp_path / "out"
    tta(*arguments(out, "--no-score"))
    words = [sys.executable, "-c", SCORE, str(out)]
    number = random.Random(6).choice(FIRST)  # noqa: S311 - the same
    assert kill(words, lambda: embedded(out), number)
    kept = {path: path.stat().st_mtime_ns for path in out.glob("embeddings/*/*.npy")}
    assert kept
    done = subprocess.run(words, check=False, capture_output=True, text=True, env=environment())
    assert done.returncode == 0, done.stderr

    assert scores_of(out) == unbroken
    assert all(path.stat().st_mtime_ns == made for path, made in kept.items())
