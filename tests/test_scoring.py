"""From the bundle of a run to the bundle of its scores, with tiny random networks."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from repro.bundle import Verdict, examine, score_payload
from repro.bundle.family import compared
from repro.cli.score import score as command
from repro.errors import BundleError, UsageError
from repro.records import BundleClass
from repro.scoring import scorebundle
from repro.scoring.scorebundle import Engine, score_bundle
from repro.signing import TrustStore, ephemeral_key
from tests.captions.lists import write_list
from tests.fakes import fake_run, tta, write_model
from tests.models.drive import find_interpreter


class Ear:
    """Hears and keeps what is said."""

    def __init__(self):
        self.said, self.stages = [], []

    def begin(self, name, total, work):
        self.stages.append([name, work.done, total, 0])

    def advance(self, count):
        self.stages[-1][-1] += count

    def say(self, text):
        self.said.append(text)

    def end(self):
        pass


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """Measure synthetic captions at two numbers of steps, once for all tests."""
    folder = tmp_path_factory.mktemp("measured")
    models = write_model(folder / "models", sleep_s=0.05)
    done = tta(*fake_run(models, folder / "out", "--study", "quality", "--dataset", "synthetic",
                         "--captions", "3", "--steps", "2,3"))  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder / "out"


@pytest.fixture
def out(tmp_path, measured):
    return shutil.copytree(measured, tmp_path / "out")


@pytest.fixture
def bundle(out):
    (path,) = out.glob("*.zip")
    return path


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    find_interpreter("diffusers")
    made = Engine(
        "transformers", weights="random", device="cpu", size="tiny",
        folder=tmp_path_factory.mktemp("embeddings"),
    )  # fmt: skip
    yield made
    made.close()


def score(bundle, engine, ear=None, **options):
    return score_bundle(bundle, engine, key=ephemeral_key, listener=ear or Ear(), **options)


def judge(*paths):
    return compared([examine(path, trust=TrustStore()) for path in paths])


def test_a_run_gets_a_bundle_of_its_scores_beside_it(bundle, engine):
    scored = score(bundle, engine)
    assert scored.bundle == bundle.with_name(f"{bundle.stem}_score.zip")
    run, scores = judge(bundle, scored.bundle)
    assert run.verdict is scores.verdict is Verdict.INTEGRITY_ONLY
    assert scores.reasons == ("signer: ephemeral key",)
    assert scored.environment.bundle_class is BundleClass.DEMONSTRATION


def test_every_set_has_its_scores_intervals_and_differences(bundle, engine):
    scored = score(bundle, engine)
    found = score_payload.read(judge(scored.bundle)[0].contents)
    assert [(row.dataset, row.steps, row.metric, row.n) for row in found.scores] == [
        ("synthetic", steps, metric, 3) for steps in (2, 3) for metric in ("fad", "clap")
    ]
    assert all(row.low < row.value < row.high for row in found.scores)
    assert {row.networks for row in found.scores} == {"random"}
    assert all(row.captions_sha256 and row.checkpoint_sha256 for row in found.scores)
    assert [(row.metric, row.steps, row.other_steps) for row in found.contrasts] == [
        ("fad", 2, 3), ("clap", 2, 3),
    ]  # fmt: skip
    assert all(0 <= row.p <= 1 for row in found.contrasts)
    assert all(clip.clap is not None for clip in found.clips)
    assert "diffusers==0.31.0" in found.requirements_lock


def test_scores_by_another_engine_are_not_taken_for_those_asked_for(bundle, engine, tmp_path):
    score(bundle, engine)
    other = Engine("laion", weights="hub", device="cpu", folder=tmp_path / "embeddings")
    with pytest.raises(UsageError, match="found transformers with random; move it away"):
        score(bundle, other)


def test_each_stage_ends_with_all_of_its_work_done(bundle, engine):
    ear = Ear()
    score(bundle, engine, ear)
    assert ear.stages == [["fake", "embedded", 12, 12], ["fake", "computed", 3, 3]]


def test_a_second_scoring_scores_nothing_and_verifies(bundle, engine):
    first = score(bundle, engine).bundle.read_bytes()
    ear = Ear()
    assert score(bundle, engine, ear).bundle.read_bytes() == first
    assert "nothing is scored again" in ear.said[0]


def test_scoring_again_gives_the_same_scores(bundle, engine):
    path = score(bundle, engine).bundle
    first = score_payload.read(judge(path)[0].contents)
    path.unlink()
    again = score_payload.read(judge(score(bundle, engine).bundle)[0].contents)
    assert (again.scores, again.clips, again.contrasts) == (
        first.scores, first.clips, first.contrasts,
    )  # fmt: skip


def test_scores_of_another_run_in_the_way_are_refused(bundle, engine):
    path = score(bundle, engine).bundle
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(BundleError, match=r"is invalid: .* move it away to score anew"):
        score(bundle, engine)


def test_a_clip_that_is_missing_is_named(out, bundle, engine):
    victim = next(iter(sorted(out.glob("*/audio/*.wav"))))
    victim.unlink()
    with pytest.raises(UsageError, match=f"found none for 1: {victim.name}, .*--audio"):
        score(bundle, engine)


def test_a_clip_that_is_another_is_named(out, bundle, engine):
    victim = next(iter(sorted(out.glob("*/audio/*.wav"))))
    victim.write_bytes(victim.read_bytes() + b"\0\0")
    with pytest.raises(UsageError, match=f"{victim.name}: differs from the clip that the run"):
        score(bundle, engine)


def test_a_bundle_far_from_its_audio_needs_the_folder(tmp_path, out, bundle, engine):
    (tmp_path / "elsewhere").mkdir()
    moved = Path(shutil.copy(bundle, tmp_path / "elsewhere"))
    with pytest.raises(UsageError, match="found no such folder; name theirs with --audio"):
        score(moved, engine)
    (audio,) = out.glob("*/audio")
    assert score(moved, engine, audio=audio).bundle.parent == tmp_path / "elsewhere"


def test_a_score_bundle_is_no_run(bundle, engine):
    with pytest.raises(UsageError, match="expected a run that was measured here, found kind score"):
        score(score(bundle, engine).bundle, engine)


def test_an_engine_that_is_not_installed_says_how_to_make_it(bundle, tmp_path, monkeypatch):
    monkeypatch.setenv("TTA_ENVS", str(tmp_path))
    made = Engine("laion", weights="hub", device="cpu", folder=tmp_path / "embeddings")
    with pytest.raises(UsageError, match=r"not installed: .*; make it with `nox -s environment --"):
        score(bundle, made)


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """Measure captions of the user's own, without reference audio."""
    folder = tmp_path_factory.mktemp("own")
    captions = write_list(folder / "captions", 2, dataset="mine", caption="a dog barks {} times")
    models = write_model(folder / "models", sleep_s=0.05)
    asked = ("--dataset", "mine", "--captions-dir", captions, "--captions", "2", "--steps", "2")
    done = tta(*fake_run(models, folder / "out", "--study", "quality", *asked))
    assert done.returncode == 0, done.stderr
    (path,) = (folder / "out").glob("*.zip")
    return path, captions


def test_without_reference_audio_there_is_clap_alone_and_the_remedy(own, engine):
    bundle, captions = own
    ear = Ear()
    path = score(bundle, engine, ear, captions_dir=captions).bundle
    (found,) = judge(path)
    scored = score_payload.read(found.contents)
    assert {row.metric for row in scored.scores} == {"clap"}
    remark = "fad on mine: unsupported without reference audio of every caption: put it into the"
    assert any(remark in said for said in ear.said)
    assert any(remark in reason for reason in found.reasons)
    path.unlink()


def test_other_captions_than_were_generated_from_are_refused(own, engine, tmp_path):
    bundle, _ = own
    other = write_list(tmp_path / "captions", 2, dataset="mine", caption="a cat meows {} times")
    with pytest.raises(UsageError, match="expected those that the clips were generated from, list"):
        score(bundle, engine, captions_dir=other)
    with pytest.raises(UsageError, match="name the folder that was generated from with --captions"):
        score(bundle, engine)


def test_the_command_scores_and_says_what_to_type_next(bundle, monkeypatch):
    find_interpreter("diffusers")
    original = scorebundle.Engine.__init__

    def tiny(self, *arguments, **options):
        original(self, *arguments, **{**options, "size": "tiny"})

    monkeypatch.setattr(scorebundle.Engine, "__init__", tiny)
    done = CliRunner().invoke(
        command, [str(bundle), "--engine", "transformers", "--weights", "random"]
    )
    assert done.exit_code == 0, done.output
    path = bundle.with_name(f"{bundle.stem}_score.zip")
    assert f"next: tta-energy report {bundle} {path} --out" in done.output
