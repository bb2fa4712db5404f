"""What instruments said of one window: joules, and the raw reads and samples behind them."""

from __future__ import annotations

from typing import Literal

from repro.records.base import EnergySource, Record


class Reading(Record):
    """Energy of one window by one instrument, with the raw reads it was derived from.

    Times are on the harness's monotonic clock, relative to the opening of the window;
    ``raw_...`` are in ``raw_unit``. A reading that reaches beyond the work says when the work began
    and ended, and with which idle power, in W, the time outside was taken off. For the counter that
    power comes from the refreshes ``before`` and ``after``. ``..._u_j`` are standard uncertainties
    in J; that of the sensor's gain is stated apart and enters no other.
    """

    instrument: Literal["codecarbon", "counter", "trace"]
    quantity: Literal["gpu", "cpu", "ram"]
    source: EnergySource
    energy_j: float
    raw_open: float
    raw_close: float
    raw_unit: Literal["mJ", "kWh", "J"]
    t_open_s: float
    t_close_s: float
    t_begin_s: float | None = None
    t_end_s: float | None = None
    idle_before_w: float | None = None
    idle_after_w: float | None = None
    raw_before: float | None = None
    t_before_s: float | None = None
    raw_after: float | None = None
    t_after_s: float | None = None
    tick_u_s: float | None = None
    timing_u_j: float | None = None
    idle_u_j: float | None = None
    gain_u_j: float | None = None


class Trace(Record):
    """Samples of one window, column by column, in whole units, on the clock of its readings.

    Instantaneous power at a stated interval, and now and then the conditions it was drawn under;
    what a GPU does not tell is None. ``event_reasons`` are NVML's bits.
    """

    t_ms: tuple[int, ...]
    power_mw: tuple[int, ...]
    condition_t_ms: tuple[int, ...] = ()
    temperature_c: tuple[int | None, ...] = ()
    sm_clock_mhz: tuple[int | None, ...] = ()
    memory_clock_mhz: tuple[int | None, ...] = ()
    event_reasons: tuple[int | None, ...] = ()
