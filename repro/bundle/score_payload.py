"""The files under ``data/`` that hold the scores of a run, and the scores read back from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from repro.bundle import columns, privacy
from repro.bundle.contents import ENVIRONMENT, LOCK
from repro.bundle.texts import json_text, read_json, read_table, read_text, require
from repro.records import (
    Contrast,
    DetailedScore,
    Record,
    ScoredClip,
    ScoreEnvironment,
    ScoreRun,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

REQUEST = "request.json"
SCORES = "scores.csv"
CLIPS = "clips.csv"
CONTRASTS = "contrasts.csv"

TABLES: dict[str, type[Record]] = {SCORES: DetailedScore, CLIPS: ScoredClip, CONTRASTS: Contrast}
REQUIRED = (ENVIRONMENT, LOCK, REQUEST, *TABLES)


class ScoreFacts(Record):
    """``request.json``: what was asked for."""

    request: dict[str, Any]


def write(scored: ScoreRun) -> dict[str, bytes]:
    """Make the files of scores, named relative to ``data/``."""
    facts = ScoreFacts(request=privacy.clean_request(scored.request))
    return {
        LOCK: privacy.clean_copy(scored.requirements_lock).encode(),
        ENVIRONMENT: json_text(_clean_environment(scored.environment)),
        REQUEST: json_text(facts.model_dump(mode="json")),
        SCORES: columns.write(DetailedScore, scored.scores),
        CLIPS: columns.write(ScoredClip, scored.clips),
        CONTRASTS: columns.write(Contrast, scored.contrasts),
    }


def read(files: Mapping[str, bytes]) -> ScoreRun:
    """Read the scores back from their files.

    Raises:
        ValueError: naming the file that is missing, malformed, or one too many.

    """
    require(files, REQUIRED)
    return ScoreRun(
        environment=read_json(ScoreEnvironment, files, ENVIRONMENT),
        request=read_json(ScoreFacts, files, REQUEST).request,
        requirements_lock=read_text(files, LOCK),
        scores=read_table(DetailedScore, files, SCORES),
        clips=read_table(ScoredClip, files, CLIPS),
        contrasts=read_table(Contrast, files, CONTRASTS),
    )


def _clean_environment(environment: ScoreEnvironment) -> dict[str, Any]:
    values = environment.model_dump(mode="json", by_alias=True)
    # the nonce is compared letter by letter with what a reviewer handed out
    return {**privacy.clean_value(values), "challenge": environment.challenge}
