"""Figures drawn with matplotlib: the same values give the same bytes."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import (
    FixedLocator,
    FuncFormatter,
    LogLocator,
    MaxNLocator,
    NullLocator,
    StrMethodFormatter,
)

from repro.analysis.drawing.bars import centres, draw_bars
from repro.analysis.drawing.figures import Chart
from repro.analysis.drawing.palette import (
    ALARM,
    COLOURS,
    FAINT,
    GREY,
    INK,
    LINES,
    MARKERS,
    VARIANT_LINES,
)
from repro.analysis.drawing.scatter import draw_scatter, label_trails, legend_entries
from repro.analysis.drawing.svg import Spot, with_tips
from repro.analysis.stages.figure import Bars
from repro.analysis.tables.formats import STAMPS
from repro.analysis.text import for_figure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.text import Text

    from repro.analysis.drawing.fig2 import Scatter
    from repro.analysis.drawing.figures import Curve

_WIDTH_IN, _HEIGHT_IN = 7.2, 4.7
_LEFT_IN, _TOP_IN, _BOTTOM_IN = 0.82, 0.75, 0.82
_MOST_DIRECT_LABELS = 14
_WIDEST_LABEL_IN = 2.4
STYLE: dict[Any, Any] = {
    "font.family": ["DejaVu Sans"],
    "font.size": 9.5,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "grid.color": FAINT,
    "grid.linewidth": 0.7,
    "pdf.fonttype": 42,
    "svg.fonttype": "path",
}
#: Without these each file would carry the time and the program that made it.
METADATA: dict[str, dict[str, None]] = {
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None},
}


@dataclass(frozen=True, slots=True)
class _Pen:
    """How a curve is drawn: told apart by colour, by marker, and by line.

    Broken curves lie on top with smaller markers: what lies beneath them can be seen.
    """

    color: str
    marker: str
    linestyle: str
    filled: bool
    size: float
    height: float


def draw(what: Chart | Scatter | Bars) -> dict[str, bytes]:
    """Draw a figure as ``pdf``, ``png`` and ``svg``; the last has a tooltip on each point."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update({**STYLE, "svg.hashsalt": what.name})
        figure = Figure(figsize=(_WIDTH_IN, _HEIGHT_IN))
        canvas = FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        if isinstance(what, Chart):
            _draw_chart(axes, what, canvas)
        elif isinstance(what, Bars):
            draw_bars(figure, axes, what)
        else:
            _draw_scatter(axes, what, canvas)
        _write_around(figure, what)
        files = {suffix: save(figure, suffix) for suffix in METADATA}
        svg = with_tips(files["svg"].decode(), _spots(figure, axes, what))
        return {**files, "svg": svg.encode()}


def save(figure: Figure, suffix: str) -> bytes:
    """Return the figure as a file of this kind: the same bytes for the same figure."""
    stream = io.BytesIO()
    figure.savefig(stream, format=suffix, dpi=200, metadata=METADATA[suffix])
    return stream.getvalue()


def _draw_chart(axes: Axes, chart: Chart, canvas: FigureCanvasAgg) -> None:
    for curve in chart.curves:
        _draw_curve(axes, curve)
    _shape_axes(axes, chart)
    _name_curves(canvas.figure, axes, chart.curves, canvas)


def _draw_scatter(axes: Axes, scatter: Scatter, canvas: FigureCanvasAgg) -> None:
    figure = canvas.figure
    _place(figure, 0.2, extra_in=0.3)
    draw_scatter(axes, scatter)
    named = label_trails(axes, scatter, canvas)
    handles, _ = axes.get_legend_handles_labels()
    if not named:
        rows = -(-len(handles) // 3)
        _place(figure, 0.2, extra_in=0.35 + 0.2 * rows)
        _legend(figure, handles, columns=3, up_in=0.5)
    legend_entries(axes, scatter)
    _legend(figure, axes.get_legend_handles_labels()[0][len(handles) :], columns=20, up_in=0.24)


def _legend(figure: Figure, handles: Sequence[Artist], *, columns: int, up_in: float) -> None:
    figure.legend(
        handles=handles, loc="lower left", ncols=columns, fontsize=8.5, frameon=False,
        bbox_to_anchor=(0.0, up_in / figure.get_figheight()), borderaxespad=0.2,
        handletextpad=0.3, columnspacing=1.1,
    )  # fmt: skip


def _spots(figure: Figure, axes: Axes, what: Chart | Scatter | Bars) -> list[Spot]:
    """Return where the points are in the drawing, in points from its upper left corner."""
    if isinstance(what, Chart):
        places = [
            spot for curve in what.curves
            for spot in zip(curve.xs, curve.ys, curve.tips, strict=True)
        ]  # fmt: skip
    elif isinstance(what, Bars):
        places = centres(what)
    else:
        places = [(dot.x, dot.y, dot.tip) for trail in what.trails for dot in trail.dots]
    scale, height = 72 / figure.dpi, figure.get_figheight() * 72
    pixels = [(axes.transData.transform((x, y)), text) for x, y, text in places]
    return [Spot(float(x) * scale, height - float(y) * scale, text) for (x, y), text in pixels]


def _place(figure: Figure, axes_right_in: float, extra_in: float = 0.0) -> None:
    """Give the axes their place, with ``extra_in`` more room beneath them; all in inches."""
    height_in = _HEIGHT_IN + extra_in
    figure.set_size_inches(_WIDTH_IN, height_in)
    figure.subplots_adjust(
        left=_LEFT_IN / _WIDTH_IN,
        right=1 - axes_right_in / _WIDTH_IN,
        top=1 - _TOP_IN / height_in,
        bottom=(_BOTTOM_IN + extra_in) / height_in,
    )


def _pen(curve: Curve) -> _Pen:
    place = curve.place % len(COLOURS)
    broken = curve.place % len(LINES)
    variants = VARIANT_LINES[(curve.variant - 1) % len(VARIANT_LINES)]
    return _Pen(
        color=COLOURS[place],
        marker=MARKERS[place],
        linestyle=variants if curve.variant else LINES[broken],
        filled=curve.variant % 2 == 0,
        size=4.6 if broken else 6.4,
        height=3.5 if broken else 3.0,
    )


def _draw_curve(axes: Axes, curve: Curve) -> None:
    pen = _pen(curve)
    # One repeat has no deviation: a bar of no length would claim a perfect one.
    known = [place for place, sd in enumerate(curve.sds) if sd is not None]
    axes.errorbar(
        [curve.xs[place] for place in known],
        [curve.ys[place] for place in known],
        yerr=[curve.sds[place] or 0.0 for place in known],
        fmt="none", ecolor=pen.color, elinewidth=1.1, capsize=2.5, zorder=pen.height - 0.2,
    )  # fmt: skip
    axes.plot(
        curve.xs, curve.ys, color=pen.color, linestyle=pen.linestyle, linewidth=1.4,
        marker=pen.marker, markersize=pen.size, markeredgecolor=pen.color, markeredgewidth=1.1,
        markerfacecolor=pen.color if pen.filled else "white", label=for_figure(curve.label),
        zorder=pen.height,
    )  # fmt: skip


def _shape_axes(axes: Axes, chart: Chart) -> None:
    axes.set_xscale("log")
    axes.set_yscale("log", nonpositive="clip")
    axes.margins(x=0.05, y=0.08)
    _shape_x(axes, sorted({x for curve in chart.curves for x in curve.xs}))
    axes.set_xlabel(for_figure(chart.x_label))
    axes.set_ylabel(for_figure(chart.y_label, 90), size=9)
    _shape_y(axes)
    axes.grid(visible=True, which="major")
    axes.set_axisbelow(True)
    axes.tick_params(length=3, which="major")
    axes.tick_params(length=2, which="minor")


def _shape_x(axes: Axes, ticks: Sequence[float]) -> None:
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    if len(ticks) == 1:
        axes.set_xlim(ticks[0] / 2, ticks[0] * 2)


def _shape_y(axes: Axes) -> None:
    """Fix the limits and put plain numbers at the ticks, with their power in the label.

    Even ticks within a decade, 1-2-5 within three; beyond that the decades alone.
    """
    low, high = axes.get_ylim()
    axes.set_ylim(low, high)
    axes.yaxis.set_minor_locator(NullLocator())
    if high / low > 1000:  # noqa: PLR2004 - three decades
        return
    within_decade = high / low <= 10  # noqa: PLR2004 - a decade
    power = math.floor(math.log10(high))
    axes.yaxis.set_major_locator(MaxNLocator(5) if within_decade else LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y / 10**power:.3g}"))
    axes.set_ylabel(axes.get_ylabel().replace("(kWh", f"($10^{{{power}}}$ kWh"))


def _write_around(figure: Figure, chart: Chart | Scatter | Bars) -> None:
    demonstration = chart.bundle_class == "demonstration"
    height_in = figure.get_figheight()
    left, under = 0.02, 1 - 0.5 / height_in
    figure.text(left, 1 - 0.23 / height_in, chart.title, size=12.5, weight="bold", color=INK,
                va="center")  # fmt: skip
    figure.text(left, under, for_figure(chart.subtitle, 110), size=8.5, color=GREY, va="center")
    figure.text(
        left, 0.13 / height_in, STAMPS[chart.bundle_class], size=8.5, va="center",
        color=ALARM if demonstration else GREY, weight="bold" if demonstration else "normal",
    )  # fmt: skip
    figure.text(
        0.98, 0.13 / height_in, chart.scale, size=8.5, va="center", ha="right",
        color=GREY,
    )  # fmt: skip
    if demonstration:
        figure.text(
            0.5, 0.5, "DEMONSTRATION", size=46, weight="bold", color=ALARM, alpha=0.09,
            rotation=24, ha="center", va="center", zorder=0,
        )  # fmt: skip


def _name_curves(
    figure: Figure, axes: Axes, curves: Sequence[Curve], canvas: FigureCanvasAgg
) -> None:
    """Write each name beside the end of its curve, or make a legend where that does not fit."""
    ends = sorted(curves, key=lambda curve: (curve.ys[-1], curve.label))
    texts = [
        axes.text(1.0, 0.5, for_figure(curve.label), transform=axes.transAxes, size=8.5,
                  va="center", color=INK)
        for curve in ends
    ]  # fmt: skip
    renderer = canvas.get_renderer()  # type: ignore[no-untyped-call]
    widest_in = max(text.get_window_extent(renderer).width for text in texts) / figure.dpi
    if len(texts) <= _MOST_DIRECT_LABELS and widest_in <= _WIDEST_LABEL_IN:
        _place(figure, widest_in + 0.45)
        _spread_labels(axes, ends, texts)
        return
    for text in texts:
        text.remove()
    columns = 2 if widest_in < _WIDTH_IN / 2 - 0.8 else 1
    _place(figure, 0.2, extra_in=0.2 * -(-len(texts) // columns) + 0.1)
    figure.legend(
        *axes.get_legend_handles_labels(), loc="lower left", ncols=columns, fontsize=8.5,
        frameon=False, bbox_to_anchor=(0.0, 0.2 / figure.get_figheight()), borderaxespad=0.2,
    )  # fmt: skip


def _spread_labels(axes: Axes, ends: Sequence[Curve], texts: Sequence[Text]) -> None:
    gap = 0.17 / (_HEIGHT_IN - _TOP_IN - _BOTTOM_IN)
    to_axes = axes.transData + axes.transAxes.inverted()
    places = [to_axes.transform((curve.xs[-1], curve.ys[-1])) for curve in ends]
    heights = spread([float(y) for _, y in places], gap)
    for curve, text, height, (x, y) in zip(ends, texts, heights, places, strict=True):
        text.set_position((1.045, height))
        axes.plot(
            [x + 0.014, 1.035], [y, height], transform=axes.transAxes, color=_pen(curve).color,
            linewidth=0.7, clip_on=False, zorder=1,
        )  # fmt: skip


def spread(places: Sequence[float], gap: float) -> list[float]:
    """Move ascending places apart to at least ``gap``, as little as that takes."""
    groups: list[tuple[float, int]] = []
    for place in places:
        groups.append((place, 1))
        while len(groups) > 1 and _touch(groups[-2], groups[-1], gap):
            (low, many), (high, few) = groups[-2:]
            groups[-2:] = [((low * many + high * few) / (many + few), many + few)]
    return [
        centre + gap * (index - (count - 1) / 2)
        for centre, count in groups
        for index in range(count)
    ]


def _touch(low: tuple[float, int], high: tuple[float, int], gap: float) -> bool:
    return high[0] - low[0] < gap * (low[1] + high[1]) / 2
