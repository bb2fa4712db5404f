"""The lock of the harness, which the images are made from."""

import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.fakes import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
WANTED = [*PROJECT["project"]["dependencies"], *PROJECT["build-system"]["requires"]]
ENTRIES = re.split(r"\n(?=[a-z0-9])", (ROOT / "requirements.lock").read_text())[1:]


def locked(name):
    """Return the versions of a package that the lock holds; there may be one for each Python."""
    found = [re.match(r"([a-z0-9.-]+)==([^ ;\\]+)", entry).groups() for entry in ENTRIES]
    return [version for locked_name, version in found if locked_name == canonicalize_name(name)]


@pytest.mark.parametrize("wanted", WANTED)
def test_the_lock_holds_what_the_project_declares(wanted):
    requirement = Requirement(wanted)
    versions = locked(requirement.name)
    assert versions, "make the lock again, by the command in its second line"
    assert all(requirement.specifier.contains(version) for version in versions)


def test_everything_in_the_lock_has_a_hash():
    assert len(ENTRIES) > len(PROJECT["project"]["dependencies"])
    assert all("--hash=sha256:" in entry for entry in ENTRIES)
