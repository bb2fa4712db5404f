"""The append-only file of a run: each finished window is on disk before the next begins.

One JSON object a line, ``{"kind": "header" | "session" | "window", ...}``. A line counts once
its newline is there; what a crash left of a last line is cut off when the journal is opened.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Self

from pydantic import ValidationError

from repro.errors import TtaError
from repro.records import JournalHeader, Record, Run, Session, WindowEntry

if TYPE_CHECKING:
    from pathlib import Path

KINDS: dict[str, type[Record]] = {
    "header": JournalHeader,
    "session": Session,
    "window": WindowEntry,
}

#: What to do about a journal that cannot be read.
REMEDY = "its folder is left alone: --restart sets it aside, kept whole, and measures anew"


class Journal:
    """A journal open for appending. Use as a context manager."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)

    @classmethod
    def create(cls, path: Path, header: JournalHeader) -> Self:
        """Begin a journal with its header.

        Raises:
            TtaError: the file exists already, or cannot be written.

        """
        if path.exists():
            raise TtaError(f"journal: {path} exists already; an earlier run is never overwritten")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # Renamed into place once whole: a journal either has its header or is not there.
            begun = path.with_suffix(".new")
            begun.unlink(missing_ok=True)
            with cls(begun) as journal:
                journal._append("header", header)
            begun.rename(path)
            _sync_folder(path.parent)
            return cls(path)
        except OSError as error:
            raise TtaError(f"journal: cannot write {path}: {error.strerror}") from error

    @classmethod
    def reopen(cls, path: Path) -> Self:
        """Open an existing journal to go on, without what a crash left of its last line."""
        keep = len(_whole_lines(path.read_bytes()))
        journal = cls(path)
        os.ftruncate(journal._descriptor, keep)
        return journal

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)

    def session(self, session: Session) -> None:
        """Record that a worker process starts here."""
        self._append("session", session)

    def window(self, entry: WindowEntry) -> None:
        """Record a finished window; it is on disk when this returns."""
        self._append("window", entry)

    def _append(self, kind: str, record: Record) -> None:
        body = record.model_dump(mode="json", by_alias=True)
        line = (json.dumps({"kind": kind, kind: body}) + "\n").encode()
        size = os.fstat(self._descriptor).st_size
        try:
            _write_all(self._descriptor, line)
            os.fsync(self._descriptor)
        except OSError as error:
            os.ftruncate(self._descriptor, size)
            raise TtaError(
                f"journal: cannot write {self.path}: {error.strerror}; what was measured before is "
                "kept: make room and give the same command again to resume"
            ) from error


def read_journal(path: Path) -> Run:
    """Read what a journal holds, leaving out a torn last line.

    Raises:
        TtaError: the journal cannot be read, or a line other than the last is damaged.

    """
    try:
        lines = _whole_lines(path.read_bytes()).splitlines()
    except OSError as error:
        raise _unreadable(path, error) from error
    header = read_header(path)
    records = [_parse(path, number, line) for number, line in enumerate(lines[1:], start=2)]
    return Run(
        header=header,
        sessions=tuple(record for record in records if isinstance(record, Session)),
        entries=tuple(record for record in records if isinstance(record, WindowEntry)),
    )


def read_header(path: Path) -> JournalHeader:
    """Read the first line of a journal alone.

    Raises:
        TtaError: it cannot be read, or is no header.

    """
    try:
        with path.open("rb") as stream:
            line = _whole_lines(stream.readline())
    except OSError as error:
        raise _unreadable(path, error) from error
    header = _parse(path, 1, line) if line else None
    if not isinstance(header, JournalHeader):
        raise TtaError(f"journal: {path}: expected a header on line 1, found none; {REMEDY}")
    return header


def _parse(path: Path, number: int, line: bytes) -> Record:
    try:
        outer = json.loads(line)
        return KINDS[outer["kind"]].model_validate(outer[outer["kind"]])
    except (ValueError, KeyError, TypeError, ValidationError) as error:
        raise TtaError(
            f"journal: {path}: line {number} is damaged ({type(error).__name__}); {REMEDY}"
        ) from error


def _unreadable(path: Path, error: OSError) -> TtaError:
    return TtaError(f"journal: cannot read {path}: {error.strerror}; {REMEDY}")


def _whole_lines(content: bytes) -> bytes:
    return content[: content.rfind(b"\n") + 1]


def _write_all(descriptor: int, content: bytes) -> None:
    while content:
        content = content[os.write(descriptor, content) :]


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
