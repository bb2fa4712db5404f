"""Settings of a series, summarised over their repeats."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from repro.analysis.stats import Summary, summarize
from repro.records import Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from repro.analysis.reading.dataset import DataSet, Row, Source
    from repro.analysis.reading.series import Series

T = TypeVar("T", int, str)

STATUSES = tuple(status.value for status in Status)


@dataclass(frozen=True, slots=True)
class Point:
    """One setting: what its repeats used, in joules and seconds, and what did not count.

    ``samples`` is how many clips one repeat makes. A quantity is None where a repeat lacks it,
    and all of them are where nothing counts. ``executed_steps`` holds every number seen.
    ``disturbed`` windows count, and something was noted beside them.
    """

    series: Series
    steps: int
    batch_size: int
    samples: int
    executed_steps: tuple[int, ...]
    gpu_energy_j: Summary | None
    cpu_energy_j: Summary | None
    duration_s: Summary | None
    cpu_sources: tuple[str, ...]
    statuses: Counter[str]
    warmups: int
    disturbed: int
    incomplete: int

    @property
    def n(self) -> int:
        """Repeats that count."""
        return self.duration_s.n if self.duration_s else 0


def step_points(data: DataSet) -> tuple[Point, ...]:
    """Summarise the study ``steps``: each window is a repeat."""
    groups: dict[tuple[Series, int, int], list[Row]] = defaultdict(list)
    for source in data.sources:
        for row in _rows(source, "steps"):
            groups[row.series, row.steps, row.batch_size].append(row)
    points = [
        _point(rows, [[row] for row in rows if counts(row)], samples=batch_size)
        for (_, _, batch_size), rows in groups.items()
    ]
    return _sorted(points)


def batch_points(data: DataSet) -> tuple[Point, ...]:
    """Summarise the study ``batch``: a repeat is all its calls, and counts when complete."""
    groups: dict[tuple[Series, int, int, int], list[list[Row]]] = defaultdict(list)
    for source in data.sources:
        samples = source.samples or _most_clips(source)
        for row_key, rows in _repeats(source).items():
            series, steps, batch_size, _ = row_key
            groups[series, steps, batch_size, samples].append(rows)
    points = []
    for (_, _, _, samples), repeats in groups.items():
        counting = [calls for rows in repeats if (calls := _counting(rows))]
        complete = [calls for calls in counting if _clips(calls) == samples]
        started = sum(any(not row.warmup for row in rows) for rows in repeats)
        rows = [row for repeat in repeats for row in repeat]
        points.append(_point(rows, complete, samples=samples, incomplete=started - len(complete)))
    return _sorted(points)


def _rows(source: Source, study: str) -> Iterable[Row]:
    return (row for row in source.rows if row.study == study)


def counts(row: Row) -> bool:
    """Say whether a window may enter a mean."""
    return not row.warmup and row.status is Status.OK


def _counting(rows: Iterable[Row]) -> list[Row]:
    return [row for row in rows if counts(row)]


def _clips(rows: Iterable[Row]) -> int:
    return sum(row.clips for row in rows)


def _repeats(source: Source) -> dict[tuple[Series, int, int, int], list[Row]]:
    repeats: dict[tuple[Series, int, int, int], list[Row]] = defaultdict(list)
    for row in _rows(source, "batch"):
        repeats[row.series, row.steps, row.batch_size, row.repeat].append(row)
    return repeats


def _most_clips(source: Source) -> int:
    # Where a bundle does not say how many samples make a repeat, its fullest repeat does.
    return max((_clips(_counting(rows)) for rows in _repeats(source).values()), default=0)


def _point(
    rows: Sequence[Row], repeats: Sequence[Sequence[Row]], *, samples: int, incomplete: int = 0
) -> Point:
    measured = [row for repeat in repeats for row in repeat]
    first = rows[0]
    return Point(
        series=first.series,
        steps=first.steps,
        batch_size=first.batch_size,
        samples=samples,
        executed_steps=_distinct(row.executed_steps for row in measured),
        gpu_energy_j=total(repeats, "gpu_energy_j"),
        cpu_energy_j=total(repeats, "cpu_energy_j"),
        duration_s=total(repeats, "duration_s"),
        cpu_sources=_distinct(row.cpu_source for row in measured),
        statuses=Counter(row.status.value for row in rows if not row.warmup),
        warmups=sum(row.warmup for row in rows),
        disturbed=sum(bool(row.disturbances) for row in measured),
        incomplete=incomplete,
    )


def _distinct(values: Iterable[T | None]) -> tuple[T, ...]:
    return tuple(sorted({value for value in values if value is not None}))


def total(repeats: Sequence[Sequence[Row]], quantity: str) -> Summary | None:
    """Summarise over repeats what the windows of each make together; None where one lacks it."""
    totals = []
    for repeat in repeats:
        values = [getattr(row, quantity) for row in repeat]
        if None in values:
            return None
        totals.append(sum(values))
    return summarize(totals) if totals else None


def _sorted(points: Iterable[Point]) -> tuple[Point, ...]:
    return tuple(
        sorted(
            points,
            key=lambda point: (
                point.series.sort_key,
                point.steps,
                point.batch_size,
                point.samples,
            ),
        )
    )
