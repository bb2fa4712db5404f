"""What came of loading: networks on their device, and what is said of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Loaded:
    """Networks on their device; ``answer`` is what the harness is told of them.

    ``companions`` are folders of other checkpoints that the model needs, by name.
    """

    networks: dict[str, Any]
    folder: Path | None = None
    answer: dict[str, Any] = field(default_factory=dict)
    companions: dict[str, Path] = field(default_factory=dict)

    def find(self, name: str) -> Path | None:
        """Return the folder of a part that is no network; None where no weights were loaded."""
        if self.folder is None:
            return None
        return self.companions.get(name, self.folder / name)
