"""Which implementation of attention the networks run, chosen and asked."""

from __future__ import annotations

from typing import Any

import torch  # noqa: TID253 - at home in a model's environment
from diffusers.models.attention_processor import (  # noqa: TID253
    AttnProcessor,
    AttnProcessor2_0,
    StableAudioAttnProcessor2_0,
)
from diffusers.models.embeddings import apply_rotary_emb  # noqa: TID253

PROCESSORS = {"eager": AttnProcessor, "sdpa": AttnProcessor2_0}


class StableAudioAttnProcessor:
    """Attention of Stable Audio's transformer in single steps, which diffusers does not have.

    Fewer heads of keys and values than of queries (arXiv:2305.13245) in the cross-attention,
    rotary positions (arXiv:2104.09864) on part of each head in the self-attention.
    """

    def __call__(
        self,
        attn: Any,
        hidden_states: Any,
        encoder_hidden_states: Any = None,
        attention_mask: Any = None,
        rotary_emb: Any = None,
    ) -> Any:
        """States (b, queries, width) to states of the same shape."""
        if attention_mask is not None:
            raise ValueError("attention_mask: expected none, as the pipeline gives none")
        context = hidden_states if encoder_hidden_states is None else encoder_hidden_states
        query = attn.to_q(hidden_states).unflatten(2, (attn.heads, -1)).transpose(1, 2)
        width = query.shape[-1]
        key, value = (
            one(context).unflatten(2, (-1, width)).transpose(1, 2) for one in (attn.to_k, attn.to_v)
        )
        if rotary_emb is not None:
            query, key = _rotate(query, rotary_emb), _rotate(key, rotary_emb)
        shared = attn.heads // key.shape[1]
        key, value = key.repeat_interleave(shared, 1), value.repeat_interleave(shared, 1)
        scores = query @ key.transpose(-1, -2) * width**-0.5
        mixed = (scores.softmax(dim=-1) @ value).transpose(1, 2).flatten(2)
        return attn.to_out[1](attn.to_out[0](mixed))


def _rotate(states: Any, rotary: Any) -> Any:
    """Turn the first channels of every head (b, heads, length, width), in float32."""
    count = rotary[0].shape[-1]
    turned, rest = states[..., :count].float(), states[..., count:].float()
    turned = apply_rotary_emb(turned, rotary, use_real=True, use_real_unbind_dim=-2)
    return torch.cat((turned, rest), dim=-1).to(states.dtype)


STABLE_AUDIO = {"eager": StableAudioAttnProcessor, "sdpa": StableAudioAttnProcessor2_0}


def select(networks: dict[str, Any], attention: str) -> None:
    """Give every network of diffusers the processor of this name.

    Networks of transformers choose theirs when they are built.
    """
    for network in networks.values():
        if hasattr(network, "set_attn_processor"):
            network.set_attn_processor(_family(network)[attention]())


def describe(networks: dict[str, Any]) -> str:
    """Say what each network uses, as the networks answer: ``unet=sdpa text_encoder=eager``."""
    used = {name: _used(network) for name, network in networks.items()}
    return " ".join(f"{name}={value}" for name, value in used.items() if value)


def _family(network: Any) -> dict[str, type]:
    own = {type(processor) for processor in network.attn_processors.values()}
    return STABLE_AUDIO if own & set(STABLE_AUDIO.values()) else PROCESSORS


def _used(network: Any) -> str:
    if getattr(network, "attn_processors", None):
        family = _family(network)
        classes = {type(processor) for processor in network.attn_processors.values()}
        return "+".join(sorted(name for name, cls in family.items() if cls in classes))
    config = getattr(network.config, "text_config", network.config)
    if hasattr(config, "num_attention_heads"):
        return str(getattr(network.config, "_attn_implementation", "eager"))
    return ""
