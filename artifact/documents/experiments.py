"""``artifact/experiments.toml`` as records."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Literal

from repro.records import Record

FILE = Path(__file__).parent.parent / "experiments.toml"


class Experiment(Record):
    """One way from a command to the claims it lets one judge."""

    id: str
    title: str
    command: str
    human_minutes: int
    studies: tuple[str, ...]
    shows: tuple[str, ...]
    claims: tuple[str, ...]
    variation: str


class Experiments(Record):
    """All of them, and the command that draws what they measured."""

    format_version: Literal[1]
    figures: str
    experiments: tuple[Experiment, ...]


def read_experiments() -> Experiments:
    """Read the experiments that stand beside the claims."""
    return Experiments.model_validate(tomllib.loads(FILE.read_text(encoding="utf-8")))
