"""A scorer as the harness drives it: tiny random networks, real files, the cache on disk."""

from __future__ import annotations

import numpy as np
import pytest

from repro.errors import UsageError, WorkerError
from repro.scoring.embeddings import EmbeddingCache
from repro.scoring.scorer import Scorer, clap_difference, clap_interval
from tests.models.drive import find_interpreter, quiet_cores
from tests.scorer.examples import write_tone


def start(cache, **changes):
    find_interpreter("diffusers")
    scorer = Scorer(
        "transformers", cache=cache, log=cache.with_name("log"), environment=quiet_cores()
    )
    try:
        scorer.load(**{"weights": "random", "device": "cpu", "size": "tiny", **changes})
    except WorkerError:
        scorer.close()
        raise
    return scorer


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("clips")


@pytest.fixture(scope="module")
def scorer(folder):
    with start(folder / "cache") as running:
        yield running


@pytest.fixture(scope="module")
def real(folder):
    return [write_tone(folder / f"real-{i}.wav", 220 + 60 * i, seconds=2.5) for i in range(4)]


@pytest.fixture(scope="module")
def made(folder):
    return [write_tone(folder / f"made-{i}.wav", 900 + 90 * i, seconds=2.5) for i in range(4)]


def test_random_weights_are_a_demonstration_and_say_so(scorer):
    assert scorer.facts.demonstration
    assert scorer.facts.tokenizer == "stub"
    assert scorer.facts.distance == "symmetric"


def test_a_window_begins_each_second_and_is_of_length_1(scorer, folder):
    for seconds, windows in ((0.2, 1), (2.5, 3), (9.984, 10), (10.0, 10), (10.24, 10)):
        clip = write_tone(folder / f"{seconds}.wav", 300, seconds=seconds)
        (path,) = scorer.embed_audio([clip], "fad")
        embedding = np.load(path)
        assert embedding.dtype == np.float16
        assert len(embedding) == windows
        np.testing.assert_allclose(np.linalg.norm(embedding.astype(float), axis=1), 1, atol=2e-3)


def test_what_lies_beyond_ten_seconds_changes_no_score(scorer, folder):
    long = write_tone(folder / "long.wav", 440, rate_hz=48000, seconds=10.5)
    with long.open("rb") as file:
        header, audio = file.read(44), file.read(2 * 480000)
    cut = folder / "cut.wav"
    sizes = (len(audio) + 36).to_bytes(4, "little"), len(audio).to_bytes(4, "little")
    cut.write_bytes(header[:4] + sizes[0] + header[8:40] + sizes[1] + audio)
    for network in ("fad", "clap"):
        one, other = (np.load(path) for path in scorer.embed_audio([long, cut], network))
        np.testing.assert_array_equal(one, other)


def test_a_distance_is_of_all_windows_and_small_to_the_set_itself(scorer, real, made):
    found, itself = scorer.fad(real, made, seed=0), scorer.fad(real, real, seed=0)
    assert found.plain == found.raw > 10 * abs(itself.raw)
    assert (found.n_clips, found.n_frames) == (4, 12)
    assert (found.reference_clips, found.reference_frames) == (4, 12)
    assert found.inf is None  # below 500 windows


def test_a_distance_is_never_negative_but_its_raw_value_is_kept(scorer, real):
    found = scorer.fad(real, real, seed=0)
    assert found.plain == max(found.raw, 0)


def test_a_clips_score_is_the_cosine_of_its_own_caption(scorer, made):
    captions = ["a dog barks", "rain", "a dog barks", "wind"]
    scores = scorer.clap(made, captions)
    assert all(-1 <= score <= 1 for score in scores)
    assert scorer.clap(made[::-1], captions[::-1]) == scores[::-1]
    assert scorer.clap(made[:1], ["rain"]) != scores[:1]


def test_a_clip_is_embedded_once_whatever_its_name(scorer, folder, made, monkeypatch):
    (first,) = scorer.embed_audio(made[:1], "clap")
    copy = folder / "another name.wav"
    copy.write_bytes(made[0].read_bytes())
    monkeypatch.setattr(scorer._worker, "ask", None)  # not asked again
    assert scorer.embed_audio([copy], "clap") == [first]


def test_another_seed_of_the_weights_shares_nothing_in_the_cache(folder, made, scorer):
    before = scorer.embed_audio(made, "fad")
    with start(folder / "cache", seed=1) as other:
        assert not set(other.embed_audio(made, "fad")) & set(before)


def test_a_second_scorer_finds_the_embeddings_of_the_first(folder, made, scorer):
    before = {path: path.stat().st_mtime_ns for path in scorer.embed_audio(made, "fad")}
    with start(folder / "cache") as other:
        assert {path: path.stat().st_mtime_ns for path in other.embed_audio(made, "fad")} == before


def test_progress_counts_what_was_there_before(scorer, folder, made):
    heard = []
    new = [write_tone(folder / f"new-{i}.wav", 3000 + i) for i in range(2)]
    scorer.embed_audio([*made, *new], "fad", advance=heard.append)
    assert heard[-1] == 6


def test_intervals_hold_the_value_and_differences_are_paired(scorer, real, made):
    names = ["a", "b", "c", "d"]
    plain = scorer.fad(real, made, seed=0).plain
    found = scorer.fad_interval(real, made, names)
    assert found.value == pytest.approx(plain, rel=1e-6)
    assert found.low < plain < found.high
    same = scorer.fad_difference(real, made, made, names)
    assert (same.low, same.high) == (0, 0)
    scores = scorer.clap(made, names)
    assert clap_interval(scores, names).value == pytest.approx(np.mean(scores))
    assert clap_difference(scores, scores, names).high == 0


def test_another_format_than_wav_is_refused_in_words(scorer, folder):
    path = folder / "clip.flac"
    path.write_bytes(b"fLaC" + bytes(100))
    with pytest.raises(WorkerError, match=r"clip.flac: expected a WAV file.*engine laion"):
        scorer.embed_audio([path], "fad")


def test_a_file_without_samples_is_refused_in_words(scorer, folder):
    path = write_tone(folder / "empty.wav", 440, seconds=0)
    with pytest.raises(WorkerError, match=r"empty.wav: expected audio, found no samples"):
        scorer.embed_audio([path], "fad")


def test_stereo_at_another_rate_is_the_same_clip(scorer, folder):
    mono = write_tone(folder / "mono.wav", 440, rate_hz=44100)
    stereo = write_tone(folder / "stereo.wav", 440, rate_hz=44100, channels=2)
    one, other = (np.load(path) for path in scorer.embed_audio([mono, stereo], "fad"))
    np.testing.assert_allclose(one, other, atol=1e-3)


def test_weights_that_are_not_there_are_named(folder):
    with pytest.raises(WorkerError, match=r"630k-audioset-best.pt; fetch them"):
        start(folder / "cache", weights=str(folder), networks=["fad"])


def test_an_engine_that_does_not_exist_is_refused(tmp_path):
    with pytest.raises(UsageError, match="expected an engine of laion, transformers, found 'x'"):
        Scorer("x", cache=tmp_path, log=tmp_path / "log")


def test_an_engine_without_its_environment_says_how_to_make_it(tmp_path, monkeypatch):
    monkeypatch.setenv("TTA_ENVS", str(tmp_path))
    with pytest.raises(UsageError, match="nox -s environment -- scorer"):
        Scorer("laion", cache=tmp_path, log=tmp_path / "log")


def test_nothing_is_scored_before_loading(tmp_path):
    find_interpreter("diffusers")
    with (
        Scorer("transformers", cache=tmp_path / "cache", log=tmp_path / "log") as idle,
        pytest.raises(UsageError, match="load comes before any score"),
    ):
        idle.embed_text(["rain"])


def test_an_embedding_depends_on_its_clip_alone(scorer, folder, made, monkeypatch):
    others = {network: scorer.embed_audio(made, network)[2] for network in ("fad", "clap")}
    captions = scorer.embed_text(["rain", "wind", "a dog barks"])[1]
    monkeypatch.setattr(scorer, "_cache", EmbeddingCache(folder / "another cache"))
    for network, path in others.items():
        (alone,) = scorer.embed_audio(made[2:3], network)
        assert alone != path
        assert alone.read_bytes() == path.read_bytes()
    (alone,) = scorer.embed_text(["wind"])
    assert alone.read_bytes() == captions.read_bytes()


def test_windows_that_are_alike_stay_in_their_places(scorer, folder):
    clip = write_tone(folder / "pulses.wav", 440, rate_hz=48000, seconds=10)
    content = bytearray(clip.read_bytes())
    content[-8 * 96000 :] = bytes(8 * 96000)  # two seconds of sound, then none
    clip.write_bytes(content)
    (path,) = scorer.embed_audio([clip], "fad")
    windows = np.load(path)
    silence = write_tone(folder / "silence.wav", 440, rate_hz=48000, seconds=1, level=0)
    (silent,) = np.load(scorer.embed_audio([silence], "fad")[0])
    assert len(windows) == 10
    np.testing.assert_allclose(windows[2:], [silent] * 8, atol=1e-3)
    assert len(np.unique(windows, axis=0)) == 3
