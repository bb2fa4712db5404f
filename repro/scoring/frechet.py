"""Fréchet audio distance between two sets of embeddings (arXiv:1812.08466), and its extrapolation.

Means and covariances are taken as fadtk 1.1.0 takes them, from embeddings in the precision they
are stored in; the distance itself by a symmetric form that is cheap to repeat. NumPy and SciPy
alone: an environment of a scorer can import it as well as the harness.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import linalg  # type: ignore[import-untyped]

from repro.errors import TtaError

if TYPE_CHECKING:
    from collections.abc import Sequence

Array = NDArray[np.floating[Any]]

#: ``score_inf`` of fadtk 1.1.0: this many sizes, from the least number of frames to all of them.
POINTS = 25
LEAST_FRAMES = 500


@dataclass(frozen=True)
class Gaussian:
    """A normal distribution of frames: ``mean`` is (d,), ``covariance`` (d, d), both float64."""

    mean: Array
    covariance: Array
    frames: int


@dataclass(frozen=True)
class Extrapolation:
    """A line through the distance against 1 / frames; ``value`` is where it meets 0."""

    value: float
    slope: float
    r2: float
    points: tuple[tuple[int, float], ...]


def describe(frames: Array) -> Gaussian:
    """Return mean and unbiased covariance of frames of shape (n, d).

    The mean has the precision of the frames, as in fadtk's ``calc_embd_statistics``.

    Raises:
        TtaError: there are fewer than two frames.

    """
    _refuse_few(len(frames))
    return Gaussian(frames.mean(axis=0), np.cov(frames, rowvar=False), len(frames))


def pool(clips: Sequence[Array]) -> Gaussian:
    """Return mean and unbiased covariance over the frames of all clips, each (n, d).

    Clip after clip by the update of Chan, Golub and LeVeque (Stanford STAN-CS-79-773), as
    fadtk's ``calculate_embd_statistics_online`` does.

    Raises:
        TtaError: there are fewer than two frames.

    """
    _refuse_few(sum(map(len, clips)))
    width = clips[0].shape[1]
    mean, scatter, seen = np.zeros(width), np.zeros((width, width)), 0
    for clip in clips:
        count, total = len(clip), seen + len(clip)
        step = clip.mean(axis=0) - mean
        mean = mean + count / total * step
        scatter += np.outer(step, step) * (seen * count / total)
        if count > 1:
            scatter += np.cov(clip, rowvar=False) * (count - 1)
        seen = total
    return Gaussian(mean, scatter / (seen - 1), seen)


class Reference:
    """The set that others are compared with; the root of its covariance is taken once."""

    def __init__(self, gaussian: Gaussian) -> None:
        self.gaussian = gaussian
        values, vectors = linalg.eigh(gaussian.covariance)
        self._root = (vectors * np.sqrt(values.clip(min=0))) @ vectors.T

    def distance(self, other: Gaussian) -> float:
        """Return the squared Fréchet distance (Dowson & Landau 1982, J. Multivariate Anal. 12).

        |m1 - m2|^2 + tr(C1) + tr(C2) - 2 tr((C1^1/2 C2 C1^1/2)^1/2). Rounding can make the
        distance of two equal sets slightly negative.
        """
        mine = self.gaussian
        product = self._root @ other.covariance @ self._root
        cross = np.sqrt(linalg.eigvalsh((product + product.T) / 2).clip(min=0)).sum()
        step = mine.mean - other.mean
        traces = np.trace(mine.covariance) + np.trace(other.covariance)
        return float(step @ step + traces - 2 * cross)


def extrapolate(reference: Reference, frames: Array, seed: int) -> Extrapolation:
    """Extrapolate the distance of frames (n, d) to infinitely many (arXiv:1911.07023).

    As fadtk's ``score_inf``: for 25 sizes from 500 to n, that many frames are drawn with
    replacement and compared; the value is where a line through the distances over 1 / size
    meets 0. The same seed of NumPy's legacy generator draws the same frames in the same order.

    Raises:
        TtaError: there are fewer than 500 frames.

    """
    count = len(frames)
    if count < LEAST_FRAMES:
        raise TtaError(f"fad_inf: expected at least {LEAST_FRAMES} frames, found {count}")
    draws = np.random.RandomState(seed)
    sizes = [int(size) for size in np.linspace(LEAST_FRAMES, count, POINTS)]
    values = [
        reference.distance(describe(frames[draws.choice(count, size=size, replace=True)]))
        for size in sizes
    ]
    return fit(sizes, values)


def fit(sizes: Sequence[int], values: Sequence[float]) -> Extrapolation:
    """Fit a line to distances over 1 / size, by least squares."""
    inverse, distances = 1 / np.asarray(sizes), np.asarray(values)
    slope, value = np.polyfit(inverse, distances, 1)
    residual = ((distances - slope * inverse - value) ** 2).sum()
    spread = ((distances - distances.mean()) ** 2).sum()
    points = tuple(zip(sizes, map(float, values), strict=True))
    return Extrapolation(float(value), float(slope), float(1 - residual / spread), points)


class WeightedSet:
    """A set whose clips can count more than once or not at all, to resample it.

    Args:
        clips: embeddings of each clip, (frames, d).

    """

    def __init__(self, clips: Sequence[Array]) -> None:
        self._lengths = np.array([len(clip) for clip in clips])
        # In the precision of the embeddings, as in pool(): all weights 1 give the same there.
        self._means = np.stack([clip.mean(axis=0) for clip in clips]).astype(np.float64)
        self._within = np.concatenate(
            [clip.astype(np.float64) - clip.mean(axis=0, dtype=np.float64) for clip in clips]
        )

    def __len__(self) -> int:
        return len(self._lengths)

    def weigh(self, weights: Array) -> Gaussian:
        """Return mean and covariance with each clip taken ``weights`` times, shape (clips,)."""
        frames = weights * self._lengths
        count = float(frames.sum())
        mean = frames @ self._means / count
        between = self._means - mean
        scatter = (between.T * frames) @ between
        scatter += (self._within.T * np.repeat(weights, self._lengths)) @ self._within
        return Gaussian(mean, scatter / (count - 1), round(count))


def _refuse_few(frames: int) -> None:
    if frames < 2:  # noqa: PLR2004 - below two there is no covariance
        raise TtaError(f"fad: expected at least 2 frames, found {frames}; the audio is too short")
