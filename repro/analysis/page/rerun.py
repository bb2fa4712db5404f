"""The command that measures a run again, made from the request that its bundle holds."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Literal, NamedTuple

from pydantic import BaseModel, ValidationError

from repro.analysis.text import distinct, listed
from repro.captions import SYNTHETIC
from repro.errors import UsageError
from repro.protocol import Protocol, change, flatten
from repro.request import Options, chosen_protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

    from repro.analysis.reading.dataset import Source

#: Studies whose steps are all set by the one option.
_STEPPED = ("steps", "quality", "sanity", "stages")
_UNKNOWN = "what was asked for is not in the bundle; other options may have been used"


class Rerun(NamedTuple):
    """A command, and what a reader must know or fill in to have the same run of it."""

    command: str
    lacking: tuple[str, ...]


class _List(BaseModel):
    """Captions as a request names them."""

    dataset: str
    caption_set: str
    sha256: str


class _Asked(BaseModel):
    """The part of a recorded request that options can repeat."""

    tier: str
    model: str
    protocol: Protocol
    size: str
    weights: str
    device: str
    dtype: str
    attention: str = "sdpa"
    duration_mode: Literal["paper", "exact"] = "paper"
    with_audio: bool = False
    captions: dict[str, tuple[_List, ...]] = {}

    @property
    def lists(self) -> list[_List]:
        """The lists of captions that do not come with the program."""
        return [one for lists in self.captions.values() for one in lists
                if one.dataset != SYNTHETIC]  # fmt: skip


def rerun(source: Source) -> Rerun:
    """Return the command for a run, and what it leaves out."""
    try:
        asked = _Asked.model_validate(source.request)
        options = _options(asked)
        differing = _differing(asked.protocol, options)
    except (ValidationError, UsageError):
        return _from_environment(source)
    words = [*_start(asked.tier, [asked.model], asked.protocol.name), *_place(asked),
             *_manner(asked), *_grid(options), *_captions(asked)]  # fmt: skip
    return _made(words, [*_fill_in(asked), *differing])


def _from_environment(source: Source) -> Rerun:
    facts = source.environment
    words = _start(facts.tier, distinct(one.model for one in source.series), facts.protocol)
    words += ["--weights", _weights(facts.weights), "--size", facts.size, "--device", facts.device]
    return _made(words, [_UNKNOWN])


def _made(words: Iterable[str], lacking: Iterable[str]) -> Rerun:
    return Rerun(shlex.join([*words, "--out", "out"]), tuple(lacking))


def _start(tier: str, models: Iterable[str], protocol: str) -> list[str]:
    named = [word for model in models for word in ("--model", model)]
    return ["tta-energy", tier, *named, "--protocol", protocol]


def _place(asked: _Asked) -> list[str]:
    device = "simulated:FILE" if asked.device.startswith("simulated:") else asked.device
    return ["--weights", _weights(asked.weights), "--size", asked.size, "--device", device]


def _weights(recorded: str) -> str:
    """Stand a word for a path: no bundle holds one."""
    return "DIR" if recorded.partition(":")[0] == "folder" else recorded


def _manner(asked: _Asked) -> Iterable[str]:
    yield from ("--dtype", asked.dtype)
    if asked.attention != "sdpa":
        yield from ("--attention", asked.attention)
    if asked.duration_mode != "paper":
        yield from ("--duration-mode", asked.duration_mode)
    if asked.with_audio:
        yield "--with-audio"


def _options(asked: _Asked) -> Options:
    """Return the options that change the tier's protocol into the one that was used."""
    wanted = asked.protocol
    plain = Options(tier=asked.tier, protocol=wanted.name, studies=wanted.studies.names())
    own, _ = chosen_protocol(plain)
    known = _grid_of(own)
    differing = {name: value for name, value in _grid_of(wanted).items() if value != known[name]}
    if _steps_of(own) != _steps_of(wanted):
        # The option sets those of all studies; only a protocol's own differ between them.
        differing["steps"] = _steps_of(wanted)[0]
    return Options.model_validate(plain.model_dump() | differing)


def _steps_of(protocol: Protocol) -> list[tuple[int, ...]]:
    there = protocol.studies.names()
    return [getattr(protocol.studies, name).steps for name in _STEPPED if name in there]


def _grid_of(protocol: Protocol) -> dict[str, object]:
    quality, sanity, batch = (
        getattr(protocol.studies, name) for name in ("quality", "sanity", "batch")
    )
    sizes = [quality.clips] if quality else list(sanity.clips.values()) if sanity else []
    return {
        "batch_sizes": batch.batch_sizes if batch else None,
        "repeats": protocol.repeats,
        "window_timeout_s": protocol.window_timeout_s,
        "captions": max(sizes, default=None),
        "datasets": quality.datasets if quality else tuple(sanity.clips) if sanity else (),
    }


def _grid(options: Options) -> Iterable[str]:
    for study in options.studies:
        yield from ("--study", study)
    for flag, counts in (("--steps", options.steps), ("--batch-sizes", options.batch_sizes)):
        if counts:
            yield from (flag, ",".join(map(str, counts)))
    for dataset in options.datasets:
        yield from ("--dataset", dataset)
    numbers = {"--repeats": options.repeats, "--captions": options.captions,
               "--window-timeout": options.window_timeout_s}  # fmt: skip
    for flag, number in numbers.items():
        if number is not None:
            yield from (flag, f"{number:.12g}")


def _captions(asked: _Asked) -> Iterable[str]:
    if asked.lists:
        yield from ("--captions-dir", "captions")
    chosen = {one.caption_set for one in asked.lists} & {"paper", "seeded"}
    if len(chosen) == 1:
        yield from ("--caption-set", *chosen)


def _fill_in(asked: _Asked) -> Iterable[str]:
    if _weights(asked.weights) == "DIR":
        yield "DIR is a folder of weights, of which the bundle holds no path"
    if asked.device.startswith("simulated:"):
        yield "FILE describes the simulated GPU, and the bundle holds no path"
    if asked.lists:
        digests = distinct(f"{one.dataset} {one.sha256[:12]}" for one in asked.lists)
        yield f"captions is the folder with the lists of the digests {listed(digests)}"


def _differing(wanted: Protocol, options: Options) -> list[str]:
    """Say what no option sets: a protocol that has changed since, or a file of one's own."""
    here, _ = chosen_protocol(options)
    theirs = dict(flatten(wanted.model_dump(mode="json", exclude_none=True)))
    # Named by the model that is measured, whatever the options.
    theirs.pop("studies.sanity.models", None)
    _, deviations = change(here, theirs)
    return [f"no option changes {one}, as it was" for one in deviations]
