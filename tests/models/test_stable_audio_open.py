from __future__ import annotations

import json
import shutil
import tomllib

import pytest

from tests.models.drive import MODELS, Driver, distance, read_parameters, read_wav, run_script
from tests.models.folders import FAULTS, append, read_header, spoil

FOLDER = MODELS / "stable-audio-open"
TIED = ("shared.weight", "encoder.embed_tokens.weight")
COMPONENTS = list(read_parameters(FOLDER))


@pytest.fixture(scope="module")
def driver(tmp_path_factory):
    one = Driver(FOLDER, "diffusers", tmp_path_factory.mktemp("worker") / "noise")
    yield one
    one.close()


@pytest.fixture
def tiny(driver):
    driver.load()
    return driver


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Save a folder with diffusers, and the samples its own pipeline makes from it."""
    folder = tmp_path_factory.mktemp("saved")
    run_script("save_tiny.py", folder, "stable-audio-open")
    return folder


@pytest.fixture
def broken(saved, tmp_path):
    """Copy the saved folder for a test to damage."""
    return shutil.copytree(saved, tmp_path / "copy")


def test_full_size_has_the_parameters_of_the_original_to_the_last_digit(driver):
    expected = read_parameters(FOLDER)
    assert driver.get("describe", size="full")["parameters"] == expected
    assert sum(expected.values()) == 1_323_076_738


def test_loading_says_what_is_there(driver):
    found = driver.load()
    assert found.pop("parameters") == driver.get("describe", size="tiny")["parameters"]
    assert found == {
        "dtype": "float32",
        "attention": "transformer=sdpa text_encoder=eager",
        "device": "cpu",
        "duration_mode": "paper",
        "weights": "random",
        "weights_sha256": None,
        "latent_shape": [64, 256],
        "gpu_uuid": None,
    }


def test_two_prompts_make_two_stereo_clips_cut_to_the_length_asked_for(tiny, tmp_path):
    made = tiny.generate(prompts=["rain", "a dog barks"], seeds=[0, 1], audio_s=2.0)
    assert made == {
        "clips": 2,
        "seconds": 2.0,
        "sample_rate_hz": 44100,
        "channels": 2,
        "latent_shape": [64, 256],
        "denoiser_calls": 2,
    }
    paths = [str(tmp_path / "0.wav"), str(tmp_path / "1.wav")]
    tiny.get("save", paths=paths)
    for path in paths:
        form, samples = read_wav(path)
        assert form == (44100, 2, 2)
        assert len(samples) == 2 * 88_200
        assert max(samples[::2]) > 100
        assert samples[::2] != samples[1::2]


@pytest.mark.parametrize("steps", [10, 25, 50, 100, 150, 200])
def test_the_denoiser_is_called_once_a_step(tiny, steps):
    assert tiny.generate(steps=steps)["denoiser_calls"] == steps


def test_the_same_seed_makes_the_same_samples_after_a_new_start(tiny, tmp_path):
    first = tiny.audio(tmp_path, seeds=[3])
    tiny.load()
    assert tiny.audio(tmp_path, seeds=[3]) == first
    assert distance(tiny.audio(tmp_path, seeds=[4])[0], first[0]) > 100


def test_a_clip_does_not_depend_on_its_batch_beyond_rounding(tiny, tmp_path):
    batch = tiny.audio(tmp_path, prompts=["rain"] * 3, seeds=[5, 6, 7])
    for clip, seed in zip(batch, (5, 6, 7), strict=True):
        alone = tiny.audio(tmp_path, prompts=["rain"], seeds=[seed])
        assert distance(clip, alone[0]) <= 4


def test_prompt_and_negative_prompt_are_heard(tiny, tmp_path):
    usual = tiny.audio(tmp_path)[0]
    assert distance(tiny.audio(tmp_path, prompts=["wind"])[0], usual) > 4
    assert distance(tiny.audio(tmp_path, negative_prompt=None)[0], usual) > 4


def test_both_kinds_of_attention_compute_the_same(tiny, tmp_path):
    sdpa = tiny.audio(tmp_path)[0]
    found = tiny.load(attention="eager")["attention"]
    assert {one.partition("=")[2] for one in found.split()} == {"eager"}
    assert distance(tiny.audio(tmp_path)[0], sdpa) <= 4


def test_half_precision_stays_finite(driver, tmp_path):
    assert driver.load(dtype="float16")["dtype"] == "float16"
    assert max(driver.audio(tmp_path)[0]) > 100


def test_nothing_is_said_beside_the_answers(tiny):
    tiny.generate(prompts=["rain " * 600])  # beyond the 128 tokens of the text encoder
    assert tiny.noise == ""


def test_a_saved_folder_makes_the_audio_of_diffusers_own_pipeline(driver, saved, tmp_path):
    found = driver.load(weights=str(saved))
    assert found["weights"] == "folder"
    assert len(found["weights_sha256"]) == 64
    reference = json.loads((saved / "reference.json").read_text())
    assert distance(driver.audio(tmp_path)[0], reference) <= 1
    assert driver.noise == ""


@pytest.mark.parametrize("name", COMPONENTS)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_component_with_a_fault_is_named(driver, broken, name, fault):
    (file,) = (broken / name).glob("*.safetensors")
    spoil(file, fault)
    message = driver.refusal(weights=str(broken))
    assert f"weights of {name} " in message
    assert FAULTS[fault] in message


def test_a_tied_tensor_may_stand_in_the_file_once_or_twice(driver, broken, tmp_path):
    file, (once, again) = broken / "text_encoder" / "model.safetensors", TIED
    assert not {once, again} <= read_header(file).keys()
    append(file, again, like=once, same=True)
    driver.load(weights=str(broken))
    reference = json.loads((broken / "reference.json").read_text())
    assert distance(driver.audio(tmp_path)[0], reference) <= 1


def test_a_tied_tensor_that_stands_there_twice_and_differs_is_refused(driver, broken):
    once, again = TIED
    append(broken / "text_encoder" / "model.safetensors", again, like=once, same=False)
    message = driver.refusal(weights=str(broken))
    assert f"{once} and {again} are one tensor of the network and differ" in message


@pytest.mark.parametrize("name", ["tokenizer", "scheduler"])
def test_a_missing_companion_is_named(driver, broken, name):
    shutil.rmtree(broken / name)
    assert f"{name} " in driver.refusal(weights=str(broken))


def test_a_fetched_checkpoint_is_found_by_its_revision(driver, saved, tmp_path):
    facts = tomllib.loads((FOLDER / "model.toml").read_text())
    home = tmp_path / f"models--{facts['checkpoint'].replace('/', '--')}" / "snapshots"
    assert "stabilityai/stable-audio-open-1.0" in driver.refusal(
        weights="hub", cache_dir=str(tmp_path)
    )
    home.mkdir(parents=True)
    (home / facts["revision"]).symlink_to(saved)
    assert driver.load(weights="hub", cache_dir=str(tmp_path))["weights"] == "hub"


def test_it_says_which_library_draws_its_noise(driver):
    assert "torchsde" in driver.get("describe", size="tiny")["libraries"]


def test_it_refuses_more_audio_than_the_latent_holds(driver):
    def ask(audio_s) -> str | None:
        return driver.refuses(audio_s=audio_s)

    driver.load()
    assert ask(11.88) is None
    assert "the latent holds 11.89 s" in ask(11.9)
