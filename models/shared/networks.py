"""The base of the networks that are written here because no library has them."""

from __future__ import annotations

from typing import Any

from torch import nn  # noqa: TID253 - at home in a model's environment


class Network(nn.Module):
    """A network that can be asked what networks of diffusers are asked about attention.

    Each of its modules with an attribute ``processor`` attends as that processor says.
    """

    config: Any = None  # no setting of attention outside the processors

    @property
    def device(self) -> Any:
        """Where the parameters are."""
        return next(self.parameters()).device

    @property
    def dtype(self) -> Any:
        """Number format of the parameters."""
        return next(self.parameters()).dtype

    @property
    def attn_processors(self) -> dict[str, Any]:
        """The processor of each module that attends, by the module's name."""
        named = self.named_modules()
        return {name: one.processor for name, one in named if hasattr(one, "processor")}

    def set_attn_processor(self, processor: Any) -> None:
        """Let every module that attends use this processor."""
        for module in self.modules():
            if hasattr(module, "processor"):
                module.processor = processor
