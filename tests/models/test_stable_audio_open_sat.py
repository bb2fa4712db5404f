"""Stable Audio Open by stable-audio-tools; skipped where its environment is not installed."""

from __future__ import annotations

import shutil
from typing import ClassVar

import numpy as np
import pytest

from tests.models.contract import OnTheHub
from tests.models.drive import MODELS, distance, interpreter, read_parameters, run_script
from tests.models.folders import FAULTS, spoil

ENVIRONMENT = "stable-audio-tools"
# In 16-bit steps: 15 sines in a row, of random weights, make this of a difference in rounding.
ROUNDING = 60
pytestmark = pytest.mark.skipif(
    not interpreter(ENVIRONMENT).is_file(),
    reason=f"environment {ENVIRONMENT} is not installed: nox -s environment -- {ENVIRONMENT}",
)


class TestStableAudioOpenByItsVendor(OnTheHub):
    name = "stable-audio-open-sat"
    environment = ENVIRONMENT
    total = 1_323_076_738
    attention = "transformer={0} text_encoder=eager"
    latents: ClassVar = {0.64: [64, 256], 2.0: [64, 256]}
    asked_s, samples = 2.0, 88_200
    exact: ClassVar = [64, 216]
    rate_hz, channels = 44100, 2
    rounding, heard, different = ROUNDING, 4 * ROUNDING, 4 * ROUNDING

    @pytest.fixture(scope="class")
    @classmethod
    def saved(cls, tmp_path_factory):
        """Save a folder in the vendor's layout, with what the package's networks make of noise."""
        folder = tmp_path_factory.mktemp("saved")
        run_script("save_sat.py", folder, environment=ENVIRONMENT)
        return folder

    @pytest.fixture
    def broken(self, saved, tmp_path):
        """Copy the saved folder for a test to damage."""
        folder = shutil.copytree(saved, tmp_path / "copy")
        (folder / "model.ckpt").unlink()
        return folder

    def test_the_other_implementation_has_the_same_parameters_to_the_last_digit(self, folder):
        names = {"transformer": "transformer", "conditioner": "projection_model"}
        other = read_parameters(MODELS / "stable-audio-open")
        ours = read_parameters(folder)
        assert {names.get(name, name): count for name, count in ours.items()} == other

    @pytest.mark.parametrize("name", ["transformer", "vae", "conditioner"])
    def test_both_implementations_compute_the_same_from_the_same_weights(self, saved, name):
        if not (saved / "diffusers.npz").is_file():
            run_script("run_sat_in_diffusers.py", saved)
        expected, found = (np.load(saved / one)[name] for one in ("outputs.npz", "diffusers.npz"))
        scale = np.abs(expected).max()
        assert scale > 0.1
        assert np.abs(expected - found).max() <= 1e-4 * scale

    def test_both_files_of_the_vendors_layout_make_the_same_audio(self, driver, saved, tmp_path):
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
    def test_a_fault_of_the_one_file_names_what_it_belongs_to(self, driver, broken, fault):
        spoil(broken / "model.safetensors", fault)
        message = driver.refusal(weights=str(broken))
        assert any(name in message for name in ("transformer", "conditioner", "vae"))
        said = {"renamed": "do not fit", "extra": "belong to none of", "shape": "has the shape"}
        assert said.get(fault, FAULTS[fault]) in message

    @pytest.mark.parametrize("fault", FAULTS)
    def test_a_fault_of_the_text_encoder_is_named(self, driver, broken, fault):
        spoil(broken / "text_encoder" / "model.safetensors", fault)
        message = driver.refusal(weights=str(broken))
        assert "weights of text_encoder " in message
        assert FAULTS[fault] in message

    def test_a_missing_tokenizer_is_named(self, driver, broken):
        shutil.rmtree(broken / "tokenizer")
        assert "tokenizer is missing" in driver.refusal(weights=str(broken))

    def test_it_says_which_package_computes(self, driver):
        found = driver.get("describe", size="tiny")["libraries"]
        assert found["stable-audio-tools"] == "0.0.19"
        assert {"k-diffusion", "torchsde"} <= found.keys()

    def test_it_refuses_more_audio_than_the_latent_of_its_size_holds(self, driver):
        driver.load()
        assert driver.generate(audio_s=11.88)["seconds"] == 11.88
        assert driver.refuses(audio_s=11.88) is None
        assert "the latent holds 11.89 s" in driver.refuses(audio_s=11.9)
