from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repro.analysis.drawing.figures import Absent, fig1a, fig1b
from repro.analysis.drawing.plot import COLOURS, draw, spread
from repro.analysis.points import batch_points, step_points
from repro.analysis.reading.load import load
from repro.records import Status
from tests.analysis.examined import changed, examined, with_header, with_rows
from tests.factories import make_gpu, make_run


def charts(*examinations):
    data = load(examinations)
    return fig1a(data, step_points(data)), fig1b(data, batch_points(data))


def named(model, **options):
    run = make_run(
        **({"gpu": make_gpu(), "model": model, "run_id": model.ljust(32, "0")} | options)
    )
    return with_header(run, model_toml=f'name = "{model}"\ntitle = "{model.upper()}"\n')


def test_the_table_of_a_figure_holds_exactly_what_is_drawn():
    for chart in charts(examined(named("one")), examined(named("two"), bundle="b.zip")):
        drawn = [
            (curve.label, y, sd)
            for curve in chart.curves
            for y, sd in zip(curve.ys, curve.sds, strict=True)
        ]
        columns = ("series", "energy_kwh_mean", "energy_kwh_sd")
        assert drawn == list(zip(*map(chart.table.column, columns), strict=True))


def test_figure_1a_shows_steps_and_figure_1b_batch_sizes():
    first, second = charts(examined(steps=(10, 50), batch_sizes=(1, 2)))
    assert first.curves[0].xs == (10, 50)
    assert second.curves[0].xs == (1, 2)
    assert second.y_label == "GPU energy of 2 samples (kWh)"


def test_one_repeat_is_drawn_without_an_error_bar():
    chart, _ = charts(examined(repeats=1))
    assert set(chart.curves[0].sds) == {None}
    assert "one repeat" in chart.subtitle
    assert draw(chart)["png"].startswith(b"\x89PNG")


def test_without_a_gpu_the_axis_says_that_cpu_energy_is_drawn_and_how_it_is_known():
    chart, _ = charts(examined(gpu=None))
    assert chart.y_label == "CPU energy of one generation (kWh, modelled)"
    assert set(chart.table.column("quantity")) == {"CPU energy"}


def test_a_simulated_gpu_is_said_on_the_axis():
    chart, _ = charts(examined(gpu=make_gpu(simulated=True)))
    assert chart.y_label == "GPU energy of one generation (kWh, simulated)"


def test_cpu_energy_is_never_drawn_on_an_axis_of_gpu_energy():
    simulated = examined(named("one", gpu=make_gpu(simulated=True)))
    chart, _ = charts(simulated, examined(named("two", gpu=None), bundle="b.zip"))
    assert [curve.label for curve in chart.curves] == ["ONE"]
    assert chart.notes == (
        "Not drawn: TWO on AMD EPYC 7313 (CPU), without GPU energy that counts.",
    )


def test_a_study_that_is_absent_gives_a_reason_and_no_picture():
    first, second = charts(examined(batch_sizes=()))
    assert not isinstance(first, Absent)
    assert second == Absent(
        "fig1b", "Energy against batch size", "No bundle holds the study batch."
    )


def test_a_study_where_everything_failed_gives_a_reason_and_no_picture():
    run = with_rows(
        make_run(gpu=make_gpu()),
        lambda row: changed(row, status=Status.FAILED, gpu_energy_j=None),
    )
    assert {type(chart) for chart in charts(examined(run))} == {Absent}


def test_a_point_that_failed_is_left_out_and_said():
    run = with_rows(
        make_run(gpu=make_gpu(), steps=(10, 25)),
        lambda row: changed(row, status=Status.OOM) if row.steps == 25 else row,
    )
    chart, _ = charts(examined(run))
    assert chart.curves[0].xs == (10,)
    assert any("at 25 steps" in note for note in chart.notes)


def test_a_model_keeps_its_place_where_another_lacks_the_study():
    first = examined(named("one", steps=()))
    chart_a, chart_b = charts(first, examined(named("two"), bundle="b.zip"))
    place_a = {curve.label: curve.place for curve in chart_a.curves}
    place_b = {curve.label: curve.place for curve in chart_b.curves}
    assert (place_a["TWO"], place_b["TWO"]) == (1, 1)


def test_two_kinds_of_hardware_share_a_colour_and_differ_in_line():
    h200 = examined(gpu=make_gpu("NVIDIA H200"), run_id="b" * 32, bundle="b.zip")
    chart, _ = charts(examined(), h200)
    assert [(curve.place, curve.variant) for curve in chart.curves] == [(0, 0), (0, 1)]


def test_a_demonstration_is_stamped_across_the_figure_and_a_measurement_is_not():
    demonstration, _ = charts(examined(gpu=None))
    measured, _ = charts(examined())
    stamps = [
        draw(chart)["svg"].count(b"<!-- DEMONSTRATION -->") for chart in (demonstration, measured)
    ]
    assert stamps == [1, 0]
    assert b"<!-- Class: demonstration, not a measurement. -->" in draw(demonstration)["svg"]


@pytest.mark.parametrize("title", ["$\\frac{", "$x$", "a_b^c", "n" * 200])
def test_a_hostile_title_is_drawn_as_plain_text(title):
    toml = f"title = '{title}'\n"
    chart, _ = charts(examined(with_header(make_run(gpu=make_gpu()), model_toml=toml)))
    assert draw(chart)["pdf"].startswith(b"%PDF")


def test_more_curves_than_fit_beside_the_axes_get_a_legend():
    many = [examined(named(f"m{number:02}"), bundle=f"{number}.zip") for number in range(16)]
    chart, _ = charts(*many)
    assert len(chart.curves) == 16 > len(COLOURS)
    assert b"legend" in draw(chart)["svg"]


@given(st.lists(st.floats(0, 1), max_size=12).map(sorted), st.floats(0.01, 0.2))
def test_labels_are_moved_apart_and_keep_their_order(places, gap):
    moved = spread(places, gap)
    assert len(moved) == len(places)
    assert all(high - low >= gap * (1 - 1e-6) for low, high in pairwise(moved))


def test_labels_that_do_not_touch_stay_where_they_are():
    assert spread([0.1, 0.5, 0.9], 0.2) == [0.1, 0.5, 0.9]
