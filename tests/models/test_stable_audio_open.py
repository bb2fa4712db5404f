from __future__ import annotations

import json
from typing import ClassVar

from tests.models.contract import SavedByDiffusers
from tests.models.drive import distance
from tests.models.folders import append, read_header

TIED = ("shared.weight", "encoder.embed_tokens.weight")


class TestStableAudioOpen(SavedByDiffusers):
    name = "stable-audio-open"
    total = 1_323_076_738
    attention = "transformer={0} text_encoder=eager"
    latents: ClassVar = {0.64: [64, 256], 2.0: [64, 256]}
    asked_s, samples = 2.0, 88_200
    exact: ClassVar = [64, 216]
    rate_hz, channels = 44100, 2
    companions = ("tokenizer", "scheduler")

    def test_a_tied_tensor_may_stand_in_the_file_once_or_twice(self, driver, broken, tmp_path):
        file, (once, again) = broken / "text_encoder" / "model.safetensors", TIED
        assert not {once, again} <= read_header(file).keys()
        append(file, again, like=once, same=True)
        driver.load(weights=str(broken))
        reference = json.loads((broken / "reference.json").read_text())
        assert distance(driver.audio(tmp_path)[0], reference) <= 1

    def test_a_tied_tensor_that_stands_there_twice_and_differs_is_refused(self, driver, broken):
        once, again = TIED
        append(broken / "text_encoder" / "model.safetensors", again, like=once, same=False)
        message = driver.refusal(weights=str(broken))
        assert f"{once} and {again} are one tensor of the network and differ" in message

    def test_it_says_which_library_draws_its_noise(self, driver):
        assert "torchsde" in driver.get("describe", size="tiny")["libraries"]

    def test_it_refuses_more_audio_than_the_latent_holds(self, driver):
        def ask(audio_s) -> str | None:
            return driver.refuses(audio_s=audio_s)

        driver.load()
        assert ask(11.88) is None
        assert "the latent holds 11.89 s" in ask(11.9)
