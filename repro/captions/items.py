"""A caption, and a list of them in the order they are generated from."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from repro.records import Record

if TYPE_CHECKING:
    from collections.abc import Iterable

CaptionSet = Literal["paper", "seeded", "own", "whole", "shipped"]


class Item(Record):
    """One caption of a data set.

    ``id`` is the name of its audio file; captions of one ``recording`` share their audio.
    ``duration_s`` is the recording's, None where nothing says it; ``reference`` is its audio.
    """

    id: str
    caption: str
    recording: str
    duration_s: float | None = Field(default=None, gt=0)
    reference: Path | None = None

    @property
    def sha256(self) -> str:
        """Digest of the caption's text in UTF-8, by which a bundle names it."""
        return hashlib.sha256(self.caption.encode()).hexdigest()


class CaptionList(Record):
    """The captions of one data set in one run; an item's number is its place here.

    ``caption_set`` says how they were chosen: the paper's choice, a seeded one (``choice_seed``),
    the user's own list, the whole data set, or captions that come with the program. ``notes`` are
    sentences for the user.
    """

    dataset: str
    caption_set: CaptionSet
    choice_seed: int | None = None
    items: tuple[Item, ...]
    notes: tuple[str, ...] = ()

    @property
    def sha256(self) -> str:
        """Digest of ids and captions in their order: another list is another run."""
        return list_sha256((item.id, item.sha256) for item in self.items)

    @property
    def has_references(self) -> bool:
        """Whether every caption has its audio."""
        return all(item.reference is not None for item in self.items)


def list_sha256(captions: Iterable[tuple[str, str]]) -> str:
    r"""Return the digest of a list: sha256 over its lines ``<id>\t<sha256 of the caption>\n``."""
    digest = hashlib.sha256()
    for name, caption_sha256 in captions:
        digest.update(f"{name}\t{caption_sha256}\n".encode())
    return digest.hexdigest()
