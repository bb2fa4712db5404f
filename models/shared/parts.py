"""A network of a model: its class and its configuration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from transformers import PreTrainedModel

# Settings that a checkpoint's config.json may have otherwise, see shared/t5.py.
REPEATED = ("tie_word_embeddings",)


@dataclass(frozen=True)
class Part:
    """A class of diffusers or transformers with the configuration that makes it this model's.

    ``gain`` is what a random fill gives layers with weight norm: 1 keeps the size of their input.
    """

    cls: type
    config: dict[str, Any]
    gain: float = 1.0

    @property
    def of_transformers(self) -> bool:
        """Whether the class is one of transformers, which builds from a configuration object."""
        return issubclass(self.cls, PreTrainedModel)

    @property
    def weights_name(self) -> str:
        """Name of the one file that ``save_pretrained`` of the class writes."""
        stem = "model" if self.of_transformers else "diffusion_pytorch_model"
        return f"{stem}.safetensors"

    def options(self, attention: str) -> dict[str, Any]:
        """Return what the class must be built with to use this attention, as far as it can."""
        if not self.of_transformers:
            return {}  # networks of diffusers are told afterwards
        able = getattr(self.cls, "_supports_sdpa", False)
        kept = {name: self.config[name] for name in REPEATED if name in self.config}
        return {"attn_implementation": attention if able else "eager", **kept}

    def build(self, *, attention: str = "eager") -> Any:
        """Return the network, in evaluation mode, on the default device."""
        config = {**self.config, **self.options(attention)}
        if self.of_transformers:
            return self.cls(self.cls.config_class(**config)).eval()
        return self.cls(**config).eval()
