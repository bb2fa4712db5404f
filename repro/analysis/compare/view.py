"""A comparison as a reader is shown it: few columns, rounded, as Markdown or HTML."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from repro.analysis.compare.figure import words
from repro.analysis.tables.formats import STAMPS
from repro.analysis.text import for_html, for_markdown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from repro.analysis.compare.comparison import Comparison, Model, Result
    from repro.analysis.equivalence import Ratio
    from repro.analysis.lines import StepLine

_NUMBERS = frozenset(("Ratio", "95 % interval", "Time ratio"))


@dataclass(frozen=True, slots=True)
class View:
    """Text in columns; a column whose heading ends in a unit or is a ratio stands to the right."""

    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    @property
    def numeric(self) -> tuple[bool, ...]:
        """Say which columns are numbers."""
        return tuple(one in _NUMBERS or one.endswith(")") for one in self.headings)


def results_view(comparison: Comparison) -> View:
    """Show every setting and study: energies of reference / other, ratio, answer."""
    return View(
        title=f"{comparison.other.label} against {comparison.reference.label}",
        headings=(
            "Model", "Setting", "Answer", "Ratio", "95 % interval", "n", "Energy (J)",
            "Per second of audio (J)", "Per call (J)", "Time ratio", "Differs",
        ),
        rows=tuple(
            _result_row(model, result) for model in comparison.models for result in model.results
        ),
    )  # fmt: skip


def _result_row(model: Model, result: Result) -> tuple[str, ...]:
    sides = [[getattr(one, side) for one in result.settings] for side in ("reference", "other")]
    counts = [min(one.energy_j.n for one in side) for side in sides]
    energies = [sum(one.energy_j.mean for one in side) for side in sides]
    times = [[one.point.duration_s for one in side] for side in sides]
    known = all(time for side in times for time in side)
    totals = [sum(time.mean for time in side) for side in times] if known else None
    alone = None if result.whole else result.settings[0]
    return (
        model.label, words(result), _answer(result),
        number(result.trial.ratio.value), interval(result.trial.ratio),
        _both(counts), _both(energies),
        _both([alone.reference.per_audio_s, alone.other.per_audio_s]) if alone else "-",
        _both([alone.reference.per_call, alone.other.per_call]) if alone else "-",
        number(totals[1] / totals[0]) if totals else "-",
        "; ".join(result.differs) or "-",
    )  # fmt: skip


def _answer(result: Result) -> str:
    reason = result.trial.reason
    return f"{result.answer}: {reason}" if reason else result.answer.value


def lines_view(comparison: Comparison) -> View:
    """Show the lines of both sides: joules for each denoiser call, and joules besides."""
    return View(
        title="Energy of a denoiser call, and fixed energy: reference / other, ± standard error",
        headings=("Model", "Per call (J)", "Fixed (J)", "Ratio", "95 % interval"),
        rows=tuple(_line_row(model) for model in comparison.models),
    )


def _line_row(model: Model) -> tuple[str, ...]:
    lines = (model.lines.reference, model.lines.other)
    slope = model.lines.slope
    return (
        model.label,
        " / ".join(_line_number(one, "slope") for one in lines),
        " / ".join(_line_number(one, "intercept") for one in lines),
        number(slope.value) if slope else "-", interval(slope) if slope else "-",
    )  # fmt: skip


def _line_number(one: StepLine | None, name: str) -> str:
    if one is None or one.line is None:
        return "-"
    value, se = getattr(one.line, name), getattr(one.line, f"{name}_se")
    return number(value) if se is None else f"{number(value)} ± {se:.2g}"


def interval(ratio: Ratio) -> str:
    """Write the interval of a ratio."""
    if ratio.low is None or ratio.high is None:
        return "-"
    return f"{number(ratio.low)} to {number(ratio.high)}"


def _both(values: Sequence[float | None]) -> str:
    texts = ["-" if value is None else number(value) for value in values]
    return "-" if texts == ["-", "-"] else " / ".join(texts)


def number(value: float) -> str:
    """Write a number in four digits; one that counts in all of its own."""
    if isinstance(value, int):
        return str(value)
    if 1e4 <= abs(value) < 1e7:  # noqa: PLR2004 - what is still read at a glance
        return f"{value:.0f}"
    return f"{value:#.4g}".removesuffix(".")


def to_markdown(view: View, bundle_class: str) -> str:
    """Write a view as a Markdown table."""
    rule = ["--:" if right else ":--" for right in view.numeric]
    cells = [[for_markdown(cell) for cell in row] for row in (view.headings, *view.rows)]
    lines = [f"| {' | '.join(row)} |" for row in (cells[0], rule, *cells[1:])]
    title = f"**{for_markdown(view.title)}.** {STAMPS[bundle_class]}"
    return "\n".join([title, "", *lines]) + "\n"


def to_html(view: View, bundle_class: str) -> str:
    """Write a view as an HTML table."""
    aligned = [' class="num"' if right else "" for right in view.numeric]
    head = "".join(
        f'<th scope="col"{right}>{for_html(name)}</th>'
        for name, right in zip(view.headings, aligned, strict=True)
    )
    body = "\n".join(
        "<tr>"
        + "".join(
            f"<td{right}>{for_html(cell)}</td>" for cell, right in zip(row, aligned, strict=True)
        )
        + "</tr>"
        for row in view.rows
    )
    return (
        f'<div class="scroll"><table class="both">\n<caption>{for_html(view.title)}. '
        f"{STAMPS[bundle_class]}</caption>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table></div>"
    )
