"""Scores of generated clips: of an imported bundle, or of a bundle of their own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from repro.analysis.text import one_line
from repro.bundle import columns, payload, score_payload
from repro.errors import BundleError
from repro.records import DetailedScore

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from repro.bundle import Examination, Verdict
    from repro.records import Score, ScoreRun

#: A data set's name becomes part of the name of a file.
DATASET = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
#: The sanity check scores against the whole of a data set, and says so in ``reference``.
_WHOLE = "-full"


@dataclass(frozen=True, slots=True)
class Scoring:
    """A score bundle that passed."""

    bundle: str
    sha256: str
    verdict: Verdict
    reasons: tuple[str, ...]
    signer: str | None
    scored: ScoreRun


def read_scoring(examination: Examination) -> Scoring:
    """Read a score bundle that was examined.

    Raises:
        BundleError: a data set has a name that no file can have.

    """
    scored = score_payload.read(examination.contents)
    _check(examination.bundle, scored.scores)
    for dataset in {row.dataset for row in scored.clips}:
        _check_dataset(examination.bundle, dataset)
    return Scoring(
        bundle=examination.bundle,
        sha256=examination.sha256,
        verdict=examination.verdict,
        reasons=tuple(examination.reasons),
        signer=examination.signer,
        scored=scored,
    )


def read_scores(bundle: str, contents: Mapping[str, bytes]) -> tuple[DetailedScore, ...]:
    """Read the scores of an imported bundle; one without any has none.

    Raises:
        BundleError: a cell is not what it must be, or a score is there twice.

    """
    if payload.SCORES not in contents:
        return ()
    try:
        scores = columns.read(DetailedScore, contents[payload.SCORES])
    except ValueError as error:
        raise BundleError(f"{bundle}: {payload.SCORES}: {one_line(error)}") from error
    _check(bundle, scores)
    return scores


def is_whole(score: Score) -> bool:
    """Whether the score is of the sanity check: against a whole data set and not a choice."""
    return bool(score.reference and score.reference.endswith(_WHOLE))


def _check(bundle: str, scores: Iterable[Score]) -> None:
    seen: set[tuple[object, ...]] = set()
    for number, score in enumerate(scores, start=1):
        where = f"{bundle}: {payload.SCORES} row {number}"
        _check_dataset(where, score.dataset)
        key = (score.dataset, score.model, score.steps, score.metric, score.reference, score.n,
               score.embedding, score.engine)  # fmt: skip
        if key in seen:
            raise BundleError(f"{where}: expected each score once, found it a second time")
        seen.add(key)


def _check_dataset(where: str, dataset: str) -> None:
    if not DATASET.fullmatch(dataset):
        raise BundleError(f"{where}: expected a data set in lower case, found {dataset!a}")
