"""Tables beside the scores: enough steps and what they save, and the clips to listen to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from repro.analysis.equivalence import ALPHA, MARGIN
from repro.analysis.tables.cells import series_cells
from repro.analysis.tables.columns import (
    ANSWER,
    CLASS,
    DATASET,
    HARDWARE,
    METRIC,
    MODEL,
    OF_SERIES,
    STEPS,
    Column,
    machine,
)
from repro.analysis.tables.table import Table, titles_of
from repro.analysis.worth.trials import TOGETHER

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from repro.analysis.reading.dataset import DataSet, Source
    from repro.analysis.tables.table import Cell
    from repro.analysis.worth.trials import Trial, Worth
    from repro.records import ScoredClip

#: Clips that are listed of each model and data set.
WORST = 5
_RANDOM = "Scored by networks with random weights: this says nothing of quality."


def worth_table(data: DataSet, worths: Sequence[Worth]) -> Table:
    """Make the table of the smallest numbers of steps that are enough."""
    kind = data.bundle_class.value
    return Table(
        name="worth",
        title="Enough steps, and the energy they save",
        bundle_class=kind,
        titles=titles_of(data.series),
        columns=(
            DATASET, METRIC, MODEL, Column("enough_steps", "Enough"), Column("last_steps", "of"),
            Column("energy_saved_percent", "Energy saved (%)"), Column("saved_low_95", "from"),
            Column("saved_high_95", "to (95 %)"), ANSWER, Column("tests"), HARDWARE, CLASS,
            *machine("loss", "margin", "p"), *OF_SERIES,
        ),
        rows=tuple(_row(worth, kind) for worth in worths),
        notes=_rule(data) if worths else (),
        implied=("hardware", "checkpoint", "weights"),
    )  # fmt: skip


def worst_table(data: DataSet) -> Table:
    """Make the table of the clips with the lowest CLAP scores, to be listened to."""
    kind = data.bundle_class.value
    rows = [row for source in data.sources for row in _worst(source, kind)]
    note = f"The {WORST} clips of each model and data set whose CLAP score is lowest."
    return Table(
        name="worst_clips",
        title="Clips that fit their caption least",
        bundle_class=kind,
        titles=titles_of(data.series),
        columns=(DATASET, MODEL, Column("item", "Item"), STEPS, Column("clap", "CLAP"),
                 Column("file", "File"), Column("run", "Bundle"), CLASS, Column("sha256")),
        rows=tuple(rows),
        notes=(note, *_randomness(data)) if rows else (),
    )  # fmt: skip


def _rule(data: DataSet) -> tuple[str, ...]:
    rule = (
        "Enough is the smallest number of steps whose score is not worse than that at the largest "
        f"number by {MARGIN:.0%} of the latter: the hypothesis that it is, tested over the same "
        "clips (paired, one-sided, Holm's correction over all numbers of steps of the row), is "
        f"rejected at {ALPHA:g}. In the rows {TOGETHER}, for every metric at once. Saved is the "
        "energy of a set against that at the largest number of steps, with 95 %."
    )
    return (rule, *_randomness(data))


def _randomness(data: DataSet) -> tuple[str, ...]:
    networks = {scoring.scored.environment.networks for scoring in data.scorings}
    return (_RANDOM,) if "random" in networks else ()


def _row(worth: Worth, kind: str) -> tuple[Cell, ...]:
    series, saved = worth.series, worth.saving
    trial = next((one for one in worth.trials if one.steps == worth.steps), None)
    percent = (
        tuple(None if value is None else 100 * value
              for value in (saved.share, saved.low, saved.high))
        if saved
        else (None, None, None)
    )  # fmt: skip
    return (
        worth.dataset, worth.metric, series.model, worth.steps, worth.last, *percent,
        _answer(worth), "; ".join(map(_tested, worth.trials)) or None, series.hardware, kind,
        *((trial.loss, trial.margin, trial.p) if trial else (None, None, None)),
        *series_cells(series),
    )  # fmt: skip


def _answer(worth: Worth) -> str:
    if worth.steps is None:
        return f"insufficient: {worth.reason}"
    return "fewer are enough" if worth.steps != worth.last else "fewer are not shown to be enough"


def _tested(trial: Trial) -> str:
    return f"{trial.steps}: loss {trial.loss:.4g} of {trial.margin:.4g} allowed, p {trial.p:.3g}"


def _worst(source: Source, kind: str) -> Iterable[tuple[Cell, ...]]:
    if source.scoring is None:
        return
    clips = [clip for clip in source.scoring.scored.clips if clip.clap is not None]
    for dataset in sorted({clip.dataset for clip in clips}):
        own = sorted((clip for clip in clips if clip.dataset == dataset), key=_lowest)
        for clip in own[:WORST]:
            yield (
                dataset, source.scoring.scored.environment.parent.model, clip.item, clip.steps,
                clip.clap, clip.name, source.bundle, kind, clip.sha256,
            )  # fmt: skip


def _lowest(clip: ScoredClip) -> tuple[float, int]:
    return (clip.clap or 0.0, clip.window)
