"""A table as CSV, Markdown, LaTeX or HTML, with every string of a bundle made harmless."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from repro.analysis.text import for_csv, for_html, for_latex, for_markdown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from repro.analysis.tables import Cell, Table

STAMPS = {
    "measured": "Class: measured.",
    "demonstration": "Class: demonstration, not a measurement.",
}

_VERDICTS = ("holds", "fails", "insufficient", "not-comparable")

#: Columns as a reader is shown them; a column without a heading is for machines.
HEADINGS = {
    "id": "Claim",
    "claim": "In words",
    "verdict": "Verdict",
    "evidence": "Evidence",
    "dataset": "Data set",
    "metric": "Metric",
    "model": "Model",
    "series": "Series",
    "checkpoint": "Checkpoint",
    "parameters": "Parameters",
    "inference_speed_s": "Inference speed (s)",
    "sd_s": "sd (s)",
    "n": "n",
    "hardware": "Hardware",
    "weights": "Weights",
    "class": "Class",
    "steps": "Steps",
    "executed_steps": "Executed",
    "batch_size": "Batch size",
    "samples": "Samples",
    "gpu_energy_kwh_mean": "GPU energy (kWh)",
    "gpu_energy_kwh_sd": "sd (kWh)",
    "cpu_energy_kwh_mean": "CPU energy (kWh)",
    "energy_kwh_mean": "Energy (kWh)",
    "energy_kwh_sd": "sd (kWh)",
    "quantity": "Quantity",
    "duration_s_mean": "Duration (s)",
    "gpu_energy_kwh": "GPU energy (kWh)",
    "cpu_energy_kwh": "CPU energy (kWh)",
    "value": "Score",
    "on_front": "On the front",
    "p_front": "p",
    "value_low_95": "from",
    "value_high_95": "to (95 %)",
    "enough_steps": "Enough",
    "last_steps": "of",
    "energy_saved_percent": "Energy saved (%)",
    "saved_low_95": "from",
    "saved_high_95": "to (95 %)",
    "answer": "Answer",
    "item": "Item",
    "clap": "CLAP",
    "file": "File",
    "run": "Bundle",
    "slope_j_per_step": "Per call (J)",
    "slope_se": "se (J)",
    "intercept_j": "Fixed (J)",
    "intercept_se": "se (J)",
    "r2": "R²",
    "clips": "Clips",
    "protocol": "Protocol",
    "energy_j_mean": "Energy (J)",
    "energy_j_sd": "sd (J)",
    "ratio": "Ratio",
    "cold_start_j": "Cold start (J)",
    "cold_start_in_mean_j": "in the mean (J)",
    "tail_j": "Tail (J)",
    "instrument_u_j": "Instrument (J)",
    "stage": "Stage",
    "energy_j": "Energy (J)",
    "energy_u_j": "u (J)",
    "share_percent": "Share (%)",
    "share_u_percent": "u (%)",
    "compared": "Compared",
    "alone_j": "Alone (J)",
    "alone_u_j": "u (J)",
    "against": "Against",
    "against_j": "Energy (J)",
    "against_u_j": "u (J)",
    "ratio_u": "u",
}
_COUNTS = {
    "incomplete": "Incomplete",
    "disputed": "Disputed",
    "failed": "Failed",
    "oom": "Out of memory",
    "unsupported": "Unsupported",
    "disturbed": "Disturbed",
}
#: Columns that are shown only where the other one is empty.
_SUBSTITUTES = {"cpu_energy_kwh": "gpu_energy_kwh"}
_WORDS = {"true": "yes", "false": "no"}
_DIGITS = 4
#: Columns that are shares: known to the second and the fourth place, whatever stands before.
_PLACES = {
    "p_front": 2,
    "r2": 4,
    "ratio": 3,
    "ratio_u": 3,
    "share_percent": 2,
    "share_u_percent": 2,
}


def to_csv(table: Table) -> bytes:
    """Write every column, numbers in full precision and what is not known as an empty cell."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(table.columns)
    writer.writerows([_exact(cell) for cell in row] for row in table.rows)
    return stream.getvalue().encode()


def to_markdown(table: Table) -> bytes:
    """Write the columns a reader is shown as a Markdown table."""
    headings, rows, numeric = _shown(table, for_markdown)
    rule = ["--:" if right else ":--" for right in numeric]
    lines = [f"**{table.title}.** {STAMPS[table.bundle_class]}", ""]
    lines += [f"| {' | '.join(cells)} |" for cells in (headings, rule, *rows)]
    for note in table.notes:
        lines += ["", for_markdown(note)]
    return ("\n".join(lines) + "\n").encode()


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
    headings, rows, numeric = _shown(table, for_html, write=_html_number, without="class")
    aligned = [' class="num"' if right else "" for right in numeric]
    head = "".join(f'<th scope="col"{a}>{h}</th>' for h, a in zip(headings, aligned, strict=True))
    body = "\n".join(
        "<tr>" + "".join(_cell(c, a) for c, a in zip(row, aligned, strict=True)) + "</tr>"
        for row in rows
    )
    notes = "".join(f'<p class="note">{for_html(note)}</p>' for note in table.notes)
    return (
        f'<div class="scroll"><table>\n<caption>{for_html(table.title)}. '
        f"{STAMPS[table.bundle_class]}</caption>\n<thead><tr>{head}</tr></thead>\n"
        f"<tbody>\n{body}\n</tbody></table></div>\n{notes}"
    )


def _cell(text: str, attribute: str) -> str:
    # A verdict that needs attention is found at a glance.
    return f'<td class="{text}">{text}</td>' if text in _VERDICTS else f"<td{attribute}>{text}</td>"


def _number(value: float, column: str) -> str:
    if column in _PLACES:
        return f"{value:.{_PLACES[column]}f}"
    return str(value) if isinstance(value, int) else f"{value:#.{_DIGITS}g}".rstrip(".")


def _html_number(value: float, column: str) -> str:
    # Energies of one column lie decades apart: all with their power of ten, they compare.
    text = f"{value:.{_DIGITS - 1}e}" if "kwh" in column else _number(value, column)
    mantissa, _, exponent = text.partition("e")
    return f"{mantissa}&times;10<sup>{int(exponent)}</sup>" if exponent else mantissa


def _shown(
    table: Table,
    escape: Callable[[str], str],
    write: Callable[[float, str], str] = _number,
    without: str | None = None,
) -> tuple[list[str], list[list[str]], list[bool]]:
    """Return headings, rows and which columns are numbers, for the columns worth showing."""
    titles = HEADINGS | _COUNTS
    places = [
        place
        for place, name in enumerate(table.columns)
        if name in HEADINGS or (name in _COUNTS and any(table.column(name)))
    ]
    places = [
        place for place in places if _informs(table, place) and table.columns[place] != without
    ]
    headings = [escape(titles[table.columns[place]]) for place in places]
    rows = [
        [_text(_titled(table, row, place), table.columns[place], escape, write) for place in places]
        for row in table.rows
    ]
    numeric = [_is_numeric(row[place] for row in table.rows) for place in places]
    return headings, rows, numeric


def _titled(table: Table, row: tuple[Cell, ...], place: int) -> Cell:
    cell = row[place]
    if table.columns[place] == "model" and isinstance(cell, str):
        return table.titles.get(cell, cell)
    return cell


def _informs(table: Table, place: int) -> bool:
    # An energy that no row holds is a column of nothing; elsewhere an empty column is news.
    # A series begins with the name of its model.
    name = table.columns[place]
    if name == "model" and "series" in table.columns:
        return False
    if (name == "protocol" or name in table.implied) and not _varies(table, name):
        return False
    if name in _SUBSTITUTES and any(table.column(_SUBSTITUTES[name])):
        return False
    is_energy = "energy_kwh" in name
    return not is_energy or any(row[place] is not None for row in table.rows)


def _varies(table: Table, name: str) -> bool:
    key = next((one for one in ("series", "model") if one in table.columns), None)
    if key is None:
        return len(set(table.column(name))) > 1
    pairs = set(zip(table.column(key), table.column(name), strict=True))
    return len(pairs) > len(set(table.column(key)))


def _is_numeric(cells: Iterable[Cell]) -> bool:
    return not any(isinstance(cell, str) for cell in cells)


def _text(
    cell: Cell, column: str, escape: Callable[[str], str], write: Callable[[float, str], str]
) -> str:
    if cell is None:
        return escape("-")
    return escape(_WORDS.get(cell, cell)) if isinstance(cell, str) else write(cell, column)


def _exact(cell: Cell) -> str:
    if cell is None:
        return ""
    return for_csv(cell) if isinstance(cell, str) else repr(cell)
