"""Energy against quality: one panel for each data set and score, with the front it has."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from repro.analysis.pareto.dominance import front_shares, on_front
from repro.analysis.points import step_points
from repro.analysis.quality import quality_points

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from repro.analysis.quality import Interval, QualityPoint, Yardstick
    from repro.analysis.reading.dataset import DataSet
    from repro.analysis.reading.series import Series
    from repro.analysis.stats import Summary

#: The panels of each data set, and the metrics that may fill them, the preferred one first.
KINDS: Mapping[str, tuple[str, ...]] = {"fad": ("fad_inf", "fad"), "clap": ("clap",)}

#: How the paper writes the data sets; others are called what their bundles call them.
DATASETS: Mapping[str, str] = {"audiocaps": "AudioCaps", "clotho": "Clotho"}

#: Standard deviation of a score between runs of the scorer on the same clips. The frames of
#: fadtk's FAD-inf are drawn at random: 0.0008 to 0.0016 over six repeats for 300 clips, on
#: synthetic embeddings like CLAP's; rounded up. Plain FAD and the CLAP score of clips of 10 s
#: are functions of the clips.
SCORE_SD: Mapping[str, float] = {"fad_inf": 0.002, "fad": 0.0, "clap": 0.0}

#: Coefficient of variation by steps, for sums that were taken once.
Variations = dict["tuple[Series, int]", float]


@dataclass(frozen=True, slots=True)
class Entry:
    """One point of a panel; energy in joules, ``value`` in the metric's own unit.

    ``energy_sd_from`` and ``value_sd_from`` say what the deviations were taken from, ``interval``
    is that of the value over clips. Where energy or value is missing the point is on no front,
    and ``on_front`` and ``p_front`` are None.
    """

    point: QualityPoint
    yardstick: Yardstick | None
    energy_j: float | None
    energy_sd_j: float | None
    energy_sd_from: str | None
    value: float | None
    value_sd: float | None
    on_front: bool | None = None
    p_front: float | None = None
    value_sd_from: str | None = None
    interval: Interval | None = None

    @property
    def placed(self) -> bool:
        """Whether the point can be drawn."""
        return self.energy_j is not None and self.value is not None

    @property
    def league(self) -> tuple[object, ...]:
        """Points dominate each other only where all of this is the same."""
        series = self.point.series
        return (series.hardware, series.weights, series.size, series.protocol, self.point.clips,
                self.yardstick)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Panel:
    """All points of one data set by one score; ``metric`` is None where no point has one.

    ``kind`` is ``fad`` or ``clap``, ``quantity`` the energy that is shown, ``gpu`` or ``cpu``.
    """

    dataset: str
    kind: str
    metric: str | None
    quantity: str
    entries: tuple[Entry, ...]

    @property
    def place(self) -> str:
        """The data set as people write it."""
        return DATASETS.get(self.dataset, self.dataset)

    @property
    def front(self) -> tuple[Entry, ...]:
        """The points that nothing dominates."""
        return tuple(entry for entry in self.entries if entry.on_front)


def panels(data: DataSet) -> tuple[Panel, ...]:
    """Make every panel there are points for, by data set and score."""
    points = quality_points(data)
    variations = _variations(data)
    quantity = "gpu" if any(point.gpu_energy_j for point in points) else "cpu"
    by_dataset: dict[str, list[QualityPoint]] = defaultdict(list)
    for point in points:
        by_dataset[point.dataset].append(point)
    return tuple(
        _panel(dataset, kind, quantity, own, variations)
        for dataset, own in by_dataset.items()
        for kind in KINDS
    )


def _variations(data: DataSet) -> Variations:
    found: Variations = {}
    for point in step_points(data):
        energy = point.gpu_energy_j or point.cpu_energy_j
        if point.batch_size == 1 and energy and energy.sd is not None:
            found[point.series, point.steps] = energy.sd / energy.mean
    return found


def _panel(
    dataset: str, kind: str, quantity: str, points: Sequence[QualityPoint], known: Variations
) -> Panel:
    metric = _metric(points, kind)
    entries = [
        _entry(point, stick, score, quantity, known)
        for point in points
        for stick, score in _scores(point, metric)
    ]
    return Panel(dataset, kind, metric, quantity, tuple(_fronts(entries)))


def _metric(points: Iterable[QualityPoint], kind: str) -> str | None:
    """Choose the first metric that every scored point has, or else the one that most have."""
    held = [{stick.metric for stick in point.scores} & set(KINDS[kind]) for point in points]
    scored = [metrics for metrics in held if metrics]
    most = max(KINDS[kind], key=lambda metric: sum(metric in metrics for metrics in scored))
    return most if scored else None


def _scores(
    point: QualityPoint, metric: str | None
) -> Iterable[tuple[Yardstick | None, Summary | None]]:
    found = [(stick, score) for stick, score in point.scores.items() if stick.metric == metric]
    return found or [(None, None)]


def _entry(
    point: QualityPoint, stick: Yardstick | None, score: Summary | None, quantity: str,
    known: Variations,
) -> Entry:  # fmt: skip
    energy = point.gpu_energy_j if quantity == "gpu" else point.cpu_energy_j
    sd_j, origin = _energy_sd(point, energy, quantity, known) if energy else (None, None)
    value_sd, value_sd_from = _value_sd(point, stick, score) if stick and score else (None, None)
    return Entry(
        point=point,
        yardstick=stick,
        energy_j=energy.mean if energy else None,
        energy_sd_j=sd_j,
        energy_sd_from=origin,
        value=score.mean if score else None,
        value_sd=value_sd,
        value_sd_from=value_sd_from,
        interval=point.intervals.get(stick) if stick else None,
    )


def _value_sd(
    point: QualityPoint, stick: Yardstick, score: Summary
) -> tuple[float | None, str | None]:
    """Take the deviation of a score over clips, else between runs of the scorer."""
    between = max(SCORE_SD[stick.metric], score.sd or 0.0)
    interval = point.intervals.get(stick)
    if interval is not None:
        return math.hypot(interval.sd, between), "clips"
    return between, "runs of the scorer" if between else None


def _energy_sd(
    point: QualityPoint, energy: Summary, quantity: str, known: Variations
) -> tuple[float | None, str | None]:
    """Take the deviation of a set's energy from the best source there is.

    A sum that was taken once has none of its own. That of ``clips`` independent generations is
    ``sqrt(clips)`` times the deviation of one, which the clips show where each was measured
    alone; else the repeats of the steps study at the same number of steps stand in. What all
    clips share, such as the gain of the sensor, is not in it; it moves all points of one card
    alike and so no front.
    """
    if energy.sd is not None:
        return energy.sd, "repeated sets"
    if quantity in point.clip_sds_j:
        return math.hypot(point.clip_sds_j[quantity], point.uncertainty_j or 0.0), "clips"
    variation = known.get((point.series, point.steps))
    if variation is not None:
        scatter_j = variation * energy.mean / math.sqrt(point.clips)
        return math.hypot(scatter_j, point.uncertainty_j or 0.0), "steps study"
    return point.uncertainty_j, "instrument" if point.uncertainty_j else None


def _fronts(entries: Sequence[Entry]) -> Iterable[Entry]:
    """Put each point on the front of its league or off it; the order stays."""
    leagues: dict[tuple[object, ...], list[int]] = defaultdict(list)
    for place, entry in enumerate(entries):
        if entry.placed:
            leagues[entry.league].append(place)
    judged = list(entries)
    for places in leagues.values():
        for place, entry in zip(places, _judge([entries[place] for place in places]), strict=True):
            judged[place] = entry
    return judged


def _judge(entries: Sequence[Entry]) -> Iterable[Entry]:
    energies = [entry.energy_j or 0.0 for entry in entries]
    values = [entry.value or 0.0 for entry in entries]
    energy_sds = [entry.energy_sd_j or 0.0 for entry in entries]
    value_sds = [entry.value_sd or 0.0 for entry in entries]
    metric = entries[0].yardstick.metric if entries[0].yardstick else ""
    front = on_front(energies, values, metric)
    shares = front_shares(energies, energy_sds, values, value_sds, metric)
    for entry, member, share in zip(entries, front, shares, strict=True):
        # Where nothing is known to vary there is no chance to speak of.
        varies = any(energy_sds) or any(value_sds)
        yield replace(entry, on_front=bool(member), p_front=float(share) if varies else None)
