"""Are more steps worth it? The smallest number of steps that is not worse than the largest.

The rule. For a model, a data set and a metric, each number of steps is held against the
largest one that was scored, over the same clips. The loss is how much worse its score is; the
margin is ``MARGIN`` of the score at that largest number. That the loss reaches the margin is tested
from the paired interval (one-sided, Student's t with its degrees of freedom, the normal law where
they are not stated: Wellek, Testing Statistical Hypotheses of Equivalence and Noninferiority,
section 2), with Holm's correction over all numbers of steps of that model, data set and metric. The
smallest number of steps at which it is rejected at ``ALPHA`` is enough.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scipy.special import stdtr  # type: ignore[import-untyped]

from repro.analysis.equivalence import ALPHA, MARGIN, holm
from repro.analysis.pareto.dominance import DIRECTION
from repro.analysis.pareto.panels import KINDS
from repro.analysis.reading.scores import is_whole
from repro.analysis.stats import Z_95

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from repro.analysis.pareto.panels import Entry, Panel
    from repro.analysis.reading.dataset import DataSet, Source
    from repro.analysis.reading.series import Series
    from repro.records import Contrast, ScoreRun

#: What a row about all metrics together is called.
TOGETHER = "all"


@dataclass(frozen=True, slots=True)
class Trial:
    """One number of steps against ``last``, the largest: loss and margin in the metric's unit.

    ``p`` is that of a loss as large as the margin, corrected for all trials of its family.
    """

    steps: int
    last: int
    loss: float
    margin: float
    p: float

    @property
    def passes(self) -> bool:
        """Whether the score is not worse by the margin."""
        return self.p <= ALPHA


@dataclass(frozen=True, slots=True)
class Saving:
    """Share of the energy of the largest number of steps that is not used, with 95 %."""

    share: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Worth:
    """The answer for one series, data set and metric; ``steps`` is None where ``reason`` says why.

    Where no smaller number of steps is enough, ``steps`` is ``last``, the largest that was tested:
    more may have been measured without being scored.
    """

    series: Series
    dataset: str
    metric: str
    steps: int | None
    last: int | None
    saving: Saving | None
    trials: tuple[Trial, ...]
    reason: str | None = None


def worths(data: DataSet, panels: Sequence[Panel]) -> tuple[Worth, ...]:
    """Answer for every series of a run that has scores, by data set and metric."""
    energies = _energies(panels)
    return tuple(
        worth
        for source in data.sources
        for dataset in sorted({one.dataset for one in source.scores if not is_whole(one)})
        for worth in _answers(source, dataset, energies)
    )


def tried(contrasts: Iterable[Contrast], last_value: float) -> tuple[Trial, ...]:
    """Test each contrast with the largest number of steps, whose score is ``last_value``."""
    rows = sorted(contrasts, key=lambda row: row.steps)
    margin = MARGIN * abs(last_value)
    losses = [-DIRECTION[row.metric] * row.difference for row in rows]
    chances = [_chance(row, loss, margin) for row, loss in zip(rows, losses, strict=True)]
    return tuple(
        Trial(row.steps, row.other_steps, loss, margin, p)
        for row, loss, p in zip(rows, losses, holm(chances), strict=True)
    )


def _chance(row: Contrast, loss: float, margin: float) -> float:
    se = (row.high - row.low) / (2 * Z_95) if row.se is None else row.se
    if not se:
        return 0.0 if loss < margin else 1.0
    return float(stdtr(row.df or math.inf, (loss - margin) / se))


def saving(few: Entry, many: Entry) -> Saving | None:
    """Return what the first needs less than the second; its interval by the delta method.

    Casella and Berger, Statistical Inference, section 5.5.4: the relative errors of a ratio add
    in quadrature.
    """
    if few.energy_j is None or many.energy_j is None:
        return None
    ratio = few.energy_j / many.energy_j
    if few.energy_sd_j is None or many.energy_sd_j is None:
        return Saving(1 - ratio, None, None)
    spread = math.hypot(few.energy_sd_j / few.energy_j, many.energy_sd_j / many.energy_j)
    half = Z_95 * ratio * spread
    return Saving(1 - ratio, 1 - ratio - half, 1 - ratio + half)


_Energies = dict[tuple["Series", str], dict[int, "Entry"]]


def _energies(panels: Iterable[Panel]) -> _Energies:
    found: _Energies = defaultdict(dict)
    for panel in panels:
        for entry in panel.entries:
            found[entry.point.series, panel.dataset].setdefault(entry.point.steps, entry)
    return found


def _answers(source: Source, dataset: str, energies: _Energies) -> Iterable[Worth]:
    """Answer for each metric, and for all of them together where there are several."""
    owners = [series for series in source.series if (series, dataset) in energies]
    for series in owners:
        entries = energies[series, dataset]
        families = _families(source.scoring.scored, dataset) if source.scoring else {}
        if not families:
            lacking = "paired tests" if source.scoring else "scores of single clips"
            yield Worth(series, dataset, TOGETHER, None, None, None, (), f"no {lacking}")
        for metric, trials in families.items():
            yield _worth(series, dataset, metric, trials, entries)
        if len(families) > 1:
            yield _worth(series, dataset, TOGETHER, _both(families), entries)


def _families(scored: ScoreRun, dataset: str) -> Mapping[str, tuple[Trial, ...]]:
    """Return the trials of the first metric of each kind that there are contrasts of."""
    found = {}
    for metrics in KINDS.values():
        tested = ((metric, _trials(scored, dataset, metric)) for metric in metrics)
        first = next(((metric, trials) for metric, trials in tested if trials), None)
        if first:
            found[first[0]] = first[1]
    return found


def _trials(scored: ScoreRun, dataset: str, metric: str) -> tuple[Trial, ...]:
    values = {
        score.steps: score.value
        for score in scored.scores
        if (score.dataset, score.metric) == (dataset, metric) and not is_whole(score)
    }
    last = max(values, default=0)
    rows = [
        row for row in scored.contrasts
        if (row.dataset, row.metric, row.other_steps) == (dataset, metric, last)
    ]  # fmt: skip
    return tried(rows, values[last]) if rows else ()


def _both(families: Mapping[str, Sequence[Trial]]) -> tuple[Trial, ...]:
    """Take the worse of the trials: all must pass, which needs no further correction.

    Berger, Technometrics 24 (1982), on intersections of hypotheses.
    """
    same: dict[tuple[int, int], list[Trial]] = defaultdict(list)
    for trials in families.values():
        for trial in trials:
            same[trial.steps, trial.last].append(trial)
    return tuple(
        max(trials, key=lambda trial: trial.p)
        for _, trials in sorted(same.items())
        if len(trials) == len(families)
    )


def _worth(
    series: Series, dataset: str, metric: str, trials: Sequence[Trial],
    entries: Mapping[int, Entry],
) -> Worth:  # fmt: skip
    if not trials:
        reason = "no two numbers of steps were tested by every metric"
        return Worth(series, dataset, metric, None, None, None, (), reason)
    last = trials[0].last
    steps = min((trial.steps for trial in trials if trial.passes), default=last)
    found: Saving | None = Saving(0.0, None, None)
    if steps != last:
        known = steps in entries and last in entries
        found = saving(entries[steps], entries[last]) if known else None
    return Worth(series, dataset, metric, steps, last, found, tuple(trials))
