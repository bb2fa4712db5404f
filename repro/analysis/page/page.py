"""The report as one HTML page: no network, no script, nothing beside it needed."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple, Union

from repro.analysis.drawing.figures import Absent
from repro.analysis.drawing.svg import inline
from repro.analysis.page.cards import STATUSES, card, score_card
from repro.analysis.page.commands import commands
from repro.analysis.page.frame import framed, section
from repro.analysis.reading.grouping import hardware
from repro.analysis.stages.figure import Bars
from repro.analysis.tables.formats import to_html
from repro.analysis.text import distinct, for_html, listed
from repro.bundle import Verdict
from repro.energy.units import kwh
from repro.records import Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from repro.analysis.drawing.fig2 import Scatter
    from repro.analysis.drawing.figures import Chart
    from repro.analysis.reading.dataset import DataSet
    from repro.analysis.tables.table import Table

_TITLE = "Energy of text-to-audio generation"
_CLASSES = {
    "measured": "<strong>Measured.</strong> Full-size models on a real GPU.",
    "demonstration": (
        "<strong>Demonstration, not a measurement.</strong> Tiny models, a simulated GPU or no "
        "GPU at all: these numbers show that the path works, and say nothing about any model."
    ),
}
#: The paper's own numbers, by how the files of a figure begin.
_NUMBERS = {"fig1a": "1a", "fig1b": "1b", "fig2": "2"}
#: Bundles are shown open when there are this few.
_FEW = 3


Figure = Union["Chart", "Scatter", "Bars", Absent]
#: A figure with its SVG, which is empty for an absent one.
Drawn = tuple[Figure, str]


class Section(NamedTuple):
    """A part of the page: a heading in plain text, and pieces of HTML beneath it."""

    title: str
    parts: Sequence[str]


def page(
    data: DataSet,
    figures: Sequence[Drawn],
    points: Sequence[Table],
    *,
    first: Sequence[Section] = (),
    then: Sequence[Section] = (),
) -> str:
    """Write the page; ``points`` are the tables that the figures are drawn from.

    The sections ``first`` stand before the figures, those of ``then`` after them.
    """
    sections = (
        *(section(one.title, one.parts) for one in first),
        section("Figures", (_figure(what, svg) for what, svg in figures)),
        *(section(one.title, one.parts) for one in then),
        section("All points", (folded(table) for table in points if table.rows)),
        section("What did not count", _failures(data)),
        section("Bundles", _cards(data)),
        section("Verify and rerun", commands(data)),
        section("How to read this", _METHOD),
    )
    return framed(_TITLE, _header(data), sections)


_METHOD = (
    """<p>A row is one generation call, or where it was imported perhaps a whole set of clips:
energy and time, without loading the model and without writing files. Warm-ups are kept in the
bundle and never enter a mean. Means are taken over repeats of one setting, and only where model,
hardware, weights, size, protocol and conditions are the same; everything else is a series of its
own.</p>""",
    """<p>Error bars and sd are the sample standard deviation over repeats; of a single repeat there
is none. The CSV files also hold a 95 % interval of the mean (Student's t, n - 1 degrees of
freedom), taking repeats for independent draws from a normal law. 1 kWh = 3.6 MJ.</p>""",
    """<p>A point of energy and quality is on the Pareto front when no other point is at least as
good in both and better in one; exact ties both stay. Points that differ in hardware, weights, size,
protocol, clips or way of scoring never meet. The p beside a point is the share of 2,000 draws, with
a fixed seed, in which it is on the front when energies and scores vary by their sd.</p>""",
    """<p>Scores in a bundle of their own are joined with the run whose clips they are of by the
digest that the run's signature covers, and each clip by its own. A report of class measured takes
no scores by networks with random weights, nor of models with random weights.</p>""",
    """<p>A signature shows that nothing changed since the key's holder signed; it does not show
that the holder measured honestly.</p>""",
)


def _header(data: DataSet) -> str:
    kind = data.bundle_class.value
    facts = "".join(
        f"<div><dt>{for_html(name)}</dt><dd>{for_html(value)}</dd></div>"
        for name, value in _facts(data).items()
    )
    notices = "".join(f'<p class="note">{for_html(notice)}</p>' for notice in data.notices)
    return (
        f"<h1>{_TITLE}</h1>\n"
        f'<p class="class {kind}">{_CLASSES[kind]}</p>\n'
        f'<p class="lead">{for_html(_lead(data))}</p>\n'
        f'<dl class="facts">{facts}</dl>\n{notices}'
    )


def _lead(data: DataSet) -> str:
    models = distinct(series.title for series in data.series)
    machines = distinct(hardware(source.environment) for source in data.sources)
    imported = sum(source.imported for source in data.sources)
    sentence = f"{listed(models)} on {listed(machines)}."
    if imported:
        sentence += (
            f" {imported} of {len(data.sources)} bundles were imported: measured elsewhere by "
            "others, with physics not checked."
        )
    return sentence


def _facts(data: DataSet) -> dict[str, str]:
    counts = _counts(data)
    verdicts = [source.verdict for source in data.sources]
    verdicts += [scoring.verdict for scoring in data.scorings]
    trusted = verdicts.count(Verdict.TRUSTED)
    kind, energy_j = _energy(data)
    return {
        "Bundles": str(len(data.bundles)),
        "Signed by a trusted key": f"{trusted} of {len(data.bundles)}",
        "Windows counted": str(counts["ok"]),
        "Warm-ups, not counted": str(counts["warmup"]),
        "Disputed, not counted": str(counts["disputed"]),
        "Not counted otherwise": str(
            sum(counts[name] for name in ("failed", "oom", "unsupported"))
        ),
        f"{kind} energy of all windows": f"{kwh(energy_j):.3g} kWh",
    }


def _energy(data: DataSet) -> tuple[str, float]:
    rows = [row for source in data.sources for row in source.rows]
    gpu_j = sum(row.generations * (row.gpu_energy_j or 0.0) for row in rows)
    cpu_j = sum(row.generations * (row.cpu_energy_j or 0.0) for row in rows)
    return ("GPU", gpu_j) if gpu_j else ("CPU", cpu_j)


def _counts(data: DataSet) -> Counter[str]:
    return sum((source.counts for source in data.sources), Counter())


def _figure(what: Figure, svg: str) -> str:
    if isinstance(what, Absent):
        return (
            f'<div class="absent"><h3>{_numbered(what.name)}{for_html(what.title)}</h3>'
            f"<p>Not drawn. {for_html(what.reason)}</p></div>"
        )
    notes = " ".join(what.notes)
    bars = isinstance(what, Bars)
    label = f"{what.title}; {what.x_label if bars else f'{what.y_label} against {what.x_label}'}"
    axes = what.x_label if bars else f"{what.y_label} against {_within(what.x_label)}"
    drawing = inline(svg, prefix=what.name, label=label)
    links = files_of(f"figures/{what.name}", "pdf", "png", "svg", "csv")
    return (
        f'<figure id="{what.name}">\n<div class="drawing">{drawing}</div>\n'
        f"<figcaption><strong>{_numbered(what.name)}</strong>{for_html(axes)}. "
        f"{for_html(what.subtitle)}. {for_html(notes)}"
        f"</figcaption>\n{links}\n"
        f"<details><summary>The points drawn</summary>{to_html(what.table)}</details>\n</figure>"
    )


def _numbered(name: str) -> str:
    """Say which figure of the paper it is, if it is one."""
    number = next((known for stem, known in _NUMBERS.items() if name.startswith(stem)), None)
    return f"Figure {number}. " if number else ""


def _within(label: str) -> str:
    """Write a label as it stands within a sentence; GPU stays GPU."""
    return label if label[:2].isupper() else label[:1].lower() + label[1:]


def files_of(stem: str, *suffixes: str) -> str:
    """Link the files of one stem, beside the page."""
    links = " · ".join(f'<a href="{stem}.{suffix}">{suffix}</a>' for suffix in suffixes)
    return f'<p class="note">Files: {links}</p>'


def folded(table: Table, *, files: bool = True) -> str:
    """Write a table that a reader unfolds, with its file."""
    rows = f"{len(table.rows)} points" if len(table.rows) != 1 else "1 point"
    links = files_of(f"tables/{table.name}", "csv") if files else ""
    return (
        f"<details><summary>{for_html(table.title)} ({rows})</summary>"
        f"{to_html(table)}{links}</details>"
    )


def _failures(data: DataSet) -> Iterable[str]:
    """List the windows that neither counted nor were warm-ups, alike ones together."""
    found = Counter(
        (row.series.title, row.study, row.steps, row.batch_size, row.status, row.detail or "-")
        for source in data.sources
        for row in source.rows
        if not row.warmup and row.status is not Status.OK
    )
    if not found:
        return
    head = "".join(
        f'<th scope="col">{name}</th>'
        for name in ("Model", "Study", "Steps", "Batch size", "Status", "Detail", "Windows")
    )
    rows = "".join(
        "<tr>" + "".join(f"<td>{for_html(STATUSES.get(cell, str(cell)))}</td>"  # type: ignore[call-overload]
                         for cell in (*key, count)) + "</tr>"
        for key, count in sorted(found.items(), key=str)
    )  # fmt: skip
    yield (
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _cards(data: DataSet) -> Iterable[str]:
    few = len(data.bundles) <= _FEW
    yield from (card(source, opened=few) for source in data.sources)
    yield from (score_card(scoring, opened=few) for scoring in data.scorings)
