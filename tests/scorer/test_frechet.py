"""The Fréchet distance: against another formula, and by the laws it has to keep."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import linalg

from repro.errors import TtaError
from repro.scoring.frechet import Reference, WeightedSet, describe, extrapolate, pool
from tests.scorer.examples import make_clips


def by_singular_values(one, other):
    """Return the distance by the singular values of L1^T L2, which squares nothing."""
    roots = []
    for gaussian in (one, other):
        values, vectors = linalg.eigh(gaussian.covariance)
        roots.append(vectors * np.sqrt(values.clip(min=0)))
    step = one.mean.astype(float) - other.mean
    cross = linalg.svdvals(roots[0].T @ roots[1]).sum()
    return step @ step + np.trace(one.covariance) + np.trace(other.covariance) - 2 * cross


@settings(max_examples=25)
@given(st.integers(3, 40), st.integers(2, 48), st.floats(-0.5, 0.5), st.integers(0, 99))
def test_the_distance_is_that_of_an_independent_formula(count, width, shift, seed):
    one = pool(make_clips(count, width=width, seed=seed))
    other = pool(make_clips(count + 2, width=width, seed=seed + 1, shift=shift))
    assert Reference(one).distance(other) == pytest.approx(
        by_singular_values(one, other), rel=1e-6, abs=1e-9
    )


@given(st.integers(2, 20), st.integers(0, 99))
@settings(max_examples=20)
def test_the_distance_is_the_same_from_either_side_and_nothing_to_itself(count, seed):
    one = pool(make_clips(count, seed=seed))
    other = pool(make_clips(count, seed=seed + 1, shift=0.3))
    assert Reference(one).distance(other) == pytest.approx(Reference(other).distance(one), rel=1e-6)
    assert abs(Reference(one).distance(one)) < 1e-6


def test_the_distance_of_two_normals_on_a_line_is_the_known_one():
    one = describe(np.array([[0.0], [2.0]]))
    other = describe(np.array([[5.0], [13.0]]))
    # (m1 - m2)^2 + (s1 - s2)^2 with standard deviations sqrt(2) and sqrt(32)
    expected = (1 - 9) ** 2 + (np.sqrt(2) - np.sqrt(32)) ** 2
    for gaussian in (one, other):
        gaussian.covariance.shape = (1, 1)
    assert Reference(one).distance(other) == pytest.approx(expected)


def test_pooling_clip_by_clip_is_taking_all_frames_at_once():
    clips = [clip.astype(np.float64) for clip in make_clips(9)]
    pooled, at_once = pool(clips), describe(np.concatenate(clips))
    np.testing.assert_allclose(pooled.mean, at_once.mean, atol=1e-12)
    np.testing.assert_allclose(pooled.covariance, at_once.covariance, atol=1e-12)
    assert pooled.frames == at_once.frames == 90


def test_clips_of_one_window_are_enough_if_there_are_two():
    pooled = pool(make_clips(5, windows=1))
    assert np.isfinite(pooled.covariance).all()
    assert pooled.frames == 5


def test_a_single_window_has_no_distance():
    with pytest.raises(TtaError, match="at least 2 frames, found 1; the audio is too short"):
        pool(make_clips(1, windows=1))


@given(st.lists(st.integers(0, 3), min_size=6, max_size=6).filter(lambda counts: sum(counts) > 1))
@settings(max_examples=25)
def test_weighing_a_clip_is_repeating_it(counts):
    clips = make_clips(6)
    repeated = [clip for clip, count in zip(clips, counts, strict=True) for _ in range(count)]
    weighed, pooled = WeightedSet(clips).weigh(np.array(counts, float)), pool(repeated)
    np.testing.assert_allclose(weighed.mean, pooled.mean, atol=1e-12)
    np.testing.assert_allclose(weighed.covariance, pooled.covariance, atol=1e-12)
    assert weighed.frames == pooled.frames


def test_the_extrapolation_is_drawn_from_the_seed_alone():
    reference = Reference(pool(make_clips(60, seed=1)))
    frames = np.concatenate(make_clips(60, shift=0.2))
    one, same, another = (extrapolate(reference, frames, seed) for seed in (3, 3, 4))
    assert one == same
    assert one.value != another.value


def test_the_extrapolation_has_25_sizes_from_500_frames_to_all():
    reference = Reference(pool(make_clips(60, seed=1)))
    points = extrapolate(reference, np.concatenate(make_clips(60, shift=0.2)), seed=0).points
    sizes = [size for size, _ in points]
    assert (len(sizes), sizes[0], sizes[-1]) == (25, 500, 600)
    assert sizes == sorted(sizes)


def test_the_extrapolation_is_the_line_through_its_own_points():
    reference = Reference(pool(make_clips(60, seed=1)))
    found = extrapolate(reference, np.concatenate(make_clips(60, shift=0.2)), seed=0)
    sizes, values = np.array(found.points).T
    design = np.stack([np.ones(25), 1 / sizes], axis=1)
    (intercept, slope), (residual,), *_ = np.linalg.lstsq(design, values, rcond=None)
    assert found.value == pytest.approx(intercept, rel=1e-9)
    assert found.slope == pytest.approx(slope, rel=1e-6)
    assert found.r2 == pytest.approx(1 - residual / ((values - values.mean()) ** 2).sum())


def test_below_500_frames_nothing_is_extrapolated():
    reference = Reference(pool(make_clips(10)))
    with pytest.raises(TtaError, match="at least 500 frames, found 490"):
        extrapolate(reference, np.concatenate(make_clips(49)), seed=0)
