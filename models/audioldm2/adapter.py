"""AudioLDM 2 (arXiv:2308.05734) as diffusers' own ``AudioLDM2Pipeline``.

CLAP and FLAN-T5-large read the prompt, GPT-2 continues their projected states by eight, and the
UNet attends to those eight and to T5's states. Latent, autoencoder and vocoder are AudioLDM's:
(clips, 8, frames / 4, 16) at 100 mel frames a second, twice the clips in the UNet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

# Before the libraries: it sets switches that they read when they are imported.
from shared import facts, mel, t5
from shared.audioldm import AudioLDMAdapter, unet_config
from shared.parts import Part
from shared.tokens import RobertaStub, T5Stub

# isort: split

import torch  # noqa: TID253 - at home in a model's environment
from diffusers import (  # noqa: TID253
    AudioLDM2Pipeline,
    AudioLDM2ProjectionModel,
    AudioLDM2UNet2DConditionModel,
)
from torch.nn import functional  # noqa: TID253
from transformers import ClapModel, GPT2Model, RobertaTokenizerFast, T5TokenizerFast

if TYPE_CHECKING:
    from pathlib import Path

# Of AudioLDM's autoencoder; this model's own is part of its checkpoint and not known here.
SCALING_FACTOR = 0.9227914214134216
CLAP_LENGTH = 512  # tokens of every prompt, padded
T5_LENGTH = 128  # tokens at most, as many as the longest prompt has
CLAP_WIDTH = 512
NEW_STATES = 8  # that GPT-2 adds
GPT2_WIDTHS = {"full": 768, "tiny": 32}

CLAP: dict[str, dict[str, Any]] = {
    # The base size of the audio tower; the text tower is transformers' default.
    "full": {
        "audio_config": {
            "patch_embeds_hidden_size": 128,
            "hidden_size": 1024,
            "depths": [2, 2, 12, 2],
        }
    },
    "tiny": {
        "text_config": {
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
        },
        "audio_config": {
            "patch_embeds_hidden_size": 8,
            "hidden_size": 64,
            "depths": [1, 1, 1, 1],
            "num_attention_heads": [1, 1, 2, 2],
        },
    },
}
GPT2: dict[str, dict[str, Any]] = {
    "full": {},
    "tiny": {"n_embd": GPT2_WIDTHS["tiny"], "n_layer": 2, "n_head": 2, "vocab_size": 64},
}


class Pipeline(AudioLDM2Pipeline):
    """The pipeline without the ranking of clips that share a prompt.

    diffusers ranks them by CLAP if librosa happens to be installed. It is not here, nor in the
    authors' list of packages; and clips in another order would not be those of their seeds.
    """

    def score_waveforms(self, text: Any, audio: Any, *_: Any, **__: Any) -> Any:  # noqa: ARG002
        """Leave the clips (b, samples) in their order."""
        return audio

    def generate_language_model(
        self, inputs_embeds: Any, max_new_tokens: int | None, attention_mask: Any
    ) -> Any:
        """Continue states (b, length, width) by (b, max_new_tokens, width), one a call.

        What diffusers does itself, without the methods of ``GPT2Model`` that transformers dropped
        in 4.50 (github.com/huggingface/diffusers/issues/12630).
        """
        state, cache, made = inputs_embeds, None, []
        for _ in range(max_new_tokens or self.language_model.config.max_new_tokens):
            output = self.language_model(
                inputs_embeds=state,
                attention_mask=attention_mask,
                past_key_values=cache,
                use_cache=True,
            )
            state, cache = output.last_hidden_state[:, -1:], output.past_key_values
            attention_mask = functional.pad(attention_mask, (0, 1), value=1)
            made.append(state)
        return torch.cat(made, dim=1)


def unet(size: str) -> Part:
    """Noise of the latent (b, 8, frames / 4, 16), given GPT-2's (b, 8, width) and T5's states.

    Each stage attends to itself, to GPT-2's states and to T5's, in this order.
    """
    contexts = [None, GPT2_WIDTHS[size], t5.flan_large(size).config["d_model"]]
    config = {
        **unet_config(size),
        "sample_size": 256,
        "cross_attention_dim": (contexts,) * 4,
        "transformer_layers_per_block": 1,
    }
    return Part(AudioLDM2UNet2DConditionModel, config)


def projection(size: str) -> Part:
    """CLAP's (b, 512) and T5's states, both projected to (b, length, width) of GPT-2."""
    config = {
        "text_encoder_dim": CLAP_WIDTH,
        "text_encoder_1_dim": t5.flan_large(size).config["d_model"],
        "langauge_model_dim": GPT2_WIDTHS[size],  # diffusers' spelling
    }
    return Part(AudioLDM2ProjectionModel, config)


def parts(size: str) -> dict[str, Part]:
    """Return every network of the model, by the pipeline's name for it."""
    return {
        "unet": unet(size),
        "text_encoder": Part(ClapModel, {"projection_dim": CLAP_WIDTH, **CLAP[size]}),
        "text_encoder_2": t5.flan_large(size),
        "language_model": Part(GPT2Model, {"max_new_tokens": NEW_STATES, **GPT2[size]}),
        "projection_model": projection(size),
        "vae": mel.vae(size, scaling_factor=SCALING_FACTOR),
        "vocoder": mel.vocoder(size),
    }


class Adapter(AudioLDMAdapter):
    """Drives AudioLDM 2 for the worker."""

    card = facts.read(__file__)
    pipeline = Pipeline
    tokenizers: ClassVar = {
        "tokenizer": (RobertaTokenizerFast, RobertaStub(model_max_length=CLAP_LENGTH)),
        "tokenizer_2": (T5TokenizerFast, T5Stub(model_max_length=T5_LENGTH)),
    }
    parts = staticmethod(parts)

    def companions(self, folder: Path | None) -> dict[str, Any]:
        """Return tokenizers and scheduler; a feature extractor would serve the ranking alone."""
        return {**super().companions(folder), "feature_extractor": None}

    def find_stages(self, networks: dict[str, Any]) -> dict[str, list[Any]]:
        """Return the modules of each part of a generation."""
        clap = networks["text_encoder"]
        others = ("text_encoder_2", "projection_model", "language_model")
        text = [clap.text_model, clap.text_projection, *map(networks.get, others)]
        return mel.stages(text, networks)
