from __future__ import annotations

import json
import shutil
from typing import ClassVar

import pytest

from tests.models.contract import Contract, OnTheHub
from tests.models.drive import MODELS, Driver, distance, run_script

COMPONENTS = ["unet", "text_encoder", "vae", "vocoder"]
MAIN, VAE = "pytorch_model_main.bin", "pytorch_model_vae.bin"
HOME = {"unet": MAIN, "text_encoder": MAIN, "vae": VAE, "vocoder": VAE}


class Alike(Contract):
    """What both are, which are the same network."""

    total = 1_317_806_642
    attention = "unet={0} text_encoder=eager vae={0}"
    latents: ClassVar = {0.64: [8, 32, 16], 2.0: [8, 32, 16]}
    asked_s, samples = 2.0, 20_512  # one length, whatever is asked for
    exact: ClassVar = [8, 250, 16]
    hears_negative_prompts = False


class TestTango2(Alike):
    name = "tango2"


class TestTango(Alike, OnTheHub):
    name = "tango"

    @pytest.fixture(scope="class")
    @classmethod
    def saved(cls, tmp_path_factory):
        """Save upstream's files, spoilt copies, and what an independent loop makes of them."""
        folder = tmp_path_factory.mktemp("saved")
        run_script("save_tango.py", folder)
        return folder

    @pytest.fixture(scope="class")
    @classmethod
    def reference(cls, saved):
        return json.loads((saved / "reference.json").read_text())

    @pytest.fixture
    def copy(self, saved, tmp_path):
        """Copy the saved folder for a test to damage."""
        return shutil.copytree(saved, tmp_path / "copy", ignore=shutil.ignore_patterns("spoilt"))

    @pytest.fixture
    def second(self, tmp_path):
        """Drive Tango 2."""
        one = Driver(MODELS / "tango2", "diffusers", tmp_path / "noise")
        yield one
        one.close()

    def test_a_shorter_prompt_in_a_batch_is_masked_where_it_is_padded(self, tiny, tmp_path):
        mixed = tiny.audio(tmp_path, prompts=["a dog barks at the wind", "rain"], seeds=[0, 6])
        alone = tiny.audio(tmp_path, prompts=["rain"], seeds=[6])
        other = tiny.audio(tmp_path, prompts=["wind"], seeds=[6])
        assert distance(mixed[1], alone[0]) < distance(other[0], alone[0])

    def test_tango_2_is_the_same_network_with_a_checkpoint_of_its_own(
        self, driver, second, saved, tmp_path
    ):
        audio = []
        for one in (driver, second):
            one.load(weights=str(saved))
            audio.append(one.audio(tmp_path)[0])
        assert audio[0] == audio[1]
        message = second.refusal(weights="hub", cache_dir=str(tmp_path))
        assert "declare-lab/tango2-full" in message
        assert "tta-energy weights fetch" in message

    def test_upstreams_files_make_the_audio_of_an_independent_loop(
        self, driver, saved, reference, tmp_path
    ):
        found = driver.load(weights=str(saved))
        assert found["weights"] == "folder"
        assert len(found["weights_sha256"]) == 64
        assert distance(driver.audio(tmp_path)[0], reference["samples"]) <= 1
        assert driver.noise == ""

    def test_tensors_are_renamed_as_diffusers_own_converter_does(self, reference):
        assert len(reference["same"]) == 148
        assert all(reference["same"].values())

    def test_the_full_checkpoint_has_as_many_tensors_as_upstreams(self, reference):
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
    def test_a_tensor_that_does_not_fit_is_refused(self, driver, saved, name, fault, message):
        if (name, fault) == ("vae", "extra"):
            message = "1 unexpected ['decoder.extra']"
        found = driver.refusal(weights=str(saved / "spoilt" / f"{name}-{fault}"))
        assert f"weights of {name} do not fit" in found
        assert message in found

    def test_a_tied_tensor_of_two_contents_is_refused(self, driver, saved):
        found = driver.refusal(weights=str(saved / "spoilt" / "text_encoder-torn"))
        assert "weights of text_encoder do not fit: shared.weight and encoder.embed_tokens" in found

    @pytest.mark.parametrize("name", COMPONENTS)
    def test_a_truncated_or_missing_file_is_named_with_its_components(self, driver, copy, name):
        file = copy / HOME[name]
        file.write_bytes(file.read_bytes()[:-1000])
        damaged = driver.refusal(weights=str(copy))
        file.unlink()
        for message, state in (
            (damaged, "damaged"),
            (driver.refusal(weights=str(copy)), "missing"),
        ):
            assert name in message.partition(" are ")[0]
            assert f"are {state}" in message
            assert file.name in message

    def test_a_file_of_something_else_is_refused(self, driver, copy):
        (copy / MAIN).write_bytes((copy / VAE).read_bytes())
        assert "belong to none of unet, text_encoder" in driver.refusal(weights=str(copy))
        (copy / MAIN).write_text("<!doctype html>")
        assert "weights of unet and text_encoder are damaged" in driver.refusal(weights=str(copy))

    def test_a_missing_tokenizer_is_named(self, driver, copy):
        shutil.rmtree(copy / "tokenizer")
        assert "tokenizer is missing" in driver.refusal(weights=str(copy))

    def test_a_folder_of_another_size_is_refused(self, driver, saved):
        assert "weights of unet do not fit" in driver.refusal(weights=str(saved), size="full")

    def test_it_refuses_what_the_scheduler_or_the_latent_cannot_do(self, driver):
        def ask(steps, audio_s) -> str | None:
            return driver.refuses(steps=steps, audio_s=audio_s)

        assert ask(1000, 10.0) is None
        assert "1001 steps" in ask(1001, 10.0)
        assert "at most 10.242 s" in ask(10, 10.5)
