from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repro.analysis.stats import MANY, bootstrap_interval, summarize

VALUES = st.lists(st.floats(1e-6, 1e6), min_size=2, max_size=12)


def test_mean_and_sample_deviation_are_those_computed_by_hand():
    summary = summarize([2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0])
    assert (summary.n, summary.mean) == (8, 5.0)
    assert summary.sd == pytest.approx(math.sqrt(32 / 7), rel=1e-12)


def test_one_repeat_has_a_mean_and_neither_deviation_nor_interval():
    summary = summarize([3.5])
    assert (summary.n, summary.mean, summary.sd) == (1, 3.5, None)
    assert (summary.low, summary.high) == (None, None)


def test_the_interval_of_two_repeats_is_all_that_resampling_can_give():
    # Means of resamples of (1, 3) are 1, 2 and 3 with chances 1/4, 1/2 and 1/4.
    assert bootstrap_interval([1.0, 3.0]) == (1.0, 3.0)
    assert bootstrap_interval([1.0, 3.0], coverage=0.4) == (2.0, 2.0)


def test_the_interval_is_near_that_of_the_normal_law_for_many_values():
    values = [math.sin(index) for index in range(1, MANY)]
    summary = summarize(values)
    half = 1.96 * summary.sd / math.sqrt(len(values))
    assert summary.low == pytest.approx(summary.mean - half, abs=0.1 * half)
    assert summary.high == pytest.approx(summary.mean + half, abs=0.1 * half)


def test_another_seed_gives_another_interval_and_the_same_seed_the_same():
    values = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0]
    assert bootstrap_interval(values, seed=1) == bootstrap_interval(values, seed=1)
    assert bootstrap_interval(values, seed=1) != bootstrap_interval(values, seed=2)


@given(VALUES)
def test_the_interval_lies_within_the_values_and_holds_their_mean(values):
    summary = summarize(values)
    slack = 1e-9 * max(values)
    assert min(values) - slack <= summary.low <= summary.mean + slack
    assert summary.mean - slack <= summary.high <= max(values) + slack


@pytest.mark.parametrize("values", [[], [1.0, math.nan], [math.inf]])
def test_no_summary_is_made_of_nothing_or_of_what_is_no_number(values):
    with pytest.raises(ValueError, match="expected"):
        summarize(values)


def test_of_very_many_values_the_interval_is_that_of_the_normal_law():
    values = [math.sin(index) for index in range(1, 10_001)]
    low, high = bootstrap_interval(values)
    half = 1.959964 * summarize(values).sd / 100
    assert high - low == pytest.approx(2 * half, rel=1e-6)
