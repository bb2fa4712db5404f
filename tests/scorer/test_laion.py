"""The real tools on random weights: our paths against theirs, and both engines together.

Two networks of full size take a minute and 2 GB of disk: ``nox -s scorer`` runs these.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import wave
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from repro.errors import WorkerError
from repro.scoring.frechet import Reference, extrapolate, pool
from repro.scoring.process import find_interpreter
from repro.scoring.scorer import Scorer
from tests.models.drive import MODELS
from tests.scorer.examples import make_clips, write_tone

pytestmark = [
    pytest.mark.skipif("TTA_SCORER" not in os.environ, reason="nox -s scorer runs these"),
    pytest.mark.timeout(600),
]

SEED = 7
CAPTIONS = ["a dog barks twice", "rain on a tin roof", "silence", "a very short beep"]
SAMPLES = np.linspace(-1.1, 1.1, 4001).tolist()


class Case(NamedTuple):
    folder: Path
    files: list[Path]
    reference: list[Path]
    evaluation: list[Path]
    theirs: dict


@pytest.fixture(scope="module")
def folder():
    with tempfile.TemporaryDirectory() as name:  # pytest would keep three runs, of 1.3 GB each
        yield Path(name)


@pytest.fixture(scope="module")
def case(folder):
    for name in ("weights", "scratch"):
        (folder / name).mkdir()
    files = write_clips(folder)
    reference = write_embeddings(folder / "reference", make_clips(55, width=128, seed=1))
    evaluation = write_embeddings(folder / "evaluation", make_clips(55, width=128, shift=0.05))
    task = {
        **{name: str(folder / name) for name in ("weights", "reference", "evaluation", "scratch")},
        "files": list(map(str, files)),
        "prepared": [str(prepare(folder, path)) for path in files[:1]],
        "captions": CAPTIONS,
        "seed": SEED,
        "samples": SAMPLES,
    }
    return Case(folder, files, reference, evaluation, run_authors_way(folder, task))


def write_clips(folder):
    """Write a clip at each rate there is: ten seconds and more, stereo, silence, short."""
    return [
        write_tone(folder / "long.wav", 500, rate_hz=48000, seconds=10.3),
        write_tone(folder / "stereo.wav", 900, rate_hz=44100, seconds=10, channels=2),
        write_tone(folder / "silence.wav", 440, seconds=3, level=0),
        write_tone(folder / "short.wav", 1500, seconds=2.2, level=0.02),
    ]


def prepare(folder, path):
    """Put a clip of 48 kHz, cut to ten seconds, where fadtk keeps what it has converted."""
    home = folder / "fadtk" / "convert" / "48000"
    home.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path)) as source, wave.open(str(home / path.name), "wb") as cut:
        cut.setparams(source.getparams())
        cut.writeframes(source.readframes(480000))
    return folder / "fadtk" / path.name


def write_embeddings(folder, clips):
    """Write embeddings where fadtk keeps those of a folder of audio."""
    home = folder / "embeddings" / "clap-laion-audio"
    home.mkdir(parents=True)
    paths = [home / f"{index:03}.npy" for index in range(len(clips))]
    for path, clip in zip(paths, clips, strict=True):
        np.save(path, clip)
    return paths


def run_authors_way(folder, task):
    (folder / "task.json").write_text(json.dumps(task))
    search = os.pathsep.join([str(MODELS / "scorer"), str(MODELS)])
    command = [find_interpreter("laion"), Path(__file__).with_name("as_authors.py")]
    done = subprocess.run(
        [*command, folder / "task.json"], env={**os.environ, "PYTHONPATH": search},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def load(engine, case):
    scorer = Scorer(engine, cache=case.folder / "cache", log=case.folder / f"{engine}.log")
    try:
        scorer.load(weights=str(case.folder / "weights"), device="cpu")
    except WorkerError:
        scorer.close()
        raise
    return scorer


@pytest.fixture(scope="module")
def laion(case):
    with load("laion", case) as scorer:
        yield scorer


@pytest.fixture(scope="module")
def cross(case):
    with load("transformers", case) as scorer:
        yield scorer


def read(paths):
    return [np.load(path).astype(np.float64) for path in paths]


def test_a_folder_of_weights_is_no_demonstration_and_known_by_its_digests(laion, case):
    facts = laion.facts
    assert not facts.demonstration
    assert (facts.distance, facts.tokenizer) == ("fadtk", "roberta-base")
    assert str(case.folder) not in facts.model_dump_json()
    assert len(set(facts.checkpoints.values())) == 2


def test_fad_and_fad_inf_are_those_of_fadtk_itself(laion, case):
    theirs = case.theirs["distances"]
    plain, line = laion._worker.distance(case.reference, case.evaluation, SEED, extrapolated=True)
    assert plain == pytest.approx(theirs["fad"], rel=1e-9)
    assert line.value == pytest.approx(theirs["inf"], rel=1e-9)
    assert line.r2 == pytest.approx(theirs["r2"], rel=1e-9)


def test_fad_and_fad_inf_are_those_of_an_independent_formula(case):
    theirs = case.theirs["distances"]
    ours = Reference(pool([np.load(path) for path in case.reference]))
    clips = [np.load(path) for path in case.evaluation]
    assert ours.distance(pool(clips)) == pytest.approx(theirs["fad"], rel=1e-6)
    line = extrapolate(ours, np.concatenate(clips), SEED)
    assert line.value == pytest.approx(theirs["inf"], rel=1e-6)
    assert line.r2 == pytest.approx(theirs["r2"], rel=1e-4)


def test_a_clip_is_cut_to_ten_windows_and_embedded_as_fadtk_does(laion, case):
    (ours,) = read(laion.embed_audio(case.files[:1], "fad"))
    (theirs,) = read(case.theirs["embeddings"])
    assert ours.shape == theirs.shape == (10, 512)
    np.testing.assert_allclose(ours, theirs, atol=2e-4)  # a step of float16 below 0.25


def test_windows_of_every_clip_begin_each_second(laion, case):
    assert [len(one) for one in read(laion.embed_audio(case.files, "fad"))] == [10, 10, 3, 3]


def test_the_clap_score_is_that_of_a_plain_computation(laion, case):
    theirs = [one["score"] for one in case.theirs["clap"]]
    assert laion.clap(case.files, CAPTIONS) == pytest.approx(theirs, abs=1e-5)
    audio = read(laion.embed_audio(case.files, "clap"))
    np.testing.assert_allclose(audio, [one["audio"] for one in case.theirs["clap"]], atol=1e-5)
    text = read(laion.embed_text(CAPTIONS))
    np.testing.assert_allclose(text, [one["text"] for one in case.theirs["clap"]], atol=1e-5)


def test_captions_are_told_apart(laion):
    one, two, *_ = read(laion.embed_text(CAPTIONS))
    assert not np.allclose(one, two, atol=1e-3)


def test_the_engines_agree_on_windows(laion, cross, case):
    pairs = zip(
        read(laion.embed_audio(case.files, "fad")),
        read(cross.embed_audio(case.files, "fad")),
        strict=True,
    )
    for one, other in pairs:
        np.testing.assert_allclose(one, other, atol=2e-3)


def test_the_engines_agree_on_clips_that_need_no_resampling(laion, cross, case):
    (one,) = read(laion.embed_audio(case.files[:1], "clap"))
    (other,) = read(cross.embed_audio(case.files[:1], "clap"))
    np.testing.assert_allclose(one, other, atol=1e-5)


def test_the_engines_agree_on_captions(laion, cross):
    one, other = read(laion.embed_text(CAPTIONS)), read(cross.embed_text(CAPTIONS))
    np.testing.assert_allclose(one, other, atol=1e-4)


def test_sixteen_bits_are_those_of_libsndfile(case):
    code = "import clips, json, numpy, sys; "
    code += "print(clips.as_pcm16(numpy.array(json.load(sys.stdin), 'f')).tolist())"
    done = subprocess.run(
        [find_interpreter("laion"), "-c", code], input=json.dumps(SAMPLES), text=True,
        env={**os.environ, "PYTHONPATH": str(MODELS / "scorer")}, capture_output=True, check=True,
    )  # fmt: skip
    assert json.loads(done.stdout) == case.theirs["pcm16"]


def test_a_tokenizer_of_another_length_is_refused(laion, case):
    vocabulary = case.folder / "weights" / "roberta-base" / "vocab.json"
    whole = vocabulary.read_text()
    shorter = dict(list(json.loads(whole).items())[:-2])
    vocabulary.write_text(json.dumps(shorter))
    try:
        with pytest.raises(WorkerError, match=r"expected 50265 tokens, found 5026\d"):
            laion.load(weights=str(case.folder / "weights"), device="cpu", networks=["clap"])
    finally:
        vocabulary.write_text(whole)


def test_a_checkpoint_without_the_networks_tensors_is_refused(laion, case):
    target = case.folder / "other"
    target.mkdir()
    code = "import sys, torch; torch.save({'module.logit': torch.ones(1)}, sys.argv[1])"
    subprocess.run(
        [find_interpreter("laion"), "-c", code, target / "630k-audioset-best.pt"], check=True
    )
    with pytest.raises(WorkerError, match=r"tensors missing .* 1 unexpected \['logit'\]"):
        laion.load(weights=str(target), device="cpu", networks=["fad"])


def test_laion_clap_has_full_size_alone(laion):
    with pytest.raises(WorkerError, match="full size alone; use the engine transformers"):
        laion.load(weights="random", device="cpu", size="tiny")
