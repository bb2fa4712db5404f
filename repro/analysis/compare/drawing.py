"""The figure of a comparison, drawn: the same values give the same bytes."""
# ruff: noqa: TID253 - with plot.py the one home of matplotlib

from __future__ import annotations

import math
from itertools import groupby
from typing import TYPE_CHECKING

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from repro.analysis.drawing.palette import ALARM, COLOURS, FAINT, GREY, INK
from repro.analysis.drawing.plot import METADATA, STYLE, save
from repro.analysis.drawing.svg import Spot, with_tips
from repro.analysis.equivalence import Answer
from repro.analysis.tables.formats import STAMPS
from repro.analysis.text import for_figure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from repro.analysis.compare.figure import Grid, Mark, Panel

_WIDTH_IN, _ROW_IN, _TOP_IN, _BOTTOM_IN = 7.2, 1.95, 0.95, 1.0
_MOST_COLUMNS = 3
#: Told apart by shape and filling in grey, by colour besides.
_LOOKS = {
    Answer.REPRODUCED: ("o", COLOURS[0], COLOURS[0]),
    Answer.NOT_REPRODUCED: ("X", COLOURS[5], COLOURS[5]),
    Answer.INCONCLUSIVE: ("o", GREY, "white"),
}
#: The first of these with few enough ticks is taken: what is near 1 matters most.
_TICKS = (
    (0.8, 0.85, 0.9, 0.95, 1, 1.05, 1.1, 1.15, 1.2),
    (0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.1, 1.2, 1.4, 1.6, 1.8, 2),
    (0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5),
    (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100),
    (1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.1, 1, 10, 100, 1e3, 1e4, 1e5, 1e6),
)
_MOST_TICKS = 7
#: The axis shows at least this factor to either side of 1.
_LEAST_SPAN = 1.12
_GAP = 0.8


def draw(grid: Grid) -> dict[str, bytes]:
    """Draw a comparison as ``pdf``, ``png`` and ``svg``; the last has a tooltip on each point."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update({**STYLE, "svg.hashsalt": grid.name})
        rows = -(-len(grid.panels) // _columns(grid))
        figure = Figure(figsize=(_WIDTH_IN, _TOP_IN + _BOTTOM_IN + _ROW_IN * rows))
        FigureCanvasAgg(figure)
        drawn = _panels(figure, grid, rows)
        _write_around(figure, grid)
        files = {suffix: save(figure, suffix) for suffix in METADATA}
        svg = with_tips(files["svg"].decode(), _spots(figure, drawn))
        return {**files, "svg": svg.encode()}


def _columns(grid: Grid) -> int:
    return min(_MOST_COLUMNS, len(grid.panels))


def _panels(figure: Figure, grid: Grid, rows: int) -> list[tuple[Axes, Panel]]:
    height_in = figure.get_figheight()
    figure.subplots_adjust(
        left=0.62 / _WIDTH_IN, right=1 - 0.12 / _WIDTH_IN, top=1 - _TOP_IN / height_in,
        bottom=_BOTTOM_IN / height_in, wspace=0.08, hspace=0.62,
    )  # fmt: skip
    limits, columns = _limits(grid), _columns(grid)
    drawn = []
    for place, panel in enumerate(grid.panels):
        axes = figure.add_subplot(rows, columns, place + 1)
        _draw_panel(axes, panel, grid.margin, limits)
        first = place % columns == 0
        axes.tick_params(axis="y", labelleft=first)
        axes.set_ylabel(grid.y_label if first else "", size=8)
        drawn.append((axes, panel))
    return drawn


def _limits(grid: Grid) -> tuple[float, float]:
    """Show all ratios and the margin; an interval may run out of the axis and is then marked."""
    ratios = [mark.ratio for panel in grid.panels for mark in panel.marks]
    low = min([*ratios, 1 / _LEAST_SPAN, 1 / (1 + grid.margin)])
    high = max([*ratios, _LEAST_SPAN, 1 + grid.margin])
    pad = (high / low) ** 0.12
    return low / pad, high * pad


def _draw_panel(axes: Axes, panel: Panel, margin: float, limits: tuple[float, float]) -> None:
    axes.set_yscale("log")
    axes.set_ylim(*limits)
    axes.axhspan(1 / (1 + margin), 1 + margin, color=FAINT, zorder=0, linewidth=0)
    axes.axhline(1, color=GREY, linewidth=0.8, zorder=1)
    places = _places(panel.marks)
    for x, mark in zip(places, panel.marks, strict=True):
        _draw_mark(axes, x, mark, limits)
    axes.set_xlim(places[0] - 0.7, places[-1] + 0.7)
    axes.xaxis.set_major_locator(FixedLocator(places))
    axes.set_xticklabels([mark.tick for mark in panel.marks], rotation=90, size=7)
    _shape_y(axes, limits)
    _name_studies(axes, places, panel.marks)
    title = f"{panel.title} *" if panel.differs else panel.title
    axes.set_title(for_figure(title, 28), size=8.5, loc="left", color=INK, pad=4)


def _places(marks: Sequence[Mark]) -> list[float]:
    """Set marks side by side, with a gap between studies."""
    studies = list(dict.fromkeys(mark.study for mark in marks))
    return [place + _GAP * studies.index(mark.study) for place, mark in enumerate(marks)]


def _draw_mark(axes: Axes, x: float, mark: Mark, limits: tuple[float, float]) -> None:
    shape, colour, filling = _LOOKS[mark.answer]
    if mark.low is not None and mark.high is not None:
        axes.plot([x, x], [max(mark.low, limits[0]), min(mark.high, limits[1])], color=colour,
                  linewidth=1.2, zorder=2)  # fmt: skip
        for end, out, arrow in ((limits[0], mark.low < limits[0], "v"),
                                (limits[1], mark.high > limits[1], "^")):  # fmt: skip
            if out:
                axes.plot([x], [end], marker=arrow, markersize=3.5, color=colour, clip_on=False)
    axes.plot(
        [x], [mark.ratio], marker=shape, markersize=6.4 if mark.whole else 4.4,
        color=colour, markerfacecolor=filling, markeredgewidth=1.0, linestyle="none", zorder=3,
    )  # fmt: skip


def _shape_y(axes: Axes, limits: tuple[float, float]) -> None:
    axes.yaxis.set_major_locator(FixedLocator(_ticks(limits)))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:g}"))
    axes.tick_params(length=2, labelsize=7)


def _ticks(limits: tuple[float, float]) -> list[float]:
    low, high = limits
    for ticks in _TICKS:
        shown = [tick for tick in ticks if low <= tick <= high]
        if (
            len(shown) <= _MOST_TICKS
            and ticks[0] <= low * _LEAST_SPAN
            and high <= ticks[-1] * _LEAST_SPAN
        ):
            return shown
    return [1]


def _name_studies(axes: Axes, places: Sequence[float], marks: Sequence[Mark]) -> None:
    names = {"steps": "steps", "batch": "batch size"}
    numbered = zip(places, marks, strict=True)
    for study, group in groupby(numbered, key=lambda one: one[1].study):
        xs = [x for x, _ in group]
        axes.annotate(
            names[study], (math.fsum(xs) / len(xs), 0), xycoords=axes.get_xaxis_transform(),
            xytext=(0, -25), textcoords="offset points", size=7.5, color=GREY, ha="center",
            va="top",
        )  # fmt: skip


def _write_around(figure: Figure, grid: Grid) -> None:
    demonstration = grid.bundle_class == "demonstration"
    height_in = figure.get_figheight()
    figure.text(0.02, 1 - 0.2 / height_in, grid.title, size=12.5, weight="bold", color=INK,
                va="center")  # fmt: skip
    figure.text(0.02, 1 - 0.45 / height_in, for_figure(grid.subtitle, 110), size=8.5, color=GREY,
                va="center")  # fmt: skip
    _legend(figure)
    remarks = [
        STAMPS[grid.bundle_class],
        f"Band: margin of {100 * grid.margin:g} %. All: settings together.",
    ]
    if any(panel.differs for panel in grid.panels):
        remarks.append("* More than the hardware differs.")
    figure.text(
        0.02, 0.12 / height_in, " ".join(remarks), size=8, va="center",
        color=ALARM if demonstration else GREY, weight="bold" if demonstration else "normal",
    )  # fmt: skip
    if demonstration:
        figure.text(
            0.5, 0.5, "DEMONSTRATION", size=46, weight="bold", color=ALARM, alpha=0.09,
            rotation=24, ha="center", va="center", zorder=0,
        )  # fmt: skip


def _legend(figure: Figure) -> None:
    handles = [
        Line2D([], [], marker=shape, color=colour, markerfacecolor=filling, linestyle="none",
               markersize=4.6, label=answer.value)
        for answer, (shape, colour, filling) in _LOOKS.items()
    ]  # fmt: skip
    figure.legend(
        handles=handles, loc="lower left", ncols=3, fontsize=8, frameon=False,
        bbox_to_anchor=(0.0, 0.2 / figure.get_figheight()), handletextpad=0.3, borderaxespad=0.2,
    )  # fmt: skip


def _spots(figure: Figure, drawn: Sequence[tuple[Axes, Panel]]) -> list[Spot]:
    """Return where the points are in the drawing, in points from its upper left corner."""
    scale, height = 72 / figure.dpi, figure.get_figheight() * 72
    spots = []
    for axes, panel in drawn:
        for x, mark in zip(_places(panel.marks), panel.marks, strict=True):
            across, up = axes.transData.transform((x, mark.ratio))
            spots.append(Spot(float(across) * scale, height - float(up) * scale, mark.tip))
    return spots
