from __future__ import annotations

import json
import shutil
import tomllib

import pytest

from tests.models.drive import MODELS, Driver, distance, read_parameters, read_wav, run_script

COMPONENTS = ["unet", "text_encoder", "vae", "vocoder"]
MAIN, VAE = "pytorch_model_main.bin", "pytorch_model_vae.bin"
HOME = {"unet": MAIN, "text_encoder": MAIN, "vae": VAE, "vocoder": VAE}


@pytest.fixture(scope="module")
def drivers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("worker")
    names = ("tango", "tango2")
    both = {name: Driver(MODELS / name, "diffusers", folder / name) for name in names}
    yield both
    for one in both.values():
        one.close()


@pytest.fixture(scope="module")
def driver(drivers):
    return drivers["tango"]


@pytest.fixture
def tiny(driver):
    driver.load()
    return driver


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Save upstream's files, spoilt copies of them, and what an independent loop makes of them."""
    folder = tmp_path_factory.mktemp("saved")
    run_script("save_tango.py", folder)
    return folder


@pytest.fixture(scope="module")
def reference(saved):
    return json.loads((saved / "reference.json").read_text())


@pytest.fixture
def copy(saved, tmp_path):
    """Copy the saved folder for a test to damage."""
    return shutil.copytree(saved, tmp_path / "copy", ignore=shutil.ignore_patterns("spoilt"))


@pytest.mark.parametrize("name", ["tango", "tango2"])
def test_full_size_has_the_parameters_of_the_original_to_the_last_digit(drivers, name):
    expected = read_parameters(MODELS / name)
    assert drivers[name].get("describe", size="full")["parameters"] == expected
    assert sum(expected.values()) == 1_317_806_642


def test_loading_says_what_is_there(driver):
    found = driver.load()
    assert found.pop("parameters") == driver.get("describe", size="tiny")["parameters"]
    assert found == {
        "dtype": "float32",
        "attention": "unet=sdpa text_encoder=eager vae=sdpa",
        "device": "cpu",
        "duration_mode": "paper",
        "weights": "random",
        "weights_sha256": None,
        "latent_shape": [8, 32, 16],
        "gpu_uuid": None,
    }


def test_clips_have_one_length_whatever_is_asked_for(tiny, tmp_path):
    made = tiny.generate(prompts=["rain", "a dog barks"], seeds=[0, 1], audio_s=2.0)
    assert made == {
        "clips": 2,
        "seconds": 20_512 / 16_000,
        "sample_rate_hz": 16000,
        "channels": 1,
        "latent_shape": [8, 32, 16],
        "denoiser_calls": 2,
    }
    paths = [str(tmp_path / "0.wav"), str(tmp_path / "1.wav")]
    tiny.get("save", paths=paths)
    for path in paths:
        form, samples = read_wav(path)
        assert form == (16000, 2, 1)
        assert len(samples) == 20_512
        assert max(samples) > 100


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
    alone = tiny.audio(tmp_path, prompts=["rain"], seeds=[6])
    assert distance(batch[1], alone[0]) <= 4


def test_a_shorter_prompt_in_a_batch_is_masked_where_it_is_padded(tiny, tmp_path):
    mixed = tiny.audio(tmp_path, prompts=["a dog barks at the wind", "rain"], seeds=[0, 6])
    alone = tiny.audio(tmp_path, prompts=["rain"], seeds=[6])
    other = tiny.audio(tmp_path, prompts=["wind"], seeds=[6])
    assert distance(mixed[1], alone[0]) < distance(other[0], alone[0])


def test_the_prompt_is_heard_and_a_negative_prompt_is_not(tiny, tmp_path):
    usual = tiny.audio(tmp_path)[0]
    assert distance(tiny.audio(tmp_path, prompts=["wind"])[0], usual) > 4
    assert tiny.audio(tmp_path, negative_prompt=None)[0] == usual


def test_both_kinds_of_attention_compute_the_same(tiny, tmp_path):
    sdpa = tiny.audio(tmp_path)[0]
    assert tiny.load(attention="eager")["attention"] == "unet=eager text_encoder=eager vae=eager"
    assert distance(tiny.audio(tmp_path)[0], sdpa) <= 4


def test_half_precision_stays_finite(driver, tmp_path):
    assert driver.load(dtype="float16")["dtype"] == "float16"
    assert max(driver.audio(tmp_path)[0]) > 100


def test_nothing_is_said_beside_the_answers(tiny):
    tiny.generate(prompts=["rain " * 600])  # beyond the 512 tokens of the text encoder
    assert tiny.noise == ""


def test_tango_2_is_the_same_network_with_a_checkpoint_of_its_own(drivers, saved, tmp_path):
    audio = []
    for driver in drivers.values():
        driver.load(weights=str(saved))
        audio.append(driver.audio(tmp_path)[0])
    assert audio[0] == audio[1]
    message = drivers["tango2"].refusal(weights="hub", cache_dir=str(tmp_path))
    assert "declare-lab/tango2-full" in message
    assert "tta-energy weights fetch" in message


def test_upstreams_files_make_the_audio_of_an_independent_loop(driver, saved, reference, tmp_path):
    found = driver.load(weights=str(saved))
    assert found["weights"] == "folder"
    assert len(found["weights_sha256"]) == 64
    assert distance(driver.audio(tmp_path)[0], reference["samples"]) <= 1
    assert driver.noise == ""


def test_tensors_are_renamed_as_diffusers_own_converter_does(reference):
    assert len(reference["same"]) == 148
    assert all(reference["same"].values())


def test_the_full_checkpoint_has_as_many_tensors_as_upstreams(reference):
    assert reference["full"] == {
        "fits": True,
        "unet": 686,
        "encoder": 88,
        "decoder": 112,
        "vocoder": 194,
    }


@pytest.mark.parametrize("name", COMPONENTS)
@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("missing", "1 tensors missing"),
        ("extra", "1 unexpected ['extra']"),
        ("shape", "has the shape (1, "),
    ],
)
def test_a_tensor_that_does_not_fit_is_refused(driver, saved, name, fault, message):
    if (name, fault) == ("vae", "extra"):
        message = "1 unexpected ['decoder.extra']"
    found = driver.refusal(weights=str(saved / "spoilt" / f"{name}-{fault}"))
    assert f"weights of {name} do not fit" in found
    assert message in found


def test_a_tied_tensor_of_two_contents_is_refused(driver, saved):
    found = driver.refusal(weights=str(saved / "spoilt" / "text_encoder-torn"))
    assert "weights of text_encoder do not fit: shared.weight and encoder.embed_tokens" in found


@pytest.mark.parametrize("name", COMPONENTS)
def test_a_truncated_or_missing_file_is_named_with_its_components(driver, copy, name):
    file = copy / HOME[name]
    file.write_bytes(file.read_bytes()[:-1000])
    damaged = driver.refusal(weights=str(copy))
    file.unlink()
    for message, state in ((damaged, "damaged"), (driver.refusal(weights=str(copy)), "missing")):
        assert name in message.partition(" are ")[0]
        assert f"are {state}" in message
        assert file.name in message


def test_a_file_of_something_else_is_refused(driver, copy):
    (copy / MAIN).write_bytes((copy / VAE).read_bytes())
    assert "belong to none of unet, text_encoder" in driver.refusal(weights=str(copy))
    (copy / MAIN).write_text("<!doctype html>")
    assert "weights of unet and text_encoder are damaged" in driver.refusal(weights=str(copy))


def test_a_missing_tokenizer_is_named(driver, copy):
    shutil.rmtree(copy / "tokenizer")
    assert "tokenizer is missing" in driver.refusal(weights=str(copy))


def test_a_fetched_checkpoint_is_found_by_its_revision(driver, saved, tmp_path):
    facts = tomllib.loads((MODELS / "tango" / "model.toml").read_text())
    home = tmp_path / f"models--{facts['checkpoint'].replace('/', '--')}" / "snapshots"
    home.mkdir(parents=True)
    (home / facts["revision"]).symlink_to(saved)
    message = driver.refusal(weights="hub", cache_dir=str(tmp_path))
    assert "google/flan-t5-large" in message
    texts = tmp_path / "models--google--flan-t5-large" / "snapshots"
    texts.mkdir(parents=True)
    revision = message.partition("at revision ")[2].split()[0]
    (texts / revision).symlink_to(saved / "tokenizer")
    assert driver.load(weights="hub", cache_dir=str(tmp_path))["weights"] == "hub"


def test_a_folder_of_another_size_is_refused(driver, saved):
    assert "weights of unet do not fit" in driver.refusal(weights=str(saved), size="full")


def test_it_refuses_what_the_scheduler_or_the_latent_cannot_do(driver):
    def ask(steps, audio_s) -> str | None:
        return driver.refuses(steps=steps, audio_s=audio_s)

    assert ask(1000, 10.0) is None
    assert "1001 steps" in ask(1001, 10.0)
    assert "at most 10.242 s" in ask(10, 10.5)
