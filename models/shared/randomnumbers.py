"""Numbers that a random fill gives a parameter; the scorer, too, draws from here."""

from __future__ import annotations

from typing import Any

import torch  # noqa: TID253 - at home in a model's environment


def draw(name: str, shape: Any, generator: Any, gain: float = 1.0) -> Any:
    """Draw one parameter, float32 of this shape, by what its name says it is.

    Weights have a standard deviation of sqrt(1 / fan_in) (LeCun et al., Efficient BackProp,
    1998): activations keep their size, finite in float16. The gains of norms are 1 and biases 0;
    ``gain`` is that of layers with weight norm.
    """
    if name.endswith("weight_g"):
        return torch.empty(shape).normal_(std=gain, generator=generator)
    if len(shape) > 1:
        fan_in = shape[1:].numel()
        return torch.empty(shape).normal_(std=fan_in**-0.5, generator=generator)
    return torch.zeros(shape) if name.endswith("bias") else torch.ones(shape)
