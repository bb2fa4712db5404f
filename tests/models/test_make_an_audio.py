from __future__ import annotations

from typing import ClassVar

from tests.models.make_an_audio_cases import Cases


class TestMakeAnAudio(Cases):
    name = "make-an-audio"
    total = 452_758_267
    attention = "unet={0} text_encoder={0} vae={0}"
    latents: ClassVar = {10.0: [4, 10, 80]}
    samples = 163_840
    exact: ClassVar = [4, 10, 80]
    # Taken from upstream's own modules: UNetModel, Encoder and Decoder, Projection, BigVGAN.
    names: ClassVar = {
        "unet": "e08f1a86538da4de0d89c0c2bab3db7d76cbf91eab2616174e1235e537898b6a",
        "projection": "1119b66007f44d32945c678b0565e9ed86438ede6b9532c954e6e38ebbb4f1c5",
        "vae": "e197ae482a47c87ae01e25a3fc85cc16fc560c96b5f6ee79f16a0d2f4bd53708",
        "vocoder": "def417d2bbbb6cd64e5557edcd6c18442d97b7b2d263ddbd27cc7eebcbbae39d",
    }

    def test_columns_of_the_latent_come_in_fours(self, driver):
        def columns(audio_s):
            return driver.load(audio_s=audio_s)["latent_shape"][-1]

        assert [columns(seconds) for seconds in (0.2, 1.0, 2.0, 5.0)] == [4, 8, 16, 40]
