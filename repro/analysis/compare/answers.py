"""The answers in words, with the reason where there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from repro.analysis.compare.need import need_of, need_words, sentence
from repro.analysis.equivalence import Answer
from repro.analysis.text import distinct

if TYPE_CHECKING:
    from collections.abc import Iterable

    from repro.analysis.compare.comparison import Comparison, Model

_OPEN = "the repeats scatter too much to show that it is the same, or that it is not"


def answer_lines(comparison: Comparison) -> Iterable[str]:
    """Yield what the terminal says: what another board needs, and whether it is the same."""
    if comparison.boards_differ and comparison.models:
        yield f"{sentence(comparison)}."
        for model in comparison.models:
            yield f"  {model.label}: {need_words(need_of(model))}"
    sides = f"{comparison.other.label} against {comparison.reference.label}"
    yield f"{sides}: {comparison.answer}, within {100 * comparison.margin:g} %"
    for model in comparison.models:
        yield f"  {model.label}: {model_answer(model)}"


def model_answer(model: Model) -> str:
    """Write the answer for a model; an open one with its reason."""
    if model.answer is not Answer.INCONCLUSIVE:
        return model.answer.value
    return f"{model.answer}: {'; '.join(_reasons(model))}"


def open_because(comparison: Comparison) -> str:
    """Say why a comparison has no answer; nothing where it has one."""
    if comparison.answer is not Answer.INCONCLUSIVE or not comparison.models:
        return ""
    wanting = [model for model in comparison.models if model.answer is Answer.INCONCLUSIVE]
    return "; ".join(distinct(text for model in wanting for text in _reasons(model)))


def _reasons(model: Model) -> list[str]:
    """Return why the wholes of a model have no answer."""
    wanting = [one for one in model.results if one.whole and one.answer is Answer.INCONCLUSIVE]
    return distinct(one.trial.reason or _OPEN for one in wanting)
