"""Intervals over recordings: by known formulas, and what a percentile would get wrong."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from repro.errors import TtaError
from repro.scoring.frechet import Reference, WeightedSet, pool
from repro.scoring.resampling import difference, jackknife, mean_of, remembering
from tests.scorer.examples import make_clips

values = st.lists(st.floats(-1, 1), min_size=3, max_size=40)


@given(values)
def test_leaving_each_clip_out_once_gives_the_standard_error_of_a_mean(scores):
    names = [str(index) for index in range(len(scores))]
    found = jackknife(mean_of(scores), names, blocks=len(scores))
    assert found.value == pytest.approx(np.mean(scores))
    expected = np.std(scores, ddof=1) / np.sqrt(len(scores))
    assert found.standard_error == pytest.approx(expected, abs=1e-12)


@given(values)
def test_five_captions_of_one_recording_count_as_one(scores):
    alone = jackknife(mean_of(scores), [str(i) for i in range(len(scores))], blocks=len(scores))
    five = np.repeat(scores, 5)
    names = [str(index // 5) for index in range(len(five))]
    together = jackknife(mean_of(five), names, blocks=len(five))
    assert together.standard_error == pytest.approx(alone.standard_error, abs=1e-12)
    assert together.recordings == len(scores)


def test_an_interval_covers_the_true_mean_as_often_as_it_says():
    draws, covered = np.random.default_rng(5), 0
    for seed in range(200):
        scores = draws.normal(0.3, 0.1, 60)
        found = jackknife(mean_of(scores), list(map(str, range(60))), seed=seed)
        covered += found.low <= 0.3 <= found.high
    assert 178 <= covered <= 199  # 95 % of 200, within three standard deviations


def test_the_interval_of_a_distance_holds_it_where_percentiles_miss():
    reference = Reference(pool(make_clips(40, seed=1)))
    clips = WeightedSet(make_clips(40, seed=2))
    names = list(map(str, range(40)))

    def distance(weights):
        return reference.distance(clips.weigh(weights))

    value = distance(np.ones(40))
    found = jackknife(distance, names)
    assert found.low < found.value < found.high
    assert found.value == pytest.approx(value)
    draws = np.random.default_rng(0)
    naive = [distance(draws.multinomial(40, np.full(40, 1 / 40)).astype(float)) for _ in range(100)]
    assert np.quantile(naive, 0.025) > value


def test_a_paired_difference_is_free_of_what_both_sets_share():
    draws = np.random.default_rng(0)
    shared = draws.normal(0, 1, 50)
    one = shared + 0.1 + draws.normal(0, 0.01, 50)
    other = shared + draws.normal(0, 0.01, 50)
    found = jackknife(difference(mean_of(one), mean_of(other)), list(map(str, range(50))))
    assert 0 < found.low < 0.1 < found.high < 0.2
    assert jackknife(mean_of(one), list(map(str, range(50)))).standard_error > found.standard_error


def test_a_set_has_no_difference_from_itself():
    scores = mean_of([0.1, 0.5, 0.2])
    found = jackknife(difference(scores, scores), ["a", "b", "c"])
    assert (found.low, found.value, found.high) == (0, 0, 0)


def test_the_same_seed_gives_the_same_interval():
    names = list(map(str, range(70)))
    scores = mean_of(np.random.default_rng(0).normal(size=70))
    assert jackknife(scores, names, seed=1) == jackknife(scores, names, seed=1)
    assert jackknife(scores, names, seed=1) != jackknife(scores, names, seed=2)


def test_one_recording_has_no_interval():
    with pytest.raises(TtaError, match="at least 2 recordings, found 1"):
        jackknife(mean_of([0.1, 0.2]), ["same", "same"])


def test_a_difference_needs_no_estimate_that_the_intervals_of_its_sets_have_made():
    names, made = [str(number) for number in range(40)], []
    draws = np.random.default_rng(3)
    sets = [mean_of(draws.normal(size=40)) for _ in range(2)]

    def counting(estimate):
        def count(weights):
            made.append(weights)
            return estimate(weights)

        return remembering(count, {})

    one, other = (counting(estimate) for estimate in sets)
    for estimate in (one, other):
        jackknife(estimate, names)
    before = len(made)
    assert jackknife(difference(one, other), names) == jackknife(difference(*sets), names)
    assert len(made) == before
