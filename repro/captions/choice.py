"""Which captions of a data set are used: all, the paper's, or a seeded choice.

The seeded choice takes each recording at most once, and one of its captions. It orders by sha256
and not by a random generator: the same on every machine and release of Python, whatever the order
of the file, and a smaller choice is the beginning of a larger one.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from repro.captions.published import papers_choice

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from repro.captions.items import Item

#: The seed of every seeded choice; it is stored with the run.
CHOICE_SEED = 20250507


def stratified(items: Iterable[Item], wanted: int, seed: int = CHOICE_SEED) -> tuple[Item, ...]:
    """Return ``wanted`` captions of as many recordings, or one of each where there are fewer."""
    chosen: dict[str, Item] = {}
    for item in sorted(items, key=lambda item: _rank(seed, item.id, item.caption)):
        chosen.setdefault(item.recording, item)
    order = sorted(chosen.values(), key=lambda item: _rank(seed, item.recording))
    return tuple(order[:wanted])


def papers(dataset: str, items: Sequence[Item]) -> tuple[Item, ...]:
    """Return the paper's captions in the paper's order, as far as they are among ``items``."""
    known = {(item.id, item.sha256): item for item in items}
    found = (
        (known.get((chosen.id, chosen.sha256)), chosen.recording)
        for chosen in papers_choice(dataset)
    )
    return tuple(item.model_copy(update={"recording": own}) for item, own in found if item)


def first_of_each(items: Iterable[Item]) -> tuple[Item, ...]:
    """Return one caption of each audio file, the first."""
    chosen: dict[str, Item] = {}
    for item in items:
        chosen.setdefault(item.id, item)
    return tuple(chosen.values())


def _rank(seed: int, *parts: str) -> bytes:
    return hashlib.sha256("\0".join((str(seed), *parts)).encode()).digest()
