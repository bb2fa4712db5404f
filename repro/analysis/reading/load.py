"""Examined bundles in, one typed data set out; what must not be mixed is refused here."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from repro.analysis.reading.dataset import DataSet
from repro.analysis.reading.join import join
from repro.analysis.reading.scores import read_scoring
from repro.analysis.reading.source import read_source
from repro.bundle import Verdict, payload
from repro.bundle.score_contents import ScoreContents
from repro.errors import BundleError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from repro.analysis.reading.dataset import Source
    from repro.analysis.reading.scores import Scoring
    from repro.bundle import Examination
    from repro.records import BundleClass


def load(examinations: Iterable[Examination], *, require_trusted: bool = False) -> DataSet:
    """Read the bundles that were examined, one after the other, and join scores with their runs.

    The same bundle given twice is read once, with a notice.

    Raises:
        BundleError: a bundle is invalid, not trusted where that is required, valid and yet not
            readable, or scores do not belong to the run they name.
        UsageError: there is none, two hold the same run or its scores, the run of some scores
            is missing, or the classes of the runs are mixed.

    """
    sources: dict[str, Source] = {}
    scorings: dict[str, Scoring] = {}
    parents: dict[str, Examination] = {}
    names: dict[str, str] = {}
    refused: list[str] = []
    notices: list[str] = []
    accepted = {Verdict.TRUSTED} if require_trusted else {Verdict.TRUSTED, Verdict.INTEGRITY_ONLY}
    for examination in examinations:
        if examination.verdict not in accepted:
            refused.append(_refusal(examination))
        elif examination.sha256 in names:
            first = names[examination.sha256]
            notices.append(f"{examination.bundle}: the same bundle as {first}, read once")
        elif examination.kind == ScoreContents.kind:
            scorings[examination.sha256] = read_scoring(examination)
        elif not refused:
            source = sources[examination.sha256] = read_source(examination)
            parents.setdefault(source.environment.run_id, _as_parent(examination))
        names.setdefault(examination.sha256, examination.bundle)
    if refused:
        wanted = "trusted" if require_trusted else "valid"
        raise BundleError(f"report: expected {wanted} bundles, found {', '.join(refused)}")
    _refuse_same_run(sources.values())
    joined, left_out = join(list(sources.values()), list(scorings.values()), parents)
    return DataSet(_one_class(joined), _in_order(joined), (*notices, *left_out))


def _as_parent(examination: Examination) -> Examination:
    """Keep of a run what scores are compared with: audio in a bundle can be large."""
    needed = (payload.ENVIRONMENT, payload.MEASUREMENTS, payload.AUDIO)
    kept = {name: examination.contents[name] for name in needed if name in examination.contents}
    return replace(examination, contents=kept)


def _refusal(examination: Examination) -> str:
    reasons = "; ".join(examination.reasons)
    return f"{examination.bundle} {examination.verdict}" + (f" ({reasons})" if reasons else "")


def _in_order(sources: Iterable[Source]) -> tuple[Source, ...]:
    """Sort by content, so that the order on the command line changes nothing."""
    return tuple(
        sorted(
            sources,
            key=lambda source: (
                source.card.order,
                source.environment.started_at,
                source.environment.run_id,
            ),
        )
    )


def _refuse_same_run(sources: Iterable[Source]) -> None:
    seen: dict[str, str] = {}
    for source in sources:
        run_id = source.environment.run_id
        if run_id in seen:
            raise UsageError(
                f"report: expected each run once, found run {run_id} in both {seen[run_id]} and "
                f"{source.bundle}; leave one of them out, or its repeats would count twice"
            )
        seen[run_id] = source.bundle


def _one_class(sources: Iterable[Source]) -> BundleClass:
    members: dict[BundleClass, list[str]] = {}
    for source in sources:
        members.setdefault(source.environment.bundle_class, []).append(source.bundle)
    if not members:
        raise UsageError("report: expected at least one bundle, found none")
    if len(members) > 1:
        found = " and ".join(f"{kind} ({', '.join(names)})" for kind, names in members.items())
        raise UsageError(
            f"report: expected bundles of one class, found {found}; report on them separately"
        )
    return next(iter(members))
