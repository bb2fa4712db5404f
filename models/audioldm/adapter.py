"""AudioLDM (arXiv:2301.12503) as diffusers' own ``AudioLDMPipeline``.

The latent is (clips, 8, frames / 4, 16) at 100 mel frames a second; the UNet sees twice the
clips, for classifier-free guidance. Full size is audioldm-s-full as diffusers' conversion
script configures it, with the scaling factor of cvssp/audioldm-s-full-v2.
"""

from __future__ import annotations

from typing import Any, ClassVar

# Before the libraries: it sets switches that they read when they are imported.
from shared import facts, mel
from shared.audioldm import AudioLDMAdapter, unet_config
from shared.parts import Part
from shared.tokens import RobertaStub

# isort: split

from diffusers import AudioLDMPipeline, UNet2DConditionModel  # noqa: TID253 - at home
from transformers import ClapTextModelWithProjection, RobertaTokenizerFast

SCALING_FACTOR = 0.9392935633659363
TEXT_LENGTH = 512  # tokens of every prompt, padded
TEXT_WIDTH = 512  # of the projected text, the UNet's condition

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
    common = unet_config(size)
    config = {
        **common,
        "sample_size": 128,
        "cross_attention_dim": common["block_out_channels"],  # no context: it attends to itself
        "class_embed_type": "simple_projection",
        "projection_class_embeddings_input_dim": TEXT_WIDTH,
        "class_embeddings_concat": True,
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


class Adapter(AudioLDMAdapter):
    """Drives AudioLDM for the worker."""

    card = facts.read(__file__)
    pipeline = AudioLDMPipeline
    tokenizers: ClassVar = {
        "tokenizer": (RobertaTokenizerFast, RobertaStub(model_max_length=TEXT_LENGTH))
    }
    parts = staticmethod(parts)

    def find_stages(self, networks: dict[str, Any]) -> dict[str, list[Any]]:
        """Return the modules of each part of a generation."""
        return mel.stages([networks["text_encoder"]], networks)
