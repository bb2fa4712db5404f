"""What a tier would measure, model by model and study by study, with estimates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from repro.catalog import find, read_catalog
from repro.energy.units import JOULES_PER_KWH, kwh
from repro.plan import mean_duration_s, study_summary
from repro.protocol import manner
from repro.records import Record
from repro.request import (
    Captions,
    Options,
    chosen_protocol,
    lists_of,
    make_request,
    read_captions,
    without_captions,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from repro.catalog import Model
    from repro.protocol import Protocol


FORM = "{:<20} {:<8} {:>8} {:>8} {:>9} {:>8} {:>9}"


class StudyPreview(Record):
    """One study of one model; ``seconds`` and ``gpu_energy_j`` are None where nothing is known."""

    study: str
    windows: int
    clips: int
    seconds: float | None
    gpu_energy_j: float | None
    audio_bytes: int


class ModelPreview(Record):
    """One model: what is asked of it, and why it would be left out, if it would."""

    model: str
    missing: str | None
    studies: tuple[StudyPreview, ...]


class Preview(Record):
    """A tier's grid. Windows are measured generation calls, warm-ups apart."""

    tier: str
    protocol: str
    manner: dict[str, str]
    deviations: tuple[str, ...]
    captions: tuple[str, ...]
    estimated_on: str | None
    models: tuple[ModelPreview, ...]
    windows: dict[str, int]
    clips: int
    minutes: float | None
    gpu_energy_kwh: float | None
    audio_bytes: int


def preview(
    tier: str, *, models: tuple[str, ...], models_dirs: tuple[Path, ...], **options: Any
) -> Preview:
    """Return the grid of a tier for the named models, or for all of the paper's.

    Raises:
        UsageError: a model or an option is unknown.

    """
    asked = Options(tier=tier, **options)
    protocol, deviations = chosen_protocol(asked)
    chosen = _select(read_catalog(models_dirs), models)
    lists = _lists(asked)
    rows = tuple(
        ModelPreview(
            model=model.name,
            missing=model.missing(),
            # Whoever names a model has it in every study.
            studies=_studies(
                make_request(asked, model).protocol if models else protocol, model, lists
            ),
        )
        for model in chosen
    )
    cells = [study for row in rows for study in row.studies]
    duration_s, energy_j = (
        _sum(getattr(cell, name) for cell in cells) for name in ("seconds", "gpu_energy_j")
    )
    hardware = {model.card.reference.hardware for model in chosen if model.card.reference}
    return Preview(
        tier=tier,
        protocol=protocol.name,
        manner=manner(protocol),
        deviations=deviations,
        captions=tuple(_captions(without_captions(asked), lists)),
        estimated_on=", ".join(sorted(hardware)) or None,
        models=rows,
        windows={
            name: sum(cell.windows for cell in cells if cell.study == name)
            for name in protocol.studies.names()
        },
        clips=sum(cell.clips for cell in cells),
        minutes=None if duration_s is None else duration_s / 60,
        gpu_energy_kwh=kwh(energy_j),
        audio_bytes=sum(cell.audio_bytes for cell in cells),
    )


def render(grid: Preview) -> str:
    """Return the grid as text."""
    lines = [f"{grid.tier}, protocol {grid.protocol}; nothing is run", ""]
    lines.append(
        FORM.format("model", "study", "windows", "clips", "minutes", "GPU kWh", "audio MB")
    )
    for row in grid.models:
        lines += [_line(row.model, cell) for cell in row.studies]
    listed = ", ".join(f"{count} {study}" for study, count in grid.windows.items())
    lines += [_line("all", _all(grid)), "", f"windows: {listed}; warm-ups come on top"]
    lines += [f"{name}: {text}" for name, text in grid.manner.items()]
    if grid.estimated_on:
        lines.append(f"minutes and kWh: generation alone, as on {grid.estimated_on}")
    lines += [f"captions: {text}" for text in grid.captions]
    lines += [f"deviation: {text}" for text in grid.deviations]
    lines += [f"left out: {row.model}: {row.missing}" for row in grid.models if row.missing]
    return "\n".join(lines)


def _line(model: str, cell: StudyPreview) -> str:
    minutes = "?" if cell.seconds is None else f"{cell.seconds / 60:.1f}"
    energy_kwh = kwh(cell.gpu_energy_j)
    energy = "?" if energy_kwh is None else f"{energy_kwh:.3g}"
    megabytes = f"{cell.audio_bytes / 1e6:.0f}"
    return FORM.format(model, cell.study, cell.windows, cell.clips, minutes, energy, megabytes)


def _all(grid: Preview) -> StudyPreview:
    return StudyPreview(
        study="",
        windows=sum(grid.windows.values()),
        clips=grid.clips,
        seconds=None if grid.minutes is None else 60 * grid.minutes,
        gpu_energy_j=None if grid.gpu_energy_kwh is None else grid.gpu_energy_kwh * JOULES_PER_KWH,
        audio_bytes=grid.audio_bytes,
    )


def _sum(values: Iterable[float | None]) -> float | None:
    """Return the sum, or None where a part is not known."""
    listed = list(values)
    known = [value for value in listed if value is not None]
    return sum(known) if len(known) == len(listed) else None


def _studies(protocol: Protocol, model: Model, lists: Captions) -> tuple[StudyPreview, ...]:
    return tuple(
        StudyPreview.model_validate(study_summary(protocol, model, study, lists_of(study, lists)))
        for study in protocol.studies.names()
    )


def _lists(options: Options) -> Captions:
    """Read the captions of every study that has any."""
    asked = chosen_protocol(options)[0].studies.names()
    kept = tuple(name for name in asked if name not in without_captions(options))
    return read_captions(options.model_copy(update={"studies": kept})) if kept else {}


def _captions(lacking: Iterable[str], found: Captions) -> Iterator[str]:
    """Say of each data set which captions there are, or that there are none."""
    for study in lacking:
        yield f"{study}: none; a folder of them is named with --captions-dir"
    for study, lists in found.items():
        for captions in lists:
            mean_s = mean_duration_s([captions]) if study == "sanity" else None
            length = f", {mean_s:.1f} s on average" if mean_s else ""
            yield (
                f"{study}: {captions.dataset}: {len(captions.items)}, set {captions.caption_set}, "
                f"list {captions.sha256[:12]}{length}"
            )
            yield from captions.notes


def _select(catalog: dict[str, Model], names: tuple[str, ...]) -> list[Model]:
    if names:
        return [find(catalog, name) for name in dict.fromkeys(names)]
    return [model for model in catalog.values() if model.card.in_paper]
