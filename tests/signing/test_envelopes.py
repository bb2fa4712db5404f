"""DSSE envelopes: one signature, by the key expected, over exactly these bytes."""

from __future__ import annotations

import base64
import copy

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from repro.signing import PAYLOAD_TYPE, SignatureError, ephemeral_key, open_envelope, public_key


@pytest.fixture(scope="module")
def key():
    return ephemeral_key()


def test_what_was_signed_comes_back(key):
    assert open_envelope(key.sign(b"\x00\xff"), key.public) == b"\x00\xff"


def test_an_envelope_is_not_changed_by_opening_it(key):
    envelope = key.sign(b"{}")
    before = copy.deepcopy(envelope)
    open_envelope(envelope, key.public)
    assert envelope == before


def test_the_signature_is_over_the_encoding_that_dsse_prescribes(key):

    envelope = key.sign(b"hello")
    signature = base64.b64decode(envelope["signatures"][0]["sig"])
    pae = b"DSSEv1 %d %s 5 hello" % (len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode())
    # raises where it does not verify
    key.private.public_key().verify(signature, pae, ec.ECDSA(hashes.SHA256()))


def test_another_key_does_not_open_it(key):
    with pytest.raises(SignatureError, match="names another key"):
        open_envelope(key.sign(b"{}"), ephemeral_key().public)


def test_another_key_does_not_open_it_under_a_borrowed_name(key):
    stranger = ephemeral_key()
    envelope = stranger.sign(b"{}")
    envelope["signatures"][0]["keyid"] = key.public.keyid
    with pytest.raises(SignatureError, match="does not verify"):
        open_envelope(envelope, key.public)


def test_another_payload_type_is_refused(key):
    envelope = {**key.sign(b"{}"), "payloadType": "text/plain"}
    with pytest.raises(SignatureError, match="payload type expected"):
        open_envelope(envelope, key.public)


@pytest.mark.parametrize("spoilt", [{}, {"payload": "e31="}, {"signatures": 1}, {"payload": None}])
def test_a_malformed_envelope_is_refused(key, spoilt):
    envelope = {**key.sign(b"{}"), **spoilt} if spoilt else {}
    with pytest.raises(SignatureError):
        open_envelope(envelope, key.public)


@pytest.mark.parametrize("data", [b"", b"-----BEGIN PUBLIC KEY-----\n", b"ssh-rsa AAAA", b"\xff"])
def test_junk_is_no_public_key(data):
    with pytest.raises(SignatureError):
        public_key(data)
