"""Which implementation of attention the networks run, chosen and asked."""

from __future__ import annotations

from typing import Any

from diffusers.models.attention_processor import (  # noqa: TID253 - at home in a model's environment
    AttnProcessor,
    AttnProcessor2_0,
)

PROCESSORS = {"eager": AttnProcessor, "sdpa": AttnProcessor2_0}


def check(attention: str) -> None:
    """Refuse a name that is not one of the two."""
    if attention not in PROCESSORS:
        raise ValueError(
            f"attention {attention!r} is unknown: expected one of {sorted(PROCESSORS)}"
        )


def select(networks: dict[str, Any], attention: str) -> None:
    """Give every network of diffusers the processor of this name.

    Networks of transformers choose theirs when they are built.
    """
    for network in networks.values():
        if hasattr(network, "set_attn_processor"):
            network.set_attn_processor(PROCESSORS[attention]())


def describe(networks: dict[str, Any]) -> str:
    """Say what each network uses, as the networks answer: ``unet=sdpa text_encoder=eager``."""
    used = {name: _used(network) for name, network in networks.items()}
    return " ".join(f"{name}={value}" for name, value in used.items() if value)


def _used(network: Any) -> str:
    if hasattr(network, "attn_processors"):
        classes = {type(processor) for processor in network.attn_processors.values()}
        return "+".join(sorted(name for name, cls in PROCESSORS.items() if cls in classes))
    if hasattr(network.config, "num_attention_heads"):
        return str(getattr(network.config, "_attn_implementation", "eager"))
    return ""
