"""What a check found."""

from __future__ import annotations

from enum import StrEnum

from repro.records import Record

#: Remedy of a check that has nothing to ask.
SEE_DRIVER = "see the check driver"


class State(StrEnum):
    """How a check ended; what cannot be told is a warning."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class Finding(Record):
    """The end of a check: what was found, and what to do about it where it is not ok."""

    state: State
    found: str
    remedy: str | None = None


def ok(found: str) -> Finding:
    """Return a finding that stands in nobody's way."""
    return Finding(state=State.OK, found=found)


def warn(found: str, remedy: str) -> Finding:
    """Return a finding that a reader of the results should know of."""
    return Finding(state=State.WARN, found=found, remedy=remedy)


def fail(found: str, remedy: str) -> Finding:
    """Return a finding under which no number can be trusted."""
    return Finding(state=State.FAIL, found=found, remedy=remedy)


def unknown(what: str, remedy: str) -> Finding:
    """Return the finding of a check that this machine does not permit."""
    return warn(f"cannot be told: {what}", remedy)
