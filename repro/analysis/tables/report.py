"""All tables of a report, each made once, and the files that they are written to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from repro.analysis.tables.formats import to_csv, to_latex, to_markdown

if TYPE_CHECKING:
    from collections.abc import Iterable

    from repro.analysis.tables.table import Table

#: Written even where they hold nothing: other programs count on them.
ALWAYS = frozenset(("table1", "steps", "batch", "pareto", "claims"))
#: Tables that are made to be put into a text.
_QUOTED = frozenset(("table1", "front", "cost"))


@dataclass(frozen=True, slots=True)
class ReportTables:
    """The tables of a report; ``clip`` is what one clip costs, None where nothing says that."""

    clip: Table | None
    speeds: Table
    steps: Table
    lines: Table
    batch: Table
    pareto: Table
    claims: Table
    worth: Table
    worst: Table
    stages: Table
    checked: Table
    protocols: Table

    @property
    def points(self) -> tuple[Table, ...]:
        """What the figures are drawn from."""
        return (self.steps, self.lines, self.batch, self.pareto)

    @property
    def written(self) -> tuple[Table, ...]:
        """The tables that have files: those with something in them, and those always there."""
        others = (self.speeds, *self.points, self.claims, self.worth, self.worst, self.stages,
                  self.checked, self.protocols)  # fmt: skip
        every = (self.clip, *others) if self.clip else others
        return tuple(table for table in every if table.rows or table.name in ALWAYS)


def table_files(tables: Iterable[Table]) -> dict[str, bytes]:
    """Write each table as CSV, and those to be quoted in a text as Markdown and LaTeX too."""
    made: dict[str, bytes] = {}
    for table in tables:
        made[f"tables/{table.name}.csv"] = to_csv(table)
        if table.name in _QUOTED:
            made[f"tables/{table.name}.md"] = to_markdown(table)
            made[f"tables/{table.name}.tex"] = to_latex(table)
    return made
