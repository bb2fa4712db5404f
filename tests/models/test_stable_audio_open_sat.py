"""Stable Audio Open by stable-audio-tools; skipped where its environment is not installed."""

from __future__ import annotations

import shutil
import tomllib

import numpy as np
import pytest

from tests.models.drive import (
    MODELS,
    Driver,
    distance,
    interpreter,
    read_parameters,
    read_wav,
    run_script,
)
from tests.models.folders import FAULTS, spoil

ENVIRONMENT = "stable-audio-tools"
FOLDER = MODELS / "stable-audio-open-sat"
FRAMES = 256
# In 16-bit steps: 15 sines in a row, of random weights, make this of a difference in rounding.
ROUNDING = 60
pytestmark = pytest.mark.skipif(
    not interpreter(ENVIRONMENT).is_file(),
    reason=f"environment {ENVIRONMENT} is not installed: nox -s environment -- {ENVIRONMENT}",
)


@pytest.fixture(scope="module")
def driver(tmp_path_factory):
    one = Driver(FOLDER, ENVIRONMENT, tmp_path_factory.mktemp("worker") / "noise")
    yield one
    one.close()


@pytest.fixture
def tiny(driver):
    driver.load()
    return driver


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Save a folder in the vendor's layout, with what the package's networks make of noise."""
    folder = tmp_path_factory.mktemp("saved")
    run_script("save_sat.py", folder, environment=ENVIRONMENT)
    return folder


@pytest.fixture
def broken(saved, tmp_path):
    """Copy the saved folder for a test to damage."""
    folder = shutil.copytree(saved, tmp_path / "copy")
    (folder / "model.ckpt").unlink()
    return folder


def test_full_size_has_the_parameters_of_the_other_implementation_to_the_last_digit(driver):
    expected = read_parameters(FOLDER)
    assert driver.get("describe", size="full")["parameters"] == expected
    names = {"transformer": "transformer", "conditioner": "projection_model"}
    other = read_parameters(MODELS / "stable-audio-open")
    assert {names.get(name, name): count for name, count in expected.items()} == other


@pytest.mark.parametrize("name", ["transformer", "vae", "conditioner"])
def test_both_implementations_compute_the_same_from_the_same_weights(saved, name):
    if not (saved / "diffusers.npz").is_file():
        run_script("run_sat_in_diffusers.py", saved)
    expected, found = (np.load(saved / one)[name] for one in ("outputs.npz", "diffusers.npz"))
    scale = np.abs(expected).max()
    assert scale > 0.1
    assert np.abs(expected - found).max() <= 1e-4 * scale


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
        "latent_shape": [64, FRAMES],
        "gpu_uuid": None,
    }


def test_two_prompts_make_two_stereo_clips_cut_to_the_length_asked_for(tiny, tmp_path):
    made = tiny.generate(prompts=["rain", "a dog barks"], seeds=[0, 1], audio_s=2.0)
    assert made == {
        "clips": 2,
        "seconds": 2.0,
        "sample_rate_hz": 44100,
        "channels": 2,
        "latent_shape": [64, FRAMES],
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
    assert distance(tiny.audio(tmp_path, seeds=[4])[0], first[0]) > 4 * ROUNDING


def test_a_clip_does_not_depend_on_its_batch_beyond_rounding(tiny, tmp_path):
    batch = tiny.audio(tmp_path, prompts=["rain"] * 3, seeds=[5, 6, 7], steps=4)
    for clip, seed in zip(batch, (5, 6, 7), strict=True):
        alone = tiny.audio(tmp_path, prompts=["rain"], seeds=[seed], steps=4)
        assert distance(clip, alone[0]) <= ROUNDING


def test_prompt_and_negative_prompt_are_heard(tiny, tmp_path):
    usual = tiny.audio(tmp_path)[0]
    assert distance(tiny.audio(tmp_path, prompts=["wind"])[0], usual) > 4 * ROUNDING
    assert distance(tiny.audio(tmp_path, negative_prompt=None)[0], usual) > 4 * ROUNDING


def test_both_kinds_of_attention_compute_the_same(tiny, tmp_path):
    sdpa = tiny.audio(tmp_path)[0]
    found = tiny.load(attention="eager")["attention"]
    assert {one.partition("=")[2] for one in found.split()} == {"eager"}
    assert distance(tiny.audio(tmp_path)[0], sdpa) <= ROUNDING


def test_an_unknown_attention_is_refused(driver):
    assert "expected one of ('eager', 'sdpa')" in driver.refusal(attention="flash")


def test_half_precision_stays_finite(driver, tmp_path):
    assert driver.load(dtype="float16")["dtype"] == "float16"
    assert max(driver.audio(tmp_path)[0]) > 100


def test_nothing_is_said_beside_the_answers(tiny):
    tiny.generate(prompts=["rain " * 600])  # beyond the 128 tokens of the text encoder
    assert tiny.noise == ""


def test_both_files_of_the_vendors_layout_make_the_same_audio(driver, saved, tmp_path):
    found = driver.load(weights=str(saved))
    assert found["weights"] == "folder"
    assert len(found["weights_sha256"]) == 64
    first = driver.audio(tmp_path)
    other = shutil.copytree(saved, tmp_path / "copy")
    (other / "model.safetensors").unlink()
    driver.load(weights=str(other))
    assert distance(driver.audio(tmp_path)[0], first[0]) <= ROUNDING
    assert driver.noise == ""


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_the_one_file_names_what_it_belongs_to(driver, broken, fault):
    spoil(broken / "model.safetensors", fault)
    message = driver.refusal(weights=str(broken))
    assert any(name in message for name in ("transformer", "conditioner", "vae"))
    said = {"renamed": "do not fit", "extra": "belong to none of", "shape": "has the shape"}
    assert said.get(fault, FAULTS[fault]) in message


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_the_text_encoder_is_named(driver, broken, fault):
    spoil(broken / "text_encoder" / "model.safetensors", fault)
    message = driver.refusal(weights=str(broken))
    assert "weights of text_encoder " in message
    assert FAULTS[fault] in message


def test_a_missing_tokenizer_is_named(driver, broken):
    shutil.rmtree(broken / "tokenizer")
    assert "tokenizer is missing" in driver.refusal(weights=str(broken))


def test_a_fetched_checkpoint_is_found_by_its_revision(driver, saved, tmp_path):
    facts = tomllib.loads((FOLDER / "model.toml").read_text())
    home = tmp_path / f"models--{facts['checkpoint'].replace('/', '--')}" / "snapshots"
    assert "stabilityai/stable-audio-open-1.0" in driver.refusal(
        weights="hub", cache_dir=str(tmp_path)
    )
    home.mkdir(parents=True)
    (home / facts["revision"]).symlink_to(saved)
    assert driver.load(weights="hub", cache_dir=str(tmp_path))["weights"] == "hub"


def test_it_says_which_package_computes(driver):
    found = driver.get("describe", size="tiny")["libraries"]
    assert found["stable-audio-tools"] == "0.0.19"
    assert {"k-diffusion", "torchsde"} <= found.keys()


def test_it_refuses_more_audio_than_the_latent_of_its_size_holds(driver):
    driver.load()
    assert driver.generate(audio_s=11.88)["seconds"] == 11.88
    assert driver.refuses(audio_s=11.88) is None
    assert "the latent holds 11.89 s" in driver.refuses(audio_s=11.9)


def test_the_exact_length_is_denoised_where_that_is_asked_for(driver):
    assert driver.load(duration_mode="exact", audio_s=10.0)["latent_shape"] == [64, 216]
    made = driver.generate(audio_s=10.0)
    assert made["latent_shape"] == [64, 216]
    assert made["seconds"] == 10.0
