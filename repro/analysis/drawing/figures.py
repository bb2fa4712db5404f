"""What each figure of the paper shows, as values; ``plot`` draws it.

A figure is made from its table and from nothing else, so the CSV beside it is what was drawn.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from repro.analysis.reading.series import Series, labels, ordered
from repro.analysis.tables.columns import (
    BATCH_SIZE,
    CLASS,
    EXECUTED,
    HARDWARE,
    MODEL,
    QUANTITY,
    SAMPLES,
    SERIES,
    STEPS,
    N,
    energy_kwh,
    machine,
)
from repro.analysis.tables.table import Cell, Table
from repro.energy.units import kwh

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from repro.analysis.points import Point
    from repro.analysis.reading.dataset import DataSet
    from repro.analysis.stats import Summary


@dataclass(frozen=True, slots=True)
class Curve:
    """One series in a figure. ``place`` tells models apart, ``variant`` series of one model.

    ``tips`` are what a reader is told who points at a point.
    """

    label: str
    place: int
    variant: int
    xs: tuple[float, ...]
    ys: tuple[float, ...]
    sds: tuple[float | None, ...]
    tips: tuple[str, ...]


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
    scale: str = "Both axes are logarithmic."


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
    facts = common_facts([point.series for point in drawn])
    repeats = sorted({point.n for point in drawn})
    if repeats == [1]:
        return " · ".join([*facts, "one repeat"])
    span = f"{repeats[0]}" if len(repeats) == 1 else f"{repeats[0]} to {repeats[-1]}"
    return " · ".join([*facts, f"mean ± sd of {span} repeats"])


def common_facts(series: Sequence[Series]) -> list[str]:
    """Return what is the same for all series, each a short phrase."""
    return [words.format(value) for name, words in _FACTS if (value := _common(series, name))]


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
    source = energy_source(
        quantity,
        (point.series for point in drawn),
        (source for point in drawn for source in point.cpu_sources),
    )
    return f"{quantity.upper()} energy {what} (kWh{source})"


def energy_source(quantity: str, series: Iterable[Series], cpu_sources: Iterable[str]) -> str:
    """Return what an axis must say beside its unit: simulated, measured or modelled."""
    if quantity == "gpu":
        simulated = any(one.hardware.endswith("(simulated)") for one in series)
        return ", simulated" if simulated else ""
    sources = sorted(set(cpu_sources))
    return f", {' or '.join(sources)}" if sources else ""


def models_in_order(data: DataSet) -> dict[str, int]:
    """Give each model of the whole data set its place, the same in every figure."""
    models = dict.fromkeys(series.model for series in data.series)
    return {model: place for place, model in enumerate(models)}


def _curves(
    data: DataSet, drawn: Sequence[Point], named: dict[Series, str], axis: str, quantity: str
) -> tuple[Curve, ...]:
    places = models_in_order(data)
    own: dict[Series, list[Point]] = defaultdict(list)
    for point in drawn:
        own[point.series].append(point)
    seen: Counter[str] = Counter()
    curves = []
    for one, label in named.items():
        look = (places[one.model], seen[one.model])
        curves.append(_curve(own[one], label, look, axis=axis, quantity=quantity))
        seen[one.model] += 1
    return tuple(curves)


def _curve(
    points: Sequence[Point], label: str, look: tuple[int, int], *, axis: str, quantity: str
) -> Curve:
    summaries = [summary for point in points if (summary := _energy(point, quantity))]
    xs = tuple(getattr(point, axis) for point in points)
    return Curve(
        label=label,
        place=look[0],
        variant=look[1],
        xs=xs,
        ys=tuple(kwh(summary.mean) for summary in summaries),
        sds=tuple(kwh(summary.sd) for summary in summaries),
        tips=tuple(
            f"{label}, {axis.replace('_', ' ')} {x}: {_said(summary)}"
            for x, summary in zip(xs, summaries, strict=True)
        ),
    )


def _said(summary: Summary) -> str:
    sd = "" if summary.sd is None else f" ± {kwh(summary.sd):.2g}"
    return f"{kwh(summary.mean):.4g}{sd} kWh, n {summary.n}"


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
    SERIES, MODEL, STEPS, EXECUTED, BATCH_SIZE, SAMPLES, N,
    energy_kwh("energy_kwh_mean", "Energy (kWh)"), energy_kwh("energy_kwh_sd", "sd (kWh)"),
    *machine("energy_kwh_low_95", "energy_kwh_high_95"), QUANTITY, HARDWARE, CLASS,
)  # fmt: skip


def _table_row(point: Point, label: str, quantity: str, kind: str) -> tuple[Cell, ...]:
    energy = _energy(point, quantity)
    numbers = (energy.mean, energy.sd, energy.low, energy.high) if energy else (None,) * 4
    executed = point.executed_steps
    return (
        label, point.series.model, point.steps, executed[0] if len(executed) == 1 else None,
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
