from __future__ import annotations

import json
import shutil
import subprocess
import tomllib
from typing import ClassVar

from tests.models.drive import MODELS, ROOT, find_interpreter, quiet_cores
from tests.models.make_an_audio_cases import Cases

EVENTS = (
    "<water running out of faucet & all>@<water hitting sink bottom & start>"
    "@<water filling a cup & mid>"
)
SCRIPT = """
import importlib.util, json, sys
sys.path.insert(0, sys.argv[1])
spec = importlib.util.spec_from_file_location("adapter", sys.argv[2])
adapter = importlib.util.module_from_spec(spec)
spec.loader.exec_module(adapter)
print(json.dumps([adapter.structure(prompt) for prompt in sys.argv[3:]]))
"""


def structures(folder, *prompts):
    """Return what the second text encoder is given for each prompt."""
    python = find_interpreter("diffusers")
    command = [python, "-c", SCRIPT, MODELS, folder / "adapter.py", *prompts]
    result = subprocess.run(
        command, check=True, timeout=120, env=quiet_cores(), stdout=subprocess.PIPE
    )
    return json.loads(result.stdout)


class TestMakeAnAudio2(Cases):
    name = "make-an-audio-2"
    total = 937_361_578
    attention = "denoiser={0} text_encoder={0} text_encoder_2=eager vae={0}"
    latents: ClassVar = {10.0: [20, 316]}
    samples = 161_792
    exact: ClassVar = [20, 314]
    # Taken from upstream's own modules: ConcatDiT2MLP, Projection, Encoder1D, Decoder1D, BigVGAN.
    names: ClassVar = {
        "denoiser": "d6ad8ad18e30f9cac383f3d18c5bbc52f2069df6befaea6cae3346b4d147fd0b",
        "projection": "1119b66007f44d32945c678b0565e9ed86438ede6b9532c954e6e38ebbb4f1c5",
        "vae": "f02168d185f156b7b6bae7bf0f89e956df0a489fa652540f38594085054164eb",
        "vocoder": "def417d2bbbb6cd64e5557edcd6c18442d97b7b2d263ddbd27cc7eebcbbae39d",
    }

    def test_columns_of_the_latent_come_in_twos(self, driver):
        def columns(audio_s):
            return driver.load(audio_s=audio_s)["latent_shape"][-1]

        assert [columns(seconds) for seconds in (0.04, 1.0, 2.0, 5.0)] == [2, 32, 64, 158]

    def test_the_row_of_the_transformer_limits_the_length(self, driver):
        def ask(audio_s):
            return driver.refuses(audio_s=audio_s)

        assert ask(26.8) is None
        assert "26.9 s of audio: the longest latent has 845 columns" in ask(26.9)
        driver.load()
        assert driver.generate(steps=1, audio_s=26.8)["latent_shape"] == [20, 844]

    def test_the_papers_prompt_has_its_events_and_another_is_one_that_lasts(self, folder):
        protocol = tomllib.loads((ROOT / "repro" / "protocols" / "paper.toml").read_text())
        assert structures(folder, protocol["generation"]["prompt"], "A dog barks") == [
            EVENTS,
            "<a dog barks & all>",
        ]

    def test_the_tokenizer_of_the_events_is_named(self, driver, copy):
        shutil.rmtree(copy / "t5-v1_1-large")
        assert "t5-v1_1-large" in driver.refusal(weights=str(copy))
