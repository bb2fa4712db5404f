"""A bundle is judged: what was found, by whom it was signed, and what it may be taken for."""

from __future__ import annotations

import hashlib
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from repro.bundle import Verdict, examine, layout, payload, seal
from repro.bundle.verify import ATTESTATION, _signed_statements
from repro.records import Image, Status
from repro.signing import SigningKey, TrustStore
from tests.bundle.forge import assert_invalid, resign, resign_statements, unzip
from tests.factories import make_gpu, make_run


def trusting(key, label="lab"):
    return TrustStore({key.public.keyid: (label, key.public)})


def with_environment(run, **changes):
    environment = run.header.environment.model_copy(update=changes)
    header = run.header.model_copy(update={"environment": environment})
    return run.model_copy(update={"header": header})


def test_a_key_of_the_trust_store_gives_trusted_and_its_label(judge, sealed, key):
    examination = judge(sealed, trust=trusting(key))
    assert examination.verdict is Verdict.TRUSTED
    assert examination.signer == "lab"
    assert examination.reasons == ()


def test_an_ephemeral_key_gives_integrity_only_and_says_so(judge, sealed, key):
    examination = judge(sealed)
    assert examination.verdict is Verdict.INTEGRITY_ONLY
    assert examination.signer == key.public.fingerprint
    assert examination.reasons == ("signer: ephemeral key",)


def test_a_strangers_key_gives_integrity_only_and_says_so(judge, run, key):
    stranger = SigningKey("operator", key.private)
    assert judge(seal(run, key=stranger)).reasons == ("signer: unknown key",)


def test_an_ed25519_key_signs_as_well(judge, run):
    signer = SigningKey("operator", Ed25519PrivateKey.generate())
    sealed = seal(run, key=signer)
    assert judge(sealed).verdict is Verdict.INTEGRITY_ONLY
    assert judge(sealed, trust=trusting(signer)).verdict is Verdict.TRUSTED


def test_an_examination_names_file_digest_and_class(judge, sealed):
    examination = judge(sealed)
    assert examination.bundle == "bundle.zip"
    assert examination.sha256 == hashlib.sha256(sealed).hexdigest()
    assert examination.bundle_class == "measured"
    assert examination.imported is False


def test_contents_are_the_payload_and_cannot_be_changed(judge, sealed, members):
    contents = judge(sealed).contents
    assert contents["measurements.csv"] == members["data/measurements.csv"]
    with pytest.raises(TypeError):
        contents["measurements.csv"] = b""


def test_a_missing_file_is_invalid_and_no_error(tmp_path):
    examination = examine(tmp_path / "none.zip", trust=TrustStore())
    assert_invalid(examination, "zip")
    assert examination.sha256 == ""


def test_a_folder_is_invalid_and_no_error(tmp_path):
    assert_invalid(examine(tmp_path, trust=TrustStore()), "zip")


def test_the_challenge_asked_for_is_accepted(judge, run, key):
    sealed = seal(with_environment(run, challenge="n0nce"), key=key)
    assert judge(sealed, challenge="n0nce").verdict is Verdict.INTEGRITY_ONLY


@pytest.mark.parametrize(("made_for", "found"), [(None, "none"), ("n0nce2", "another")])
def test_another_challenge_is_invalid(judge, run, key, made_for, found):
    sealed = seal(with_environment(run, challenge=made_for), key=key)
    examination = judge(sealed, challenge="n0nce")
    assert_invalid(examination, "challenge")
    assert f"found {found}" in examination.reasons[0]


VERSIONS = {
    '{"format_version": 2, "kind": "run"}':
        "schema: bundle.json: format_version expected at most 1, found 2: "
        "install a newer tta-energy",
    '{"format_version": 0, "kind": "run"}':
        "schema: bundle.json: format_version expected 1, found 0: "
        "too old for this tta-energy, use an earlier release",
    '{"kind": "run"}': "schema: bundle.json: format_version expected an integer, found none",
    '{"format_version": true}':
        "schema: bundle.json: format_version expected an integer, found none",
    "[]": "schema: bundle.json: format_version expected an integer, found none",
    '{"format_version": 1, "kind": "other"}':
        "schema: bundle.json: kind expected 'run' or 'score', found another",
    '{"format_version": 1, "kind": ["run"]}':
        "schema: bundle.json: kind expected 'run' or 'score', found another",
    '{"format_version": 1, "kind": "score"}':
        "schema: request.json: expected, found none",
}  # fmt: skip


@pytest.mark.parametrize("stamp", VERSIONS)
def test_another_format_version_has_its_exact_message(judge, members, run, key, stamp):
    examination = judge(resign(members, run, key, files={"bundle.json": stamp.encode()}))
    assert_invalid(examination, "schema")
    assert examination.reasons == (VERSIONS[stamp],)


def test_an_older_version_is_brought_up_step_by_step(monkeypatch, judge, members, run, key):
    def first(files):
        return {**files, "run.json": files["run.json"].replace(b"planned", b"planned_windows")}

    monkeypatch.setattr(layout, "MIGRATIONS", {0: first})
    old = members["data/run.json"].replace(b"planned_windows", b"planned")
    stamp = b'{"format_version": 0, "kind": "run"}'
    sealed = resign(members, run, key, files={"run.json": old, "bundle.json": stamp})
    examination = judge(sealed)
    assert examination.verdict is Verdict.INTEGRITY_ONLY
    assert payload.read(examination.contents).header.planned_windows == 10


MALFORMED = {
    "environment.json": b"{}",
    "run.json": b"[" * 100_000,
    "protocol.toml": b"= 1",
    "model.toml": b"\xff",
    "requirements.lock": b"\xff",
    "measurements.csv": b"study\nsteps\n",
    "traces/reads.csv": b"",
    "audio.csv": b"window,window\n",
    "datapackage.json": b"{}",
    "audio/extra.wav": b"RIFF",
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_signed_payload_that_is_malformed_is_invalid(judge, members, run, key, name):
    assert_invalid(judge(resign(members, run, key, files={name: MALFORMED[name]})), "schema")


@pytest.mark.parametrize(
    "name", ["measurements.csv", "traces/reads.csv", "audio.csv", "bundle.json"]
)
def test_a_signed_payload_without_a_required_file_is_invalid(judge, members, run, key, name):
    assert_invalid(judge(resign(members, run, key, files={name: None})), "schema")


def test_a_datapackage_of_other_tables_is_invalid(judge, members, run, key):
    changed = members["data/measurements.csv"].replace(b"cvssp", b"other")
    examination = judge(resign(members, run, key, files={"measurements.csv": changed}))
    assert_invalid(examination, "schema")
    assert "datapackage.json" in examination.reasons[0]


STATEMENT_EDITS = {
    "class": lambda p: p["buildDefinition"]["internalParameters"].update({"class": "other"}),
    "challenge": lambda p: p["buildDefinition"]["internalParameters"].update(challenge="x"),
    "imported": lambda p: p["buildDefinition"]["internalParameters"].update(imported=True),
    "signerKeyid": lambda p: p["buildDefinition"]["internalParameters"].update(signerKeyid="x"),
    "invocationId": lambda p: p["runDetails"]["metadata"].update(invocationId="x"),
}


@pytest.mark.parametrize("name", STATEMENT_EDITS)
def test_a_statement_that_says_other_than_the_payload_is_invalid(judge, members, key, name):
    def edit(statement):
        if "slsa" in statement["predicateType"]:
            STATEMENT_EDITS[name](statement["predicate"])

    examination = judge(resign_statements(members, key, edit))
    assert_invalid(examination, "schema")
    assert name in examination.reasons[0]


def statements_of(sealed, key):

    return _signed_statements(unzip(sealed)[ATTESTATION], key.public)


def test_the_statements_list_the_checks_that_passed(sealed, key):
    result = statements_of(sealed, key)["https://in-toto.io/attestation/test-result/v0.1"]
    assert result["predicate"]["result"] == "PASSED"
    assert "energy" in result["predicate"]["passedTests"]


@pytest.mark.parametrize(("status", "result"), [("oom", "WARNED"), ("failed", "FAILED")])
def test_the_statements_tell_of_rows_that_went_wrong(run, key, status, result):
    row = run.entries[-1].row.model_copy(update={"status": Status(status)})
    entries = (*run.entries[:-1], run.entries[-1].model_copy(update={"row": row}))
    sealed = seal(run.model_copy(update={"entries": entries}), key=key)
    found = statements_of(sealed, key)["https://in-toto.io/attestation/test-result/v0.1"]
    assert found["predicate"]["result"] == result


def test_the_provenance_names_digests_of_what_was_used(sealed, key, members):
    found = statements_of(sealed, key)["https://slsa.dev/provenance/v1"]["predicate"]
    used = {
        item["name"]: item["digest"] for item in found["buildDefinition"]["resolvedDependencies"]
    }
    expected = hashlib.sha256(members["data/model.toml"]).hexdigest()
    assert used["data/model.toml"] == {"sha256": expected}
    assert used["source"] == {"gitCommit": "0" * 40}
    assert found["buildDefinition"]["internalParameters"]["keyOrigin"] == "ephemeral"


def test_the_provenance_names_the_image_its_locks_and_whose_word_its_digest_is(run, key):
    image = Image(
        base="cuda:12.8.1",
        stack="paper",
        lock_sha256={"diffusers/torch.lock": 64 * "a"},
        digest="sha256:" + 64 * "b",
    )
    environment = run.header.environment.model_copy(update={"image": image})
    header = run.header.model_copy(update={"environment": environment})
    sealed = seal(run.model_copy(update={"header": header}), key=key)
    found = statements_of(sealed, key)["https://slsa.dev/provenance/v1"]["predicate"]
    used = {item["name"]: item for item in found["buildDefinition"]["resolvedDependencies"]}
    assert used["image:diffusers/torch.lock"]["digest"] == {"sha256": 64 * "a"}
    assert used["image"]["digest"] == {"sha256": 64 * "b"}
    assert used["image"]["annotations"] == {"assertedBy": "operator"}


def test_a_reason_cannot_move_the_cursor_of_a_terminal(judge, run, key, members):
    environment = json.loads(members["data/environment.json"])
    environment["size"] = "\x1b[2J"
    text = json.dumps(environment).encode()
    examination = judge(resign(members, run, key, files={"environment.json": text}))
    assert_invalid(examination, "schema")
    assert examination.reasons[0].isprintable()


def test_a_bundle_of_a_gpu_run_and_of_a_cpu_run_differ_in_class(judge, key):
    classes = {judge(seal(make_run(gpu=gpu), key=key)).bundle_class for gpu in (make_gpu(), None)}
    assert classes == {"measured", "demonstration"}
