"""Sections of the page that show a table, or say in a sentence why there is nothing to show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from repro.analysis.page.page import Section, files_of, folded
from repro.analysis.tables.formats import to_html
from repro.analysis.tables.table import rearranged
from repro.analysis.text import for_html, one_and_all

if TYPE_CHECKING:
    from repro.analysis.tables.report import ReportTables
    from repro.analysis.tables.table import Table

#: As a reader looks for them: which claim, whether it holds, and then what it says.
_CLAIM_ORDER = ("id", "verdict", "claim", "about", "evidence")


def claims_section(table: Table) -> Section:
    """Show the verdicts, or one sentence where all of them are the same for one reason."""
    verdict, evidence = (one_and_all(table.column(name)) for name in ("verdict", "evidence"))
    if verdict and evidence and len(table.rows) > 1:
        said = f"All {len(table.rows)} verdicts on the paper's claims are {verdict}: {evidence}."
        return Section(table.title, [_sentence(said), files_of("tables/claims", "csv")])
    parts = [to_html(rearranged(table, _CLAIM_ORDER)), files_of("tables/claims", "csv")]
    return Section(table.title, parts)


def sections_after(tables: ReportTables) -> list[Section]:
    """Return what stands after the figures: stages, the worth of steps, protocols, Table 1."""
    return [
        Section("Stages of a generation", [*_shown(tables.stages), *_folded(tables.checked)]),
        Section("Are more steps worth it?", [*_worth(tables.worth), *_folded(tables.worst)]),
        Section(tables.protocols.title, _shown(tables.protocols)),
        Section("Table 1", _speeds(tables.speeds)),
    ]


def _worth(table: Table) -> list[str]:
    answer = one_and_all(table.column("answer"))
    if answer is None or any(table.column("enough_steps")):
        return _shown(table)
    return [_sentence(f"This cannot be said: {answer}."), files_of("tables/worth", "csv")]


def _speeds(table: Table) -> list[str]:
    files = files_of("tables/table1", "csv", "md", "tex")
    if table.rows and not any(table.column("inference_speed_s")):
        steps = one_and_all(table.column("at_steps"))
        said = f"No model was measured at {steps} steps, which the paper's Table 1 is of."
        return [_sentence(said), files]
    return [to_html(table), files]


def _sentence(text: str) -> str:
    return f"<p>{for_html(text)}</p>"


def _shown(table: Table) -> list[str]:
    return [to_html(table), files_of(f"tables/{table.name}", "csv")] if table.rows else []


def _folded(table: Table) -> list[str]:
    return [folded(table)] if table.rows else []
