"""To which series a window belongs, by what its bundle says of model, machine and conditions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from repro.analysis.reading.series import Series

if TYPE_CHECKING:
    from repro.analysis.reading.dataset import Card
    from repro.records import Environment, Window

#: Deviations that change which points there are, or that a series names in a field of its own.
_GRID = ("steps.", "batch.", "quality.", "stages.")
_NAMED = frozenset((
    "studies", "repeats", "idle_s", "window_timeout_s", "weights", "size", "device", "dtype",
    "attention",
))  # fmt: skip


def series_of(window: Window, environment: Environment, card: Card) -> Series:
    """Return the series of a window."""
    facts = environment.model
    total = sum(facts.parameters.values()) or None
    full = environment.size == "full"
    return Series(
        model=window.model,
        title=card.title or window.model,
        checkpoint=window.checkpoint,
        hardware=hardware(environment),
        weights=environment.weights,
        size=environment.size,
        protocol=environment.protocol,
        dtype=facts.dtype,
        conditions=_conditions(environment),
        order=card.order,
        # The reported count is that of the full model and says nothing about a tiny one.
        parameters=(card.parameters_reported if full else None) or _count(total),
        parameters_total=total,
    )


def hardware(environment: Environment) -> str:
    """Name what was measured: the GPU, or the processor where there was none."""
    gpu = environment.machine.gpu
    if gpu is None:
        return f"{environment.machine.cpu} (CPU)"
    return f"{gpu.name} (simulated)" if gpu.simulated else gpu.name


def _conditions(environment: Environment) -> tuple[str, ...]:
    facts, gpu = environment.model, environment.machine.gpu
    found = [f"{name} {version}" for name, version in sorted(facts.libraries.items())]
    if facts.attention is not None:
        found.append(f"attention {facts.attention}")
    if facts.weights_sha256:
        found.append(f"weights {facts.weights_sha256[:12]}")
    if gpu is not None and gpu.power_limit_w is not None:
        found.append(f"power limit {gpu.power_limit_w:g} W")
    return (*found, *(text for text in environment.deviations if _changes_energy(text)))


def _changes_energy(deviation: str) -> bool:
    name = deviation.partition(":")[0].strip()
    return name not in _NAMED and not name.startswith(_GRID)


def _count(parameters: int | None) -> str | None:
    if parameters is None:
        return None
    if parameters >= 1_000_000_000:  # noqa: PLR2004 - where the paper changes from M to B
        return f"{parameters / 1e9:.3g}B"
    return f"{parameters / 1e6:.3g}M"
