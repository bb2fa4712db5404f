import pytest
from hypothesis import given
from hypothesis import strategies as st

from repro.energy.gate import Judged, dispute


def test_readings_more_than_five_per_cent_apart_on_a_long_window_are_disputed():
    three = [
        Judged("codecarbon", 2500, 10), Judged("counter", 2510, 1), Judged("trace", 2300, 10),
    ]  # fmt: skip

    assert dispute(three, 10.0) == (
        "counter 2510 J and trace 2300 J are 8.7% apart, expected at most 5%"
    )


@pytest.mark.parametrize(("energy_j", "disputed"), [(1051, False), (1053, True), (948, True)])
def test_on_a_long_window_nothing_is_granted(energy_j, disputed):
    found = dispute([Judged("counter", 1000, 500), Judged("trace", energy_j, 500)], 10.0)

    assert (found is not None) == disputed


@pytest.mark.parametrize(("energy_j", "disputed"), [(250, False), (265, False), (425, True)])
def test_a_shorter_window_is_granted_what_its_edges_may_do(energy_j, disputed):
    found = dispute([Judged("counter", 250, 1), Judged("codecarbon", energy_j, 10)], 2.0)

    assert (found is not None) == disputed


def test_a_window_below_a_second_is_not_judged():
    assert dispute([Judged("counter", 10, 1), Judged("trace", 100, 1)], 0.5) is None


def test_one_reading_alone_is_not_disputed():
    assert dispute([Judged("counter", 10, 1)], 60.0) is None
    assert dispute([], 60.0) is None


@given(
    energies=st.lists(st.floats(1, 1e5), min_size=2, max_size=3),
    duration_s=st.floats(1, 60),
    factor=st.floats(1e-2, 1e2),
)
def test_the_order_and_the_unit_of_the_readings_do_not_matter(energies, duration_s, factor):
    readings = [Judged(str(number), energy, 0.0) for number, energy in enumerate(energies)]
    scaled = [Judged(one.instrument, one.energy_j * factor, 0.0) for one in readings]
    first = dispute(readings, duration_s) is None

    assert (dispute(readings[::-1], duration_s) is None) == first
    if max(energies) / min(energies) < 1.05 or max(energies) / min(energies) > 1.06:
        assert (dispute(scaled, duration_s) is None) == first
