"""Whole runs of the studies that generate from captions, with a fake model."""

import hashlib
import json
import random
import signal
import subprocess
import time
import tomllib
import zipfile

import pytest

from tests.captions.lists import LIST_HEADER, write_list
from tests.fakes import ROOT, command, environment, fake_run, journal_of, rows_of, tta, write_model
from tests.test_run import interrupt, wait_for_windows, window_count

SLEEP_S = 0.04


@pytest.fixture
def models_dir(tmp_path):
    return write_model(tmp_path / "models", sleep_s=SLEEP_S)


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


@pytest.fixture
def captions_dir(tmp_path):
    write_list(tmp_path / "captions", 3, dataset="mine", caption="a dog barks {} times")
    return write_list(tmp_path / "captions", 2, dataset="other", caption="rain {}", duration=4.0)


def quality(models_dir, out, captions_dir, *arguments, study="quality", name="fake"):
    return fake_run(
        models_dir, out, "--study", study, "--captions-dir", captions_dir, "--dataset", "mine",
        "--dataset", "other", "--captions", "2", "--steps", "2,3", *arguments, name=name,
    )  # fmt: skip


def members_of(out):
    (path,) = out.glob("*.zip")
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def clips_of(out):
    return [
        clip for record in journal_of(out) if record["kind"] == "window"
        for clip in record["window"]["audio"]
    ]  # fmt: skip


def clip_points(out):
    return [
        (row["dataset"], row["steps"], row["item"], row["seed"], row["status"])
        for row in rows_of(out)
        if not row["warmup"]
    ]


def test_each_caption_is_a_row_with_its_data_set_item_and_seed(models_dir, out, captions_dir):
    done = tta(*quality(models_dir, out, captions_dir))
    assert done.returncode == 0, done.stderr

    assert clip_points(out) == [
        (dataset, steps, item, item, "ok")
        for dataset in ("mine", "other") for steps in (2, 3) for item in (0, 1)
    ]  # fmt: skip
    assert sum(row["warmup"] for row in rows_of(out)) == 4
    assert {row["batch_size"] for row in rows_of(out)} == {1}


def test_every_clip_is_on_disk_with_the_digest_of_its_row(models_dir, out, captions_dir):
    tta(*quality(models_dir, out, captions_dir))

    (folder,) = out.glob("*/audio")
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}
    assert found == {clip["name"]: clip["sha256"] for clip in clips_of(out)}
    assert len(found) == 8


def test_the_model_is_given_the_caption(tmp_path, out, captions_dir):
    said = tmp_path / "said"
    models_dir = write_model(
        tmp_path / "models",
        extra=f"SAID = {str(said)!r}",
        on_generate="open(SAID, 'a').write(f'{prompts} {audio_s}\\n')",
    )
    tta(*quality(models_dir, out, captions_dir, "--steps", "2"))

    assert said.read_text().splitlines() == [
        "['a dog barks 0 times'] 10.0", "['a dog barks 0 times'] 10.0",
        "['a dog barks 1 times'] 10.0", "['rain 0'] 10.0", "['rain 0'] 10.0", "['rain 1'] 10.0",
    ]  # fmt: skip


def test_a_bundle_names_captions_by_id_and_digest_and_holds_no_text(models_dir, out, captions_dir):
    tta(*quality(models_dir, out, captions_dir, "--with-audio"))
    members = members_of(out)

    table = members["data/captions.csv"].decode().splitlines()
    assert table[0] == "study,dataset,item,id,recording,sha256,seed"
    expected = hashlib.sha256(b"a dog barks 1 times").hexdigest()
    assert f"quality,mine,1,1.wav,1.wav,{expected},1" in table
    asked = json.loads(members["data/run.json"])["request"]["captions"]["quality"]
    assert [(one["dataset"], one["caption_set"], one["clips"]) for one in asked] == [
        ("mine", "own", 2), ("other", "own", 2),
    ]  # fmt: skip
    everything = b"".join(members.values())
    assert b"a dog barks" not in everything
    assert str(captions_dir).encode() not in everything
    assert "INTEGRITY_ONLY" in tta("verify", *out.glob("*.zip")).stdout


def test_another_list_is_another_run(models_dir, out, captions_dir):
    tta(*quality(models_dir, out, captions_dir))
    write_list(captions_dir, 3, dataset="mine", caption="a cat meows {} times")
    tta(*quality(models_dir, out, captions_dir))

    assert len(list(out.glob("*.zip"))) == 2


def test_without_captions_quality_is_left_out_with_the_remedy_and_the_rest_runs(models_dir, out):
    arguments = fake_run(models_dir, out, "--study", "steps", "--study", "quality", "--steps", "2",
                         "--repeats", "1")  # fmt: skip
    done = tta(*arguments)

    assert done.returncode == 0, done.stderr
    assert "study quality: unsupported without captions" in done.stderr.splitlines()[0]
    assert "--captions-dir" in done.stderr
    assert {row["study"] for row in rows_of(out)} == {"steps"}


@pytest.mark.parametrize("study", ["quality", "sanity"])
def test_nothing_but_a_study_without_captions_is_an_error_of_usage(models_dir, out, study):
    done = tta(*fake_run(models_dir, out, "--study", study))

    assert done.returncode == 2
    assert f"study: {study} needs captions, found none" in done.stderr
    assert not out.exists()


def test_a_fault_in_the_captions_ends_the_run_before_anything_is_measured(
    models_dir, out, captions_dir
):
    (captions_dir / "mine.csv").write_text(LIST_HEADER + "x.wav,,10\n")
    done = tta(*quality(models_dir, out, captions_dir))

    assert done.returncode == 2
    assert "mine.csv: row 2: expected a caption, found none" in done.stderr
    assert not out.exists()


def test_more_audio_than_a_bundle_holds_is_refused_before_anything_is_measured(models_dir, out):
    done = tta(*fake_run(models_dir, out, "--study", "quality", "--dataset", "synthetic",
                         "--captions", "8", "--steps", "1-2000", "--with-audio"))  # fmt: skip

    assert done.returncode == 2
    assert "with-audio: expected at most 2 GB in a bundle, found about 2.6 GB" in done.stderr


def test_the_sanity_check_generates_the_recordings_own_durations(models_dir, out, captions_dir):
    done = tta(*quality(models_dir, out, captions_dir, study="sanity"))

    assert done.returncode == 0, done.stderr
    rows = rows_of(out)
    assert {(row["study"], row["dataset"], row["audio_s"]) for row in rows} == {
        ("sanity", "mine", 10.0), ("sanity", "other", 4.0),
    }  # fmt: skip
    recorded = json.loads(members_of(out)["data/environment.json"])
    assert any(text.startswith("sanity.models: ") for text in recorded["deviations"])


def test_a_data_set_that_comes_with_the_program_needs_no_folder(models_dir, out):
    arguments = fake_run(models_dir, out, "--study", "quality", "--dataset", "synthetic",
                         "--captions", "2", "--steps", "2")  # fmt: skip
    done = tta(*arguments)

    assert done.returncode == 0, done.stderr
    assert len(list((out / "references" / "synthetic").glob("*.wav"))) == 2


def test_a_study_of_captions_killed_at_random_moments_has_each_clip_once(
    models_dir, out, captions_dir, tmp_path
):
    whole = tmp_path / "whole"
    assert tta(*quality(models_dir, whole, captions_dir, "--steps", "2,3,4")).returncode == 0
    arguments = quality(models_dir, out, captions_dir, "--steps", "2,3,4")
    chance = random.Random(20250507)  # noqa: S311 - moments, not secrets
    for _ in range(6):
        process = subprocess.Popen(
            command(*arguments), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env=environment(), start_new_session=True,
        )  # fmt: skip
        wait_for_windows(out, process, window_count(out) + chance.randint(0, 3))
        time.sleep(chance.uniform(0, 1.5 * SLEEP_S))
        assert process.poll() is None, "the run ended before it was killed"
        process.kill()
        process.wait()
    done = tta(*arguments)

    assert done.returncode == 0, done.stderr
    assert clip_points(out) == clip_points(whole)
    assert [clip["sha256"] for clip in clips_of(out)] == [
        clip["sha256"] for clip in clips_of(whole)
    ]
    (folder,) = out.glob("*/audio")
    assert {path.name for path in folder.iterdir()} == {clip["name"] for clip in clips_of(out)}
    assert "INTEGRITY_ONLY" in tta("verify", *out.glob("*.zip")).stdout


def test_a_resumed_run_drops_audio_that_no_row_names(models_dir, out, captions_dir):
    arguments = quality(models_dir, out, captions_dir, "--steps", "2,3,4")
    interrupt(arguments, out, signal.SIGTERM, windows=4)
    (folder,) = out.glob("*/audio")
    for name in ("000099-0.wav", ".000098-0.wav"):
        (folder / name).write_bytes(b"half a clip")
    assert tta(*arguments).returncode == 0

    assert {path.name for path in folder.iterdir()} == {clip["name"] for clip in clips_of(out)}


def test_plan_of_the_sanity_check_counts_the_audio_of_the_recordings_own_durations(captions_dir):
    """Both captions of the list last 4 s, at 16 bits and the model's rate."""
    done = tta(
        "plan", "full", "--study", "sanity", "--captions-dir", captions_dir, "--dataset", "other",
        "--captions", "2", "--steps", "10", "--models-dir", ROOT / "tests/models/example_models",
        "--model", "sine", "--json",
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    plan = json.loads(done.stdout)
    assert ", 4.0 s on average" in plan["captions"][0]
    sine = tomllib.loads((ROOT / "tests/models/example_models/sine/model.toml").read_text())
    assert plan["audio_bytes"] == 2 * 4 * 2 * sine["sample_rate_hz"] * sine["channels"]


def test_plan_says_which_captions_there_are_and_measures_nothing(captions_dir, out):
    done = tta(
        "plan", "full", "--study", "quality", "--captions-dir", captions_dir, "--dataset", "mine",
        "--captions", "3", "--models-dir", ROOT / "tests" / "models" / "example_models",
        "--model", "sine",
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert "captions: quality: mine: 3, set own, list " in done.stdout
    assert "captions: mine: no reference audio" in done.stdout
    assert "windows: 18 quality" in done.stdout
    without = tta("plan", "full")
    assert "captions: quality: none; a folder of them is named with --captions-dir" in (
        without.stdout
    )
    assert not out.exists()
