"""A table as CSV, Markdown, LaTeX or HTML, with every string of a bundle made harmless."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from repro.analysis.tables.columns import MODEL, SERIES
from repro.analysis.text import for_csv, for_html, for_latex, for_markdown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from repro.analysis.tables.columns import Column
    from repro.analysis.tables.table import Cell, Table

STAMPS = {
    "measured": "Class: measured.",
    "demonstration": "Class: demonstration, not a measurement.",
}

_VERDICTS = ("holds", "fails", "insufficient", "not-comparable")

_WORDS = {"true": "yes", "false": "no"}
_DIGITS = 4


def to_csv(table: Table) -> bytes:
    """Write every column, numbers in full precision and what is not known as an empty cell."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(table.names)
    writer.writerows([_exact(cell) for cell in row] for row in table.rows)
    return stream.getvalue().encode()


def to_markdown(table: Table) -> bytes:
    """Write the columns a reader is shown as a Markdown table."""
    lines = [f"**{table.title}.** {STAMPS[table.bundle_class]}", "", *markdown_rows(table)]
    for note in table.notes:
        lines += ["", for_markdown(note)]
    return ("\n".join(lines) + "\n").encode()


def markdown_rows(table: Table, *, without: Sequence[str] = ()) -> list[str]:
    """Return headings, rule and rows in Markdown, with some columns left out."""
    headings, rows, numeric = _shown(table, for_markdown, without=without)
    rule = ["--:" if right else ":--" for right in numeric]
    return [f"| {' | '.join(cells)} |" for cells in (headings, rule, *rows)]


def to_latex(table: Table) -> bytes:
    """Write the columns a reader is shown as a LaTeX table; it needs ``booktabs``."""
    headings, rows, numeric = _shown(table, for_latex)
    caption = " ".join((f"{table.title}.", STAMPS[table.bundle_class], *table.notes))
    lines = [
        r"% needs \usepackage{booktabs} and \usepackage[T1]{fontenc}",
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{for_latex(caption)}}}",
        rf"\label{{tab:{table.name}}}",
        rf"\begin{{tabular}}{{{''.join('r' if right else 'l' for right in numeric)}}}",
        r"\toprule",
        rf"{' & '.join(headings)} \\",
        r"\midrule",
        *(rf"{' & '.join(row)} \\" for row in rows),
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{table}",
    ]
    return ("\n".join(lines) + "\n").encode()


def to_html(table: Table) -> str:
    """Write the columns a reader is shown as an HTML table with its notes beneath."""
    # The caption says the class of all rows; a column for it would only push others out.
    headings, rows, numeric = _shown(table, for_html, write=_html_number, without=("class",))
    aligned = [' class="num"' if right else "" for right in numeric]
    head = "".join(f'<th scope="col"{a}>{h}</th>' for h, a in zip(headings, aligned, strict=True))
    body = "\n".join(
        "<tr>" + "".join(_cell(c, a) for c, a in zip(row, aligned, strict=True)) + "</tr>"
        for row in rows
    )
    notes = "".join(f'<p class="note">{for_html(note)}</p>' for note in table.notes)
    return (
        f'<div class="scroll"><table class="{table.name}">\n<caption>{for_html(table.title)}. '
        f"{STAMPS[table.bundle_class]}</caption>\n<thead><tr>{head}</tr></thead>\n"
        f"<tbody>\n{body}\n</tbody></table></div>\n{notes}"
    )


def _cell(text: str, attribute: str) -> str:
    # A verdict that needs attention is found at a glance.
    return f'<td class="{text}">{text}</td>' if text in _VERDICTS else f"<td{attribute}>{text}</td>"


def _number(value: float, column: Column) -> str:
    if column.places is not None:
        return f"{value:.{column.places}f}"
    return str(value) if isinstance(value, int) else f"{value:#.{_DIGITS}g}".rstrip(".")


def _html_number(value: float, column: Column) -> str:
    text = f"{value:.{_DIGITS - 1}e}" if column.powers else _number(value, column)
    mantissa, _, exponent = text.partition("e")
    return f"{mantissa}&times;10<sup>{int(exponent)}</sup>" if exponent else mantissa


def _shown(
    table: Table,
    escape: Callable[[str], str],
    write: Callable[[float, Column], str] = _number,
    without: Sequence[str] = (),
) -> tuple[list[str], list[list[str]], list[bool]]:
    """Return headings, rows and which columns are numbers, for the columns worth showing."""
    shown = [
        (place, column)
        for place, column in enumerate(table.columns)
        if _informs(table, column) and column.name not in without
    ]
    headings = [escape(column.heading or "") for _, column in shown]
    rows = [
        [_text(_titled(table, row[place], column), column, escape, write)
         for place, column in shown]
        for row in table.rows
    ]  # fmt: skip
    numeric = [_is_numeric(row[place] for row in table.rows) for place, _ in shown]
    return headings, rows, numeric


def _titled(table: Table, cell: Cell, column: Column) -> Cell:
    return table.titles.get(cell, cell) if column is MODEL and isinstance(cell, str) else cell


def _informs(table: Table, column: Column) -> bool:
    if column.heading is None:
        return False
    # A series begins with the name of its model.
    if column is MODEL and SERIES in table.columns:
        return False
    if (column.if_varying or column.name in table.implied) and not _varies(table, column.name):
        return False
    if column.instead_of and any(table.column(column.instead_of)):
        return False
    return not column.if_filled or any(table.column(column.name))


def _varies(table: Table, name: str) -> bool:
    key = next((one for one in (SERIES, MODEL) if one in table.columns), None)
    if key is None:
        return len(set(table.column(name))) > 1
    pairs = set(zip(table.column(key.name), table.column(name), strict=True))
    return len(pairs) > len(set(table.column(key.name)))


def _is_numeric(cells: Iterable[Cell]) -> bool:
    return not any(isinstance(cell, str) for cell in cells)


def _text(
    cell: Cell, column: Column, escape: Callable[[str], str],
    write: Callable[[float, Column], str],
) -> str:  # fmt: skip
    if cell is None:
        return escape("-")
    return escape(_WORDS.get(cell, cell)) if isinstance(cell, str) else write(cell, column)


def _exact(cell: Cell) -> str:
    if cell is None:
        return ""
    return for_csv(cell) if isinstance(cell, str) else repr(cell)
