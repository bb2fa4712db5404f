from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

import pytest

from repro.analysis.drawing.fig2 import Dot, Trail, fig2
from repro.analysis.drawing.figures import Absent
from repro.analysis.drawing.plot import Figure, FigureCanvasAgg, draw
from repro.analysis.drawing.scatter import draw_scatter, label_trails
from repro.analysis.pareto.panels import panels
from repro.analysis.pareto.table import pareto_table
from repro.analysis.reading.load import load
from repro.analysis.tables.formats import to_html
from repro.records import Status
from tests.analysis.examined import changed, examined, scored_run, with_rows, with_scores
from tests.factories import make_gpu


def figures(*runs):
    data = load([examined(run, bundle=run.header.run_id) for run in runs])
    return fig2(data, panels(data))


def clap_run(model="audioldm", place="a", **options):
    return scored_run(
        {10: 36.0, 25: 72.0, 50: 144.0}, "clap", {10: 0.2, 25: 0.3, 50: 0.25},
        model=model, run_id=place * 32, **options,
    )  # fmt: skip


def test_each_data_set_and_score_has_a_figure_named_after_them():
    run = with_scores(clap_run(), "fad", {10: 0.5})
    fad, clap = figures(run)
    assert (fad.name, clap.name) == ("fig2_clotho_fad", "fig2_clotho_clap")
    assert (fad.y_label, clap.y_label) == ("FAD (less is better)", "CLAP score (more is better)")
    assert clap.x_label == "GPU energy of 3 clips (kWh)"


def test_a_score_that_no_bundle_holds_gives_a_reason_and_no_picture():
    fad, _ = figures(clap_run())
    assert fad == Absent(
        "fig2_clotho_fad", "Fréchet audio distance against energy, Clotho",
        "No bundle holds FAD scores of the clips on Clotho.",
    )  # fmt: skip


def test_sets_that_are_all_incomplete_give_a_reason_and_no_picture():
    run = with_rows(
        clap_run(),
        lambda row: changed(row, status=Status.OOM, clips=0) if row.item == 1 else row,
    )
    _, clap = figures(run)
    assert isinstance(clap, Absent)
    assert "no set of clips is complete" in clap.reason.lower()


def test_the_table_of_a_figure_holds_exactly_what_is_drawn():
    _, clap = figures(clap_run(), clap_run("tango", "b"))
    drawn = [(dot.steps, dot.x, dot.y) for trail in clap.trails for dot in trail.dots]
    columns = ("steps", "gpu_energy_kwh", "value")
    assert drawn == list(zip(*map(clap.table.column, columns), strict=True))


def test_the_front_is_drawn_from_its_cheapest_point_to_its_best():
    _, clap = figures(clap_run())
    assert clap.fronts == (((1e-5, 0.2), (2e-5, 0.3)),)
    assert [dot.on_front for dot in clap.trails[0].dots] == [True, True, False]


def test_the_front_runs_through_models_in_the_order_of_their_energy():
    dear = scored_run({10: 360.0}, "clap", {10: 0.9}, model="audioldm")
    cheap = scored_run({10: 36.0}, "clap", {10: 0.2}, model="tango", run_id="b" * 32)
    _, clap = figures(dear, cheap)
    assert clap.fronts == (((1e-5, 0.2), (1e-4, 0.9)),)


def test_a_reader_is_told_yes_or_no_of_the_front_and_a_chance_to_two_places():
    _, clap = figures(clap_run())
    cells = re.findall(r"<td[^>]*>([^<]*)</td>", to_html(clap.table))
    assert (cells.count("yes"), cells.count("no")) == (2, 1)
    assert {"1.00", "0.00"} & set(cells)
    assert "true" not in cells


def test_two_kinds_of_hardware_have_a_front_each():
    other = clap_run(place="b", gpu=make_gpu("NVIDIA H200"))
    _, clap = figures(clap_run(), other)
    assert len(clap.fronts) == 2
    assert [(trail.place, trail.variant) for trail in clap.trails] == [(0, 0), (0, 1)]


@pytest.mark.parametrize("gpu", [None, make_gpu(simulated=True)], ids=["cpu", "simulated"])
def test_a_demonstration_says_so_on_axis_and_picture(gpu):
    _, clap = figures(clap_run(gpu=gpu))
    assert ("modelled" in clap.x_label) == (gpu is None)
    assert ("simulated" in clap.x_label) == (gpu is not None)
    assert b"<!-- DEMONSTRATION -->" in draw(clap)["svg"]


def test_a_figure_comes_in_three_formats_with_a_tooltip_a_point():
    _, clap = figures(clap_run())
    files = draw(clap)
    assert files["png"].startswith(b"\x89PNG")
    assert files["pdf"].startswith(b"%PDF")
    assert files["svg"].count(b"<title>") == 3


def test_names_stand_at_the_trails_and_in_a_legend_where_there_are_too_many():
    few = [clap_run(f"m{place}", place) for place in "abc"]
    many = [clap_run(f"m{place}", place) for place in "abcdef012345"]
    assert [b"<!-- ma -->" in draw(figures(*runs)[1])["svg"] for runs in (few, many)] == [True] * 2
    assert draw(figures(*few)[1])["svg"].count(b'id="legend_') == 1
    assert draw(figures(*many)[1])["svg"].count(b'id="legend_') == 2


@pytest.mark.parametrize(
    ("sd_j", "said"), [(40.0, "bars: one sd"), (0.01, "one sd is within each mark")]
)
def test_bars_are_named_only_where_one_can_be_seen(sd_j, said):
    data = load([examined(clap_run())])
    panel = panels(data)[1]
    entries = tuple(replace(one, energy_sd_j=sd_j, value_sd=None) for one in panel.entries)
    (clap,) = fig2(data, [replace(panel, entries=entries)])
    assert clap.subtitle.endswith(said)


def test_a_name_lies_across_no_front_and_no_bar_where_there_is_another_place():
    """Two trails of whose free places the nearest is on the front of the other, or on a bar."""
    front = ((1.0, 0.6), (3.0, 0.5), (9.0, 0.1))
    dots = [Dot(x, y, 0.4 * x, None, 10, on_front=False, p_front=None, tip="")
            for x, y in ((2.0, 0.55), (4.0, 0.45))]  # fmt: skip
    _, clap = figures(clap_run())
    trail = Trail("A name that is long", 0, 0, tuple(dots))
    scatter = replace(clap, trails=(trail,), fronts=(front,))
    axes, box = label_box(scatter)
    places = [*corners(front), *((dot.x + side * dot.x_sd * part / 50, dot.y)
              for dot in dots for part in range(51) for side in (-1, 1))]  # fmt: skip
    assert not any(box.contains(*axes.transData.transform(place)) for place in places)


def corners(front):
    """Return points along the steps of a front."""
    for (x0, y0), (x1, y1) in pairwise(front):
        yield from ((x0 + (x1 - x0) * part / 100, y0) for part in range(101))
        yield from ((x1, y0 + (y1 - y0) * part / 100) for part in range(101))


def label_box(scatter):
    """Draw the scatter alone and return its axes and the place of the one label."""
    figure = Figure(figsize=(7.2, 4.7))
    canvas = FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    draw_scatter(axes, scatter)
    assert label_trails(axes, scatter, canvas)
    (text,) = [one for one in axes.texts if one.get_text()]
    return axes, text.get_window_extent(canvas.get_renderer())


def test_the_chance_is_said_by_each_metric_once():
    run = with_scores(clap_run(repeats=3), "fad", {10: 0.5, 25: 0.4, 50: 0.3})
    data = load([examined(run)])
    notes = [note for note in pareto_table(data, panels(data)).notes if note.startswith("p ")]
    assert [note.partition(":")[0] for note in notes] == ["p by FAD", "p by CLAP score"]


def test_one_point_alone_is_drawn():
    _, clap = figures(scored_run({10: 36.0}, "clap", {10: 0.2}, repeats=1))
    assert clap.fronts == (((1e-5, 0.2),),)
    assert draw(clap)["png"].startswith(b"\x89PNG")
