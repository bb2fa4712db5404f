"""Measure how much faster sets are scored here than by a fresh fadtk run for each.

The authors' scripts call fadtk once for each model, step count and data set: every call starts an
interpreter, and in it processes that build the network, for 84 sets. Here one worker builds it
once. Both embed the same clips with the same random network of full size (630k-audioset-best's
architecture), on the CPU; fadtk keeps the embeddings of the reference, and is spared its download,
its three constructors and the conversion of the clips. Needs the scorer's environment.

The embedding itself is the same work on both sides. With few clips in a set the start dominates
fadtk's time; with the paper's 300 the embedding does on a CPU, and both take about as long. The
details give what a set costs on either side once its embeddings are there.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
import wave
from pathlib import Path

import numpy as np

from repro.errors import UsageError
from repro.resources import scorer_dir
from repro.scorer import Scorer, find_interpreter

GOAL = 20.0
SETS, CLIPS, REFERENCE_CLIPS = 3, 1, 2
RATE_HZ, SECONDS = 48000, 10

#: Runs in the scorer's environment; processes that fadtk spawns import it again.
FADTK = """
import sys
from pathlib import Path
import laion_engine
OFFLINE = laion_engine.without_downloads()
OFFLINE.__enter__()
import checkpoints, fadtk, torch

class Loader(fadtk.CLAPLaionModel):
    def __init__(self, file):
        fadtk.ModelLoader.__init__(self, "clap-laion-audio", 512, 48000)
        self.type, self.model_file = "audio", file

def save(file):
    module = laion_engine.laion_clap.CLAP_Module(enable_fusion=False, device="cpu")
    checkpoints.fill_random(module.model, seed=0)
    numbers = {f"module.{name}": one for name, one in module.model.state_dict().items()}
    numbers["module.text_branch.embeddings.position_ids"] = torch.arange(514)[None]
    torch.save({"state_dict": numbers}, file)

def score(file, reference, evaluation, workers):
    loader = Loader(file)
    for folder in (reference, evaluation):
        fadtk.cache_embedding_files(folder, loader, workers=workers)
    distance = fadtk.FrechetAudioDistance(loader, audio_load_worker=workers, load_model=False)
    print(f"\\nscore {distance.score(reference, evaluation)!r}")

if __name__ == "__main__":
    file, *rest = sys.argv[1:]
    if rest:
        score(Path(file), Path(rest[0]), Path(rest[1]), int(rest[2]))
    else:
        save(Path(file))
"""


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


class Fadtk:
    """A fresh fadtk run for each set, in the scorer's environment."""

    def __init__(self, folder: Path) -> None:
        self._script = folder / "fadtk_run.py"
        self._script.write_text(FADTK)
        self._log = folder / "fadtk.log"
        self.weights = folder / "weights"
        self.weights.mkdir()
        self.workers = os.cpu_count() or 1
        self._run(self.weights / "630k-audioset-best.pt")

    def score(self, reference: Path, evaluation: Path) -> tuple[float, float]:
        """Score one set; return the distance and the seconds it took."""
        begun = time.perf_counter()
        file = self.weights / "630k-audioset-best.pt"
        said = self._run(file, reference, evaluation, self.workers)
        (line,) = [line for line in said.splitlines() if line.startswith("score ")]
        return float(line.rpartition("(")[2].removeprefix("score ").rstrip(")")), (
            time.perf_counter() - begun
        )

    def _run(self, *arguments: object) -> str:
        search = os.pathsep.join([str(scorer_dir()), str(scorer_dir().parent)])
        with self._log.open("ab") as log:
            done = subprocess.run(
                [find_interpreter("laion"), self._script, *map(str, arguments)],
                env={**os.environ, "PYTHONPATH": search}, stdout=subprocess.PIPE, stderr=log,
                text=True, check=True,
            )  # fmt: skip
        return done.stdout


def measure(folder: Path) -> dict[str, object]:
    """Score all sets both ways and return what each took, in seconds."""
    theirs = Fadtk(folder)
    reference = make_set(folder / "reference", REFERENCE_CLIPS, 220)
    sets = [make_set(folder / f"set-{n}", CLIPS, 300 + 150 * n) for n in range(SETS)]
    homes = [files[0].parent for files in sets]
    ours_s, ours, ours_cached_s = _score_here(folder, theirs.weights, reference, sets)
    fadtk = [theirs.score(reference[0].parent, home) for home in homes]
    _, cached_s = theirs.score(reference[0].parent, homes[-1])
    fadtk_s = [seconds for _, seconds in fadtk]
    return {
        "sets": SETS,
        "clips_per_set": CLIPS,
        "reference_clips": REFERENCE_CLIPS,
        "fadtk_workers": theirs.workers,
        "fadtk_s": sum(fadtk_s),
        "fadtk_each_set_s": fadtk_s,
        "fadtk_set_embedded_before_s": cached_s,
        **ours_s,
        "ours_set_embedded_before_s": ours_cached_s,
        "largest_difference": max(abs(a - b) for a, (b, _) in zip(ours, fadtk, strict=True)),
    }


def _score_here(
    folder: Path, weights: Path, reference: list[Path], sets: list[list[Path]]
) -> tuple[dict[str, object], list[float], float]:
    moments, values = [time.perf_counter()], []
    with Scorer("laion", cache=folder / "cache", log=folder / "scorer.log") as scorer:
        scorer.load(weights=str(weights), device="cpu", networks=("fad",))
        moments.append(time.perf_counter())
        scorer.embed_audio(reference, "fad")
        moments.append(time.perf_counter())
        for files in sets:
            values.append(scorer.fad(reference, files, seed=0).raw)
            moments.append(time.perf_counter())
        scorer.fad(reference, sets[-1], seed=0)
        again_s = time.perf_counter() - moments[-1]
    spans = [after - before for before, after in itertools.pairwise(moments)]
    times = {
        "ours_s": sum(spans),
        "ours_start_and_load_s": spans[0],
        "ours_reference_s": spans[1],
        "ours_each_set_s": spans[2:],
    }
    return times, values, again_s


def main() -> int:
    """Print the answer; return 1 where the goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    arguments = parser.parse_args()
    try:
        find_interpreter("laion")
    except UsageError as error:
        print(json.dumps({"skipped": str(error)}) if arguments.json else f"skipped: {error}")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        details = measure(Path(folder))
    value = details["fadtk_s"] / details["ours_s"]
    answer = {
        "question": "how many times faster are sets scored than by a fresh fadtk run for each?",
        "value": value,
        "unit": "1",
        "goal": GOAL,
        "ok": value >= GOAL,
        "details": details,
    }
    if arguments.json:
        print(json.dumps(answer, indent=2))
    else:
        print(f"{answer['question']} {value:.1f}, goal {GOAL:g}")
        for name, number in details.items():
            print(f"  {name}: {number}")
    return 0 if answer["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
