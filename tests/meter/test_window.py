import pytest

from repro.errors import MeterError
from repro.meter.instrument import Found
from repro.meter.window import Meter
from repro.records import Reading


class Noted:
    """A sensor that notes when it is called."""

    def __init__(self, name, events, *, fails=False, prompt=False):
        self.name, self.events, self.fails, self.prompt = name, events, fails, prompt

    def describe(self):
        return ()

    def open(self, since):
        assert since > 0
        self.events.append(f"open {self.name}")

    def close(self, work):
        assert work.begin_s <= work.end_s
        self.events.append(f"close {self.name}")
        if self.fails:
            raise MeterError(f"{self.name} is broken")
        reading = Reading(
            instrument="counter", quantity="gpu", source="measured", energy_j=1.0,
            raw_open=0, raw_close=1000, raw_unit="mJ", t_open_s=0, t_close_s=1,
        )  # fmt: skip
        return Found(readings=(reading,), disturbances=(f"{self.name} heard a noise",))


def test_the_last_sensor_sits_closest_to_the_work():
    events = []
    meter = Meter((Noted("outer", events), Noted("inner", events)))
    meter.open()
    events.append("work")
    meter.close()

    assert events == ["open outer", "open inner", "work", "close inner", "close outer"]


def test_what_comes_after_the_work_is_kept_from_prompt_sensors_and_from_the_duration():
    events = []
    now = iter((1.0, 2.0, 5.0))
    inner = Noted("inner", events, prompt=True)
    meter = Meter((Noted("outer", events), inner), clock=lambda: next(now))
    meter.open()
    meter.stop()
    events.append("clips are written")
    measurement = meter.close()

    assert events[2:] == ["close inner", "clips are written", "close outer"]
    assert measurement.duration_s == 3.0
    assert len(measurement.readings) == 2


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

    def close(self, work):
        self.clock.now += 1
        return super().close(work)


class Clock:
    now = 50.0

    def __call__(self):
        return self.now


def test_the_duration_leaves_the_instruments_out():
    clock = Clock()
    meter = Meter((Slow(clock), Slow(clock)), clock)
    meter.open()
    clock.now += 7
    measurement = meter.close()

    assert measurement.duration_s == 7


class Refusing(Noted):
    def open(self, since):
        raise MeterError(f"cannot begin at {since}")


def test_what_had_been_opened_is_closed_when_another_instrument_cannot_begin():
    events = []
    meter = Meter((Noted("first", events), Refusing("second", events), Noted("third", events)))

    with pytest.raises(MeterError, match="cannot begin"):
        meter.open()
    assert events == ["open first", "close first"]


def test_what_every_instrument_says_of_a_window_is_kept():
    meter = Meter((Noted("outer", []), Noted("inner", [])))
    meter.open()

    assert meter.close().disturbances == ("inner heard a noise", "outer heard a noise")
