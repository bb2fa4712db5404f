"""Whether scores can be what they say: recomputed from the clips they are of, not believed."""

from __future__ import annotations

import math
import statistics
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from repro.records import BundleClass, Contrast, DetailedScore, ScoredClip, ScoreRun

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from repro.records import Parent

#: What scores call the reference of the sanity check: the whole of a data set.
WHOLE = "-full"
# scores are means of single-precision cosines, in whatever order they were added
TOLERANCE = 1e-6

#: Study, data set, steps.
Set = tuple[str, str, int]


def examine(scored: ScoreRun) -> list[tuple[str, str | None]]:
    """Return each check by name with its first problem."""
    return [(name, next(check(scored), None)) for name, check in CHECKS.items()]


def expected_class(networks: str, parent: Parent) -> BundleClass:
    """Return what scores by these networks of this run may be taken for.

    Measured are those of trained networks, on audio of trained weights from a measured run.
    """
    trained = "random" not in (networks, parent.weights)
    real = trained and parent.bundle_class is BundleClass.MEASURED
    return BundleClass.MEASURED if real else BundleClass.DEMONSTRATION


def set_of(score: DetailedScore) -> Set:
    """Return the set of clips that a score is of."""
    whole = score.reference is not None and score.reference.endswith(WHOLE)
    return ("sanity" if whole else "quality", score.dataset, score.steps)


def sets_of(clips: Sequence[ScoredClip]) -> Mapping[Set, list[ScoredClip]]:
    """Return the clips of each set."""
    sets: dict[Set, list[ScoredClip]] = defaultdict(list)
    for clip in clips:
        sets[clip.study, clip.dataset, clip.steps].append(clip)
    return sets


def _class(scored: ScoreRun) -> Iterator[str]:
    environment = scored.environment
    expected = expected_class(environment.networks, environment.parent)
    if environment.bundle_class is not expected:
        yield (
            f"expected {expected} of {environment.networks} networks on a parent of class "
            f"{environment.parent.bundle_class}, found {environment.bundle_class}"
        )
    for score in scored.scores:
        if score.score_class is not expected:
            yield f"{_where(score)}: class expected {expected}, found {score.score_class}"
        if score.networks != environment.networks:
            yield f"{_where(score)}: networks expected as in environment.json, found others"


def _scores(scored: ScoreRun) -> Iterator[str]:
    model = scored.environment.parent.model
    if not scored.scores:
        yield "expected at least one score, found none"
    rows: list[DetailedScore | Contrast] = [*scored.scores, *scored.contrasts]
    for row in rows:
        if row.model != model:
            yield f"{_where(row)}: model expected that of the parent, found another"
    names = Counter((*set_of(score), score.metric) for score in scored.scores)
    yield from (f"{_say(name)} is there twice" for name, count in names.items() if count > 1)


def _clips(scored: ScoreRun) -> Iterator[str]:
    windows = Counter((clip.window, clip.name) for clip in scored.clips)
    items = Counter((clip.study, clip.dataset, clip.steps, clip.item) for clip in scored.clips)
    for name, count in (*windows.items(), *items.items()):
        if count > 1:
            yield f"clip {_say(name)} is there twice"


def _counts(scored: ScoreRun) -> Iterator[str]:
    sets = sets_of(scored.clips)
    for score in scored.scores:
        found = len(sets.get(set_of(score), ()))
        if score.n != found:
            yield f"{_where(score)}: expected {score.n} clips, found {found}"
    scored_sets = {set_of(score) for score in scored.scores}
    yield from (f"clips of {_say(one)} without a score" for one in sets if one not in scored_sets)


def _means(scored: ScoreRun) -> Iterator[str]:
    sets = sets_of(scored.clips)
    for score in scored.scores:
        if score.metric != "clap":
            continue
        values = [clip.clap for clip in sets.get(set_of(score), ()) if clip.clap is not None]
        if len(values) != score.n:
            yield f"{_where(score)}: expected the score of each clip, found {len(values)}"
        elif not _same(score.value, statistics.fmean(values)):
            mean = statistics.fmean(values)
            yield f"{_where(score)}: is {score.value:.6g}, the clips give {mean:.6g}"


def _intervals(scored: ScoreRun) -> Iterator[str]:
    for score in scored.scores:
        if (score.low is None) != (score.high is None):
            yield f"{_where(score)}: low and high expected both or neither"
        elif score.low is not None and score.high is not None and score.low > score.high:
            yield f"{_where(score)}: low expected at most high"
        if (score.low is None) != (score.interval_method is None):
            yield f"{_where(score)}: an interval expected with its method, and none without"
    yield from (f"{_where(row)}: low expected at most high"
                for row in scored.contrasts if row.low > row.high)  # fmt: skip


def _contrasts(scored: ScoreRun) -> Iterator[str]:
    """Compare with the scores, but not fad_inf: its frames are drawn anew for each estimate."""
    known = {(score.dataset, score.metric, score.steps): score
             for score in scored.scores if set_of(score)[0] == "quality"}  # fmt: skip
    names = Counter((row.dataset, row.metric, row.steps, row.other_steps)
                    for row in scored.contrasts)  # fmt: skip
    yield from (f"contrast {_say(name)} is there twice" for name, count in names.items()
                if count > 1)  # fmt: skip
    for row in scored.contrasts:
        pair = [known.get((row.dataset, row.metric, steps)) for steps in _steps(row)]
        first, second = pair
        if first is None or second is None or row.steps >= row.other_steps:
            yield f"{_where(row)}: expected two scored numbers of steps, ascending"
        elif not row.n == first.n == second.n:
            yield f"{_where(row)}: expected the clips of both scores, found {row.n}"
        elif row.metric != "fad_inf" and not _same(row.difference, second.value - first.value):
            yield f"{_where(row)}: is {row.difference:.6g}, the scores say otherwise"


def _steps(row: Contrast) -> tuple[int, int]:
    return row.steps, row.other_steps


def _where(row: DetailedScore | Contrast) -> str:
    return f"{row.metric} on {row.dataset} at {row.steps} steps"


def _say(parts: tuple[object, ...]) -> str:
    return " ".join(map(str, parts))


def _same(left: float, right: float) -> bool:
    return math.isclose(left, right, rel_tol=TOLERANCE, abs_tol=TOLERANCE)


CHECKS: dict[str, Callable[[ScoreRun], Iterator[str]]] = {
    "class": _class,
    "scores": _scores,
    "clips": _clips,
    "counts": _counts,
    "means": _means,
    "intervals": _intervals,
    "contrasts": _contrasts,
}
