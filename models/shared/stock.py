"""Adapters of networks that are diffusers' and transformers' own, or can be asked like those."""

from __future__ import annotations

from typing import Any

from shared import attention as attentions
from shared.base import BaseAdapter


class StockAdapter(BaseAdapter):
    """Names these libraries, and lets attention be chosen in their networks."""

    libraries = ("diffusers", "transformers", "accelerate", "numpy")

    def choose_attention(self, networks: dict[str, Any], attention: str) -> None:
        """Give networks of diffusers their processors; others attend as they were built to."""
        attentions.select(networks, attention)

    def name_attention(self, networks: dict[str, Any]) -> str:
        """Say how each network attends, as it answers itself."""
        return attentions.describe(networks)
