"""What a run says of the container image it was made in."""

import hashlib
from pathlib import Path

import pytest

from repro.errors import TtaError, UsageError
from repro.image import describe_image, is_mounted
from repro.machine import describe_machine
from repro.measuring import rundir

BASE = "registry.example:5000/nvidia/cuda:12.8.1@sha256:" + 64 * "a"


@pytest.fixture
def image(monkeypatch, tmp_path):
    """Look like an image with one model environment."""
    envs = tmp_path / "envs"
    (envs / "diffusers").mkdir(parents=True)
    (envs / "diffusers" / "requirements.lock").write_text("numpy==1.26.4\n")
    monkeypatch.setenv("TTA_IMAGE_BASE", BASE)
    monkeypatch.setenv("TTA_IMAGE_STACK", "paper")
    monkeypatch.setenv("TTA_ENVS", str(envs))
    return envs


def test_outside_an_image_nothing_is_said_of_one(monkeypatch):
    monkeypatch.delenv("TTA_IMAGE_BASE", raising=False)
    assert describe_image() is None


def test_an_image_knows_its_base_without_the_registry_its_stack_and_its_locks(image):
    found = describe_image()
    assert found.base == "cuda:12.8.1@sha256:" + 64 * "a"
    assert found.stack == "paper"
    assert found.digest is None
    content = (image / "diffusers" / "requirements.lock").read_bytes()
    assert found.lock_sha256["diffusers/requirements.lock"] == hashlib.sha256(content).hexdigest()


@pytest.mark.usefixtures("image")
def test_a_digest_that_is_none_is_refused(monkeypatch):
    monkeypatch.setenv("TTA_IMAGE_DIGEST", "latest")
    with pytest.raises(UsageError, match="TTA_IMAGE_DIGEST: expected sha256:"):
        describe_image()


@pytest.mark.usefixtures("image")
def test_some_container_is_named_even_where_the_runtime_leaves_no_mark():
    assert describe_machine(None).container is not None


@pytest.mark.usefixtures("image")
def test_results_that_would_go_with_the_container_are_refused_before_anything_is_measured(
    monkeypatch, tmp_path
):
    monkeypatch.setattr(rundir, "is_mounted", lambda _: False)
    with pytest.raises(TtaError, match=rf'start the container with -v "\$PWD/out:{tmp_path}/out"'):
        rundir.prepare(tmp_path / "out")
    assert not list((tmp_path / "out").iterdir())


def test_a_mounted_folder_lies_on_a_file_system_of_its_own(tmp_path):
    assert is_mounted(Path("/proc"))
    assert not is_mounted(tmp_path, root=tmp_path.parent)
