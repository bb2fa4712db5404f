"""What bundles say about their own meters: ``python artifact/gpu/findings.py BUNDLE... --out DIR``.

Prints tables in Markdown, for artifact/MEASUREMENT.md, and draws how far the readings of a window
lie apart against its length. Bundles that do not verify are refused.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from repro import bundle
from repro.bundle import payload
from repro.records import Status
from repro.signing import TrustStore

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from repro.records import Run, Window

#: Lengths of windows, in seconds, that are told apart.
LENGTHS_S = (0.3, 1, 3, 10, 20, 1e9)
#: Reading -> the one it is held against.
PAIRS = {"codecarbon": "counter", "trace": "counter"}


def main() -> int:
    """Print every table and draw the figure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bundles", nargs="+", type=Path, metavar="BUNDLE")
    parser.add_argument("--out", type=Path, help="folder of the figure  [default: none is drawn]")
    asked = parser.parse_args()
    runs = [run for path in asked.bundles if (run := read(path)) is not None]
    print("\n\n".join(table(runs) for table in (machines, meters, agreement, repeats, duty)))
    if asked.out:
        print(f"\n{draw([row for run in runs for row in counted(run)], asked.out)}")
    return 0


def read(path: Path) -> Run | None:
    """Return the run of a bundle that verifies, or None where it holds scores.

    Raises:
        SystemExit: it does not.

    """
    found = bundle.examine(path, trust=TrustStore.shipped())
    if found.verdict is bundle.Verdict.INVALID:
        raise SystemExit(f"{path}: {found.verdict}: {'; '.join(found.reasons)}")
    return payload.read(found.contents) if found.kind == "run" else None


def counted(run: Run, *, warmups: bool = False) -> list[Window]:
    """Return the windows whose energy was read, those in dispute among them."""
    wanted = (Status.OK, Status.DISPUTED)
    rows = [entry.row for entry in run.entries]
    return [row for row in rows if row.status in wanted and (warmups or not row.warmup)]


def machines(runs: Iterable[Run]) -> str:
    """Return what was measured on, a line for each hardware and kind of weights."""
    lines = []
    for run in runs:
        made = run.header.environment
        gpu = made.machine.gpu
        board = f"{gpu.name}, driver {gpu.driver or 'unknown'}" if gpu else made.machine.cpu
        kind = f"class {made.bundle_class}, {made.weights} weights, size {made.size}"
        lines.append(f"- {board}: {kind}, measured {made.started_at[:10]}")
    return "\n".join(sorted(set(lines)))


def meters(runs: Iterable[Run]) -> str:
    """Return how the counter refreshed, and what the idle GPU drew with the model loaded."""
    lines = ["| model | protocol | refresh of the counter | jitter | idle, model loaded |",
             "|---|---|---:|---:|---:|"]  # fmt: skip
    for run in runs:
        made = run.header.environment
        idle = [f"{one.idle.power_w:.1f} W" for one in run.sessions if one.idle]
        for one in made.instruments:
            if one.name == "counter" and one.refresh_period_s is not None:
                jitter = f"{1000 * (one.refresh_jitter_s or 0.0):.2f} ms"
                period = f"{1000 * one.refresh_period_s:.1f} ms"
                name = run.entries[0].row.model
                cells = (name, made.protocol, period, jitter, ", ".join(idle))
                lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def agreement(runs: Iterable[Run]) -> str:
    """Return how far readings lie from the counter, by length of the window."""
    rows = [row for run in runs for row in counted(run)]
    lines = ["| window | reading | n | mean | sd | largest |", "|---|---|---:|---:|---:|---:|"]
    for shortest, longest in itertools.pairwise((0.0, *LENGTHS_S)):
        inside = [row for row in rows if shortest <= (row.duration_s or 0) < longest]
        for reading in PAIRS:
            apart = [value for row in inside if (value := apart_percent(row, reading)) is not None]
            if apart:
                name = f"{shortest:g} to {longest:g} s" if longest < LENGTHS_S[-1] else "longer"
                lines.append(f"| {name} | {reading} | {len(apart)} | {summary(apart)} |")
    return "\n".join(lines)


def summary(apart: Sequence[float]) -> str:
    """Return mean, standard deviation and the largest of differences in percent."""
    sd = statistics.stdev(apart) if len(apart) > 1 else 0.0
    return f"{statistics.fmean(apart):+.2f} % | {sd:.2f} % | {max(apart, key=abs):+.2f} %"


def apart_percent(row: Window, reading: str) -> float | None:
    """Return how far a reading lies from the one it is held against, or None without both."""
    value = getattr(row, f"gpu_energy_{reading}_j")
    against = getattr(row, f"gpu_energy_{PAIRS[reading]}_j")
    return None if value is None or against is None else 100 * (value / against - 1)


def repeats(runs: Iterable[Run]) -> str:
    """Return the spread of the repeats of each setting, alone and with its warm-ups among them."""
    lines = ["| model | study | steps | batch | sd of repeats | with warm-ups |",
             "|---|---|---:|---:|---:|---:|"]  # fmt: skip
    for run in runs:
        alone, among = (by_setting(counted(run, warmups=one)) for one in (False, True))
        for setting, values in alone.items():
            if len(values) > 1:
                cells = " | ".join(str(part) for part in setting)
                lines.append(f"| {cells} | {spread(values)} | {spread(among[setting])} |")
    return "\n".join(lines)


def by_setting(rows: Iterable[Window]) -> dict[tuple[str, str, int, int], list[float]]:
    """Return the joules of a generation by model, study, steps and batch size; GPU before CPU."""
    found: dict[tuple[str, str, int, int], list[float]] = {}
    for row in rows:
        energy_j = row.energy_j
        if row.study in ("steps", "batch") and energy_j is not None:
            setting = (row.model, row.study, row.steps, row.batch_size)
            found.setdefault(setting, []).append(energy_j / row.generations)
    return found


def spread(values: Sequence[float]) -> str:
    """Return the standard deviation as a share of the mean."""
    return f"{100 * statistics.stdev(values) / statistics.fmean(values):.2f} %"


def duty(runs: Iterable[Run]) -> str:
    """Return the share of time inside windows, and what lies between two of them."""
    lines = ["| model | windows | inside windows | between two, median | 95th percentile |",
             "|---|---:|---:|---:|---:|"]  # fmt: skip
    for run in runs:
        rows = counted(run, warmups=True)
        gaps = [gap_s(one, other) for one, other in itertools.pairwise(rows)]
        if len(gaps) > 1:
            inside_s = sum(row.duration_s or 0 for row in rows)
            share = f"{100 * inside_s / (inside_s + sum(gaps)):.1f} %"
            between = (
                f"{statistics.median(gaps):.3f} s | {statistics.quantiles(gaps, n=20)[-1]:.3f} s"
            )
            lines.append(f"| {rows[0].model} | {len(rows)} | {share} | {between} |")
    return "\n".join(lines)


def gap_s(one: Window, other: Window) -> float:
    """Return the seconds from the end of a window to the beginning of the next."""
    begun, ended = (datetime.fromisoformat(row.started_at) for row in (other, one))
    return (begun - ended).total_seconds() - (one.duration_s or 0)


def draw(rows: Iterable[Window], out: Path) -> Path:
    """Draw how far each reading lies from the counter, against the length of the window."""
    import matplotlib as mpl

    mpl.use("agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
    for (reading, against), mark in zip(PAIRS.items(), "ox", strict=True):
        points = [(row.duration_s, value) for row in rows
                  if (value := apart_percent(row, reading)) is not None]  # fmt: skip
        if points:
            axes.plot(*zip(*points, strict=True), mark, markersize=4, alpha=0.7,
                      label=f"{reading} against {against}")  # fmt: skip
    axes.axhline(0, color="black", linewidth=0.6)
    axes.set_xscale("log")
    axes.set_xlabel("length of the window (s)")
    axes.set_ylabel("difference (%)")
    axes.legend(frameon=False)
    out.mkdir(parents=True, exist_ok=True)
    path = out / "readings.png"
    figure.savefig(path, dpi=150, metadata={"Software": None})
    plt.close(figure)
    return path


if __name__ == "__main__":
    sys.exit(main())
