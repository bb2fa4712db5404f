"""What AudioLDM (arXiv:2301.12503) and AudioLDM 2 (arXiv:2308.05734) share.

The latent is (clips, 8, frames / 4, 16) at 100 mel frames a second; the UNet sees twice the
clips, for classifier-free guidance.
"""

from __future__ import annotations

from typing import Any

from diffusers import DDIMScheduler  # noqa: TID253 - at home in a model's environment

from shared import mel
from shared.pipelines import PipelineAdapter

SCHEDULER = {
    "num_train_timesteps": mel.TRAIN_STEPS,
    "beta_start": 0.0015,
    "beta_end": 0.0195,
    "beta_schedule": "scaled_linear",
    "steps_offset": 1,
    "clip_sample": False,
    "set_alpha_to_one": False,
}
UNET = {
    "full": {"block_out_channels": (128, 256, 384, 640), "layers_per_block": 2},
    "tiny": {"block_out_channels": (32, 32, 64, 64), "layers_per_block": 1},
}


def unet_config(size: str) -> dict[str, Any]:
    """Return what the configurations of both UNets have in common."""
    return {
        "in_channels": mel.LATENT_CHANNELS,
        "out_channels": mel.LATENT_CHANNELS,
        "down_block_types": ("DownBlock2D",) + ("CrossAttnDownBlock2D",) * 3,
        "up_block_types": ("CrossAttnUpBlock2D",) * 3 + ("UpBlock2D",),
        **UNET[size],
    }


class AudioLDMAdapter(PipelineAdapter):
    """Drives either model."""

    scheduler = DDIMScheduler, SCHEDULER

    def limit(self, steps: int, audio_s: float, duration_mode: str) -> str | None:  # noqa: ARG002 - the latent fits
        """Return why so many steps or seconds cannot be had, or None."""
        return mel.refuse(steps, audio_s)

    def latent_shape(self, audio_s: float) -> list[int]:
        """Return the shape of one clip's latent: channels, frames, mel bins."""
        return mel.latent_shape(audio_s)
