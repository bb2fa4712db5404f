"""Samples are whole numbers in one canonical text, compressed; anything else is refused."""

import lzma

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repro.bundle import traces
from repro.records import Trace
from tests.factories import make_gpu, make_run

ENTRY = make_run(gpu=make_gpu()).entries[0]
TRACE = Trace(
    t_ms=(0, 25, 51), power_mw=(60_000, 250_000, 249_999), condition_t_ms=(0,),
    temperature_c=(40,), sm_clock_mhz=(None,), memory_clock_mhz=(7251,), event_reasons=(1,),
)  # fmt: skip

columns = st.integers(1, 30).flatmap(
    lambda n: st.tuples(
        *(st.lists(st.integers(0, 10**6), min_size=n, max_size=n) for _ in range(2))
    )
)


def entries(*found):
    return [
        ENTRY.model_copy(
            update={"trace": trace, "row": ENTRY.row.model_copy(update={"window": number})}
        )
        for number, trace in enumerate(found)
    ]


@given(st.lists(columns, min_size=1, max_size=4))
def test_what_was_written_is_read_back(windows):
    found = [Trace(t_ms=tuple(t_ms), power_mw=tuple(mw)) for t_ms, mw in windows]
    assert traces.read(traces.write(entries(*found))) == dict(enumerate(found))


def test_the_text_is_plain_and_what_a_gpu_does_not_tell_is_empty():
    files = traces.write(entries(TRACE))

    assert lzma.decompress(files[traces.POWER]) == (
        b"window,t_ms,power_mw\n0,0,60000\n0,25,250000\n0,51,249999\n"
    )
    assert lzma.decompress(files[traces.CONDITIONS]).splitlines()[1] == b"0,0,40,,7251,1"


def test_a_run_without_traces_has_no_files_of_them():
    assert traces.write(entries(None)) == {}
    assert traces.read({}) == {}


def test_the_same_samples_give_the_same_bytes():
    assert traces.write(entries(TRACE)) == traces.write(entries(TRACE))


def repacked(edit):
    files = traces.write(entries(TRACE))
    text = edit(lzma.decompress(files[traces.POWER]))
    return {**files, traces.POWER: lzma.compress(text)}


@pytest.mark.parametrize(
    "edit",
    [
        lambda text: text.replace(b"25,", b"+25,"),
        lambda text: text.replace(b"25,", b" 25,"),
        lambda text: text.replace(b"250000", b"250_000"),
        lambda text: text.replace(b"power_mw", b"power"),
        lambda text: text + b"\n",
        lambda text: text.replace(b"0,25", b"1,25"),
        lambda text: text.replace(b",250000", b""),
        lambda text: text.replace(b"250000", b""),
        lambda text: text.replace(b"250000", b"many"),
        lambda text: b"\xff" + text,
        lambda text: text[:21],
    ],
)
def test_another_text_for_the_samples_is_refused(edit):
    with pytest.raises(ValueError, match=r"traces/"):
        traces.read(repacked(edit))


@pytest.mark.parametrize(
    "cut", [lambda data: data[:-8], lambda data: data + b"more", lambda _: b"no"]
)
def test_a_damaged_file_is_refused(cut):
    files = traces.write(entries(TRACE))

    with pytest.raises(ValueError, match=r"damaged|cut short or added to"):
        traces.read({**files, traces.POWER: cut(files[traces.POWER])})


def test_a_file_that_would_unpack_without_end_is_refused(monkeypatch):
    monkeypatch.setattr(traces, "MAX_BYTES", 1 << 21)
    bomb = lzma.compress(b"0" * (1 << 25))

    with pytest.raises(ValueError, match="expected at most"):
        traces.read({**traces.write(entries(TRACE)), traces.POWER: bomb})


def test_one_table_without_the_other_is_refused():
    files = traces.write(entries(TRACE))

    with pytest.raises(ValueError, match="beside the other table"):
        traces.read({traces.POWER: files[traces.POWER]})
