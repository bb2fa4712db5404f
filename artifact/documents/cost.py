"""What the paper's protocol costs on the paper's GPU, from the authors' released measurements."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reference import reference

from repro.energy.units import kwh

if TYPE_CHECKING:
    from collections.abc import Iterable

    from repro.analysis.reading.dataset import Row


@dataclass(frozen=True, slots=True)
class Cost:
    """Generations of one study, and what they took without loading, waiting and writing."""

    calls: int
    seconds: float
    gpu_j: float
    others_j: float

    @property
    def hours(self) -> float:
        """Time inside generations."""
        return self.seconds / 3600

    def kwh(self) -> tuple[float, float]:
        """Return GPU energy, and CPU and RAM energy, in kWh."""
        return kwh(self.gpu_j), kwh(self.others_j)


def total(costs: Iterable[Cost]) -> Cost:
    """Add costs up."""
    costs = tuple(costs)
    return Cost(
        calls=sum(cost.calls for cost in costs),
        seconds=math.fsum(cost.seconds for cost in costs),
        gpu_j=math.fsum(cost.gpu_j for cost in costs),
        others_j=math.fsum(cost.others_j for cost in costs),
    )


def study_costs() -> dict[str, Cost]:
    """Return what each study took, with one warm-up for each setting of each model on top."""
    rows: dict[str, list[Row]] = {}
    for source in reference().sources:
        for row in source.rows:
            rows.setdefault(row.study, []).append(row)
    return {study: _with_warmups(found) for study, found in rows.items()}


def _with_warmups(rows: list[Row]) -> Cost:
    settings: dict[tuple[object, ...], list[Cost]] = {}
    for row in rows:
        setting = (row.series.model, row.dataset, row.steps, row.batch_size)
        settings.setdefault(setting, []).append(_cost(row))
    measured = [total(costs) for costs in settings.values()]
    return total([*measured, *(_one_call(cost) for cost in measured)])


def _cost(row: Row) -> Cost:
    return Cost(
        calls=math.ceil(row.clips / row.batch_size),
        seconds=row.duration_s or 0.0,
        gpu_j=row.gpu_energy_j or 0.0,
        others_j=(row.cpu_energy_j or 0.0) + (row.ram_energy_j or 0.0),
    )


def _one_call(cost: Cost) -> Cost:
    share = 1 / cost.calls
    return Cost(1, cost.seconds * share, cost.gpu_j * share, cost.others_j * share)
