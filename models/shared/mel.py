"""The mel autoencoder and vocoder that AudioLDM introduced and others took over.

AudioLDM (arXiv:2301.12503): 64 mel bins every 10 ms at 16 kHz, mono. The numbers of the full
size are those of diffusers' conversion script for the original checkpoint.
"""

from __future__ import annotations

import math
from typing import Any

from diffusers import AutoencoderKL  # noqa: TID253 - at home in a model's environment
from transformers import SpeechT5HifiGan

from shared.parts import Part

MEL_BINS = 64
LATENT_CHANNELS = 8
SAMPLE_RATE_HZ = 16000
FRAME_S = 0.01  # of the mel
FRAMES = 4  # of the mel to one of the latent
TRAIN_STEPS = 1000

VAE_WIDTHS = {"full": (128, 256, 512), "tiny": (32, 32, 32)}
VAE_LAYERS = {"full": 2, "tiny": 1}

VOCODER = {
    "full": {
        "upsample_initial_channel": 1024,
        "resblock_kernel_sizes": [3, 7, 11],
        "resblock_dilation_sizes": [[1, 3, 5]] * 3,
    },
    "tiny": {
        "upsample_initial_channel": 64,
        "resblock_kernel_sizes": [3],
        "resblock_dilation_sizes": [[1, 3]],
    },
}


def vae(size: str, *, scaling_factor: float) -> Part:
    """Mel (b, 1, frames, 64) to latent (b, 8, frames / 4, 16) and back."""
    widths = VAE_WIDTHS[size]
    config: dict[str, Any] = {
        "in_channels": 1,
        "out_channels": 1,
        "down_block_types": ("DownEncoderBlock2D",) * len(widths),
        "up_block_types": ("UpDecoderBlock2D",) * len(widths),
        "block_out_channels": widths,
        "layers_per_block": VAE_LAYERS[size],
        "latent_channels": LATENT_CHANNELS,
        "sample_size": 512,
        "scaling_factor": scaling_factor,
    }
    return Part(AutoencoderKL, config)


def vocoder(size: str) -> Part:
    """HiFi-GAN (arXiv:2010.05646): mel (b, frames, 64) to samples (b, 160 frames)."""
    config = {
        "model_in_dim": MEL_BINS,
        "sampling_rate": SAMPLE_RATE_HZ,
        "upsample_rates": [5, 4, 2, 2, 2],
        "upsample_kernel_sizes": [16, 16, 8, 4, 4],
        "normalize_before": False,
        **VOCODER[size],
    }
    return Part(SpeechT5HifiGan, config)


def stages(text: list[Any], networks: dict[str, Any]) -> dict[str, list[Any]]:
    """Return the modules of each part of a generation, given those that read the prompt."""
    vae = networks["vae"]
    return {
        "text_encoding": text,
        "denoising": [networks["unet"]],
        "decoding": [vae.post_quant_conv, vae.decoder],
        "vocoding": [networks["vocoder"]],
    }


def refuse(steps: int, audio_s: float) -> str | None:
    """Return why the scheduler or the latent cannot honour this setting, or None."""
    if steps > TRAIN_STEPS:
        return f"{steps} steps: the scheduler has {TRAIN_STEPS} to choose from"
    if audio_s < FRAMES * FRAME_S:
        return f"{audio_s} s of audio: the shortest latent is {FRAMES * FRAME_S} s"
    return None


def latent_shape(audio_s: float) -> list[int]:
    """Return the shape of the least latent that holds a clip: channels, frames, mel bins."""
    frames = math.ceil(int(audio_s / FRAME_S) / FRAMES)
    return [LATENT_CHANNELS, frames, MEL_BINS // FRAMES]
