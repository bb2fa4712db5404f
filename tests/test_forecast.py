import pytest
from hypothesis import given
from hypothesis import strategies as st

from repro.measuring.forecast import Forecast
from repro.measuring.progress import describe_left
from repro.plan import PlannedWindow
from tests.factories import START, make_window

PENDING = [
    PlannedWindow(study="steps", steps=steps, batch_size=1, item=item, clips=1)
    for steps in (10, 100) for item in range(3)
]  # fmt: skip


def row(steps, *, warmup=False, gpu=True):
    return make_window(
        0, START, study="steps", steps=steps, batch_size=1, repeat=1, item=0, clips=1,
        warmup=warmup, gpu=gpu, model="audioldm",
    ).row  # fmt: skip


def test_nothing_is_promised_before_anything_was_measured():
    assert Forecast(PENDING, 0.0).left(5.0) is None
    assert describe_left(None) == ""


def test_steps_are_counted_and_not_windows():
    forecast = Forecast(PENDING, 100.0)
    for _ in range(3):
        forecast.add(row(10))
    left = forecast.left(100.0 + 3 * 15)

    assert left.seconds == 3 * 105
    # As the seconds: three windows, each at seven times what one of ten steps has cost.
    assert left.energy_j == pytest.approx(3 * 7 * row(10).gpu_energy_j)


def test_a_warm_up_costs_and_brings_the_end_no_nearer():
    forecast = Forecast(PENDING[:1], 0.0)
    forecast.add(row(10, warmup=True))

    assert forecast.left(2.0).seconds == 2.0


@given(done=st.integers(1, 6))
def test_the_end_is_nothing_left(done):
    forecast = Forecast(PENDING[:done], 0.0)
    for window in PENDING[:done]:
        forecast.add(row(window.steps, gpu=False))

    assert forecast.left(9.0) == (0.0, 0.0)


def test_a_batch_made_in_unlike_calls_is_counted_by_their_clips():
    calls = [
        PlannedWindow(study="batch", steps=100, batch_size=10, item=item, clips=clips)
        for item, clips in ((0, 8), (8, 2))
    ]
    forecast = Forecast(calls, 0.0)
    forecast.add(batch_row(item=0, clips=8))
    assert forecast.left(40.0).seconds == 10.0
    forecast.add(batch_row(item=8, clips=2))

    assert forecast.left(50.0).seconds == 0.0


def batch_row(*, item, clips):
    return make_window(
        0, START, study="batch", steps=100, batch_size=10, repeat=1, item=item, clips=clips,
        warmup=False, gpu=True, model="audioldm",
    ).row  # fmt: skip


def test_what_is_left_is_said_with_its_unit():
    forecast = Forecast(PENDING, 0.0)
    forecast.add(row(10))

    assert describe_left(forecast.left(3600.0)) == "23:00:00 and 0.416 Wh left"
