"""What ``fadtk clap-laion-audio REFERENCE EVALUATION`` does, with random weights and no network.

``fadtk_run.py CHECKPOINT`` writes a checkpoint; ``fadtk_run.py CHECKPOINT REFERENCE EVALUATION
WORKERS`` scores one set. Moments are written to the file ``$MARKS``, one a line. The scorer's
environment runs it, and every process that fadtk spawns imports it again.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

# First: it makes laion-clap importable beside a torch without CUDA.
import laion_engine

# isort: split

import checkpoints
import fadtk
import fadtk.utils
import torch  # noqa: TID253 - at home in this environment
from hypy_utils.tqdm_utils import pmap

OFFLINE = laion_engine.without_downloads()
OFFLINE.__enter__()  # for the life of the process
fadtk.utils.pmap = pmap  # which the engine does without


class Loader(fadtk.CLAPLaionModel):
    """fadtk's own loader, without the constructor that downloads."""

    def __init__(self, file: Path) -> None:
        fadtk.ModelLoader.__init__(self, "clap-laion-audio", 512, 48000)
        self.type, self.model_file = "audio", file

    def load_model(self) -> None:
        """Build the network, as every worker does for itself."""
        super().load_model()
        mark("network")


def mark(name: str) -> None:
    """Write down that something is done."""
    with Path(os.environ["MARKS"]).open("a") as file:
        file.write(f"{name} {time.time()!r}\n")


def save(file: Path) -> None:
    """Write a checkpoint of random numbers in the published form."""
    module = laion_engine.laion_clap.CLAP_Module(enable_fusion=False, device="cpu")
    checkpoints.fill_random(module.model, seed=0)
    numbers = {f"module.{name}": one for name, one in module.model.state_dict().items()}
    numbers["module.text_branch.embeddings.position_ids"] = torch.arange(514)[None]
    torch.save({"epoch": 1, "name": "random", "state_dict": numbers}, file)


def score(file: Path, reference: Path, evaluation: Path, workers: int) -> None:
    """Do what fadtk's command line does with two folders."""
    mark("imported")
    loader = Loader(file)
    for folder in (reference, evaluation):
        fadtk.cache_embedding_files(folder, loader, workers=workers)
    mark("embedded")
    distance = fadtk.FrechetAudioDistance(loader, audio_load_worker=workers, load_model=False)
    for folder in (reference, evaluation):
        distance.load_stats(folder)
    mark("statistics")
    found = distance.score(reference, evaluation)
    mark("distance")
    Path(os.environ["MARKS"]).with_suffix(".score").write_text(repr(float(found)))


if __name__ == "__main__":
    checkpoint, *rest = sys.argv[1:]
    if rest:
        score(Path(checkpoint), Path(rest[0]), Path(rest[1]), int(rest[2]))
    else:
        save(Path(checkpoint))
