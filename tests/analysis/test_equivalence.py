from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from repro.analysis.equivalence import (
    ALPHA,
    Answer,
    Estimate,
    Trial,
    answer,
    corrected,
    estimate,
    holm,
    ratio,
    together,
    trial,
)
from repro.analysis.stats import Summary

ENERGIES = st.floats(1.0, 1e5)
SCATTERS = st.floats(1e-4, 0.5)
SUMMARIES = st.builds(
    lambda n, mean, scatter: Summary(n=n, mean=mean, sd=scatter * mean, low=None, high=None),
    st.integers(3, 12), ENERGIES, SCATTERS,
)  # fmt: skip
SIDES = st.integers(1, 5).flatmap(
    lambda count: st.tuples(*(st.lists(SUMMARIES, min_size=count, max_size=count),) * 2)
)


def repeats(mean, sd, n=5):
    return Summary(n=n, mean=mean, sd=sd, low=None, high=None)


def answered(reference, other, margin=0.05):
    return answer(*corrected([trial(reference, other, margin=margin)]))


def near(value):
    return pytest.approx(value, rel=1e-6)


def test_the_interval_is_that_computed_by_hand():
    # Relative errors 1 % / sqrt(5) on both sides, 8 degrees of freedom: t = 2.306004.
    found = ratio([estimate(repeats(100.0, 1.0))], [estimate(repeats(200.0, 2.0))])
    half = 2.306004 * math.sqrt(2 * 0.01**2 / 5)
    assert (found.value, found.df) == (near(2.0), near(8.0))
    assert (found.low, found.high) == (near(2 * math.exp(-half)), near(2 * math.exp(half)))


def test_unequal_scatter_costs_degrees_of_freedom_as_welch_has_it():
    found = ratio([Estimate(10.0, 0.3, 4)], [Estimate(10.0, 0.1, 9)])
    by_hand = (0.03**2 + 0.01**2) ** 2 / (0.03**4 / 4 + 0.01**4 / 9)
    assert found.df == near(by_hand)


def test_a_difference_of_the_margin_itself_is_a_toss():
    found = trial([repeats(100.0, 1.0)], [repeats(105.0, 1.05)], margin=0.05)
    assert found.p_equivalent == near(0.5)
    assert found.p_different == pytest.approx(0.5, abs=1e-4)


def test_equivalence_is_shown_when_the_90_percent_interval_lies_within_the_margin():
    # One-sided t at 5 % and 8 degrees of freedom is 1.859548.
    edge = math.log(1.05) / 1.859548 / math.sqrt(2 / 5)
    for factor, expected in ((0.99, Answer.REPRODUCED), (1.01, Answer.INCONCLUSIVE)):
        side = [repeats(100.0, 100 * edge * factor)]
        assert answered(side, side) is expected


@pytest.mark.parametrize(
    ("factor", "expected"),
    [
        (1.0, Answer.REPRODUCED),
        (1.02, Answer.REPRODUCED),
        (1.05, Answer.INCONCLUSIVE),
        (1.10, Answer.NOT_REPRODUCED),
        (1 / 1.10, Answer.NOT_REPRODUCED),
    ],
)
def test_quiet_repeats_get_the_answer_that_is_true(factor, expected):
    reference, other = repeats(100.0, 0.8), repeats(100.0 * factor, 0.8 * factor)
    assert answered([reference], [other]) is expected


@pytest.mark.parametrize("factor", [1.0, 1.1])
def test_noisy_repeats_are_inconclusive(factor):
    assert answered([repeats(100.0, 20.0)], [repeats(100.0 * factor, 20.0)]) is Answer.INCONCLUSIVE


@pytest.mark.parametrize("n", [1, 2])
@pytest.mark.parametrize("factor", [1.0, 3.0])
def test_fewer_than_three_repeats_are_inconclusive_and_say_why(n, factor):
    few = repeats(100.0 * factor, None if n == 1 else 1.0, n)
    found = trial([repeats(100.0, 1.0)], [few], margin=0.05)
    assert f"found {n} repeat" in found.reason
    assert found.ratio.value == near(factor)
    assert answer(found) is Answer.INCONCLUSIVE


def test_two_repeats_have_an_interval_and_one_has_none():
    sides = [trial([repeats(9.0, 1.0)], [repeats(9.0, sd, n)], margin=0.05)
             for n, sd in ((2, 1.0), (1, None))]  # fmt: skip
    assert [one.ratio.low is None for one in sides] == [False, True]


def test_repeats_that_are_all_the_same_number_do_not_pass_for_exact():
    found = trial([repeats(100.0, 0.0)], [repeats(100.0, 0.0)], margin=0.05)
    assert "same number" in found.reason
    assert answer(found) is Answer.INCONCLUSIVE


def test_one_setting_without_a_test_leaves_the_whole_without_one():
    good, single = repeats(100.0, 1.0), repeats(100.0, None, 1)
    assert trial([good, single], [good, good], margin=0.05).reason
    assert not trial([good, good], [good, good], margin=0.05).reason


def test_a_sum_is_known_better_than_its_noisiest_term():
    noisy, quiet = repeats(10.0, 3.0), repeats(1000.0, 5.0)
    assert answered([noisy], [noisy]) is Answer.INCONCLUSIVE
    assert answered([noisy, quiet], [noisy, quiet]) is Answer.REPRODUCED


def test_holm_gives_the_textbook_example():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), max_size=30))
def test_a_correction_lowers_no_probability_and_keeps_their_order(probabilities):
    adjusted = holm(probabilities)
    pairs = sorted(zip(probabilities, adjusted, strict=True))
    assert all(raw <= one <= 1 for raw, one in pairs)
    assert [one for _, one in pairs] == sorted(one for _, one in pairs)


def test_the_more_tests_there_are_the_more_each_must_show():
    reference, other = repeats(100.0, 1.5), repeats(100.0, 1.5)
    one = trial([reference], [other], margin=0.05)
    hard = trial([repeats(1.0, 0.9)], [repeats(1.0, 0.9)], margin=0.05)
    assert answer(corrected([one])[0]) is Answer.REPRODUCED
    assert answer(corrected([one] + [hard] * 199)[0]) is Answer.INCONCLUSIVE


def test_what_could_not_be_tested_does_not_count_among_the_tests():
    one = trial([repeats(100.0, 1.0)], [repeats(100.0, 1.0)], margin=0.05)
    untested = trial([repeats(1.0, None, 1)], [repeats(1.0, None, 1)], margin=0.05)
    first, *others = corrected([one, untested, untested])
    assert (first, others) == (one, [untested, untested])


@given(SIDES, st.floats(0.01, 0.5))
def test_swapping_the_sides_inverts_the_ratio_and_keeps_the_answer(sides, margin):
    there, back = (trial(*pair, margin=margin) for pair in (sides, sides[::-1]))
    assert back.ratio.value == near(1 / there.ratio.value)
    assert back.ratio.low == near(1 / there.ratio.high)
    assert back.p_equivalent == pytest.approx(there.p_equivalent, rel=1e-6, abs=1e-12)
    assert back.p_different == pytest.approx(there.p_different, rel=1e-6, abs=1e-12)


@given(SIDES, st.floats(1e-3, 1e3))
def test_another_unit_on_both_sides_changes_nothing(sides, factor):
    scaled = [
        [repeats(one.mean * factor, one.sd * factor, one.n) for one in side] for side in sides
    ]
    plain, other = trial(*sides, margin=0.05), trial(*scaled, margin=0.05)
    assert other.ratio.value == near(plain.ratio.value)
    assert other.p_equivalent == pytest.approx(plain.p_equivalent, rel=1e-6, abs=1e-12)
    assert other.p_different == pytest.approx(plain.p_different, rel=1e-6, abs=1e-12)


@given(st.lists(SIDES, min_size=1, max_size=6), st.floats(0.01, 0.4), st.floats(1.01, 2.0))
def test_a_wider_margin_never_turns_reproduced_into_anything_else(cells, margin, wider):
    assume(margin * wider < 1)
    narrow, wide = (
        [answer(one) for one in corrected([trial(*sides, margin=size) for sides in cells])]
        for size in (margin, margin * wider)
    )
    assert all(
        after is Answer.REPRODUCED
        for before, after in zip(narrow, wide, strict=True)
        if before is Answer.REPRODUCED
    )
    assert all(
        before is Answer.NOT_REPRODUCED
        for before, after in zip(narrow, wide, strict=True)
        if after is Answer.NOT_REPRODUCED
    )


@given(SIDES, st.floats(0.01, 0.5))
def test_nothing_is_the_same_and_different_at_once(sides, margin):
    found = trial(*sides, margin=margin)
    assert found.p_equivalent > ALPHA or found.p_different > ALPHA


@pytest.mark.parametrize(("n", "cv", "truth"), [(3, 0.1, 1.0), (3, 0.02, 1.05), (5, 0.1, 1.0)])
def test_a_grid_of_settings_that_are_the_same_is_seldom_called_different(n, cv, truth):
    # At a true ratio of the margin itself neither answer is true; 600 grids of 20 settings.
    source, wrong = np.random.default_rng(2505), 0
    for _ in range(600):
        trials = [
            trial([drawn(source, 1.0, cv, n)], [drawn(source, truth, cv, 5)], margin=0.05)
            for _ in range(20)
        ]
        wrong += any(answer(one) is Answer.NOT_REPRODUCED for one in corrected(trials))
    assert wrong / 600 <= ALPHA + 3 * math.sqrt(ALPHA * (1 - ALPHA) / 600)


def drawn(source, mean, cv, n):
    values = [float(one) for one in source.normal(mean, cv * mean, n)]
    middle = math.fsum(values) / n
    sd = math.sqrt(math.fsum((one - middle) ** 2 for one in values) / (n - 1))
    return repeats(middle, sd, n)


def test_the_whole_is_reproduced_when_all_of_it_is_and_nothing_is_not():
    yes, no, maybe = Answer.REPRODUCED, Answer.NOT_REPRODUCED, Answer.INCONCLUSIVE
    assert together([yes, yes], [maybe, yes]) is yes
    assert together([yes, maybe], [yes]) is maybe
    assert together([yes, yes], [no]) is no
    assert together([no, yes], []) is no
    assert together([], []) is maybe


def test_an_interval_too_wide_for_a_number_is_no_crash():
    found = trial([repeats(1.0, 80.0, 3)], [repeats(1.0, 80.0, 3)], margin=0.05)
    assert math.isfinite(found.ratio.high)
    assert isinstance(found, Trial)
