"""Parameters of networks that are never filled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from accelerate import init_empty_weights

if TYPE_CHECKING:
    from shared.parts import Part


def build_empty(part: Part, *, attention: str = "eager") -> Any:
    """Build a network whose parameters take no memory and whose buffers are real."""
    with init_empty_weights(include_buffers=False):
        network = part.build(attention=attention)
    return tie(network)


def tie(network: Any) -> Any:
    """Share again the parameters that a network of transformers shares between its modules.

    Building without memory, and assigning tensors, both leave a copy in each place.
    """
    if hasattr(network, "tie_weights"):
        network.tie_weights()
    return network


def count(network: Any) -> int:
    """Count the parameters of a network, each once."""
    return sum(parameter.numel() for parameter in network.parameters())
