"""What was measured in one setup, looked up by model and setting; what is missing is said."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from repro.analysis.claims.judgement import Estimate, Outcome, UndecidedError
from repro.analysis.points import counts
from repro.analysis.reading.grouping import hardware
from repro.records import BundleClass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from repro.analysis.pareto.panels import Entry, Panel
    from repro.analysis.points import Point
    from repro.analysis.reading.dataset import DataSet, Row, Source
    from repro.analysis.reading.series import Series
    from repro.records import Score


class Setup(NamedTuple):
    """What measurements must share to be judged together."""

    hardware: str
    weights: str
    size: str
    protocol: str


class Single(NamedTuple):
    """One generation of one clip."""

    model: str
    steps: int

    @property
    def setting(self) -> str:
        """The setting without the model."""
        return f"{self.steps} steps"


class Batched(NamedTuple):
    """All samples of the batch study, made in batches of one size."""

    model: str
    steps: int
    batch_size: int

    @property
    def setting(self) -> str:
        """The setting without the model."""
        return f"batch size {self.batch_size}"


class Scored(NamedTuple):
    """A set of clips of one data set, with one kind of score: ``fad`` or ``clap``."""

    model: str
    steps: int
    dataset: str
    kind: str

    @property
    def setting(self) -> str:
        """The setting without the model."""
        return f"{self.steps} steps on {self.dataset} ({self.kind})"


K = TypeVar("K", Single, Batched, Scored)
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Findings:
    """All that was measured in one setup; energies in joules, times in seconds.

    ``rows`` are the single generations that count, ``clips`` those of the study ``quality``,
    ``entries`` the sets of clips that were placed in a panel or could not be.
    """

    setup: Setup
    bundle_class: BundleClass
    titles: Mapping[str, str]
    singles: Mapping[Single, Sequence[Point]]
    rows: Mapping[Single, Sequence[Row]]
    clips: Mapping[Single, Sequence[Row]]
    batches: Mapping[Batched, Sequence[Point]]
    entries: Mapping[Scored, Sequence[Entry]]
    scores: tuple[Score, ...]

    @property
    def scores_are_measured(self) -> bool:
        """Whether every score tells the quality of a trained model."""
        return not any(one.score_class is BundleClass.DEMONSTRATION for one in self.scores)

    def title(self, model: str) -> str:
        """Return the name of a model as a reader knows it."""
        return self.titles.get(model, model)

    def generations(self, keys: Iterable[Single], repeats: int) -> dict[Single, Point]:
        """Return the point of each single generation.

        Raises:
            UndecidedError: one was not measured, not often enough, or under several conditions.

        """
        return self._points(self.singles, keys, repeats)

    def batch_runs(self, keys: Iterable[Batched], repeats: int) -> dict[Batched, Point]:
        """Return the point of each batch size; raises as ``generations`` does."""
        return self._points(self.batches, keys, repeats)

    def placed(self, keys: Iterable[Scored]) -> dict[Scored, Entry]:
        """Return the entry of each scored set, those of one panel comparable with each other.

        Raises:
            UndecidedError: one lacks energy or score, or they were scored in different ways.

        """
        found = self._found(
            self.entries, keys, lambda entry: None if entry.placed else "no energy or no score"
        )
        leagues = defaultdict(set)
        for key, entry in found.items():
            leagues[f"{key.dataset} {key.kind}"].add(entry.league)
        mixed = [panel for panel, each in leagues.items() if len(each) > 1]
        if mixed:
            raise UndecidedError(
                Outcome.NOT_COMPARABLE,
                f"sets of several sizes, or scored in several ways: {', '.join(mixed)}",
            )
        return found

    def _points(
        self, table: Mapping[K, Sequence[Point]], keys: Iterable[K], repeats: int
    ) -> dict[K, Point]:
        def lack(point: Point) -> str | None:
            return None if point.n >= repeats else f"{point.n} of {repeats} repeats"

        return self._found(table, keys, lack)

    def _found(
        self, table: Mapping[K, Sequence[V]], keys: Iterable[K], lack: Callable[[V], str | None]
    ) -> dict[K, V]:
        found: dict[K, V] = {}
        several: list[tuple[str, str, str]] = []
        gaps: list[tuple[str, str, str]] = []
        for key in keys:
            values = table.get(key, ())
            if len(values) > 1:
                several.append((key.model, key.setting, "several conditions"))
            elif reason := lack(values[0]) if values else "not measured":
                gaps.append((key.model, key.setting, reason))
            else:
                found[key] = values[0]
        if several:
            said = f"must not be mixed: {self.listed(several)}"
            raise UndecidedError(Outcome.NOT_COMPARABLE, said)
        if gaps:
            raise UndecidedError(Outcome.INSUFFICIENT, f"missing: {self.listed(gaps)}")
        return found

    def listed(self, gaps: Iterable[tuple[str, str, str]]) -> str:
        """Say each model, setting and reason, the settings of one model and reason together."""
        settings: dict[tuple[str, str], list[str]] = defaultdict(list)
        for model, setting, reason in gaps:
            settings[model, reason].append(setting)
        return "; ".join(
            f"{self.title(model)} at {', '.join(each)}: {reason}"
            for (model, reason), each in settings.items()
        )


def energy_of(point: Point) -> Estimate:
    """Return the GPU energy of a point, in joules.

    Raises:
        UndecidedError: it has none, or its scatter is not known.

    """
    what = f"GPU energy of {point.series.title} at {point.steps} steps"
    if point.gpu_energy_j is None:
        raise UndecidedError(Outcome.INSUFFICIENT, f"missing: {what}")
    return Estimate.of(point.gpu_energy_j, what)


def findings(
    data: DataSet, singles: Iterable[Point], batches: Iterable[Point], fronts: Iterable[Panel]
) -> tuple[Findings, ...]:
    """Sort what was measured by setup, in the order of the bundles."""
    members: dict[Setup, list[Source]] = defaultdict(list)
    for source in data.sources:
        members[_setup_of_source(source)].append(source)
    single = _grouped((_setup(p.series), Single(p.series.model, p.steps), p)
                      for p in singles if p.batch_size == 1)  # fmt: skip
    batched = _grouped((_setup(p.series), Batched(p.series.model, p.steps, p.batch_size), p)
                       for p in batches)  # fmt: skip
    scored = _grouped(
        (_setup(one.point.series), _scored(panel, one), one)
        for panel in fronts
        for one in panel.entries
    )
    rows, clips = (_rows(data, study) for study in ("steps", "quality"))
    return tuple(
        Findings(
            setup=setup,
            bundle_class=data.bundle_class,
            titles={row.series.model: row.series.title for own in sources for row in own.rows},
            singles=single[setup],
            rows=rows[setup],
            clips=clips[setup],
            batches=batched[setup],
            entries=scored[setup],
            scores=tuple(score for own in sources for score in own.scores),
        )
        for setup, sources in members.items()
    )


def _rows(data: DataSet, study: str) -> dict[Setup, dict[Single, list[Row]]]:
    return _grouped((_setup(row.series), Single(row.series.model, row.steps), row)
                    for source in data.sources for row in source.rows
                    if row.study == study and row.batch_size == 1 and counts(row))  # fmt: skip


def _grouped(found: Iterable[tuple[Setup, K, V]]) -> dict[Setup, dict[K, list[V]]]:
    groups: dict[Setup, dict[K, list[V]]] = defaultdict(lambda: defaultdict(list))
    for setup, key, value in found:
        groups[setup][key].append(value)
    return groups


def _setup(series: Series) -> Setup:
    return Setup(series.hardware, series.weights, series.size, series.protocol)


def _setup_of_source(source: Source) -> Setup:
    facts = source.environment
    return Setup(hardware(facts), facts.weights, facts.size, facts.protocol)


def _scored(panel: Panel, entry: Entry) -> Scored:
    point = entry.point
    return Scored(point.series.model, point.steps, panel.dataset, panel.kind)
