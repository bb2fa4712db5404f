"""The number format of each tensor of a network, as the libraries themselves would choose it."""

from __future__ import annotations

from typing import Any

import torch  # noqa: TID253 - at home in a model's environment


def cast(network: Any, dtype: Any) -> Any:
    """Bring a network to a number format as ``from_pretrained`` would."""
    for named in (network.named_parameters(), network.named_buffers()):
        for name, tensor in named:
            if tensor.is_floating_point():
                tensor.data = tensor.data.to(choose(network, name, dtype))
    return network


def choose(network: Any, name: str, dtype: Any) -> Any:
    """Return the number format that the tensor of this name has in a network of ``dtype``.

    transformers keeps some modules in float32 beside float16: T5's ``wo`` overflows in it.
    """
    kept = getattr(network, "_keep_in_fp32_modules", None) or ()
    return torch.float32 if dtype == torch.float16 and set(kept) & set(name.split(".")) else dtype
