"""What may be averaged, and what a reader needs to tell the rest apart."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

#: Shown wherever they differ at all; the rest only between series of one title.
_SHARED = ("hardware", "weights", "size", "protocol")
_OWN = ("model", "checkpoint", "dtype")


@dataclass(frozen=True, slots=True)
class Series:
    """Measurements that may be averaged with each other, because all of this is the same.

    ``conditions`` are further things that energy depends on, each a short phrase: libraries,
    attention, power limit, deviations from the protocol that do not only change its grid.
    """

    model: str
    title: str
    checkpoint: str
    hardware: str
    weights: str
    size: str
    protocol: str
    dtype: str
    conditions: tuple[str, ...]
    order: int = field(compare=False)
    parameters: str | None = field(compare=False)
    parameters_total: int | None = field(compare=False)

    @property
    def sort_key(self) -> tuple[object, ...]:
        """The paper's order of models first, then everything else by name."""
        return (
            self.order, self.title, self.model, self.hardware, self.weights, self.size,
            self.protocol, self.dtype, self.checkpoint, self.conditions,
        )  # fmt: skip


def ordered(series: Iterable[Series]) -> tuple[Series, ...]:
    """Return each series once, in the order of every table and figure."""
    return tuple(sorted(set(series), key=lambda one: one.sort_key))


def labels(series: Sequence[Series]) -> dict[Series, str]:
    """Name each series by its title and as much more as tells it from the others."""
    everywhere = [name for name in _SHARED if _differs(series, name)]
    named = {}
    for one in series:
        peers = [other for other in series if other.title == one.title]
        parts = [getattr(one, name) for name in everywhere]
        parts += [getattr(one, name) for name in _OWN if _differs(peers, name)]
        common = set.intersection(*(set(peer.conditions) for peer in peers))
        parts += [condition for condition in one.conditions if condition not in common]
        named[one] = ", ".join([one.title, *parts])
    return named


def _differs(series: Iterable[Series], name: str) -> bool:
    return len({getattr(one, name) for one in series}) > 1
