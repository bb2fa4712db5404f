"""A table as a value; ``formats`` writes it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from repro.analysis.reading.series import Series
    from repro.analysis.tables.columns import Column

Cell = str | int | float | None


@dataclass(frozen=True, slots=True)
class Table:
    """Named columns and their rows; ``notes`` say what a reader must know and no cell can.

    ``implied`` columns are for machines alone while they tell no two rows of a model apart.
    A model stands in the rows by its name; people are shown its title.
    """

    name: str
    title: str
    bundle_class: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()
    implied: tuple[str, ...] = ()
    titles: Mapping[str, str] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> tuple[Cell, ...]:
        """Return the cells of one column."""
        place = self.names.index(name)
        return tuple(row[place] for row in self.rows)


def titles_of(series: Iterable[Series]) -> dict[str, str]:
    """Return the title of each model by its name."""
    return {one.model: one.title for one in series}


def rearranged(table: Table, first: Sequence[str]) -> Table:
    """Return the table with these columns first, in this order, and the others as they were."""
    order = sorted(range(len(table.names)), key=lambda place: _rank(table.names[place], first))
    return replace(
        table,
        columns=tuple(table.columns[place] for place in order),
        rows=tuple(tuple(row[place] for place in order) for row in table.rows),
    )


def _rank(name: str, first: Sequence[str]) -> int:
    return first.index(name) if name in first else len(first)
