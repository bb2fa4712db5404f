"""Stable Audio Open (arXiv:2407.14358) as diffusers' own ``StableAudioPipeline``.

The latent is (clips, 64, 1024) whatever length is asked for: 47.55 s of stereo at 44.1 kHz, of
which the pipeline cuts off what was not asked for. In duration mode ``exact`` it has as many
frames as the length needs, 216 for 10 s. The transformer sees twice the clips, for classifier-free
guidance, and each of its sequences begins with one state of time and length.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

# Before the libraries: it sets switches that they read when they are imported.
from shared import durations, facts, loading, t5
from shared import weights as sources
from shared.audio import Generation
from shared.parts import Part
from shared.prompts import generators, texts
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
LONGEST_S = 47.55  # 1024 frames

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


def companions(folder: Any) -> dict[str, Any]:
    """Return what the pipeline needs beside networks."""
    if folder is None:
        return {
            "tokenizer": T5Stub(model_max_length=TEXT_LENGTH),
            "scheduler": CosineDPMSolverMultistepScheduler(**SCHEDULER),
        }
    return {
        "tokenizer": sources.load_tokenizer(T5TokenizerFast, folder / "tokenizer"),
        "scheduler": sources.load_scheduler(CosineDPMSolverMultistepScheduler, folder),
    }


class Adapter:
    """Drives Stable Audio Open for the worker."""

    def __init__(self) -> None:
        self.denoiser: Any = None
        self._pipeline: Any = None
        self._duration_mode = "paper"

    def describe(self, *, size: str) -> dict[str, Any]:
        """Say what would be loaded: versions, parameters by component, form of the audio."""
        return loading.describe(parts(size), FACTS, "torchsde")

    def refuse(
        self,
        *,
        steps: int,  # noqa: ARG002
        batch_size: int,  # noqa: ARG002 - any batch is worth a try
        audio_s: float,
        duration_mode: str,  # noqa: ARG002 - both can be had
    ) -> str | None:
        """Return why this setting cannot be honoured, or None."""
        if audio_s > LONGEST_S:
            return f"{audio_s} s of audio: the latent holds {LONGEST_S} s"
        return None

    def load(
        self,
        *,
        size: str,
        weights: str,
        device: str,
        dtype: str,
        attention: str,
        audio_s: float,
        duration_mode: str,
        cache_dir: str | None,
        seed: int,
    ) -> dict[str, Any]:
        """Bring the networks to the device and say what is there."""
        loaded = loading.load(
            parts(size),
            FACTS,
            weights=weights,
            device=device,
            dtype=dtype,
            attention=attention,
            duration_mode=duration_mode,
            cache_dir=cache_dir,
            seed=seed,
        )
        self._pipeline = StableAudioPipeline(**loaded.networks, **companions(loaded.folder))
        self._pipeline.set_progress_bar_config(disable=True)
        self.denoiser = self._pipeline.transformer
        self._duration_mode = duration_mode
        return {**loaded.answer, "latent_shape": self._latent_shape(audio_s)}

    def generate(
        self,
        *,
        prompts: list[str],
        negative_prompt: str | None,
        steps: int,
        audio_s: float,
        seeds: list[int],
    ) -> Generation:
        """Generate one batch: a clip for each prompt, from the seed of the same place."""
        if self._pipeline is None:
            raise RuntimeError("nothing is loaded: load comes before generate")
        streams = generators(prompts, seeds, self._pipeline.device)
        shape = self._latent_shape(audio_s)
        audio = self._pipeline(
            **texts(prompts, negative_prompt),
            num_inference_steps=steps,
            guidance_scale=FACTS["guidance_scale"],
            audio_end_in_s=audio_s,
            generator=streams,
            latents=None if self._duration_mode == "paper" else self._draw(shape, streams),
            output_type="np",
        ).audios
        return Generation(audio, sample_rate_hz=FACTS["sample_rate_hz"], latent_shape=shape)

    def _draw(self, shape: list[int], streams: list[Any]) -> Any:
        """Return noise (clips, *shape), drawn as the pipeline draws its own of full length."""
        size = (len(streams), *shape)
        dtype = self._pipeline.transformer.dtype
        return randn_tensor(size, generator=streams, device=self._pipeline.device, dtype=dtype)

    def _latent_shape(self, audio_s: float) -> list[int]:
        """Return the shape of one clip's latent: channels, frames."""
        config = self._pipeline.transformer.config
        if self._duration_mode == "paper":
            return [config.in_channels, config.sample_size]
        rate_hz, samples = FACTS["sample_rate_hz"], math.prod(RATIOS)
        return [config.in_channels, durations.count_frames(audio_s, rate_hz, samples=samples)]
