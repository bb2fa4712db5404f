"""What every instrument offers to the meter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from repro.records import Reading, Record, Trace

if TYPE_CHECKING:
    from repro.energy.alignment import Span
    from repro.records import Instrument


class Found(Record):
    """What an instrument has to say of a window; ``disturbances`` are one sentence each."""

    readings: tuple[Reading, ...] = ()
    disturbances: tuple[str, ...] = ()
    trace: Trace | None = None


class Sensor(Protocol):
    """One instrument. ``open`` and ``close`` enclose a window and are called in turn.

    One that is ``prompt`` is closed the moment the work ends; the others wait for what the work
    leaves behind.
    """

    prompt: bool

    def describe(self) -> tuple[Instrument, ...]:
        """Return name, version and manner of each quantity it reads."""
        ...

    def open(self, since: float) -> None:
        """Begin a window; ``since`` is the harness's monotonic clock at its opening."""
        ...

    def close(self, work: Span) -> Found:
        """End the window and return what was found; ``work`` is on the harness's clock.

        Raises:
            MeterError: the instrument did not measure.

        """
        ...
