"""Measure as much as fits into a visit to a GPU: ``python artifact/gpu/visit.py --minutes 9``.

A visit is short and the next one may meet another card, so every bundle is complete in itself and
nothing is begun that the time left would not finish. Give the command again on the same card to go
on. Weights are random: the energy of the architecture is measured, and every bundle says so.
Words after ``--`` go to ``tta-energy full`` as they are.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tarfile
import time
from dataclasses import dataclass
from pathlib import Path

TTA = (sys.executable, "-m", "repro")
#: Building a network of a billion random weights and bringing it to the GPU.
LOADING_S = 60.0
HEADING = f"{'protocol':<9} {'study':<6} {'model':<20} {'outcome':<11} seconds"
#: How much slower than estimated a piece may be before it has to be stopped.
MARGIN = 1.3


@dataclass(frozen=True)
class Piece:
    """One model, one study, one protocol: a bundle."""

    protocol: str
    study: str
    model: str

    def words(self) -> list[str]:
        """Return the options that ask for it."""
        return ["--protocol", self.protocol, "--study", self.study, "--model", self.model]


@dataclass(frozen=True)
class Done:
    """What became of a piece: ``measured``, ``not begun``, ``stopped`` or an exit code."""

    piece: Piece
    outcome: str
    seconds: float


def main() -> int:
    """Look at the machine, measure what fits, print a table, pack the results."""
    asked = arguments()
    ends_at = time.monotonic() + 60 * asked.minutes
    asked.out.mkdir(parents=True, exist_ok=True)
    if doctor(asked.out, asked.device) and not asked.anyway:
        print(
            "the machine is not fit to measure on; --anyway goes on, and every override is signed"
        )
        return 4
    done: list[Done] = []
    for piece in pieces(asked.models):
        done.append(attempt(piece, asked, ends_at, slowness(done)))
        print(line(done[-1]), flush=True)
    print(
        "\n".join(
            ["", "protocol  study  model                outcome     seconds", *map(line, done)]
        )
    )
    print(f"\n{pack(asked.out)}")
    return 0


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, required=True, help="how long the visit may last")
    parser.add_argument("--out", type=Path, default=Path("visit"), help="folder of the results")
    parser.add_argument("--device", default="cuda:0")
    parser.add_argument("--models", nargs="+", default=paper_models(), metavar="NAME")
    parser.add_argument("--anyway", action="store_true", help="measure although doctor objects")
    parser.add_argument("further", nargs="*", metavar="OPTION", help="for tta-energy full")
    return parser.parse_args()


def paper_models() -> list[str]:
    """Return the paper's models in the paper's order."""
    listed = json.loads(output("models", "--json"))
    return [item["name"] for item in listed if item["in_paper"]]


def pieces(models: list[str]) -> list[Piece]:
    """Return what is to be measured, the most wanted first."""
    steps, batch = (
        [Piece("paper", study, name) for name in models] for study in ("steps", "batch")
    )
    return [*steps, batch[0], Piece("precise", "steps", models[0]), *batch[1:]]


def doctor(out: Path, device: str) -> bool:
    """Print and keep what doctor finds; return whether it objects."""
    found = subprocess.run(
        [*TTA, "doctor", "--device", device, "--out", str(out)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    print(found.stdout, found.stderr, flush=True)
    (out / "doctor.txt").write_text(found.stdout)
    return found.returncode != 0


def estimate_s(piece: Piece) -> float:
    """Return the seconds of a piece by the times its model's card gives for another GPU."""
    return 60 * (json.loads(output("plan", "full", *piece.words(), "--json"))["minutes"] or 0)


def slowness(done: list[Done]) -> float:
    """Return how measured times compare with estimates so far; 1 before the first."""
    ratios = [item.seconds / (estimate_s(item.piece) + LOADING_S)
              for item in done if item.outcome == "measured" and item.seconds > 1]  # fmt: skip
    return max(ratios, default=1.0)


def attempt(piece: Piece, asked: argparse.Namespace, ends_at: float, slower: float) -> Done:
    """Measure a piece if it fits into the time left."""
    begun = time.monotonic()
    left = ends_at - begun
    if left < MARGIN * slower * (estimate_s(piece) + LOADING_S):
        return Done(piece, "not begun", 0.0)
    command = [*TTA, "full", *piece.words(), "--weights", "random", "--device", asked.device,
               "--out", str(asked.out), *asked.further]  # fmt: skip
    with (asked.out / "visit.log").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            code = process.wait(timeout=left)
        except subprocess.TimeoutExpired:
            process.terminate()
            process.wait()
            return Done(piece, "stopped", time.monotonic() - begun)
    return Done(piece, "measured" if code == 0 else f"exit {code}", time.monotonic() - begun)


def pack(out: Path) -> Path:
    """Put bundles and logs, without audio and journals, into one archive."""
    path = out / "visit.tar"
    with tarfile.open(path, "w") as archive:
        for file in sorted([*out.glob("*.zip"), *out.glob("*.txt"), *out.glob("*.log")]):
            archive.add(file, file.name)
    return path


def line(done: Done) -> str:
    """Return a row of the table."""
    piece = done.piece
    name = f"{piece.protocol:<9} {piece.study:<6} {piece.model:<20}"
    return f"{name} {done.outcome:<11} {done.seconds:7.1f}"


def output(*words: str) -> str:
    """Return what a command of the program prints.

    Raises:
        subprocess.CalledProcessError: it failed; its complaint has been printed.

    """
    return subprocess.run([*TTA, *words], stdout=subprocess.PIPE, text=True, check=True).stdout


if __name__ == "__main__":
    sys.exit(main())
