"""Checkpoints of the hub that were fetched before; nothing is downloaded here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from huggingface_hub import snapshot_download
from huggingface_hub.errors import LocalEntryNotFoundError


def find(name: str, repository: dict[str, Any], files: list[str], cache_dir: str | None) -> Path:
    """Return the folder of a checkpoint in the hub's cache.

    ``repository`` has ``checkpoint`` and ``revision``; ``files`` are patterns of what is needed of
    it. ``name`` is the model's.
    """
    checkpoint, revision = repository["checkpoint"], repository.get("revision")
    try:
        # Without the patterns newer releases miss the files that nobody asked for.
        folder = snapshot_download(
            checkpoint,
            revision=revision,
            cache_dir=cache_dir,
            allow_patterns=files,
            local_files_only=True,
        )
    except LocalEntryNotFoundError as error:
        raise RuntimeError(
            f"weights of {checkpoint} at revision {revision} are not on this machine, or not all "
            f"of them: fetch them with `tta-energy weights fetch {name}`, or use --weights DIR or "
            "--weights random"
        ) from error
    return Path(folder)


def find_companions(card: dict[str, Any], cache_dir: str | None) -> dict[str, Path]:
    """Return where the checkpoints lie that the card names beside the model's own.

    With ``--weights DIR`` each is expected in the subfolder of its name.
    """
    return {
        one["name"]: find(card["name"], one, one["files"], cache_dir)
        for one in card.get("companions", ())
    }
