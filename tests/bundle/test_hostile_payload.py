"""Payloads that somebody signed and nobody would write: always a verdict, never an error."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from repro.bundle import Verdict, datapackage, payload
from tests.bundle.forge import files_of

FILES = (*payload.REQUIRED, "bundle.json", "datapackage.json", "ro-crate-metadata.json")
fuzz = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


def with_tables_described(members, files):
    """Let the data package fit, so that the tables themselves are what is judged."""
    every = {**files_of(members), **files}
    return {**files, datapackage.NAME: datapackage.write(every, name="x", title="x")}


@fuzz
@given(st.sampled_from(FILES), st.binary(max_size=200))
def test_any_bytes_for_a_file_end_in_a_verdict(judge_signed, name, data):
    assert judge_signed({name: data}).verdict in Verdict


@fuzz
@given(st.sampled_from([name for name in FILES if name.endswith("json")]), values)
def test_any_json_for_a_document_ends_in_a_verdict(judge_signed, name, value):
    data = json.dumps(value).encode()
    assert judge_signed({name: data}).verdict in Verdict


@fuzz
@given(st.data())
def test_any_value_in_a_document_ends_in_a_verdict(judge_signed, members, data):
    name = data.draw(st.sampled_from(["environment.json", "run.json", "datapackage.json"]))
    document = json.loads(members[f"data/{name}"])
    document[data.draw(st.sampled_from(sorted(document)))] = data.draw(values)
    text = json.dumps(document).encode()
    assert judge_signed({name: text}).verdict in Verdict


@fuzz
@given(st.data())
def test_flipped_bytes_in_a_table_end_in_a_verdict(judge_signed, members, data):
    name = data.draw(st.sampled_from(sorted(payload.TABLES)))
    table = bytearray(members[f"data/{name}"])
    for place in data.draw(st.lists(st.integers(0, len(table) - 1), min_size=1, max_size=3)):
        table[place] = data.draw(st.integers(0, 255))
    files = with_tables_described(members, {name: bytes(table)})
    assert judge_signed(files).verdict in Verdict


CELLS = [
    "",
    "0",
    "-1",
    "1e999",
    "nan",
    "9" * 400,
    "noon",
    "true",
    "\x00",
    '"',
    "2026-11-01",
    "0001-01-01T00:00:00Z",
]


@pytest.mark.parametrize("cell", CELLS, ids=ascii)
def test_any_cell_of_a_row_ends_in_a_verdict(judge_signed, members, cell):
    header, row, *rest = members["data/measurements.csv"].split(b"\n")
    for column in range(len(header.split(b","))):
        cells = row.split(b",")
        cells[column] = cell.encode()
        table = b"\n".join([header, b",".join(cells), *rest])
        files = with_tables_described(members, {"measurements.csv": table})
        assert judge_signed(files).verdict in Verdict
