"""Keys: made, loaded, written."""

from __future__ import annotations

import hashlib
import stat
import subprocess

import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization as s
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from repro import signing
from repro.errors import UsageError

PRIVATE_KEYS = {
    "P-256": ec.generate_private_key(ec.SECP256R1()),
    "Ed25519": ed25519.Ed25519PrivateKey.generate(),
}
OTHER_KEYS = {
    "P-384": ec.generate_private_key(ec.SECP384R1()),
    "RSA": rsa.generate_private_key(65537, 2048),
}
SESAME = "sesame"
FORMATS = {"PKCS#8": s.PrivateFormat.PKCS8, "OpenSSH": s.PrivateFormat.OpenSSH}


def pem(key, form=s.PrivateFormat.PKCS8, passphrase=None):
    encryption = s.BestAvailableEncryption(passphrase) if passphrase else s.NoEncryption()
    return key.private_bytes(s.Encoding.PEM, form, encryption)


@pytest.fixture(autouse=True)
def no_passphrase(monkeypatch):
    monkeypatch.delenv(signing.PASSPHRASE_VARIABLE, raising=False)


@pytest.fixture
def key_file(tmp_path):
    def write(data):
        path = tmp_path / "key.pem"
        path.write_bytes(data)
        return path

    return write


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("kind", PRIVATE_KEYS)
def test_a_key_of_an_operator_signs_and_verifies(key_file, kind, form):
    key = signing.load_signing_key(key_file(pem(PRIVATE_KEYS[kind], FORMATS[form])))
    assert key.origin == "operator"
    assert signing.open_envelope(key.sign(b"{}"), key.public) == b"{}"


@pytest.mark.parametrize("kind", PRIVATE_KEYS)
def test_a_passphrase_is_taken_from_the_environment(key_file, monkeypatch, kind):
    path = key_file(pem(PRIVATE_KEYS[kind], passphrase=b"sesame"))
    monkeypatch.setenv(signing.PASSPHRASE_VARIABLE, "sesame")
    assert signing.load_signing_key(path).public.keyid


@pytest.mark.parametrize("kind", PRIVATE_KEYS)
def test_a_passphrase_is_asked_for(key_file, kind):
    path = key_file(pem(PRIVATE_KEYS[kind], passphrase=b"sesame"))
    assert signing.load_signing_key(path, ask=lambda: "sesame").public.keyid


def test_nobody_is_asked_for_a_passphrase_that_is_not_needed(key_file):
    def ask():
        raise AssertionError

    assert signing.load_signing_key(key_file(pem(PRIVATE_KEYS["P-256"])), ask=ask)


def test_a_wrong_passphrase_is_a_usage_error(key_file):
    path = key_file(pem(PRIVATE_KEYS["P-256"], passphrase=b"sesame"))
    with pytest.raises(UsageError, match="and its passphrase"):
        signing.load_signing_key(path, ask=lambda: "wrong")


def test_a_missing_passphrase_is_a_usage_error(key_file):
    path = key_file(pem(PRIVATE_KEYS["P-256"], passphrase=b"sesame"))
    with pytest.raises(UsageError, match=signing.PASSPHRASE_VARIABLE):
        signing.load_signing_key(path)


def test_an_encrypted_openssh_key_that_needs_more_says_what(key_file, monkeypatch):
    def load(_data, password):
        if password is None:
            raise TypeError("Key is password-protected")
        raise UnsupportedAlgorithm("Need bcrypt module")

    path = key_file(pem(PRIVATE_KEYS["Ed25519"], FORMATS["OpenSSH"]))
    monkeypatch.setattr(signing, "load_ssh_private_key", load)
    with pytest.raises(UsageError, match=r"need bcrypt module: .* `pip install bcrypt`"):
        signing.load_signing_key(path, ask=lambda: "sesame")


@pytest.mark.parametrize("kind", OTHER_KEYS)
def test_a_key_of_another_kind_is_refused(key_file, kind):
    with pytest.raises(UsageError, match="expected P-256 or Ed25519"):
        signing.load_signing_key(key_file(pem(OTHER_KEYS[kind])))


@pytest.mark.parametrize("data", [b"", b"hello", b"\xff\xfe", b"-----BEGIN PRIVATE KEY-----\n"])
def test_a_file_that_is_no_key_is_refused(key_file, data):
    with pytest.raises(UsageError, match="expected a PEM PKCS#8 or OpenSSH private key"):
        signing.load_signing_key(key_file(data))


def test_a_missing_key_file_is_named(tmp_path):
    with pytest.raises(UsageError, match=r"none\.pem: cannot be read"):
        signing.load_signing_key(tmp_path / "none.pem")


def test_a_private_key_does_not_show_in_a_message():
    assert "private" not in repr(signing.ephemeral_key())


def test_ephemeral_keys_differ():
    assert signing.ephemeral_key().public.keyid != signing.ephemeral_key().public.keyid


def test_a_new_key_pair_can_sign_and_its_public_half_verifies(tmp_path):
    private, public = signing.generate_key_files(tmp_path / "keys")
    envelope = signing.load_signing_key(private).sign(b"{}")
    assert signing.open_envelope(envelope, signing.load_public_key(public)) == b"{}"


def test_only_the_owner_can_read_a_new_private_key(tmp_path):
    private, public = signing.generate_key_files(tmp_path)
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    assert b"PRIVATE" in private.read_bytes()
    assert b"PRIVATE" not in public.read_bytes()


def test_a_new_private_key_can_be_encrypted(tmp_path):
    private, _ = signing.generate_key_files(tmp_path, passphrase=SESAME)
    assert b"ENCRYPTED" in private.read_bytes()
    assert signing.load_signing_key(private, ask=lambda: "sesame").public.keyid


@pytest.mark.parametrize("name", [signing.PRIVATE_NAME, signing.PUBLIC_NAME])
def test_a_key_is_never_replaced(tmp_path, name):
    (tmp_path / name).write_bytes(b"precious")
    with pytest.raises(UsageError, match="exists already"):
        signing.generate_key_files(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_bytes() == b"precious"


def test_a_key_that_appears_meanwhile_is_not_replaced(tmp_path, monkeypatch):
    (tmp_path / signing.PRIVATE_NAME).write_bytes(b"precious")
    monkeypatch.setattr(type(tmp_path), "exists", lambda _: False)
    with pytest.raises(UsageError, match="cannot be written"):
        signing.generate_key_files(tmp_path)
    assert (tmp_path / signing.PRIVATE_NAME).read_bytes() == b"precious"


def test_a_folder_that_cannot_be_made_is_a_usage_error(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(UsageError, match="cannot be written"):
        signing.generate_key_files(tmp_path / "file" / "keys")


def test_openssl_reads_a_new_key_and_finds_the_same_fingerprint(tmp_path):

    _, public = signing.generate_key_files(tmp_path)
    command = ["openssl", "pkey", "-pubin", "-in", str(public), "-outform", "DER"]
    der = subprocess.run(command, capture_output=True, check=True).stdout
    expected = f"sha256:{hashlib.sha256(der).hexdigest()}"
    assert signing.load_public_key(public).fingerprint == expected


def test_the_first_line_of_a_file_is_the_passphrase(tmp_path):
    path = tmp_path / "passphrase"
    path.write_text("open sesame\nsecond line\n")
    assert signing.read_passphrase(path) == "open sesame"


@pytest.mark.parametrize("data", [b"", b"\n", b"\xff"])
def test_a_file_without_a_passphrase_is_refused(tmp_path, data):
    path = tmp_path / "passphrase"
    path.write_bytes(data)
    with pytest.raises(UsageError, match="passphrase file"):
        signing.read_passphrase(path)
