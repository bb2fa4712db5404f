"""The same settings measured by several protocols: what each way of measuring does to a number.

Three things differ between the energy of a generation and the number a script prints: the first
generation of a process costs more, a tracker goes on reading after the work, and a counter that
refreshes now and then leaves its last step open.
"""

from __future__ import annotations

import statistics
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from repro.analysis.points import counts
from repro.analysis.stats import Summary, summarize

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from repro.analysis.reading.dataset import DataSet, Row
    from repro.analysis.reading.series import Series

#: The first of these that measured a setting is what the others are compared with; a protocol
#: that is none of them stands after them.
YARDSTICKS = ("precise", "paper", "authors")
FEWEST = 2


@dataclass(frozen=True, slots=True)
class Treatment:
    """One setting of the study ``steps`` under one protocol; joules of one generation.

    ``quantity`` is ``gpu`` or ``cpu``. ``cold_j`` is what the first generation cost more than
    the others, and ``cold_in_mean_j`` what of that is in the mean: none where it is discarded as
    a warm-up. ``tail_j`` is what CodeCarbon's reading holds beyond the counter's over the same
    windows. ``instrument_u_j`` is the standard uncertainty of a single window. What the rows do
    not tell is None. ``ratio`` is the mean over that of ``yardstick``, a protocol; without one of
    the same setting, or where it is this one, both are None.
    """

    series: Series
    steps: int
    quantity: str
    energy_j: Summary
    generations: int
    cold_j: float | None
    cold_in_mean_j: float | None
    tail_j: float | None
    instrument_u_j: float | None
    ratio: float | None = None
    ratio_sd: float | None = None
    yardstick: str | None = None


def treatments(data: DataSet) -> tuple[Treatment, ...]:
    """Return each setting that was measured by two protocols or more, protocol by protocol."""
    found = []
    for rows in _settings(data).values():
        quantity = "gpu" if any(row.gpu_energy_j for row in rows) else "cpu"
        own: dict[Series, list[Row]] = defaultdict(list)
        for row in rows:
            own[row.series].append(row)
        made = [one for each in own.values() if (one := _treatment(each, quantity))]
        if len({one.series.protocol for one in made}) >= FEWEST:
            found += _compared(sorted(made, key=lambda one: _rank(one.series)))
    # Stable: within a model and its steps the order of protocols stays.
    return tuple(sorted(found, key=lambda one: (one.series.order, one.series.title, one.steps)))


def _settings(data: DataSet) -> Mapping[tuple[object, ...], list[Row]]:
    """Gather what differs in nothing but its protocol, and the conditions that come with it."""
    groups: dict[tuple[object, ...], list[Row]] = defaultdict(list)
    for source in data.sources:
        for row in source.rows:
            if row.study == "steps" and row.batch_size == 1:
                one = row.series
                key = (one.model, one.checkpoint, one.hardware, one.weights, one.size, one.dtype)
                groups[*key, row.steps].append(row)
    return groups


def _treatment(rows: Sequence[Row], quantity: str) -> Treatment | None:
    counted = sorted((row for row in rows if counts(row)), key=lambda row: row.repeat)
    energies = _energies(counted, quantity)
    if not counted or len(energies) < len(counted):
        return None
    cold_j, cold_in_mean_j = _cold(rows, counted, quantity)
    return Treatment(
        series=rows[0].series,
        steps=rows[0].steps,
        quantity=quantity,
        energy_j=summarize(energies),
        generations=sum(row.generations for row in counted),
        cold_j=cold_j,
        cold_in_mean_j=cold_in_mean_j,
        tail_j=_mean(_tails(counted)),
        instrument_u_j=_mean([row.uncertainty_j for row in counted if row.uncertainty_j]),
    )


def _cold(
    rows: Sequence[Row], counted: Sequence[Row], quantity: str
) -> tuple[float | None, float | None]:
    """Compare warm-ups with what counts; without any the first repeat with the others."""
    warmups = _energies([row for row in rows if row.warmup and row.duration_s], quantity)
    energies = _energies(counted, quantity)
    if warmups:
        return statistics.fmean(warmups) - statistics.fmean(energies), 0.0
    if len(energies) < FEWEST:
        return None, None
    cold_j = energies[0] - statistics.fmean(energies[1:])
    return cold_j, cold_j / len(energies)


def _tails(rows: Iterable[Row]) -> list[float]:
    return [
        row.gpu_energy_j - row.gpu_energy_counter_j
        for row in rows
        if row.gpu_meter == "codecarbon" and row.gpu_energy_j and row.gpu_energy_counter_j
    ]


def _energies(rows: Iterable[Row], quantity: str) -> list[float]:
    return [energy_j for row in rows if (energy_j := getattr(row, f"{quantity}_energy_j"))]


def _mean(values: Sequence[float]) -> float | None:
    return statistics.fmean(values) if values else None


def _rank(series: Series) -> tuple[int, tuple[object, ...]]:
    known = YARDSTICKS.index(series.protocol) if series.protocol in YARDSTICKS else len(YARDSTICKS)
    return known, series.sort_key


def _compared(made: Sequence[Treatment]) -> list[Treatment]:
    """Set each beside the first, whose protocol is the yardstick."""
    first = made[0]
    return [first, *(_over(one, first) for one in made[1:])]


def _over(one: Treatment, first: Treatment) -> Treatment:
    mean_j, sd_j = first.energy_j.mean, one.energy_j.sd
    return replace(
        one,
        ratio=one.energy_j.mean / mean_j,
        ratio_sd=None if sd_j is None else sd_j / mean_j,
        yardstick=first.series.protocol,
    )
