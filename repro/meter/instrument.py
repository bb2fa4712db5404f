"""What every instrument offers to the meter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from repro.records import Instrument, Reading


class Sensor(Protocol):
    """One instrument. ``open`` and ``close`` enclose a window and are called in turn."""

    def describe(self) -> tuple[Instrument, ...]:
        """Return name, version and manner of each quantity it reads."""
        ...

    def open(self, since: float) -> None:
        """Begin a window; ``since`` is the harness's monotonic clock at its opening."""
        ...

    def close(self) -> tuple[Reading, ...]:
        """End the window and return what was read.

        Raises:
            MeterError: the instrument did not measure.

        """
        ...
