"""Make-an-Audio 2 (arXiv:2305.18474): own denoiser, autoencoder and vocoder, two text encoders.

The latent is (clips, 20, columns) at 31.5 columns a second; the denoiser sees twice the clips,
for classifier-free guidance, and the caption beside a list of its events. The autoencoder makes
a mel (80, 2 columns) of the latent, BigVGAN 256 samples a frame. Sizes are those of upstream's
configs/text2audio-ConcatDiT-ae1dnat_Skl20d2_struct2MLPanylen.yaml.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

# Before the libraries: it sets switches that they read when they are imported.
from shared import bigvgan, facts, ms_clap, t5, tokens
from shared.autoencoder_1d import Autoencoder1D
from shared.concat_dit import ConcatDiT2MLP
from shared.make_an_audio_loop import TOKENS, Columns, MakeAnAudioAdapter, encode_padded
from shared.parts import Part

# isort: split

import torch  # noqa: TID253 - at home in a model's environment
from transformers import T5Tokenizer, T5TokenizerFast

if TYPE_CHECKING:
    from pathlib import Path

    from shared.loading import Loaded

T5_TOKENIZER = "t5-v1_1-large"
CHANNELS = 20  # of the latent
PLACES = 1000  # of the row in which timestep, texts and latent stand
MOST_COLUMNS = PLACES - 1 - 2 * TOKENS

# A language model wrote the events of the paper's prompt once; it has no place in a measurement.
STRUCTURES = {
    "Water running out of a faucet, some hitting a sink bottom, and some water filling a cup": (
        "<water running out of faucet & all>"
        "@<water hitting sink bottom & start>"
        "@<water filling a cup & mid>"
    ),
}

DENOISER = {
    "full": {"hidden_size": 576, "depth": 4},
    "tiny": {"hidden_size": 64, "depth": 1},
}
VAE: dict[str, dict[str, Any]] = {
    "full": {"widths": [384, 768, 1536], "layers_per_block": 2},
    "tiny": {"widths": [32, 64, 64], "layers_per_block": 1},
}
PREFIXES = {
    "denoiser": "model.diffusion_model.",
    "text_encoder": "cond_stage_model.caption_encoder.base.",
    "projection": "cond_stage_model.caption_encoder.projection.",
    "text_encoder_2": "cond_stage_model.t5_transformer.",
    "vae": "first_stage_model.",
}


def denoiser(size: str) -> Part:
    """Noise of the latent (b, 20, columns), given both texts (b, 77 + 77, 1024)."""
    config = {
        "in_channels": CHANNELS,
        "context_dim": ms_clap.PROJECTION[size]["outputs"],
        "num_heads": 8,
        "max_len": PLACES,
        **DENOISER[size],
    }
    return Part(ConcatDiT2MLP, config)


def vae(size: str) -> Part:
    """Mel (b, 80, frames) to latent (b, 20, frames / 2) and back."""
    config = {
        "mel_bins": bigvgan.MEL_BINS,
        "latent_channels": CHANNELS,
        "kernel_size": 5,
        **VAE[size],
    }
    return Part(Autoencoder1D, config)


def parts(size: str) -> dict[str, Part]:
    """Return every network of the model by name."""
    return {
        "denoiser": denoiser(size),
        "text_encoder": ms_clap.text_encoder(size),
        "projection": ms_clap.projection(size),
        "text_encoder_2": t5.flan_large(size),  # T5-v1.1-large: FLAN's is the same network
        "vae": vae(size),
        "vocoder": bigvgan.vocoder(size),
    }


class Adapter(MakeAnAudioAdapter):
    """Drives Make-an-Audio 2 for the worker."""

    card = facts.read(__file__)
    checkpoint = "maa2.ckpt"
    prefixes = PREFIXES
    texts = ("text_encoder", "projection", "text_encoder_2")
    noise = "denoiser"
    columns = Columns(per_second=31.5, multiple=2, samples=2 * 256)
    parts = staticmethod(parts)

    def limit(self, steps: int, audio_s: float, duration_mode: str) -> str | None:
        """Return why so many steps or seconds cannot be had, or None."""
        if self.columns.count(audio_s, duration_mode) > MOST_COLUMNS:
            return f"{audio_s} s of audio: the longest latent has {MOST_COLUMNS} columns"
        return super().limit(steps, audio_s, duration_mode)

    def latent_shape(self, audio_s: float) -> list[int]:
        """Return the shape of one clip's latent: channels, columns."""
        return [CHANNELS, self.columns.count(audio_s, self.duration_mode)]

    def take(self, loaded: Loaded) -> None:
        """Take the networks, and the tokenizers of the folder, if there is one."""
        self._tokenizer = ms_clap.load_tokenizer(loaded.folder)
        self._tokenizer_2 = load_t5_tokenizer(loaded.folder)
        self.networks = loaded.networks

    def condition(self, prompts: list[str]) -> Any:
        """Return the states of prompts and their events (prompts, 77 + 77, 1024)."""
        return self._encode(prompts, [structure(prompt) for prompt in prompts])

    def unconditional(self, count: int) -> Any:
        """Return the states of empty texts without events (count, 77 + 77, 1024)."""
        return self._encode([""] * count, [""] * count)

    def denoise(self, latents: Any, times: Any, states: Any) -> Any:
        """Return the noise in latents (b, 20, columns)."""
        return self.denoiser(latents, times, states)

    def decode(self, latents: Any) -> Any:
        """Return mels (clips, 80, frames)."""
        return self.networks["vae"].decode(latents)

    def _encode(self, captions: list[str], structures: list[str]) -> Any:
        bert, t5_encoder = self.networks["text_encoder"], self.networks["text_encoder_2"]
        caption = self.networks["projection"](encode_padded(self._tokenizer, bert, captions))
        events = encode_padded(self._tokenizer_2, t5_encoder, structures)
        return torch.cat([caption, events], dim=1)


def structure(prompt: str) -> str:
    """Return the events of a prompt: those of the paper's, or the prompt as one that lasts."""
    return STRUCTURES.get(prompt, f"<{prompt.lower()} & all>")


def load_t5_tokenizer(folder: Path | None) -> Any:
    """Load T5's tokenizer from beside the checkpoint; without one a stub stands in."""
    if folder is None:
        return tokens.T5Stub(model_max_length=512)
    place = folder / T5_TOKENIZER
    # Its hub repository has the slow form alone, which needs the package sentencepiece.
    fast = (place / "tokenizer.json").is_file()
    return tokens.load(T5TokenizerFast if fast else T5Tokenizer, place)
