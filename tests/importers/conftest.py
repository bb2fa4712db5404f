"""One whole publication of one model, copied by whoever spoils it."""

from __future__ import annotations

import shutil

import pytest

from repro.bundle import examine, payload
from repro.importers import import_folder
from repro.signing import TrustStore
from tests.importers import publication


@pytest.fixture(scope="session")
def published(tmp_path_factory):
    folder = tmp_path_factory.mktemp("published")
    publication.publish_steps(folder)
    publication.publish_batch(folder)
    publication.publish_quality(folder)
    publication.publish_scores(folder)
    publication.publish_sanity(folder)
    return folder


@pytest.fixture
def folder(published, tmp_path):
    return shutil.copytree(published, tmp_path / "publication")


@pytest.fixture
def steps_only(tmp_path):
    folder = tmp_path / "publication"
    publication.publish_steps(folder)
    return folder


@pytest.fixture
def import_(tmp_path):
    """Import a folder and return what came of it."""

    def call(folder, **options):
        return import_folder(folder, layout="passoni2025", out=tmp_path / "out", **options)

    return call


@pytest.fixture
def run_of(import_):
    """Import a folder that holds one model and return its run, read from the bundle."""

    def call(folder, **options):
        (path,) = import_(folder, **options).bundles
        return open_run(path)

    return call


def open_run(path):
    return payload.read(examine(path, trust=TrustStore()).contents)
