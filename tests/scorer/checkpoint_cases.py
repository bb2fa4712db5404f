"""Checkpoints of every form, good and bad, and what reading each gives.

Runs in a model environment, in the folder of the scorer's engines: ``checkpoint_cases.py FOLDER``
prints one document, the outcome of each case.
"""

from __future__ import annotations

import json
import os
import sys
import zipfile
from pathlib import Path

import checkpoints
import numpy as np
import torch  # noqa: TID253 - at home in this environment

TENSORS = {"module.logit_scale_a": torch.ones(1), "module.text_branch.one": torch.arange(4.0)}
#: Where NumPy keeps the function that makes a number from bytes, now and before its version 2.
HOMES = (b"numpy._core.multiarray", b"numpy.core.multiarray")


class Harmful:
    """Unpickling this would run a program."""

    def __reduce__(self):
        """Name the program."""
        return os.system, ("touch harmed",)


def published(best):
    """Return a checkpoint as laion-clap's training writes it, with NumPy's numbers."""
    weight = torch.nn.Parameter(torch.ones(2))
    optimizer = torch.optim.Adam([weight], lr=1e-4)
    weight.sum().backward()
    optimizer.step()
    return {
        "epoch": np.int64(45), "name": "630k", "best": best, "loss": np.float32(0.25),
        "optimizer": optimizer.state_dict(), "state_dict": TENSORS,
    }  # fmt: skip


def rename(path, home):
    """Let the pickle in a checkpoint call NumPy's function by another name."""
    with zipfile.ZipFile(path) as source:
        entries = {info: source.read(info) for info in source.infolist()}
    with zipfile.ZipFile(path, "w") as target:
        for info, content in entries.items():
            for other in HOMES:
                if info.filename.endswith("data.pkl") and other + b"\n" in content:
                    content = content.replace(other + b"\n", home + b"\n")  # noqa: PLW2901
            target.writestr(info, content)


def write_cases(folder):
    """Write each case into a folder of its own; yield name and folder."""
    contents = {
        "bare": TENSORS,
        "published": published(np.float64(0.5)),
        "numpy 1": published(np.float64(0.5)),
        "numpy 2": published(np.float64(0.5)),
        "harmful": {**published(0.5), "args": Harmful()},
        "settings": {**published(0.5), "args": Path("somewhere")},
        "list": [torch.ones(1)],
        "strings": {"state_dict": {"module.one": "two"}},
    }
    for name, content in contents.items():
        (folder / name).mkdir()
        torch.save(content, folder / name / checkpoints.FILES["fad"])
    for version, home in (("numpy 1", HOMES[1]), ("numpy 2", HOMES[0])):
        rename(folder / version / checkpoints.FILES["fad"], home)
    whole = (folder / "bare" / checkpoints.FILES["fad"]).read_bytes()
    damaged = {"truncated": whole[: len(whole) // 2], "page": b"<!DOCTYPE html>", "empty": b""}
    for name, content in damaged.items():
        (folder / name).mkdir()
        (folder / name / checkpoints.FILES["fad"]).write_bytes(content)
    return [*contents, *damaged]


def outcome(folder):
    """Return the names of the tensors, or why there are none."""
    try:
        _, tensors = checkpoints.read(str(folder), "fad")
    except RuntimeError as error:
        return str(error)
    return sorted(tensors)


def main():
    folder = Path(sys.argv[1])
    os.chdir(folder)
    sys.stdout.write(json.dumps({name: outcome(folder / name) for name in write_cases(folder)}))


if __name__ == "__main__":
    main()
