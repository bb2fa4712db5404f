"""What to measure, as data: a protocol from a file, cut by a tier, changed by options.

Every change is kept as a deviation, a sentence ``field: expected -> used``.
"""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import Field, PositiveInt, ValidationError, field_validator, model_validator

from repro.errors import UsageError
from repro.records import STAGE, Record, complaint
from repro.resources import protocols_dir

if TYPE_CHECKING:
    from pathlib import Path

Study = Literal["steps", "batch", "quality", "sanity", "stages"]
#: The studies that generate from captions.
CaptionStudy = Literal["quality", "sanity"]
STUDIES: tuple[Study, ...] = ("steps", "batch", "quality", "sanity", "stages")
#: The studies that are no part of a run unless they are named.
BY_NAME_ONLY: tuple[Study, ...] = ("sanity", "stages")


class Generation(Record):
    """What every window generates."""

    prompt: str
    negative_prompt: str | None
    audio_s: float = Field(gt=0)


class StepsStudy(Record):
    """Energy against the number of inference steps, one clip at a time."""

    steps: tuple[PositiveInt, ...] = Field(min_length=1)


class BatchStudy(Record):
    """Energy of ``samples`` clips against the number made in one call.

    ``calls`` is ``upstream`` where a batch is split as the model's own program splits it.
    """

    batch_sizes: tuple[PositiveInt, ...] = Field(min_length=1)
    samples: PositiveInt
    steps: PositiveInt
    calls: Literal["whole", "upstream"] = "whole"


class QualityStudy(Record):
    """Energy and quality over captions."""

    datasets: tuple[str, ...] = Field(min_length=1)
    clips: PositiveInt
    steps: tuple[PositiveInt, ...] = Field(min_length=1)
    repeats: PositiveInt


class SanityStudy(Record):
    """The study ``quality`` over whole data sets and at their recordings' own durations.

    ``clips`` is what each data set holds; ``models`` are those that the check is made with.
    """

    models: tuple[str, ...] = Field(min_length=1)
    clips: dict[str, PositiveInt] = Field(min_length=1)
    steps: tuple[PositiveInt, ...] = Field(min_length=1)
    repeats: PositiveInt


class StagesStudy(Record):
    """Energy of the parts of a generation, one clip at a time.

    The whole generation, and the work of each stage alone, each in windows of ``window_s`` at
    least.
    """

    stages: tuple[Annotated[str, Field(pattern=STAGE)], ...] = Field(min_length=1)
    steps: tuple[PositiveInt, ...] = Field(min_length=1)
    window_s: float = Field(gt=0)


class Studies(Record):
    """The questions a protocol asks; one it does not ask is None."""

    steps: StepsStudy | None = None
    batch: BatchStudy | None = None
    quality: QualityStudy | None = None
    sanity: SanityStudy | None = None
    stages: StagesStudy | None = None

    def names(self) -> tuple[Study, ...]:
        """Return the studies there are, in the order they are measured."""
        there = self.model_dump(exclude_none=True)
        return tuple(name for name in STUDIES if name in there)

    def usual(self) -> tuple[Study, ...]:
        """Return the studies of a run that names none."""
        return tuple(name for name in self.names() if name not in BY_NAME_ONLY)


class Protocol(Record):
    """The studies and how their windows are made.

    ``tracker`` says whether CodeCarbon has one tracker for the process, of which each window is
    a task, or one for each window, of which the total counts. ``order_seed`` is that of an
    interleaved order. ``processes`` is how many worker processes share the repeats of a setting.
    ``window_s`` is how long a window lasts at least, its generation repeated, and ``idle_s`` how
    long the idle GPU is measured in each process; None where that is not asked for. Windows of the
    studies in ``align`` wait for refreshes of the GPU's energy counter.
    """

    format_version: Literal[1]
    name: str
    source: str
    headline: Literal["codecarbon", "counter"]
    repeats: PositiveInt
    warmup: bool
    order: Literal["repeats-inner", "repeats-outer", "interleaved"]
    seed: int
    window_timeout_s: float = Field(gt=0)
    generation: Generation
    studies: Studies
    tracker: Literal["process", "window"] = "process"
    order_seed: int = 0
    processes: PositiveInt = 1
    window_s: float | None = Field(default=None, gt=0)
    idle_s: float | None = Field(default=None, gt=0)
    align: tuple[Study, ...] = STUDIES

    @model_validator(mode="after")
    def _a_repeat_for_each_process(self) -> Self:
        if self.repeats < self.processes:
            raise ValueError(
                f"expected at least {self.processes} repeats in protocol {self.name}, one for "
                f"each worker process, found {self.repeats}"
            )
        return self

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if not self.studies.names():
            raise ValueError("a protocol needs at least one study")
        return self


class TierScorer(Record):
    """What scores the clips of a tier: an engine, its weights and its size."""

    engine: str
    weights: str
    size: Literal["full", "tiny"] = "full"


class Tier(Record):
    """A purpose: the defaults of a command and what it changes in the protocol."""

    summary: str
    size: Literal["full", "tiny"]
    weights: str
    device: str
    scorer: TierScorer
    studies: tuple[Study, ...] | None = None
    change: dict[str, Any] = Field(default_factory=dict)

    @field_validator("change")
    @classmethod
    def _flat(cls, value: dict[str, Any]) -> dict[str, Any]:
        return dict(flatten(value))


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
    except ValidationError as error:
        raise UsageError(f"protocol: cannot be read: {complaint(error)}") from error
    except tomllib.TOMLDecodeError as error:
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


def manner(protocol: Protocol) -> dict[str, str]:
    """Return how the windows are made, in words: what tells protocols of one grid apart."""
    processes = protocol.processes
    many = f"{processes} worker processes" if processes > 1 else "one worker process"
    said = {
        "headline": _HEADLINES[protocol.headline],
        "CodeCarbon": _TRACKERS[protocol.tracker],
        "warm-up": "one discarded generation per setting and worker process"
        if protocol.warmup
        else "none: the first generation of a process counts like any other",
        "repeats": f"{protocol.repeats} in {many}",
        "order": _ORDERS[protocol.order].format(seed=protocol.order_seed),
        "window": "one generation"
        if protocol.window_s is None
        else f"at least {protocol.window_s:g} s, its generation repeated",
        "idle GPU": "not measured"
        if protocol.idle_s is None
        else f"{protocol.idle_s:g} s before the first window of each worker process",
        "energy counter": _alignment(protocol),
    }
    batch = protocol.studies.batch
    if batch is not None:
        said["batches"] = _BATCHES[batch.calls]
    stages = protocol.studies.stages
    if stages is not None:
        said["stages"] = (
            "the calls of their modules in one generation, made again with the same inputs for at "
            f"least {stages.window_s:g} s"
        )
    return said


def _alignment(protocol: Protocol) -> str:
    unaligned = [name for name in protocol.studies.names() if name not in protocol.align]
    watched = "read at its refreshes before and after a window"
    return f"{watched}, as it stands in {' and '.join(unaligned)}" if unaligned else watched


_HEADLINES = {"codecarbon": "CodeCarbon", "counter": "energy counter of NVML"}
_TRACKERS = {
    "process": "one tracker for the run, a task for each window",
    "window": "a tracker for each window, of which the total counts, with the tail after its task",
}
_ORDERS = {
    "repeats-inner": "all repeats of a setting before the next setting",
    "repeats-outer": "all settings of a repeat before the next repeat",
    "interleaved": "settings of all studies mixed anew in every repeat, seed {seed}",
}
_BATCHES = {
    "whole": "in one call each",
    "upstream": "split into calls where the model's own program does",
}


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
        raise UsageError(_complaint(error)) from error


def only(protocol: Protocol, studies: tuple[Study, ...]) -> tuple[Protocol, tuple[str, ...]]:
    """Return the protocol with these studies alone; other than the usual ones are a deviation.

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
    kept, usual = tuple(name for name in asked if name in studies), protocol.studies.usual()
    left = protocol.studies.model_copy(update=dict.fromkeys(set(asked) - set(kept)))
    cut = protocol.model_copy(update={"studies": left})
    if kept == usual:
        return cut, ()
    return cut, (f"studies: {', '.join(usual)} -> {', '.join(kept)}",)


def _complaint(error: ValidationError) -> str:
    first = error.errors()[0]
    if not first["loc"]:  # about several values at once: the message names them
        return f"protocol: {first['msg'].removeprefix('Value error, ')}"
    where = ".".join(str(part) for part in first["loc"])
    return f"{where}: {first['msg'].lower()}, found {first['input']!r}"


def flatten(tree: dict[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    """Return the values of a tree by their dotted names."""
    leaves: list[tuple[str, Any]] = []
    for key, value in tree.items():
        name = f"{prefix}{key}"
        leaves += flatten(value, f"{name}.") if isinstance(value, dict) else [(name, value)]
    return leaves


def _locate(tree: dict[str, Any], name: str) -> tuple[dict[str, Any], str]:
    *path, leaf = name.split(".")
    parent = tree["studies"] if path and path[0] in tree["studies"] else tree
    for part in path:
        parent = parent.get(part) or {}
    if leaf not in parent:
        raise UsageError(f"protocol {tree['name']}: has no value {name!r} to change")
    return parent, leaf
