"""Measure as much as fits into a visit to a GPU: ``python artifact/gpu/visit.py --minutes 9``.

A visit is short and the next one may meet another card, so every bundle is complete in itself and
nothing is begun that the time left would not finish. Give the command again on the same card to go
on, elsewhere with ``--have`` and the bundles there are. Weights are random: the energy of the
architecture is measured, and every bundle says so. Words after ``--`` go to ``tta-energy full``.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import subprocess
import sys
import tarfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from repro import bundle
from repro.bundle import payload
from repro.catalog import PLAIN, read_catalog
from repro.doctor.preflight import FINAL
from repro.protocol import parse_protocol, protocol_text
from repro.signing import TrustStore

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

TTA = (sys.executable, "-m", "repro")
#: The checks before a run, the counter's period and CodeCarbon's first task.
STARTING_S = 20.0
#: Building a network of a billion random weights and bringing it to the GPU.
LOADING_S = 45.0
#: Between two windows: four refreshes of a counter of 100 ms, the trace's tail, the journal.
BETWEEN_WINDOWS_S = 0.7
#: How much slower than estimated a piece may be before it has to be stopped.
MARGIN = 1.3
#: How long a run that is told to stop may take to put its journal in order.
STOPPING_S = 20.0
LOG_TAIL_LINES = 15
HEADING = f"{'protocol':<9} {'study':<6} {'model':<20} {'outcome':<11} seconds"


@dataclass(frozen=True)
class Piece:
    """A study of one model under one protocol: a bundle. ``cut`` are options to make it short."""

    protocol: str
    study: str
    model: str
    cut: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, str, str]:
        """What a bundle is recognised by."""
        return (self.protocol, self.study, self.model)

    def words(self) -> list[str]:
        """Return the options that ask for it."""
        return ["--protocol", self.protocol, "--study", self.study, "--model", self.model,
                *self.cut]  # fmt: skip


@dataclass(frozen=True)
class Done:
    """What became of a piece: ``measured``, ``there``, ``not begun``, ``stopped``, an exit code."""

    piece: Piece
    outcome: str
    seconds: float
    estimate_s: float = 0.0


def main() -> int:
    """Look at the machine, measure what fits, print a table, pack the results."""
    asked = arguments()
    ends_at = time.monotonic() + 60 * asked.minutes
    asked.out.mkdir(parents=True, exist_ok=True)
    if asked.here:
        os.environ["TTA_ENVS"] = str(environments_here(asked.out.resolve() / "environments"))
    failing = doctor(asked.out, asked.device)
    if failing and (FINAL.intersection(failing) or not asked.anyway):
        print(
            f"not fit to measure on: {', '.join(failing)}; --anyway overrides what can be, signed"
        )
        return 4
    asked.further += [word for name in failing for word in ("--override", name)]
    done = measure(asked, ends_at)
    print("\n".join(["", HEADING, *map(line, done), "", str(pack(asked))]))
    return 0


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, required=True, help="how long the visit may last")
    parser.add_argument("--out", type=Path, default=Path("visit"), help="folder of the results")
    parser.add_argument("--archive", type=Path, help="what is packed  [default: OUT/visit.tar]")
    parser.add_argument("--have", type=Path, nargs="+", default=[], metavar="DIR",
                        help="folders of bundles that are not measured again")  # fmt: skip
    parser.add_argument("--device", default="cuda:0")
    parser.add_argument("--models", nargs="+", default=paper_models(), metavar="NAME")
    parser.add_argument("--here", action="store_true",
                        help="run the models in this interpreter, not in their own")  # fmt: skip
    parser.add_argument("--anyway", action="store_true", help="measure although doctor objects")
    parser.add_argument("further", nargs="*", metavar="OPTION",
                        help="for tta-energy full, after --")  # fmt: skip
    return parser.parse_args()


def paper_models() -> list[str]:
    """Return the paper's models in the paper's order."""
    return [model.name for model in read_catalog().values() if model.card.in_paper]


def environments_here(root: Path) -> Path:
    """Make environments of the models whose interpreter is this one, and return their folder."""
    names = {model.card.environment for model in read_catalog().values()} - {PLAIN}
    for name in names:
        python = root / name / "bin" / "python"
        python.parent.mkdir(parents=True, exist_ok=True)
        # A link would leave a virtual environment behind: Python looks beside it for its packages.
        python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
        python.chmod(0o755)
    return root


def pieces(models: Sequence[str]) -> list[Piece]:
    """Return what is to be measured, the most wanted first, each once.

    Three models step by step and one of them in batches answer the paper's questions; the stages of
    two and one under ``precise`` those about the meter. Then the rest. The batches take long, and
    come while there is time.
    """
    steps, batch = (
        [Piece("paper", study, name) for name in models] for study in ("steps", "batch")
    )
    stages = [Piece("paper", "stages", name, ("--repeats", "2")) for name in models]
    shorter = ("--repeats", "2", "--steps", "10,100,200")
    precise = [Piece("precise", "steps", name, shorter) for name in models]
    first = [*steps[:1], *batch[:1], *steps[1:3], *stages[:2], *precise[:1]]
    return list(dict.fromkeys([*first, *steps, *batch]))


def measure(asked: argparse.Namespace, ends_at: float) -> list[Done]:
    """Measure piece by piece, leaving out what is there and what does not fit any more."""
    there = {key for folder in (asked.out, *asked.have) for key in held(folder)}
    done: list[Done] = []
    print(HEADING)
    for piece in pieces(asked.models):
        found = piece.key in there
        done.append(Done(piece, "there", 0.0) if found else attempt(piece, asked, ends_at, done))
        print(line(done[-1]), flush=True)
        pack(asked)  # a visit that is cut off leaves what it has
    return done


def held(folder: Path) -> set[tuple[str, str, str]]:
    """Return what the runs in a folder are of: protocol, study and model."""
    found: set[tuple[str, str, str]] = set()
    for path in sorted(folder.glob("*.zip")):
        examined = bundle.examine(path, trust=TrustStore.shipped())
        if examined.kind == "run" and examined.contents:
            run = payload.read(examined.contents)
            protocol = run.header.environment.protocol
            found |= {(protocol, one.row.study, one.row.model) for one in run.entries}
    return found


def doctor(out: Path, device: str) -> list[str]:
    """Print and keep what doctor finds; return the checks that fail."""
    grid = ("--weights", "random", "--study", "steps", "--study", "batch")
    text = output("doctor", "--device", device, "--out", str(out), *grid, "--json", may_fail=True)
    (out / "doctor.txt").write_text(text)
    checks = json.loads(text)["checks"]
    for check in checks:
        remedy = f" -> {check['remedy']}" if check["remedy"] else ""
        print(f"{check['state']:<5} {check['check']:<15} {check['found']}{remedy}", flush=True)
    return [check["check"] for check in checks if check["state"] == "fail"]


@functools.cache
def estimate_s(words: tuple[str, ...], protocol: str) -> float:
    """Return the seconds of a piece by the times its model's card gives for another GPU."""
    grid = json.loads(output("plan", "full", *words, "--json"))
    asked = parse_protocol(protocol_text(protocol))
    waiting_s = BETWEEN_WINDOWS_S * sum(grid["windows"].values())
    loading_s = asked.processes * (LOADING_S + (asked.idle_s or 0.0))
    return float(STARTING_S + loading_s + waiting_s + 60 * (grid["minutes"] or 0))


def slowness(done: Iterable[Done]) -> float:
    """Return how measured times compare with estimates so far; 1 before the first."""
    ratios = [one.seconds / one.estimate_s for one in done if one.outcome == "measured"]
    return max(ratios, default=1.0)


def attempt(piece: Piece, asked: argparse.Namespace, ends_at: float, done: Iterable[Done]) -> Done:
    """Measure a piece if it fits into the time left."""
    if ends_at - time.monotonic() < STARTING_S + LOADING_S:
        return Done(piece, "not begun", 0.0)
    words = (*piece.words(), *asked.further)
    expected_s = estimate_s(words, piece.protocol)
    # Windows of a fixed length are no shorter on a faster card.
    factor = max(slowness(done), 1.0 if piece.cut else 0.0)
    begun = time.monotonic()
    left_s = ends_at - begun - STOPPING_S
    if left_s < MARGIN * factor * expected_s:
        return Done(piece, "not begun", 0.0, expected_s)
    command = [*TTA, "full", *words, "--weights", "random", "--device", asked.device,
               "--out", str(asked.out)]  # fmt: skip
    with (asked.out / "visit.log").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
        code = finish(process, left_s)
    outcome = {0: "measured", None: "stopped"}.get(code, f"exit {code}")
    if code:
        print("\n".join((asked.out / "visit.log").read_text().splitlines()[-LOG_TAIL_LINES:]))
    return Done(piece, outcome, time.monotonic() - begun, expected_s)


def finish(process: subprocess.Popen[bytes], left_s: float) -> int | None:
    """Wait for a run to end and return its exit code; at the end of the time stop it."""
    try:
        return process.wait(timeout=left_s)
    except subprocess.TimeoutExpired:
        process.terminate()
    try:
        process.wait(timeout=STOPPING_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    return None


def pack(asked: argparse.Namespace) -> Path:
    """Put bundles and logs into one archive, without audio; of an unfinished run its journal."""
    path: Path = asked.archive or asked.out / "visit.tar"
    path.parent.mkdir(parents=True, exist_ok=True)
    unpacked = path.with_name(f"{path.name}.new")
    unfinished = [file for file in asked.out.glob("*/journal.jsonl")
                  if not file.parent.with_suffix(".zip").exists()]  # fmt: skip
    logs = [*asked.out.glob("*.txt"), *asked.out.glob("*.log"), *asked.out.glob("*/worker.log")]
    with tarfile.open(unpacked, "w") as archive:
        for file in sorted([*asked.out.glob("*.zip"), *logs, *unfinished]):
            archive.add(file, file.relative_to(asked.out))
    return unpacked.rename(path)


def line(done: Done) -> str:
    """Return a row of the table."""
    piece = done.piece
    name = f"{piece.protocol:<9} {piece.study:<6} {piece.model:<20}"
    return f"{name} {done.outcome:<11} {done.seconds:7.1f}"


def output(*words: str, may_fail: bool = False) -> str:
    """Return what a command of the program prints.

    Raises:
        subprocess.CalledProcessError: it failed; its complaint has been printed.

    """
    command = [*TTA, *words]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=not may_fail).stdout


if __name__ == "__main__":
    sys.exit(main())
