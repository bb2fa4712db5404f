"""Settings of the study ``quality``: the energy of a set of clips beside the set's scores."""

from __future__ import annotations

import math
import statistics
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from repro.analysis.points import counts, total
from repro.analysis.reading.scores import is_whole
from repro.analysis.stats import Z_95, Summary, summarize

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from repro.analysis.reading.dataset import DataSet, Row, Source
    from repro.analysis.reading.series import Series
    from repro.records import DetailedScore

#: What of a set may be lost (a disputed window, a clip that failed) for its sum to be told.
_MOST_LOST = 0.05
_SUMMED = ("gpu_energy_j", "cpu_energy_j", "ram_energy_j", "duration_s", "uncertainty_j")
#: Fewer clips do not show how much clips scatter.
_FEWEST_CLIPS = 3


class Yardstick(NamedTuple):
    """What scores must share to be compared with each other; ``n`` counts clips."""

    metric: str
    n: int | None
    reference: str | None
    embedding: str | None
    engine: str | None
    networks: str | None = None


class Interval(NamedTuple):
    """Where a score lies with 95 %, in its own unit, when clips are resampled; and how found."""

    low: float
    high: float
    sd: float
    method: str


class Setting(NamedTuple):
    """What sets of clips share that repeat each other."""

    series: Series
    dataset: str
    steps: int


@dataclass(frozen=True, slots=True)
class QualityPoint:
    """One model on one data set at one number of steps; energy in joules, time in seconds.

    Energy and time are of whole sets of ``clips`` clips, one summary over the sets, and None
    where no set is complete. ``fewest`` and ``most`` are the clips of the sets there are, and
    ``failed`` the clips that did not end well. ``uncertainty_j`` is that of the instruments
    for one set, the clips' own added in quadrature; None where one of them has none.
    ``clip_sds_j`` are the deviations of a set's ``gpu`` and ``cpu`` energy by the scatter of its
    clips, where each was measured alone.
    """

    series: Series
    dataset: str
    steps: int
    clips: int
    executed_steps: tuple[int, ...]
    gpu_energy_j: Summary | None
    cpu_energy_j: Summary | None
    duration_s: Summary | None
    uncertainty_j: float | None
    cpu_sources: tuple[str, ...]
    scores: Mapping[Yardstick, Summary]
    statuses: Counter[str]
    warmups: int
    disturbed: int
    incomplete: int
    fewest: int
    most: int
    intervals: Mapping[Yardstick, Interval] = field(default_factory=dict)
    clip_sds_j: Mapping[str, float] = field(default_factory=dict)

    @property
    def n(self) -> int:
        """Sets that count."""
        return self.duration_s.n if self.duration_s else 0

    @property
    def failed(self) -> int:
        """Windows that did not count, warm-ups apart."""
        return sum(self.statuses.values()) - self.statuses["ok"]


def quality_points(data: DataSet) -> tuple[QualityPoint, ...]:
    """Summarise the study ``quality``: a set is all clips of one repeat on one data set.

    A set is complete when it has as many clips as its scores are of. Without scores, the
    fullest set of the data set says how many there should be. Where at most one clip in twenty
    does not count, the mean of the others stands for it.
    """
    sets: dict[Setting, list[list[Row]]] = defaultdict(list)
    scores: dict[Setting, list[DetailedScore]] = defaultdict(list)
    for source in data.sources:
        own = _sets(source)
        for (setting, _), rows in own.items():
            sets[setting].append(rows)
        for setting in dict.fromkeys(setting for setting, _ in own):
            scores[setting] += _scores(source, setting)
    fullest = _fullest(sets)
    points = [
        _point(setting, repeats, scores[setting], fullest[setting.dataset])
        for setting, repeats in sets.items()
    ]
    return tuple(sorted(points, key=_place))


def unmatched_scores(data: DataSet) -> tuple[str, ...]:
    """Say which scores stand in a bundle without the energy of the clips they are of."""
    said = []
    for source in data.sources:
        known = {(setting.dataset, setting.steps) for setting, _ in _sets(source)}
        alone = {
            (score.dataset, score.steps)
            for score in source.scores
            if not is_whole(score) and (score.dataset, score.steps) not in known
        }
        said += [
            f"{source.bundle}: scores on {dataset} at {steps} steps without the energy of their "
            "clips, left out"
            for dataset, steps in sorted(alone)
        ]
    return tuple(said)


def _place(point: QualityPoint) -> tuple[object, ...]:
    return (point.dataset, point.series.sort_key, point.steps)


def _sets(source: Source) -> dict[tuple[Setting, int], list[Row]]:
    sets: dict[tuple[Setting, int], list[Row]] = defaultdict(list)
    for row in source.rows:
        if row.study == "quality" and row.dataset is not None:
            sets[Setting(row.series, row.dataset, row.steps), row.repeat].append(row)
    return sets


def _scores(source: Source, setting: Setting) -> Iterable[DetailedScore]:
    return (
        score for score in source.scores
        if (score.dataset, score.steps, score.model)
        == (setting.dataset, setting.steps, setting.series.model)
        and not is_whole(score)
    )  # fmt: skip


def _clips(rows: Iterable[Row]) -> int:
    return sum(row.clips for row in rows if counts(row))


def _fullest(sets: Mapping[Setting, Sequence[Sequence[Row]]]) -> dict[str, int]:
    fullest: dict[str, int] = defaultdict(int)
    for setting, repeats in sets.items():
        most = max(map(_clips, repeats))
        fullest[setting.dataset] = max(fullest[setting.dataset], most)
    return fullest


def _point(
    setting: Setting,
    repeats: Sequence[Sequence[Row]],
    scores: Sequence[DetailedScore],
    fullest: int,
) -> QualityPoint:
    wanted = max((score.n for score in scores if score.n), default=fullest)
    complete = [whole for rows in repeats if (whole := _whole(rows, wanted))]
    rows = [row for repeat in repeats for row in repeat]
    measured = [row for repeat in complete for row in repeat]
    found = [_clips(repeat) for repeat in repeats]
    return QualityPoint(
        *setting,
        clips=wanted,
        executed_steps=tuple(
            sorted({row.executed_steps for row in measured if row.executed_steps})
        ),
        gpu_energy_j=total(complete, "gpu_energy_j"),
        cpu_energy_j=total(complete, "cpu_energy_j"),
        duration_s=total(complete, "duration_s"),
        uncertainty_j=_uncertainty_j(complete),
        cpu_sources=tuple(sorted({row.cpu_source for row in measured if row.cpu_source})),
        scores=_summaries(scores),
        intervals=_intervals(scores),
        clip_sds_j=_clip_sds_j(complete),
        statuses=Counter(row.status.value for row in rows if not row.warmup),
        warmups=sum(row.warmup for row in rows),
        disturbed=sum(bool(row.disturbances) for row in measured),
        incomplete=len(repeats) - len(complete),
        fewest=min(found),
        most=max(found),
    )


def _whole(rows: Sequence[Row], wanted: int) -> list[Row]:
    """Return the rows of a set that count, with the share of the few that do not; none of a part.

    What a lost clip took is reckoned as the mean of the others.
    """
    counting = [row for row in rows if counts(row)]
    found = _clips(counting)
    if found == wanted or not (1 - _MOST_LOST) * wanted <= found < wanted:
        return counting if found == wanted else []
    return [_scaled(row, wanted / found) for row in counting]


def _scaled(row: Row, factor: float) -> Row:
    values = {name: getattr(row, name) for name in _SUMMED}
    return replace(row, **{name: value and value * factor for name, value in values.items()})


def _uncertainty_j(sets: Sequence[Sequence[Row]]) -> float | None:
    """Add the windows' uncertainties in quadrature: each is that of its own two reads."""
    each = [row.uncertainty_j for rows in sets[:1] for row in rows]
    known = [value for value in each if value is not None]
    return math.hypot(*known) if known and len(known) == len(each) else None


def _clip_sds_j(sets: Sequence[Sequence[Row]]) -> dict[str, float]:
    """Take the clips of a set for independent: their sum varies by the root of their number."""
    rows = [row for rows in sets[:1] for row in rows if row.clips == 1]
    found = {}
    for quantity in ("gpu", "cpu"):
        each = [getattr(row, f"{quantity}_energy_j") for row in rows]
        known = [value for value in each if value is not None]
        if len(known) == len(each) >= _FEWEST_CLIPS and len(set(known)) > 1:
            found[quantity] = math.sqrt(len(known)) * statistics.stdev(known)
    return found


def _stick(score: DetailedScore) -> Yardstick:
    return Yardstick(
        score.metric, score.n, score.reference, score.embedding, score.engine, score.networks
    )


def _summaries(scores: Iterable[DetailedScore]) -> dict[Yardstick, Summary]:
    values: dict[Yardstick, list[float]] = defaultdict(list)
    for score in scores:
        values[_stick(score)].append(score.value)
    return {stick: summarize(found) for stick, found in values.items()}


def _intervals(scores: Sequence[DetailedScore]) -> dict[Yardstick, Interval]:
    """Return the interval of each score there is one of; several vary by themselves."""
    counted = Counter(map(_stick, scores))
    found = {}
    for score in scores:
        low, high = score.low, score.high
        if counted[_stick(score)] == 1 and low is not None and high is not None:
            sd = (high - low) / (2 * Z_95) if score.se is None else score.se
            found[_stick(score)] = Interval(low, high, sd, score.interval_method or "not stated")
    return found
