from __future__ import annotations

import hashlib
import json
import shutil
import tomllib
from typing import ClassVar

import pytest

from tests.models.contract import SavedByDiffusers
from tests.models.drive import MODELS, Driver, distance
from tests.models.folders import read_header, write_header

FOLDER = MODELS / "audioldm"


def cached(saved, tmp_path):
    """Put the saved folder where the hub's cache has the pinned revision."""
    facts = tomllib.loads((FOLDER / "model.toml").read_text())
    home = tmp_path / f"models--{facts['checkpoint'].replace('/', '--')}"
    return shutil.copytree(saved, home / "snapshots" / facts["revision"])


class TestAudioLDM(SavedByDiffusers):
    name = "audioldm"
    total = 420_980_338
    attention = "unet={0} text_encoder=eager vae={0}"
    latents: ClassVar = {0.64: [8, 16, 16], 2.0: [8, 50, 16]}
    asked_s, samples = 2.0, 32_000
    exact: ClassVar = [8, 250, 16]
    companions = ("tokenizer", "scheduler")

    @pytest.fixture
    def pinned(self, saved, tmp_path):
        """Drive the model under a card that pins the digests of the saved files."""
        folder = shutil.copytree(FOLDER, tmp_path / "models" / "audioldm")
        card = (folder / "model.toml").read_text()
        for name, digest in tomllib.loads(card)["weights"]["sha256"].items():
            card = card.replace(digest, hashlib.sha256((saved / name).read_bytes()).hexdigest())
        (folder / "model.toml").write_text(card)
        one = Driver(folder, "diffusers", tmp_path / "noise")
        yield one
        one.close()

    def test_a_fetched_checkpoint_is_found_by_its_revision(self, pinned, folder, saved, tmp_path):
        super().test_a_fetched_checkpoint_is_found_by_its_revision(pinned, folder, saved, tmp_path)

    def test_one_step_is_one_call(self, tiny):
        assert tiny.generate(steps=1, audio_s=0.16)["denoiser_calls"] == 1

    def test_a_second_is_cut_to_the_sample_where_the_latent_is_longer(self, tiny):
        made = tiny.generate(audio_s=0.65)
        assert made["seconds"] == 0.65
        assert made["latent_shape"] == [8, 17, 16]

    def test_the_digest_of_a_folder_is_that_of_its_content(self, driver, saved, broken):
        original = driver.load(weights=str(saved))["weights_sha256"]
        assert driver.load(weights=str(broken))["weights_sha256"] == original
        file = broken / "vocoder" / "model.safetensors"
        content = bytearray(file.read_bytes())
        content[-1] ^= 1
        file.write_bytes(content)
        assert driver.load(weights=str(broken))["weights_sha256"] != original

    def test_tensors_of_another_network_are_refused(self, driver, broken, component):
        (file,) = (broken / component).glob("*.safetensors")
        other = "text_encoder" if component == "vocoder" else "vocoder"
        shutil.copy(broken / other / "model.safetensors", file)
        message = driver.refusal(weights=str(broken))
        assert f"weights of {component} do not fit" in message
        assert "missing" in message

    def test_the_attention_names_of_older_checkpoints_are_understood(
        self, driver, broken, tmp_path
    ):
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

    def test_files_of_another_revision_are_named(self, pinned, saved, tmp_path):
        name = "vocoder/model.safetensors"
        content = bytearray((saved / name).read_bytes())
        expected = hashlib.sha256(content).hexdigest()
        content[-1] ^= 1
        (cached(saved, tmp_path) / name).write_bytes(content)
        message = pinned.refusal(weights="hub", cache_dir=str(tmp_path))
        assert f"another revision, or damaged: {name} in" in message
        assert f"expected {expected}" in message

    def test_a_file_that_is_not_what_the_cache_took_in_is_named(self, driver, broken):
        file = broken / "unet" / "diffusion_pytorch_model.safetensors"
        blob = file.rename(broken / ("0" * 64))
        file.symlink_to(blob)
        message = driver.refusal(weights=str(broken))
        assert "unet/diffusion_pytorch_model.safetensors" in message
        assert f"expected {'0' * 64}" in message

    def test_a_checkpoint_in_pieces_is_refused_by_name(self, driver, broken, component):
        (file,) = (broken / component).glob("*.safetensors")
        index = file.with_name(f"{file.name}.index.json")
        index.write_text('{"weight_map": {}}')
        beside = driver.refusal(weights=str(broken))
        file.rename(file.with_name("piece-00001-of-00001.safetensors"))
        for message in (beside, driver.refusal(weights=str(broken))):
            assert f"weights of {component} are in pieces" in message
            assert index.name in message

    def test_a_folder_of_another_size_is_refused(self, driver, saved):
        message = driver.refusal(weights=str(saved), size="full")
        assert "weights of unet are of another size: expected 185036552" in message

    def test_it_refuses_what_the_scheduler_or_the_latent_cannot_do(self, driver):
        def ask(steps, audio_s) -> str | None:
            return driver.refuses(steps=steps, audio_s=audio_s)

        assert ask(1000, 10.0) is None
        assert "1001 steps" in ask(1001, 10.0)
        assert "0.01 s of audio" in ask(10, 0.01)
