"""Points that nothing dominates, in two objectives: numbers in, numbers out, no files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from repro.analysis.stats import SEED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    Numbers = Sequence[float] | NDArray[np.float64]

#: Which way a metric is better: 1 where less is, -1 where more is. Of energy less is.
DIRECTION: Mapping[str, int] = {"fad": 1, "fad_inf": 1, "clap": -1}

#: How often energies and scores are drawn anew: a share of 0.5 then is known to 0.01.
DRAWS = 2_000


def on_front(energies: Numbers, values: Numbers, metric: str) -> NDArray[np.bool_]:
    """Say of each point whether it is on the front.

    A point dominates another when it is no worse in every objective and better in at least
    one (Deb, Multi-Objective Optimization using Evolutionary Algorithms, 2001, section 2.4.2),
    so exact ties both stay. Walks the points once in the order of their energy.
    """
    costs = np.asarray(energies, dtype=float)
    scores = DIRECTION[metric] * np.asarray(values, dtype=float)
    order = np.lexsort((scores, costs))
    cost, score = costs[order], scores[order]
    # Points of equal energy are a block, the best of them first.
    first = np.searchsorted(cost, cost, side="left")
    cheaper = np.concatenate(([np.inf], np.minimum.accumulate(score)))[first]
    front = np.empty(len(order), dtype=bool)
    front[order] = (score < cheaper) & (score == score[first])
    return front


def front_shares(
    energies: Numbers, energy_sds: Numbers, values: Numbers, value_sds: Numbers, metric: str,
    *, draws: int = DRAWS, seed: int = SEED,
) -> NDArray[np.float64]:  # fmt: skip
    """Return for each point the share of draws in which it is on the front.

    In a draw every energy and every score is taken anew: scores from a normal law, energies
    from a log-normal one of the same mean and standard deviation, which is never negative
    (Johnson, Kotz and Balakrishnan, Continuous Univariate Distributions 1, chapter 14). The
    errors of different points are taken as independent. What does not vary stays a tie.
    """
    energy = np.asarray(energies, dtype=float)
    value, value_sd = np.asarray(values, dtype=float), np.asarray(value_sds, dtype=float)
    spread = np.log1p((np.asarray(energy_sds, dtype=float) / energy) ** 2)
    middle = np.log(energy) - spread / 2
    generator = np.random.default_rng(seed)
    hits = np.zeros(len(energy))
    for _ in range(draws):
        noise = generator.standard_normal((2, len(energy)))
        drawn = np.exp(middle + np.sqrt(spread) * noise[0])
        hits += on_front(drawn, value + value_sd * noise[1], metric)
    return hits / draws
