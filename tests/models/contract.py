"""What every adapter must do, at tiny size; each model's test module derives a class from it."""

from __future__ import annotations

import json
import shutil
import tomllib
from typing import ClassVar

import pytest

from tests.models.drive import (
    MODELS,
    WORKER,
    Driver,
    distance,
    read_parameters,
    read_wav,
    run_script,
)
from tests.models.folders import FAULTS, spoil


class Contract:
    name: str
    environment = "diffusers"
    total: int  # parameters at full size
    attention: str  # what `load` says of it, with {0} for the kind
    latents: dict[float, list[int]]  # by the seconds asked for
    asked_s: float  # one of these
    samples: int  # of each channel of such a clip
    exact: list[int]  # the latent of 10 s in duration mode exact
    rate_hz, channels = 16000, 1
    longer_schedules: ClassVar[dict[int, int]] = {}  # steps -> calls of the denoiser, if more
    hears_negative_prompts = True
    # Differences in 16-bit steps: what may come of rounding, what another prompt makes at least,
    # what another seed does.
    rounding, heard, different = 4, 4, 100

    @pytest.fixture(scope="class")
    @classmethod
    def folder(cls):
        return MODELS / cls.name

    @pytest.fixture(scope="class")
    @classmethod
    def driver(cls, folder, tmp_path_factory):
        one = Driver(folder, cls.environment, tmp_path_factory.mktemp("worker") / "noise")
        yield one
        one.close()

    @pytest.fixture
    def tiny(self, driver):
        driver.load()
        return driver

    def test_full_size_has_the_parameters_of_the_original_to_the_last_digit(self, driver, folder):
        expected = read_parameters(folder)
        assert driver.get("describe", size="full")["parameters"] == expected
        assert sum(expected.values()) == self.total

    def test_it_says_which_libraries_it_found(self, driver):
        libraries = driver.get("describe", size="tiny")["libraries"]
        assert set(libraries) >= {"torch", "transformers", "accelerate", "numpy"}
        assert self.environment == "diffusers" or self.environment in libraries
        assert self.environment != "diffusers" or libraries["diffusers"] == "0.31.0"

    def test_it_says_the_form_of_its_audio(self, driver):
        found = driver.get("describe", size="tiny")
        assert (found["sample_rate_hz"], found["channels"]) == (self.rate_hz, self.channels)

    def test_loading_says_what_is_there(self, driver):
        for audio_s, latent in self.latents.items():
            found = driver.load(audio_s=audio_s)
            assert found.pop("parameters") == driver.get("describe", size="tiny")["parameters"]
            assert found == {
                "dtype": "float32",
                "attention": self.attention.format("sdpa"),
                "device": "cpu",
                "duration_mode": "paper",
                "weights": "random",
                "weights_sha256": None,
                "latent_shape": latent,
                "gpu_uuid": None,
            }

    def test_two_prompts_make_two_clips_of_the_length_to_expect(self, tiny, tmp_path):
        made = tiny.generate(
            prompts=["rain", "a dog barks"], seeds=[0, 1], steps=2, audio_s=self.asked_s
        )
        assert made == {
            "clips": 2,
            "seconds": self.samples / self.rate_hz,
            "sample_rate_hz": self.rate_hz,
            "channels": self.channels,
            "latent_shape": self.latents[self.asked_s],
            "denoiser_calls": 2,
        }
        paths = [str(tmp_path / "0.wav"), str(tmp_path / "1.wav")]
        tiny.get("save", paths=paths)
        for path in paths:
            form, samples = read_wav(path)
            assert form == (self.rate_hz, 2, self.channels)
            assert len(samples) == self.channels * self.samples
            channels = [samples[one :: self.channels] for one in range(self.channels)]
            assert max(channels[0]) > 100
            assert all(one != channels[0] for one in channels[1:])
        assert sorted(path.name for path in tmp_path.iterdir()) == ["0.wav", "1.wav"]

    @pytest.mark.parametrize("steps", [10, 25, 50, 100, 150, 200])
    def test_the_denoiser_is_called_as_often_as_expected(self, tiny, steps):
        calls = self.longer_schedules.get(steps, steps)
        assert tiny.generate(steps=steps)["denoiser_calls"] == calls

    def test_the_same_seed_makes_the_same_samples_after_a_new_start(self, tiny, tmp_path):
        first = tiny.audio(tmp_path, seeds=[3])
        tiny.load()
        assert tiny.audio(tmp_path, seeds=[3]) == first
        assert distance(tiny.audio(tmp_path, seeds=[4])[0], first[0]) > self.different

    def test_a_clip_does_not_depend_on_its_batch_beyond_rounding(self, tiny, tmp_path):
        seeds = (5, 6, 7)
        batch = tiny.audio(tmp_path, prompts=["rain"] * 3, seeds=list(seeds))
        mixed = tiny.audio(tmp_path, prompts=["wind", "rain"], seeds=[0, 6])
        for clip, seed in [*zip(batch, seeds, strict=True), (mixed[1], 6)]:
            (alone,) = tiny.audio(tmp_path, prompts=["rain"], seeds=[seed])
            assert distance(clip, alone) <= self.rounding

    def test_the_prompt_is_heard(self, tiny, tmp_path):
        usual = tiny.audio(tmp_path)[0]
        assert distance(tiny.audio(tmp_path, prompts=["wind"])[0], usual) > self.heard

    def test_a_negative_prompt_is_heard_where_the_model_takes_one(self, tiny, tmp_path):
        usual = tiny.audio(tmp_path)[0]
        for other in ("wind", None):
            found = tiny.audio(tmp_path, negative_prompt=other)[0]
            if self.hears_negative_prompts:
                assert distance(found, usual) > self.heard
            else:
                assert found == usual

    def test_another_seed_of_the_weights_is_another_model(self, tiny, tmp_path):
        usual = tiny.audio(tmp_path)[0]
        tiny.load(seed=1)
        assert distance(tiny.audio(tmp_path)[0], usual) > self.different

    def test_both_kinds_of_attention_compute_the_same(self, tiny, tmp_path):
        sdpa = tiny.audio(tmp_path)[0]
        assert tiny.load(attention="eager")["attention"] == self.attention.format("eager")
        assert distance(tiny.audio(tmp_path)[0], sdpa) <= self.rounding

    def test_half_precision_stays_finite(self, driver, tmp_path):
        assert driver.load(dtype="float16")["dtype"] == "float16"
        assert max(driver.audio(tmp_path)[0]) > 100

    def test_exact_denoises_no_more_than_the_ten_seconds_and_makes_just_these(self, driver):
        loaded = driver.load(duration_mode="exact", audio_s=10.0)
        assert (loaded["duration_mode"], loaded["latent_shape"]) == ("exact", self.exact)
        made = driver.generate(prompts=["rain", "hail"], seeds=[0, 1], steps=2, audio_s=10.0)
        assert (made["latent_shape"], made["seconds"]) == (self.exact, 10.0)
        assert made["denoiser_calls"] == 2

    def test_exact_holds_a_length_that_is_no_multiple_of_a_frame(self, driver):
        driver.load(duration_mode="exact")
        made = driver.generate(steps=2, audio_s=1.23)
        assert made["seconds"] == pytest.approx(1.23, abs=1e-4)

    def test_nothing_is_said_beside_the_answers(self, tiny):
        tiny.generate(prompts=["rain " * 600])  # beyond the tokens of any text encoder
        assert tiny.noise == ""

    def test_the_work_of_each_stage_done_again_comes_out_to_the_last_bit(self, folder):
        arguments = WORKER, folder / "adapter.py"
        run_script("replay_stages.py", *arguments, environment=self.environment)

    def test_each_stage_is_replayed_and_denoising_alone_calls_the_denoiser(self, tiny):
        call = {"negative_prompt": None, "steps": 2, "audio_s": 0.64, "seeds": [0]}
        assert tiny.get("record", prompts=["rain"], **call) is None
        stages = tiny.get("stages")
        assert {"text_encoding", "denoising", "decoding"} <= set(stages)
        for stage in stages:
            calls = 2 if stage == "denoising" else 0
            replayed = tiny.get("replay", stage=stage, least_s=0.0)
            assert replayed == {"replays": 1, "denoiser_calls": calls}

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"device": "cuda:0"}, "device cuda:0 is not there"),
            ({"dtype": "int8"}, "dtype 'int8' is unknown"),
            ({"attention": "flash"}, "attention 'flash' is unknown: expected one of ['eager', "),
            (
                {"duration_mode": "short"},
                "duration_mode 'short' is unknown: expected one of ['exact', 'paper']",
            ),
        ],
        ids=lambda value: None if isinstance(value, str) else next(iter(value)),
    )
    def test_a_setting_that_is_not_there_is_named(self, driver, changes, message):
        assert message in driver.refusal(**changes)

    def test_a_folder_that_is_not_there_is_named(self, driver, tmp_path):
        place = tmp_path / "no"
        assert f"weights folder {place} is not there" in driver.refusal(weights=str(place))

    def test_seeds_and_prompts_must_pair(self, tiny):
        call = {"negative_prompt": None, "steps": 2, "audio_s": 0.64, "seeds": [0]}
        reply = tiny.ask("generate", prompts=["a", "b"], **call)
        assert "2 seeds expected" in reply["message"]


class OnTheHub(Contract):
    """Of a model whose checkpoint the hub has; ``saved`` is a folder in its layout."""

    def test_a_fetched_checkpoint_is_found_by_its_revision(self, driver, folder, saved, tmp_path):
        card = tomllib.loads((folder / "model.toml").read_text())
        message = driver.refusal(weights="hub", cache_dir=str(tmp_path))
        assert card["checkpoint"] in message
        assert f"tta-energy weights fetch {self.name}" in message
        places = [(card, saved)]
        places += [(one, saved / one["name"]) for one in card.get("companions", ())]
        for one, content in places:
            # Neither what is missing is looked for elsewhere, nor another revision taken.
            assert one["checkpoint"] in driver.refusal(weights="hub", cache_dir=str(tmp_path))
            home = tmp_path / f"models--{one['checkpoint'].replace('/', '--')}" / "snapshots"
            home.mkdir(parents=True)
            (home / one["revision"]).symlink_to(content)
        found = driver.load(weights="hub", cache_dir=str(tmp_path))
        assert found["weights"] == "hub"
        assert found["weights_sha256"] == driver.load(weights=str(saved))["weights_sha256"]


class SavedByDiffusers(OnTheHub):
    """Of a model whose checkpoint is a folder of diffusers' own pipeline."""

    companions: tuple[str, ...]  # subfolders beside those of the networks

    def pytest_generate_tests(self, metafunc):
        """Give a test each network, or each companion, that it asks for."""
        wanted = {"component": read_parameters(MODELS / self.name), "companion": self.companions}
        for name in wanted.keys() & set(metafunc.fixturenames):
            metafunc.parametrize(name, list(wanted[name]))

    @pytest.fixture(scope="class")
    @classmethod
    def saved(cls, tmp_path_factory):
        """Save a folder with diffusers, and the samples its own pipeline makes from it."""
        folder = tmp_path_factory.mktemp("saved")
        run_script("save_tiny.py", folder, cls.name)
        return folder

    @pytest.fixture
    def broken(self, saved, tmp_path):
        """Copy the saved folder for a test to damage."""
        return shutil.copytree(saved, tmp_path / "copy")

    def test_a_saved_folder_makes_the_audio_of_diffusers_own_pipeline(
        self, driver, saved, tmp_path
    ):
        found = driver.load(weights=str(saved))
        assert found["weights"] == "folder"
        assert len(found["weights_sha256"]) == 64
        reference = json.loads((saved / "reference.json").read_text())
        assert distance(driver.audio(tmp_path)[0], reference) <= 1
        assert driver.noise == ""

    @pytest.mark.parametrize("fault", FAULTS)
    def test_a_component_with_a_fault_is_named(self, driver, broken, component, fault):
        (file,) = (broken / component).glob("*.safetensors")
        spoil(file, fault)
        message = driver.refusal(weights=str(broken))
        assert f"weights of {component} " in message
        assert FAULTS[fault] in message

    def test_a_missing_companion_is_named(self, driver, broken, companion):
        shutil.rmtree(broken / companion)
        assert f"{companion} " in driver.refusal(weights=str(broken))

    def test_a_tokenizer_without_its_vocabulary_is_named(self, driver, broken):
        (broken / "tokenizer" / "tokenizer.json").unlink()
        (broken / "tokenizer" / "vocab.json").unlink(missing_ok=True)
        message = driver.refusal(weights=str(broken))
        assert "tokenizer has no vocabulary: expected tokenizer.json or " in message
