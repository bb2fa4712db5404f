"""Torch, NVML and the measured handle must name one GPU."""

import stat
import sys

import pytest

from repro.catalog import Model, ModelCard
from repro.doctor import Needs, State
from repro.doctor.gpu import identity
from tests.doctor.sites import make_site

UUID = "00000000-0000-0000-0000-000000000000"
TORCH = """
class cuda:
    @staticmethod
    def is_available():
        return {available}
    @staticmethod
    def is_initialized():
        return False
    @staticmethod
    def get_device_properties(index):
        class Properties:
            uuid = {uuid!r}
        return Properties
"""
CARD = ModelCard(
    name="fake", title="Fake", in_paper=False, environment="made", checkpoint="none",
    licence="none", dtype="float32", sample_rate_hz=8000, channels=1,
)  # fmt: skip


@pytest.fixture
def model(tmp_path, monkeypatch):
    """Return what makes a model with an environment whose torch finds a GPU of this UUID."""

    def make(uuid, *, available=True):
        folder = tmp_path / "models" / "fake"
        folder.mkdir(parents=True)
        (folder / "adapter.py").write_text("class Adapter:\n    operations = ()\n")
        (folder.parent / "torch.py").write_text(TORCH.format(uuid=uuid, available=available))
        python = tmp_path / "envs" / "made" / "bin" / "python"
        python.parent.mkdir(parents=True)
        python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
        python.chmod(python.stat().st_mode | stat.S_IEXEC)
        monkeypatch.setenv("TTA_ENVS", str(tmp_path / "envs"))
        return Model(card=CARD, folder=folder, card_text="")

    return make


def examine(tmp_path, *models, **options):
    return identity(make_site(tmp_path, needs=Needs(models=models), **options))


@pytest.mark.parametrize("uuid", [UUID, f"GPU-{UUID}"])
def test_the_same_gpu_is_good_with_or_without_the_prefix(tmp_path, model, uuid):
    assert examine(tmp_path, model(uuid)).state is State.OK


def test_another_gpu_fails(tmp_path, model):
    finding = examine(tmp_path, model(UUID.replace("0", "1")))

    assert finding.state is State.FAIL
    assert "another GPU" in finding.found
    assert UUID not in finding.found


def test_a_torch_that_finds_no_gpu_fails(tmp_path, model):
    finding = examine(tmp_path, model(UUID, available=False))

    assert finding.state is State.FAIL
    assert "finds no GPU" in finding.found


def test_a_handle_of_another_index_fails(tmp_path):
    answers = {"nvmlDeviceGetHandleByUUID": 3, "nvmlDeviceGetIndex": 3}

    assert examine(tmp_path, answers=answers).state is State.FAIL


def test_without_an_environment_it_cannot_be_told(tmp_path):
    finding = examine(tmp_path)

    assert finding.state is State.WARN
    assert "cannot be told" in finding.found


def test_a_worker_that_does_not_start_leaves_it_untold(tmp_path, model):
    broken = model(UUID)
    broken.adapter.write_text("raise RuntimeError('broken')\n")
    finding = examine(tmp_path, broken)

    assert finding.state is State.WARN
    assert "the worker of fake did not answer" in finding.found
