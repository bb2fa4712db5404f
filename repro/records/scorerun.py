"""A whole scoring of a run."""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict, Field

from repro.records.base import BundleClass, FileName, Record
from repro.records.machine import CodeIdentity, Machine
from repro.records.scores import Contrast, DetailedScore, Networks, ScoredClip


class Parent(Record):
    """The run that scores are of: what its signature covers, and what the class follows from."""

    bundle: FileName
    run_id: FileName
    tag_manifest_sha256: str
    bundle_class: BundleClass = Field(serialization_alias="class", validation_alias="class")
    model: str
    weights: str

    model_config = ConfigDict(populate_by_name=True)


class ScoreEnvironment(Record):
    """``environment.json`` of a score bundle: who scored what with which networks, and where.

    ``remarks`` say what was not scored, and why.
    """

    bundle_class: BundleClass = Field(serialization_alias="class", validation_alias="class")
    run_id: str
    started_at: str
    finished_at: str
    parent: Parent
    engine: str
    networks: Networks
    device: str
    libraries: dict[str, str]
    machine: Machine
    source: CodeIdentity
    harness_libraries: dict[str, str]
    challenge: str | None = None
    remarks: tuple[str, ...] = ()

    model_config = ConfigDict(populate_by_name=True)


class ScoreRun(Record):
    """The scores of a run, with the clips they are of and the differences between them."""

    environment: ScoreEnvironment
    request: dict[str, Any]
    requirements_lock: str
    scores: tuple[DetailedScore, ...]
    clips: tuple[ScoredClip, ...]
    contrasts: tuple[Contrast, ...] = ()
