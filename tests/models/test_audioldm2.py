from __future__ import annotations

from typing import ClassVar

from tests.models.contract import SavedByDiffusers


class TestAudioLDM2(SavedByDiffusers):
    name = "audioldm2"
    total = 1_118_354_316
    attention = "unet={0} text_encoder=eager text_encoder_2=eager language_model={0} vae={0}"
    latents: ClassVar = {0.64: [8, 16, 16], 2.0: [8, 50, 16]}
    asked_s, samples = 2.0, 32_000
    exact: ClassVar = [8, 250, 16]
    companions = ("tokenizer", "tokenizer_2", "scheduler")

    def test_it_refuses_what_the_scheduler_or_the_latent_cannot_do(self, driver):
        def ask(steps, audio_s) -> str | None:
            return driver.refuses(steps=steps, audio_s=audio_s)

        assert ask(1000, 10.0) is None
        assert "1001 steps" in ask(1001, 10.0)
        assert "0.01 s of audio" in ask(10, 0.01)
