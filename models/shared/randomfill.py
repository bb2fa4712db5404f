"""Networks filled from a seed: they cost what the real weights would, and need no download."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch  # noqa: TID253 - at home in a model's environment

from shared import precision
from shared.counting import build_empty, tie
from shared.randomnumbers import draw

if TYPE_CHECKING:
    from shared.parts import Part


def fill_all(parts: dict[str, Part], *, seed: int, dtype: Any, attention: str) -> dict[str, Any]:
    """Build every network from the same seed."""
    return {
        name: fill(part, seed=seed, dtype=dtype, attention=attention)
        for name, part in parts.items()
    }


def fill(part: Part, *, seed: int, dtype: Any, attention: str) -> Any:
    """Build a network from a seed: the same numbers on every device and in every dtype.

    Activations keep their size, so that the audio is no silence.
    """
    network = build_empty(part, attention=attention)
    generator = torch.Generator().manual_seed(seed)
    numbers = {
        name: draw(name, parameter.shape, generator, part.gain).to(
            precision.choose(network, name, dtype)
        )
        for name, parameter in network.named_parameters()
    }
    network.load_state_dict(numbers, strict=False, assign=True)
    return precision.cast(tie(network), dtype).requires_grad_(requires_grad=False)
