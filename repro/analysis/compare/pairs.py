"""Which series is held against which, and what besides the hardware differs between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from repro.analysis.compare.sides import STUDIES
from repro.analysis.reading.series import labels, ordered

if TYPE_CHECKING:
    from collections.abc import Sequence

    from repro.analysis.compare.sides import Side
    from repro.analysis.reading.dataset import DataSet
    from repro.analysis.reading.series import Series

#: What makes the two sides another experiment; said on top and in each row.
LOUD = ("checkpoint", "weights", "size", "protocol", "dtype")


@dataclass(frozen=True, slots=True)
class Pair:
    """Two series of one model in one study; ``loud`` and ``quiet`` say what differs.

    ``label`` names the series of the other side; what differs reads reference / other.
    """

    label: str
    study: str
    reference: Series
    other: Series
    loud: tuple[str, ...]
    quiet: tuple[str, ...]


def series_of(data: DataSet) -> tuple[Series, ...]:
    """Return the series of a data set in the order of every table."""
    return ordered(row.series for source in data.sources for row in source.rows)


def pairs(reference: Side, other: Side) -> tuple[Pair, ...]:
    """Hold each series of the other side against the reference's most alike, study by study.

    A reference may have measured one study of a model otherwise than another.
    """
    models = {one.model for one in series_of(reference.data)}
    shared = [one for one in series_of(other.data) if one.model in models]
    named = labels(shared)
    return tuple(
        _pair(named[one], study, one, candidates)
        for one in shared
        for study in STUDIES
        if one in other.measured(study)
        and (candidates := [each for each in reference.measured(study) if each.model == one.model])
    )


def _pair(label: str, study: str, other: Series, candidates: Sequence[Series]) -> Pair:
    nearest = min(
        candidates, key=lambda one: (len(_loud(one, other)), len(_quiet(one, other)), one.sort_key)
    )
    return Pair(label, study, nearest, other, _loud(nearest, other), _quiet(nearest, other))


def _loud(reference: Series, other: Series) -> tuple[str, ...]:
    return tuple(
        f"{name}: {getattr(reference, name)} / {getattr(other, name)}"
        for name in LOUD
        if getattr(reference, name) != getattr(other, name)
    )


def _quiet(reference: Series, other: Series) -> tuple[str, ...]:
    """Name the conditions that are on one side alone."""
    sides = (("reference", reference, other), ("other", other, reference))
    return tuple(
        f"{name}: {condition}"
        for name, one, another in sides
        for condition in one.conditions
        if condition not in another.conditions
    )


def alone(reference: DataSet, other: DataSet) -> tuple[str, ...]:
    """Say which models are on one side and so are not compared."""
    models = [{one.model: one.title for one in series_of(data)} for data in (reference, other)]
    sides = (("reference", models[0], models[1]), ("other side", models[1], models[0]))
    return tuple(
        f"Not compared: {title}, which only the {name} has."
        for name, own, foreign in sides
        for model, title in own.items()
        if model not in foreign
    )
