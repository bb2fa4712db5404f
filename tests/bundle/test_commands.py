"""``verify`` and ``keygen`` as a user types them."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

from repro.bundle import seal
from repro.cli.keygen import keygen
from repro.cli.verify import verify
from repro.errors import BundleError, UsageError
from repro.signing import generate_key_files, load_signing_key


@pytest.fixture
def good(tmp_path, sealed):
    path = tmp_path / "good.zip"
    path.write_bytes(sealed)
    return path


@pytest.fixture
def bad(tmp_path, sealed):
    path = tmp_path / "bad.zip"
    path.write_bytes(sealed[:-1])
    return path


@pytest.fixture
def keys(tmp_path):
    return generate_key_files(tmp_path / "keys")


@pytest.fixture
def signed(tmp_path, run, keys):
    path = tmp_path / "signed.zip"
    path.write_bytes(seal(run, key=load_signing_key(keys[0])))
    return path


def call(command, *arguments):
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


def test_one_line_per_bundle_with_verdict_class_signer_and_reason(good, key):
    result = call(verify, good)
    assert result.exit_code == 0
    signer = key.public.fingerprint[: len("sha256:") + 12]
    assert result.output == (
        "bundle    verdict         class     signer                why\n"
        f"good.zip  INTEGRITY_ONLY  measured  {signer}…  signer: ephemeral key\n"
    )


def test_a_folder_stands_for_the_bundles_in_it(good, bad, tmp_path):
    assert good.parent == bad.parent == tmp_path
    (tmp_path / "notes.txt").write_text("no bundle")
    result = call(verify, tmp_path)
    assert [line.split()[0] for line in result.output.splitlines()[1:]] == ["bad.zip", "good.zip"]
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "expected bundles (*.zip) in" in str(call(verify, empty).exception)


@pytest.mark.parametrize(("data", "said"), [(b"", "it is empty"), (b"hello\n", "something else")])
def test_a_file_that_is_no_zip_is_called_so(tmp_path, data, said):
    (tmp_path / "a.zip").write_bytes(data)
    result = call(verify, tmp_path / "a.zip")
    assert f"INVALID  -      -       zip: is no zip: {said}" in result.output
    assert str(result.exception) == "expected 1 valid bundle, found 1 that is not: a.zip"


def test_an_invalid_bundle_is_printed_with_the_others_and_then_an_error(good, bad):
    result = call(verify, bad, good)
    verdicts = [line.split()[1] for line in result.output.splitlines()[1:]]
    assert verdicts == ["INVALID", "INTEGRITY_ONLY"]
    assert "  zip: expected the end record" in result.output.splitlines()[1]
    assert isinstance(result.exception, BundleError)
    assert str(result.exception) == "expected 2 valid bundles, found 1 that is not: bad.zip"


def test_json_is_one_document_with_the_fields_of_the_contract(good, bad):
    result = call(verify, "--json", good, bad)
    first, second = json.loads(result.stdout)
    fields = ["bundle", "verdict", "reasons", "signer", "class", "imported"]
    assert list(first) == list(second) == fields
    assert first["verdict"] == "INTEGRITY_ONLY"
    assert first["class"] == "measured"
    assert first["imported"] is False
    assert second["verdict"] == "INVALID"
    assert second["signer"] is second["class"] is second["imported"] is None
    assert isinstance(result.exception, BundleError)


def test_an_unknown_signer_is_an_error_where_trust_is_required(good):
    result = call(verify, "--require-trusted", good)
    assert "INTEGRITY_ONLY" in result.output
    assert isinstance(result.exception, BundleError)
    assert "expected 1 trusted bundle," in str(result.exception)


def test_the_right_public_key_makes_a_bundle_trusted(signed, keys):
    result = call(verify, "--require-trusted", "--public-key", keys[1], signed)
    assert result.exit_code == 0
    assert "signed.zip  TRUSTED  measured  signing-key\n" in result.output


def test_a_bundle_by_another_key_than_the_public_one_given_is_an_error(good, keys):
    result = call(verify, "--public-key", keys[1], good)
    assert "INTEGRITY_ONLY" in result.output
    assert isinstance(result.exception, BundleError)


def test_a_trust_folder_makes_a_bundle_trusted(signed, keys, tmp_path):
    folder = tmp_path / "trust"
    folder.mkdir()
    (folder / "lab.pem").write_bytes(keys[1].read_bytes())
    result = call(verify, "--trust-dir", folder, "--require-trusted", signed)
    assert result.exit_code == 0
    assert "TRUSTED  measured  lab" in result.output


def test_a_bundle_without_the_challenge_asked_for_is_an_error(good):
    result = call(verify, "--challenge", "n0nce", good)
    assert "challenge: expected the one asked for, found none" in result.output
    assert isinstance(result.exception, BundleError)


@pytest.mark.parametrize("arguments", [["none.zip"], [], ["--public-key", "none.pem", "good.zip"]])
def test_a_missing_file_is_a_usage_error(good, arguments):
    found = [str(good) if argument == good.name else argument for argument in arguments]
    assert call(verify, *found).exit_code == 2


def test_a_trust_folder_without_a_key_is_a_usage_error(good, tmp_path):
    (tmp_path / "empty").mkdir()
    result = call(verify, "--trust-dir", tmp_path / "empty", good)
    assert isinstance(result.exception, UsageError)
    assert "expected public keys (*.pem), found none" in str(result.exception)


def test_a_public_key_that_is_none_is_a_usage_error(good):
    assert isinstance(call(verify, "--public-key", good, good).exception, UsageError)


def test_keygen_says_which_file_is_private(tmp_path):
    result = call(keygen, "--out", tmp_path / "keys")
    assert result.exit_code == 0
    private, public = result.output.splitlines()
    assert private.startswith("private key  ")
    assert public.startswith("public key   ")
    assert load_signing_key(tmp_path / "keys" / private.rsplit("/", 1)[1])


def test_keygen_does_not_replace_a_key(tmp_path):
    call(keygen, "--out", tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    result = call(keygen, "--out", tmp_path)
    assert isinstance(result.exception, UsageError)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_keygen_encrypts_with_the_passphrase_of_a_file(tmp_path):
    (tmp_path / "passphrase").write_text("sesame\n")
    call(keygen, "--out", tmp_path / "keys", "--passphrase-file", tmp_path / "passphrase")
    private = tmp_path / "keys" / "signing-key.pem"
    assert load_signing_key(private, ask=lambda: "sesame")


def test_importing_the_commands_loads_nothing_heavy():
    code = (
        "import sys, repro.cli.verify, repro.cli.keygen\n"
        "heavy = {'pydantic', 'cryptography', 'securesystemslib', 'pandas'} & set(sys.modules)\n"
        "sys.exit(', '.join(heavy) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
