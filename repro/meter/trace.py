"""Samples of power and conditions through a window, from a thread of their own."""

from __future__ import annotations

import threading
import time
from importlib.metadata import version
from itertools import pairwise
from typing import TYPE_CHECKING

from repro.energy.alignment import Span
from repro.energy.budget import GAIN_TOLERANCE, gain_j
from repro.energy.integral import SENSOR_PERIOD_S, SETTLED_S, Integral, integrate
from repro.errors import MeterError
from repro.meter.disturbances import disturbances
from repro.meter.instrument import Found
from repro.meter.nvml import MissedReadError, attempt
from repro.records import Instrument, Reading, Trace

if TYPE_CHECKING:
    from collections.abc import Callable

    from repro.meter.nvml import NvmlGpu

INTERVAL_S = 0.025
#: Temperature, clocks and event reasons with every tenth sample from the second on: each is a call
#: of its own, and the first sample is waited for.
CONDITIONS_EVERY = 10
#: Samples are timed in whole milliseconds: one must be clear of the work.
LEAD_S = 0.004
#: A gap this long has missed what a sensor of 100 ms showed.
LONGEST_GAP_S = 0.25


class Recorder:
    """The samples of one window, in whole milliseconds and milliwatts."""

    def __init__(self, gpu: NvmlGpu, clock: Callable[[], float], since: float) -> None:
        self._gpu = gpu
        self._clock = clock
        self._since = since
        self._power: list[tuple[int, int]] = []
        self._conditions: list[tuple[int, int | None, int | None, int | None, int | None]] = []

    def sample(self) -> None:
        """Read the power, and now and then the conditions.

        Raises:
            MeterError: the GPU does not answer any more, or, as ``MissedReadError``, not this once.

        """
        called = self._clock()
        power_mw = self._gpu.instant_power_mw()
        if power_mw is None:
            raise MeterError(
                f"trace: expected the instantaneous power of GPU {self._gpu.index}, found none"
            )
        t_ms = round(((called + self._clock()) / 2 - self._since) * 1000)
        if len(self._power) % CONDITIONS_EVERY == 1:
            self._conditions.append((t_ms, *self._read_conditions()))
        self._power.append((t_ms, power_mw))

    @property
    def begun_at(self) -> float:
        """When the first sample was taken, on the clock of the harness."""
        return self._since + self._power[0][0] / 1000

    def reaches(self, at: float) -> bool:
        """Tell whether there is a sample from this moment of the clock or later."""
        return self._power[-1][0] >= (at - self._since) * 1000

    def trace(self) -> Trace:
        """Return the samples."""
        t_ms, power_mw = zip(*self._power, strict=True)
        conditions = zip(*self._conditions, strict=True)
        names = (
            "condition_t_ms", "temperature_c", "sm_clock_mhz", "memory_clock_mhz", "event_reasons",
        )  # fmt: skip
        columns = dict(zip(names, conditions, strict=True))
        return Trace(t_ms=t_ms, power_mw=power_mw, **columns)

    def _read_conditions(self) -> tuple[int | None, int | None, int | None, int | None]:
        now = self._gpu.condition
        return (
            now.temperature_c(), now.sm_clock_mhz(), now.memory_clock_mhz(), now.event_reasons(),
        )  # fmt: skip


class PowerTrace:
    """Instantaneous power at a stated interval, and its integral.

    The thread sleeps between samples and a call into NVML leaves the interpreter free; the model
    runs in another process altogether. Samples go on until the end of the work has reached them.
    """

    prompt = False

    def __init__(
        self,
        gpu: NvmlGpu,
        clock: Callable[[], float] = time.perf_counter,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._gpu = gpu
        self._clock = clock
        self._sleep = sleep
        self._since = 0.0
        self._recorder = Recorder(gpu, clock, 0.0)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._failure: MeterError | None = None
        self._missed = 0

    def describe(self) -> tuple[Instrument, ...]:
        """Return the trace as an instrument."""
        return (
            Instrument(
                name="trace",
                version="simulated" if self._gpu.simulated else version("nvidia-ml-py"),
                quantity="gpu",
                reads="integral of instantaneous power of NVML, less idle time",
                interval_s=INTERVAL_S,
                gain_tolerance=GAIN_TOLERANCE,
            ),
        )

    def open(self, since: float) -> None:
        """Take the first sample and begin to take more.

        Raises:
            MeterError: the GPU does not answer.

        """
        self._since = since
        self._failure, self._missed = None, 0
        self._recorder = Recorder(self._gpu, self._clock, since)
        attempt(self._recorder.sample)
        self._sleep(max(0.0, self._recorder.begun_at + LEAD_S - self._clock()))
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="power trace", daemon=True)
        self._thread.start()

    def close(self, work: Span) -> Found:
        """Take samples until the work has passed through the sensor, and return its integral.

        Raises:
            MeterError: the GPU stopped answering.

        """
        self._sleep(max(0.0, work.end_s + SETTLED_S - self._clock()))
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        if self._failure is not None:
            raise self._failure
        if not self._recorder.reaches(work.end_s + SENSOR_PERIOD_S):
            attempt(self._recorder.sample)
        trace = self._recorder.trace()
        span = Span(work.begin_s - self._since, work.end_s - self._since)
        try:
            integral = integrate(trace.t_ms, trace.power_mw, span)
        except ValueError as error:
            raise MeterError(f"trace: {error}") from error
        found = (*disturbances(trace, span), *_gaps(trace), *_misses(self._missed))
        return Found(readings=(_reading(integral, span),), disturbances=found, trace=trace)

    def _run(self) -> None:
        begun = self._clock()
        number = 1
        while not self._stop.wait(max(0.0, begun + number * INTERVAL_S - self._clock())):
            try:
                self._recorder.sample()
            except MissedReadError:
                self._missed += 1  # the next one bridges it, as it does any other interval
            except MeterError as error:
                self._failure = error
                return
            # A sample that took long does not make the next ones hurry.
            number = max(number + 1, int((self._clock() - begun) / INTERVAL_S))


def _gaps(trace: Trace) -> tuple[str, ...]:
    longest_s = max(later - sooner for sooner, later in pairwise(trace.t_ms)) / 1000
    if longest_s <= LONGEST_GAP_S:
        return ()
    return (f"trace: {longest_s:.2g} s without a sample",)


def _misses(count: int) -> tuple[str, ...]:
    return (f"trace: {count} samples missed",) if count else ()


def _reading(integral: Integral, work: Span) -> Reading:
    energy = integral.energy
    return Reading(
        instrument="trace",
        quantity="gpu",
        source="measured",
        energy_j=energy.energy_j,
        raw_open=0.0,
        raw_close=integral.whole_j,
        raw_unit="J",
        t_open_s=integral.span.begin_s,
        t_close_s=integral.span.end_s,
        t_begin_s=work.begin_s,
        t_end_s=work.end_s,
        idle_before_w=energy.idle_before_w,
        idle_after_w=energy.idle_after_w,
        timing_u_j=energy.timing_u_j,
        idle_u_j=energy.idle_u_j,
        gain_u_j=gain_j(abs(energy.energy_j)),
    )
