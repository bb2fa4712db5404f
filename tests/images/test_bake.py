"""The plan of the images, read without building any."""

import re
import tomllib

import hcl2
import pytest

from repro.catalog import read_catalog
from tests.fakes import ROOT

BAKE = ROOT / "docker-bake.hcl"
DOCKERFILE = (ROOT / "Dockerfile").read_text()
PINNED = re.compile(r"@sha256:[0-9a-f]{64}$")


@pytest.fixture(scope="module")
def plan():
    """Return blocks of the bake file: kind -> name -> content."""
    blocks = {"target": {}, "variable": {}}
    for kind, found in blocks.items():
        for block in hcl2.loads(BAKE.read_text())[kind]:
            found.update({name.strip('"'): content for name, content in block.items()})
    return blocks


def plain(value):
    return value.strip('"')


def test_every_model_has_an_image_and_nothing_else_has_one(plan):
    listed = [plain(name) for name in plan["target"]["models"]["matrix"]["model"]]
    assert listed == sorted(read_catalog())


def test_the_latest_image_takes_the_environment_that_most_models_share(plan):
    catalog = read_catalog()
    model = plain(plan["target"]["latest"]["args"]["MODEL"])
    environments = [found.card.environment for found in catalog.values()]
    shared = max(set(environments), key=environments.count)
    assert catalog[model].card.environment == shared


@pytest.mark.parametrize("name", ["BASE_IMAGE", "PYTHON_IMAGE"])
def test_bases_are_pinned_by_digest_and_the_same_wherever_they_are_named(plan, name):
    named = plain(plan["variable"][name]["default"])
    assert PINNED.search(named)
    assert f"ARG {name}={named}\n" in DOCKERFILE
    lock = tomllib.loads((ROOT / "artifact" / "IMAGE.lock").read_text())
    assert f"{lock[name]['name']}@{lock[name]['digest']}" == named


def test_the_version_of_the_images_is_that_of_the_package(plan):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert plain(plan["variable"]["VERSION"]["default"]) == project["version"]
