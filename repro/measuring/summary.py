"""What a command that measures prints last: what a clip took, what to type next."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from repro.measuring.campaign import Outcome
    from repro.measuring.costs import ClipCost


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
