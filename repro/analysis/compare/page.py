"""A comparison as one HTML page, in the look of the report's: no network, no script."""

from __future__ import annotations

from typing import TYPE_CHECKING

from repro.analysis.compare.answers import model_answer, open_because
from repro.analysis.compare.boards import boards_first
from repro.analysis.compare.comparison import rule
from repro.analysis.compare.need import need_of, need_words, sentence
from repro.analysis.compare.view import lines_view, results_view, to_html
from repro.analysis.drawing.svg import inline
from repro.analysis.equivalence import Answer
from repro.analysis.page.frame import framed, section
from repro.analysis.text import for_html

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from repro.analysis.compare.comparison import Comparison, Model
    from repro.analysis.compare.figure import Grid
    from repro.analysis.compare.sides import Side

_TITLE = "Energy of text-to-audio generation, compared"
_CLASSES = {
    "measured": "<strong>Measured.</strong> Full-size models on real GPUs.",
    "demonstration": (
        "<strong>Demonstration, not a measurement.</strong> Tiny models, a simulated GPU or no "
        "GPU at all: these numbers show that the path works, and say nothing about any hardware."
    ),
}
#: The style of the report has the colours.
_BORDERS = {
    Answer.REPRODUCED: "--good",
    Answer.NOT_REPRODUCED: "--alarm",
    Answer.INCONCLUSIVE: "--warn",
}
_METHOD = (
    """<p>A ratio is the mean energy of the other side over that of the reference; below 1 the other
side needs less. Its interval is Student's on the logarithm with Welch's and Satterthwaite's degrees
of freedom, covers 95 %, and is not corrected for the number of settings; the answers are. All
settings of a study together: the ratio of the summed means, in which expensive settings weigh
most.</p>""",
    """<p>Equivalence is shown by two one-sided tests (TOST) against the margin, a difference by
a test against its edge. A first repeat that includes a cold start widens the scatter of short
settings: they then stay inconclusive, and no repeat is dropped for that. Compared are the studies
of single generations by steps and of batches; a quality set is generated once and has no repeats to
test.</p>""",
    """<p>The repeats of a side share one card, one machine and mostly one day. Cards of a kind
differ in performance by some 8 %, some by 22 % (Sinha and others, SC22): a difference between two
sides is one between these two cards, and not yet one between their kinds.</p>""",
)


def page(comparisons: Sequence[Comparison], figures: Sequence[tuple[Grid, str]]) -> str:
    """Write the page; each comparison comes with its figure and the SVG of it."""
    sections = [
        section(f"{one.other.label} against {one.reference.label}", _parts(one, grid, svg))
        for one, (grid, svg) in zip(comparisons, figures, strict=True)
    ]
    sides = [comparisons[0].reference, *(one.other for one in comparisons)]
    sections.append(section("Bundles", map(_side, sides)))
    sections.append(section("How to read this", _METHOD))
    return framed(_TITLE, _header(comparisons), sections)


def _header(comparisons: Sequence[Comparison]) -> str:
    kind = comparisons[0].reference.data.bundle_class.value
    answers = "\n".join(map(_answer, comparisons))
    return f'<h1>{_TITLE}</h1>\n<p class="class {kind}">{_CLASSES[kind]}</p>\n{answers}'


def _answer(one: Comparison) -> str:
    facts = _needed if one.boards_differ else model_answer
    models = "".join(
        f"<div><dt>{for_html(model.label)}</dt><dd>{for_html(facts(model))}</dd></div>"
        for model in one.models
    )
    return f'{_found(one)}\n{_loud(one)}<dl class="facts said">{models}</dl>'


def _found(one: Comparison) -> str:
    """Say what was found: of two boards first what the one needs, and then if it is the same."""
    sides = f"{for_html(one.other.label)} against {for_html(one.reference.label)}"
    because = for_html(f" ({reason})") if (reason := open_because(one)) else ""
    at = f"at a margin of {100 * one.margin:g} %: {sides}{because}."
    same = f"{one.answer.capitalize()}</strong> {at}"
    if not one.boards_differ or not one.models:
        border = f"border-color: var({_BORDERS[one.answer]})"
        return f'<p class="class" style="{border}"><strong>{same}</p>'
    return (
        f'<p class="class"><strong>{for_html(sentence(one))}.</strong></p>\n'
        f'<p class="note"><strong>{same} That asks whether the energies are the same, which two '
        "boards need not have.</p>"
    )


def _needed(model: Model) -> str:
    return need_words(need_of(model))


def _loud(one: Comparison) -> str:
    if not one.loud:
        return ""
    items = "".join(
        f"<li>{for_html(text)} ({for_html(', '.join(models))})</li>"
        for text, models in one.loud.items()
    )
    return (
        '<div class="class demonstration"><strong>More than the hardware differs</strong>, '
        f"reference / other:<ul>{items}</ul></div>\n"
    )


def _parts(one: Comparison, grid: Grid, svg: str) -> Iterable[str]:
    yield from (f'<p class="note">{for_html(note)}</p>' for note in one.notes)
    kind = grid.bundle_class
    if not one.models:
        yield "<p>Nothing is on both sides.</p>"
        return
    yield from (to_html(view, kind) for view in boards_first(one))
    label = f"{grid.title}: {grid.subtitle}; {grid.y_label} by model and setting"
    drawing = inline(svg, prefix=grid.name, label=label)
    links = " · ".join(f'<a href="figures/{grid.name}.{suffix}">{suffix}</a>'
                       for suffix in ("pdf", "png", "svg", "csv"))  # fmt: skip
    yield (
        f'<figure id="{grid.name}">\n<div class="drawing">{drawing}</div>\n<figcaption>'
        f"{for_html(grid.y_label)}, {for_html(grid.subtitle)}, with its 95 % interval; an arrow "
        f"marks an interval that runs out of the axis, which is logarithmic.</figcaption>\n"
        f'<p class="note">Files: {links}</p>\n</figure>'
    )
    yield f"<p>{for_html(rule(one))}</p>"
    yield (
        "<details><summary>Every setting (reference / other)</summary>"
        f"{to_html(results_view(one), kind)}{_links('compare', 'csv', 'md')}</details>"
    )
    yield f"{to_html(lines_view(one), kind)}{_links('compare_lines', 'csv')}"
    yield from _conditions(one.models)


def _links(name: str, *suffixes: str) -> str:
    links = " · ".join(f'<a href="tables/{name}.{suffix}">{suffix}</a>' for suffix in suffixes)
    return f'<p class="note">Files: {links}</p>'


def _conditions(models: Sequence[Model]) -> Iterable[str]:
    found = {
        model.label: "; ".join(
            dict.fromkeys(text for one in model.results for text in one.pair.quiet)
        )
        for model in models
    }
    rows = "".join(
        f"<dt>{for_html(label)}</dt><dd>{for_html(texts)}</dd>"
        for label, texts in found.items()
        if texts
    )
    if rows:
        yield (
            '<details class="bundle"><summary>Conditions that one side alone has</summary>'
            f"<dl>{rows}</dl></details>"
        )


def _side(side: Side) -> str:
    rows = "".join(
        f'<dt><span class="verdict {source.verdict.value}">{source.verdict.value}</span></dt>'
        f"<dd><code>{for_html(source.bundle)}</code>{', imported' if source.imported else ''}<br>"
        f"signer {for_html(source.signer or 'unknown')}<br>"
        f"SHA-256 {for_html(source.sha256)}</dd>"
        for source in side.data.sources
    )
    return (
        f'<details class="bundle"><summary>{for_html(side.label)}: {len(side.data.sources)} '
        f"bundles</summary><dl>{rows}</dl></details>"
    )
