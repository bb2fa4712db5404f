"""What a clip costs: along the fronts, and by model and steps where no score says anything."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from repro.analysis.front.costs import cost_table, costs
from repro.analysis.front.rungs import fronts
from repro.analysis.front.table import front_of, front_table, name_of
from repro.analysis.front.text import cost_sentences, front_sentences
from repro.analysis.pareto.panels import panels
from repro.analysis.points import step_points
from repro.analysis.reading.load import load
from repro.analysis.reading.scores import Scoring
from repro.analysis.report import write_report
from repro.analysis.tables.formats import to_csv, to_html
from repro.bundle import Verdict
from tests.analysis.examined import (
    examined,
    scored_run,
    with_environment,
    with_quality,
    with_scores,
)
from tests.factories import make_gpu, make_run
from tests.scored import make_quality_run, make_scored

#: Joules of three clips by steps, and what FAD they have: the last is dearer and no better.
ENERGIES = {10: 10.8, 25: 27.0, 50: 54.0, 100: 108.0}
FADS = {10: 0.50, 25: 0.30, 50: 0.31, 100: 0.29}


def fad_run(**options):
    return scored_run(ENERGIES, "fad", FADS, **({"weights": "hub"} | options))


def read(*runs):
    data = load([examined(run, bundle=run.header.run_id) for run in runs])
    return data, fronts(panels(data))


def test_a_front_is_told_from_its_cheapest_point_to_its_best_with_what_each_costs_more():
    _, (front,) = read(fad_run())
    rungs = [(one.entry.point.steps, one.energy_j, one.ratio, one.gain) for one in front.rungs]
    assert rungs[0] == (10, pytest.approx(3.6), None, None)
    assert rungs[1] == (25, pytest.approx(9.0), pytest.approx(2.5), pytest.approx(0.2))
    assert rungs[2] == (100, pytest.approx(36.0), pytest.approx(4.0), pytest.approx(0.01))
    assert len(rungs) == 3


def test_energy_is_that_of_one_clip_in_watt_hours_and_time_its_seconds():
    data, found = read(fad_run())
    table = front_table(data, found)
    assert table.column("clip_energy_wh") == pytest.approx([0.001, 0.0025, 0.01])
    assert table.column("clip_energy_j") == pytest.approx([3.6, 9.0, 36.0])
    whole = [entry.point.duration_s.mean for entry in found[0].panel.front]
    assert table.column("clip_duration_s") == pytest.approx([one / 3 for one in whole])


def test_more_of_a_clap_score_is_a_gain():
    run = scored_run({10: 36.0, 25: 72.0}, "clap", {10: 0.2, 25: 0.3}, weights="hub")
    _, (front,) = read(run)
    assert [one.gain for one in front.rungs] == [None, pytest.approx(0.1)]


def test_the_other_score_of_the_same_set_stands_beside_it():
    data, found = read(with_scores(fad_run(), "clap", {10: 0.1, 25: 0.4}))
    by_fad, by_clap = found
    assert [one.other for one in by_fad.rungs] == [0.1, 0.4, None]
    assert [one.other for one in by_clap.rungs] == [0.50, 0.30]
    assert 'scope="col" class="num">CLAP score</th>' in to_html(front_of(data, by_fad))


def test_fronts_of_one_board_by_two_protocols_have_names_of_their_own():
    other = with_environment(fad_run(run_id="b" * 32), protocol="precise")
    _, found = read(fad_run(), other)
    assert [name_of(front) for front in found] == [
        "FAD on Clotho, NVIDIA A40, protocol paper", "FAD on Clotho, NVIDIA A40, protocol precise",
    ]  # fmt: skip


def scored_fronts(**scores):
    """Return a run with its score bundle, as ``load`` joins them, and its fronts."""
    run = make_quality_run()
    data, _ = read(run)
    scored = make_scored(run, **scores)
    scoring = Scoring("scores.zip", "0" * 64, Verdict.INTEGRITY_ONLY, (), None, scored)
    source = replace(data.sources[0], scoring=scoring, scores=scored.scores)
    joined = replace(data, sources=(source,))
    return joined, fronts(panels(joined))


def test_an_interval_is_given_where_there_is_one():
    data, found = scored_fronts()
    rows = [dict(zip(table.names, row, strict=True))
            for table in [front_table(data, found)] for row in table.rows]  # fmt: skip
    assert all(row["value_low_95"] < row["value"] < row["value_high_95"] for row in rows)
    assert "to (95 %)" in to_html(front_of(data, found[0]))


def test_kinds_of_hardware_have_a_front_each_and_it_is_named():
    data, found = read(fad_run(), fad_run(gpu=make_gpu("NVIDIA H200"), run_id="b" * 32))
    assert [front.rungs[0].entry.point.series.hardware for front in found] == [
        "NVIDIA A40", "NVIDIA H200",
    ]  # fmt: skip
    assert "NVIDIA H200" in to_html(front_table(data, found))
    assert [front.rungs[0].ratio for front in found] == [None, None]


def test_scores_of_random_weights_make_no_front():
    _, found = read(fad_run(weights="random"))
    assert found == ()


def test_scores_by_random_networks_make_no_front():
    _, found = scored_fronts(networks="random")
    assert found == ()


def test_enough_is_the_cheapest_point_with_nine_tenths_of_the_gain():
    _, (front,) = read(fad_run())
    assert front.enough.entry.point.steps == 25
    said = front_sentences(front)
    assert "a clip for Clotho costs from 0.001 Wh and" in said
    assert "10 times the energy. 90% of that gain is had for 0.0025 Wh" in said
    assert "(AudioLDM at 25 steps, FAD 0.3); the rest costs 4 times as much." in said


def test_where_only_the_best_point_has_most_of_the_gain_that_is_said():
    _, (front,) = read(scored_run({10: 36.0, 25: 72.0}, "fad", {10: 0.4, 25: 0.3}, weights="hub"))
    assert front_sentences(front).endswith("Nothing cheaper has 90% of that gain.")


def test_a_front_of_one_point_is_told_without_a_range():
    _, (front,) = read(scored_run({10: 36.0}, "fad", {10: 0.4}, weights="hub"))
    assert "nothing measured there is better or cheaper" in front_sentences(front)


def test_without_scores_each_number_of_steps_has_its_watt_hours_and_seconds():
    data = load([examined(gpu=None, steps=(10, 25), repeats=3)])
    found = costs(step_points(data), panels(data))
    table = cost_table(data, found)
    assert table.column("steps") == (10, 25)
    assert [1000 * one / 3.6e6 for one in table.column("clip_energy_j")] == pytest.approx(
        table.column("clip_energy_wh")
    )
    assert set(table.column("quantity")) == {"CPU energy"}
    assert None not in table.column("sd_wh")
    assert "cannot be said from these bundles" in cost_sentences(found)


def test_without_the_study_steps_a_clip_costs_its_share_of_a_set():
    run = with_quality(make_run(gpu=make_gpu(), steps=(), batch_sizes=()), {10: 10.8})
    data = load([examined(run)])
    (one,) = costs(step_points(data), panels(data))
    assert (one.dataset, one.energy_j, one.sd_j) == ("clotho", pytest.approx(3.6), None)
    assert b"clotho,audioldm,10,0.001" in to_csv(cost_table(data, [one]))


def test_what_a_clip_costs_stands_first_on_the_page_and_in_three_files(tmp_path):
    write_report([examined(fad_run())], tmp_path / "scored")
    write_report([examined()], tmp_path / "bare")
    for name, table in (("scored", "front"), ("bare", "cost")):
        page = (tmp_path / name / "index.html").read_text("utf-8")
        assert re.findall(r"<h2>(.*?)</h2>", page)[0] == "What a clip costs"
        files = {path.name for path in (tmp_path / name / "tables").glob(f"{table}.*")}
        assert files == {f"{table}.{suffix}" for suffix in ("csv", "md", "tex")}


def test_no_front_of_an_earlier_report_stays_where_the_next_has_none(tmp_path):
    write_report([examined(fad_run())], tmp_path)
    write_report([examined()], tmp_path)
    assert not list((tmp_path / "tables").glob("front.*"))
