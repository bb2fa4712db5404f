"""One sealed bundle for many questions: tests copy it and never change it."""

from __future__ import annotations

import pytest

from repro.bundle import examine, seal
from repro.signing import TrustStore, ephemeral_key
from tests.bundle.forge import resign, unzip
from tests.factories import make_gpu, make_run


@pytest.fixture(scope="session")
def key():
    return ephemeral_key()


@pytest.fixture(scope="session")
def run():
    return make_run(gpu=make_gpu())


@pytest.fixture(scope="session")
def sealed(run, key):
    return seal(run, key=key)


@pytest.fixture(scope="session")
def members(sealed):
    return unzip(sealed)


@pytest.fixture
def judge(tmp_path):
    """Examine some bytes as a bundle, trusting nobody."""

    def examine_bytes(data, *, trust=None, challenge=None):
        path = tmp_path / "bundle.zip"
        path.write_bytes(data)
        return examine(path, trust=trust or TrustStore(), challenge=challenge)

    return examine_bytes


@pytest.fixture
def judge_signed(judge, members, run, key):
    """Examine a bundle with some files of its payload replaced, signed as if they belonged."""

    def examine_files(files):
        return judge(resign(members, run, key, files=files))

    return examine_files
