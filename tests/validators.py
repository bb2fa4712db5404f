"""The programs of others that judge bundles, each run as a process of its own environment.

``TTA_VALIDATORS`` names the environment, by default ``.envs/validators`` beside the noxfile,
where ``nox -s tests`` makes it. Without it the tests that need it fail: what nobody else
checked has not been checked.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# RO-Crate 1.1's context as it lies in the package rocrate, put where rocrate-validator looks
# for what it fetched before; so that it works without a network.
SEED_CACHE = """
import io, sys
from pathlib import Path
import requests, rocrate
from requests_cache import CachedSession
from urllib3 import HTTPResponse

CONTEXT = (Path(rocrate.__file__).parent / "data" / "ro-crate.jsonld").read_bytes()

class Shelf(requests.adapters.HTTPAdapter):
    def send(self, request, **_):
        headers = {"Content-Type": "application/ld+json"}
        body = HTTPResponse(io.BytesIO(CONTEXT), headers, 200, preload_content=False)
        return self.build_response(request, body)

session = CachedSession(
    sys.argv[1], backend="sqlite", expire_after=-1,
    allowable_methods=("GET",), allowable_codes=(200, 302, 404),
)
session.mount("https://", Shelf())
session.get(
    "https://w3id.org/ro/crate/1.1/context",
    headers={"Accept": "application/ld+json, application/json, */*;q=0.1"},
)
"""


def program(name):
    """Return the path of a program of the validators' environment, or fail."""
    named = os.environ.get("TTA_VALIDATORS")
    environment = Path(named) if named else ROOT / ".envs" / "validators"
    path = environment / "bin" / name
    if not path.exists():
        pytest.fail(
            f"validators: expected {name} in the environment {environment}, found none: "
            "run `nox -s tests`, or name an environment in TTA_VALIDATORS"
        )
    return str(path)


def run(command, *, cwd=None):
    """Run a program and return its process, with both outputs in ``stdout``."""
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip


def seed_context_cache(path):
    """Make the cache that lets rocrate-validator work without a network."""
    done = run([program("python"), "-c", SEED_CACHE, path])
    assert done.returncode == 0, done.stdout
