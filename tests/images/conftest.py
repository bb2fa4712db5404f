"""Images are tried out where `.ci/docker/run` has built them; elsewhere only their plan is read."""

import os

import pytest

from tests.images.docker import ANYBODY, docker, started

collect_ignore = [] if os.environ.get("TTA_IMAGES") else ["test_running.py"]


@pytest.fixture
def out(tmp_path):
    """Make a folder to mount, which belongs to whoever the container runs as."""
    folder = tmp_path / "out"
    folder.mkdir()
    os.chown(folder, ANYBODY, ANYBODY)
    return folder


@pytest.fixture(scope="session")
def smoked(tmp_path_factory):
    """Run the command of the README once, and return its output folder and what it said."""
    folder = tmp_path_factory.mktemp("smoked")
    os.chown(folder, ANYBODY, ANYBODY)
    done = docker(*started("tta-energy:latest", folder), "smoke")
    return folder, done
