"""The meter: one window, opened and closed around one generation by all instruments at once."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from repro.energy.alignment import Span
from repro.errors import MeterError
from repro.records import Reading, Record, Trace

if TYPE_CHECKING:
    from collections.abc import Callable

    from repro.meter.instrument import Found, Sensor
    from repro.records import Instrument


class Measurement(Record):
    """What was read over one window: when it began, how long it was, everything found."""

    started_at: str
    duration_s: float
    readings: tuple[Reading, ...]
    disturbances: tuple[str, ...] = ()
    trace: Trace | None = None


class Meter:
    """All instruments of a run.

    They are opened in the order given and closed in the reverse one, so that the last of them
    sits closest to the work.
    """

    def __init__(
        self, sensors: tuple[Sensor, ...], clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self._sensors = sensors
        self._clock = clock
        self._opened: list[Sensor] = []
        self._found: list[Found] = []
        self._failures: list[MeterError] = []
        self._work: Span | None = None
        self._begun_at = 0.0
        self._started_at = ""

    def describe(self) -> tuple[Instrument, ...]:
        """Return every instrument in use."""
        return tuple(item for sensor in self._sensors for item in sensor.describe())

    def open(self) -> None:
        """Open a window on every instrument, then start the clock.

        Raises:
            MeterError: an instrument cannot begin; those that had begun are closed again.

        """
        since = self._clock()
        self._opened, self._found, self._failures, self._work = [], [], [], None
        for sensor in self._sensors:
            try:
                sensor.open(since)
            except MeterError:
                self._begun_at = since
                self._close_all()
                raise
            self._opened.append(sensor)
        self._started_at = utc_now()
        self._begun_at = self._clock()

    def stop(self) -> Span:
        """Stop the clock and the instruments that must not see what comes after the work.

        Returns the span of the work, on the harness's clock. Stopping again changes nothing.
        """
        if self._work is None:
            self._work = Span(self._begun_at, self._clock())
            self._close_while(self._work, lambda sensor: sensor.prompt)
        return self._work

    def close(self) -> Measurement:
        """Close every instrument, after stopping unless that has been done.

        Raises:
            MeterError: an instrument did not measure.

        """
        work = self._close_all()
        if self._failures:
            raise self._failures[0]
        found = self._found
        return Measurement(
            started_at=self._started_at,
            duration_s=work.end_s - work.begin_s,
            readings=tuple(reading for one in found for reading in one.readings),
            disturbances=tuple(text for one in found for text in one.disturbances),
            trace=next((one.trace for one in found if one.trace is not None), None),
        )

    def abandon(self) -> str:
        """Close every instrument, drop what it says, and return when the window began."""
        self._close_all()
        return self._started_at

    def _close_all(self) -> Span:
        work = self.stop()
        self._close_while(work, lambda _: True)
        return work

    def _close_while(self, work: Span, due: Callable[[Sensor], bool]) -> None:
        """Close those that are due, also after one fails: each must be ready for the next."""
        while self._opened and due(self._opened[-1]):
            try:
                self._found.append(self._opened.pop().close(work))
            except MeterError as error:
                self._failures.append(error)


#: The time of day is read once and then counted on, so that a clock that is set while a run goes on
#: cannot make its windows overlap.
_READ_AT, _TIME_OF_DAY = time.perf_counter(), datetime.now(UTC)


def utc_now() -> str:
    """Return the time of day in UTC, to the microsecond, as ISO 8601 with a final Z."""
    now = _TIME_OF_DAY + timedelta(seconds=time.perf_counter() - _READ_AT)
    return now.isoformat(timespec="microseconds").replace("+00:00", "Z")
