"""Checkpoints load without running anything in them, in every form they were published in."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.models.drive import MODELS, find_interpreter, quiet_cores

NAMES = ["logit_scale_a", "text_branch.one"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("checkpoints")


@pytest.fixture(scope="module")
def read(folder):
    script = Path(__file__).with_name("checkpoint_cases.py")
    search = os.pathsep.join([str(MODELS / "scorer"), str(MODELS)])
    done = subprocess.run(
        [find_interpreter("diffusers"), script, folder], capture_output=True, text=True,
        env={**quiet_cores(), "PYTHONPATH": search, "HF_HUB_OFFLINE": "1"}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("form", ["bare", "published", "numpy 1", "numpy 2"])
def test_a_checkpoint_is_read_by_the_names_of_its_network(read, form):
    assert read[form] == NAMES


def test_what_would_run_is_refused_by_name_and_not_run(read, folder):
    assert "harmful/630k-audioset-best.pt: expected a checkpoint of tensors" in read["harmful"]
    assert "found what calls posix.system; delete it and fetch them again" in read["harmful"]
    assert not (folder / "harmed").exists()


def test_what_is_neither_tensor_nor_number_is_refused_harmless_or_not(read):
    assert "found what calls pathlib." in read["settings"]


@pytest.mark.parametrize("damage", ["truncated", "page", "empty"])
def test_a_damaged_file_is_refused_in_words(read, damage):
    assert "found a damaged file or another format; delete it and fetch" in read[damage]


@pytest.mark.parametrize("form", ["list", "strings"])
def test_a_file_without_named_tensors_is_refused(read, form):
    assert "expected tensors by name, found none" in read[form]
