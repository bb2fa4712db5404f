"""Energy of the stages of a generation: what each costs alone, and what is left of the whole."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from repro.analysis.points import counts, total
from repro.records import Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from repro.analysis.lines import StepLine
    from repro.analysis.reading.dataset import DataSet, Row
    from repro.analysis.reading.series import Series
    from repro.analysis.stats import Summary

#: The stage whose calls are the steps.
DENOISING = "denoising"


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value and its standard uncertainty in the same unit, None where it is not known."""

    value: float
    u: float | None

    def __add__(self, other: Estimate) -> Estimate:
        """Add independent ones (GUM, 5.1.2)."""
        return Estimate(self.value + other.value, _hypot(self.u, other.u))

    def __sub__(self, other: Estimate) -> Estimate:
        """Subtract independent ones (GUM, 5.1.2)."""
        return Estimate(self.value - other.value, _hypot(self.u, other.u))

    def __truediv__(self, other: Estimate) -> Estimate:
        """Divide independent ones (GUM, 5.1.6)."""
        ratio = self.value / other.value
        # Of a value near zero a relative uncertainty would say nothing: the terms are absolute.
        known = self.u is not None and other.u is not None
        u = math.hypot(self.u or 0.0, ratio * (other.u or 0.0)) / abs(other.value)
        return Estimate(ratio, u if known else None)


@dataclass(frozen=True, slots=True)
class Part:
    """One stage, or the whole: joules and seconds in one generation, over ``n`` windows."""

    energy_j: Estimate
    duration_s: float
    n: int


@dataclass(frozen=True, slots=True)
class Split:
    """A generation of one series at one number of steps, whole and in its stages.

    ``quantity`` is ``gpu`` or ``cpu``. ``missing`` are stages of which no window counts though
    the model has them: their energy is in ``other``.
    """

    series: Series
    steps: int
    executed_steps: int | None
    quantity: str
    cpu_sources: tuple[str, ...]
    whole: Part
    stages: dict[str, Part]
    missing: tuple[str, ...]

    @property
    def together_j(self) -> Estimate:
        """Return the energy of all stages."""
        return sum_of(part.energy_j for part in self.stages.values())

    @property
    def other_j(self) -> Estimate:
        """Return what no stage explains; below zero where the stages cost more alone."""
        return self.whole.energy_j - self.together_j


@dataclass(frozen=True, slots=True)
class Check:
    """The same energy by two ways: of stages alone, and ``against`` something that knows none."""

    split: Split
    what: str
    alone_j: Estimate
    against: str
    against_j: Estimate


def sum_of(estimates: Iterable[Estimate]) -> Estimate:
    """Return the sum of independent estimates."""
    return sum(estimates, start=Estimate(0.0, 0.0))


def splits(data: DataSet) -> tuple[Split, ...]:
    """Split each series of the study ``stages``; without a whole generation there is none."""
    groups: dict[tuple[Series, int], list[Row]] = defaultdict(list)
    for source in data.sources:
        for row in source.rows:
            if row.study == "stages" and not row.warmup:
                groups[row.series, row.steps].append(row)
    in_order = sorted(groups, key=lambda key: (key[0].sort_key, key[1]))
    found = (_split(groups[key]) for key in in_order)
    return tuple(split for split in found if split is not None)


def checks(found: Sequence[Split], lines: Sequence[StepLine]) -> tuple[Check, ...]:
    """Compare the stages with the whole, and with the line through the study ``steps``."""
    by_series = {(line.series, line.quantity): line for line in lines}
    return tuple(
        check
        for split in found
        for check in (
            Check(split, "all stages", split.together_j, "whole generation", split.whole.energy_j),
            *_by_line(split, by_series.get((split.series, split.quantity))),
        )
    )


def _split(rows: Sequence[Row]) -> Split | None:
    quantity = "gpu" if any(row.gpu_energy_j is not None for row in rows) else "cpu"
    by_stage: dict[str | None, list[Row]] = defaultdict(list)
    for row in rows:
        by_stage[row.stage].append(row)
    parts = {stage: _part(own, f"{quantity}_energy_j") for stage, own in by_stage.items()}
    whole = parts.pop(None, None)
    if whole is None:
        return None
    executed = {row.executed_steps for row in by_stage[None] if counts(row)}
    lacking = [
        stage
        for stage, part in parts.items()
        if part is None and any(row.status is not Status.UNSUPPORTED for row in by_stage[stage])
    ]
    return Split(
        series=rows[0].series,
        steps=rows[0].steps,
        executed_steps=executed.pop() if len(executed) == 1 else None,
        quantity=quantity,
        cpu_sources=tuple(sorted({row.cpu_source for row in rows if row.cpu_source})),
        whole=whole,
        stages={stage: part for stage, part in parts.items() if stage and part},
        missing=tuple(stage for stage in lacking if stage),
    )


def _part(rows: Sequence[Row], quantity: str) -> Part | None:
    counting = [[row] for row in rows if counts(row)]
    energy, duration = total(counting, quantity), total(counting, "duration_s")
    if energy is None or duration is None:
        return None
    stated = [row.uncertainty_j for (row,) in counting] if quantity == "gpu_energy_j" else []
    return Part(Estimate(energy.mean, _mean_u(energy, stated)), duration.mean, energy.n)


def _mean_u(energy: Summary, stated: Sequence[float | None]) -> float | None:
    """Return the standard uncertainty of a mean: by scatter or by the instrument, the larger one.

    What an instrument states of each window is part of their scatter (GUM, 4.3.10), of which a few
    repeats may show too little.
    """
    known = [u for u in stated if u is not None]
    terms = [math.sqrt(math.fsum(u * u for u in known)) / len(known)] if known else []
    if energy.sd is not None:
        terms.append(energy.sd / math.sqrt(energy.n))
    return max(terms, default=None)


def _by_line(split: Split, found: StepLine | None) -> Iterable[Check]:
    calls = split.executed_steps
    if found is None or found.line is None or not calls or DENOISING not in split.stages:
        return
    line = found.line
    slope_se = None if line.slope_se is None else calls * line.slope_se
    others = (part.energy_j for name, part in split.stages.items() if name != DENOISING)
    yield Check(
        split, DENOISING, split.stages[DENOISING].energy_j,
        "slope of the line times calls", Estimate(calls * line.slope, slope_se),
    )  # fmt: skip
    yield Check(
        split, "the other stages", sum_of(others),
        "intercept of the line", Estimate(line.intercept, line.intercept_se),
    )  # fmt: skip


def _hypot(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else math.hypot(one, other)
