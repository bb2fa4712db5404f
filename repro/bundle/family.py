"""Whether scores and a run belong together: what a bundle alone cannot show.

A score bundle names its parent by the digest that the parent's signature covers, and each clip
by its own. Both are compared where both bundles are there.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from repro.bundle import payload, score_payload
from repro.bundle.run_contents import RunContents
from repro.bundle.score_checks import sets_of
from repro.bundle.score_contents import ScoreContents
from repro.bundle.texts import read_json, read_table
from repro.bundle.verify import Examination, Verdict
from repro.records import Clip, Environment, Window

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from repro.records import ScoredClip, ScoreRun


@dataclass(frozen=True)
class ParentFacts:
    """What scores must agree with; rows by window, clips by window and name."""

    subject: str | None
    environment: Environment
    rows: Mapping[int, Window]
    clips: Mapping[tuple[int, str], Clip]


def facts_of(parent: Examination) -> ParentFacts:
    """Take what scores must agree with from a valid bundle of kind ``run``."""
    rows = read_table(Window, parent.contents, payload.MEASUREMENTS)
    clips = read_table(Clip, parent.contents, payload.AUDIO)
    return ParentFacts(
        subject=parent.subject,
        environment=read_json(Environment, parent.contents, payload.ENVIRONMENT),
        rows={row.window: row for row in rows},
        clips={(clip.window, clip.name): clip for clip in clips},
    )


def problem(scored: ScoreRun, parent: ParentFacts) -> str | None:
    """Return why the scores are not of this run, or None."""
    return next(_problems(scored, parent), None)


def compared(examinations: Sequence[Examination]) -> list[Examination]:
    """Return the examinations, each score bundle compared with its parent if that is there.

    One that does not belong to the run it names becomes invalid; one whose parent is not among
    the bundles says so.
    """
    parents: dict[str, list[ParentFacts]] = {}
    for one in examinations:
        if one.kind == RunContents.kind:
            facts = facts_of(one)
            parents.setdefault(facts.environment.run_id, []).append(facts)
    return [_compared(one, parents) if one.kind == ScoreContents.kind else one
            for one in examinations]  # fmt: skip


def _compared(one: Examination, parents: Mapping[str, Sequence[ParentFacts]]) -> Examination:
    scored = score_payload.read(one.contents)
    named = scored.environment.parent
    candidates = parents.get(named.run_id)
    if not candidates:
        return replace(one, reasons=(*one.reasons, f"parent: {named.bundle} not given"))
    problems = [problem(scored, candidate) for candidate in candidates]
    if None in problems:
        return one
    return Examination(one.bundle, one.sha256, Verdict.INVALID, (f"parent: {problems[0]}",))


def _problems(scored: ScoreRun, parent: ParentFacts) -> Iterator[str]:
    named, environment = scored.environment.parent, parent.environment
    if named.tag_manifest_sha256 != parent.subject:
        yield (
            f"digest expected {named.tag_manifest_sha256[:12]}, found {(parent.subject or '')[:12]}"
            ": another edition of the run"
        )
    said = (named.run_id, named.bundle_class, named.weights)
    if said != (environment.run_id, environment.bundle_class, environment.weights):
        yield "run id, class or weights expected as the parent has them, found others"
    for clip in scored.clips:
        found = _clip_problem(clip, named.model, parent)
        if found:
            yield f"clip {clip.name}: {found}"
    yield from _gaps(scored, parent)


def _clip_problem(clip: ScoredClip, model: str, parent: ParentFacts) -> str | None:
    known, row = parent.clips.get((clip.window, clip.name)), parent.rows.get(clip.window)
    if known is None or row is None:
        return "expected in the parent's audio.csv, found none"
    if known.sha256 != clip.sha256:
        return "digest expected as in the parent's audio.csv, found another"
    said = (model, clip.study, clip.dataset, clip.steps, clip.item)
    if said != (row.model, row.study, row.dataset, row.steps, row.item):
        return "model, study, data set, steps and item expected as in its row, found others"
    if row.warmup or not row.status.is_done:
        return "expected of a window that ended well, found another"
    return None


def _gaps(scored: ScoreRun, parent: ParentFacts) -> Iterator[str]:
    """Name sets of more items than were scored, since no score is of a part of a set.

    Repeats make the same clips again.
    """
    rows = [row for row in parent.rows.values() if not row.warmup]
    planned: Counter[tuple[object, ...]] = Counter(
        place[:3] for place in {(row.study, row.dataset, row.steps, row.item) for row in rows}
    )
    for name, clips in sets_of(scored.clips).items():
        if planned[name] != len(clips):
            said = " ".join(map(str, name))
            yield f"{said}: expected all {planned[name]} clips of the set, found {len(clips)}"
