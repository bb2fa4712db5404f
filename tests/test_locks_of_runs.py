"""What runs leave in a folder: locks, one run at a time, and the salt of identities."""

import resource
from pathlib import Path

import pytest

from repro.errors import TtaError
from repro.measuring.rundir import locked, salt


@pytest.fixture
def of_another_user(monkeypatch, tmp_path):
    """Return a lock that an earlier run of somebody else left: it can be read, not written."""
    path = tmp_path / "tta-energy-GPU-1.lock"
    path.touch()
    opened = Path.open

    def open_as_stranger(self, mode="r", *args, **kwargs):
        if self == path and mode != "r":
            raise PermissionError(13, "Permission denied")
        return opened(self, mode, *args, **kwargs)

    monkeypatch.setattr(Path, "open", open_as_stranger)
    return path


def test_a_lock_that_another_user_left_is_taken(of_another_user):
    with locked(of_another_user, "device cuda:0"):
        pass


def test_a_lock_that_another_user_left_holds_one_run_at_a_time(of_another_user):
    with (
        locked(of_another_user, "device cuda:0"),
        pytest.raises(TtaError, match="device cuda:0: another run is using it"),
        locked(of_another_user, "device cuda:0"),
    ):
        pass


@pytest.fixture
def full_disk():
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.usefixtures("full_disk")
def test_a_salt_that_could_not_be_written_is_not_there(tmp_path):
    with pytest.raises(TtaError, match=r"\.salt: cannot be written: File too large"):
        salt(tmp_path)

    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_locked_is_an_error_that_names_it(tmp_path):
    with (
        pytest.raises(TtaError, match="device cuda:0: expected a lock on"),
        locked(tmp_path, "device cuda:0"),
    ):
        pass
