"""Images as `.ci/docker/run` has built them: who they run as, what they write, what they say."""

import hashlib
import json
import os
import subprocess
import tarfile
import time
import zipfile

import pytest

from repro.catalog import read_catalog
from tests.fakes import ROOT, tta
from tests.images.docker import ANYBODY, CAREFUL, docker, inside, started

LATEST, MODEL, ANALYSIS = "tta-energy:latest", "tta-energy:audioldm", "tta-energy:analysis"
pytestmark = pytest.mark.timeout(1200)  # one of them is a whole smoke run of all models
SHORT = ("smoke", "--study", "steps", "--steps", "1", "--repeats", "1")


def environment_in(bundle):
    with zipfile.ZipFile(bundle) as archive:
        return json.loads(archive.read("data/environment.json"))


def run_of(model, folder):
    """Return the run of a model among bundles of runs and of their scores."""
    return next(path for path in folder.glob(f"{model}_*.zip") if "_score" not in path.name)


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_bake_lists_every_model():
    printed = docker("buildx", "bake", "--print", "models", check=True).stdout
    assert sorted(json.loads(printed)["target"]) == sorted(read_catalog())


def test_a_published_image_has_an_inventory_and_a_provenance():
    published = {**os.environ, "ATTEST": "yes"}
    printed = docker("buildx", "bake", "--print", "latest", check=True, env=published).stdout
    attested = json.loads(printed)["target"]["latest"]["attest"]
    assert attested == ["type=sbom", "type=provenance,mode=max"]


@pytest.mark.parametrize("image", [LATEST, MODEL, ANALYSIS])
def test_an_image_runs_as_a_numbered_user_that_is_not_root_and_says_where_it_comes_from(image):
    (found,) = json.loads(docker("image", "inspect", image, check=True).stdout)
    assert found["Config"]["User"] == "10001:10001"
    labels = found["Config"]["Labels"]
    assert labels["org.opencontainers.image.revision"] == os.environ["SOURCE_COMMIT"]
    assert labels["org.opencontainers.image.licenses"] == "Apache-2.0"
    assert list(found["Config"]["Volumes"]) == ["/cache"]


def test_a_stranger_without_network_or_write_access_measures_every_model_that_shares_it(smoked):
    folder, done = smoked
    assert done.returncode == 0, done.stdout + done.stderr
    catalog = read_catalog()
    shared = catalog["audioldm"].card.environment
    expected = [
        name for name, model in catalog.items()
        if model.card.in_paper and model.card.environment == shared
    ]  # fmt: skip
    bundles = sorted(folder.glob("*.zip"))
    scores = sorted(path.name.partition("_")[0] for path in bundles if "_score" in path.name)
    runs = sorted(path.name.partition("_")[0] for path in bundles if "_score" not in path.name)
    assert runs == scores == sorted(expected)
    verified = tta("verify", *bundles)
    assert verified.returncode == 0, verified.stdout
    assert {path.stat().st_uid for path in folder.rglob("*")} == {ANYBODY}


def test_a_bundle_says_commit_stack_base_and_locks_of_the_image_it_was_made_in(smoked):
    found = environment_in(run_of("audioldm", smoked[0]))
    assert found["machine"]["container"] == "docker"
    assert found["source"]["commit"] == os.environ["SOURCE_COMMIT"]
    assert found["image"]["stack"] == "paper"
    assert found["image"]["base"] == os.environ["BASE_IMAGE"].rpartition("/")[2]
    environment = read_catalog()["audioldm"].card.environment
    assert found["image"]["lock_sha256"] == {
        f"{environment}/requirements.lock": sha256(ROOT / "models/audioldm/requirements.lock"),
        "harness/requirements.lock": sha256(ROOT / "requirements.lock"),
    }


def test_the_image_of_a_model_measures_that_model_and_writes_to_its_two_mounts_alone(out):
    options = ("--network", "none", "-v", f"{out}:/out")
    out.chmod(0o777)
    name = docker("create", *options, MODEL, *SHORT, check=True).stdout.strip()
    try:
        done = docker("start", "--attach", name)
        changed = docker("diff", name, check=True).stdout.split()
    finally:
        docker("rm", "--force", "--volumes", name)
    assert done.returncode == 0, done.stdout + done.stderr
    assert [path.name.partition("_")[0] for path in out.glob("*.zip")] == ["audioldm"]
    assert changed == []


def test_results_that_would_go_with_the_container_are_refused_at_once():
    done = docker("run", "--rm", "--network", "none", MODEL, *SHORT)
    assert done.returncode == 1
    assert 'start the container with -v "$PWD/out:/out"' in done.stderr


def test_a_folder_that_the_user_cannot_write_is_refused_at_once(out):
    out.chmod(0o555)
    done = docker(*started(MODEL, out), *SHORT)
    assert done.returncode == 1
    assert "expected a folder that can be written, found /out" in done.stderr


def test_sigterm_leaves_a_run_that_the_same_command_resumes(out):
    command = started(MODEL, out, "--name", "tta-energy-stopped"), (*SHORT[:-1], "200")
    running = subprocess.Popen(
        ["docker", *command[0], *command[1]], stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 120
    while windows_in(out) < 3 and time.monotonic() < deadline:
        time.sleep(0.2)
    docker("stop", "--time", "60", "tta-energy-stopped", check=True)
    _, said = running.communicate()
    assert running.returncode == 130, said
    assert "the same command resumes" in said
    kept = windows_in(out)
    assert 3 <= kept < 200

    done = docker(*started(MODEL, out), *command[1])
    assert done.returncode == 0, done.stderr
    assert windows_in(out) >= 200
    (bundle,) = out.glob("*.zip")
    assert tta("verify", bundle).returncode == 0


def windows_in(out):
    return sum(
        journal.read_text().count('{"kind": "window"') for journal in out.glob("*/journal.jsonl")
    )


def test_a_token_is_read_from_a_mounted_file(tmp_path):
    token = tmp_path / "token"
    token.write_text("hf_mounted\n")
    token.chmod(0o444)
    code = "from huggingface_hub import get_token; print(get_token())"
    mounted = inside(MODEL, code, "-v", f"{token}:/run/secrets/hf_token:ro")
    assert mounted == "hf_mounted"
    assert inside(MODEL, code) == "None"


def test_nothing_planted_beside_the_sources_or_in_the_environment_of_the_build_is_in_a_layer(
    tmp_path,
):
    planted = os.environ["TTA_PLANTED"].encode()
    archive = tmp_path / "image.tar"
    docker("save", "--output", archive, LATEST, check=True)
    with tarfile.open(archive) as image:
        for member in image:
            assert not contains(image.extractfile(member), planted), member.name
    archive.unlink()


def contains(stream, needle):
    tail = b""
    while stream is not None and (chunk := stream.read(1 << 24)):
        if needle in tail + chunk:
            return True
        tail = chunk[-len(needle) :]
    return False


def test_the_analysis_image_draws_a_report_without_a_model_library(smoked, out):
    mounts = ("-v", f"{smoked[0]}:/bundles:ro")
    done = docker(*started(ANALYSIS, out, *mounts), "report", "/bundles", "--out", "/out")
    assert done.returncode == 0, done.stderr
    assert (out / "index.html").is_file()
    assert (out / "figures" / "fig2_synthetic_fad.png").is_file()
    code = "import importlib.util as u; print(u.find_spec('torch'))"
    assert inside(ANALYSIS, code) == "None"


def test_no_argument_is_a_call_for_help():
    done = docker("run", "--rm", *CAREFUL, LATEST)
    assert done.returncode == 0
    assert "Usage: tta-energy" in done.stdout
