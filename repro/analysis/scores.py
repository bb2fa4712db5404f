"""Scores of generated clips, as ``scores.csv`` of a bundle holds them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from repro.analysis.text import one_line
from repro.bundle import columns, payload
from repro.errors import BundleError
from repro.records import Score

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

#: A data set's name becomes part of the name of a file.
DATASET = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
#: The sanity check scores against the whole of a data set, and says so in ``reference``.
_WHOLE = "-full"


def read_scores(bundle: str, contents: Mapping[str, bytes]) -> tuple[Score, ...]:
    """Read the scores of a bundle; one without any has none.

    Raises:
        BundleError: a cell is not what it must be, or a score is there twice.

    """
    if payload.SCORES not in contents:
        return ()
    try:
        scores = columns.read(Score, contents[payload.SCORES])
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
        if not DATASET.fullmatch(score.dataset):
            raise BundleError(
                f"{where}: expected a data set in lower case, found {score.dataset!a}"
            )
        key = (score.dataset, score.model, score.steps, score.metric, score.reference, score.n,
               score.embedding, score.engine)  # fmt: skip
        if key in seen:
            raise BundleError(f"{where}: expected each score once, found it a second time")
        seen.add(key)
