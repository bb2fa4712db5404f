"""Protocols side by side as a table and a figure."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from repro.analysis.drawing.figures import (
    Chart,
    Curve,
    common_facts,
    energy_source,
    models_in_order,
)
from repro.analysis.reading.series import labels, ordered
from repro.analysis.tables.columns import (
    CHECKPOINT,
    CLASS,
    HARDWARE,
    MODEL,
    PROTOCOL,
    QUANTITY,
    RATIO,
    SERIES,
    STEPS,
    WEIGHTS,
    Column,
    N,
    machine,
)
from repro.analysis.tables.table import Cell, Table, titles_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from repro.analysis.protocols.comparison import Treatment
    from repro.analysis.reading.dataset import DataSet
    from repro.analysis.reading.series import Series

TITLE = "Protocols side by side"

_NOTE = (
    "Energy of one generation. Cold start: what the first generation costs more than the others, "
    "and what of that is in the mean; a warm-up is in no mean. Tail: what CodeCarbon reads beyond "
    "the counter over the same windows. Instrument: standard uncertainty of a single window."
)


def protocols_table(data: DataSet, found: Sequence[Treatment]) -> Table:
    """Make the table of the same settings under several protocols, in joules."""
    kind = data.bundle_class.value
    return Table(
        name="protocols",
        title=TITLE,
        bundle_class=kind,
        titles=titles_of(data.series),
        columns=(
            MODEL, STEPS, PROTOCOL, Column("energy_j_mean", "Energy (J)"),
            Column("energy_j_sd", "sd (J)"), N, RATIO, Column("cold_start_j", "Cold start (J)"),
            Column("cold_start_in_mean_j", "in the mean (J)"), Column("tail_j", "Tail (J)"),
            Column("instrument_u_j", "Instrument (J)"), Column("generations"), HARDWARE, CLASS,
            *machine("yardstick", "ratio_sd"), QUANTITY, CHECKPOINT, WEIGHTS,
            *machine("size", "dtype", "conditions"),
        ),
        rows=tuple(_row(one, kind) for one in found),
        notes=(_NOTE,) if found else (),
        implied=("hardware", "weights", "checkpoint", "quantity"),
    )  # fmt: skip


def _row(one: Treatment, kind: str) -> tuple[Cell, ...]:
    series, energy = one.series, one.energy_j
    return (
        series.model, one.steps, series.protocol, energy.mean, energy.sd, energy.n, one.ratio,
        one.cold_j, one.cold_in_mean_j, one.tail_j, one.instrument_u_j, one.generations,
        series.hardware, kind, one.yardstick, one.ratio_sd, f"{one.quantity.upper()} energy",
        series.checkpoint, series.weights, series.size, series.dtype,
        "; ".join(series.conditions),
    )  # fmt: skip


def protocols_chart(data: DataSet, found: Sequence[Treatment]) -> Chart | None:
    """Show each protocol's energy over that of the yardstick; None where there is nothing to."""
    drawn = [one for one in found if one.ratio is not None]
    if not drawn:
        return None
    kind = data.bundle_class.value
    series = ordered(one.series for one in drawn)
    yardsticks = " or ".join(sorted({one.yardstick for one in drawn if one.yardstick}))
    quantity = drawn[0].quantity
    source = energy_source(quantity, series, ())
    return Chart(
        name="protocols",
        title=TITLE,
        subtitle=" · ".join([*common_facts(series), "mean ± sd of the repeats"]),
        x_label="Inference steps",
        y_label=f"{quantity.upper()} energy over protocol {yardsticks} (ratio{source})",
        bundle_class=kind,
        curves=_curves(data, drawn, series),
        table=_points(drawn, labels(series), kind),
        notes=("1 is what the yardstick found.",),
    )


def _curves(
    data: DataSet, drawn: Sequence[Treatment], series: Sequence[Series]
) -> tuple[Curve, ...]:
    places, named = models_in_order(data), _named(series)
    own: dict[Series, list[Treatment]] = defaultdict(list)
    for one in drawn:
        own[one.series].append(one)
    seen: dict[str, int] = defaultdict(int)
    curves = []
    for each in series:
        points = own[each]
        ratios = [one.ratio or 0.0 for one in points]
        curves.append(
            Curve(
                label=named[each],
                place=places[each.model],
                variant=seen[each.model],
                xs=tuple(one.steps for one in points),
                ys=tuple(ratios),
                sds=tuple(one.ratio_sd for one in points),
                tips=tuple(
                    f"{named[each]}, {one.steps} steps: {ratio:.3g} of {one.yardstick}"
                    for one, ratio in zip(points, ratios, strict=True)
                ),
            )
        )
        seen[each.model] += 1
    return tuple(curves)


def _named(series: Sequence[Series]) -> dict[Series, str]:
    """Name each by model and protocol, and by what else tells two of these apart."""
    short = {one: f"{one.title}, {one.protocol}" for one in series}
    unique = len(set(short.values())) == len(short)
    return short if unique else labels(series)


def _points(drawn: Sequence[Treatment], named: dict[Series, str], kind: str) -> Table:
    return Table(
        name="protocols",
        title=f"{TITLE}: the points drawn",
        bundle_class=kind,
        columns=(SERIES, MODEL, STEPS, PROTOCOL, RATIO, *machine("ratio_sd", "yardstick"),
                 QUANTITY, HARDWARE, CLASS),
        rows=tuple(
            (
                named[one.series], one.series.model, one.steps, one.series.protocol, one.ratio,
                one.ratio_sd, one.yardstick, f"{one.quantity.upper()} energy",
                one.series.hardware, kind,
            )
            for one in drawn
        ),
        implied=("quantity", "hardware"),
    )  # fmt: skip
