import pytest

from repro.errors import MeterError
from repro.meter import window
from repro.meter.window import Meter
from repro.records import Reading


class Noted:
    """A sensor that notes when it is called."""

    def __init__(self, name, events, *, fails=False):
        self.name, self.events, self.fails = name, events, fails

    def describe(self):
        return ()

    def open(self, since):
        assert since > 0
        self.events.append(f"open {self.name}")

    def close(self):
        self.events.append(f"close {self.name}")
        if self.fails:
            raise MeterError(f"{self.name} is broken")
        return (
            Reading(
                instrument="counter", quantity="gpu", source="measured", energy_j=1.0,
                raw_open=0, raw_close=1000, raw_unit="mJ", t_open_s=0, t_close_s=1,
            ),
        )  # fmt: skip


def test_the_last_sensor_sits_closest_to_the_work():
    events = []
    meter = Meter((Noted("outer", events), Noted("inner", events)))
    meter.open()
    events.append("work")
    meter.close()

    assert events == ["open outer", "open inner", "work", "close inner", "close outer"]


def test_a_broken_sensor_raises_and_the_others_are_closed_all_the_same():
    events = []
    meter = Meter((Noted("outer", events), Noted("inner", events, fails=True)))
    meter.open()

    with pytest.raises(MeterError, match="inner is broken"):
        meter.close()
    assert events[-1] == "close outer"


def test_an_abandoned_window_says_when_it_began_and_closes_everything():
    events = []
    meter = Meter((Noted("only", events, fails=True),))
    meter.open()

    assert meter.abandon().endswith("Z")
    assert events == ["open only", "close only"]


class Slow(Noted):
    """A sensor that takes a second to open and one to close, on a clock of the test's own."""

    def __init__(self, clock):
        super().__init__("slow", [])
        self.clock = clock

    def open(self, since):
        super().open(since)
        self.clock.now += 1

    def close(self):
        self.clock.now += 1
        return super().close()


class Clock:
    now = 50.0

    def __call__(self):
        return self.now


def test_the_duration_leaves_the_instruments_out(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(window.time, "perf_counter", clock)
    meter = Meter((Slow(clock), Slow(clock)))
    meter.open()
    clock.now += 7
    measurement = meter.close()

    assert measurement.duration_s == 7
