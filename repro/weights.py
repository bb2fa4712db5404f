"""Checkpoints: whether they are here, how to fetch them, whether they are whole.

They live in the cache of ``huggingface_hub``, by pinned revision. Nothing is fetched while a
model is measured.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Literal

from repro.errors import TtaError, UsageError
from repro.records import Record

if TYPE_CHECKING:
    from pathlib import Path

    from repro.catalog import Checkpoint

CHUNK_BYTES = 1 << 20
#: The cache keeps large files under their SHA-256.
DIGEST = re.compile(r"[0-9a-f]{64}")


class Checked(Record):
    """One file of a checkpoint; without a digest to compare its state is ``unknown``."""

    file: str
    state: Literal["whole", "unknown", "damaged"]


def find(card: Checkpoint) -> Path | None:
    """Return the folder of the pinned checkpoint in the cache, or None."""
    if not _on_hub(card):
        return None
    from pathlib import Path  # noqa: PLC0415

    from huggingface_hub import snapshot_download  # noqa: PLC0415 - slow to import
    from huggingface_hub.errors import LocalEntryNotFoundError  # noqa: PLC0415

    try:
        found = snapshot_download(
            card.checkpoint,
            revision=card.revision,
            allow_patterns=_wanted(card),
            local_files_only=True,
        )
    except LocalEntryNotFoundError:
        return None
    return Path(found)


def fetch(card: Checkpoint, token: str | None) -> Path:
    """Fetch the pinned checkpoint into the cache; what is there already is kept.

    Args:
        card: the model.
        token: of the hub, for a gated model; None uses the login of this machine, if any.

    Raises:
        UsageError: the checkpoint lies on no hub.
        TtaError: the hub cannot be reached, or refuses, or a file is not what it should be.

    """
    if not _on_hub(card):
        raise UsageError(f"weights of {card.name}: {_by_hand(card)}")
    from pathlib import Path  # noqa: PLC0415

    from huggingface_hub import snapshot_download  # noqa: PLC0415 - slow to import
    from huggingface_hub.errors import GatedRepoError, HfHubHTTPError  # noqa: PLC0415

    try:
        folder = snapshot_download(
            card.checkpoint, revision=card.revision, allow_patterns=_wanted(card), token=token
        )
    except GatedRepoError as error:
        raise TtaError(
            f"weights of {card.name}: {card.checkpoint} is gated: accept its licence on its page "
            "and give a token with --token-file"
        ) from error
    except (HfHubHTTPError, OSError, ValueError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise TtaError(
            f"weights of {card.name}: cannot fetch {card.checkpoint} at {card.revision}: {reason}; "
            "the same command goes on where it stopped"
        ) from error
    refuse_damaged(card, check(card, Path(folder)))
    return Path(folder)


def check(card: Checkpoint, folder: Path) -> tuple[Checked, ...]:
    """Compare every file of a checkpoint with its digest, as far as one is known.

    Raises:
        TtaError: a file that should be there is missing.

    """
    known = card.weights.sha256 if card.weights else {}
    present = sorted(path for path in folder.rglob("*") if path.is_file())
    names = {str(path.relative_to(folder)) for path in present}
    missing = sorted(set(known) - names)
    if missing or not present:
        found = ", ".join(missing) or "any file"
        raise TtaError(f"weights of {card.name}: expected {found} in {folder}, found none")
    return tuple(_check_file(path, str(path.relative_to(folder)), known) for path in present)


def refuse_damaged(card: Checkpoint, files: tuple[Checked, ...]) -> None:
    """Raise if a file is not what it should be.

    Raises:
        TtaError: naming the files.

    """
    damaged = [item.file for item in files if item.state == "damaged"]
    if damaged:
        raise TtaError(
            f"weights of {card.name}: {', '.join(damaged)} is not what it should be; "
            f"delete it and run `tta-energy weights fetch {card.name}` again"
        )


def _check_file(path: Path, name: str, known: dict[str, str]) -> Checked:
    expected = known.get(name)
    if expected is None and path.is_symlink() and DIGEST.fullmatch(path.resolve().name):
        expected = path.resolve().name
    if expected is None:
        return Checked(file=name, state="unknown")
    return Checked(file=name, state="whole" if _sha256(path) == expected else "damaged")


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def _wanted(card: Checkpoint) -> list[str] | None:
    return list(card.weights.files) if card.weights else None


def _on_hub(card: Checkpoint) -> bool:
    return card.revision is not None and not (card.weights and card.weights.by_hand)


def _by_hand(card: Checkpoint) -> str:
    how = card.weights.by_hand if card.weights else None
    return how or f"{card.checkpoint} lies on no hub; give a folder with --weights DIR"
