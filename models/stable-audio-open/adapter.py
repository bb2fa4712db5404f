"""Stable Audio Open (arXiv:2407.14358) as diffusers' own ``StableAudioPipeline``.

The latent is (clips, 64, 1024) whatever length is asked for: 47.55 s of stereo at 44.1 kHz, of
which the pipeline cuts off what was not asked for. In duration mode ``exact`` it has as many
frames as the length needs, 216 for 10 s. The transformer sees twice the clips, for classifier-free
guidance, and each of its sequences begins with one state of time and length.
"""

from __future__ import annotations

import math
import warnings
from typing import Any, ClassVar

# Before the libraries: it sets switches that they read when they are imported.
from shared import durations, facts, t5
from shared.parts import Part
from shared.pipelines import PipelineAdapter
from shared.tokens import T5Stub

# isort: split

from diffusers import (  # noqa: TID253 - at home in a model's environment
    AutoencoderOobleck,
    CosineDPMSolverMultistepScheduler,
    StableAudioDiTModel,
    StableAudioPipeline,
    StableAudioProjectionModel,
)
from diffusers.utils.torch_utils import randn_tensor  # noqa: TID253
from transformers import T5TokenizerFast

# diffusers' first sigma is 500 and a rounding error, its last one 0, below the range of the noise
# that torchsde draws; no noise is added there.
warnings.filterwarnings("ignore", message="Should have t[ab][<>]=t[01]")

FACTS = facts.read(__file__)
TEXT_LENGTH = 128  # tokens of every prompt, padded
LATENT_CHANNELS = 64
RATIOS = [2, 4, 4, 8, 8]  # samples to one frame of the latent, by level: 2048 in all

SCHEDULER = {
    "sigma_min": 0.3,
    "sigma_max": 500,
    "sigma_data": 1.0,
    "sigma_schedule": "exponential",
    "solver_order": 2,
    "prediction_type": "v_prediction",
}
TRANSFORMER = {
    "full": {
        "sample_size": 1024,
        "num_layers": 24,
        "attention_head_dim": 64,
        "num_attention_heads": 24,
        "num_key_value_attention_heads": 12,
        "time_proj_dim": 256,
    },
    "tiny": {
        "sample_size": 256,
        "num_layers": 2,
        "attention_head_dim": 16,
        "num_attention_heads": 2,
        "num_key_value_attention_heads": 1,
        "time_proj_dim": 32,
    },
}
VAE = {
    "full": {
        "encoder_hidden_size": 128,
        "decoder_channels": 128,
        "channel_multiples": [1, 2, 4, 8, 16],
    },
    "tiny": {
        "encoder_hidden_size": 2,
        "decoder_channels": 2,
        "channel_multiples": [1, 2, 2, 2, 2],
    },
}
# So that 15 residual units in a row neither drown the audio in clipping nor silence it.
GAINS = {"full": 0.6, "tiny": 0.7}


def transformer(size: str) -> Part:
    """Velocity of the latent (b, 64, 1024), given text and length (b, 130, width)."""
    width = t5.base(size).config["d_model"]
    config = {
        "in_channels": LATENT_CHANNELS,
        "out_channels": LATENT_CHANNELS,
        "cross_attention_dim": width,
        "cross_attention_input_dim": width,
        "global_states_input_dim": 2 * width,  # beginning and end
        **TRANSFORMER[size],
    }
    return Part(StableAudioDiTModel, config)


def projection(size: str) -> Part:
    """Beginning and end of the clip in seconds (b,), each to (b, 1, width); text as it is."""
    width = t5.base(size).config["d_model"]
    config = {"text_encoder_dim": width, "conditioning_dim": width}
    return Part(StableAudioProjectionModel, {**config, "min_value": 0, "max_value": 512})


def vae(size: str) -> Part:
    """Oobleck: samples (b, 2, 2048 frames) to latent (b, 64, frames) and back."""
    config = {
        "downsampling_ratios": RATIOS,
        "decoder_input_channels": LATENT_CHANNELS,
        "audio_channels": FACTS["channels"],
        "sampling_rate": FACTS["sample_rate_hz"],
        **VAE[size],
    }
    return Part(AutoencoderOobleck, config, gain=GAINS[size])


def parts(size: str) -> dict[str, Part]:
    """Return every network of the model, by the pipeline's name for it."""
    return {
        "transformer": transformer(size),
        "text_encoder": t5.base(size),
        "projection_model": projection(size),
        "vae": vae(size),
    }


class Adapter(PipelineAdapter):
    """Drives Stable Audio Open for the worker."""

    card = FACTS
    libraries = (*PipelineAdapter.libraries, "torchsde")
    pipeline = StableAudioPipeline
    length = "audio_end_in_s"
    tokenizers: ClassVar = {"tokenizer": (T5TokenizerFast, T5Stub(model_max_length=TEXT_LENGTH))}
    scheduler = CosineDPMSolverMultistepScheduler, SCHEDULER
    parts = staticmethod(parts)

    def limit(self, steps: int, audio_s: float, duration_mode: str) -> str | None:  # noqa: ARG002
        """Return why so many seconds cannot be had, or None."""
        frames = TRANSFORMER[self.size]["sample_size"]
        longest_s = frames * math.prod(RATIOS) / FACTS["sample_rate_hz"]
        if audio_s > longest_s:
            return f"{audio_s} s of audio: the latent holds {longest_s:.2f} s"
        return None

    def latent_shape(self, audio_s: float) -> list[int]:
        """Return the shape of one clip's latent: channels, frames."""
        if self.duration_mode == "paper":
            return [LATENT_CHANNELS, TRANSFORMER[self.size]["sample_size"]]
        rate_hz, samples = FACTS["sample_rate_hz"], math.prod(RATIOS)
        return [LATENT_CHANNELS, durations.count_frames(audio_s, rate_hz, samples=samples)]

    def options(self, audio_s: float, streams: list[Any]) -> dict[str, Any]:
        """Give the pipeline a latent to begin with where its own would be too long."""
        if self.duration_mode == "paper":
            return {}
        shape = (len(streams), *self.latent_shape(audio_s))
        device, dtype = self.denoiser.device, self.denoiser.dtype
        noise = randn_tensor(shape, generator=streams, device=device, dtype=dtype)
        return {"latents": noise}

    def find_stages(self, networks: dict[str, Any]) -> dict[str, list[Any]]:
        """Return the modules of each part of a generation; the autoencoder makes the samples."""
        return {
            "text_encoding": [networks["text_encoder"], networks["projection_model"]],
            "denoising": [networks["transformer"]],
            "decoding": [networks["vae"].decoder],
        }
