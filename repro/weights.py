"""Checkpoints: whether they are here, how to fetch them, whether they are whole.

They live in the cache of ``huggingface_hub``, by pinned revision. Nothing is fetched while a
model is measured.
"""

from __future__ import annotations

import hashlib
import logging
import re
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from repro.errors import TtaError, UsageError
from repro.records import Record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repro.catalog import Checkpoint

CHUNK_BYTES = 1 << 20
#: The cache keeps large files under their SHA-256.
DIGEST = re.compile(r"[0-9a-f]{64}")
WILDCARDS = set("*?[")


class Checked(Record):
    """One file of a checkpoint; without a digest to compare its state is ``unknown``."""

    file: str
    state: Literal["whole", "unknown", "damaged"]


class Repository(Record):
    """A repository of the hub at a revision; ``files`` are patterns of what is needed of it.

    ``place`` is the subfolder of its files beside the model's own, which have none.
    """

    checkpoint: str
    revision: str | None
    files: tuple[str, ...] | None
    sha256: dict[str, str] = Field(default_factory=dict)
    place: str = ""

    def name(self, file: str) -> str:
        """Return the name of a file beside the model's own."""
        return f"{self.place}/{file}" if self.place else file

    def expected(self) -> set[str]:
        """Return the files that must be there, as far as they are known by name."""
        return {file for file in self.files or () if not WILDCARDS & set(file)} | set(self.sha256)

    def find(self) -> Path | None:
        """Return its folder in the cache; None where it is missing, or a file that is needed."""
        from huggingface_hub import snapshot_download  # noqa: PLC0415 - slow to import
        from huggingface_hub.errors import LocalEntryNotFoundError  # noqa: PLC0415

        try:
            # Without the patterns newer releases miss the files that nobody asked for.
            found = snapshot_download(
                self.checkpoint,
                revision=self.revision,
                allow_patterns=self.patterns(),
                local_files_only=True,
            )
        except LocalEntryNotFoundError:
            return None
        folder = Path(found)
        return folder if all((folder / file).is_file() for file in self.expected()) else None

    def patterns(self) -> list[str] | None:
        """Return the patterns as the hub's client takes them."""
        return None if self.files is None else list(self.files)


def repositories(card: Checkpoint) -> Iterator[Repository]:
    """Yield the model's own repository and those of its companions."""
    own = card.weights
    yield Repository(
        checkpoint=card.checkpoint,
        revision=card.revision,
        files=own.files if own else None,
        sha256=own.sha256 if own else {},
    )
    for one in card.companions:
        yield Repository(
            checkpoint=one.checkpoint, revision=one.revision, files=one.files, place=one.name
        )


def find(card: Checkpoint) -> Path | None:
    """Return the folder of the pinned checkpoint in the cache; None where anything is missing."""
    if not _on_hub(card):
        return None
    folders = [one.find() for one in repositories(card)]
    return folders[0] if all(folders) else None


def fetch(card: Checkpoint, token: str | None) -> Path:
    """Fetch the pinned checkpoint and its companions into the cache; what is there is kept.

    Args:
        card: the model.
        token: of the hub, for a gated model; None uses the login of this machine, if any.

    Raises:
        UsageError: the checkpoint lies on no hub.
        TtaError: the hub cannot be reached, or refuses, or a file is not what it should be.

    """
    _refuse_by_hand(card)
    folder, *_ = [_download(card, one, token) for one in repositories(card)]
    refuse_damaged(card, check(card))
    return folder


def check(card: Checkpoint, folder: Path | None = None) -> tuple[Checked, ...]:
    """Compare every file of a checkpoint with its digest, as far as one is known.

    Args:
        card: the model.
        folder: where its files are, those of a companion in the subfolder of its name; without
            one, the cache.

    Raises:
        UsageError: the checkpoint lies on no hub, and no folder is given.
        TtaError: a file that should be there is missing.

    """
    if folder is None:
        return tuple(_check_cache(card))
    expected = {one.name(file) for one in repositories(card) for file in one.expected()}
    own, *_ = repositories(card)
    files = _list(folder)
    missing = sorted(expected - files.keys())
    if missing or not files:
        found = ", ".join(missing) or "any file"
        raise TtaError(f"weights of {card.name}: expected {found} in {folder}, found none")
    return tuple(_check_file(path, name, own.sha256) for name, path in files.items())


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


def _download(card: Checkpoint, one: Repository, token: str | None) -> Path:
    from huggingface_hub import snapshot_download  # noqa: PLC0415 - slow to import
    from huggingface_hub.errors import GatedRepoError, HfHubHTTPError  # noqa: PLC0415

    # It warns of every try; the last one is told below.
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
    try:
        folder = snapshot_download(
            one.checkpoint, revision=one.revision, allow_patterns=one.patterns(), token=token
        )
    except GatedRepoError as error:
        raise TtaError(
            f"weights of {card.name}: {one.checkpoint} is gated: accept its licence on its page "
            "and give a token with --token-file"
        ) from error
    except (HfHubHTTPError, OSError, ValueError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise TtaError(
            f"weights of {card.name}: cannot fetch {one.checkpoint} at {one.revision}: {reason}; "
            "the same command goes on where it stopped"
        ) from error
    return Path(folder)


def _check_cache(card: Checkpoint) -> Iterator[Checked]:
    _refuse_by_hand(card)
    for one in repositories(card):
        folder = one.find()
        if folder is None:
            raise TtaError(
                f"weights of {card.name}: expected {one.checkpoint} at {one.revision} in the "
                "cache, found it missing or incomplete; "
                f"run `tta-energy weights fetch {card.name}`"
            )
        for file, path in _list(folder).items():
            state = _check_file(path, file, one.sha256).state
            yield Checked(file=one.name(file), state=state)


def _list(folder: Path) -> dict[str, Path]:
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path for path in found}


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


def _on_hub(card: Checkpoint) -> bool:
    return card.revision is not None and not (card.weights and card.weights.by_hand)


def _refuse_by_hand(card: Checkpoint) -> None:
    if not _on_hub(card):
        how = card.weights.by_hand if card.weights else None
        how = how or f"{card.checkpoint} lies on no hub; give a folder with --weights DIR"
        raise UsageError(f"weights of {card.name}: {how}")
