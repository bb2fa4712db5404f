"""The errors that reach a user, each with the exit code of its class.

A message is one lower-case line: what, expected, found, remedy. Only the command line
prints it or exits.
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What the process answers to its caller."""

    GOOD = 0
    ERROR = 1
    USAGE = 2
    ROW_FAILED = 3
    METER = 4
    BUNDLE = 5
    CLAIM = 6
    INTERRUPTED = 130


class TtaError(Exception):
    """Something went wrong that the user can act on."""

    exit_code = ExitCode.ERROR


class UsageError(TtaError):
    """The request itself cannot be honoured."""

    exit_code = ExitCode.USAGE


class MeterError(TtaError):
    """There is nothing trustworthy to measure with, or a reading is zero or missing."""

    exit_code = ExitCode.METER


class BundleError(TtaError):
    """A bundle is invalid, or not trusted where trust was required."""

    exit_code = ExitCode.BUNDLE


class ClaimError(TtaError):
    """A claim of the paper does not hold, where that was required."""

    exit_code = ExitCode.CLAIM


class WorkerError(TtaError):
    """The worker process of a model did not do what it was asked.

    ``kind`` is ``oom``, ``crash``, ``hang``, ``error``, or ``unwritten`` where a clip could not
    be saved.
    """

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class Interrupted(TtaError):  # noqa: N818 - not a fault: the user asked for it
    """SIGINT or SIGTERM arrived; the run can be resumed."""

    exit_code = ExitCode.INTERRUPTED
