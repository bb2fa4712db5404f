from __future__ import annotations

from dataclasses import replace

import pytest

from repro.analysis.pareto.panels import SCORE_SD, panels
from repro.analysis.pareto.table import pareto_table
from repro.analysis.quality import quality_points, unmatched_scores
from repro.analysis.reading.load import load
from repro.errors import BundleError
from repro.records import Status
from tests.analysis.examined import (
    changed,
    examined,
    scored_run,
    with_environment,
    with_quality,
    with_rows,
    with_scores,
)
from tests.factories import make_gpu, make_run

PARETO = "dataset,metric,model,steps,gpu_energy_kwh,value,on_front"


def table_of(*runs):
    data = load([examined(run, bundle=f"{place}.zip") for place, run in enumerate(runs)])
    return pareto_table(data, panels(data))


def rows_of(*runs, metric="fad_inf"):
    table = table_of(*runs)
    rows = [dict(zip(table.names, row, strict=True)) for row in table.rows]
    return [row for row in rows if row["metric"] == metric]


def fad_run(**options):
    return scored_run({10: 36.0, 25: 72.0}, "fad_inf", {10: 0.4, 25: 0.3}, **options)


def test_the_columns_users_depend_on_come_first_and_in_order():
    assert ",".join(table_of(fad_run()).names).startswith(f"{PARETO},")


def test_the_energy_of_a_set_is_the_sum_over_its_clips():
    rows = rows_of(fad_run())
    energies = [row["gpu_energy_kwh"] for row in rows]
    assert energies == pytest.approx([1e-5, 2e-5], rel=1e-12)
    assert [(row["clips"], row["n"], row["value"]) for row in rows] == [(3, 1, 0.4), (3, 1, 0.3)]


def test_one_row_may_stand_for_all_clips_of_a_set():
    run = with_rows(
        fad_run(),
        lambda row: (
            row if row.study != "quality" else changed(row, clips=3) if row.item == 0 else None
        ),
    )
    assert [row["clips"] for row in rows_of(run)] == [3, 3]
    assert [row["incomplete"] for row in rows_of(run)] == [0, 0]


def test_a_set_that_lacks_a_clip_gives_no_energy_and_is_on_no_front():
    run = with_rows(
        fad_run(),
        lambda row: (
            changed(row, status=Status.FAILED, clips=0, gpu_energy_j=None)
            if (row.study, row.steps, row.item) == ("quality", 25, 1)
            else row
        ),
    )
    whole, short = rows_of(run)
    assert (whole["on_front"], whole["incomplete"]) == ("true", 0)
    assert (short["gpu_energy_kwh"], short["on_front"], short["p_front"]) == (None, None, None)
    assert (short["n"], short["incomplete"], short["failed"]) == (0, 1, 1)
    assert any(
        "expected 3 clips, found 2, 1 windows failed" in note for note in table_of(run).notes
    )


def test_a_whole_set_without_gpu_energy_is_on_no_front_for_that_and_not_for_its_clips():
    demonstrated = {"weights": "random", "size": "tiny"}
    simulated = fad_run(**demonstrated, gpu=make_gpu(simulated=True))
    processor = fad_run(**demonstrated, gpu=None, run_id="c" * 32)
    notes = [note for note in table_of(simulated, processor).notes if "no front" in note]
    assert len(notes) == 2
    assert all("its GPU energy was not measured on" in note for note in notes)
    assert all("(CPU), and the front is of that." in note for note in notes)


def test_a_set_of_fewer_clips_than_its_scores_are_of_does_not_count():
    run = make_run(gpu=make_gpu(), batch_sizes=())
    run = with_scores(with_quality(run, {10: 36.0}), "clap", {10: 0.3}, n=300)
    (row,) = rows_of(run, metric="clap")
    assert (row["clips"], row["most_clips"], row["gpu_energy_kwh"]) == (300, 3, None)


def test_without_scores_the_fullest_set_says_how_many_clips_there_should_be():
    run = make_run(gpu=make_gpu(), batch_sizes=())
    run = with_quality(with_quality(run, {10: 36.0}), {25: 36.0}, clips=2)
    points = quality_points(load([examined(run)]))
    assert [(point.steps, point.n, point.incomplete) for point in points] == [
        (10, 1, 0), (25, 0, 1),
    ]  # fmt: skip


def test_a_step_count_that_is_missing_has_no_row():
    run = with_rows(
        fad_run(), lambda row: None if (row.study, row.steps) == ("quality", 25) else row
    )
    assert [row["steps"] for row in rows_of(run)] == [10]
    assert unmatched_scores(load([examined(run)])) == (
        "a.zip: scores on clotho at 25 steps without the energy of their clips, left out",
    )


def test_a_point_without_a_score_keeps_its_energy_and_is_on_no_front():
    run = scored_run({10: 36.0, 25: 72.0}, "fad_inf", {10: 0.4})
    scored, bare = rows_of(run)
    assert scored["on_front"] == "true"
    assert bare["gpu_energy_kwh"] == pytest.approx(2e-5)
    assert (bare["value"], bare["on_front"]) == (None, None)
    assert any("Without fad_inf on clotho" in note for note in table_of(run).notes)


def test_the_sanity_check_stays_out():
    run = with_scores(fad_run(), "fad_inf", {10: 0.001, 25: 0.001}, n=None, reference="clotho-full")
    assert [row["value"] for row in rows_of(run)] == [0.4, 0.3]


def test_fad_is_extrapolated_where_every_point_has_that_and_plain_else():
    both = with_scores(fad_run(), "fad", {10: 0.5, 25: 0.45})
    plain = scored_run({10: 50.0}, "fad", {10: 0.6}, model="tango", run_id="b" * 32)
    assert [row["value"] for row in rows_of(both)] == [0.4, 0.3]
    assert [row["value"] for row in rows_of(both, plain, metric="fad")] == [0.5, 0.45, 0.6]


def test_what_another_point_beats_in_both_is_off_the_front():
    worse = scored_run({10: 40.0}, "fad_inf", {10: 0.5}, model="tango", run_id="b" * 32)
    assert [row["on_front"] for row in rows_of(fad_run(), worse)] == ["true", "true", "false"]


@pytest.mark.parametrize(
    "other",
    [
        scored_run({10: 40.0}, "fad_inf", {10: 0.5}, gpu=make_gpu("NVIDIA H200"), run_id="b" * 32),
        scored_run({10: 40.0}, "fad_inf", {10: 0.5}, weights="hub", run_id="b" * 32),
        with_environment(
            scored_run({10: 40.0}, "fad_inf", {10: 0.5}, run_id="b" * 32), protocol="precise"
        ),
        with_scores(
            scored_run({10: 40.0}, "clap", {10: 0.5}, run_id="b" * 32, model="tango"),
            "fad_inf", {10: 0.5}, embedding="vggish",
        ),
    ],
    ids=["hardware", "weights", "protocol", "embedding"],
)  # fmt: skip
def test_points_that_are_not_alike_do_not_dominate_each_other_and_that_is_said(other):
    table = table_of(fad_run(), other)
    fronts = [row["on_front"] for row in rows_of(fad_run(), other)]
    assert fronts == ["true", "true", "true"]
    assert any("On clotho there are 2 fronts" in note for note in table.notes)


def test_two_runs_of_a_series_are_repeats_of_a_set():
    again = scored_run({10: 72.0, 25: 72.0}, "fad_inf", {10: 0.4, 25: 0.3}, run_id="b" * 32)
    first, _ = rows_of(fad_run(), again)
    assert (first["n"], first["energy_sd_from"]) == (2, "repeated sets")
    assert first["gpu_energy_kwh"] == pytest.approx(1.5e-5)
    assert first["energy_sd_kwh"] == pytest.approx(1e-5 / 2**0.5)


def test_a_set_measured_once_borrows_the_deviation_of_the_steps_study_and_says_so():
    run = with_rows(
        fad_run(repeats=2),
        lambda row: changed(row, gpu_energy_j=3.0 * row.repeat) if row.study == "steps" else row,
    )
    for row in rows_of(run):
        assert row["energy_sd_from"] == "steps study"
        # Repeats of 3 J and 6 J: a standard deviation of 2.12 J about 4.5 J; sets of 3 clips.
        assert row["energy_sd_kwh"] / row["gpu_energy_kwh"] == pytest.approx(2**0.5 / 3 / 3**0.5)


def test_the_uncertainty_of_the_instrument_is_added_in_quadrature_over_the_clips():
    run = with_rows(fad_run(steps=(10,), repeats=1), lambda row: changed(row, uncertainty_j=2.0))
    (point, _) = quality_points(load([examined(run)]))
    assert point.uncertainty_j == pytest.approx(2.0 * 3**0.5)
    assert {row["energy_sd_from"] for row in rows_of(run)} == {"instrument"}


def test_where_nothing_is_known_to_vary_no_chance_is_given():
    run = scored_run({10: 36.0}, "clap", {10: 0.3}, repeats=1)
    (row,) = rows_of(run, metric="clap")
    assert (row["on_front"], row["p_front"], row["energy_sd_kwh"]) == ("true", None, None)
    assert any("nothing is known to vary" in note for note in table_of(run).notes)


def test_the_noise_of_fad_inf_gives_a_near_tie_its_chance():
    close = scored_run(
        {10: 360.0, 25: 720.0}, "fad_inf", {10: 0.3, 25: 0.3 + SCORE_SD["fad_inf"] / 4}
    )
    first, second = rows_of(close)
    assert (first["on_front"], second["on_front"]) == ("true", "false")
    assert 0.4 < second["p_front"] < 0.6


def test_without_a_gpu_the_front_is_that_of_cpu_energy():
    (first, _) = rows_of(fad_run(gpu=None))
    assert (first["gpu_energy_kwh"], first["quantity"]) == (None, "CPU energy")
    assert first["cpu_energy_kwh"] == pytest.approx(1e-5)
    assert first["on_front"] == "true"


def broken_scores(change):
    whole = examined(fad_run())
    text = change(whole.contents["scores.csv"].decode())
    return replace(whole, contents={**whole.contents, "scores.csv": text.encode()})


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda text: text.replace("0.4", "nan"), r"scores\.csv: value"),
        (lambda text: text.replace("0.4", "inf"), r"scores\.csv: value"),
        (lambda text: text.replace("fad_inf", "fid"), r"scores\.csv: metric"),
        (lambda text: text.replace("value", "worth"), r"scores\.csv: columns unknown"),
        (lambda text: text.replace("clotho,audioldm,25", "clotho,audioldm,10"), "second time"),
        (lambda text: text.replace("clotho,audioldm,25", "../x,audioldm,25"), "data set"),
    ],
    ids=["nan", "infinite", "metric", "column", "twice", "path"],
)
def test_scores_that_cannot_be_true_are_an_error_and_never_a_number(change, complaint):
    with pytest.raises(BundleError, match=complaint):
        load([broken_scores(change)])


def test_a_data_set_that_is_no_name_is_an_error():
    run = with_quality(make_run(gpu=make_gpu()), {10: 36.0}, dataset="../../etc")
    with pytest.raises(BundleError, match="expected a data set in lower case"):
        load([examined(run)])


def test_one_clip_in_twenty_that_does_not_count_is_reckoned_as_the_mean_of_the_others():
    run = with_quality(make_run(gpu=make_gpu(), batch_sizes=()), {10: 72.0}, clips=40)
    disputed = with_rows(
        with_scores(run, "fad_inf", {10: 0.4}, n=40),
        lambda row: (
            changed(row, status=Status.DISPUTED)
            if (row.study, row.item) in {("quality", 3), ("quality", 4)}
            else row
        ),
    )
    (point,) = rows_of(disputed)
    assert point["gpu_energy_kwh"] == pytest.approx(72.0 / 3.6e6)
    assert (point["n"], point["incomplete"], point["fewest_clips"]) == (1, 0, 38)
    assert point["disputed"] == 2
    assert any("38 of 40 clips" in note for note in table_of(disputed).notes)
