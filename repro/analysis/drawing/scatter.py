"""Figure 2 on axes: trails of models, step counts by marker, the front in red."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

from repro.analysis.drawing.palette import (
    COLOURS,
    FRONT,
    GREY,
    INK,
    LINES,
    MARKERS,
    TEXT_COLOURS,
    VARIANT_LINES,
)
from repro.analysis.text import for_figure

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from matplotlib.axes import Axes
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.text import Text
    from matplotlib.transforms import Bbox

    from repro.analysis.drawing.fig2 import Dot, Scatter, Trail

#: A point off the front is marked as perhaps on it from this chance on.
PERHAPS = 0.05
_MOST_DIRECT_LABELS = 10
#: How far from a mark its name stands; the second where there is no free place at the first.
_AWAYS_PT = (9, 20)
#: To lie across a front or a bar is worse than to lie across a trail.
_LOUD = 6
_SIDES = tuple(
    (round(math.cos(turn * math.pi / 4), 3), round(math.sin(turn * math.pi / 4), 3))
    for turn in (0, 1, 7, 2, 6, 3, 5, 4)
)

SMALL_KWH = 1e-3


def draw_scatter(axes: Axes, scatter: Scatter) -> None:
    """Draw all trails and fronts, and shape the axes."""
    marks = {steps: MARKERS[place % len(MARKERS)] for place, steps in enumerate(scatter.steps)}
    for front in scatter.fronts:
        _draw_front(axes, front)
    for trail in scatter.trails:
        _draw_trail(axes, trail, marks)
    axes.set_xscale("log")
    axes.margins(x=0.06, y=0.07)
    axes.set_xlabel(for_figure(scatter.x_label, 90))
    axes.set_ylabel(scatter.y_label)
    _tick_x(axes)
    axes.grid(visible=True, which="major")
    axes.set_axisbelow(True)


def legend_entries(axes: Axes, scatter: Scatter) -> None:
    """Add what explains the markers to the handles of a legend; nothing of it is drawn."""
    axes.plot([], [], linestyle="none", label="Steps:")
    for place, steps in enumerate(scatter.steps):
        axes.plot([], [], linestyle="none", marker=MARKERS[place % len(MARKERS)], color=GREY,
                  markersize=6, label=f"{steps}")  # fmt: skip
    if scatter.fronts:
        _ring(axes, math.nan, math.nan, perhaps=False, label="on the front")
    if any(_perhaps(dot) for trail in scatter.trails for dot in trail.dots):
        _ring(axes, math.nan, math.nan, perhaps=True, label=f"perhaps (p ≥ {PERHAPS:g})")


def label_trails(axes: Axes, scatter: Scatter, canvas: FigureCanvasAgg) -> bool:
    """Write each name beside its trail; take all away again where one finds no free place."""
    trails = scatter.trails
    if len(trails) > _MOST_DIRECT_LABELS:
        return False
    taken = _Taken(axes, scatter)
    texts: list[Text] = []
    # The longest names first: they have the fewest places to go.
    for trail in sorted(trails, key=lambda one: (-len(one.label), one.label)):
        text = axes.text(0, 0, for_figure(trail.label), size=8.5, weight="bold", va="center",
                         ha="center", color=TEXT_COLOURS[trail.place % len(COLOURS)],
                         transform=axes.transAxes, zorder=6)  # fmt: skip
        texts.append(text)
        if not taken.settle(text, trail, canvas):
            for one in texts:
                one.remove()
            return False
    return True


def _draw_front(axes: Axes, front: Sequence[tuple[float, float]]) -> None:
    # Steps and not a straight line: between two points of the front nothing was measured.
    axes.plot([x for x, _ in front], [y for _, y in front], color=FRONT, linewidth=1.1,
              drawstyle="steps-post", alpha=0.75, zorder=2)  # fmt: skip


def _draw_trail(axes: Axes, trail: Trail, marks: dict[int, str]) -> None:
    color = COLOURS[trail.place % len(COLOURS)]
    line = VARIANT_LINES[(trail.variant - 1) % 2] if trail.variant else LINES[trail.place % 2]
    axes.plot([dot.x for dot in trail.dots], [dot.y for dot in trail.dots], color=color,
              linewidth=0.9, linestyle=line, alpha=0.7, zorder=2.5,
              label=for_figure(trail.label))  # fmt: skip
    for dot in trail.dots:
        _draw_bars(axes, dot, color)
        axes.plot([dot.x], [dot.y], linestyle="none", marker=marks[dot.steps], markersize=5.4,
                  color=color, markeredgecolor=INK, markeredgewidth=0.4,
                  markerfacecolor="white" if trail.variant % 2 else color, zorder=4)  # fmt: skip
        if dot.on_front or _perhaps(dot):
            _ring(axes, dot.x, dot.y, perhaps=not dot.on_front)


def _draw_bars(axes: Axes, dot: Dot, color: str) -> None:
    bars = [[length] for length in _reach(dot)] if dot.x_sd is not None else None
    axes.errorbar(
        [dot.x], [dot.y], xerr=bars, yerr=dot.y_sd, fmt="none", ecolor=color, elinewidth=0.9,
        capsize=0, alpha=0.8, zorder=3,
    )  # fmt: skip


def _perhaps(dot: Dot) -> bool:
    return not dot.on_front and dot.p_front is not None and dot.p_front >= PERHAPS


def _ring(axes: Axes, x: float, y: float, *, perhaps: bool, label: str | None = None) -> None:
    (ring,) = axes.plot([x], [y], linestyle="none", marker="o", markersize=10,
                        markerfacecolor="none", markeredgecolor=FRONT, zorder=5, label=label,
                        markeredgewidth=0.9 if perhaps else 1.6)  # fmt: skip
    if perhaps:
        ring.set_alpha(0.45)


def _tick_x(axes: Axes) -> None:
    """Put plain numbers at 1, 2 and 5 of each decade, or at decades alone where there are many.

    The power of energies that are small throughout stands in the label.
    """
    low, high = axes.get_xlim()
    axes.set_xlim(low, high)
    parts = (1, 2, 5) if high / low < 1000 else (1,)  # noqa: PLR2004 - three decades
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    ticks = [
        tick for power in decades for part in parts if low <= (tick := part * 10**power) <= high
    ]
    power = 0 if high > SMALL_KWH else math.floor(math.log10(high))
    axes.set_xticks(ticks, [f"{tick / 10**power:.3g}" for tick in ticks])
    if power:
        axes.set_xlabel(axes.get_xlabel().replace("(kWh", f"($10^{{{power}}}$ kWh"))
    axes.set_xticks([], minor=True)


class _Taken:
    """The places in a figure where no name may stand, in pixels."""

    def __init__(self, axes: Axes, scatter: Scatter) -> None:
        self._bounds = axes.bbox
        self._places = {
            trail: _pixels(axes, ((dot.x, dot.y) for dot in trail.dots)) for trail in scatter.trails
        }
        self._dots = [place for places in self._places.values() for place in places]
        fronts = [_pixels(axes, _corners(front)) for front in scatter.fronts]
        self._lines = [place for places in self._places.values() for place in _between(places)]
        bars = [_pixels(axes, bar) for trail in scatter.trails for bar in _bars(trail)]
        self._loud = [place for places in (*fronts, *bars) for place in _between(places)]
        self._boxes: list[Bbox] = []
        self._scale = axes.figure.dpi / 72
        self._to_axes = axes.transAxes.inverted()

    def settle(self, text: Text, trail: Trail, canvas: FigureCanvasAgg) -> bool:
        """Move the text to the freest place beside its trail; say whether there was one."""
        box = text.get_window_extent(canvas.get_renderer())  # type: ignore[no-untyped-call]
        found = [
            (self._cost(moved), order, moved)
            for order, moved in enumerate(self._candidates(trail, box.width, box.height))
        ]
        free = [one for one in found if one[0] is not None]
        if not free:
            return False
        _, _, best = min(free, key=lambda one: (one[0], one[1]))
        # Not in pixels: each format is drawn with its own number of them.
        middle = ((best.x0 + best.x1) / 2, (best.y0 + best.y1) / 2)
        text.set_position(tuple(self._to_axes.transform(middle)))
        self._boxes.append(best)
        return True

    def _candidates(self, trail: Trail, width: float, height: float) -> Iterable[Bbox]:
        for away in (away_pt * self._scale for away_pt in _AWAYS_PT):
            for x, y in reversed(self._places[trail]):
                for across, up in _SIDES:
                    middle = (x + across * (away + width / 2), y + up * (away + height / 2))
                    yield _box(middle, width, height)

    def _cost(self, box: Bbox) -> float | None:
        inside = (
            self._bounds.x0 <= box.x0 and box.x1 <= self._bounds.x1
            and self._bounds.y0 <= box.y0 and box.y1 <= self._bounds.y1
        )  # fmt: skip
        near = box.padded(3 * self._scale)
        if not inside or any(near.contains(*dot) for dot in self._dots):
            return None
        if any(near.overlaps(other) for other in self._boxes):
            return None
        crossed = sum(near.contains(*place) for place in self._lines)
        return crossed + _LOUD * sum(near.contains(*place) for place in self._loud)


def _box(middle: tuple[float, float], width: float, height: float) -> Bbox:
    from matplotlib.transforms import Bbox

    return Bbox.from_bounds(middle[0] - width / 2, middle[1] - height / 2, width, height)


def _pixels(axes: Axes, places: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in map(axes.transData.transform, places)]


def _bars(trail: Trail) -> Iterable[Sequence[tuple[float, float]]]:
    """Yield both ends of each bar."""
    for dot in trail.dots:
        low, high = _reach(dot)
        yield ((dot.x - low, dot.y), (dot.x + high, dot.y))
        sd = dot.y_sd or 0.0
        yield ((dot.x, dot.y - sd), (dot.x, dot.y + sd))


def _reach(dot: Dot) -> tuple[float, float]:
    """Return how far a bar reaches down and up: beyond zero is no place on a logarithmic axis."""
    sd = dot.x_sd or 0.0
    return min(sd, 0.9 * dot.x), sd


def _corners(front: Sequence[tuple[float, float]]) -> Iterable[tuple[float, float]]:
    """Yield the points of a front and the corner between each two of them."""
    for (x0, y0), (x1, _) in pairwise(front):
        yield x0, y0
        yield x1, y0
    yield front[-1]


def _between(places: Sequence[tuple[float, float]]) -> Iterable[tuple[float, float]]:
    """Yield points along a trail, close enough that no text fits between two."""
    for (x0, y0), (x1, y1) in pairwise(places):
        count = max(2, int(math.hypot(x1 - x0, y1 - y0) / 4))
        for part in range(count):
            yield x0 + (x1 - x0) * part / count, y0 + (y1 - y0) * part / count
