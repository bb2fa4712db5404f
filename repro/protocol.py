"""What to measure, as data: a protocol from a file, cut by a tier, changed by options.

Every change is kept as a deviation, a sentence ``field: expected -> used``.
"""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import Field, PositiveInt, ValidationError, field_validator, model_validator

from repro.errors import UsageError
from repro.records import Record
from repro.resources import protocols_dir

if TYPE_CHECKING:
    from pathlib import Path

Study = Literal["steps", "batch", "quality", "sanity"]


class Generation(Record):
    """What every window generates."""

    prompt: str
    negative_prompt: str | None
    audio_s: float = Field(gt=0)


class StepsStudy(Record):
    """Energy against the number of inference steps, one clip at a time."""

    steps: tuple[PositiveInt, ...] = Field(min_length=1)


class BatchStudy(Record):
    """Energy of ``samples`` clips against the number made in one call."""

    batch_sizes: tuple[PositiveInt, ...] = Field(min_length=1)
    samples: PositiveInt
    steps: PositiveInt


class QualityStudy(Record):
    """Energy and quality over captions."""

    datasets: tuple[str, ...] = Field(min_length=1)
    clips: PositiveInt
    steps: tuple[PositiveInt, ...] = Field(min_length=1)
    repeats: PositiveInt


class Studies(Record):
    """The questions a protocol asks; one it does not ask is None."""

    steps: StepsStudy | None = None
    batch: BatchStudy | None = None
    quality: QualityStudy | None = None

    def names(self) -> tuple[Study, ...]:
        """Return the studies asked for, in the order they are measured."""
        asked = self.model_dump(exclude_none=True)
        order: tuple[Study, ...] = ("steps", "batch", "quality")
        return tuple(name for name in order if name in asked)


class Protocol(Record):
    """The studies and how their windows are made."""

    format_version: Literal[1]
    name: str
    source: str
    headline: Literal["codecarbon", "counter"]
    repeats: PositiveInt
    warmup: bool
    order: Literal["repeats-inner", "repeats-outer"]
    seed: int
    window_timeout_s: float = Field(gt=0)
    generation: Generation
    studies: Studies

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if not self.studies.names():
            raise ValueError("a protocol needs at least one study")
        return self


class Tier(Record):
    """A purpose: the defaults of a command and what it changes in the protocol."""

    summary: str
    size: Literal["full", "tiny"]
    weights: str
    device: str
    studies: tuple[Study, ...] | None = None
    change: dict[str, Any] = Field(default_factory=dict)

    @field_validator("change")
    @classmethod
    def _flat(cls, value: dict[str, Any]) -> dict[str, Any]:
        return dict(_flatten(value))


def protocol_names() -> list[str]:
    """Return the names of the shipped protocols."""
    return sorted(path.stem for path in protocols_dir().glob("*.toml") if path.stem != "tiers")


def protocol_text(name: str) -> str:
    """Return the file of a shipped protocol, to be copied into bundles as it is.

    Raises:
        UsageError: there is no such protocol.

    """
    if name not in protocol_names():
        known = ", ".join(protocol_names())
        raise UsageError(f"protocol: expected one of {known}, found {name!r}")
    return (protocols_dir() / f"{name}.toml").read_text(encoding="utf-8")


def parse_protocol(text: str) -> Protocol:
    """Read a protocol from the text of its file.

    Raises:
        UsageError: the text is no protocol.

    """
    try:
        return Protocol.model_validate(tomllib.loads(text))
    except (tomllib.TOMLDecodeError, ValidationError) as error:
        raise UsageError(f"protocol: cannot be read: {error}") from error


def tier(name: str) -> Tier:
    """Return a tier by name.

    Raises:
        UsageError: there is no such tier.

    """
    path: Path = protocols_dir() / "tiers.toml"
    tiers = tomllib.loads(path.read_text(encoding="utf-8"))
    if name not in tiers:
        raise UsageError(f"tier: expected one of {', '.join(tiers)}, found {name!r}")
    return Tier.model_validate(tiers[name])


def change(protocol: Protocol, changes: dict[str, Any]) -> tuple[Protocol, tuple[str, ...]]:
    """Return the protocol with the named values replaced, and what that deviates in.

    Args:
        protocol: the protocol to start from.
        changes: dotted name -> value; a name that begins with a study's name lies in that study.

    Raises:
        UsageError: a name is unknown or a value does not fit it.

    """
    tree = protocol.model_dump(mode="json")
    deviations = []
    for name, value in changes.items():
        parent, leaf = _locate(tree, name)
        wanted = list(value) if isinstance(value, tuple) else value
        if parent[leaf] != wanted:
            deviations.append(f"{name}: {parent[leaf]} -> {wanted}")
            parent[leaf] = wanted
    try:
        return Protocol.model_validate(tree), tuple(deviations)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise UsageError(f"{where}: {first['msg'].lower()}, found {first['input']!r}") from error


def only(protocol: Protocol, studies: tuple[Study, ...]) -> tuple[Protocol, tuple[str, ...]]:
    """Return the protocol with these studies alone.

    Raises:
        UsageError: the protocol does not have one of them.

    """
    asked = protocol.studies.names()
    missing = [name for name in studies if name not in asked]
    if missing:
        known = ", ".join(asked)
        raise UsageError(
            f"study: expected some of {known} in protocol {protocol.name}, found {missing[0]!r}"
        )
    kept = tuple(name for name in asked if name in studies)
    if kept == asked:
        return protocol, ()
    left = protocol.studies.model_copy(update=dict.fromkeys(set(asked) - set(kept)))
    deviation = f"studies: {', '.join(asked)} -> {', '.join(kept)}"
    return protocol.model_copy(update={"studies": left}), (deviation,)


def _flatten(tree: dict[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    leaves: list[tuple[str, Any]] = []
    for key, value in tree.items():
        name = f"{prefix}{key}"
        leaves += _flatten(value, f"{name}.") if isinstance(value, dict) else [(name, value)]
    return leaves


def _locate(tree: dict[str, Any], name: str) -> tuple[dict[str, Any], str]:
    *path, leaf = name.split(".")
    parent = tree["studies"] if path and path[0] in tree["studies"] else tree
    for part in path:
        parent = parent.get(part) or {}
    if leaf not in parent:
        raise UsageError(f"protocol {tree['name']}: has no value {name!r} to change")
    return parent, leaf
