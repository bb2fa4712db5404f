"""What Figure 2 shows, as values: energy against quality, and the front; ``plot`` draws it."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from repro.analysis.drawing.figures import Absent, common_facts, energy_source, models_in_order
from repro.analysis.pareto.notes import pareto_notes
from repro.analysis.pareto.table import PARETO_COLUMNS, pareto_row
from repro.analysis.reading.series import Series, labels, ordered
from repro.analysis.tables.table import Table, titles_of
from repro.energy.units import kwh

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from repro.analysis.pareto.panels import Entry, Panel
    from repro.analysis.reading.dataset import DataSet

#: Half a mark, as shares of what the points of a figure span.
_WIDE, _HIGH = 0.007, 0.014
_TITLES = {"fad": "Fréchet audio distance", "clap": "CLAP score"}
_METRICS = {
    "fad_inf": "FAD, extrapolated (less is better)",
    "fad": "FAD (less is better)",
    "clap": "CLAP score (more is better)",
}


@dataclass(frozen=True, slots=True)
class Dot:
    """One point: kWh across, score upwards, and what a reader is told who points at it.

    ``p_front`` is None where nothing is known to vary.
    """

    x: float
    y: float
    x_sd: float | None
    y_sd: float | None
    steps: int
    on_front: bool
    p_front: float | None
    tip: str


@dataclass(frozen=True, slots=True)
class Trail:
    """The points of one series, by steps. ``place`` tells models apart, ``variant`` series."""

    label: str
    place: int
    variant: int
    dots: tuple[Dot, ...]


@dataclass(frozen=True, slots=True)
class Scatter:
    """A figure to be drawn: trails over a logarithmic energy axis, and the fronts among them."""

    name: str
    title: str
    subtitle: str
    x_label: str
    y_label: str
    bundle_class: str
    trails: tuple[Trail, ...]
    fronts: tuple[tuple[tuple[float, float], ...], ...]
    table: Table
    notes: tuple[str, ...]
    scale: str = "The energy axis is logarithmic."

    @property
    def steps(self) -> tuple[int, ...]:
        """Return all numbers of steps there are, ascending."""
        return tuple(sorted({dot.steps for trail in self.trails for dot in trail.dots}))


def fig2(data: DataSet, panels: Sequence[Panel]) -> tuple[Scatter | Absent, ...]:
    """Show each panel; without any there is one figure that is absent."""
    if not panels:
        return (Absent("fig2", "Energy against quality", "No bundle holds the study quality."),)
    return tuple(_figure(data, panel) for panel in panels)


def _figure(data: DataSet, panel: Panel) -> Scatter | Absent:
    dataset = panel.place
    name = f"fig2_{panel.dataset}_{panel.kind}"
    title = f"{_TITLES[panel.kind]} against energy, {dataset}"
    drawn = [entry for entry in panel.entries if entry.placed]
    if panel.metric is None:
        score = panel.kind.upper()
        return Absent(name, title, f"No bundle holds {score} scores of the clips on {dataset}.")
    if not drawn:
        return Absent(name, title, "No set of clips is complete, and so none has its energy.")
    return Scatter(
        name=name,
        title=title,
        subtitle=_subtitle(drawn),
        x_label=_x_label(drawn, panel.quantity),
        y_label=_METRICS[panel.metric],
        bundle_class=data.bundle_class.value,
        trails=_trails(data, drawn),
        fronts=_fronts(panel.front),
        table=_table(data, panel, drawn, name=name, title=title),
        notes=pareto_notes(panel),
    )


def _subtitle(drawn: Sequence[Entry]) -> str:
    facts = common_facts([entry.point.series for entry in drawn])
    return " · ".join([*facts, *_bars(drawn)])


def _bars(drawn: Sequence[Entry]) -> Iterable[str]:
    """Say what the bars are, or that none is long enough to be seen beyond its mark."""
    across = [math.log(entry.energy_j or 1.0) for entry in drawn]
    upwards = [entry.value or 0.0 for entry in drawn]
    shares = [
        max(
            _share(math.log1p((one.energy_sd_j or 0.0) / (one.energy_j or 1.0)), across) / _WIDE,
            _share(one.value_sd or 0.0, upwards) / _HIGH,
        )
        for one in drawn
    ]
    if any(shares):
        yield "bars: one sd" if max(shares) > 1 else "one sd is within each mark"


def _share(length: float, values: Sequence[float]) -> float:
    """Return a length as a share of what the values span; where they span nothing, it is all."""
    span = max(values) - min(values)
    return length / span if span else float(length > 0)


def _x_label(drawn: Sequence[Entry], quantity: str) -> str:
    clips = sorted({entry.point.clips for entry in drawn})
    points = [entry.point for entry in drawn]
    source = energy_source(
        quantity,
        (point.series for point in points),
        (source for point in points for source in point.cpu_sources),
    )
    return f"{quantity.upper()} energy of {' or '.join(map(str, clips))} clips (kWh{source})"


def _trails(data: DataSet, drawn: Sequence[Entry]) -> tuple[Trail, ...]:
    own: dict[Series, list[Entry]] = defaultdict(list)
    for entry in drawn:
        own[entry.point.series].append(entry)
    named, places = labels(ordered(own)), models_in_order(data)
    seen: dict[str, int] = defaultdict(int)
    trails = []
    for series, label in named.items():
        entries = sorted(own[series], key=lambda entry: entry.point.steps)
        dots = tuple(_dot(entry, label) for entry in entries)
        trails.append(Trail(label, places[series.model], seen[series.model], dots))
        seen[series.model] += 1
    return tuple(trails)


def _dot(entry: Entry, label: str) -> Dot:
    x, y = kwh(entry.energy_j or 0.0), entry.value or 0.0
    chance = "" if entry.p_front is None else f" (p {entry.p_front:.2f})"
    metric = entry.yardstick.metric.replace("_", "-") if entry.yardstick else ""
    return Dot(
        x=x,
        y=y,
        x_sd=kwh(entry.energy_sd_j),
        y_sd=entry.value_sd or None,
        steps=entry.point.steps,
        on_front=bool(entry.on_front),
        p_front=entry.p_front,
        tip=f"{label}, {entry.point.steps} steps: {x:.4g} kWh, {metric} {y:.4g}{_range(entry)}; "
        f"{'on' if entry.on_front else 'not on'} the front{chance}",
    )


def _range(entry: Entry) -> str:
    return f" ({entry.interval.low:.4g} to {entry.interval.high:.4g})" if entry.interval else ""


def _fronts(front: Iterable[Entry]) -> tuple[tuple[tuple[float, float], ...], ...]:
    leagues: dict[tuple[object, ...], list[tuple[float, float]]] = defaultdict(list)
    for entry in front:
        leagues[entry.league].append((kwh(entry.energy_j or 0.0), entry.value or 0.0))
    return tuple(tuple(sorted(places)) for places in leagues.values())


def _table(data: DataSet, panel: Panel, drawn: Sequence[Entry], *, name: str, title: str) -> Table:
    kind = data.bundle_class.value
    return Table(
        name=name,
        title=f"{title}: the points drawn",
        bundle_class=kind,
        titles=titles_of(data.series),
        columns=PARETO_COLUMNS,
        rows=tuple(pareto_row(panel, entry, kind) for entry in drawn),
        implied=("dataset", "metric", "executed_steps", "quantity", "hardware", "clips",
                 "checkpoint", "weights"),
    )  # fmt: skip
