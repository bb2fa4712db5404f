"""The models as ``tta-energy models`` lists them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from repro import weights
from repro.records import Record

if TYPE_CHECKING:
    from repro.catalog import Model


FLOPS_STEPS = 100  # every model of the paper executes as many for as many


class ModelSummary(Record):
    """One model in the list. ``parameters`` are counts by component at full size.

    ``flops`` are floating-point operations of one clip of the paper by stage, a multiply-add as
    two; of denoising those of one call. ``flops_generation`` adds ``FLOPS_STEPS`` calls and the
    other stages up.
    """

    name: str
    title: str
    in_paper: bool
    checkpoint: str
    revision: str | None
    licence: str
    licence_note: str | None
    gated: bool
    dtype: str
    sample_rate: int
    channels: int
    parameters: dict[str, int]
    parameters_total: int
    parameters_reported: str | None
    weights: Literal["here", "missing"]
    installed: bool
    missing: str | None
    deviations: tuple[str, ...]
    flops: dict[str, int]
    flops_generation: int | None
    companions: tuple[str, ...]
    environment: str


def summarize(model: Model) -> ModelSummary:
    """Return what is known of a model without starting it."""
    card, missing = model.card, model.missing()
    return ModelSummary(
        name=card.name,
        title=card.title,
        in_paper=card.in_paper,
        checkpoint=card.checkpoint,
        revision=card.revision,
        licence=card.licence,
        licence_note=card.licence_note,
        gated=card.gated,
        dtype=card.dtype,
        sample_rate=card.sample_rate_hz,
        channels=card.channels,
        parameters=card.parameters,
        parameters_total=sum(card.parameters.values()),
        parameters_reported=card.parameters_reported,
        weights="here" if weights.find(card) else "missing",
        installed=missing is None,
        missing=missing,
        deviations=tuple(item.text for item in card.deviations),
        flops=card.flops,
        flops_generation=sum_flops(card.flops),
        companions=tuple(f"{one.checkpoint} at {one.revision}" for one in card.companions),
        environment=card.environment,
    )


def sum_flops(flops: dict[str, int]) -> int | None:
    """Add up a generation of ``FLOPS_STEPS`` steps, each of which is one call of the denoiser."""
    if not flops:
        return None
    times = {"denoising": FLOPS_STEPS}
    return sum(count * times.get(stage, 1) for stage, count in flops.items())


def render(summaries: list[ModelSummary], width: int | None = None) -> str:
    """Return one line a model, without the checkpoint where that is wider than ``width``.

    Operations in 1e12, of one call of the denoiser and of one clip.
    """
    form = "{:<21} {:>13} {:>8} {:>7} {:>7} {:<7} {:<3} {:<7} {}"
    heading = (
        "model", "parameters", "reported", "TF/call", "TF/clip", "dtype", "env", "weights",
        "checkpoint",
    )  # fmt: skip
    rows = [heading, *(_cells(item) for item in summaries)]
    lines = [form.format(*row) for row in rows]
    if width is not None and max(map(len, lines)) > width:
        lines = [form.format(*row[:-1], "").rstrip() for row in rows]
    notes = (
        "reported: parameters as the paper counts them",
        f"TF: 1e12 floating-point operations, a clip of the paper at {FLOPS_STEPS} steps",
        "env: whether the model's environment is installed",
    )
    return "\n".join([*lines, "", *notes])


def _cells(item: ModelSummary) -> tuple[str, ...]:
    return (
        item.name,
        f"{item.parameters_total:,}",
        item.parameters_reported or "",
        _tera(item.flops.get("denoising")),
        _tera(item.flops_generation),
        item.dtype,
        "yes" if item.installed else "no",
        item.weights,
        item.checkpoint,
    )


def render_one(item: ModelSummary) -> str:
    """Return everything about one model."""
    lines = [f"{item.title} ({item.name})", ""]
    facts = {
        "checkpoint": f"{item.checkpoint} at {item.revision or 'no pinned revision'}",
        "needs too": ", ".join(item.companions) or "-",
        "licence": " - ".join(filter(None, (item.licence, item.licence_note))),
        "gated": "yes, a token is needed" if item.gated else "no",
        "weights": item.weights,
        "dtype": item.dtype,
        "audio": f"{item.sample_rate} Hz, {item.channels} channel(s)",
        "reported": item.parameters_reported or "-",
        "environment": item.missing or f"{item.environment}, installed",
    }
    lines += [f"{name:<12} {value}" for name, value in facts.items()]
    lines += ["", "parameters"]
    lines += [f"  {name:<20} {count:>15,}" for name, count in item.parameters.items()]
    lines += [f"  {'total':<20} {item.parameters_total:>15,}"]
    if item.flops:
        lines += ["", "floating-point operations of one clip, a multiply-add as two"]
        lines += [f"  {_stage(name):<24} {count:>20,}" for name, count in item.flops.items()]
        lines += [f"  {f'at {FLOPS_STEPS} steps':<24} {item.flops_generation:>20,}"]
    lines += ["", *(f"deviation: {text}" for text in item.deviations)]
    return "\n".join(lines).rstrip()


def _tera(count: int | None) -> str:
    return "" if count is None else f"{count / 1e12:.2f}"


def _stage(name: str) -> str:
    return "denoising, one call" if name == "denoising" else name.replace("_", " ")
