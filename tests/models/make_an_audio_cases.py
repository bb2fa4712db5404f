"""What both Make-an-Audio models are tested for; each test module derives a class from it."""

from __future__ import annotations

import json
import shutil

import pytest

from tests.models.drive import MODELS, Driver, distance, read_parameters, read_wav, run_script


class Cases:
    name: str
    total: int
    attention: str  # what `load` says of it, with {} for the kind
    latent: tuple[int, ...]  # of 10 s, all but the columns
    columns: int  # of 10 s
    samples: int  # of 10 s
    names: dict[str, str]  # component -> digest of upstream's names and shapes at full size

    @pytest.fixture(scope="class")
    @classmethod
    def folder(cls):
        return MODELS / cls.name

    @pytest.fixture(scope="class")
    @classmethod
    def driver(cls, folder, tmp_path_factory):
        one = Driver(folder, "diffusers", tmp_path_factory.mktemp("worker") / "noise")
        yield one
        one.close()

    @pytest.fixture
    def tiny(self, driver):
        driver.load()
        return driver

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

    def test_full_size_has_the_parameters_of_the_original_to_the_last_digit(self, driver, folder):
        expected = read_parameters(folder)
        assert driver.get("describe", size="full")["parameters"] == expected
        assert sum(expected.values()) == self.total

    def test_full_size_has_the_tensors_of_the_original_by_name_and_shape(self, saved):
        found = json.loads((saved / "names.json").read_text())["full"]
        assert {name: found[name] for name in self.names} == self.names

    def test_loading_says_what_is_there(self, driver):
        found = driver.load(audio_s=10.0)
        assert found.pop("parameters") == driver.get("describe", size="tiny")["parameters"]
        assert found == {
            "dtype": "float32",
            "attention": self.attention.format("sdpa"),
            "device": "cpu",
            "duration_mode": "paper",
            "weights": "random",
            "weights_sha256": None,
            "latent_shape": [*self.latent, self.columns],
            "gpu_uuid": None,
        }

    def test_ten_seconds_have_the_samples_of_upstream(self, tiny, tmp_path):
        made = tiny.generate(prompts=["rain", "a dog barks"], seeds=[0, 1], steps=1, audio_s=10.0)
        assert made == {
            "clips": 2,
            "seconds": self.samples / 16000,
            "sample_rate_hz": 16000,
            "channels": 1,
            "latent_shape": [*self.latent, self.columns],
            "denoiser_calls": 1,
        }
        paths = [str(tmp_path / "0.wav"), str(tmp_path / "1.wav")]
        tiny.get("save", paths=paths)
        for path in paths:
            form, samples = read_wav(path)
            assert form == (16000, 2, 1)
            assert len(samples) == self.samples
            assert max(samples) > 100

    @pytest.mark.parametrize(
        ("steps", "calls"),
        [(1, 1), (10, 10), (25, 25), (50, 50), (100, 100), (150, 167), (200, 200)],
    )
    def test_the_denoiser_is_called_as_often_as_upstream_calls_it(self, tiny, steps, calls):
        assert tiny.generate(steps=steps)["denoiser_calls"] == calls

    def test_the_same_seed_makes_the_same_samples_after_a_new_start(self, tiny, tmp_path):
        first = tiny.audio(tmp_path, seeds=[3])
        tiny.load()
        assert tiny.audio(tmp_path, seeds=[3]) == first
        assert distance(tiny.audio(tmp_path, seeds=[4])[0], first[0]) > 100

    def test_a_clip_does_not_depend_on_its_batch_beyond_rounding(self, tiny, tmp_path):
        mixed = tiny.audio(tmp_path, prompts=["wind", "rain", "hail"], seeds=[0, 6, 9])
        alone = tiny.audio(tmp_path, prompts=["rain"], seeds=[6])
        assert distance(mixed[1], alone[0]) <= 8

    def test_the_prompt_is_heard_and_a_negative_prompt_is_not(self, tiny, tmp_path):
        usual = tiny.audio(tmp_path)[0]
        assert distance(tiny.audio(tmp_path, prompts=["wind"])[0], usual) > 8
        assert tiny.audio(tmp_path, negative_prompt="wind")[0] == usual

    def test_both_kinds_of_attention_compute_the_same(self, tiny, tmp_path):
        sdpa = tiny.audio(tmp_path)[0]
        assert tiny.load(attention="eager")["attention"] == self.attention.format("eager")
        assert distance(tiny.audio(tmp_path)[0], sdpa) <= 8

    def test_nothing_is_said_beside_the_answers(self, tiny, tmp_path):
        tiny.audio(tmp_path, prompts=["rain " * 600])  # beyond the 77 tokens
        assert tiny.noise == ""

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

    def test_seeds_and_prompts_must_pair(self, tiny):
        reply = tiny.ask(
            "generate", prompts=["a", "b"], negative_prompt=None, steps=1, audio_s=0.64, seeds=[0]
        )
        assert "2 seeds expected" in reply["message"]

    def test_it_refuses_what_upstreams_schedule_or_latent_cannot_do(self, driver):
        def ask(steps, audio_s) -> str | None:
            return driver.refuses(steps=steps, audio_s=audio_s)

        assert ask(500, 10.0) is None
        for steps in (111, 333, 501, 1000, 2000):
            assert f"{steps} steps" in ask(steps, 10.0)
        assert "0.01 s of audio" in ask(10, 0.01)
