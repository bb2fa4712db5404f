"""What an analysis knows: windows as rows, the run they are of, and all runs of a report."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from repro.analysis.reading.series import ordered

if TYPE_CHECKING:
    from collections.abc import Mapping

    from repro.analysis.reading.scores import Scoring
    from repro.analysis.reading.series import Series
    from repro.bundle import Verdict
    from repro.records import BundleClass, DetailedScore, Environment, Status

#: Where a model that is not of the paper stands in the order of models.
LAST = 99


@dataclass(frozen=True, slots=True)
class Row:
    """One window as the analysis needs it; joules and seconds of one of its generations."""

    series: Series
    study: str
    dataset: str | None
    steps: int
    executed_steps: int | None
    batch_size: int
    repeat: int
    item: int
    status: Status
    warmup: bool
    clips: int
    audio_s: float | None
    duration_s: float | None
    gpu_energy_j: float | None
    gpu_meter: str | None
    gpu_energy_counter_j: float | None
    cpu_energy_j: float | None
    cpu_source: str | None
    ram_energy_j: float | None
    uncertainty_j: float | None
    disturbances: str | None
    detail: str | None
    generations: int
    stage: str | None


@dataclass(frozen=True, slots=True)
class Card:
    """What ``model.toml`` says; all of it may be missing."""

    name: str | None = None
    title: str | None = None
    order: int = LAST
    parameters_reported: str | None = None
    deviations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """One run that passed, with its rows; ``samples`` is what the batch study makes a repeat.

    ``request`` is what was asked for, as the bundle holds it; empty where it does not.
    ``scoring`` is the bundle that its scores come from, None where it holds them itself.
    ``idle_w`` is what the GPU drew with nothing to do, the mean of the run's sessions.
    """

    bundle: str
    sha256: str
    verdict: Verdict
    reasons: tuple[str, ...]
    signer: str | None
    imported: bool
    environment: Environment
    card: Card
    samples: int | None
    request: Mapping[str, Any]
    overrides: tuple[str, ...]
    series: tuple[Series, ...]
    rows: tuple[Row, ...] = field(repr=False)
    scores: tuple[DetailedScore, ...] = field(default=(), repr=False)
    scoring: Scoring | None = field(default=None, repr=False)
    idle_w: float | None = None

    @property
    def counts(self) -> Counter[str]:
        """Windows by status, warm-ups apart under ``warmup``."""
        return Counter("warmup" if row.warmup else row.status.value for row in self.rows)


@dataclass(frozen=True, slots=True)
class DataSet:
    """All runs of a report. They are of one class; nothing else about them need agree."""

    bundle_class: BundleClass
    sources: tuple[Source, ...]
    notices: tuple[str, ...]

    @property
    def series(self) -> tuple[Series, ...]:
        """Every series once, in the order of every table and figure."""
        return ordered(series for source in self.sources for series in source.series)

    @property
    def scorings(self) -> tuple[Scoring, ...]:
        """The score bundles that are used, in the order of their runs."""
        return tuple(source.scoring for source in self.sources if source.scoring)

    @property
    def bundles(self) -> tuple[str, ...]:
        """The names of all bundles that are used."""
        runs = (source.bundle for source in self.sources)
        return (*runs, *(scoring.bundle for scoring in self.scorings))
