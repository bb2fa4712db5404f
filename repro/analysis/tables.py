"""The paper's tables as values; ``formats`` writes them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from repro.analysis.pareto import DRAWS
from repro.analysis.points import STATUSES, Point
from repro.energy.units import kwh

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from repro.analysis.dataset import DataSet
    from repro.analysis.lines import StepLine
    from repro.analysis.panels import Entry, Panel
    from repro.analysis.quality import QualityPoint
    from repro.analysis.series import Series
    from repro.analysis.stats import Summary

Cell = str | int | float | None

_SERIES_COLUMNS = ("checkpoint", "weights", "size", "protocol", "dtype", "conditions")
_COUNT_COLUMNS = (*STATUSES, "warmups", "disturbed")


@dataclass(frozen=True, slots=True)
class Table:
    """Named columns and their rows; ``notes`` say what a reader must know and no cell can.

    ``implied`` columns are for machines alone while they tell no two rows of a model apart.
    A model stands in the rows by its name; people are shown its title.
    """

    name: str
    title: str
    bundle_class: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()
    implied: tuple[str, ...] = ()
    titles: Mapping[str, str] = field(default_factory=dict)

    def column(self, name: str) -> tuple[Cell, ...]:
        """Return the cells of one column."""
        place = self.columns.index(name)
        return tuple(row[place] for row in self.rows)


def titles_of(series: Iterable[Series]) -> dict[str, str]:
    """Return the title of each model by its name."""
    return {one.model: one.title for one in series}


def table1(data: DataSet, points: Sequence[Point], *, steps: int) -> Table:
    """Make Table 1 of the paper: seconds per generation at ``steps`` steps, one at a time.

    What was not measured there stays empty: a time between two measured ones is not a
    measurement.
    """
    found = {
        point.series: point for point in points if point.steps == steps and point.batch_size == 1
    }
    series = _speed_series(data.series, points)
    kind = data.bundle_class.value
    rows = [_table1_row(one, found.get(one), steps, kind) for one in series]
    missing = [one.title for one in series if one not in found or not found[one].n]
    notes = [f"Seconds per generation of one clip at {steps} steps; sd over n repeats."]
    if missing:
        names = ", ".join(dict.fromkeys(missing))
        notes.append(f"Not measured at {steps} steps, and so left empty: {names}.")
    return Table(
        name="table1",
        title="Models and their inference speed",
        bundle_class=kind,
        titles=titles_of(data.series),
        columns=(
            "model", "checkpoint", "parameters", "inference_speed_s", "sd_s", "n", "hardware",
            "weights", "class", "at_steps", "low_95_s", "high_95_s", "parameters_total", "size",
            "protocol", "dtype", "conditions", *_COUNT_COLUMNS,
        ),
        rows=tuple(rows),
        notes=tuple(notes),
    )  # fmt: skip


def _speed_series(series: Sequence[Series], points: Sequence[Point]) -> list[Series]:
    """Leave out what has no time only because another study used another checkpoint."""
    timed = {point.series for point in points}
    known = {(one.model, one.hardware) for one in timed}
    return [one for one in series if one in timed or (one.model, one.hardware) not in known]


def _table1_row(series: Series, point: Point | None, steps: int, kind: str) -> tuple[Cell, ...]:
    speed = point.duration_s if point else None
    return (
        series.model, series.checkpoint, series.parameters,
        *_mean_sd(speed), speed.n if speed else 0,
        series.hardware, series.weights, kind, steps, *_interval(speed),
        series.parameters_total, series.size, series.protocol, series.dtype,
        "; ".join(series.conditions), *_counts(point),
    )  # fmt: skip


def steps_table(data: DataSet, points: Sequence[Point]) -> Table:
    """Make the table of energy against steps: one generation, kWh and seconds."""
    kind = data.bundle_class.value
    mixed = [point for point in points if len(point.executed_steps) > 1]
    notes = ["Energy and time of one generation; mean and sd over n repeats."]
    notes += [
        f"{point.series.title} at {point.steps} steps executed different numbers of steps, and "
        f"so none is given: {', '.join(map(str, point.executed_steps))}."
        for point in mixed
    ]
    return Table(
        name="steps",
        title="Energy against inference steps",
        bundle_class=kind,
        titles=titles_of(data.series),
        columns=(
            "model", "steps", "executed_steps", "n", "gpu_energy_kwh_mean", "gpu_energy_kwh_sd",
            "cpu_energy_kwh_mean", "duration_s_mean", "hardware", "class", "batch_size",
            *_DETAIL_COLUMNS,
        ),
        rows=tuple(
            (
                point.series.model, point.steps, _only(point.executed_steps), point.n,
                *_kwh_mean_sd(point.gpu_energy_j), _kwh_mean_sd(point.cpu_energy_j)[0],
                _mean_sd(point.duration_s)[0], point.series.hardware, kind, point.batch_size,
                *_details(point),
            )
            for point in points
        ),
        notes=tuple(notes),
        implied=("batch_size", "checkpoint", "weights"),
    )  # fmt: skip


def batch_table(data: DataSet, points: Sequence[Point]) -> Table:
    """Make the table of energy against batch size: all samples of a repeat, kWh and seconds."""
    kind = data.bundle_class.value
    note = (
        "Energy of all samples together; mean and sd over n complete repeats. "
        "A repeat with a call that did not end well is incomplete and does not count."
    )
    return Table(
        name="batch",
        title="Energy against batch size",
        bundle_class=kind,
        titles=titles_of(data.series),
        columns=(
            "model", "batch_size", "n", "gpu_energy_kwh_mean", "gpu_energy_kwh_sd",
            "cpu_energy_kwh_mean", "hardware", "class", "samples", "steps", "incomplete",
            "duration_s_mean", *_DETAIL_COLUMNS,
        ),
        rows=tuple(
            (
                point.series.model, point.batch_size, point.n,
                *_kwh_mean_sd(point.gpu_energy_j), _kwh_mean_sd(point.cpu_energy_j)[0],
                point.series.hardware, kind, point.samples, point.steps, point.incomplete,
                _mean_sd(point.duration_s)[0], *_details(point),
            )
            for point in points
        ),
        notes=(note,),
        implied=("steps", "checkpoint", "weights"),
    )  # fmt: skip


def lines_table(data: DataSet, lines: Sequence[StepLine]) -> Table:
    """Make the table of the step lines: joules for each denoiser call, and joules besides."""
    kind = data.bundle_class.value
    note = (
        "Ordinary least squares through every repeat, at the steps it executed; se is the "
        "standard error. The fixed part is what no denoiser call explains: text encoder, "
        "decoder, and what the first generation of a process costs more."
    )
    return Table(
        name="lines",
        title="Energy of a denoiser call, and fixed energy",
        bundle_class=kind,
        titles=titles_of(data.series),
        columns=(
            "model", "slope_j_per_step", "slope_se", "intercept_j", "intercept_se", "r2", "n",
            "hardware", "class", "quantity", "fewest_steps", "most_steps", *_SERIES_COLUMNS,
        ),
        rows=tuple(_line_row(one, kind) for one in lines),
        notes=(note, *(f"{one.series.title} has no line: {one.reason}."
                       for one in lines if one.reason)),
        implied=("quantity", "checkpoint", "weights"),
    )  # fmt: skip


def _line_row(one: StepLine, kind: str) -> tuple[Cell, ...]:
    line, series = one.line, one.series
    numbers = (
        (line.slope, line.slope_se, line.intercept, line.intercept_se, line.r2, line.n)
        if line
        else (None, None, None, None, None, 0)
    )
    return (
        series.model, *numbers, series.hardware, kind, f"{one.quantity.upper()} energy",
        one.lowest, one.highest, *_series_cells(series),
    )  # fmt: skip


def pareto_table(data: DataSet, panels: Sequence[Panel]) -> Table:
    """Make the table of energy against quality: kWh of all clips of a set, and its score."""
    kind = data.bundle_class.value
    return Table(
        name="pareto",
        title="Energy against quality",
        bundle_class=kind,
        titles=titles_of(data.series),
        columns=PARETO_COLUMNS,
        rows=tuple(
            pareto_row(panel, entry, kind) for panel in panels for entry in panel.entries
        ),
        notes=tuple(dict.fromkeys(note for panel in panels for note in pareto_notes(panel))),
        implied=("executed_steps", "quantity", "hardware", "clips", "cpu_energy_kwh", "checkpoint",
                 "weights"),
    )  # fmt: skip


PARETO_COLUMNS = (
    "dataset", "metric", "model", "steps", "gpu_energy_kwh", "value", "on_front", "p_front", "n",
    "clips", "hardware", "class", "executed_steps", "cpu_energy_kwh", "quantity", "energy_sd_kwh",
    "energy_sd_from", "value_sd", "score_clips", "reference", "embedding", "engine", "incomplete",
    "fewest_clips", "most_clips", "checkpoint", "weights", "size", "protocol", "dtype",
    "conditions", *_COUNT_COLUMNS, "value_low_95", "value_high_95", "interval_method",
    "value_sd_from", "networks",
)  # fmt: skip


def pareto_row(panel: Panel, entry: Entry, kind: str) -> tuple[Cell, ...]:
    """Make the row of one point, under ``PARETO_COLUMNS``."""
    point, series, stick = entry.point, entry.point.series, entry.yardstick
    return (
        panel.dataset, panel.metric, series.model, point.steps,
        _kwh_mean_sd(point.gpu_energy_j)[0], entry.value, _truth(entry.on_front), entry.p_front,
        point.n, point.clips, series.hardware, kind, _only(point.executed_steps),
        _kwh_mean_sd(point.cpu_energy_j)[0], f"{panel.quantity.upper()} energy",
        kwh(entry.energy_sd_j), entry.energy_sd_from, entry.value_sd,
        *((stick.n, stick.reference, stick.embedding, stick.engine) if stick else (None,) * 4),
        point.incomplete, point.fewest, point.most, *_series_cells(series), *_counts(point),
        *(entry.interval[:2] if entry.interval else (None, None)),
        entry.interval.method if entry.interval else None, entry.value_sd_from,
        stick.networks if stick else None,
    )  # fmt: skip


def pareto_notes(panel: Panel) -> tuple[str, ...]:
    """Say what the numbers of a panel are, and which of its points are on no front and why."""
    notes = ["Energy of all clips of a set; n complete sets.", _chance(panel)]
    sticks = (entry.yardstick for entry in panel.entries)
    if any(stick and stick.networks == "random" for stick in sticks):
        notes.append("Scored by networks with random weights: the scores say nothing of quality.")
    short = [entry.point for entry in panel.entries if entry.energy_j is None]
    notes += [
        f"{point.series.title} on {point.dataset} at {point.steps} steps is on no front: "
        f"{_lacking(point, panel.quantity)}."
        for point in short
    ]
    placed = (entry.point for entry in panel.entries if entry.energy_j is not None)
    notes += [
        f"{point.series.title} on {point.dataset} at {point.steps} steps: {point.fewest} of "
        f"{point.clips} clips count, and their mean stands for the others."
        for point in placed
        if point.fewest < point.clips
    ]
    if panel.metric == "fad_inf" and any(entry.interval for entry in panel.entries):
        notes.append("The interval of FAD-inf is as wide as that of plain FAD over the same clips.")
    unscored = [entry for entry in panel.entries if entry.value is None]
    if unscored and panel.metric:
        names = ", ".join(f"{one.point.series.title} at {one.point.steps}" for one in unscored)
        notes.append(f"Without {panel.metric} on {panel.dataset}, and so on no front: {names}.")
    leagues = {entry.league for entry in panel.entries if entry.placed}
    if len(leagues) > 1:
        notes.append(
            f"On {panel.dataset} there are {len(leagues)} fronts: points of different hardware, "
            "weights, size, protocol, clips or ways of scoring do not dominate each other."
        )
    return tuple(notes)


def _chance(panel: Panel) -> str:
    sources = sorted({entry.energy_sd_from for entry in panel.entries if entry.energy_sd_from})
    scores = sorted({entry.value_sd_from for entry in panel.entries if entry.value_sd_from})
    if not sources and not scores:
        return "No chance of being on the front is given: nothing is known to vary."
    known = " or ".join(_ENERGY_SDS[name] for name in sources)
    energy = f"varies by the sd of {known}" if known else "is taken as exact"
    return (
        f"p: share of {DRAWS:,} draws in which the point is on the front. Energy {energy}; the "
        f"score {_score_varies(panel, scores)}."
    )


def _score_varies(panel: Panel, sources: Sequence[str]) -> str:
    if "clips" in sources:
        return (
            "varies by the standard error of its interval over clips, each point for itself, "
            "though all are of the same captions"
        )
    value = max((entry.value_sd or 0.0 for entry in panel.entries), default=0.0)
    if panel.metric == "fad_inf":
        return f"varies by {value:g}, what FAD-inf differs by between runs of the scorer"
    if value:
        return f"varies by {value:g}"
    return "is taken as it stands: the choice of clips is not varied"


_ENERGY_SDS = {
    "repeated sets": "repeated sets",
    "clips": "the clips of a set, as for a sum of independent ones",
    "steps study": "repeats of one generation at the same steps, as for a sum of independent ones",
    "instrument": "the instrument alone",
}


def _lacking(point: QualityPoint, quantity: str) -> str:
    """Say why a point has no energy: its sets are whole where another quantity is the panel's."""
    if point.n:
        return (
            f"its {quantity.upper()} energy was not measured on {point.series.hardware}, and the "
            "front is of that"
        )
    found = _span(point.fewest, point.most)
    return f"expected {point.clips} clips, found {found}, {point.failed} windows failed"


def _span(low: int, high: int) -> str:
    return str(low) if low == high else f"{low} to {high}"


def _truth(value: bool | None) -> str | None:
    return None if value is None else str(value).lower()


def _series_cells(series: Series) -> tuple[Cell, ...]:
    return (
        series.checkpoint, series.weights, series.size, series.protocol, series.dtype,
        "; ".join(series.conditions),
    )  # fmt: skip


_DETAIL_COLUMNS = (
    "gpu_energy_kwh_low_95", "gpu_energy_kwh_high_95", "cpu_energy_kwh_sd",
    "cpu_energy_kwh_low_95", "cpu_energy_kwh_high_95", "cpu_source", "duration_s_sd",
    *_SERIES_COLUMNS, *_COUNT_COLUMNS,
)  # fmt: skip


def _details(point: Point) -> tuple[Cell, ...]:
    series = point.series
    return (
        *map(kwh, _interval(point.gpu_energy_j)),
        _kwh_mean_sd(point.cpu_energy_j)[1],
        *map(kwh, _interval(point.cpu_energy_j)),
        " and ".join(point.cpu_sources) or None,
        _mean_sd(point.duration_s)[1],
        *_series_cells(series), *_counts(point),
    )  # fmt: skip


def _counts(point: Point | QualityPoint | None) -> tuple[int, ...]:
    if point is None:
        return (0,) * len(_COUNT_COLUMNS)
    return (*(point.statuses[status] for status in STATUSES), point.warmups, point.disturbed)


def _mean_sd(summary: Summary | None) -> tuple[float | None, float | None]:
    return (summary.mean, summary.sd) if summary else (None, None)


def _kwh_mean_sd(summary: Summary | None) -> tuple[float | None, float | None]:
    mean, sd = _mean_sd(summary)
    return kwh(mean), kwh(sd)


def _interval(summary: Summary | None) -> tuple[float | None, float | None]:
    return (summary.low, summary.high) if summary else (None, None)


def _only(values: tuple[int, ...]) -> int | None:
    return values[0] if len(values) == 1 else None
