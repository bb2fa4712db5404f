"""What a user asked for: one record per model, which a resumed run is recognised by."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from repro.captions import SYNTHETIC, CaptionList, read, read_whole
from repro.errors import UsageError
from repro.protocol import (
    STUDIES,
    CaptionStudy,
    Protocol,
    Study,
    Tier,
    change,
    only,
    parse_protocol,
    protocol_text,
    tier,
)
from repro.records import Caption, Record

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from repro.catalog import Model

#: The lists of captions of each study that generates from any.
Captions = dict[CaptionStudy, tuple[CaptionList, ...]]


DurationMode = Literal["paper", "exact"]


class Options(Record):
    """The options of a tier as given; None stands for the tier's or the protocol's own value."""

    tier: str
    protocol: str = "paper"
    studies: tuple[Study, ...] = ()
    steps: tuple[int, ...] | None = None
    batch_sizes: tuple[int, ...] | None = None
    repeats: int | None = None
    captions: int | None = None
    datasets: tuple[str, ...] = ()
    caption_set: Literal["paper", "seeded"] | None = None
    captions_dir: Path | None = None
    size: Literal["full", "tiny"] | None = None
    weights: str | None = None
    device: str | None = None
    dtype: str | None = None
    attention: str = "sdpa"
    duration_mode: DurationMode = "paper"
    window_timeout_s: float | None = None
    with_audio: bool = False
    challenge: str | None = None


class Request(Record):
    """Everything that decides what is measured of one model."""

    tier: str
    model: str
    protocol: Protocol
    protocol_toml: str
    size: Literal["full", "tiny"]
    weights: str
    device: str
    dtype: str
    attention: str
    duration_mode: DurationMode
    with_audio: bool
    challenge: str | None
    deviations: tuple[str, ...]
    captions: Captions = Field(default_factory=dict)

    def identity(self) -> dict[str, Any]:
        """Return what two requests must share to be the same run.

        It is kept in the bundle, so a path, which may name a user, appears as a hash, and a list
        of captions as its digest.
        """
        fields = self.model_dump(mode="json", exclude={"protocol_toml", "captions"})
        return {
            **fields,
            "weights": _hidden(self.weights),
            "device": _hidden(self.device),
            "captions": {
                study: [_public_list(captions) for captions in lists]
                for study, lists in self.captions.items()
            },
        }

    def caption_rows(self) -> Iterator[Caption]:
        """Yield what a bundle holds of the captions: ids and digests, never a text."""
        for study, lists in self.captions.items():
            for captions in lists:
                for number, item in enumerate(captions.items):
                    yield Caption(
                        study=study, dataset=captions.dataset, item=number, id=item.id,
                        recording=item.recording, sha256=item.sha256,
                        seed=self.protocol.seed + number,
                    )  # fmt: skip


def chosen_protocol(options: Options) -> tuple[Protocol, tuple[str, ...]]:
    """Return the protocol as the tier and the options change it, and each deviation.

    Raises:
        UsageError: an option does not fit the protocol.

    """
    chosen = tier(options.tier)
    protocol = parse_protocol(protocol_text(options.protocol))
    there = protocol.studies
    tiers_own = tuple(name for name in chosen.studies or there.usual() if name in there.names())
    protocol, fewer = only(protocol, options.studies or tiers_own)
    changes = {**_fitting(chosen, protocol), **_option_changes(options, protocol)}
    protocol, changed = change(protocol, changes)
    return protocol, fewer + changed


def without_captions(options: Options) -> tuple[Study, ...]:
    """Return the studies asked for that have no captions to generate from.

    Raises:
        UsageError: an option does not fit the protocol.

    """
    protocol, _ = chosen_protocol(options)
    return tuple(
        study for study, datasets in _datasets(protocol).items()
        if options.captions_dir is None and set(datasets) != {SYNTHETIC}
    )  # fmt: skip


def read_captions(options: Options) -> Captions:
    """Read the captions of every study asked for.

    Raises:
        UsageError: an option does not fit the protocol, or a file is not what it should be.

    """
    protocol, _ = chosen_protocol(options)
    lists: Captions = {}
    for study, datasets in _datasets(protocol).items():
        lists[study] = tuple(
            read(name, options.captions_dir, clips=clips, caption_set=options.caption_set)
            if study == "quality"
            else read_whole(name, options.captions_dir, clips=options.captions)
            for name, clips in datasets.items()
        )
    for captions in lists.get("sanity", ()):
        _check_durations(captions)
    return lists


def lists_of(study: Study, captions: Captions) -> tuple[CaptionList, ...]:
    """Return the captions of a study; not every study is made of any."""
    return next((lists for name, lists in captions.items() if name == study), ())


def make_request(options: Options, model: Model, captions: Captions | None = None) -> Request:
    """Return the request for one model.

    Raises:
        UsageError: an option does not fit the protocol.

    """
    chosen = tier(options.tier)
    protocol, deviations = chosen_protocol(options)
    sanity = protocol.studies.sanity
    if sanity is not None and model.name not in sanity.models:
        protocol, further = change(protocol, {"sanity.models": (*sanity.models, model.name)})
        deviations += further
    values = {
        "size": options.size or chosen.size,
        "weights": options.weights or chosen.weights,
        "device": options.device or chosen.device,
    }
    whole = tier("full").model_dump()
    changed = tuple(
        f"{name}: {whole[name]} -> {public_name(value)}"
        for name, value in values.items()
        if _differs(name, whole[name], value)
    )
    if options.duration_mode != "paper":
        changed += (f"duration_mode: paper -> {options.duration_mode}",)
    dtype = options.dtype or _default_dtype(model, values["device"])
    if dtype != model.card.dtype:
        changed += (f"dtype: {model.card.dtype} -> {dtype}",)
    return Request(
        tier=options.tier,
        model=model.name,
        protocol=protocol,
        protocol_toml=protocol_text(options.protocol),
        dtype=dtype,
        attention=options.attention,
        duration_mode=options.duration_mode,
        with_audio=options.with_audio,
        challenge=options.challenge,
        deviations=deviations + changed,
        captions=captions or {},
        **values,
    )


def public_name(value: str) -> str:
    """Return a device or a kind of weights without the path that may be part of it."""
    if value in ("hub", "random", "cpu", "full", "tiny") or value.startswith("cuda:"):
        return value
    return "simulated" if value.startswith("simulated") else "folder"


def _hidden(value: str) -> str:
    public = public_name(value)
    if public == value:
        return value
    return f"{public}:{hashlib.sha256(value.encode()).hexdigest()[:12]}"


def _differs(name: str, expected: str, used: str) -> bool:
    """Tell a deviation from the paper: another GPU index is none."""
    return not used.startswith("cuda:") if name == "device" else used != expected


def _default_dtype(model: Model, device: str) -> str:
    """Half precision is for GPUs: on a CPU it is slow or missing."""
    return model.card.dtype if device.startswith("cuda:") else "float32"


def _fitting(chosen: Tier, protocol: Protocol) -> dict[str, Any]:
    """Return what the tier changes of that which the protocol asks for at all."""
    unasked = {str(name) for name in STUDIES if name not in protocol.studies.names()}
    unasked |= {name for name, value in protocol if value is None}
    return {
        name: value for name, value in chosen.change.items() if name.split(".")[0] not in unasked
    }


def _option_changes(options: Options, protocol: Protocol) -> dict[str, Any]:
    named: dict[str, Any] = {
        "repeats": options.repeats,
        "window_timeout_s": options.window_timeout_s,
    }
    for study in {"steps", "quality", "sanity", "stages"} & set(protocol.studies.names()):
        named[f"{study}.steps"] = options.steps
    if protocol.studies.batch is not None:
        named["batch.batch_sizes"] = options.batch_sizes
    if protocol.studies.quality is not None:
        named["quality.clips"] = options.captions
        named["quality.datasets"] = options.datasets or None
    if protocol.studies.sanity is not None:
        named["sanity.clips"] = _sanity_clips(options, protocol.studies.sanity.clips)
    return {name: value for name, value in named.items() if value is not None}


def _sanity_clips(options: Options, known: Mapping[str, int]) -> dict[str, int]:
    clips = {}
    for name in options.datasets or known:
        most = known.get(name, options.captions)
        if most is None:
            raise UsageError(
                f"sanity: the size of {name!r} is not known: say how many with --captions"
            )
        clips[name] = min(most, options.captions or most)
    return clips


def _datasets(protocol: Protocol) -> dict[CaptionStudy, dict[str, int]]:
    """Return the data sets of each study that has any, and the clips wanted of each."""
    found: dict[CaptionStudy, dict[str, int]] = {}
    quality, sanity = protocol.studies.quality, protocol.studies.sanity
    if quality is not None:
        found["quality"] = dict.fromkeys(quality.datasets, quality.clips)
    if sanity is not None:
        found["sanity"] = sanity.clips
    return found


def _check_durations(captions: CaptionList) -> None:
    lacking = sum(item.duration_s is None for item in captions.items)
    if lacking:
        raise UsageError(
            f"{captions.dataset}: the sanity check generates each recording's own duration, "
            f"found none for {lacking} of {len(captions.items)}: put the WAV files of the data "
            f"set beside its captions, in the folder {captions.dataset}"
        )


def _public_list(captions: CaptionList) -> dict[str, Any]:
    """Return what a stranger may know of a list of captions, and needs to have the same."""
    return {
        "dataset": captions.dataset,
        "caption_set": captions.caption_set,
        "choice_seed": captions.choice_seed,
        "clips": len(captions.items),
        "sha256": captions.sha256,
    }
