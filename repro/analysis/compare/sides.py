"""The sides of a comparison: which bundles belong together, and what each side is called."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from repro.analysis.lines import step_lines
from repro.analysis.points import batch_points, counts, step_points
from repro.analysis.reading.grouping import hardware
from repro.analysis.reading.load import load
from repro.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from repro.analysis.lines import StepLine
    from repro.analysis.points import Point
    from repro.analysis.reading.dataset import DataSet, Source
    from repro.analysis.reading.series import Series
    from repro.bundle import Examination

#: What can be compared: each setting of these has repeats.
STUDIES = ("steps", "batch")

#: Study, series, steps and batch size of a window.
Place = tuple[str, "Series", int, int]


@dataclass(frozen=True, slots=True)
class Side:
    """Bundles of one hardware in one folder, with what is compared: points by study, and lines.

    ``clip_s`` is how long a clip of a setting is, where the bundles say so.
    """

    label: str
    hardware: str
    data: DataSet
    points: Mapping[str, tuple[Point, ...]]
    lines: Mapping[Series, StepLine]
    clip_s: Mapping[Place, float]

    def measured(self, study: str) -> tuple[Series, ...]:
        """Return the series with points in a study."""
        return tuple(dict.fromkeys(point.series for point in self.points[study]))

    @property
    def quantities(self) -> tuple[str, ...]:
        """Whose energy is compared: that of the GPU where one was measured, else of the CPU."""
        points = [point for each in self.points.values() for point in each]
        kinds = {"gpu" if point.gpu_energy_j else "cpu" for point in points if point.n}
        return tuple(sorted(kinds))

    def audio_s(self, study: str, point: Point) -> float | None:
        """Return the seconds of audio that one repeat makes, where the bundles say so."""
        clip_s = self.clip_s.get((study, point.series, point.steps, point.batch_size))
        return clip_s * point.samples if clip_s else None


def folders(paths: Iterable[Path]) -> dict[str, list[Path]]:
    """Group bundles by the folder they lie in; a folder that is named gives all it holds.

    Raises:
        UsageError: a folder holds no bundle.

    """
    groups: dict[Path, list[Path]] = defaultdict(list)
    for path in paths:
        folder = path.resolve() if path.is_dir() else path.resolve().parent
        inside = sorted(path.glob("*.zip")) if path.is_dir() else [path]
        if not inside:
            raise UsageError(f"compare: expected bundles (*.zip) in {path}, found none")
        groups[folder] += inside
    names = _distinct([folder.name for folder in groups])
    return dict(zip(names, groups.values(), strict=True))


def read_sides(
    sets: Mapping[str, Iterable[Examination]],
    *,
    reference: str | None = None,
    require_trusted: bool = False,
) -> tuple[Side, ...]:
    """Read the sets, each a folder, and split them by hardware; the reference comes first.

    Where all is one set of one hardware, with a model in two bundles, each bundle is a side: so
    two runs can be held against each other wherever they lie.

    Raises:
        BundleError: a bundle is invalid, not trusted where that is required, or not readable.
        UsageError: there are fewer than two sides, they are of different classes, or the
            reference names none of them or several.

    """
    parts = [
        part
        for name, examinations in sets.items()
        for part in _by_hardware(name, examinations, require_trusted=require_trusted)
    ]
    if len(parts) == 1 and _repeats_a_model(parts[0][1]):
        parts = _by_bundle(parts[0][1])
    sides = _named(parts)
    _check(sides)
    return _reference_first(sides, reference)


_Part = tuple[str, "DataSet"]


def _by_hardware(
    name: str, examinations: Iterable[Examination], *, require_trusted: bool
) -> list[_Part]:
    data = load(examinations, require_trusted=require_trusted)
    groups: dict[str, list[Source]] = defaultdict(list)
    for source in data.sources:
        groups[hardware(source.environment)].append(source)
    return [(name, replace(data, sources=tuple(sources))) for sources in groups.values()]


def _repeats_a_model(data: DataSet) -> bool:
    models = Counter(
        model for source in data.sources for model in {row.series.model for row in source.rows}
    )
    return any(count > 1 for count in models.values())


def _by_bundle(data: DataSet) -> list[_Part]:
    return [
        (source.bundle.removesuffix(".zip"), replace(data, sources=(source,)))
        for source in data.sources
    ]


def _clip_s(data: DataSet) -> dict[Place, float]:
    """Return the mean seconds of a clip by setting."""
    totals: dict[Place, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for row in (row for source in data.sources for row in source.rows):
        if row.audio_s and counts(row):
            place = row.study, row.series, row.steps, row.batch_size
            totals[place][0] += row.audio_s
            totals[place][1] += row.clips
    return {place: audio_s / clips for place, (audio_s, clips) in totals.items() if clips}


def _named(parts: Sequence[_Part]) -> list[Side]:
    """Call each side by its hardware, and by its folder too where the hardware is the same."""
    machines = [hardware(data.sources[0].environment) for _, data in parts]
    shared = {name for name, count in Counter(machines).items() if count > 1}
    labels = _distinct(
        [f"{machine}, {name}" if machine in shared else machine
         for machine, (name, _) in zip(machines, parts, strict=True)]
    )  # fmt: skip
    return [
        _side(label, machine, data)
        for label, machine, (_, data) in zip(labels, machines, parts, strict=True)
    ]


def _side(label: str, machine: str, data: DataSet) -> Side:
    return Side(
        label=label,
        hardware=machine,
        data=data,
        points=dict(zip(STUDIES, (step_points(data), batch_points(data)), strict=True)),
        lines={line.series: line for line in step_lines(data)},
        clip_s=_clip_s(data),
    )


def _distinct(names: Sequence[str]) -> list[str]:
    seen: Counter[str] = Counter()
    numbered = []
    for name in names:
        seen[name] += 1
        numbered.append(f"{name} ({seen[name]})" if seen[name] > 1 else name)
    return numbered


def _check(sides: Sequence[Side]) -> None:
    if len(sides) == 1:
        raise UsageError(
            f"compare: expected two sides or more, found one ({sides[0].label}); "
            "name a second folder or bundle"
        )
    if len({side.data.bundle_class for side in sides}) > 1:
        found = " and ".join(f"{side.data.bundle_class} ({side.label})" for side in sides)
        raise UsageError(
            f"compare: expected sides of one class, found {found}; a demonstration is no "
            "measurement, compare like with like"
        )


def _reference_first(sides: Sequence[Side], wanted: str | None) -> tuple[Side, ...]:
    if wanted is None:
        return tuple(sides)
    exact = [side for side in sides if side.label == wanted]
    fitting = exact or [side for side in sides if wanted.casefold() in side.label.casefold()]
    if len(fitting) != 1:
        found = ", ".join(side.label for side in sides)
        raise UsageError(
            f"--reference: expected a word that fits one side alone, found {wanted!r}, which fits "
            f"{len(fitting)} of: {found}"
        )
    return (*fitting, *(side for side in sides if side is not fitting[0]))
