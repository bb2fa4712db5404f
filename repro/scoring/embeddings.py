"""A cache of embeddings by content: one ``.npy`` file for each audio file or caption.

The name of an entry is a digest of what was embedded and of everything that decides the
result, so an entry is never out of date and sets can share one folder.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class EmbeddingCache:
    """A folder of embeddings; those who write into it put whole files in place."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def locate(self, content: str, settings: Mapping[str, str]) -> Path:
        """Return where the embedding of some content under some settings lies or will lie.

        Args:
            content: SHA-256 of the audio file or of the caption.
            settings: network, its weights, how the audio is prepared, device, versions.

        """
        text = json.dumps({"content": content, **settings}, sort_keys=True)
        name = hashlib.sha256(text.encode()).hexdigest()
        return self.folder / name[:2] / f"{name}.npy"


def digest_file(path: Path) -> str:
    """Return the SHA-256 of a file's content."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def digest_text(text: str) -> str:
    """Return the SHA-256 of a text as UTF-8."""
    return hashlib.sha256(text.encode()).hexdigest()
