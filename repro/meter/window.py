"""The meter: one window, opened and closed around one generation by all instruments at once."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from repro.errors import MeterError
from repro.records import Reading, Record

if TYPE_CHECKING:
    from repro.meter.instrument import Sensor
    from repro.records import Instrument


class Measurement(Record):
    """What was read over one window: when it began, how long it was, every reading."""

    started_at: str
    duration_s: float
    readings: tuple[Reading, ...]


class Meter:
    """All instruments of a run.

    They are opened in the order given and closed in the reverse one, so that the last of them
    sits closest to the work.
    """

    def __init__(self, sensors: tuple[Sensor, ...]) -> None:
        self._sensors = sensors
        self._since = 0.0
        self._begun_at = 0.0
        self._started_at = ""

    def describe(self) -> tuple[Instrument, ...]:
        """Return every instrument in use."""
        return tuple(item for sensor in self._sensors for item in sensor.describe())

    def open(self) -> None:
        """Open a window on every instrument, then start the clock."""
        self._started_at = utc_now()
        self._since = time.perf_counter()
        for sensor in self._sensors:
            sensor.open(self._since)
        self._begun_at = time.perf_counter()

    def close(self) -> Measurement:
        """Stop the clock, then close every instrument.

        Raises:
            MeterError: an instrument did not measure.

        """
        ended_at = time.perf_counter()
        readings, failures = self._close_all()
        if failures:
            raise failures[0]
        return Measurement(
            started_at=self._started_at,
            duration_s=ended_at - self._begun_at,
            readings=tuple(readings),
        )

    def abandon(self) -> str:
        """Close every instrument, drop what it says, and return when the window began."""
        self._close_all()
        return self._started_at

    def _close_all(self) -> tuple[list[Reading], list[MeterError]]:
        """Close all, also after one fails: each must be ready for the next window."""
        readings: list[Reading] = []
        failures: list[MeterError] = []
        for sensor in reversed(self._sensors):
            try:
                readings += sensor.close()
            except MeterError as error:
                failures.append(error)
        return readings, failures


#: The time of day is read once and then counted on, so that a clock that is set while a run goes on
#: cannot make its windows overlap.
_READ_AT, _TIME_OF_DAY = time.perf_counter(), datetime.now(UTC)


def utc_now() -> str:
    """Return the time of day in UTC, to the microsecond, as ISO 8601 with a final Z."""
    now = _TIME_OF_DAY + timedelta(seconds=time.perf_counter() - _READ_AT)
    return now.isoformat(timespec="microseconds").replace("+00:00", "Z")
