"""The array script for Slurm, with a stand-in for Apptainer that says what it was asked."""

import os
import re
import subprocess

import pytest

from repro.catalog import read_catalog
from tests.fakes import ROOT

SCRIPT = ROOT / "artifact" / "hpc" / "array.sbatch"
PAPER = sorted(name for name, model in read_catalog().items() if model.card.in_paper)


@pytest.fixture
def submit(tmp_path):
    """Run a task of the array and return what Apptainer was asked for."""
    apptainer = tmp_path / "bin" / "apptainer"
    apptainer.parent.mkdir()
    apptainer.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    apptainer.chmod(0o755)

    def run(index, *arguments):
        said = {"PATH": f"{apptainer.parent}:{os.environ['PATH']}", "TTA_DIR": str(tmp_path),
                "SLURM_ARRAY_TASK_ID": str(index)}  # fmt: skip
        done = subprocess.run(
            ["bash", SCRIPT, *arguments], env=said, capture_output=True, text=True, check=True
        )
        return done.stdout.splitlines()

    return run


def test_the_tasks_are_the_models_of_the_paper(submit):
    first, last = map(int, re.search(r"--array=(\d+)-(\d+)", SCRIPT.read_text()).groups())
    assert [submit(index)[-1] for index in range(first, last + 1)] == PAPER


def test_a_task_runs_the_paper_unless_told_otherwise_with_folders_of_its_own(submit, tmp_path):
    asked = submit(0)
    assert asked[-3:] == ["full", "--model", PAPER[0]]
    assert f"{tmp_path}/out/{PAPER[0]}:/out,{tmp_path}/cache:/cache" in asked
    assert submit(1, "quick", "--repeats", "1")[-5:] == [
        "quick", "--repeats", "1", "--model", PAPER[1],
    ]  # fmt: skip
