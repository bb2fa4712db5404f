"""What a clip of a run took, by the number of steps."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from repro.records import Record, Run, Status, Window

if TYPE_CHECKING:
    from collections.abc import Sequence


class ClipCost(Record):
    """What a clip took on average at a number of steps, one at a time, warm-ups apart.

    ``part`` is what drew the energy: the GPU, or a CPU whose energy is measured or modelled.
    """

    steps: int
    energy_j: float
    duration_s: float
    part: str


def clip_costs(run: Run) -> tuple[ClipCost, ...]:
    """Return what a clip took at each number of steps, fewest first."""
    by_steps: dict[int, list[Window]] = {}
    for entry in run.entries:
        if _counts(entry.row):
            by_steps.setdefault(entry.row.steps, []).append(entry.row)
    return tuple(_cost(steps, rows) for steps, rows in sorted(by_steps.items()))


def _counts(row: Window) -> bool:
    # Clips of the sanity check are as long as their recordings.
    alike = row.study != "sanity" and row.batch_size == 1
    whole = alike and row.stage is None and not row.warmup
    known = row.duration_s is not None and row.energy_j is not None
    return whole and known and row.status is Status.OK and row.clips > 0


def _cost(steps: int, rows: Sequence[Window]) -> ClipCost:
    return ClipCost(
        steps=steps,
        energy_j=statistics.fmean((row.energy_j or 0.0) / row.clips for row in rows),
        duration_s=statistics.fmean((row.duration_s or 0.0) / row.clips for row in rows),
        part=rows[0].energy_part,
    )
