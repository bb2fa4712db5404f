"""AudioLDM (arXiv:2301.12503) as diffusers' own ``AudioLDMPipeline``.

The latent is (clips, 8, frames / 4, 16) at 100 mel frames a second; the UNet sees twice the
clips, for classifier-free guidance. Full size is audioldm-s-full as diffusers' conversion
script configures it, with the scaling factor of cvssp/audioldm-s-full-v2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

# Before the libraries: it sets switches that they read when they are imported.
from shared import facts, mel
from shared import weights as sources
from shared.parts import Part
from shared.pipelines import PipelineAdapter
from shared.tokens import RobertaStub

# isort: split

from diffusers import AudioLDMPipeline, DDIMScheduler, UNet2DConditionModel  # noqa: TID253 - at home
from transformers import ClapTextModelWithProjection, RobertaTokenizerFast

if TYPE_CHECKING:
    from pathlib import Path

SCALING_FACTOR = 0.9392935633659363
TEXT_LENGTH = 512  # tokens of every prompt, padded
TEXT_WIDTH = 512  # of the projected text, the UNet's condition

UNET = {
    "full": {"block_out_channels": (128, 256, 384, 640), "layers_per_block": 2},
    "tiny": {"block_out_channels": (32, 32, 64, 64), "layers_per_block": 1},
}
TEXT_ENCODER: dict[str, dict[str, Any]] = {
    "full": {},
    "tiny": {
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
    },
}


def unet(size: str) -> Part:
    """Noise of the latent (b, 8, frames / 4, 16), given the text (b, 512) as a class label."""
    shape = UNET[size]
    config = {
        "sample_size": 128,
        "in_channels": mel.LATENT_CHANNELS,
        "out_channels": mel.LATENT_CHANNELS,
        "down_block_types": ("DownBlock2D",) + ("CrossAttnDownBlock2D",) * 3,
        "up_block_types": ("CrossAttnUpBlock2D",) * 3 + ("UpBlock2D",),
        "cross_attention_dim": shape["block_out_channels"],  # no context: it attends to itself
        "class_embed_type": "simple_projection",
        "projection_class_embeddings_input_dim": TEXT_WIDTH,
        "class_embeddings_concat": True,
        **shape,
    }
    return Part(UNet2DConditionModel, config)


def parts(size: str) -> dict[str, Part]:
    """Return every network of the model, by the pipeline's name for it."""
    text = {"projection_dim": TEXT_WIDTH, **TEXT_ENCODER[size]}
    return {
        "unet": unet(size),
        "text_encoder": Part(ClapTextModelWithProjection, text),
        "vae": mel.vae(size, scaling_factor=SCALING_FACTOR),
        "vocoder": mel.vocoder(size),
    }


class Adapter(PipelineAdapter):
    """Drives AudioLDM for the worker."""

    card = facts.read(__file__)
    pipeline = AudioLDMPipeline
    parts = staticmethod(parts)

    def limit(self, steps: int, audio_s: float, duration_mode: str) -> str | None:  # noqa: ARG002 - the latent fits
        """Return why so many steps or seconds cannot be had, or None."""
        return mel.refuse(steps, audio_s)

    def latent_shape(self, audio_s: float) -> list[int]:
        """Return the shape of one clip's latent: channels, frames, mel bins."""
        return mel.latent_shape(audio_s)

    def companions(self, folder: Path | None) -> dict[str, Any]:
        """Return tokenizer and scheduler."""
        if folder is None:
            return {
                "tokenizer": RobertaStub(model_max_length=TEXT_LENGTH),
                "scheduler": DDIMScheduler(**mel.SCHEDULER),
            }
        return {
            "tokenizer": sources.load_tokenizer(RobertaTokenizerFast, folder / "tokenizer"),
            "scheduler": sources.load_scheduler(DDIMScheduler, folder),
        }

    def find_stages(self, networks: dict[str, Any]) -> dict[str, list[Any]]:
        """Return the modules of each part of a generation."""
        return {
            "text_encoding": [networks["text_encoder"]],
            "denoising": [networks["unet"]],
            **mel.stages(networks),
        }
