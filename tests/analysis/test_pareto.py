from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from repro.analysis.pareto.dominance import DIRECTION, front_shares, on_front

# Few different numbers, so that ties are common.
POINTS = st.lists(
    st.tuples(st.sampled_from([1.0, 2.0, 3.0, 5.0, 8.0]), st.sampled_from([0.1, 0.2, 0.3, 0.4])),
    min_size=1, max_size=30,
)  # fmt: skip
METRICS = st.sampled_from(sorted(DIRECTION))


def dominates(one, other, metric):
    better = [one[0] - other[0], DIRECTION[metric] * (one[1] - other[1])]
    return max(better) <= 0 and min(better) < 0


@given(POINTS, METRICS)
def test_nothing_dominates_the_front_and_everything_else_is_dominated(points, metric):
    front = on_front(*zip(*points, strict=True), metric)
    for point, member in zip(points, front, strict=True):
        assert member != any(dominates(other, point, metric) for other in points)


@given(POINTS, METRICS)
def test_what_is_off_the_front_is_dominated_by_a_point_on_it(points, metric):
    front = on_front(*zip(*points, strict=True), metric)
    members = [point for point, member in zip(points, front, strict=True) if member]
    for point, member in zip(points, front, strict=True):
        assert member or any(dominates(other, point, metric) for other in members)


@given(POINTS, METRICS, st.randoms())
def test_the_order_of_the_points_changes_nothing(points, metric, random):
    shuffled = random.sample(points, len(points))
    before = zip(points, on_front(*zip(*points, strict=True), metric), strict=True)
    after = zip(shuffled, on_front(*zip(*shuffled, strict=True), metric), strict=True)
    assert sorted(before) == sorted(after)


def test_exact_ties_are_both_on_the_front():
    assert on_front([1.0, 1.0, 2.0], [0.3, 0.3, 0.4], "fad").tolist() == [True, True, False]


def test_more_is_better_for_clap_and_less_for_fad():
    energies, values = [1.0, 2.0], [0.3, 0.4]
    assert on_front(energies, values, "fad").tolist() == [True, False]
    assert on_front(energies, values, "clap").tolist() == [True, True]


def test_equal_energy_leaves_only_the_better_score():
    assert on_front([1.0, 1.0], [0.3, 0.4], "clap").tolist() == [False, True]


def test_where_nothing_varies_the_share_is_the_front_itself_ties_included():
    energies, values, none = [0.1, 0.1, 0.2, 0.7], [0.4, 0.4, 0.5, 0.3], [0.0] * 4
    shares = front_shares(energies, none, values, none, "fad")
    assert shares.tolist() == on_front(energies, values, "fad").astype(float).tolist()


def test_two_points_that_differ_by_noise_alone_share_the_front():
    # Of two equal points each is dominated when it is worse in both: a chance of one in four.
    shares = front_shares([1.0, 1.0], [0.1, 0.1], [0.3, 0.3], [0.01, 0.01], "fad", draws=20_000)
    assert shares == pytest.approx([0.75, 0.75], abs=0.01)


def test_a_point_far_off_the_front_has_no_chance_and_one_far_before_it_has_all():
    shares = front_shares([1.0, 9.0], [0.1, 0.1], [0.3, 0.9], [0.01, 0.01], "fad")
    assert shares.tolist() == [1.0, 0.0]


def test_the_same_seed_gives_the_same_shares_and_another_seed_others():
    numbers = ([1.0, 1.1], [0.2, 0.2], [0.3, 0.31], [0.02, 0.02], "fad")
    first, again = (front_shares(*numbers, seed=1) for _ in range(2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, front_shares(*numbers, seed=2))
