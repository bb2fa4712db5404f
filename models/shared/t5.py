"""T5 encoders (arXiv:1910.10683): ids (b, length) to states (b, length, width)."""

from __future__ import annotations

from typing import Any

from transformers import T5EncoderModel

from shared.parts import Part

#: Rows of the embedding: the 32100 ids of the vocabulary, rounded up to a multiple of 128.
EMBEDDINGS = 32128
TINY = {"d_model": 32, "d_kv": 16, "d_ff": 64, "num_layers": 2, "num_heads": 2}
FLAN_LARGE = {"d_model": 1024, "d_kv": 64, "d_ff": 2816, "num_layers": 24, "num_heads": 16}
BASE = {"d_model": 768, "d_kv": 64, "d_ff": 3072, "num_layers": 12, "num_heads": 12}


def flan_large(size: str) -> Part:
    """FLAN-T5-large (arXiv:2210.11416), width 1024 at full size: gated GELU."""
    config = FLAN_LARGE if size == "full" else TINY
    return _encoder(config, feed_forward_proj="gated-gelu")


def base(size: str) -> Part:
    """T5-base, width 768 at full size."""
    return _encoder(BASE if size == "full" else TINY, feed_forward_proj="relu")


def _encoder(config: dict[str, Any], **rest: Any) -> Part:
    # The option is about an output head, which an encoder lacks; transformers 5 takes it to say
    # whether the two names of the encoder's embedding are one tensor, and they are.
    tied = {"tie_word_embeddings": True}
    return Part(
        T5EncoderModel, {"vocab_size": EMBEDDINGS, "use_cache": False, **tied, **config, **rest}
    )
