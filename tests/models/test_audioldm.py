from __future__ import annotations

import hashlib
import json
import shutil
import tomllib

import pytest

from tests.models.drive import MODELS, Driver, distance, read_wav, run_script
from tests.models.folders import FAULTS, read_header, spoil, write_header

FOLDER = MODELS / "audioldm"


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
    run_script("save_tiny.py", folder, "audioldm")
    return folder


@pytest.fixture
def broken(saved, tmp_path):
    """Copy the saved folder for a test to damage."""
    return shutil.copytree(saved, tmp_path / "copy")


def test_full_size_has_the_parameters_of_the_original_to_the_last_digit(driver):
    facts = tomllib.loads((FOLDER / "model.toml").read_text())
    assert driver.get("describe", size="full")["parameters"] == facts["parameters"]
    assert sum(facts["parameters"].values()) == 420_980_338


def test_it_says_which_libraries_it_found(driver):
    libraries = driver.get("describe", size="tiny")["libraries"]
    assert libraries["diffusers"] == "0.31.0"
    assert set(libraries) >= {"torch", "transformers", "accelerate", "numpy"}


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
        "latent_shape": [8, 16, 16],
        "gpu_uuid": None,
    }


def test_two_prompts_make_two_clips_of_the_length_asked_for(tiny, tmp_path):
    made = tiny.generate(prompts=["rain", "a dog barks"], seeds=[0, 1], audio_s=2.0)
    assert made == {
        "clips": 2,
        "seconds": 2.0,
        "sample_rate_hz": 16000,
        "channels": 1,
        "latent_shape": [8, 50, 16],
        "denoiser_calls": 2,
    }
    paths = [str(tmp_path / "0.wav"), str(tmp_path / "1.wav")]
    tiny.get("save", paths=paths)
    for path in paths:
        form, samples = read_wav(path)
        assert form == (16000, 2, 1)
        assert len(samples) == 32_000
        assert max(samples) > 100
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0.wav", "1.wav"]


@pytest.mark.parametrize("steps", [1, 10, 25, 50, 100, 150, 200])
def test_the_denoiser_is_called_once_a_step(tiny, steps):
    assert tiny.generate(steps=steps, audio_s=0.16)["denoiser_calls"] == steps


def test_a_second_is_cut_to_the_sample_where_the_latent_is_longer(tiny):
    made = tiny.generate(audio_s=0.65)
    assert made["seconds"] == 0.65
    assert made["latent_shape"] == [8, 17, 16]


def test_the_same_seed_makes_the_same_samples_after_a_new_start(tiny, tmp_path):
    first = tiny.audio(tmp_path, seeds=[3])
    tiny.load()
    assert tiny.audio(tmp_path, seeds=[3]) == first
    assert distance(tiny.audio(tmp_path, seeds=[4])[0], first[0]) > 100


def test_a_clip_does_not_depend_on_its_batch_beyond_rounding(tiny, tmp_path):
    batch = tiny.audio(tmp_path, prompts=["rain"] * 3, seeds=[5, 6, 7])
    mixed = tiny.audio(tmp_path, prompts=["wind", "rain"], seeds=[0, 6])
    alone = tiny.audio(tmp_path, prompts=["rain"], seeds=[6])
    assert distance(batch[1], alone[0]) <= 4
    assert distance(mixed[1], alone[0]) <= 4


def test_prompt_and_negative_prompt_are_heard(tiny, tmp_path):
    usual = tiny.audio(tmp_path)[0]
    assert distance(tiny.audio(tmp_path, prompts=["wind"])[0], usual) > 4
    assert distance(tiny.audio(tmp_path, negative_prompt=None)[0], usual) > 4


def test_another_seed_of_the_weights_is_another_model(tiny, tmp_path):
    usual = tiny.audio(tmp_path)[0]
    tiny.load(seed=1)
    assert distance(tiny.audio(tmp_path)[0], usual) > 100


def test_both_kinds_of_attention_compute_the_same(tiny, tmp_path):
    sdpa = tiny.audio(tmp_path)[0]
    assert tiny.load(attention="eager")["attention"] == "unet=eager text_encoder=eager vae=eager"
    assert distance(tiny.audio(tmp_path)[0], sdpa) <= 4


def test_half_precision_stays_finite(driver, tmp_path):
    assert driver.load(dtype="float16")["dtype"] == "float16"
    assert max(driver.audio(tmp_path)[0]) > 100


def test_nothing_is_said_beside_the_answers(tiny):
    long_prompt = "rain " * 600  # beyond the 512 tokens of the text encoder
    tiny.generate(prompts=[long_prompt])
    assert tiny.noise == ""


def test_a_saved_folder_makes_the_audio_of_diffusers_own_pipeline(driver, saved, tmp_path):
    found = driver.load(weights=str(saved))
    assert found["weights"] == "folder"
    assert len(found["weights_sha256"]) == 64
    reference = json.loads((saved / "reference.json").read_text())
    assert distance(driver.audio(tmp_path)[0], reference) <= 1
    assert driver.noise == ""


def test_the_digest_of_a_folder_is_that_of_its_content(driver, saved, broken):
    original = driver.load(weights=str(saved))["weights_sha256"]
    assert driver.load(weights=str(broken))["weights_sha256"] == original
    file = broken / "vocoder" / "model.safetensors"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    assert driver.load(weights=str(broken))["weights_sha256"] != original


def test_a_missing_folder_is_named(driver, tmp_path):
    assert f"weights folder {tmp_path / 'no'} is not there" in driver.refusal(
        weights=str(tmp_path / "no")
    )


@pytest.mark.parametrize("name", ["unet", "text_encoder", "vae", "vocoder"])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_component_with_a_fault_is_named(driver, broken, name, fault):
    (file,) = (broken / name).glob("*.safetensors")
    spoil(file, fault)
    message = driver.refusal(weights=str(broken))
    assert f"weights of {name} " in message
    assert FAULTS[fault] in message


@pytest.mark.parametrize("name", ["tokenizer", "scheduler"])
def test_a_missing_companion_is_named(driver, broken, name):
    shutil.rmtree(broken / name)
    assert name in driver.refusal(weights=str(broken))


@pytest.mark.parametrize("name", ["unet", "text_encoder", "vae", "vocoder"])
def test_tensors_of_another_network_are_refused(driver, broken, name):
    (file,) = (broken / name).glob("*.safetensors")
    other = "text_encoder" if name == "vocoder" else "vocoder"
    shutil.copy(broken / other / "model.safetensors", file)
    message = driver.refusal(weights=str(broken))
    assert f"weights of {name} do not fit" in message
    assert "missing" in message


def test_the_attention_names_of_older_checkpoints_are_understood(driver, broken, tmp_path):
    names = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}
    (file,) = (broken / "vae").glob("*.safetensors")
    header = read_header(file)
    for new, old in names.items():
        header = {key.replace(f".{new}.", f".{old}."): value for key, value in header.items()}
    assert any(".proj_attn." in key for key in header)
    write_header(file, header)
    driver.load(weights=str(broken))
    reference = json.loads((broken / "reference.json").read_text())
    assert distance(driver.audio(tmp_path)[0], reference) <= 1


def cached(saved, tmp_path):
    """Put the saved folder where the hub's cache has the pinned revision."""
    facts = tomllib.loads((FOLDER / "model.toml").read_text())
    home = tmp_path / f"models--{facts['checkpoint'].replace('/', '--')}"
    return shutil.copytree(saved, home / "snapshots" / facts["revision"])


@pytest.fixture
def pinned(saved, tmp_path):
    """Drive the model under a card that pins the digests of the saved files."""
    folder = shutil.copytree(FOLDER, tmp_path / "models" / "audioldm")
    card = (folder / "model.toml").read_text()
    for name, digest in tomllib.loads(card)["weights"]["sha256"].items():
        card = card.replace(digest, hashlib.sha256((saved / name).read_bytes()).hexdigest())
    (folder / "model.toml").write_text(card)
    one = Driver(folder, "diffusers", tmp_path / "noise")
    yield one
    one.close()


def test_a_fetched_checkpoint_is_found_by_its_revision(pinned, saved, tmp_path):
    cached(saved, tmp_path)
    found = pinned.load(weights="hub", cache_dir=str(tmp_path))
    assert found["weights"] == "hub"
    assert found["weights_sha256"] == pinned.load(weights=str(saved))["weights_sha256"]


def test_files_of_another_revision_are_named(pinned, saved, tmp_path):
    name = "vocoder/model.safetensors"
    content = bytearray((saved / name).read_bytes())
    expected = hashlib.sha256(content).hexdigest()
    content[-1] ^= 1
    (cached(saved, tmp_path) / name).write_bytes(content)
    message = pinned.refusal(weights="hub", cache_dir=str(tmp_path))
    assert f"another revision, or damaged: {name} in" in message
    assert f"expected {expected}" in message


def test_a_file_that_is_not_what_the_cache_took_in_is_named(driver, broken):
    file = broken / "unet" / "diffusion_pytorch_model.safetensors"
    blob = file.rename(broken / ("0" * 64))
    file.symlink_to(blob)
    message = driver.refusal(weights=str(broken))
    assert "unet/diffusion_pytorch_model.safetensors" in message
    assert f"expected {'0' * 64}" in message


@pytest.mark.parametrize("name", ["unet", "text_encoder", "vae", "vocoder"])
def test_a_checkpoint_in_pieces_is_refused_by_name(driver, broken, name):
    (file,) = (broken / name).glob("*.safetensors")
    index = file.with_name(f"{file.name}.index.json")
    index.write_text('{"weight_map": {}}')
    beside = driver.refusal(weights=str(broken))
    file.rename(file.with_name("piece-00001-of-00001.safetensors"))
    for message in (beside, driver.refusal(weights=str(broken))):
        assert f"weights of {name} are in pieces" in message
        assert index.name in message


def test_a_folder_of_another_size_is_refused(driver, saved):
    message = driver.refusal(weights=str(saved), size="full")
    assert "weights of unet are of another size: expected 185036552" in message


def test_the_hub_is_only_looked_up_in_the_cache(driver, tmp_path):
    message = driver.refusal(weights="hub", cache_dir=str(tmp_path))
    assert "cvssp/audioldm-s-full-v2" in message
    assert "tta-energy weights fetch" in message


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"device": "cuda:0"}, "device cuda:0 is not there"),
        ({"dtype": "int8"}, "dtype 'int8' is unknown"),
        ({"attention": "flash"}, "attention 'flash' is unknown"),
    ],
)
def test_a_setting_that_is_not_there_is_named(driver, changes, message):
    assert message in driver.refusal(**changes)


def test_seeds_and_prompts_must_pair(tiny):
    reply = tiny.ask(
        "generate", prompts=["a", "b"], negative_prompt=None, steps=1, audio_s=0.64, seeds=[0]
    )
    assert "2 seeds expected" in reply["message"]


def test_it_refuses_what_the_scheduler_or_the_latent_cannot_do(driver):
    def ask(steps, audio_s) -> str | None:
        return driver.refuses(steps=steps, audio_s=audio_s)

    assert ask(1000, 10.0) is None
    assert "1001 steps" in ask(1001, 10.0)
    assert "0.01 s of audio" in ask(10, 0.01)
