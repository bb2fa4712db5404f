"""The count of operations by shapes alone, against torch's own count of a real generation."""

from __future__ import annotations

import json
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.models.drive import MODELS, find_interpreter, interpreter, quiet_cores

NAMES = [
    "audioldm",
    "audioldm2",
    "make-an-audio",
    "make-an-audio-2",
    "stable-audio-open",
    "stable-audio-open-sat",
    "tango",
]
STAGES = ("text_encoding", "denoising", "decoding", "vocoding")
SCRIPT = Path(__file__).parent / "count_flops.py"


def read_card(name):
    return tomllib.loads((MODELS / name / "model.toml").read_text())


def read_flops(name):
    return read_card(name)["flops"]


@pytest.fixture(scope="module", params=NAMES)
def counted(request):
    """Return the model's name and what the script counted for it."""
    environment = read_card(request.param)["environment"]
    if environment != "diffusers" and not interpreter(environment).is_file():
        pytest.skip(f"environment {environment} is not installed")
    command = [find_interpreter(environment), SCRIPT, MODELS, request.param]
    result = subprocess.run(
        command, check=True, timeout=300, env=quiet_cores(), stdout=subprocess.PIPE
    )
    return request.param, json.loads(result.stdout)


@pytest.mark.parametrize("attention", ["eager", "sdpa"])
def test_shapes_alone_count_what_a_generation_computes_with_either_attention(counted, attention):
    _, found = counted
    by_shape, really = found["tiny"], found[attention]
    rest = sum(by_shape.values()) - by_shape["denoising"]
    assert rest + really["calls"] * by_shape["denoising"] == really["total"]


def test_the_card_has_the_operations_of_the_papers_clip_at_full_size(counted):
    name, found = counted
    assert read_flops(name) == found["full"]


def test_the_stages_of_a_generation_have_the_same_names_in_every_model(counted):
    _, found = counted
    assert list(found["full"]) in (list(STAGES), list(STAGES[:-1]))


def test_tango_2_computes_what_tango_does():
    assert read_flops("tango2") == read_flops("tango")


def test_both_implementations_of_stable_audio_open_compute_the_same_but_for_two_embeddings():
    """One has the embedding of the time twice, and those of beginning and end."""
    ours, vendors = read_flops("stable-audio-open"), read_flops("stable-audio-open-sat")
    time = 2 * (128 + 256 * 1536 + 1536 * 1536)
    ends = 2 * 2 * 257 * 768
    more = {"text_encoding": ends, "denoising": time, "decoding": 0}
    assert {name: vendors[name] - ours[name] for name in ours} == more


def test_ten_seconds_of_stable_audio_open_by_hand(counted):
    """Two operations for each weight and place, by twice the clips; attention comes on top."""
    name, found = counted
    if name != "stable-audio-open":
        pytest.skip("the others have convolutions of many sizes")
    parameters = read_card(name)["parameters"]
    places = 2 * 1025
    least = 0.9 * 2 * parameters["transformer"] * places
    assert least < found["full"]["denoising"] < 1.2 * 2 * parameters["transformer"] * places
