"""A published folder layout as data: whose files lie where, and what they are expected to hold."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from fnmatch import fnmatchcase
from importlib.resources import files
from itertools import product
from typing import TYPE_CHECKING

from pydantic import Field

from repro.errors import UsageError
from repro.protocol import parse_protocol
from repro.records import Record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from repro.protocol import Protocol

LAYOUTS = ("passoni2025",)


class Names(Record):
    """What a model is called in the files of a layout, and what its scripts did differently.

    ``checkpoint`` is per study, ``executed`` maps steps asked for to denoiser calls.
    """

    logs: str
    quality: str
    checkpoint: dict[str, str] = Field(default_factory=dict)
    executed: dict[int, int] = Field(default_factory=dict)
    reason: str | None = None


class Facts(Record):
    """The file that describes a layout."""

    name: str
    source: str
    timezone: str
    derived: tuple[str, ...]
    models: dict[str, Names]


@dataclass(frozen=True)
class Layout:
    """A layout with the protocol that its measurements followed."""

    facts: Facts
    protocol: Protocol
    protocol_text: str

    def parts(self, model: str) -> Mapping[str, tuple[str, ...]]:
        """Return the paths of a model's raw files by part, relative to the folder imported.

        Parts are imported whole or not at all: the studies, and the scores of the quality study.
        """
        names = self.facts.models[model]
        return {
            "steps": tuple(self.steps_file(names, repeat) for repeat in self.repeats),
            "batch": tuple(
                self.batch_file(names, size, repeat, call)
                for size, repeat in self.batches
                for call in self.calls(size)
            ),
            "quality": tuple(self.quality_file(names, dataset) for dataset in self.datasets),
            "scores": tuple(_score_files("results/quality_metrics", names).values()),
            "sanity": tuple(_score_files("sanitycheck", names).values()),
        }

    @property
    def repeats(self) -> range:
        """The numbers of the runs."""
        return range(1, self.protocol.repeats + 1)

    @property
    def batches(self) -> tuple[tuple[int, int], ...]:
        """Every batch size with every repeat."""
        study = self.protocol.studies.batch
        return tuple(product(study.batch_sizes, self.repeats)) if study else ()

    @property
    def datasets(self) -> tuple[str, ...]:
        """The data sets of the quality study."""
        study = self.protocol.studies.quality
        return study.datasets if study else ()

    @property
    def samples(self) -> int:
        """Clips of one repeat of the batch study."""
        study = self.protocol.studies.batch
        return study.samples if study else 0

    def derived(self, path: str) -> bool:
        """Return whether a file was computed by the authors from the raw ones."""
        name = path.rsplit("/", 1)[-1]
        return any(fnmatchcase(name, pattern) for pattern in self.facts.derived)

    def calls(self, size: int) -> range:
        """Return the numbers of the calls that make the samples of a repeat."""
        return range(self.samples // size)

    def steps_file(self, names: Names, repeat: int) -> str:
        """Return the log of one run over all step counts."""
        return f"results/inference_steps/{names.logs}/{names.logs}-emissions-run{repeat}.csv"

    def batch_file(self, names: Names, size: int, repeat: int, call: int) -> str:
        """Return the log of one call; a repeat that is one call has a shorter name."""
        stem = f"{names.logs}-emissions-batch{size}"
        if len(self.calls(size)) == 1:
            return f"results/batch_size/{names.logs}/{stem}-run{repeat}.csv"
        return f"results/batch_size/{names.logs}/batch{size}/{stem}-n{call}-run{repeat}.csv"

    def quality_file(self, names: Names, dataset: str) -> str:
        """Return the log over all clips and step counts of a data set."""
        return f"results/quality_metrics/emissions/{names.quality}/{names.quality}_{dataset}.csv"


def _score_files(folder: str, names: Names) -> dict[str, str]:
    return {
        metric: f"{folder}/{metric}/{names.quality}_{metric.lower()}_scores.csv"
        for metric in ("FAD", "CLAP")
    }


def read_layout(name: str) -> Layout:
    """Return a layout by name.

    Raises:
        UsageError: there is no such layout.

    """
    if name not in LAYOUTS:
        raise UsageError(f"layout: expected one of {', '.join(LAYOUTS)}, found {name!r}")
    folder = files("repro.importers")
    facts = tomllib.loads((folder / f"{name}.toml").read_text(encoding="utf-8"))
    text = (folder / f"{name}.protocol.toml").read_text(encoding="utf-8")
    return Layout(Facts.model_validate(facts), parse_protocol(text), text)
