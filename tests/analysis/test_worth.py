"""How many steps are enough: the trials by themselves, and the answers for a run with scores."""

from __future__ import annotations

from dataclasses import replace

import pytest

from repro.analysis.pareto.panels import panels
from repro.analysis.reading.load import load
from repro.analysis.reading.scores import Scoring
from repro.analysis.worth.tables import worth_table
from repro.analysis.worth.trials import TOGETHER, tried, worths
from repro.bundle import Verdict
from repro.records import Contrast
from tests.analysis.examined import examined
from tests.scored import make_quality_run, make_scored


def contrast(steps, difference, *, half=0.001, metric="fad", last=100, **more):
    return Contrast(
        dataset="clotho", model="a", metric=metric, steps=steps, other_steps=last,
        difference=difference, low=difference - half, high=difference + half, n=300, **more,
    )  # fmt: skip


def passing(*contrasts, last=0.2):
    return [trial.steps for trial in tried(contrasts, last) if trial.passes]


def test_enough_is_what_is_surely_within_the_margin_of_the_largest():
    """5 % of 0.2 is 0.01: worse by 0.005 is enough, worse by 0.02 is not."""
    assert passing(contrast(10, -0.02), contrast(25, -0.005)) == [25]


def test_what_may_as_well_be_worse_is_not_enough():
    """Absence of evidence: the interval reaches beyond the margin."""
    assert passing(contrast(25, 0.0, half=0.05)) == []


def test_better_than_the_largest_is_enough_in_either_direction():
    assert passing(contrast(10, 0.05)) == [10]
    assert passing(contrast(10, -0.05, metric="clap")) == [10]
    assert passing(contrast(10, 0.05, metric="clap")) == []


def test_holm_asks_more_of_several_tests_than_of_one():
    # z = 1.8 for a loss of 0 with this width: p = 0.036
    width = 0.01 / 1.8 * 1.959964
    alone = contrast(10, 0.0, half=width)
    assert passing(alone) == [10]
    assert passing(alone, contrast(25, 0.0, half=width), contrast(50, 0.0, half=width)) == []


def test_few_degrees_of_freedom_ask_more_than_many():
    width = 0.01 / 1.8 * 1.959964
    assert passing(contrast(10, 0.0, half=width, se=0.01 / 1.8, df=2)) == []
    assert passing(contrast(10, 0.0, half=width, se=0.01 / 1.8, df=1000)) == [10]


def test_contrasts_without_scatter_are_decided_by_the_difference_alone():
    assert passing(contrast(10, -0.005, half=0.0), contrast(25, -0.02, half=0.0)) == [10]


@pytest.fixture(scope="module")
def run():
    return make_quality_run()


def joined(run, scored):
    """Return a run with its scores, as ``load`` joins them."""
    data = load([examined(run)])
    scoring = Scoring("scores.zip", "0" * 64, Verdict.INTEGRITY_ONLY, (), None, scored)
    source = replace(data.sources[0], scoring=scoring, scores=scored.scores)
    return replace(data, sources=(source,))


def up_to(scored, last, metrics=("fad", "clap")):
    """Leave out what these metrics say of more than ``last`` steps."""

    def kept(row, most):
        return row.metric not in metrics or most <= last

    return scored.model_copy(update={
        "scores": tuple(row for row in scored.scores if kept(row, row.steps)),
        "contrasts": tuple(row for row in scored.contrasts if kept(row, row.other_steps)),
    })  # fmt: skip


def answers(run, scored, change=lambda panel: panel):
    """Return the rows of the table by data set and metric."""
    data = joined(run, scored)
    table = worth_table(data, worths(data, [change(panel) for panel in panels(data)]))
    rows = [dict(zip(table.names, row, strict=True)) for row in table.rows]
    return {(row["dataset"], row["metric"]): row for row in rows}


def scattered(share):
    """Return a change that gives every energy a deviation of so much of it, or none."""

    def change(panel):
        entries = [
            replace(one, energy_sd_j=None if share is None else share * one.energy_j)
            for one in panel.entries
        ]
        return replace(panel, entries=tuple(entries))

    return change


def within(run, **values):
    return make_scored(run, half=0.001, **values)


def test_the_table_names_the_smallest_steps_and_what_they_save(run):
    """FAD is within 5 % from 25 steps on, CLAP only at 50: together nothing less is enough."""
    scored = within(
        run,
        fad=lambda steps: {10: 0.4, 25: 0.2, 50: 0.2}[steps],
        clap=lambda steps, item: {10: 0.1, 25: 0.2, 50: 0.4}[steps] + 0.01 * (item % 2),
    )
    found = answers(run, scored)
    fad, together = found["clotho", "fad"], found["clotho", TOGETHER]
    assert (fad["enough_steps"], fad["last_steps"], fad["answer"]) == (25, 50, "fewer are enough")
    ratio = (0.2 + 0.026 * 25) / (0.2 + 0.026 * 50)
    assert fad["energy_saved_percent"] == pytest.approx(100 * (1 - ratio))
    assert fad["margin"] == pytest.approx(0.01)
    assert together["enough_steps"] == 50
    assert together["answer"] == "fewer are not shown to be enough"
    assert together["energy_saved_percent"] == 0


def test_steps_that_were_measured_and_not_scored_are_never_the_last(run):
    """50 steps were measured: but what was tested is 10 against 25, and that is said."""
    level = up_to(within(run, fad=lambda _: 0.3), 25)
    row = answers(run, level)["clotho", "fad"]
    assert (row["enough_steps"], row["last_steps"]) == (10, 25)
    ratio = (0.2 + 0.026 * 10) / (0.2 + 0.026 * 25)
    assert row["energy_saved_percent"] == pytest.approx(100 * (1 - ratio))

    rising = up_to(within(run, fad=lambda steps: 4.0 / steps), 25)
    row = answers(run, rising)["clotho", "fad"]
    assert (row["enough_steps"], row["last_steps"]) == (25, 25)
    assert row["answer"] == "fewer are not shown to be enough"


def test_metrics_that_were_tested_against_different_steps_give_no_common_answer(run):
    scored = up_to(within(run, fad=lambda _: 0.3), 25, metrics=("clap",))
    found = answers(run, scored)
    assert found["clotho", "fad"]["last_steps"] == 50
    assert found["clotho", "clap"]["last_steps"] == 25
    together = found["clotho", TOGETHER]
    assert together["enough_steps"] is None
    assert together["answer"].startswith("insufficient: no two numbers of steps were tested")


def test_together_asks_the_worse_of_both_metrics(run):
    scored = within(
        run, fad=lambda steps: 0.2 + (steps == 10), clap=lambda _, item: 0.3 + 0.01 * (item % 2)
    )
    found = answers(run, scored)
    assert found["clotho", "clap"]["enough_steps"] == 10
    assert found["clotho", "fad"]["enough_steps"] == 25
    assert found["clotho", TOGETHER]["enough_steps"] == 25
    assert found["clotho", TOGETHER]["p"] == found["clotho", "fad"]["p"]


def test_scores_without_paired_tests_are_insufficient(run):
    untested = within(run).model_copy(update={"contrasts": ()})
    found = answers(run, untested)
    assert {row["answer"] for row in found.values()} == {"insufficient: no paired tests"}


def test_the_saving_has_an_interval_where_both_energies_have(run):
    """10 % on either energy is 14 % on their ratio."""
    level = within(run, fad=lambda _: 0.3)
    row = answers(run, level, scattered(0.1))["clotho", "fad"]
    saved = row["energy_saved_percent"]
    half = 1.959964 * (100 - saved) * 0.1 * 2**0.5
    assert (row["saved_low_95"], row["saved_high_95"]) == pytest.approx(
        (saved - half, saved + half)
    )
    row = answers(run, level, scattered(None))["clotho", "fad"]
    assert row["energy_saved_percent"] == saved
    assert (row["saved_low_95"], row["saved_high_95"]) == (None, None)
