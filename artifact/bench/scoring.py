"""Measure how much faster the paper's 84 sets are scored here than by a fresh fadtk run for each.

The authors' scripts call fadtk's command line once for each model, number of steps and data set.
Every call starts an interpreter, in it eight processes of which each builds the network, and as
many again for the statistics of the set. Here one worker builds the network once. Both score the
same clips of ten seconds against the same reference with the same random network of full size
(that of 630k-audioset-best), on the CPU. One run of fadtk and several sets here are measured, and
84 reckoned from them: all runs are alike. fadtk is spared what only its first run does (the
reference's embeddings and statistics), its downloads, its other models and the conversion of clips.

A set has one clip here: the question is what a set costs beside its clips, of which each takes the
same passes of the same network on either side. Clips added to the sets bring the ratio down
to 1 on a CPU; ``ratio_by_clips`` says how fast, up to the paper's 300.

``value`` and ``ok`` are null where the scorer's environment is not installed, and
``details.skipped`` says so. A goal that is missed does not fail the program: how long the same
passes of the network take on either side depends on the machine, and ``details.missed_because``
says where the time went. Scores that differ do.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import wave
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from repro.errors import UsageError
from repro.resources import scorer_dir
from repro.scoring.frechet import pool
from repro.scoring.process import find_interpreter
from repro.scoring.scorer import Scorer

QUESTION = (
    "how many times faster are the paper's 84 sets scored, of one clip each, than by a fresh fadtk "
    "run for each?"
)
GOAL = 20.0
PAPER_SETS, SETS, REFERENCE_CLIPS = 84, 3, 2
CLIPS = (1, 2, 5, 10, 30, 100, 300)
RATE_HZ, SECONDS = 48000, 10
#: The default of fadtk's command line, and what a process with the network needs.
WORKERS, WORKER_BYTES = 8, 2.2 * 2**30
#: The two sides round their embeddings to 16 bits at different times.
MOST_APART = 1e-3

CHECKPOINT = "630k-audioset-best.pt"
NAME = "clap-laion-audio"


def make_set(folder: Path, count: int, pitch_hz: float) -> list[Path]:
    """Write clips of ten seconds, and beside them where fadtk keeps converted ones."""
    converted = folder / "convert" / str(RATE_HZ)
    converted.mkdir(parents=True)
    files = []
    for number in range(count):
        draws = np.random.default_rng([round(pitch_hz), number])
        turn = 2 * np.pi * pitch_hz * (1 + number / 7) / RATE_HZ
        audio = 0.4 * np.sin(turn * np.arange(RATE_HZ * SECONDS))
        audio += 0.05 * draws.normal(size=len(audio))
        samples = (np.clip(audio, -1, 1) * 32767).astype("<i2").tobytes()
        for home in (folder, converted):
            with wave.open(str(home / f"{number}.wav"), "wb") as file:
                file.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
                file.writeframes(samples)
        files.append(folder / f"{number}.wav")
    return files


def keep_reference(files: list[Path], embeddings: list[Path]) -> None:
    """Put embeddings and statistics of the reference where fadtk's first run leaves them."""
    folder = files[0].parent
    clips = [np.load(path) for path in embeddings]
    found = pool(clips)
    for kind in ("embeddings", "stats"):
        (folder / kind / NAME).mkdir(parents=True)
    for path, clip in zip(files, clips, strict=True):
        np.save(folder / "embeddings" / NAME / f"{path.stem}.npy", clip)
    np.save(folder / "stats" / NAME / "mu.npy", found.mean)
    np.save(folder / "stats" / NAME / "cov.npy", found.covariance)


def affordable_workers() -> int:
    """Return fadtk's number of workers, or fewer where memory would not hold their networks."""
    lines = Path("/proc/meminfo").read_text().splitlines()
    (free,) = [line.split()[1] for line in lines if line.startswith("MemAvailable")]
    return max(1, min(WORKERS, int(int(free) * 1024 / WORKER_BYTES) - 1))


def run_fadtk(folder: Path, *arguments: object) -> dict[str, float]:
    """Run fadtk in the scorer's environment; return how long each part of the run took."""
    search = os.pathsep.join([str(scorer_dir()), str(scorer_dir().parent)])
    marks = folder / "fadtk.marks"
    environment = {**os.environ, "PYTHONPATH": search, "MARKS": str(marks)}
    script = Path(__file__).parent / "scoring_run" / "fadtk_run.py"
    begun = time.time()
    done = subprocess.run(
        [find_interpreter("laion"), script, *map(str, arguments)], env=environment,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    ended = time.time()
    if done.returncode:
        raise RuntimeError(f"fadtk ended with {done.returncode}: {done.stderr[-2000:]}")
    lines = [line.split() for line in marks.read_text().splitlines()] if marks.exists() else []
    last = {name: float(moment) for name, moment in lines}
    moments = [begun, *sorted(last.values()), ended]
    names = ["start_s", "networks_s", "embedding_s", "statistics_s", "distance_s", "end_s"]
    spans = [after - before for before, after in pairwise(moments)]
    return {"whole_s": ended - begun, **dict(zip(names, spans, strict=False))}


def run_here(
    folder: Path, reference: list[Path], sets: list[list[Path]]
) -> tuple[dict[str, float], list[dict[str, float]], list[float], list[Path]]:
    """Score all sets with one worker; return its times, those of each set, and the scores."""
    begun, times, values = time.perf_counter(), [], []
    with Scorer("laion", cache=folder / "cache", log=folder / "scorer.log") as scorer:
        started = time.perf_counter()
        scorer.load(weights=str(folder), device="cpu", networks=("fad",))
        loaded = time.perf_counter()
        known = scorer.embed_audio(reference, "fad")
        embedded = time.perf_counter()
        for files in sets:
            before = time.perf_counter()
            scorer.embed_audio(files, "fad")
            between = time.perf_counter()
            values.append(scorer.fad(reference, files, seed=0).raw)
            after = time.perf_counter()
            times.append({"embedding_s": between - before, "distance_s": after - between})
    once = {
        "start_s": started - begun,
        "network_s": loaded - started,
        "reference_s": embedded - loaded,
    }
    return once, times, values, known


def measure(folder: Path) -> dict[str, Any]:
    """Score sets both ways and return what each part took, in seconds."""
    run_fadtk(folder, folder / CHECKPOINT)
    reference = make_set(folder / "reference", REFERENCE_CLIPS, 220)
    sets = [make_set(folder / f"set-{number}", 1, 300 + 150 * number) for number in range(SETS)]
    once, each, values, known = run_here(folder, reference, sets)
    keep_reference(reference, known)
    workers = affordable_workers()
    fadtk = run_fadtk(folder, folder / CHECKPOINT, reference[0].parent, sets[0][0].parent, workers)
    theirs = float((folder / "fadtk.score").read_text())
    mean = {name: sum(one[name] for one in each) / len(each) for name in each[0]}
    return {
        "cpus": os.cpu_count(),
        "fadtk_workers": workers,
        "fadtk_each_run": fadtk,
        "here_once": once,
        "here_each_set": mean,
        "relative_difference": abs(values[0] / theirs - 1),
    }


def ratio(details: dict[str, Any], clips: int) -> float:
    """Return the ratio for 84 sets of so many clips, each more costing both sides the same."""
    here = details["here_each_set"]
    more_s = (clips - 1) * here["embedding_s"]
    theirs_s = PAPER_SETS * (details["fadtk_each_run"]["whole_s"] + more_s)
    ours_s = sum(details["here_once"].values()) + PAPER_SETS * (sum(here.values()) + more_s)
    return theirs_s / ours_s


def judge(details: dict[str, Any]) -> dict[str, Any]:
    """Return the answer, with where the time went if it misses the goal; scores must agree."""
    value = ratio(details, 1)
    found = {**details, "ratio_by_clips": {count: ratio(details, count) for count in CLIPS}}
    here, run_s = details["here_each_set"], details["fadtk_each_run"]["whole_s"]
    beside = (run_s - here["embedding_s"]) / here["distance_s"]
    same = details["relative_difference"] <= MOST_APART
    if value < GOAL and same:
        found["missed_because"] = (
            f"the passes of the network take {here['embedding_s']:.1f} s of the "
            f"{sum(here.values()):.1f} s of a set here, and of the {run_s:.1f} s of a fadtk run; "
            f"beside them the ratio is {beside:.0f}"
        )
    return answer(value, ok=value >= GOAL and same, details=found)


def answer(value: float | None, *, ok: bool | None, details: dict[str, Any]) -> dict[str, Any]:
    """Return the document that ``--json`` prints."""
    return {
        "question": QUESTION, "value": value, "unit": "1", "goal": GOAL, "ok": ok,
        "details": details,
    }  # fmt: skip


def ask() -> dict[str, Any]:
    """Measure, where the scorer's environment is installed."""
    try:
        find_interpreter("laion")
    except UsageError as error:
        return answer(None, ok=None, details={"skipped": str(error)})
    with tempfile.TemporaryDirectory() as folder:
        return judge(measure(Path(folder)))


def show(found: dict[str, Any]) -> None:
    """Print an answer for people."""
    details = found["details"]
    if found["ok"] is None:
        print(f"{QUESTION} skipped: {details['skipped']}")
        return
    print(f"{QUESTION} {found['value']:.1f}, goal {GOAL:g}: ok={found['ok']}")
    for name, part in details.items():
        if isinstance(part, dict):
            print(f"  {name}: " + ", ".join(f"{key} {one:.2f}" for key, one in part.items()))
        else:
            print(f"  {name}: {part}")


def main() -> int:
    """Print the answer; return 1 where the two sides' scores differ, 6 for the goal alone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    arguments = parser.parse_args()
    found = ask()
    if arguments.json:
        print(json.dumps(found, indent=2))
    else:
        show(found)
    if found["ok"] is not False:
        return 0
    return 6 if "missed_because" in found["details"] else 1


if __name__ == "__main__":
    sys.exit(main())
