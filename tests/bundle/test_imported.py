"""An imported bundle holds rows, scores and sources, and says where they come from."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from repro.bundle import Verdict, payload, seal
from repro.bundle.seal import ATTESTATION
from repro.errors import BundleError
from tests.bundle.forge import assert_invalid, resign, unzip
from tests.bundle.imported import (
    ORIGIN,
    SCORES,
    SOURCES,
    make_imported_run,
    make_score,
    with_environment,
)
from tests.bundle.test_hostile_payload import with_tables_described


@pytest.fixture(scope="module")
def imported():
    return make_imported_run()


@pytest.fixture(scope="module")
def imported_members(imported, key):
    return unzip(seal(imported, key=key))


@pytest.fixture
def judge_with(judge, imported, imported_members, key):
    """Examine the imported bundle with files changed, signed as if they belonged."""
    return lambda files: judge(resign(imported_members, imported, key, files=files))


def test_it_is_valid_and_what_was_not_checked_is_said(judge, imported, key):
    examination = judge(seal(imported, key=key))
    assert examination.verdict is Verdict.INTEGRITY_ONLY
    assert examination.reasons == ("signer: ephemeral key", "physics: not checked: imported")
    assert examination.imported is True


def test_it_is_read_back_as_it_was(judge, imported, key):
    run = payload.read(judge(seal(imported, key=key)).contents)
    assert run.scores == SCORES
    assert run.sources == SOURCES
    assert run.header.environment.origin == ORIGIN
    assert [entry.row for entry in run.entries] == [entry.row for entry in imported.entries]


def test_scores_have_the_columns_of_the_contract(imported_members):
    lines = imported_members["data/scores.csv"].decode().splitlines()
    assert lines == [
        "dataset,model,steps,metric,value,n,reference,embedding,engine,class",
        'clotho,audioldm,10,fad_inf,0.6,300,clotho,"clap, laion",fadtk,measured',
        'clotho,audioldm,10,clap,-0.1,300,clotho,"clap, laion",fadtk,measured',
        'clotho,audioldm,10,fad_inf,0.6,,full,"clap, laion",fadtk,measured',
    ]


def test_sources_are_paths_and_digests(imported_members):
    lines = imported_members["data/sources.csv"].decode().splitlines()
    assert lines == ["path,sha256", f"results/Some Model/run1.csv,{'0' * 64}"]


def test_both_tables_are_described_for_frictionless_and_for_the_crate(imported_members):
    package = json.loads(imported_members["data/datapackage.json"])
    fields = {
        table["path"]: [field["name"] for field in table["schema"]["fields"]]
        for table in package["resources"]
    }
    assert fields["scores.csv"][-1] == "class"
    assert fields["sources.csv"] == ["path", "sha256"]
    graph = json.loads(imported_members["data/ro-crate-metadata.json"])["@graph"]
    entities = {entity["@id"]: entity for entity in graph}
    assert {"scores.csv", "sources.csv", "#origin", "#import"} <= entities.keys()
    assert entities["./"]["isBasedOn"] == {"@id": "#origin"}
    assert entities["#origin"]["name"] == ORIGIN.source
    assert {"@id": "scores.csv"} in entities["#import"]["result"]
    assert {"@id": "sources.csv"} in entities["#import"]["object"]
    assert "#session-0" not in entities


def test_it_claims_no_check_that_nobody_made(imported_members):
    statements = [
        json.loads(base64.b64decode(json.loads(line)["payload"]))
        for line in imported_members[ATTESTATION].splitlines()
    ]
    provenance, result = (statement["predicate"] for statement in statements)
    assert result["result"] == "WARNED"
    assert result["passedTests"] == []
    assert result["warnedTests"] == ["physics: not checked: imported"]
    dependencies = provenance["buildDefinition"]["resolvedDependencies"]
    assert {"name": "origin", "digest": {"gitCommit": "c" * 40}} in dependencies
    assert "data/sources.csv" in {one["name"] for one in dependencies}


def test_a_run_of_ones_own_has_neither_table(members):
    assert "data/scores.csv" not in members
    assert "data/sources.csv" not in members


def test_an_imported_run_without_scores_has_no_table_of_them(judge, key):
    sealed = seal(make_imported_run(scores=()), key=key)
    assert judge(sealed).verdict is Verdict.INTEGRITY_ONLY
    assert "data/scores.csv" not in unzip(sealed)


@pytest.mark.parametrize("lacking", [{"sources": ()}, {"origin": None}])
def test_an_imported_run_without_sources_or_origin_is_not_sealed(imported, key, lacking):
    run = (
        with_environment(imported, **lacking)
        if "origin" in lacking
        else make_imported_run(**lacking)
    )
    with pytest.raises(BundleError, match="an imported run expected its origin and its sources"):
        seal(run, key=key)


@pytest.mark.parametrize("extra", [{"scores": SCORES}, {"sources": SOURCES}])
def test_a_run_of_ones_own_is_not_sealed_with_scores_or_sources(run, key, extra):
    with pytest.raises(BundleError, match="not imported expected no origin, sources or scores"):
        seal(run.model_copy(update=extra), key=key)


def test_an_import_passed_off_as_a_measurement_is_invalid(judge, imported, imported_members, key):
    own = with_environment(imported, imported=False)
    files = {"environment.json": payload.write(own)["environment.json"]}
    described = with_tables_described(imported_members, files)
    found = judge(resign(imported_members, own, key, files=described))
    assert_invalid(found, "schema")
    assert "expected no origin, sources or scores" in found.reasons[0]


def test_a_measurement_passed_off_as_an_import_is_invalid(judge, run, members, key):
    claimed = with_environment(run, imported=True)
    files = {"environment.json": payload.write(claimed)["environment.json"]}
    found = judge(resign(members, claimed, key, files=with_tables_described(members, files)))
    assert_invalid(found, "schema")
    assert "expected its origin and its sources" in found.reasons[0]


@pytest.mark.parametrize(
    ("scores", "reason"),
    [
        ((make_score(), make_score(value=0.7)), "a score is there twice"),
        ((make_score(model="tango"),), "model expected as in measurements.csv"),
    ],
)
def test_scores_that_contradict_are_invalid(judge, key, scores, reason):
    found = judge(seal(make_imported_run(scores=scores), key=key))
    assert_invalid(found, "schema")
    assert reason in found.reasons[0]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b",class\n", b",score_class\n"),
        (b",0.6,", b",nan,"),
        (b",0.6,", b",0.60,"),
        (b"fad_inf", b"fid"),
        (b"measured\n", b"\n"),
    ],
)
def test_a_table_of_scores_that_is_none_is_invalid(judge_with, imported_members, old, new):
    table = imported_members["data/scores.csv"]
    assert old in table
    files = {"scores.csv": table.replace(old, new, 1)}
    found = judge_with(with_tables_described(imported_members, files))
    assert_invalid(found, "schema")
    assert "scores.csv" in found.reasons[0]


@pytest.mark.parametrize("name", ["scores.csv", "sources.csv"])
def test_a_table_that_the_data_package_does_not_describe_is_invalid(
    judge_with, imported_members, name
):
    package = json.loads(imported_members["data/datapackage.json"])
    package["resources"] = [one for one in package["resources"] if one["path"] != name]
    found = judge_with({"datapackage.json": json.dumps(package).encode()})
    assert_invalid(found, "schema")
    assert name in found.reasons[0]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(["scores.csv", "sources.csv"]), st.binary(max_size=200))
def test_any_bytes_for_a_table_end_in_a_verdict(judge_with, imported_members, name, data):
    files = with_tables_described(imported_members, {name: data})
    assert judge_with(files).verdict in Verdict
