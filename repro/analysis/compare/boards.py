"""Two sides side by side: what they are, and what a clip costs on each."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from repro.analysis.compare.view import View, number
from repro.analysis.points import counts
from repro.analysis.tables.cells import wh
from repro.analysis.text import distinct

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from repro.analysis.compare.comparison import Comparison, Model
    from repro.analysis.compare.settings import Measured, Setting
    from repro.analysis.compare.sides import Side
    from repro.analysis.reading.dataset import Row, Source
    from repro.records import Gpu


def boards_first(comparison: Comparison) -> tuple[View, ...]:
    """Return what stands before all else: the sides, and what a clip costs on each."""
    clips = clips_view(comparison)
    return (boards_view(comparison), *([clips] if clips.rows else []))


def boards_view(comparison: Comparison) -> View:
    """Show what is known of the machine, the protocol and the model of both sides."""
    reference, other = (_facts(side) for side in (comparison.reference, comparison.other))
    return View(
        title="The two sides",
        headings=("", comparison.reference.label, comparison.other.label),
        rows=tuple(
            (name, reference[name] or "-", other[name] or "-")
            for name in reference
            if reference[name] or other[name]
        ),
    )


def _facts(side: Side) -> Mapping[str, str]:
    sources = side.data.sources
    return {
        "GPU": _gpu(sources, lambda gpu: gpu.name + (", simulated" if gpu.simulated else "")),
        "Driver": _gpu(sources, lambda gpu: gpu.driver),
        "Power limit": _gpu(sources, lambda gpu: _watts(gpu.power_limit_w)),
        "Idle power": _same(_watts(source.idle_w) for source in sources),
        "Mean power in windows": _watts(_mean_power_w(sources)),
        "Protocol": _same(source.environment.protocol for source in sources),
        "Weights": _same(source.environment.weights for source in sources),
        "Size": _same(source.environment.size for source in sources),
        "Number format": _same(source.environment.model.dtype for source in sources),
        "Stack": _same(_stack(source) for source in sources),
        "Processor": _same(source.environment.machine.cpu for source in sources),
    }


def _gpu(sources: Iterable[Source], fact: Callable[[Gpu], str | None]) -> str:
    gpus = (source.environment.machine.gpu for source in sources)
    return _same(fact(gpu) if gpu else "none" for gpu in gpus)


def _same(texts: Iterable[str | None]) -> str:
    """Join what differs within a side; what is not known says nothing."""
    return " or ".join(distinct(text for text in texts if text))


def _watts(power_w: float | None) -> str:
    return "" if power_w is None else f"{power_w:.4g} W"


def _stack(source: Source) -> str:
    image, libraries = source.environment.image, source.environment.model.libraries
    torch = f"torch {libraries['torch']}" if "torch" in libraries else ""
    return ", ".join(filter(None, [image.stack if image else "", torch]))


def _mean_power_w(sources: Iterable[Source]) -> float | None:
    """Return energy over time of all that counts, by the GPU where there is one."""
    rows = [row for source in sources for row in source.rows if counts(row) and row.duration_s]
    energies = [_energy_j(row) for row in rows]
    if not rows or None in energies:
        return None
    seconds = math.fsum(row.generations * (row.duration_s or 0.0) for row in rows)
    joules = (row.generations * (one or 0.0) for row, one in zip(rows, energies, strict=True))
    return math.fsum(joules) / seconds


def _energy_j(row: Row) -> float | None:
    return row.cpu_energy_j if row.gpu_energy_j is None else row.gpu_energy_j


def clips_view(comparison: Comparison) -> View:
    """Show what a clip costs on both sides, by model and steps."""
    names = (comparison.reference.label, comparison.other.label)
    return View(
        title="What a clip costs on both sides",
        headings=("Model", "Setting", *(f"{name} (Wh)" for name in names),
                  *(f"{name} (s)" for name in names), "Ratio"),
        rows=tuple(
            _clip_row(model, one)
            for model in comparison.models
            for result in model.results
            if not result.whole
            for one in result.settings
        ),
    )  # fmt: skip


def _clip_row(model: Model, one: Setting) -> tuple[str, ...]:
    setting = f"{one.steps} steps"
    if one.batch_size > 1 or one.study != "steps":
        setting = f"batch size {one.batch_size}, {setting}"
    sides = (one.reference, one.other)
    ratio = one.other.energy_j.mean / one.reference.energy_j.mean
    return (
        model.label, setting, *(_known(wh(side.energy_j.mean / one.samples)) for side in sides),
        *(_seconds(side, one.samples) for side in sides), number(ratio),
    )  # fmt: skip


def _seconds(side: Measured, samples: int) -> str:
    time = side.point.duration_s
    return _known(time.mean / samples if time else None)


def _known(value: float | None) -> str:
    return "-" if value is None else number(value)
