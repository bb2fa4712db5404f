"""The quality of sets of clips, of single clips, and the differences between sets."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field

from repro.records.base import BundleClass, FileName, Record


class Score(Record):
    """One row of ``scores.csv``: the quality of a set of clips by one metric.

    ``metric`` ``fad_inf`` is the distance extrapolated to infinitely many frames.
    """

    dataset: str
    model: str
    steps: int = Field(gt=0)
    metric: Literal["fad", "fad_inf", "clap"]
    value: float
    n: int | None = Field(default=None, gt=0)
    reference: str | None = None
    embedding: str | None = None
    engine: str | None = None
    score_class: BundleClass = Field(serialization_alias="class", validation_alias="class")

    model_config = ConfigDict(populate_by_name=True)


Networks = Literal["random", "hub", "folder"]


class DetailedScore(Score):
    """A score with how it was come by and how far it is known; what does not apply is None.

    ``low`` to ``high`` cover 95 % over clips, ``se`` is the standard error. ``raw_value`` is the
    value before it was clamped at 0, ``r2`` how well the line of ``fad_inf`` fits, ``n_frames``
    how many embeddings ``fad`` is of. The digests are of the checkpoint, the list of captions
    and the list of reference clips.
    """

    n_frames: int | None = Field(default=None, gt=0)
    seed: int | None = None
    low: float | None = None
    high: float | None = None
    interval_method: str | None = None
    raw_value: float | None = None
    r2: float | None = None
    checkpoint_sha256: str | None = None
    captions_sha256: str | None = None
    reference_sha256: str | None = None
    networks: Networks | None = None
    se: float | None = Field(default=None, ge=0)


class ScoredClip(Record):
    """One row of ``clips.csv``: a clip of the parent, and its own CLAP score."""

    study: Literal["quality", "sanity"]
    dataset: str
    steps: int = Field(gt=0)
    item: int = Field(ge=0)
    window: int = Field(ge=0)
    name: FileName
    sha256: str
    clap: float | None = None


class Contrast(Record):
    """One row of ``contrasts.csv``: a metric at two numbers of steps, over the same clips.

    ``difference`` is the value at ``other_steps`` less that at ``steps``; ``low`` to ``high``
    cover 95 %, ``p`` is two-sided against no difference, ``n`` counts clips, ``se`` is the
    standard error and ``df`` the degrees of freedom it is known with.
    """

    dataset: str
    model: str
    metric: Literal["fad", "fad_inf", "clap"]
    steps: int = Field(gt=0)
    other_steps: int = Field(gt=0)
    difference: float
    low: float
    high: float
    n: int = Field(gt=1)
    p: float | None = Field(default=None, ge=0, le=1)
    method: str | None = None
    se: float | None = Field(default=None, ge=0)
    df: float | None = Field(default=None, gt=0)
