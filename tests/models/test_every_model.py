"""What holds for each of the paper's models alike, at tiny size."""

from __future__ import annotations

import pytest

from tests.models.drive import MODELS, WORKER, Driver, run_script

#: Latent of 10 s, and seconds of audio, in duration mode exact.
EXACT = {
    "audioldm": ([8, 250, 16], 10.0),
    "audioldm2": ([8, 250, 16], 10.0),
    "make-an-audio": ([4, 10, 80], 10.0),
    "make-an-audio-2": ([20, 314], 10.0),
    "stable-audio-open": ([64, 216], 10.0),
    "tango": ([8, 250, 16], 10.0),
    "tango2": ([8, 250, 16], 10.0),
}


@pytest.fixture(scope="module", params=EXACT)
def name(request):
    return request.param


@pytest.fixture(scope="module")
def driver(name, tmp_path_factory):
    one = Driver(MODELS / name, "diffusers", tmp_path_factory.mktemp("worker") / "noise")
    yield one
    one.close()


def test_exact_denoises_no_more_than_the_ten_seconds_and_makes_just_these(driver, name):
    shape, seconds = EXACT[name]
    loaded = driver.load(duration_mode="exact", audio_s=10.0)
    assert (loaded["duration_mode"], loaded["latent_shape"]) == ("exact", shape)
    made = driver.generate(prompts=["rain", "hail"], seeds=[0, 1], steps=2, audio_s=10.0)
    assert (made["latent_shape"], made["seconds"]) == (shape, seconds)
    assert made["denoiser_calls"] == 2


def test_exact_holds_a_length_that_is_no_multiple_of_a_frame(driver):
    driver.load(duration_mode="exact")
    assert driver.generate(steps=1, audio_s=1.23)["seconds"] == pytest.approx(1.23, abs=1e-4)


@pytest.mark.parametrize("steps", [10, 25, 50, 100, 150, 200])
def test_the_denoiser_is_called_as_often_as_expected(driver, name, steps):
    if steps == 10:
        driver.load()
    longer = name.startswith("make-an-audio") and steps == 150
    assert driver.generate(steps=steps)["denoiser_calls"] == (167 if longer else steps)


def test_nothing_is_said_beside_the_answers(driver):
    driver.load()
    driver.generate(prompts=["rain " * 600])
    assert driver.noise == ""


def test_a_duration_mode_that_is_not_there_is_named(driver):
    message = driver.refusal(duration_mode="short")
    assert "duration_mode 'short' is unknown: expected one of ['exact', 'paper']" in message


def test_the_work_of_each_stage_done_again_comes_out_to_the_last_bit(name):
    run_script("replay_stages.py", WORKER, MODELS / name / "adapter.py")


def test_each_stage_is_replayed_by_the_worker_and_denoising_alone_calls_the_denoiser(driver):
    driver.load()
    call = {"prompts": ["rain"], "negative_prompt": None, "steps": 2, "audio_s": 0.64, "seeds": [0]}
    assert driver.get("record", **call) is None
    for stage in driver.get("stages"):
        calls = 2 if stage == "denoising" else 0
        replayed = driver.get("replay", stage=stage, least_s=0.0)
        assert replayed == {"replays": 1, "denoiser_calls": calls}
