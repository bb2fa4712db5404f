"""The settings that both series of a pair have, with the energy that can be compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from repro.analysis.compare.pairs import Pair
    from repro.analysis.compare.sides import Side
    from repro.analysis.points import Point
    from repro.analysis.reading.series import Series
    from repro.analysis.stats import Summary

Quantity = Literal["gpu", "cpu"]
_Key = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Measured:
    """One side of a setting: energy in joules, ``audio_s`` and ``calls`` of one repeat.

    ``calls`` of the denoiser is None for the batch study, whose repeats are several generations.
    """

    point: Point
    energy_j: Summary
    audio_s: float | None
    calls: int | None

    @property
    def per_audio_s(self) -> float | None:
        """Joules per second of audio."""
        return self.energy_j.mean / self.audio_s if self.audio_s else None

    @property
    def per_call(self) -> float | None:
        """Joules per call of the denoiser, with the fixed energy spread over the calls."""
        return self.energy_j.mean / self.calls if self.calls else None


@dataclass(frozen=True, slots=True)
class Setting:
    """A study, steps and batch size on both sides; ``differs`` says what was executed otherwise."""

    study: str
    steps: int
    batch_size: int
    samples: int
    quantity: Quantity
    reference: Measured
    other: Measured
    differs: tuple[str, ...]


def settings(pair: Pair, reference: Side, other: Side) -> tuple[tuple[Setting, ...], list[str]]:
    """Return the shared settings of a pair, and a word on each that cannot be compared."""
    found: list[Setting] = []
    study = pair.study
    own = _points(reference, study, pair.reference)
    foreign = _points(other, study, pair.other)
    notes = [*_one_sided(pair, own, foreign)]
    for key in sorted(own.keys() & foreign.keys()):
        setting = _setting(study, own[key], foreign[key], reference, other)
        if isinstance(setting, Setting):
            found.append(setting)
        else:
            notes.append(f"Not compared: {pair.label}, {_words(study, key)}, {setting}.")
    return tuple(found), notes


def _points(side: Side, study: str, series: Series) -> dict[_Key, Point]:
    return {
        (point.steps, point.batch_size, point.samples): point
        for point in side.points[study]
        if point.series == series
    }


def _setting(study: str, own: Point, foreign: Point, reference: Side, other: Side) -> Setting | str:
    quantity = _quantity(own, foreign)
    if quantity is None:
        return "which no energy of one kind was measured for on both sides"
    left, right = (
        _measured(study, own, reference, quantity),
        _measured(study, foreign, other, quantity),
    )
    return Setting(
        study=study,
        steps=own.steps,
        batch_size=own.batch_size,
        samples=own.samples,
        quantity=quantity,
        reference=left,
        other=right,
        differs=_differs(own, foreign, quantity),
    )


def _quantity(own: Point, foreign: Point) -> Quantity | None:
    """Choose GPU energy; CPU energy stands in only where no GPU was measured on either side."""
    if own.gpu_energy_j and foreign.gpu_energy_j:
        return "gpu"
    if own.gpu_energy_j or foreign.gpu_energy_j:
        return None
    return "cpu" if own.cpu_energy_j and foreign.cpu_energy_j else None


def _measured(study: str, point: Point, side: Side, quantity: Quantity) -> Measured:
    energy_j = point.gpu_energy_j if quantity == "gpu" else point.cpu_energy_j
    if energy_j is None:
        raise AssertionError("a quantity is chosen only where both sides have it")
    single = study == "steps" and len(point.executed_steps) == 1
    calls = point.executed_steps[0] if single else None
    return Measured(point, energy_j, side.audio_s(study, point), calls)


def _differs(own: Point, foreign: Point, quantity: Quantity) -> tuple[str, ...]:
    found = []
    if (
        own.executed_steps
        and foreign.executed_steps
        and own.executed_steps != foreign.executed_steps
    ):
        found.append(f"executed steps: {_numbers(own)} / {_numbers(foreign)}")
    if quantity == "cpu" and own.cpu_sources != foreign.cpu_sources:
        kinds = [" and ".join(one.cpu_sources) or "unknown" for one in (own, foreign)]
        found.append(f"CPU energy: {' / '.join(kinds)}")
    return tuple(found)


def _numbers(point: Point) -> str:
    return " and ".join(map(str, point.executed_steps))


def _one_sided(pair: Pair, own: dict[_Key, Point], foreign: dict[_Key, Point]) -> Iterable[str]:
    for name, keys in (("reference", own.keys() - foreign.keys()),
                       ("other side", foreign.keys() - own.keys())):  # fmt: skip
        if keys:
            listed = "; ".join(_words(pair.study, key) for key in sorted(keys))
            yield f"Not compared: {pair.label}, only on the {name}: {listed}."


def _words(study: str, key: _Key) -> str:
    steps, batch_size, samples = key
    if study == "steps" and batch_size == 1:
        return f"{steps} steps"
    return f"{samples} samples at batch size {batch_size} and {steps} steps"
