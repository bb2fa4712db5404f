"""Payloads that somebody signed and nobody would write: always a verdict, never an error."""

from __future__ import annotations

import hashlib
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from repro.bundle import Verdict, datapackage, payload
from tests.bundle.forge import assert_invalid, files_of

FILES = (*payload.REQUIRED, "bundle.json", "datapackage.json", "ro-crate-metadata.json")
fuzz = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


def with_tables_described(members, files):
    """Let the data package fit, so that the tables themselves are what is judged."""
    every = {**files_of(members), **files}
    return {
        **files,
        datapackage.NAME: datapackage.write(every, payload.tables(every), name="x", title="x"),
    }


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


def refused(examination, words):
    assert_invalid(examination, "schema")
    assert words in examination.reasons[0]


def test_a_column_name_cannot_move_the_cursor_of_a_terminal(judge_signed, members):
    files = with_tables_described(members, {"audio.csv": b"\x1b[2J\n"})
    examination = judge_signed(files)
    refused(examination, "columns unknown")
    assert examination.reasons[0].isprintable()


def test_a_reading_of_a_window_that_is_not_there_is_noticed(judge_signed, members):
    reads = members["data/traces/reads.csv"]
    reads += reads.splitlines(keepends=True)[-1].replace(b",13\n", b",99\n")
    files = with_tables_described(members, {"traces/reads.csv": reads})
    refused(judge_signed(files), "no row for window 99")


CLIP = f"0,a.wav,{hashlib.sha256(b'RIFF').hexdigest()},10.0,16000,1,0\n".encode()


def with_clips(members, lines, **audio):
    table = members["data/audio.csv"] + lines
    files = {f"audio/{name}.wav": data for name, data in audio.items()}
    return with_tables_described(members, {"audio.csv": table, **files})


def test_audio_that_is_listed_as_it_is_is_good(judge_signed, members):
    examination = judge_signed(with_clips(members, CLIP, a=b"RIFF"))
    assert examination.verdict is Verdict.INTEGRITY_ONLY


OUTSIDE = ["../../etc/passwd", "/etc/passwd", "a/b.wav", "..", ".hidden", "-rf", "a\\b", "a\tb", ""]


@pytest.mark.parametrize("name", OUTSIDE)
def test_a_clip_that_is_no_plain_file_name_is_refused(judge_signed, members, name):
    line = CLIP.replace(b"a.wav", name.encode())
    refused(judge_signed(with_clips(members, line)), "name")


@pytest.mark.parametrize("name", OUTSIDE)
def test_a_model_that_cannot_be_part_of_a_file_name_is_refused(judge_signed, members, name):
    header, row, *rest = members["data/measurements.csv"].split(b"\n")
    cells = row.split(b",")
    cells[header.split(b",").index(b"model")] = name.encode()
    table = b"\n".join([header, b",".join(cells), *rest])
    refused(judge_signed(with_tables_described(members, {"measurements.csv": table})), "model")


@pytest.mark.parametrize("name", OUTSIDE)
@pytest.mark.parametrize("field", ["run_id", "protocol"])
def test_a_run_that_cannot_be_part_of_a_file_name_is_refused(judge_signed, members, field, name):
    document = {**json.loads(members["data/environment.json"]), field: name}
    refused(judge_signed({"environment.json": json.dumps(document).encode()}), field)


def test_a_clip_listed_twice_is_noticed(judge_signed, members):
    refused(judge_signed(with_clips(members, CLIP * 2)), "a clip is listed twice")


def test_audio_that_is_not_listed_is_noticed(judge_signed, members):
    refused(judge_signed(with_clips(members, CLIP, b=b"RIFF")), "audio/b.wav: not listed")


def test_audio_with_another_digest_is_noticed(judge_signed, members):
    refused(judge_signed(with_clips(members, CLIP, a=b"JUNK")), "audio/a.wav: digest differs")
