"""What ``tta-energy doctor`` says: every check of this machine for what is to be measured on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from repro.catalog import choose, read_catalog
from repro.doctor import SEE_DRIVER, Needs, Site, State, examine
from repro.plan import audio_bytes
from repro.protocol import tier
from repro.records import Record
from repro.request import Options, chosen_protocol

if TYPE_CHECKING:
    from pathlib import Path

    from repro.catalog import Model
    from repro.protocol import Protocol


class NamedFinding(Record):
    """A check by name, and how it ended."""

    check: str
    state: State
    found: str
    remedy: str | None


class Answer(Record):
    """All checks of a machine; ``fit`` where none fails."""

    device: str
    fit: bool
    checks: tuple[NamedFinding, ...]


def consult(
    device: str,
    out: Path,
    *,
    models: tuple[str, ...],
    models_dirs: tuple[Path, ...],
    **options: Any,
) -> Answer:
    """Examine this machine for the tier ``full`` as these options cut it.

    Raises:
        UsageError: a model, an option or the device is unknown.

    """
    asked = Options(tier="full", device=device, **options)
    protocol, _ = chosen_protocol(asked)
    chosen = _models(models, models_dirs)
    quality = protocol.studies.quality
    needs = Needs(
        models=chosen,
        weights=asked.weights or "hub",
        audio_bytes=_audio_bytes(protocol, chosen),
        datasets=quality.datasets if quality else (),
        captions_dir=asked.captions_dir,
        scorer=tier(asked.tier).scorer if quality else None,
    )
    findings = examine(Site.of(device, out, needs))
    return Answer(
        device=device,
        fit=all(one.state is not State.FAIL for one in findings.values()),
        checks=tuple(
            NamedFinding(check=name, **one.model_dump()) for name, one in findings.items()
        ),
    )


def render(answer: Answer) -> str:
    """Return a line a check, with what to do beneath it, and the verdict."""
    lines = []
    # Without a GPU to ask, one line says so for all that would ask it.
    untold = [one for one in answer.checks if one.remedy == SEE_DRIVER]
    for one in answer.checks:
        if one in untold:
            continue
        lines.append(f"{one.state.value:<5} {one.check:<15} {one.found}")
        if one.remedy:
            lines.append(f"{'':<21} -> {one.remedy}")
    if untold:
        lines.append(f"{'warn':<5} cannot be told: {', '.join(one.check for one in untold)}")
        lines.append(f"{'':<21} -> {SEE_DRIVER}")
    counts = {state: sum(one.state is state for one in answer.checks) for state in State}
    counted = ", ".join(f"{count} {state.value}" for state, count in counts.items())
    verdict = "fit to measure on" if answer.fit else "not fit to measure on"
    return "\n".join([*lines, "", f"{answer.device}: {verdict} ({counted})"])


def _models(names: tuple[str, ...], extra: tuple[Path, ...]) -> tuple[Model, ...]:
    """Return the named models, or those of the paper that are installed, if any."""
    catalog = read_catalog(extra)
    if names:
        return tuple(choose(catalog, names))
    return tuple(model for model in catalog.values() if model.card.in_paper and not model.missing())


def _audio_bytes(protocol: Protocol, models: tuple[Model, ...]) -> int:
    return sum(
        audio_bytes(protocol, model, study)
        for model in models
        for study in protocol.studies.names()
    )
