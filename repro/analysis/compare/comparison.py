"""Two sides held against each other: every setting, every study as a whole, and three answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from repro.analysis import equivalence
from repro.analysis.compare.pairs import alone, pairs
from repro.analysis.compare.settings import Setting, settings
from repro.analysis.equivalence import ALPHA, FEWEST, Answer, Estimate, Ratio, Trial
from repro.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from repro.analysis.compare.pairs import Pair
    from repro.analysis.compare.sides import Side
    from repro.analysis.lines import Line, StepLine


@dataclass(frozen=True, slots=True)
class Result:
    """The answer for one setting, or for all settings of a study together if it is ``whole``."""

    pair: Pair
    settings: tuple[Setting, ...]
    whole: bool
    trial: Trial
    answer: Answer

    @property
    def study(self) -> str:
        """The study that the settings are of."""
        return self.pair.study

    @property
    def differs(self) -> tuple[str, ...]:
        """What differs besides the hardware and conditions, or was executed otherwise."""
        executed = dict.fromkeys(text for one in self.settings for text in one.differs)
        return (*self.pair.loud, *executed)


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of energy against denoiser calls of both sides, and the ratio of their slopes."""

    reference: StepLine | None
    other: StepLine | None
    slope: Ratio | None


@dataclass(frozen=True, slots=True)
class Model:
    """A series of the other side with all its results."""

    label: str
    results: tuple[Result, ...]
    lines: Lines
    answer: Answer


@dataclass(frozen=True, slots=True)
class Comparison:
    """Another side against the reference, within ``margin`` (0.05 is 5 %)."""

    reference: Side
    other: Side
    margin: float
    models: tuple[Model, ...]
    answer: Answer
    notes: tuple[str, ...]

    @property
    def boards_differ(self) -> bool:
        """Whether the sides are of different hardware, and the question is what each needs."""
        return self.reference.hardware != self.other.hardware

    @property
    def tests(self) -> int:
        """How many tests the answers are corrected for."""
        return sum(one.trial.reason is None for model in self.models for one in model.results)

    @property
    def loud(self) -> dict[str, list[str]]:
        """What differs besides hardware and conditions, with the models it is true of."""
        found: dict[str, list[str]] = {}
        for model in self.models:
            for text in dict.fromkeys(text for one in model.results for text in one.differs):
                found.setdefault(text, []).append(model.label)
        return found


RULE = (
    "A setting is reproduced when the energies of both sides are equivalent within the margin, "
    "not reproduced when they differ by more than the margin, and inconclusive when the repeats "
    "show neither, or are fewer than {fewest} on a side; both at a family-wise error of "
    "{alpha:g} %, corrected by Holm over all {tests} tests of the comparison. A model is "
    "reproduced when each of its studies is, all its shared settings together, and not reproduced "
    "when any setting or study is not; a single setting may stay inconclusive within a study that "
    "is reproduced. The comparison is reproduced when all its models are, and not reproduced when "
    "any of them is not."
)


def compare(sides: Sequence[Side], *, margin: float) -> tuple[Comparison, ...]:
    """Hold every other side against the first.

    Raises:
        UsageError: no side shares a setting with the reference, or the margin is none.

    """
    if not 0 < margin < 1:
        raise UsageError(f"--margin: expected a share such as 0.05 for 5 %, found {margin:g}")
    found = tuple(_compare(sides[0], other, margin) for other in sides[1:])
    if not any(one.models for one in found):
        _check_kinds(sides)
        listed = ", ".join(side.label for side in sides)
        why = "".join(f" ({note.removesuffix('.')})" for one in found for note in one.notes[:1])
        raise UsageError(
            "compare: expected a model with a setting that two sides share, found none in "
            f"{listed}{why}; name sides that measured the same model at the same steps"
        )
    return found


def _check_kinds(sides: Sequence[Side]) -> None:
    """Name the cause where the GPU was measured on one side, and on another the CPU alone."""
    kinds = {side.label: side.quantities for side in sides}
    if len(set(kinds.values())) > 1:
        found = ", ".join(
            f"{' and '.join(kind.upper() for kind in each) or 'no'} energy of {label}"
            for label, each in kinds.items()
        )
        raise UsageError(
            f"compare: expected energy of one kind on all sides, found {found}; GPU energy is "
            "never held against CPU energy: measure each side on a GPU, or each without"
        )


def _compare(reference: Side, other: Side, margin: float) -> Comparison:
    notes = [*reference.data.notices, *other.data.notices, *alone(reference.data, other.data)]
    subjects: list[_Subject] = []
    for pair in pairs(reference, other):
        found, words = settings(pair, reference, other)
        notes += words
        subjects += _subjects(pair, found)
    trials = equivalence.corrected([_trial(found, margin) for _, found, _ in subjects])
    results = [
        Result(*subject, trial, equivalence.answer(trial))
        for subject, trial in zip(subjects, trials, strict=True)
    ]
    models = tuple(
        _model(label, [one for one in results if one.pair.label == label], reference, other)
        for label in dict.fromkeys(one.pair.label for one in results)
    )
    answer = equivalence.together(model.answer for model in models)
    return Comparison(reference, other, margin, models, answer, tuple(dict.fromkeys(notes)))


_Subject = tuple["Pair", tuple[Setting, ...], bool]


def _subjects(pair: Pair, found: Sequence[Setting]) -> Iterable[_Subject]:
    """Yield each setting alone, and after them all of them together."""
    yield from ((pair, (one,), False) for one in found)
    if found:
        yield pair, tuple(found), True


def _trial(found: Sequence[Setting], margin: float) -> Trial:
    return equivalence.trial(
        [one.reference.energy_j for one in found],
        [one.other.energy_j for one in found],
        margin=margin,
    )


def _model(label: str, results: Sequence[Result], reference: Side, other: Side) -> Model:
    answer = equivalence.together(
        (one.answer for one in results if one.whole),
        [one.answer for one in results if not one.whole],
    )
    pair = next((one.pair for one in results if one.study == "steps"), results[0].pair)
    lines = _lines(reference.lines.get(pair.reference), other.lines.get(pair.other))
    return Model(label, tuple(results), lines, answer)


def _lines(reference: StepLine | None, other: StepLine | None) -> Lines:
    slopes = [_slope(one.line) if one and one.line else None for one in (reference, other)]
    comparable = reference and other and reference.quantity == other.quantity
    if not comparable or slopes[0] is None or slopes[1] is None:
        return Lines(reference, other, None)
    return Lines(reference, other, equivalence.ratio([slopes[0]], [slopes[1]]))


def _slope(line: Line) -> Estimate | None:
    """Take the slope for an estimate; a line takes two degrees of freedom."""
    if line.slope <= 0 or not line.slope_se:
        return None
    return Estimate(line.slope, line.slope_se, line.n - 2)


def rule(comparison: Comparison) -> str:
    """State how the answers were come by."""
    return RULE.format(alpha=100 * ALPHA, fewest=FEWEST, tests=comparison.tests)
