"""Others judge a bundle with their programs: a good one is accepted, a spoilt one is not."""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from repro.bundle import seal
from repro.bundle.seal import ATTESTATION, SIGNER
from repro.signing import SigningKey, ephemeral_key
from tests import validators
from tests.bundle.forge import resign, rezip, unzip
from tests.bundle.imported import make_imported_run
from tests.factories import make_gpu, make_run

OPENSSL = Path(__file__).with_name("verify_with_openssl.sh")


@pytest.fixture
def folder(tmp_path, members):
    """Unpack a bundle, to be spoilt."""
    return lay_out(tmp_path / "bag", members)


def lay_out(root, members):
    for name, data in members.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return root


@pytest.fixture(scope="session")
def context_cache(tmp_path_factory):
    path = tmp_path_factory.mktemp("cache") / "http"
    validators.seed_context_cache(path)
    return path


def test_a_missing_environment_is_a_failure_and_not_a_skip(monkeypatch, tmp_path):
    monkeypatch.setenv("TTA_VALIDATORS", str(tmp_path))
    with pytest.raises(pytest.fail.Exception, match=r"expected bagit\.py in the environment"):
        validators.program("bagit.py")


def bagit(folder):
    return validators.run(
        [validators.program("python"), validators.program("bagit.py"), "--validate", folder]
    )


def test_bagit_accepts_a_bundle(folder):
    done = bagit(folder)
    assert done.returncode == 0, done.stdout
    assert done.stdout.rstrip().endswith("is valid")


@pytest.mark.parametrize("name", ["data/measurements.csv", "bag-info.txt", "manifest-sha256.txt"])
def test_bagit_refuses_an_edited_bundle(folder, name):
    (folder / name).write_bytes((folder / name).read_bytes() + b"x")
    assert bagit(folder).returncode == 1


def rocrate(path, cache):
    return validators.run(
        [validators.program("rocrate-validator"), "-y", "--disable-color", "validate", path,
         "-p", "process-run-crate-0.5", "--offline", "--cache-path", cache, "--no-paging",
         "-v", "-l", "required"],
    )  # fmt: skip


RUNS = {"gpu": make_run(gpu=make_gpu()), "cpu": make_run(), "imported": make_imported_run()}


@pytest.mark.parametrize("kind", RUNS)
def test_rocrate_validator_accepts_a_bundle(tmp_path, context_cache, key, kind):
    path = tmp_path / "bundle.zip"
    path.write_bytes(seal(RUNS[kind], key=key))
    done = rocrate(path, context_cache)
    assert done.returncode == 0, done.stdout
    assert "is a valid process-run-crate-0.5" in done.stdout


def test_rocrate_validator_refuses_an_action_without_its_instrument(
    tmp_path, context_cache, members, run, key
):
    crate = json.loads(members["data/ro-crate-metadata.json"])
    for entity in crate["@graph"]:
        entity.pop("instrument", None)
    path = tmp_path / "bundle.zip"
    files = {"ro-crate-metadata.json": json.dumps(crate).encode()}
    path.write_bytes(resign(members, run, key, files=files))
    done = rocrate(path, context_cache)
    assert done.returncode == 1, done.stdout
    assert "instrument" in done.stdout


READ_CRATE = """
import sys
from rocrate.rocrate import ROCrate
crate = ROCrate(sys.argv[1])
action, = crate.get_by_type("CreateAction")
print(action["instrument"]["name"], *sorted(file.id for file in action["result"]))
"""


def test_rocrate_reads_what_was_done_with_what(folder):
    done = validators.run([validators.program("python"), "-c", READ_CRATE, folder / "data"])
    assert done.stdout == "tta-energy audio.csv measurements.csv traces/reads.csv\n"


def frictionless(folder):
    return validators.run(
        [validators.program("frictionless"), "validate", "--json", "datapackage.json"],
        cwd=folder / "data",
    )


def test_frictionless_accepts_a_bundle(folder):
    done = frictionless(folder)
    assert done.returncode == 0, done.stdout
    report = json.loads(done.stdout)
    assert report["valid"]
    assert [task["place"] for task in report["tasks"]] == [
        "measurements.csv", "traces/reads.csv", "audio.csv",
    ]  # fmt: skip
    assert report["tasks"][0]["stats"]["rows"] == 14


def test_frictionless_accepts_an_imported_bundle(tmp_path, key):
    folder = lay_out(tmp_path / "bag", unzip(seal(make_imported_run(), key=key)))
    done = frictionless(folder)
    assert done.returncode == 0, done.stdout
    rows = {
        task["place"]: task["stats"].get("rows", 0) for task in json.loads(done.stdout)["tasks"]
    }
    assert rows == {
        "measurements.csv": 14, "traces/reads.csv": 0, "audio.csv": 0, "scores.csv": 3,
        "sources.csv": 1,
    }  # fmt: skip


def spoil(folder, old, new, *, described):
    """Change a table; with ``described`` its digest and size in the data package as well."""
    path = folder / "data" / "measurements.csv"
    data = path.read_bytes()
    assert old in data
    path.write_bytes(data.replace(old, new, 1))
    if described:
        package_path = folder / "data" / "datapackage.json"
        package = json.loads(package_path.read_bytes())
        table = package["resources"][0]
        table["bytes"] = path.stat().st_size
        table["hash"] = f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"
        package_path.write_text(json.dumps(package))


def test_frictionless_refuses_an_edited_table(folder):
    spoil(folder, b"65.044", b"15.044", described=False)
    done = frictionless(folder)
    assert done.returncode == 1
    assert "hash-count" in done.stdout


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        (b",65.044,codecarbon", b",-65.044,codecarbon", "minimum"),
        (b",ok,", b",fine,", "enum"),
        (b"steps,audioldm,", b"steps,,", "required"),
        (b",true,", b",vrai,", "boolean"),
    ],
)
def test_frictionless_knows_the_constraints_of_the_records(folder, old, new, rule):
    spoil(folder, old, new, described=True)
    done = frictionless(folder)
    assert done.returncode == 1
    assert rule in done.stdout


def openssl(folder, *arguments):
    return validators.run(["sh", OPENSSL, folder, *arguments])


def test_openssl_and_sha256sum_accept_a_bundle(folder):
    done = openssl(folder)
    assert (done.returncode, done.stdout) == (0, "OK 2 statements, 11 payload files\n")


def test_openssl_accepts_the_right_key_and_no_other(folder, key, tmp_path):
    (tmp_path / "right.pem").write_bytes(key.public.pem)
    (tmp_path / "wrong.pem").write_bytes(ephemeral_key().public.pem)
    assert openssl(folder, tmp_path / "right.pem").returncode == 0
    done = openssl(folder, tmp_path / "wrong.pem")
    assert (done.returncode, done.stdout) == (1, "INVALID signature 1\n")


def test_openssl_accepts_an_ed25519_signer_and_no_other(tmp_path, run):
    sealed = seal(run, key=SigningKey("operator", Ed25519PrivateKey.generate()))
    folder = lay_out(tmp_path / "bag", unzip(sealed))
    assert openssl(folder).returncode == 0
    other = unzip(seal(run, key=SigningKey("operator", Ed25519PrivateKey.generate())))
    lay_out(folder, {SIGNER: other[SIGNER]})
    assert openssl(folder).stdout == "INVALID signature 1\n"


OPENSSL_FINDS = {
    "an edited payload": ({"data/run.json": b"{}"}, "payload"),
    "an edited tag file": ({"bag-info.txt": b""}, "tag files"),
    "an edited tag manifest": ({"tagmanifest-sha256.txt": b""}, "subject 1"),
    "another key": ({SIGNER: ephemeral_key().public.pem}, "signature 1"),
    "no attestation": ({ATTESTATION: b""}, "expected 2 envelopes, found 0"),
    "an added file": ({"data/more.csv": b""}, "files"),
}


@pytest.mark.parametrize("name", OPENSSL_FINDS)
def test_openssl_and_sha256sum_refuse_a_spoilt_bundle(folder, name):
    change, reason = OPENSSL_FINDS[name]
    lay_out(folder, change)
    done = openssl(folder)
    assert (done.returncode, done.stdout) == (1, f"INVALID {reason}\n")


def test_openssl_refuses_a_bundle_with_one_attestation_twice(folder):
    path = folder / ATTESTATION
    line = path.read_bytes().splitlines(keepends=True)[0]
    path.write_bytes(line * 2)
    assert openssl(folder).stdout == "INVALID predicates\n"


def test_openssl_and_examine_agree_on_who_signed(folder, sealed, judge):
    """The fingerprint that ``verify`` prints can be made without it."""
    command = f"openssl pkey -pubin -in {folder / SIGNER} -outform DER | sha256sum"
    printed = validators.run(["sh", "-c", command]).stdout.split()[0]
    assert judge(sealed).signer == f"sha256:{printed}"


def test_unzip_of_python_lays_out_the_same_bag(tmp_path, sealed):

    (tmp_path / "bundle.zip").write_bytes(sealed)
    with zipfile.ZipFile(tmp_path / "bundle.zip") as archive:
        archive.extractall(tmp_path / "bag")
    assert openssl(tmp_path / "bag").returncode == 0
    assert rezip(unzip(sealed)) == sealed
