"""Every file edited, removed, added, duplicated, renamed; keys and statements swapped."""

from __future__ import annotations

import base64
import hashlib
import json

import pytest
from cryptography.hazmat.primitives import serialization as s

from repro.bundle import Verdict, bag, seal
from repro.bundle.seal import ATTESTATION, SIGNER
from repro.signing import TrustStore, ephemeral_key
from tests.bundle.forge import (
    MANIFEST,
    TAG_MANIFEST,
    assert_invalid,
    member,
    resign_statements,
    rezip,
    sign_members,
    unzip,
    with_manifests,
)
from tests.factories import make_gpu, make_run

MEMBERS = (
    "bag-info.txt", "bagit.txt", MANIFEST, TAG_MANIFEST, ATTESTATION, SIGNER,
    "data/audio.csv", "data/bundle.json", "data/datapackage.json", "data/environment.json",
    "data/measurements.csv", "data/model.toml", "data/protocol.toml", "data/requirements.lock",
    "data/ro-crate-metadata.json", "data/run.json", "data/traces/reads.csv",
)  # fmt: skip

# the first step that can notice that a file is not what it was
STEP = {
    TAG_MANIFEST: "subject", MANIFEST: "tagmanifest", "bagit.txt": "tagmanifest",
    "bag-info.txt": "tagmanifest", ATTESTATION: "signatures", SIGNER: "signatures",
}  # fmt: skip


def step_of(name):
    return STEP.get(name, "manifest")


def test_the_table_names_every_file_of_a_bundle(members):
    assert set(MEMBERS) == set(members)


def test_the_bundle_that_is_tampered_with_is_good_before(judge, members):
    assert judge(rezip(members)).verdict is Verdict.INTEGRITY_ONLY


@pytest.mark.parametrize("name", MEMBERS)
def test_an_edited_file_is_noticed(judge, members, name):
    data = members[name]
    middle = len(data) // 2
    edited = data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]
    assert_invalid(judge(rezip({**members, name: edited})), step_of(name))


@pytest.mark.parametrize("name", MEMBERS)
def test_a_line_more_is_noticed(judge, members, name):
    longer = members[name] + b"\n"
    assert_invalid(judge(rezip({**members, name: longer})), step_of(name))


@pytest.mark.parametrize("name", MEMBERS)
def test_an_emptied_file_is_noticed(judge, members, name):
    # an empty table of audio is not empty: it has a header
    assert members[name]
    assert_invalid(judge(rezip({**members, name: b""})), step_of(name))


@pytest.mark.parametrize("name", MEMBERS)
def test_a_removed_file_is_noticed(judge, members, name):
    left = {other: data for other, data in members.items() if other != name}
    assert_invalid(judge(rezip(left)), step_of(name))


@pytest.mark.parametrize("name", MEMBERS)
def test_a_renamed_file_is_noticed(judge, members, name):
    renamed = {other + "x" * (other == name): data for other, data in members.items()}
    assert_invalid(judge(rezip(renamed)), step_of(name))


@pytest.mark.parametrize("name", MEMBERS)
def test_a_duplicated_file_is_noticed(judge, members, name):
    examination = judge(rezip(members, extra=[(member(name), members[name])]))
    assert_invalid(examination, "zip")
    assert "duplicate" in examination.reasons[0]


@pytest.mark.parametrize("name", MEMBERS)
def test_a_file_with_the_content_of_another_is_noticed(judge, members, name):
    other = MEMBERS[MEMBERS.index(name) - 1]
    swapped = {**members, name: members[other], other: members[name]}
    assert judge(rezip(swapped)).verdict is Verdict.INVALID


@pytest.mark.parametrize(
    "name", ["data/extra.csv", "extra.txt", "signatures/extra", "tagmanifest-md5.txt", "zzz/a"]
)
def test_an_added_file_is_noticed(judge, members, name):
    assert_invalid(judge(rezip({**members, name: b"more"})), "files")


def test_a_payload_edited_together_with_both_manifests_is_noticed(judge, members):
    edited = members["data/measurements.csv"].replace(b"65.044", b"15.044")
    forged = with_manifests({**members, "data/measurements.csv": edited})
    assert forged["data/measurements.csv"] != members["data/measurements.csv"]
    assert_invalid(judge(rezip(forged)), "subject")


def test_a_payload_and_its_manifest_edited_are_noticed(judge, members):
    forged = with_manifests({**members, "data/measurements.csv": b"study\n"})
    forged[TAG_MANIFEST] = members[TAG_MANIFEST]
    assert_invalid(judge(rezip(forged)), "tagmanifest")


def test_a_payload_signed_again_with_another_key_is_not_trusted(judge, run, key):
    trust = TrustStore({key.public.keyid: ("lab", key.public)})
    examination = judge(seal(run, key=ephemeral_key()), trust=trust)
    assert examination.verdict is Verdict.INTEGRITY_ONLY
    assert examination.signer != "lab"


def test_a_swapped_public_key_is_noticed(judge, members):
    stranger = ephemeral_key().public.pem
    assert_invalid(judge(rezip({**members, SIGNER: stranger})), "signatures")


def test_a_swapped_public_key_is_noticed_with_the_signer_trusted(judge, members, key):
    trust = TrustStore({key.public.keyid: ("lab", key.public)})
    stranger = ephemeral_key().public.pem
    assert_invalid(judge(rezip({**members, SIGNER: stranger}), trust=trust), "signatures")


def test_the_name_of_a_trusted_key_does_not_help_another(judge, members, key):
    """The stranger signs, and writes the trusted key's identifier beside the signature."""
    stranger = ephemeral_key()
    lines = []
    for line in members[ATTESTATION].splitlines():
        envelope = json.loads(line)

        forged = stranger.sign(base64.b64decode(envelope["payload"]))
        forged["signatures"][0]["keyid"] = key.public.keyid
        lines.append(json.dumps(forged, sort_keys=True) + "\n")
    forged_members = {**members, ATTESTATION: "".join(lines).encode()}
    trust = TrustStore({key.public.keyid: ("lab", key.public)})
    assert_invalid(judge(rezip(forged_members), trust=trust), "signatures")


def test_a_private_key_for_a_public_one_is_noticed(judge, members):

    pem = ephemeral_key().private.private_bytes(
        s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption()
    )
    assert_invalid(judge(rezip({**members, SIGNER: pem})), "signatures")


def test_the_attestation_of_another_bundle_is_noticed(judge, members, key):

    other = unzip(seal(make_run(gpu=make_gpu(), steps=(10,)), key=key))
    replayed = {**members, ATTESTATION: other[ATTESTATION]}
    assert_invalid(judge(rezip(replayed)), "subject")


def lines_of(members):
    return members[ATTESTATION].splitlines(keepends=True)


def test_one_attestation_deleted_is_noticed(judge, members):
    for line in lines_of(members):
        assert_invalid(judge(rezip({**members, ATTESTATION: line})), "signatures")


def test_the_same_attestation_twice_is_noticed(judge, members):
    for line in lines_of(members):
        assert_invalid(judge(rezip({**members, ATTESTATION: line * 2})), "signatures")


def test_a_third_attestation_is_noticed(judge, members):
    three = b"".join([*lines_of(members), lines_of(members)[0]])
    assert_invalid(judge(rezip({**members, ATTESTATION: three})), "signatures")


def edited_envelopes(members, edit):
    envelopes = [json.loads(line) for line in lines_of(members)]
    for envelope in envelopes:
        edit(envelope)
    lines = (json.dumps(envelope, sort_keys=True) + "\n" for envelope in envelopes)
    return rezip({**members, ATTESTATION: "".join(lines).encode()})


ENVELOPE_EDITS = {
    "another payload type": lambda e: e.update(payloadType="application/json"),
    "no payload type": lambda e: e.pop("payloadType"),
    "no payload": lambda e: e.pop("payload"),
    "another payload": lambda e: e.update(payload="e30="),
    "payload no base64": lambda e: e.update(payload="!"),
    "payload a number": lambda e: e.update(payload=1),
    "no signatures": lambda e: e.update(signatures=[]),
    "signatures missing": lambda e: e.pop("signatures"),
    "signatures a text": lambda e: e.update(signatures="x"),
    "signature twice": lambda e: e.update(signatures=e["signatures"] * 2),
    "a second signature": lambda e: e["signatures"].append({"keyid": "a", "sig": "AAAA"}),
    "no key id": lambda e: e["signatures"][0].pop("keyid"),
    "another key id": lambda e: e["signatures"][0].update(keyid="0" * 64),
    "no signature": lambda e: e["signatures"][0].pop("sig"),
    "an empty signature": lambda e: e["signatures"][0].update(sig=""),
    "an unknown field": lambda e: e.update(more=1),
    "an unknown field of a signature": lambda e: e["signatures"][0].update(more=1),
}


@pytest.mark.parametrize("name", ENVELOPE_EDITS)
def test_an_edited_envelope_is_noticed(judge, members, name):
    assert_invalid(judge(edited_envelopes(members, ENVELOPE_EDITS[name])), "signatures")


JUNK = {
    "lists": b"[]\n[]\n",
    "nothing": b"null\nnull\n",
    "empty lines": b"\n\n",
    "empty objects": b"{}\n{}\n",
    "no text": b"\xff\n\xff\n",
    "a deep list": b"[" * 100_000 + b"\n",
    "a long number": b'{"a": ' + b"9" * 5000 + b"}\n",
}


@pytest.mark.parametrize("text", JUNK.values(), ids=JUNK)
def test_junk_for_an_attestation_is_noticed(judge, members, text):
    assert_invalid(judge(rezip({**members, ATTESTATION: text})), "signatures")


STATEMENT_EDITS = {
    "another predicate type": ("signatures", lambda s: s.update(predicateType="x")),
    "another statement type": ("signatures", lambda s: s.update(_type="x")),
    "no predicate type": ("signatures", lambda s: s.pop("predicateType")),
    "no subject": ("subject", lambda s: s.pop("subject")),
    "an empty subject": ("subject", lambda s: s.update(subject=[])),
    "a second subject": ("subject", lambda s: s["subject"].append(s["subject"][0])),
    "another subject name": ("subject", lambda s: s["subject"][0].update(name="bagit.txt")),
    "another digest": ("subject", lambda s: s["subject"][0]["digest"].update(sha256="0" * 64)),
    "a second digest": ("subject", lambda s: s["subject"][0]["digest"].update(md5="0" * 32)),
    "no predicate": ("schema", lambda s: s.pop("predicate")),
    "a predicate that is a list": ("schema", lambda s: s.update(predicate=[])),
}


@pytest.mark.parametrize("name", STATEMENT_EDITS)
def test_a_signed_statement_that_is_not_ours_is_noticed(judge, members, key, name):
    step, edit = STATEMENT_EDITS[name]
    assert_invalid(judge(resign_statements(members, key, edit)), step)


def test_two_signers_are_noticed(judge, members, run):

    other = unzip(seal(run, key=ephemeral_key()))
    mixed = lines_of(members)[0] + lines_of(other)[1]
    assert_invalid(judge(rezip({**members, ATTESTATION: mixed})), "signatures")


def listed(members, more=(), less=()):
    """Make the lines of a manifest by hand."""
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in members.items()}
    names = sorted({*digests, *more} - {*less})
    other = hashlib.sha256(b"").hexdigest()
    return "".join(f"{digests.get(name, other)}  {name}\n" for name in names).encode()


def with_tags(members, **changes):
    tags = {name: members[name] for name in ("bag-info.txt", "bagit.txt", MANIFEST)}
    return {**members, TAG_MANIFEST: listed(tags, **changes)}


MANIFEST_LINES = {
    "../../etc/passwd": "manifest",
    "/etc/passwd": "manifest",
    "data/none.csv": "manifest",
    "bagit.txt": "files",
}


@pytest.mark.parametrize("path", MANIFEST_LINES)
def test_a_signed_manifest_that_lists_what_it_must_not_is_noticed(judge, members, run, key, path):
    of_payload = {name: data for name, data in members.items() if name.startswith("data/")}
    if path in members:
        of_payload[path] = members[path]
    forged = with_tags({**members, MANIFEST: listed(of_payload, more=[path])})
    assert_invalid(judge(sign_members(forged, run, key)), MANIFEST_LINES[path])


def test_a_signed_tag_manifest_that_leaves_a_tag_file_out_is_noticed(judge, members, run, key):
    forged = with_tags(members, less=["bagit.txt"])
    examination = judge(sign_members(forged, run, key))
    assert_invalid(examination, "files")
    assert "other files than they are for" in examination.reasons[0]


def test_a_signed_manifest_that_leaves_a_payload_file_out_is_noticed(judge, members, run, key):
    of_payload = {name: data for name, data in members.items() if name.startswith("data/")}
    forged = with_tags({**members, MANIFEST: listed(of_payload, less=["data/run.json"])})
    assert_invalid(judge(sign_members(forged, run, key)), "files")


INFO_STEPS = {"Payload-Oxum": "files", "External-Identifier": "schema"}


@pytest.mark.parametrize("label", INFO_STEPS)
def test_a_signed_bag_info_that_is_wrong_is_noticed(judge, members, run, key, label):
    info = members["bag-info.txt"].replace(f"{label}: ".encode(), f"{label}: 0".encode())
    forged = with_tags({**members, "bag-info.txt": info})
    examination = judge(sign_members(forged, run, key))
    assert_invalid(examination, INFO_STEPS[label])
    assert label in examination.reasons[0]


def test_the_members_that_are_forged_above_are_good_when_signed_as_they_are(
    judge, members, run, key
):
    examination = judge(sign_members(with_tags(members), run, key))
    assert examination.verdict is Verdict.INTEGRITY_ONLY


def test_an_envelope_written_in_another_way_is_noticed(judge, members):
    lines = [json.dumps(json.loads(line), indent=None, separators=(",", ":"), sort_keys=True)
             for line in lines_of(members)]  # fmt: skip
    spaced = "".join(f"{line}\n" for line in lines).encode()
    assert spaced != members[ATTESTATION]
    assert_invalid(judge(rezip({**members, ATTESTATION: spaced})), "signatures")


BAD_MANIFESTS = {
    "out of order": "{0}  b\n{0}  a\n",
    "a path twice": "{0}  a\n{0}  a\n",
    "one space": "{0} a\n",
    "capital digits": "{1}  a\n",
    "a short digest": "abc  a\n",
    "no last line end": "{0}  a",
    "another line end": "{0}  a\r\n",
    "an empty line": "{0}  a\n\n",
    "no ascii": "{0}  \u00e4\n",
}


@pytest.mark.parametrize("name", BAD_MANIFESTS)
def test_a_manifest_has_one_form(name):
    text = BAD_MANIFESTS[name].format("0a" * 32, "0A" * 32)
    with pytest.raises(ValueError):
        bag.read_manifest(text.encode())
