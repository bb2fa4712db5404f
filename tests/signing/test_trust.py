"""Who is trusted, and by which name."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives import serialization as s

from repro.errors import UsageError
from repro.resources import data_root
from repro.signing import TrustStore, ephemeral_key, generate_key_files


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "trust"
    path.mkdir()
    return path


def put(folder, name):
    key = ephemeral_key().public
    (folder / name).write_bytes(key.pem)
    return key


def test_a_store_of_nobody_trusts_nobody():
    assert TrustStore().find(ephemeral_key().public.keyid) is None


def test_a_key_in_a_folder_is_trusted_by_the_stem_of_its_file(folder):
    key = put(folder, "polimi.pem")
    assert TrustStore.load(directories=[folder], shipped=False).find(key.keyid) == ("polimi", key)


def test_a_file_of_keygen_is_labelled_without_its_endings(folder):
    _, public = generate_key_files(folder)
    store = TrustStore.load(files=[public], shipped=False)
    assert [label for label, _ in store.keys.values()] == ["signing-key"]


def test_an_openssh_public_key_is_accepted(folder):

    key = ephemeral_key()
    text = key.private.public_key().public_bytes(s.Encoding.OpenSSH, s.PublicFormat.OpenSSH)
    (folder / "id.pub").write_bytes(text)
    store = TrustStore.load(files=[folder / "id.pub"], shipped=False)
    assert store.find(key.public.keyid) == ("id", key.public)


def test_the_first_file_to_name_a_key_labels_it(folder, tmp_path):
    key = put(folder, "first.pem")
    again = tmp_path / "second.pem"
    again.write_bytes(key.pem)
    store = TrustStore.load(directories=[folder], files=[again], shipped=False)
    assert store.find(key.keyid)[0] == "first"


def test_other_files_in_a_trust_folder_are_left_alone(folder):
    (folder / "README.md").write_text("keys")
    key = put(folder, "polimi.pem")
    assert list(TrustStore.load(directories=[folder], shipped=False).keys) == [key.keyid]


def test_a_trust_folder_without_a_key_is_an_error(folder):
    with pytest.raises(UsageError, match=r"expected public keys \(\*\.pem\), found none"):
        TrustStore.load(directories=[folder], shipped=False)


def test_a_private_key_in_a_trust_folder_is_an_error_that_names_it(folder):
    generate_key_files(folder)
    with pytest.raises(UsageError, match=r"signing-key\.pem: expected a public key"):
        TrustStore.load(directories=[folder], shipped=False)


def test_a_missing_trust_folder_is_an_error(tmp_path):
    with pytest.raises(UsageError, match="expected a directory, found none"):
        TrustStore.load(directories=[tmp_path / "none"], shipped=False)


def test_a_missing_key_file_is_an_error(tmp_path):
    with pytest.raises(UsageError, match="cannot be read"):
        TrustStore.load(files=[tmp_path / "none.pem"], shipped=False)


def test_the_shipped_store_opens_and_holds_what_lies_in_its_folder():
    shipped = sorted((data_root() / "artifact" / "trust").glob("*.pem"))
    labels = sorted(label for label, _ in TrustStore.shipped().keys.values())
    assert labels == [path.name.split(".")[0] for path in shipped]


def test_no_private_key_is_shipped():
    for path in (data_root() / "artifact" / "trust").iterdir():
        assert b"PRIVATE KEY" not in path.read_bytes(), path.name
