"""``model.toml``, or another card, as an adapter reads it."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any


def read(adapter: str, name: str = "model.toml") -> dict[str, Any]:
    """Return the facts that stand beside an adapter, given the path of its file."""
    with Path(adapter).with_name(name).open("rb") as file:
        return tomllib.load(file)
