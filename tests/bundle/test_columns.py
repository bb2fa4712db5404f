"""Records to CSV and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repro.bundle import columns
from repro.records import Clip, Window
from tests.factories import make_run

ROW = make_run().entries[1].row

texts = st.one_of(st.none(), st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
joules = st.one_of(st.none(), st.floats(min_value=0, exclude_min=True, allow_infinity=False))


changes_of_a_row = st.fixed_dictionaries(
    {
        "detail": texts,
        "dataset": texts,
        "gpu_energy_j": joules,
        "cpu_energy_j": joules,
        "warmup": st.booleans(),
        "seed": st.integers(1, 10**12),
    }
)


@given(changes_of_a_row)
def test_any_row_survives(changes):
    row = Window(**{**ROW.model_dump(), **changes})
    assert columns.read(Window, columns.write(Window, [row])) == (row,)


def test_an_empty_cell_is_nothing_and_booleans_are_lower_case():
    header, line, _ = columns.write(Window, [ROW]).decode().split("\n")
    cells = dict(zip(header.split(","), line.split(","), strict=True))
    assert cells["gpu_energy_j"] == ""
    assert cells["warmup"] == "false"
    assert cells["status"] == "ok"


def test_a_table_without_rows_is_its_header():
    data = columns.write(Clip, [])
    assert data == b"window,name,sha256,seconds,sample_rate_hz,channels,seed\n"
    assert columns.read(Clip, data) == ()


def test_a_table_from_before_an_optional_column_still_opens():
    names = [name for name in Window.model_fields if name != "detail"]
    older = columns.write(Window, [ROW], header=names)
    assert b"detail" not in older
    assert columns.read(Window, older) == (ROW,)


GOOD = b"window,name,sha256,seconds,sample_rate_hz,channels,seed\n0,a.wav,00,10.0,16000,1,0\n"

BAD = {
    "an unknown column": GOOD.replace(b"seed\n", b"seeds\n"),
    "a column for another": GOOD.replace(b"seed\n", b"channels\n"),
    "a repeated column": GOOD.replace(b"seed\n", b"seed,seed\n").replace(b",0\n", b",0,0\n"),
    "a missing column": GOOD.replace(b",seed", b"").replace(b",0\n", b"\n"),
    "a missing cell": GOOD.replace(b",0\n", b"\n"),
    "a cell too many": GOOD.replace(b",0\n", b",0,0\n"),
    "a word for a number": GOOD.replace(b"16000", b"many"),
    "a number that is none": GOOD.replace(b"10.0", b"nan"),
    "an endless number": GOOD.replace(b"10.0", b"inf"),
    "a number written otherwise": GOOD.replace(b"10.0", b"1e1"),
    "a space before a number": GOOD.replace(b",16000", b", 16000"),
    "an empty cell that must not be": GOOD.replace(b"a.wav", b""),
    "needless quotes": GOOD.replace(b"a.wav", b'"a.wav"'),
    "an open quote": GOOD.replace(b"a.wav", b'"a.wav'),
    "line ends of another system": GOOD.replace(b"\n", b"\r\n"),
    "no last line end": GOOD[:-1],
    "an empty line": GOOD + b"\n",
    "no text": GOOD + b"\xff\n",
    "a mark of byte order": b"\xef\xbb\xbf" + GOOD,
    "nothing": b"",
}


def test_the_table_that_is_spoilt_below_is_good():
    assert columns.read(Clip, GOOD)[0].name == "a.wav"


@pytest.mark.parametrize("name", BAD)
def test_a_table_that_was_not_written_here_is_refused(name):
    assert BAD[name] != GOOD
    with pytest.raises(ValueError):
        columns.read(Clip, BAD[name])


@pytest.mark.parametrize("word", [b"True", b"1", b"yes", b"TRUE"])
def test_booleans_have_one_spelling(word):
    data = columns.write(Window, [ROW]).replace(b",false,", b"," + word + b",")
    with pytest.raises(ValueError):
        columns.read(Window, data)


@given(st.binary(max_size=300))
def test_junk_is_refused_with_one_kind_of_error(data):
    with pytest.raises(ValueError):
        columns.read(Window, data)
