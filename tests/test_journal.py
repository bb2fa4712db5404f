import json
import os
import resource
import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from repro.errors import TtaError
from repro.measuring.journal import Journal, read_journal
from tests.factories import make_run
from tests.fakes import environment

RUN = make_run()


def write(path, run=RUN, entries=None):
    with Journal.create(path, run.header) as journal:
        journal.session(run.sessions[0])
        for entry in run.entries if entries is None else entries:
            journal.window(entry)


def test_what_was_written_is_read_back(tmp_path):
    write(tmp_path / "journal.jsonl")

    assert read_journal(tmp_path / "journal.jsonl") == RUN


def test_every_window_is_flushed_to_disk_before_the_next(tmp_path, monkeypatch):
    with Journal.create(tmp_path / "journal.jsonl", RUN.header) as journal:
        events = []
        real_write, real_sync = os.write, os.fsync
        monkeypatch.setattr(os, "write", lambda *a: events.append("write") or real_write(*a))
        monkeypatch.setattr(os, "fsync", lambda *a: events.append("sync") or real_sync(*a))
        for entry in RUN.entries[:3]:
            journal.window(entry)

    assert events == ["write", "sync"] * 3


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(data=st.data())
def test_a_journal_cut_anywhere_loses_the_last_window_at_most(tmp_path, data):
    path = tmp_path / "journal.jsonl"
    path.unlink(missing_ok=True)
    write(path)
    whole = path.read_bytes()
    header_end = whole.index(b"\n") + 1
    cut = data.draw(st.integers(header_end, len(whole)))
    path.write_bytes(whole[:cut])
    kept = read_journal(path).entries

    assert kept == RUN.entries[: len(kept)]
    assert len(kept) >= whole[:cut].count(b"\n") - 2
    with Journal.reopen(path) as journal:
        for entry in RUN.entries[len(kept) :]:
            journal.window(entry)
    assert read_journal(path).entries == RUN.entries


def test_a_damaged_line_in_the_middle_is_named(tmp_path):
    path = tmp_path / "journal.jsonl"
    write(path)
    lines = path.read_text().splitlines(keepends=True)
    lines[3] = lines[3].replace('"duration_s"', '"duration"')
    path.write_text("".join(lines))

    with pytest.raises(TtaError, match="line 4 is damaged"):
        read_journal(path)


def test_a_journal_without_a_header_is_no_journal(tmp_path):
    (tmp_path / "journal.jsonl").write_text("")

    with pytest.raises(TtaError, match="expected a header on line 1"):
        read_journal(tmp_path / "journal.jsonl")


def test_an_existing_journal_is_never_begun_again(tmp_path):
    write(tmp_path / "journal.jsonl")

    with pytest.raises(TtaError, match="never overwritten"):
        Journal.create(tmp_path / "journal.jsonl", RUN.header)


FILLS_THE_DISK = """
import resource, sys
from pathlib import Path
from repro.errors import TtaError
from repro.measuring.journal import Journal
from tests.test_journal import RUN
path = Path(sys.argv[1])
with Journal.create(path, RUN.header) as journal:
    journal.window(RUN.entries[0])
    room = path.stat().st_size + 100
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
    try:
        journal.window(RUN.entries[1])
    except TtaError as error:
        print(error)
"""


def test_a_full_disk_says_so_and_leaves_what_was_there(tmp_path):
    path = tmp_path / "journal.jsonl"
    said = subprocess.run(
        [sys.executable, "-c", FILLS_THE_DISK, str(path)],
        capture_output=True, text=True, check=True, env=environment(),
    )  # fmt: skip

    assert "cannot write" in said.stdout
    assert "make room and give the same command again" in said.stdout
    assert [entry.row.window for entry in read_journal(path).entries] == [0]
    assert path.read_bytes().endswith(b"\n")
    assert json.loads(path.read_text().splitlines()[-1])["kind"] == "window"


def test_no_limit_is_left_behind_by_the_test_above():
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY
