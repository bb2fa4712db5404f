"""Stable Audio Open (arXiv:2407.14358) by its vendor's own package, stable-audio-tools.

The same network as ``stable-audio-open``: a latent (clips, 64, 1024) whatever length is asked for,
47.55 s of stereo at 44.1 kHz, of which all but the beginning is cut off. The transformer sees
twice the clips, for classifier-free guidance.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

# Before the libraries: it sets switches that they read when they are imported.
from shared import durations, facts, t5, tokens
from shared import stable_audio_tools as vendor
from shared.base import BaseAdapter

# isort: split

from transformers import T5TokenizerFast

if TYPE_CHECKING:
    from pathlib import Path

    from shared.loading import Loaded

FACTS = facts.read(__file__)
TEXT_LENGTH = 128  # tokens of every prompt, padded
FRAME = 2048  # samples to one frame of the latent
LATENT_CHANNELS = 64
RATIOS = [2, 4, 4, 8, 8]  # samples to one frame of the latent, by level: 2048 in all

# The sampler of the model's card; its guidance scale is that of model.toml.
SAMPLER = {"sigma_min": 0.3, "sigma_max": 500}
FRAMES = {"full": 1024, "tiny": 256}  # 47.55 s, 11.89 s
# Fewer than 64 channels in a head are none of the package's: its rotary positions take 32.
TRANSFORMER = {
    "full": {"embed_dim": 1536, "depth": 24, "num_heads": 24},
    "tiny": {"embed_dim": 128, "depth": 2, "num_heads": 2},
}
AUTOENCODER = {
    "full": {"channels": 128, "c_mults": [1, 2, 4, 8, 16]},
    "tiny": {"channels": 2, "c_mults": [1, 2, 2, 2, 2]},
}
TEXT_WIDTH = {"full": 768, "tiny": 64}
# So that 15 residual units in a row neither drown the audio in clipping nor silence it.
GAINS = {"full": 0.7, "tiny": 0.95}


def model_config(size: str) -> dict[str, Any]:
    """Return what of the vendor's ``model_config.json`` makes the model."""
    return {
        "model_type": "diffusion_cond",
        "sample_size": FRAMES[size] * FRAME,
        "sample_rate": FACTS["sample_rate_hz"],
        "audio_channels": FACTS["channels"],
        "model": {
            "pretransform": pretransform(size),
            "conditioning": conditioning(size),
            "diffusion": diffusion(size),
            "io_channels": LATENT_CHANNELS,
        },
    }


def diffusion(size: str) -> dict[str, Any]:
    """Velocity of the latent (b, 64, 1024), given text and length (b, 130, width)."""
    width = TEXT_WIDTH[size]
    return {
        "type": "dit",
        "cross_attention_cond_ids": ["prompt", "seconds_start", "seconds_total"],
        "global_cond_ids": ["seconds_start", "seconds_total"],
        "config": {
            "io_channels": LATENT_CHANNELS,
            "cond_token_dim": width,
            "global_cond_dim": 2 * width,  # beginning and end
            "project_cond_tokens": False,
            "transformer_type": "continuous_transformer",
            **TRANSFORMER[size],
        },
    }


def conditioning(size: str) -> dict[str, Any]:
    """Text, beginning and end of the clip in seconds, each to (b, length, width)."""
    seconds = {"type": "number", "config": {"min_val": 0, "max_val": 512}}
    text = {"t5_model_name": "t5-base", "max_length": TEXT_LENGTH}
    return {
        "cond_dim": TEXT_WIDTH[size],
        "configs": [
            {"id": "prompt", "type": "t5", "config": text},
            {"id": "seconds_start", **seconds},
            {"id": "seconds_total", **seconds},
        ],
    }


def pretransform(size: str) -> dict[str, Any]:
    """Oobleck: samples (b, 2, 2048 frames) to latent (b, 64, frames) and back, clip by clip."""
    levels = {"strides": RATIOS, "use_snake": True, **AUTOENCODER[size]}
    channels = FACTS["channels"]
    encoder = {"in_channels": channels, "latent_dim": 2 * LATENT_CHANNELS, **levels}
    decoder = {"out_channels": channels, "latent_dim": LATENT_CHANNELS, **levels}
    return {
        "type": "autoencoder",
        "iterate_batch": True,
        "config": {
            "encoder": {"type": "oobleck", "config": encoder},
            "decoder": {"type": "oobleck", "config": {**decoder, "final_tanh": False}},
            "bottleneck": {"type": "vae"},
            "latent_dim": LATENT_CHANNELS,
            "downsampling_ratio": FRAME,
            "io_channels": channels,
        },
    }


def text_encoder(size: str) -> t5.Part:
    """T5-base, of a width at tiny size that makes a whole head."""
    part = t5.base(size)
    return replace(part, config={**part.config, "d_model": TEXT_WIDTH[size]})


def parts(size: str) -> dict[str, Any]:
    """Return every network of the model, by name."""
    made = vendor.parts(model_config(size), GAINS[size])
    return {**made, vendor.TEXT: text_encoder(size)}


class Adapter(BaseAdapter):
    """Drives stable-audio-tools for the worker."""

    card = FACTS
    libraries = (
        "stable-audio-tools", "k-diffusion", "torchsde", "transformers", "accelerate", "numpy",
    )  # fmt: skip
    parts = staticmethod(parts)
    read = staticmethod(vendor.load)
    files = staticmethod(vendor.file_names)
    name_attention = staticmethod(vendor.name_attention)
    count = staticmethod(vendor.count)

    def limit(self, steps: int, audio_s: float, duration_mode: str) -> str | None:  # noqa: ARG002 - any will do
        """Return why so many seconds cannot be had, or None."""
        longest_s = FRAMES[self.size] * FRAME / FACTS["sample_rate_hz"]
        if audio_s > longest_s:
            return f"{audio_s} s of audio: the latent holds {longest_s:.2f} s"
        return None

    def latent_shape(self, audio_s: float) -> list[int]:
        """Return the shape of one clip's latent: channels, frames."""
        if self.duration_mode == "paper":
            return [LATENT_CHANNELS, FRAMES[self.size]]
        frames = durations.count_frames(audio_s, FACTS["sample_rate_hz"], samples=FRAME)
        return [LATENT_CHANNELS, frames]

    def take(self, loaded: Loaded) -> None:
        """Make the package's model of the networks."""
        networks = loaded.networks
        tokenizer = make_tokenizer(loaded.folder)
        text = vendor.TextConditioner(networks[vendor.TEXT], tokenizer, length=TEXT_LENGTH)
        self._model = vendor.assemble(model_config(self.size), networks, text)
        self.pieces = {"denoising": list(networks["transformer"].model.children())}

    def find_stages(self, networks: dict[str, Any]) -> dict[str, list[Any]]:
        """Return the modules of each part of a generation; the autoencoder makes the samples."""
        return {
            "text_encoding": [networks[vendor.TEXT], *vendor.embedders(networks)],
            "denoising": [networks["transformer"]],
            "decoding": [networks["vae"].decoder],
        }

    def make(
        self,
        prompts: list[str],
        negative_prompt: str | None,
        *,
        steps: int,
        audio_s: float,
        streams: list[Any],
    ) -> Any:
        """Return samples (clips, 2, count): of all that was denoised, what was asked for."""
        negative = None if negative_prompt is None else [negative_prompt] * len(prompts)
        settings = {
            "steps": steps,
            "cfg_scale": FACTS["guidance_scale"],
            "conditioning": conditions(prompts, audio_s),
            "negative_conditioning": negative and conditions(negative, audio_s),
            "batch_size": len(prompts),
            "sample_size": self.latent_shape(audio_s)[1] * FRAME,
            "device": str(self.device),
            **SAMPLER,
        }
        audio = vendor.generate(self._model, settings, streams=streams).float().cpu()
        return durations.cut(audio, audio_s, FACTS["sample_rate_hz"])


def conditions(prompts: list[str], audio_s: float) -> list[dict[str, Any]]:
    """Return what each clip is to be, as the package asks for it."""
    return [{"prompt": one, "seconds_start": 0, "seconds_total": audio_s} for one in prompts]


def make_tokenizer(folder: Path | None) -> Any:
    """Return the checkpoint's tokenizer, or synthetic ids at the real length."""
    if folder is None:
        return tokens.T5Stub(model_max_length=TEXT_LENGTH)
    return tokens.load(T5TokenizerFast, folder / "tokenizer")
