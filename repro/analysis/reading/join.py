"""Scores beside the runs they are of: joined by the digest that the run's signature covers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from repro.bundle import family
from repro.errors import BundleError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from repro.analysis.reading.dataset import Source
    from repro.analysis.reading.scores import Scoring
    from repro.bundle import Examination


def join(
    sources: Sequence[Source], scorings: Sequence[Scoring], parents: Mapping[str, Examination]
) -> tuple[list[Source], list[str]]:
    """Give each run its scores, and say which scores were left out.

    Args:
        sources: the runs.
        scorings: the score bundles.
        parents: the examinations of the runs, by run id.

    Raises:
        UsageError: a run of some scores is not among the bundles, or has scores twice.
        BundleError: scores do not belong to the run they name.

    """
    own: dict[str, Scoring] = {}
    for scoring in scorings:
        _check_parent(scoring, parents)
        _check_alone(scoring, own)
        own[scoring.scored.environment.parent.run_id] = scoring
    joined = [_joined(source, own.get(source.environment.run_id)) for source in sources]
    return joined, [_left_out(one, sources) for one in scorings if not _fits(one, sources)]


def _check_parent(scoring: Scoring, parents: Mapping[str, Examination]) -> None:
    named = scoring.scored.environment.parent
    if named.run_id not in parents:
        raise UsageError(
            f"report: {scoring.bundle} holds the scores of {named.bundle}, run {named.run_id}: "
            "expected that bundle as well, found none; name both"
        )
    found = family.problem(scoring.scored, family.facts_of(parents[named.run_id]))
    if found:
        raise BundleError(f"report: {scoring.bundle}: parent: {found}")


def _check_alone(scoring: Scoring, earlier: Mapping[str, Scoring]) -> None:
    other = earlier.get(scoring.scored.environment.parent.run_id)
    if other:
        raise UsageError(
            f"report: expected the scores of each run once, found those of "
            f"{scoring.scored.environment.parent.bundle} in both {other.bundle} and "
            f"{scoring.bundle}; leave one of them out"
        )


def _joined(source: Source, scoring: Scoring | None) -> Source:
    if scoring is None or not _is_class_of(scoring, source):
        return source
    return replace(source, scores=scoring.scored.scores, scoring=scoring)


def _fits(scoring: Scoring, sources: Sequence[Source]) -> bool:
    run_id = scoring.scored.environment.parent.run_id
    return any(one.environment.run_id == run_id and _is_class_of(scoring, one) for one in sources)


def _is_class_of(scoring: Scoring, source: Source) -> bool:
    """Energy can be measured where quality cannot: with random networks, or random weights."""
    return scoring.scored.environment.bundle_class is source.environment.bundle_class


def _left_out(scoring: Scoring, sources: Sequence[Source]) -> str:
    environment = scoring.scored.environment
    kind = next(one.environment.bundle_class for one in sources
                if one.environment.run_id == environment.parent.run_id)  # fmt: skip
    reason = (
        "scores by random networks"
        if environment.networks == "random"
        else "scores of a model with random weights"
    )
    return (
        f"{scoring.bundle}: {reason} say nothing about quality and are a "
        f"{environment.bundle_class}: left out of this report of class {kind}"
    )
