"""What a user asked for: one record per model, which a resumed run is recognised by."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Literal

from repro.protocol import Protocol, Study, Tier, change, only, parse_protocol, protocol_text, tier
from repro.records import Record

if TYPE_CHECKING:
    from repro.catalog import Model


DurationMode = Literal["paper", "exact"]


class Options(Record):
    """The options of a tier as given; None stands for the tier's or the protocol's own value."""

    tier: str
    protocol: str = "paper"
    studies: tuple[Study, ...] = ()
    steps: tuple[int, ...] | None = None
    batch_sizes: tuple[int, ...] | None = None
    repeats: int | None = None
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

    def identity(self) -> dict[str, Any]:
        """Return what two requests must share to be the same run.

        It is kept in the bundle, so a path, which may name a user, appears as a hash.
        """
        fields = self.model_dump(mode="json", exclude={"protocol_toml"})
        return {**fields, "weights": _hidden(self.weights), "device": _hidden(self.device)}


def chosen_protocol(options: Options) -> tuple[Protocol, tuple[str, ...]]:
    """Return the protocol as the tier and the options change it, and each deviation.

    Raises:
        UsageError: an option does not fit the protocol.

    """
    chosen = tier(options.tier)
    protocol = parse_protocol(protocol_text(options.protocol))
    protocol, fewer = only(protocol, options.studies or chosen.studies or protocol.studies.names())
    changes = {**_fitting(chosen, protocol), **_option_changes(options, protocol)}
    protocol, changed = change(protocol, changes)
    return protocol, fewer + changed


def make_request(options: Options, model: Model) -> Request:
    """Return the request for one model.

    Raises:
        UsageError: an option does not fit the protocol.

    """
    chosen = tier(options.tier)
    protocol, deviations = chosen_protocol(options)
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
    unasked = {"steps", "batch", "quality"} - set(protocol.studies.names())
    unasked |= {name for name, value in protocol if value is None}
    return {
        name: value for name, value in chosen.change.items() if name.split(".")[0] not in unasked
    }


def _option_changes(options: Options, protocol: Protocol) -> dict[str, Any]:
    named: dict[str, Any] = {
        "repeats": options.repeats,
        "window_timeout_s": options.window_timeout_s,
    }
    if protocol.studies.steps is not None:
        named["steps.steps"] = options.steps
    if protocol.studies.batch is not None:
        named["batch.batch_sizes"] = options.batch_sizes
    return {name: value for name, value in named.items() if value is not None}
