"""What a command that measures prints last: what a clip took, what to type next."""

from __future__ import annotations

import statistics
import sys
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from repro.records import Record, Run, Status, Window

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from repro.campaign import Outcome


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
    whole = row.stage is None and not row.warmup and row.batch_size == 1
    known = row.duration_s is not None and row.energy_j is not None
    return whole and known and row.status is Status.OK and row.clips > 0


def _cost(steps: int, rows: Sequence[Window]) -> ClipCost:
    return ClipCost(
        steps=steps,
        energy_j=statistics.fmean((row.energy_j or 0.0) / row.clips for row in rows),
        duration_s=statistics.fmean((row.duration_s or 0.0) / row.clips for row in rows),
        part=rows[0].energy_part,
    )


def print_summary(outcomes: Sequence[Outcome], out: Path) -> None:
    """Print a line per model, the path of each bundle and the command to type next."""
    console = Console(file=sys.stdout)
    parts = sorted({cost.part for one in outcomes for cost in one.costs})
    takes = f"a clip takes ({', '.join(parts)})" if parts else "a clip takes"
    table = Table("model", "windows", takes, "class", "verdict", box=None, pad_edge=False)
    for one in outcomes:
        counts = ", ".join(f"{count} {status}" for status, count in one.counts.items())
        costs = "\n".join(map(describe, _ends(one.costs)))
        kind, verdict = one.bundle_class or "-", one.verdict or "error"
        table.add_row(one.model, counts or "-", costs or "-", kind, verdict)
    console.print(table)
    bundles = [path for one in outcomes for path in (one.bundle, one.scores) if path]
    for path in bundles:
        console.print(str(path), highlight=False, markup=False, soft_wrap=True)
    if bundles:
        command = f"next: tta-energy report {_named(bundles, out)} --out {out / 'report'}"
        console.print(command, highlight=False, markup=False, soft_wrap=True)


def describe(cost: ClipCost) -> str:
    """Say what a clip took, in the units of its magnitude."""
    return f"{cost.steps} steps: {cost.energy_j:.3g} J, {cost.duration_s:.3g} s"


def _ends(costs: Sequence[ClipCost]) -> Sequence[ClipCost]:
    """Return the fewest steps and the most: what lies between is in the report."""
    return costs if len(costs) < 2 else (costs[0], costs[-1])  # noqa: PLR2004


def _named(bundles: Iterable[Path], out: Path) -> str:
    """Name the folder, where nothing else lies in it."""
    listed = sorted(bundles)
    return str(out) if listed == sorted(out.glob("*.zip")) else " ".join(map(str, listed))
