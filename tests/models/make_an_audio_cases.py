"""What both Make-an-Audio models are tested for; each test module derives a class from it."""

from __future__ import annotations

import json
import shutil
from typing import ClassVar

import pytest

from tests.models.contract import Contract
from tests.models.drive import distance, read_parameters, run_script


class Cases(Contract):
    names: dict[str, str]  # component -> digest of upstream's names and shapes at full size
    asked_s = 10.0
    longer_schedules: ClassVar = {150: 167}
    hears_negative_prompts = False
    rounding, heard = 8, 8

    @pytest.fixture(scope="class")
    @classmethod
    def saved(cls, tmp_path_factory):
        """Save upstream's files, harmed copies of them, and what the networks make of them."""
        folder = tmp_path_factory.mktemp("saved")
        run_script("save_make_an_audio.py", cls.name, folder)
        yield folder
        shutil.rmtree(folder)

    @pytest.fixture(scope="class")
    @classmethod
    def reference(cls, saved):
        return json.loads((saved / "reference.json").read_text())

    @pytest.fixture
    def copy(self, saved, tmp_path):
        """Copy the good folder for a test to damage."""
        return shutil.copytree(saved / "whole", tmp_path / "copy")

    @pytest.fixture
    def checkpoint(self, copy):
        (file,) = copy.glob("*.ckpt")
        return file

    def test_full_size_has_the_tensors_of_the_original_by_name_and_shape(self, saved):
        found = json.loads((saved / "names.json").read_text())["full"]
        assert {name: found[name] for name in self.names} == self.names

    def test_one_step_is_one_call(self, tiny):
        assert tiny.generate(steps=1)["denoiser_calls"] == 1

    def test_upstreams_files_make_the_audio_of_their_networks(
        self, driver, saved, reference, tmp_path
    ):
        found = driver.load(weights=str(saved / "whole"))
        assert found["weights"] == "folder"
        assert len(found["weights_sha256"]) == 64
        assert distance(driver.audio(tmp_path)[0], reference) <= 1
        assert driver.noise == ""

    def test_the_digest_covers_the_options_of_the_vocoder(self, driver, saved, copy):
        original = driver.load(weights=str(saved / "whole"))["weights_sha256"]
        assert driver.load(weights=str(copy))["weights_sha256"] == original
        options = copy / "bigvgan" / "args.yml"
        options.write_text(f"{options.read_text()}seed: 1\n")
        assert driver.load(weights=str(copy))["weights_sha256"] != original

    def test_a_harmed_component_is_named(self, driver, saved, folder):
        for name in read_parameters(folder):
            lacking = driver.refusal(weights=str(saved / f"missing-{name}"))
            assert f"weights of {name} do not fit: 1 tensors missing" in lacking
            beside = driver.refusal(weights=str(saved / f"extra-{name}"))
            assert f"weights of {name} do not fit: 0 tensors missing [], 1 unexpected" in beside
            assert ".extra']" in beside
            other = driver.refusal(weights=str(saved / f"shape-{name}"))
            assert f"weights of {name} do not fit: " in other
            assert "(3, 1, 4)" in other

    def test_a_missing_or_truncated_checkpoint_is_named(self, driver, checkpoint):
        checkpoint.write_bytes(checkpoint.read_bytes()[:-100])
        damaged = driver.refusal(weights=str(checkpoint.parent))
        assert "text_encoder and projection" in damaged
        assert f"are damaged: {checkpoint} of {checkpoint.stat().st_size} bytes" in damaged
        checkpoint.unlink()
        assert f"expected the file {checkpoint}" in driver.refusal(weights=str(checkpoint.parent))

    def test_a_missing_or_truncated_vocoder_is_named(self, driver, copy):
        file = copy / "bigvgan" / "best_netG.pt"
        file.write_bytes(file.read_bytes()[:5000])
        assert "weights of vocoder are damaged" in driver.refusal(weights=str(copy))
        file.unlink()
        assert "weights of vocoder are missing" in driver.refusal(weights=str(copy))

    def test_a_file_without_the_right_entry_is_refused(self, driver, checkpoint):
        shutil.copy(checkpoint.parent / "bigvgan" / "best_netG.pt", checkpoint)
        message = driver.refusal(weights=str(checkpoint.parent))
        assert "holds no named tensors under 'state_dict'" in message

    def test_a_file_with_objects_in_it_is_not_read(self, driver, saved):
        message = driver.refusal(weights=str(saved / "foreign"))
        assert "holds a pathlib.PurePosixPath beside tensors" in message

    def test_options_of_another_vocoder_are_refused(self, driver, copy):
        options = copy / "bigvgan" / "args.yml"
        text = options.read_text()
        options.write_text(text.replace("snakebeta", "snake"))
        message = driver.refusal(weights=str(copy))
        assert "weights of vocoder do not fit: activation snakebeta expected" in message
        options.write_text("[")
        assert "is no YAML" in driver.refusal(weights=str(copy))
        options.unlink()
        assert f"expected the file {options}" in driver.refusal(weights=str(copy))

    def test_a_missing_tokenizer_is_named(self, driver, copy):
        shutil.rmtree(copy / "bert-base-uncased")
        assert "bert-base-uncased" in driver.refusal(weights=str(copy))

    def test_the_full_size_refuses_the_tiny_checkpoint(self, driver, saved):
        message = driver.refusal(weights=str(saved / "whole"), size="full")
        assert "weights of vocoder do not fit: upsample_initial_channel 1536" in message

    def test_what_is_on_no_hub_is_to_be_had_by_hand(self, driver, tmp_path):
        message = driver.refusal(weights="hub", cache_dir=str(tmp_path))
        assert "--weights DIR" in message

    def test_it_refuses_what_upstreams_schedule_or_latent_cannot_do(self, driver):
        def ask(steps, audio_s) -> str | None:
            return driver.refuses(steps=steps, audio_s=audio_s)

        assert ask(500, 10.0) is None
        for steps in (111, 333, 501, 1000, 2000):
            assert f"{steps} steps" in ask(steps, 10.0)
        assert "0.01 s of audio" in ask(10, 0.01)
