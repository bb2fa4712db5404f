"""What a command that measures prints last: what a clip took, what to type next."""

from __future__ import annotations

import shlex
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
    console.print(_table(outcomes))
    classes = sorted({one.bundle_class for one in outcomes if one.bundle_class})
    bundles = [path for one in outcomes for path in (one.bundle, one.scores) if path]
    lines = [f"class: {', '.join(classes)}"] if classes else []
    lines += map(str, bundles)
    if bundles:
        lines.append(f"next: {shlex.join(_report(bundles, out))}")
    for line in lines:
        console.print(line, highlight=False, markup=False, soft_wrap=True)


def _table(outcomes: Iterable[Outcome]) -> Table:
    parts = sorted({cost.part for one in outcomes for cost in one.costs})
    takes = f"a clip takes ({', '.join(parts)})" if parts else "a clip takes"
    table = Table(box=None, pad_edge=False)
    for heading in ("model", "windows", takes, "verdict"):
        table.add_column(heading, no_wrap=heading != "windows")
    for one in outcomes:
        counts = ", ".join(f"{count} {status}" for status, count in one.counts.items())
        costs = "\n".join(map(describe, _ends(one.costs)))
        table.add_row(one.model, counts or "-", costs or "-", one.verdict or "error")
    return table


def describe(cost: ClipCost) -> str:
    """Say what a clip took, in the units of its magnitude."""
    return f"{cost.steps} steps: {cost.energy_j:.3g} J, {cost.duration_s:.3g} s"


def _ends(costs: Sequence[ClipCost]) -> Sequence[ClipCost]:
    """Return the fewest steps and the most: what lies between is in the report."""
    return costs if len(costs) < 2 else (costs[0], costs[-1])  # noqa: PLR2004


def _report(bundles: Iterable[Path], out: Path) -> list[str]:
    """Return the command that draws bundles, naming the folder where nothing else lies in it."""
    listed = sorted(bundles)
    named = [out] if listed == sorted(out.glob("*.zip")) else listed
    return ["tta-energy", "report", *map(str, named), "--out", str(out / "report")]
