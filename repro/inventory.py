"""The models as ``tta-energy models`` lists them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from repro import weights
from repro.records import Record

if TYPE_CHECKING:
    from repro.catalog import Model


class ModelSummary(Record):
    """One model in the list. ``parameters`` are counts by component at full size."""

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
    )


def render(summaries: list[ModelSummary]) -> str:
    """Return one line a model."""
    form = "{:<20} {:>14} {:>9}  {:<9} {:<9} {:<8} {}"
    heading = ("model", "parameters", "reported", "dtype", "installed", "weights", "checkpoint")
    lines = [form.format(*heading)]
    lines += [
        form.format(
            item.name,
            f"{item.parameters_total:,}",
            item.parameters_reported or "",
            item.dtype,
            "yes" if item.installed else "no",
            item.weights,
            item.checkpoint,
        )
        for item in summaries
    ]
    return "\n".join(lines)


def render_one(item: ModelSummary) -> str:
    """Return everything about one model."""
    lines = [f"{item.title} ({item.name})", ""]
    facts = {
        "checkpoint": f"{item.checkpoint} at {item.revision or 'no pinned revision'}",
        "licence": " - ".join(filter(None, (item.licence, item.licence_note))),
        "gated": "yes, a token is needed" if item.gated else "no",
        "weights": item.weights,
        "dtype": item.dtype,
        "audio": f"{item.sample_rate} Hz, {item.channels} channel(s)",
        "reported": item.parameters_reported or "-",
        "installed": item.missing or "yes",
    }
    lines += [f"{name:<12} {value}" for name, value in facts.items()]
    lines += ["", "parameters"]
    lines += [f"  {name:<20} {count:>15,}" for name, count in item.parameters.items()]
    lines += [f"  {'total':<20} {item.parameters_total:>15,}"]
    lines += ["", *(f"deviation: {text}" for text in item.deviations)]
    return "\n".join(lines).rstrip()
