from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repro.analysis.drawing.plot import draw
from repro.analysis.lines import step_lines
from repro.analysis.reading.load import load
from repro.analysis.stages.figure import stages_figure
from repro.analysis.stages.shares import Estimate, checks, splits
from repro.analysis.stages.tables import checks_table, stages_table
from repro.records import Status
from tests.analysis.examined import changed, examined, with_rows, with_stages
from tests.factories import make_gpu, make_run

ENERGIES = {None: 1000.0, "text_encoding": 20.0, "denoising": 800.0, "decoding": 100.0}
VALUES = st.floats(1.0, 1e5)
US = st.floats(0.0, 1e3)


def data_of(energies=None, *, change=lambda row: row, gpu=make_gpu, **values):
    run = make_run(gpu=gpu(), steps=(10, 25), batch_sizes=())
    return load([examined(with_rows(with_stages(run, energies or ENERGIES, **values), change))])


def rows_of(table):
    return [dict(zip(table.names, row, strict=True)) for row in table.rows]


def figure_of(data):
    found = splits(data)
    return stages_figure(data, found, stages_table(data, found))


def test_a_stage_costs_what_its_windows_cost_by_generation_and_other_is_what_is_left():
    rows = rows_of(stages_table(data := data_of(), splits(data)))

    assert [(row["stage"], row["energy_j"]) for row in rows] == [
        ("text_encoding", pytest.approx(20)), ("denoising", pytest.approx(800)),
        ("decoding", pytest.approx(100)), ("other", pytest.approx(80)),
        ("whole", pytest.approx(1000)),
    ]  # fmt: skip
    assert [row["share_percent"] for row in rows] == pytest.approx([2, 80, 10, 8, 100])
    assert [row["n"] for row in rows] == [2, 2, 2, None, 2]


def test_shares_of_stages_and_other_make_the_whole_whatever_they_cost():
    @given(st.lists(VALUES, min_size=1, max_size=5), VALUES)
    def check(costs, whole_j):
        energies = {None: whole_j, **{f"stage_{n}": cost for n, cost in enumerate(costs)}}
        (split,) = splits(data_of(energies))
        together = split.together_j + split.other_j
        assert together.value == pytest.approx(split.whole.energy_j.value, abs=1e-6 * sum(costs))

    check()


def test_the_uncertainty_is_that_of_the_mean_by_scatter_and_at_least_the_instruments():
    def of(**values):
        (split,) = splits(data_of(**values))
        return split.stages["denoising"].energy_j.u

    # Two repeats 6 J apart: sd 4.243, over the root of two.
    assert of(step_j=3.0) == pytest.approx(3.0)
    # Stated for a window of four generations: a quarter for each, over the root of two.
    assert of(step_j=3.0, uncertainty_j=40.0) == pytest.approx(10 / math.sqrt(2))
    assert of(repeats=1) is None
    assert of(repeats=1, uncertainty_j=40.0) == pytest.approx(10.0)


@given(VALUES, US, VALUES, US)
def test_a_ratio_is_as_uncertain_as_a_small_change_of_either_makes_it(a, ua, b, ub):
    ratio = Estimate(a, ua) / Estimate(b, ub)
    expected = math.hypot(ua / b, a * ub / b**2)
    assert ratio.u == pytest.approx(expected)
    assert (Estimate(0.0, ua) / Estimate(b, ub)).u == pytest.approx(ua / b)
    assert (Estimate(a, None) / Estimate(b, ub)).u is None


def test_windows_that_do_not_count_leave_no_number_and_are_told_of():
    def fail(row):
        lost = row.study == "stages" and row.stage == "decoding"
        return changed(row, status=Status.DISPUTED) if lost else row

    data = data_of(change=fail)
    table = stages_table(data, splits(data))
    assert "decoding" not in table.column("stage")
    assert any("no window that counts of decoding: that energy is in other" in one
               for one in table.notes)  # fmt: skip


def test_a_stage_that_is_unsupported_is_no_gap():
    def lack(row):
        absent = row.study == "stages" and row.stage == "decoding"
        gone = {"duration_s": None, "gpu_energy_j": None, "gpu_meter": None, "cpu_energy_j": None}
        return changed(row, status=Status.UNSUPPORTED, **gone) if absent else row

    (split,) = splits(data_of(change=lack))
    assert (list(split.stages), split.missing) == (["text_encoding", "denoising"], ())


def test_without_the_whole_generation_there_is_nothing_to_share():
    assert splits(data_of({"denoising": 800.0})) == ()
    assert figure_of(load([examined()])) == ()


def test_the_stages_are_held_against_the_whole_and_against_the_line_through_the_steps():
    data = data_of(step_j=1.0)
    lines = step_lines(data)
    rows = rows_of(checks_table(data, checks(splits(data), lines)))

    (line,) = [one.line for one in lines]
    assert [(row["compared"], row["alone_j"], row["against_j"]) for row in rows] == [
        ("all stages", pytest.approx(920), pytest.approx(1000)),
        ("denoising", pytest.approx(800), pytest.approx(100 * line.slope)),
        ("the other stages", pytest.approx(120), pytest.approx(line.intercept)),
    ]
    assert rows[0]["ratio"] == pytest.approx(0.92)
    # Three stages of 1 J each against a whole of 1 J.
    assert rows[0]["ratio_u"] == pytest.approx(math.hypot(math.sqrt(3) / 1000, 0.92 / 1000))
    assert rows[1]["against_u_j"] == pytest.approx(100 * line.slope_se)


def test_without_the_study_steps_the_whole_alone_is_there_to_compare_with():
    data = data_of(change=lambda row: row if row.study == "stages" else None)
    assert [one.what for one in checks(splits(data), step_lines(data))] == ["all stages"]


def test_the_figure_draws_what_is_in_its_table_and_every_stage_has_one_look():
    (figure,) = figure_of(data_of(step_j=5.0))

    (bar,) = figure.bars
    drawn = [(segment.stage, segment.percent, segment.u_percent) for segment in bar.segments]
    columns = ("stage", "share_percent", "share_u_percent")
    assert drawn == list(zip(*map(figure.table.column, columns), strict=True))[:-1]
    assert figure.stages == ("text_encoding", "denoising", "decoding", "other")
    assert figure.x_label == "Share of the GPU energy of one generation (%)"
    assert bar.whole == "1000 ± 5 J"
    files = draw(figure)
    assert draw(figure) == files
    svg = files["svg"].decode()
    assert svg.count("<title>AudioLDM, ") == 4 + 1
    assert "AudioLDM, denoising: 800 ± 5 J, 80 ± 0.64 %" in svg


def test_stages_that_cost_more_than_the_whole_are_said_and_nothing_is_drawn_below_zero():
    (figure,) = figure_of(data_of({**ENERGIES, "denoising": 1200.0}))
    assert draw(figure)["svg"].decode().count("<title>AudioLDM, ") == 3 + 1
    assert any("more than the 1000" in note and "nothing is left for other" in note
               for note in figure.notes)  # fmt: skip


def test_without_a_gpu_the_energy_is_that_of_the_cpu_and_the_axis_says_how_it_is_known():
    (figure,) = figure_of(data_of(gpu=lambda: None))
    assert figure.x_label == "Share of the CPU energy of one generation (%, modelled)"
