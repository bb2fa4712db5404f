"""What a clip costs along the fronts, as tables: one of all, and one for a reader of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from repro.analysis.front.rungs import other_kind
from repro.analysis.pareto.notes import chance
from repro.analysis.tables.cells import only, series_cells, wh
from repro.analysis.tables.columns import (
    CLASS,
    CLIP_J,
    CLIP_S,
    CLIP_WH,
    CLIPS,
    DATASET,
    HARDWARE,
    METRIC,
    MODEL,
    OF_SERIES,
    QUANTITY,
    STEPS,
    Column,
    N,
    machine,
)
from repro.analysis.tables.table import Table, titles_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from repro.analysis.front.rungs import Front, Rung
    from repro.analysis.reading.dataset import DataSet
    from repro.analysis.tables.table import Cell

#: How a score is named to people, and which way it is better.
SCORES = {"fad": "FAD", "clap": "CLAP score"}
WAYS = {"fad": "less is better", "clap": "more is better"}
_OF_ONE = ("dataset", "metric", "quantity", "clips", "n", "checkpoint", "weights")
_NOTE = (
    "The points that nothing measured beats, from the cheapest to the best. Energy and seconds of "
    "one clip: those of a whole set over its clips. Times: the energy over that of the row above; "
    "better by: what that buys."
)


def front_table(data: DataSet, found: Sequence[Front]) -> Table:
    """Make the table of all fronts."""
    return _table(data, found, "What a clip costs on the Pareto fronts", "Score", "Other score")


def front_of(data: DataSet, front: Front) -> Table:
    """Make the table of one front, its scores called by their names."""
    kind, other = front.panel.kind, other_kind(front.panel.kind)
    title = f"What a clip costs on the front of {name_of(front)}"
    return _table(data, [front], title, SCORES[kind], SCORES[other])


def name_of(front: Front) -> str:
    """Name a front by score, data set, hardware and protocol, which are the same along it."""
    series, panel = front.rungs[0].entry.point.series, front.panel
    return f"{SCORES[panel.kind]} on {panel.place}, {series.hardware}, protocol {series.protocol}"


def _table(data: DataSet, found: Sequence[Front], title: str, score: str, other: str) -> Table:
    kind = data.bundle_class.value
    hardware = {rung.entry.point.series.hardware for front in found for rung in front.rungs}
    return Table(
        name="front",
        title=title,
        bundle_class=kind,
        titles=titles_of(data.series),
        columns=(
            DATASET, METRIC, MODEL, STEPS, CLIP_WH, CLIP_S, Column("value", score),
            Column("value_low_95", "from", if_filled=True),
            Column("value_high_95", "to (95 %)", if_filled=True), Column("other_value", other),
            Column("energy_ratio", "Times", places=2), Column("gain", "Better by"),
            Column("p_front", "p", places=2, if_filled=True), CLIP_J, N, CLIPS, HARDWARE, CLASS,
            QUANTITY, *machine("other_metric", "executed_steps"), *OF_SERIES,
        ),
        rows=tuple(_row(front, rung, kind) for front in found for rung in front.rungs),
        notes=_notes(found) if found else (),
        implied=(*_OF_ONE, *(["hardware"] if len(hardware) == 1 else [])),
    )  # fmt: skip


def _row(front: Front, rung: Rung, kind: str) -> tuple[Cell, ...]:
    panel, point, interval = front.panel, rung.entry.point, rung.entry.interval
    return (
        panel.dataset, front.metric, point.series.model, point.steps, wh(rung.energy_j),
        rung.duration_s, rung.value,
        *(interval[:2] if interval else (None, None)), rung.other, rung.ratio, rung.gain,
        rung.entry.p_front, rung.energy_j, point.n, point.clips, point.series.hardware, kind,
        f"{panel.quantity.upper()} energy",
        other_kind(panel.kind) if rung.other is not None else None, only(point.executed_steps),
        *series_cells(point.series),
    )  # fmt: skip


def _notes(found: Sequence[Front]) -> tuple[str, ...]:
    kinds = dict.fromkeys(front.panel.kind for front in found)
    ways = "; ".join(f"{SCORES[kind]}: {WAYS[kind]}" for kind in kinds)
    quantity = found[0].panel.quantity.upper()
    extrapolated = any(front.metric == "fad_inf" for front in found)
    said = (
        _NOTE,
        f"{quantity} energy alone. {ways}{'; FAD is extrapolated' if extrapolated else ''}.",
    )
    return tuple(dict.fromkeys((*said, *(chance(front.panel) for front in found))))
