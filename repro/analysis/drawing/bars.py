"""Bars on axes: stages told apart by colour and by hatching, so that grey will do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from repro.analysis.drawing.palette import COLOURS, FAINT, INK
from repro.analysis.stages.figure import OTHER
from repro.analysis.text import for_figure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from repro.analysis.stages.figure import Bar, Bars, Segment

_WIDTH_IN, _BAR_IN = 7.2, 0.45
_TOP_IN, _BOTTOM_IN, _LEGEND_IN, _RIGHT_IN = 0.8, 0.6, 0.42, 1.25
_LETTER_IN = 0.075
_WIDEST_LABEL = 34
_FEWEST_BARS = 2
_COLUMNS = 5
WHOLE_PERCENT = 100.0
_THICKNESS = 0.62
#: A share from here on is written into its segment, in per cent.
_WRITTEN = 9.0
_HATCHES = ("//", "", "..", "xx", "--", "\\\\")


def draw_bars(figure: Figure, axes: Axes, bars: Bars) -> None:
    """Draw all bars, the first on top, and what explains them; the figure takes its size."""
    _size(figure, bars)
    handles: dict[str, Artist] = {}
    for place, bar in enumerate(bars.bars):
        for begin, segment in _laid_out(bar):
            look = bars.stages.index(segment.stage)
            handles.setdefault(segment.stage, _draw_segment(axes, segment, begin, place, look))
        # Beyond the axes, so that no bar reaches it.
        axes.text(
            1.02, place, for_figure(bar.whole), size=8.5, va="center", color=INK,
            transform=axes.get_yaxis_transform(),
        )  # fmt: skip
    _shape(axes, bars)
    figure.legend(
        handles=[handles[stage] for stage in bars.stages if stage in handles],
        loc="lower left", ncols=_COLUMNS, fontsize=8.5, frameon=False, borderaxespad=0.2,
        bbox_to_anchor=(0.01, 0.24 / figure.get_figheight()), handletextpad=0.4, columnspacing=1.4,
    )  # fmt: skip


def centres(bars: Bars) -> list[tuple[float, float, str]]:
    """Return the middle of each segment and the line of the whole, with what is said there."""
    segments = [
        (begin + segment.percent / 2, float(place), segment.tip)
        for place, bar in enumerate(bars.bars)
        for begin, segment in _laid_out(bar)
    ]
    wholes = [
        (WHOLE_PERCENT, float(place), f"{bar.label}, the whole: {bar.whole}")
        for place, bar in enumerate(bars.bars)
    ]
    return segments + wholes


def _laid_out(bar: Bar) -> Iterator[tuple[float, Segment]]:
    """Yield where each segment begins; what is not above zero has no place."""
    begin = 0.0
    for segment in bar.segments:
        if segment.percent > 0:
            yield begin, segment
            begin += segment.percent


def _draw_segment(axes: Axes, segment: Segment, begin: float, place: int, look: int) -> Artist:
    other = segment.stage == OTHER
    drawn: Artist = axes.barh(
        place, segment.percent, left=begin, height=_THICKNESS, edgecolor="white", linewidth=0.8,
        facecolor=FAINT if other else COLOURS[look % len(COLOURS)], zorder=2,
        hatch="" if other else _HATCHES[look % len(_HATCHES)],
    )[0]  # fmt: skip
    drawn.set_label(for_figure(segment.stage.replace("_", " ")))
    if segment.percent >= _WRITTEN:
        axes.text(
            begin + segment.percent / 2, place, f"{segment.percent:.0f}", size=8, ha="center",
            va="center", color=INK, zorder=4,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.2},
        )  # fmt: skip
    if segment.u_percent is not None and not other:
        axes.errorbar(
            begin + segment.percent, place, xerr=segment.u_percent, fmt="none", ecolor=INK,
            elinewidth=0.9, capsize=2.0, zorder=3,
        )  # fmt: skip
    return drawn


def _shape(axes: Axes, bars: Bars) -> None:
    axes.set_ylim(max(len(bars.bars), _FEWEST_BARS) - 0.5, -0.5)
    names = [for_figure(bar.label, _WIDEST_LABEL) for bar in bars.bars]
    axes.set_yticks(range(len(names)), names)
    axes.tick_params(axis="y", length=0, labelcolor=INK)
    axes.axvline(WHOLE_PERCENT, color=INK, linewidth=0.8, zorder=1)
    axes.set_xlim(left=0)
    axes.set_xlabel(for_figure(bars.x_label, 90))
    axes.grid(visible=True, axis="x")
    axes.set_axisbelow(True)


def _size(figure: Figure, bars: Bars) -> None:
    """Give the figure its height by the number of bars, and the axes what the labels leave."""
    height_in = _TOP_IN + _BAR_IN * max(len(bars.bars), _FEWEST_BARS) + _BOTTOM_IN + _LEGEND_IN
    longest = max(len(for_figure(bar.label, _WIDEST_LABEL)) for bar in bars.bars)
    figure.set_size_inches(_WIDTH_IN, height_in)
    figure.subplots_adjust(
        left=(0.25 + _LETTER_IN * longest) / _WIDTH_IN,
        right=1 - _RIGHT_IN / _WIDTH_IN,
        top=1 - _TOP_IN / height_in,
        bottom=(_BOTTOM_IN + _LEGEND_IN) / height_in,
    )
