"""What each figure of the paper shows, as values; ``plot`` draws it.

A figure is made from its table and from nothing else, so the CSV beside it is what was drawn.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from repro.analysis.series import Series, labels, ordered
from repro.analysis.tables import Cell, Table
from repro.analysis.units import kwh

if TYPE_CHECKING:
    from collections.abc import Sequence

    from repro.analysis.load import DataSet
    from repro.analysis.points import Point
    from repro.analysis.stats import Summary


@dataclass(frozen=True, slots=True)
class Curve:
    """One series in a figure. ``place`` tells models apart, ``variant`` series of one model."""

    label: str
    place: int
    variant: int
    xs: tuple[float, ...]
    ys: tuple[float, ...]
    sds: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """A figure to be drawn: curves on logarithmic axes, with all that is written around them."""

    name: str
    title: str
    subtitle: str
    x_label: str
    y_label: str
    bundle_class: str
    curves: tuple[Curve, ...]
    table: Table
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Absent:
    """A figure that these bundles cannot give, and why."""

    name: str
    title: str
    reason: str


def fig1a(data: DataSet, points: Sequence[Point]) -> Chart | Absent:
    """Show the energy of one generation against the inference steps asked for."""
    singles = [point for point in points if point.batch_size == 1]
    return _chart(
        data, singles, name="fig1a", title="Energy against inference steps", axis="steps",
        x_label="Inference steps", what="of one generation",
    )  # fmt: skip


def fig1b(data: DataSet, points: Sequence[Point]) -> Chart | Absent:
    """Show the energy of all samples together against the batch size they were made in."""
    counts = sorted({point.samples for point in points if point.n})
    what = f"of {' or '.join(map(str, counts))} samples"
    return _chart(
        data, points, name="fig1b", title="Energy against batch size", axis="batch_size",
        x_label="Batch size", what=what,
    )  # fmt: skip


def _chart(
    data: DataSet, points: Sequence[Point], *,
    name: str, title: str, axis: str, x_label: str, what: str,
) -> Chart | Absent:  # fmt: skip
    if not points:
        study = "batch" if axis == "batch_size" else axis
        return Absent(name, title, f"No bundle holds the study {study}.")
    quantity = _quantity(points)
    drawn = [point for point in points if _energy(point, quantity)]
    if not drawn:
        return Absent(name, title, "No point has a repeat that counts.")
    named = labels(ordered(point.series for point in drawn))
    return Chart(
        name=name,
        title=title,
        subtitle=_subtitle(drawn),
        x_label=x_label,
        y_label=_y_label(drawn, quantity, what),
        bundle_class=data.bundle_class.value,
        curves=_curves(data, drawn, named, axis, quantity),
        table=_table(data, drawn, named, name=name, title=title, quantity=quantity),
        notes=_left_out(points, drawn, quantity),
    )


def _quantity(points: Sequence[Point]) -> str:
    return "gpu" if any(point.gpu_energy_j for point in points) else "cpu"


def _energy(point: Point, quantity: str) -> Summary | None:
    return point.gpu_energy_j if quantity == "gpu" else point.cpu_energy_j


def _subtitle(drawn: Sequence[Point]) -> str:
    """Say what is common to everything drawn; what is not stands at the curves."""
    series = [point.series for point in drawn]
    facts = [words.format(value) for name, words in _FACTS if (value := _common(series, name))]
    repeats = sorted({point.n for point in drawn})
    if repeats == [1]:
        return " · ".join([*facts, "one repeat"])
    span = f"{repeats[0]}" if len(repeats) == 1 else f"{repeats[0]} to {repeats[-1]}"
    return " · ".join([*facts, f"mean ± sd of {span} repeats"])


_FACTS = (
    ("hardware", "{}"),
    ("protocol", "protocol {}"),
    ("weights", "{} weights"),
    ("size", "{} size"),
)


def _common(series: Sequence[Series], name: str) -> str | None:
    values = {getattr(one, name) for one in series}
    return values.pop() if len(values) == 1 else None


def _y_label(drawn: Sequence[Point], quantity: str, what: str) -> str:
    return f"{quantity.upper()} energy {what} (kWh{_source_of(drawn, quantity)})"


def _source_of(drawn: Sequence[Point], quantity: str) -> str:
    if quantity == "gpu":
        simulated = any(point.series.hardware.endswith("(simulated)") for point in drawn)
        return ", simulated" if simulated else ""
    sources = sorted({source for point in drawn for source in point.cpu_sources})
    return f", {' or '.join(sources)}" if sources else ""


def _curves(
    data: DataSet, drawn: Sequence[Point], named: dict[Series, str], axis: str, quantity: str
) -> tuple[Curve, ...]:
    # Places come from the whole data set: a model looks the same in every figure.
    everything = ordered(row.series for source in data.sources for row in source.rows)
    models = list(dict.fromkeys(one.model for one in everything))
    curves = []
    for one, label in named.items():
        own = [point for point in drawn if point.series == one]
        summaries = [summary for point in own if (summary := _energy(point, quantity))]
        peers = [peer for peer in named if peer.model == one.model]
        curves.append(
            Curve(
                label=label,
                place=models.index(one.model),
                variant=peers.index(one),
                xs=tuple(getattr(point, axis) for point in own),
                ys=tuple(kwh(summary.mean) for summary in summaries),
                sds=tuple(kwh(summary.sd) for summary in summaries),
            )
        )
    return tuple(curves)


def _table(
    data: DataSet, drawn: Sequence[Point], named: dict[Series, str], *,
    name: str, title: str, quantity: str,
) -> Table:  # fmt: skip
    return Table(
        name=name,
        title=f"{title}: the points drawn",
        bundle_class=data.bundle_class.value,
        columns=_COLUMNS,
        implied=("steps", "batch_size", "samples", "quantity", "hardware"),
        rows=tuple(
            _table_row(point, named[point.series], quantity, data.bundle_class.value)
            for point in drawn
        ),
    )


_COLUMNS = (
    "series", "model", "steps", "executed_steps", "batch_size", "samples", "n",
    "energy_kwh_mean", "energy_kwh_sd", "energy_kwh_low_95", "energy_kwh_high_95",
    "quantity", "hardware", "class",
)  # fmt: skip


def _table_row(point: Point, label: str, quantity: str, kind: str) -> tuple[Cell, ...]:
    energy = _energy(point, quantity)
    numbers = (energy.mean, energy.sd, energy.low, energy.high) if energy else (None,) * 4
    executed = point.executed_steps
    return (
        label, point.series.title, point.steps, executed[0] if len(executed) == 1 else None,
        point.batch_size, point.samples, point.n, *map(kwh, numbers),
        f"{quantity.upper()} energy", point.series.hardware, kind,
    )  # fmt: skip


def _left_out(points: Sequence[Point], drawn: Sequence[Point], quantity: str) -> tuple[str, ...]:
    shown = {point.series for point in drawn}
    hidden = ordered(point.series for point in points if point.series not in shown)
    energy = f"{quantity.upper()} energy"
    notes = [
        f"Not drawn: {one.title} on {one.hardware}, without {energy} that counts." for one in hidden
    ]
    gaps = [point for point in points if point.series in shown and not _energy(point, quantity)]
    notes += [
        f"Not drawn: {point.series.title} at {point.steps} steps, batch size {point.batch_size}, "
        "where no repeat counts."
        for point in gaps
    ]
    return tuple(notes)
