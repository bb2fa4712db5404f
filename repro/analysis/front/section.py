"""The first section of the page: what a clip costs, and which model with how many steps it buys."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from repro.analysis.front.costs import cost_table, costs
from repro.analysis.front.rungs import fronts
from repro.analysis.front.table import front_of, front_table
from repro.analysis.front.text import cost_sentences, front_sentences
from repro.analysis.page.page import Section, files_of, folded
from repro.analysis.tables.formats import to_html
from repro.analysis.text import for_html

if TYPE_CHECKING:
    from collections.abc import Sequence

    from repro.analysis.front.costs import Cost
    from repro.analysis.front.rungs import Front
    from repro.analysis.pareto.panels import Panel
    from repro.analysis.points import Point
    from repro.analysis.reading.dataset import DataSet
    from repro.analysis.tables.table import Table

TITLE = "What a clip costs"


class ClipCosts(NamedTuple):
    """The table of what a clip costs, and the section that shows it."""

    table: Table
    section: Section


def cost_section(
    data: DataSet, singles: Sequence[Point], panels: Sequence[Panel]
) -> ClipCosts | None:
    """Tell what a clip costs: along the fronts, without scores by model and steps."""
    found = fronts(panels)
    if found:
        return ClipCosts(front_table(data, found), _front_section(data, found))
    each = costs(singles, panels)
    table = cost_table(data, each)
    return ClipCosts(table, _cost_section(table, each)) if each else None


def _front_section(data: DataSet, found: Sequence[Front]) -> Section:
    """Show the first front open, the others folded, and the files of all."""
    first, *others = found
    parts = [_lead(front_sentences(first)), to_html(front_of(data, first))]
    parts += [folded(front_of(data, one), files=False) for one in others]
    return Section(TITLE, [*parts, _files("front")])


def _cost_section(table: Table, found: Sequence[Cost]) -> Section:
    """Show energy and time alone."""
    return Section(TITLE, [_lead(cost_sentences(found)), to_html(table), _files("cost")])


def _files(name: str) -> str:
    return files_of(f"tables/{name}", "csv", "md", "tex")


def _lead(text: str) -> str:
    return f'<p class="lead">{for_html(text)}</p>'
