"""Scores become a bundle of their own, which names the run they are of."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from repro.bundle import Verdict, datapackage, score_bundle_name, score_payload, seal, seal_scores
from repro.bundle.score_checks import CHECKS
from repro.bundle.score_contents import ScoreContents
from repro.bundle.seal import ATTESTATION, SIGNER, assemble, complete
from repro.cli.verify import verify
from repro.errors import BundleError
from repro.records import BundleClass, Status
from repro.signing import ephemeral_key
from tests import validators
from tests.bundle.forge import assert_invalid, files_of, resign, rezip, unzip
from tests.bundle.test_third_parties import OPENSSL, lay_out, rocrate
from tests.scored import (
    listed,
    make_audio,
    make_caption,
    make_parent,
    make_quality_run,
    make_scored,
)


@pytest.fixture(scope="module")
def parent():
    return make_quality_run()


@pytest.fixture(scope="module")
def scored(parent):
    return make_scored(parent)


@pytest.fixture(scope="module")
def sealed_scores(scored, key):
    return seal_scores(scored, key=key)


@pytest.fixture(scope="module")
def score_members(sealed_scores):
    return unzip(sealed_scores)


def seal_anyway(scored):
    """Seal as somebody would who does not care whether the numbers agree."""
    contents = ScoreContents(scored)
    return assemble(complete(contents), contents, key=ephemeral_key())


def changed(rows, number, **values):
    return (*rows[:number], rows[number].model_copy(update=values), *rows[number + 1 :])


def test_a_score_bundle_is_named_after_its_parent(scored):
    assert score_bundle_name(scored) == "audioldm_paper_6f9619ff_score.zip"


def test_its_payload_holds_the_files_that_the_format_promises(score_members):
    assert sorted(name for name in score_members if name.startswith("data/")) == [
        "data/bundle.json",
        "data/clips.csv",
        "data/contrasts.csv",
        "data/datapackage.json",
        "data/environment.json",
        "data/request.json",
        "data/requirements.lock",
        "data/ro-crate-metadata.json",
        "data/scores.csv",
    ]


def test_its_columns_come_in_the_order_of_the_contract(score_members):
    header = score_members["data/scores.csv"].decode().splitlines()[0]
    assert header.startswith("dataset,model,steps,metric,value,n,reference,embedding,engine,class,")


def test_scores_can_be_read_back(judge, sealed_scores, scored):
    examination = judge(sealed_scores)
    assert examination.verdict is Verdict.INTEGRITY_ONLY
    assert examination.kind == "score"
    assert examination.bundle_class == "measured"
    assert examination.imported is False
    assert score_payload.read(examination.contents) == scored


def test_same_scores_give_same_payload_and_manifests(scored, score_members):
    again = unzip(seal_scores(scored, key=ephemeral_key()))
    differing = {name for name in again if again[name] != score_members[name]}
    assert differing == {ATTESTATION, SIGNER}


def test_the_provenance_names_the_parent_by_the_digest_its_signature_covers(
    judge, score_members, parent, key
):
    statements = [
        json.loads(base64.b64decode(json.loads(line)["payload"]))
        for line in score_members[ATTESTATION].splitlines()
    ]
    build = statements[0]["predicate"]["buildDefinition"]
    assert build["buildType"] == "urn:tta-energy:score:v1"
    subject = judge(seal(parent, key=key)).subject
    named = {one["name"]: one["digest"] for one in build["resolvedDependencies"]}
    assert named["parent:audioldm_paper_6f9619ff.zip"] == {"sha256": subject}
    assert named["checkpoint"] == {"sha256": "c" * 64}


@pytest.mark.parametrize(
    ("run", "networks", "expected"),
    [
        ({}, "hub", "measured"),
        ({}, "folder", "measured"),
        ({}, "random", "demonstration"),
        ({"gpu": False}, "hub", "demonstration"),
        ({"weights": "random"}, "hub", "demonstration"),
    ],
)
def test_only_trained_networks_on_a_measured_run_of_trained_weights_measure(
    judge, key, run, networks, expected
):
    scored = make_scored(make_quality_run(**run), networks=networks)
    assert judge(seal_scores(scored, key=key)).bundle_class == expected


def test_what_was_not_scored_is_said_by_the_verdict(judge, scored, key):
    remark = "fad on clotho: no reference audio: name its folder with --captions-dir"
    environment = scored.environment.model_copy(update={"remarks": (remark,)})
    found = judge(seal_scores(scored.model_copy(update={"environment": environment}), key=key))
    assert found.reasons == ("signer: ephemeral key", remark)


def with_score(scored, number, **values):
    return scored.model_copy(update={"scores": changed(scored.scores, number, **values)})


def with_clip(scored, number, **values):
    return scored.model_copy(update={"clips": changed(scored.clips, number, **values)})


def with_contrast(scored, number, **values):
    return scored.model_copy(update={"contrasts": changed(scored.contrasts, number, **values)})


def with_facts(scored, **values):
    environment = scored.environment.model_copy(update=values)
    return scored.model_copy(update={"environment": environment})


# scores 0 is fad and 1 is clap of audiocaps at 10 steps, clips 0 to 3 are theirs
INVENTED = {
    "random networks passed off": ("class", lambda s: with_facts(s, networks="random")),
    "one score of random networks": ("class", lambda s: with_score(s, 0, networks="random")),
    "a demonstration row": (
        "class", lambda s: with_score(s, 0, score_class=BundleClass.DEMONSTRATION)),
    "a demonstration parent passed off": ("class", lambda s: with_facts(
        s, parent=s.environment.parent.model_copy(
            update={"bundle_class": BundleClass.DEMONSTRATION}))),
    "no scores": ("scores", lambda s: s.model_copy(update={"scores": (), "contrasts": ()})),
    "another model": ("scores", lambda s: with_score(s, 0, model="tango")),
    "a contrast of another model": ("scores", lambda s: with_contrast(s, 0, model="tango")),
    "a score twice": ("scores", lambda s: s.model_copy(update={"scores": s.scores[:1] + s.scores})),
    "a clip twice": ("clips", lambda s: with_clip(s, 1, window=0, name=s.clips[0].name)),
    "an item twice": ("clips", lambda s: with_clip(s, 1, item=0)),
    "a clip too few": ("counts", lambda s: s.model_copy(update={"clips": s.clips[1:]})),
    "a count too many": ("counts", lambda s: with_score(s, 0, n=300)),
    "no count": ("counts", lambda s: with_score(s, 0, n=None)),
    "clips nobody scored": ("counts", lambda s: s.model_copy(
        update={"scores": s.scores[2:], "contrasts": ()})),
    "a better mean": ("means", lambda s: with_score(s, 1, value=0.9, low=0.8, high=1.0)),
    "a better clip": ("means", lambda s: with_clip(s, 0, clap=0.9)),
    "a clip without its score": ("means", lambda s: with_clip(s, 0, clap=None)),
    "half an interval": ("intervals", lambda s: with_score(s, 0, low=None)),
    "an interval upside down": ("intervals", lambda s: with_score(s, 0, low=1.0, high=0.0)),
    "an interval without its method": (
        "intervals", lambda s: with_score(s, 0, interval_method=None)),
    "a difference nobody found": ("contrasts", lambda s: with_contrast(s, 0, difference=0.001)),
    "a contrast of unknown steps": ("contrasts", lambda s: with_contrast(s, 0, other_steps=1000)),
    "a contrast the wrong way round": (
        "contrasts", lambda s: with_contrast(s, 0, steps=25, other_steps=10)),
    "a contrast of fewer clips": ("contrasts", lambda s: with_contrast(s, 0, n=2)),
    "a contrast twice": (
        "contrasts", lambda s: s.model_copy(update={"contrasts": s.contrasts[:1] + s.contrasts})),
}  # fmt: skip


@pytest.mark.parametrize("name", INVENTED)
def test_invented_scores_are_noticed_though_signed_and_are_not_sealed(judge, scored, name):
    check, invent = INVENTED[name]
    invented = invent(scored)
    examination = judge(seal_anyway(invented))
    assert_invalid(examination, "physics")
    assert examination.reasons[0].startswith(f"physics: {check}: ")
    with pytest.raises(BundleError, match=f"audioldm_paper_6f9619ff.zip: {check}: "):
        seal_scores(invented, key=ephemeral_key())


def test_each_check_objects_to_something():
    assert {check for check, _ in INVENTED.values()} == set(CHECKS)


def test_extrapolated_contrasts_need_not_be_the_difference_of_the_scores(judge, scored):
    scores = tuple(
        one.model_copy(update={"metric": "fad_inf"}) if one.metric == "fad" else one
        for one in scored.scores
    )
    contrasts = tuple(
        one.model_copy(update={"metric": "fad_inf", "difference": one.difference + 0.001})
        if one.metric == "fad" else one
        for one in scored.contrasts
    )  # fmt: skip
    drawn = scored.model_copy(update={"scores": scores, "contrasts": contrasts})
    assert judge(seal_scores(drawn, key=ephemeral_key())).verdict is Verdict.INTEGRITY_ONLY


NAMES = (
    "bag-info.txt", "bagit.txt", "manifest-sha256.txt", "tagmanifest-sha256.txt", ATTESTATION,
    SIGNER, *(f"data/{name}" for name in (
        "bundle.json", "clips.csv", "contrasts.csv", "datapackage.json", "environment.json",
        "request.json", "requirements.lock", "ro-crate-metadata.json", "scores.csv")),
)  # fmt: skip


def test_the_table_names_every_file_of_a_score_bundle(score_members):
    assert set(NAMES) == set(score_members)


@pytest.mark.parametrize("name", NAMES)
def test_an_edited_or_removed_file_is_noticed(judge, score_members, name):
    data = score_members[name]
    middle = len(data) // 2
    edited = data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]
    assert judge(rezip({**score_members, name: edited})).verdict is Verdict.INVALID
    left = {other: data for other, data in score_members.items() if other != name}
    assert judge(rezip(left)).verdict is Verdict.INVALID


def test_the_attestation_of_its_parent_is_noticed(judge, score_members, parent, key):
    other = unzip(seal(parent, key=key))
    replayed = {**score_members, ATTESTATION: other[ATTESTATION]}
    assert_invalid(judge(rezip(replayed)), "subject")


def test_a_run_passed_off_as_scores_is_noticed(judge, parent, key):
    members = unzip(seal(parent, key=key))
    stamp = b'{"format_version": 1, "kind": "score"}'
    assert_invalid(judge(resign(members, parent, key, files={"bundle.json": stamp})), "schema")


@pytest.fixture
def judge_with(judge, score_members, scored, key):
    """Examine the scores with files changed or left out, signed as if they belonged."""

    def examine_files(files):
        every = {**files_of(score_members), **files}
        kept = {name: data for name, data in every.items() if data is not None}
        tables = ScoreContents(scored).tables(kept)
        package = datapackage.write(kept, tables, name="x", title="x")
        return judge(
            resign(score_members, scored, key, files={**files, "datapackage.json": package})
        )

    return examine_files


@pytest.mark.parametrize("name", ["request.json", *score_payload.TABLES])
def test_signed_scores_without_a_required_file_are_invalid(judge_with, name):
    assert_invalid(judge_with({name: None}), "schema")


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(score_payload.REQUIRED), st.binary(max_size=200))
def test_any_bytes_for_a_file_end_in_a_verdict(judge_with, name, data):
    assert judge_with({name: data}).verdict in Verdict


# together with the run


@pytest.fixture
def pair(tmp_path, parent, sealed_scores, key):
    """Lay the bundle of the run and that of its scores beside each other."""
    run, scores = tmp_path / "run.zip", tmp_path / "scores.zip"
    run.write_bytes(seal(parent, key=key))
    scores.write_bytes(sealed_scores)
    return run, scores


def call(*arguments):
    return CliRunner().invoke(verify, [str(argument) for argument in arguments])


def test_scores_alone_are_valid_and_say_that_nothing_was_compared(pair):
    result = call(pair[1])
    assert result.exit_code == 0
    assert result.output.endswith("parent: audioldm_paper_6f9619ff.zip not given\n")


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_scores_with_their_run_are_valid_in_either_order(pair, order):
    result = call(*(pair[place] for place in order))
    assert result.exit_code == 0
    assert "not given" not in result.output
    assert "INVALID" not in result.output


def test_the_run_signed_again_is_the_same_parent(pair, parent):
    pair[0].write_bytes(seal(parent, key=ephemeral_key()))
    assert call(*pair).exit_code == 0


def test_another_run_is_no_parent_and_no_obstacle(pair, key):
    pair[0].write_bytes(seal(make_quality_run(run_id="b" * 32), key=key))
    result = call(*pair)
    assert result.exit_code == 0
    assert "not given" in result.output


def with_audio(run, number, **values):
    entry = run.entries[number]
    clips = changed(entry.audio, 0, **values)
    entries = changed(run.entries, number, audio=clips)
    return run.model_copy(update={"entries": entries})


def rescored(scored, run):
    """Name another edition of the run as the parent, as a forger would."""
    return with_facts(scored, parent=make_parent(run))


def with_row(run, number, **values):
    row = run.entries[number].row.model_copy(update=values)
    return run.model_copy(update={"entries": changed(run.entries, number, row=row)})


def with_one_more(run):
    last = run.entries[-1]
    window, dataset = last.row.window + 1, last.row.dataset
    row = last.row.model_copy(
        update={"window": window, "item": 4, "seed": 4, "started_at": "2026-11-02T00:00:00Z"}
    )
    captions = (*run.header.captions, make_caption(dataset, 4))
    header = run.header.model_copy(
        update={"planned_windows": window + 1, "captions": captions,
                "request": {**run.header.request, "captions": listed(captions)}}
    )  # fmt: skip
    entry = last.model_copy(update={"row": row, "audio": ()})
    return run.model_copy(update={"entries": (*run.entries, entry), "header": header})


MISMATCHES = {
    "another digest of a clip": (
        lambda run: with_audio(run, 0, sha256="0" * 64), "digest expected as in the parent's"),
    "no such clip": (lambda run: with_audio(run, 0, name="other.wav"), "found none"),
    "another step count": (lambda run: with_row(run, 0, steps=11), "as in its row, found others"),
    "a window that did not count": (
        lambda run: with_row(run, 0, status=Status.FAILED), "of a window that ended well"),
    "a clip that was left out": (with_one_more, "expected all 5 clips of the set, found 4"),
}  # fmt: skip


@pytest.mark.parametrize("name", MISMATCHES)
def test_scores_of_other_clips_than_the_run_has_are_invalid(pair, scored, parent, key, name):
    change, reason = MISMATCHES[name]
    other = change(parent)
    pair[0].write_bytes(seal(other, key=key))
    pair[1].write_bytes(seal_scores(rescored(scored, other), key=key))
    result = call(*pair)
    assert isinstance(result.exception, BundleError)
    assert re.search(r"scores\.zip +INVALID .*parent: ", result.output)
    assert reason in result.output


def test_a_clip_whose_energy_is_disputed_is_scored_as_the_others(pair, scored, parent, key):
    run = with_row(parent, 0, status=Status.DISPUTED)
    pair[0].write_bytes(seal(run, key=key))
    pair[1].write_bytes(seal_scores(rescored(scored, run), key=key))
    result = call(*pair)
    assert result.exception is None, result.output


def test_another_edition_of_the_run_is_invalid(pair, parent, key):
    pair[0].write_bytes(seal(with_row(parent, 0, detail="edited"), key=key))
    result = call(*pair)
    assert isinstance(result.exception, BundleError)
    assert "another edition of the run" in result.output


def test_a_class_that_the_parent_does_not_have_is_invalid(pair, key):
    run = make_quality_run(gpu=False)
    claimed = make_parent(run, bundle_class=BundleClass.MEASURED)
    scored = make_scored(make_quality_run())
    pair[0].write_bytes(seal(run, key=key))
    pair[1].write_bytes(seal_scores(with_facts(scored, parent=claimed), key=key))
    result = call(*pair)
    assert re.search(r"scores\.zip +INVALID .*parent: run id, class or weights", result.output)


# judged by the programs of others


@pytest.fixture
def folder(tmp_path, score_members):
    return lay_out(tmp_path / "bag", score_members)


def test_bagit_accepts_scores(folder):
    done = validators.run(
        [validators.program("python"), validators.program("bagit.py"), "--validate", folder]
    )
    assert done.returncode == 0, done.stdout


def test_rocrate_validator_accepts_scores(tmp_path, sealed_scores):
    cache = tmp_path / "http"
    validators.seed_context_cache(cache)
    path = tmp_path / "bundle.zip"
    path.write_bytes(sealed_scores)
    done = rocrate(path, cache)
    assert done.returncode == 0, done.stdout
    assert "is a valid process-run-crate-0.5" in done.stdout


def test_frictionless_accepts_scores(folder):
    done = validators.run(
        [validators.program("frictionless"), "validate", "--json", "datapackage.json"],
        cwd=folder / "data",
    )
    assert done.returncode == 0, done.stdout
    rows = {task["place"]: task["stats"]["rows"] for task in json.loads(done.stdout)["tasks"]}
    assert rows == {"scores.csv": 12, "clips.csv": 24, "contrasts.csv": 12}


def test_openssl_and_sha256sum_accept_scores(folder):
    done = validators.run(["sh", OPENSSL, folder])
    assert (done.returncode, done.stdout) == (0, "OK 2 statements, 9 payload files\n")
    shutil.copy(folder / "data" / "clips.csv", folder / "data" / "scores.csv")
    assert validators.run(["sh", OPENSSL, folder]).stdout == "INVALID payload\n"


def test_the_audio_of_the_factory_is_what_its_digests_say(parent):
    clip = parent.entries[0].audio[0]
    assert clip.sha256 == hashlib.sha256(make_audio(clip.name)).hexdigest()
