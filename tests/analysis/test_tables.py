from __future__ import annotations

import csv
import io
import re
from dataclasses import replace

import pytest

from repro.analysis.points import STATUSES, batch_points, step_points
from repro.analysis.reading.load import load
from repro.analysis.tables.columns import MODEL, OF_COUNTS, PROTOCOL, Column
from repro.analysis.tables.energy import batch_table, steps_table
from repro.analysis.tables.formats import to_csv, to_html, to_latex, to_markdown
from repro.analysis.tables.speed import table1
from repro.analysis.tables.table import Table
from repro.records import Status
from tests.analysis.examined import changed, examined, with_environment, with_header, with_rows
from tests.factories import make_gpu, make_run

STEPS = (
    "model,steps,executed_steps,n,gpu_energy_kwh_mean,gpu_energy_kwh_sd,cpu_energy_kwh_mean,"
    "duration_s_mean,hardware,class"
)
BATCH = (
    "model,batch_size,n,gpu_energy_kwh_mean,gpu_energy_kwh_sd,cpu_energy_kwh_mean,hardware,class"
)
TABLE1 = "model,checkpoint,parameters,inference_speed_s,sd_s,n,hardware,weights,class"


def read(table):
    return list(csv.DictReader(io.StringIO(to_csv(table).decode(), newline="")))


def tables(*examinations):
    data = load(examinations)
    steps, batch = step_points(data), batch_points(data)
    return table1(data, steps, steps=100), steps_table(data, steps), batch_table(data, batch)


def only_steps(**options):
    return make_run(**({"gpu": make_gpu(), "batch_sizes": (), "steps": (10,)} | options))


@pytest.mark.parametrize(("place", "columns"), list(enumerate((TABLE1, STEPS, BATCH))))
def test_the_columns_users_depend_on_come_first_and_in_order(place, columns):
    header = to_csv(tables(examined())[place]).decode().partition("\n")[0]
    assert header == columns or header.startswith(f"{columns},")


def test_energy_against_steps_is_the_mean_over_repeats_in_kilowatt_hours():
    joules = {1: 36.0, 2: 72.0}
    run = with_rows(
        only_steps(repeats=2),
        lambda row: changed(
            row, gpu_energy_j=joules[row.repeat], cpu_energy_j=18.0, duration_s=row.repeat * 1.0
        ),
    )
    (row,) = read(tables(examined(run))[1])
    assert (row["model"], row["steps"], row["executed_steps"], row["n"]) == (
        "audioldm", "10", "10", "2",
    )  # fmt: skip
    assert float(row["gpu_energy_kwh_mean"]) == pytest.approx(1.5e-5, rel=1e-12)
    assert float(row["gpu_energy_kwh_sd"]) == pytest.approx(1e-5 / 2**0.5, rel=1e-12)
    assert float(row["cpu_energy_kwh_mean"]) == pytest.approx(5e-6, rel=1e-12)
    assert float(row["duration_s_mean"]) == 1.5


def test_a_warm_up_never_enters_a_mean():
    run = with_rows(
        only_steps(repeats=2),
        lambda row: changed(row, gpu_energy_j=1e6 if row.warmup else 36.0),
    )
    (row,) = read(tables(examined(run))[1])
    assert (row["n"], row["warmups"]) == ("2", "1")
    assert float(row["gpu_energy_kwh_mean"]) == pytest.approx(1e-5)


@pytest.mark.parametrize("status", [Status.DISPUTED, Status.FAILED, Status.OOM])
def test_a_row_that_is_not_ok_is_counted_and_left_out_of_the_mean(status):
    run = with_rows(
        only_steps(repeats=3),
        lambda row: (
            changed(row, status=status, gpu_energy_j=1e6)
            if row.repeat == 3
            else changed(row, gpu_energy_j=36.0)
        ),
    )
    (row,) = read(tables(examined(run))[1])
    assert (row["n"], row["ok"], row[status.value]) == ("2", "2", "1")
    assert float(row["gpu_energy_kwh_mean"]) == pytest.approx(1e-5)


def test_a_point_where_nothing_counts_keeps_its_row_with_empty_means():
    run = with_rows(only_steps(), lambda row: changed(row, status=Status.OOM, gpu_energy_j=None))
    (row,) = read(tables(examined(run))[1])
    assert (row["n"], row["oom"]) == ("0", "2")
    assert row["gpu_energy_kwh_mean"] == row["duration_s_mean"] == ""


def test_one_repeat_leaves_the_deviation_empty_and_not_zero():
    (row,) = read(tables(examined(only_steps(repeats=1)))[1])
    assert row["n"] == "1"
    assert float(row["gpu_energy_kwh_mean"]) > 0
    assert row["gpu_energy_kwh_sd"] == ""


def test_means_are_not_taken_over_two_kinds_of_hardware():
    h200 = only_steps(gpu=make_gpu("NVIDIA H200"), run_id="b" * 32)
    rows = read(tables(examined(only_steps()), examined(h200, bundle="b.zip"))[1])
    assert [(row["hardware"], row["n"]) for row in rows] == [
        ("NVIDIA A40", "2"),
        ("NVIDIA H200", "2"),
    ]


def test_without_a_gpu_the_gpu_columns_are_empty_and_the_cpu_ones_are_not():
    (row,) = read(tables(examined(only_steps(gpu=None)))[1])
    assert row["gpu_energy_kwh_mean"] == row["gpu_energy_kwh_sd"] == ""
    assert float(row["cpu_energy_kwh_mean"]) > 0
    assert (row["cpu_source"], row["class"]) == ("modelled", "demonstration")


def test_a_repeat_of_the_batch_study_is_the_sum_of_its_calls():
    run = with_rows(
        make_run(gpu=make_gpu(), steps=(), batch_sizes=(1, 2, 5), samples=5, repeats=2),
        lambda row: changed(row, gpu_energy_j=3.6 * row.clips * row.repeat),
    )
    rows = read(tables(examined(run))[2])
    assert [(row["batch_size"], row["n"], row["samples"]) for row in rows] == [
        ("1", "2", "5"), ("2", "2", "5"), ("5", "2", "5"),
    ]  # fmt: skip
    for row in rows:
        assert float(row["gpu_energy_kwh_mean"]) == pytest.approx(7.5e-6, rel=1e-12)


def test_a_repeat_with_a_failed_call_is_incomplete_and_does_not_count():
    run = with_rows(
        make_run(gpu=make_gpu(), steps=(), batch_sizes=(1,), samples=4, repeats=3),
        lambda row: (
            changed(row, status=Status.FAILED, clips=0, gpu_energy_j=None)
            if (row.repeat, row.item) == (2, 3)
            else changed(row, gpu_energy_j=9.0)
        ),
    )
    (row,) = read(tables(examined(run))[2])
    assert (row["n"], row["incomplete"], row["failed"]) == ("2", "1", "1")
    assert float(row["gpu_energy_kwh_mean"]) == pytest.approx(1e-5)


def test_a_repeat_is_held_to_the_samples_that_were_asked_for():
    protocol = 'format_version = 1\nname = "paper"\n[studies.batch]\nsamples = 10\n'
    run = make_run(gpu=make_gpu(), steps=(), batch_sizes=(1,), samples=4, repeats=2)
    run = with_header(run, protocol_toml=protocol)
    (row,) = read(tables(examined(run))[2])
    assert (row["n"], row["incomplete"]) == ("0", "2")
    asked = {**run.header.request, "protocol": {"studies": {"batch": {"samples": 4}}}}
    (row,) = read(tables(examined(with_header(run, request=asked)))[2])
    assert (row["n"], row["incomplete"], row["samples"]) == ("2", "0", "4")


def test_two_runs_do_not_make_one_repeat_of_each_others_calls():
    runs = [
        make_run(gpu=make_gpu(), steps=(), batch_sizes=(1,), samples=2, repeats=2, run_id=name * 32)
        for name in "ab"
    ]
    (row,) = read(tables(*(examined(run, bundle=run.header.run_id) for run in runs))[2])
    assert (row["n"], row["incomplete"]) == ("4", "0")


def test_table_1_is_the_time_of_one_generation_at_the_papers_steps():
    run = with_rows(only_steps(steps=(50, 100)), lambda row: changed(row, duration_s=row.steps / 8))
    (row,) = read(tables(examined(run))[0])
    assert (row["inference_speed_s"], row["sd_s"], row["n"]) == ("12.5", "0.0", "2")


def test_table_1_says_what_was_not_measured_and_does_not_interpolate():
    table = tables(examined(only_steps(steps=(50, 150))))[0]
    (row,) = read(table)
    assert (row["inference_speed_s"], row["sd_s"], row["n"]) == ("", "", "0")
    assert any("Not measured at 100 steps" in note for note in table.notes)


def test_the_batch_study_at_100_steps_is_not_table_1():
    (row,) = read(tables(examined(make_run(gpu=make_gpu(), steps=(10,), batch_sizes=(1,))))[0])
    assert row["n"] == "0"


def test_the_reported_parameters_are_those_of_the_full_model_only():
    toml = 'title = "AudioLDM"\nparameters_reported = "421M"\n'
    full = with_header(only_steps(), model_toml=toml)
    tiny = with_header(only_steps(gpu=None, size="tiny"), model_toml=toml)
    assert read(tables(examined(full))[0])[0]["parameters"] == "421M"
    assert read(tables(examined(tiny))[0])[0]["parameters"] == "240M"


def headings(table):
    return re.findall(r"<th[^>]*>([^<]+)</th>", to_html(table))


def test_a_reader_is_shown_weights_only_where_they_tell_points_apart():
    hub = with_environment(only_steps(run_id="b" * 32), weights="hub")
    alike, apart = examined(only_steps()), examined(hub, bundle="b.zip")
    assert "Weights" not in headings(tables(alike)[1])
    assert "Weights" in headings(tables(alike, apart)[1])


def test_energies_on_the_page_all_carry_their_power_of_ten():
    run = with_rows(only_steps(), lambda row: changed(row, gpu_energy_j=3.6e6 / 8))
    assert '<td class="num">1.250&times;10<sup>-1</sup></td>' in to_html(tables(examined(run))[1])


HOSTILE = {
    "formula": "=cmd|' /C calc'!A0",
    "html": "<script>alert(1)</script>",
    "latex": r"\input{/etc/passwd} $x_1$ & 50% #1 ~^",
    "markdown": "a|b `c` [d](javascript:e)",
    "newline": "one\ntwo\u202ethree\x1b[31m",
}


def hostile_table1(text):
    """Make Table 1 of a bundle whose checkpoint is this text."""
    run = with_rows(only_steps(), lambda row: changed(row, checkpoint=text))
    return tables(examined(run))[0]


def test_no_spreadsheet_takes_a_name_for_a_formula():
    for text in (HOSTILE["formula"], "+1", "-1", "@x", " =1"):
        (row,) = read(hostile_table1(text))
        assert row["checkpoint"] == f"'{text}"


def test_a_negative_looking_number_is_still_a_number():
    (row,) = read(tables(examined(only_steps()))[1])
    assert not row["gpu_energy_kwh_mean"].startswith("'")


def test_a_name_cannot_leave_its_cell_in_markdown():
    text = to_markdown(hostile_table1(HOSTILE["markdown"])).decode()
    assert r"a\|b \`c\` \[d\](javascript:e)" in text
    script = to_markdown(hostile_table1(HOSTILE["html"])).decode()
    assert "<script" not in script


def test_a_name_cannot_give_tex_a_command():
    text = to_latex(hostile_table1(HOSTILE["latex"])).decode()
    assert r"\input" not in text
    assert r"\textbackslash{}input\{/etc/passwd\} \$x\_1\$ \& 50\% \#1" in text


@pytest.mark.parametrize("name", ["[1ex] model", "* model", "*[2cm]model"])
def test_a_name_is_no_argument_of_the_end_of_the_row_before_it(name):
    # After \\ TeX looks for a star and a bracket beyond spaces and line ends, after \midrule too.
    table = replace(hostile_table1("x"), titles={"audioldm": name})
    lines = to_latex(table).decode().splitlines()
    (row,) = lines[lines.index(r"\midrule") + 1 : lines.index(r"\bottomrule")]
    assert row.startswith("{")
    assert row.replace("{", "").replace("}", "").startswith(name)


@pytest.mark.parametrize("write", [to_csv, to_markdown, to_latex])
def test_a_name_stays_on_its_line_and_moves_no_cursor(write):
    text = write(hostile_table1(HOSTILE["newline"])).decode()
    assert "one two?three?" in text
    assert "\x1b" not in text


def test_the_class_stands_on_every_form_of_a_table():
    table = tables(examined(only_steps(gpu=None)))[0]
    assert b"demonstration, not a measurement" in to_markdown(table)
    assert b"demonstration, not a measurement" in to_latex(table)
    assert {row["class"] for row in read(table)} == {"demonstration"}


def test_a_checkpoint_of_the_batch_study_alone_has_no_row_in_table_1():
    run = with_rows(
        make_run(gpu=make_gpu(), steps=(100,), batch_sizes=(1,)),
        lambda row: changed(row, checkpoint="other") if row.study == "batch" else row,
    )
    first, _, batch = tables(examined(run))
    assert [row["checkpoint"] for row in read(first)] == ["cvssp/audioldm-s-full-v2"]
    assert [row["checkpoint"] for row in read(batch)] == ["other"]


def test_a_window_with_a_disturbance_counts_and_is_counted():
    run = with_rows(
        only_steps(repeats=3),
        lambda row: changed(row, disturbances="throttled") if row.repeat == 2 else row,
    )
    table = tables(examined(run))[1]
    (row,) = read(table)
    assert (row["n"], row["disturbed"]) == ("3", "1")
    assert "Disturbed" in headings(table)


def test_a_model_has_its_name_in_the_csv_and_its_title_where_people_read():
    table = tables(examined(make_run(gpu=make_gpu())))[0]

    assert read(table)[0]["model"] == "audioldm"
    assert "AudioLDM" in to_markdown(table).decode()
    assert "AudioLDM" in to_html(table)


def test_every_status_of_a_window_has_its_column_in_the_order_of_its_cells():
    names = [column.name for column in OF_COUNTS]
    assert names == [*STATUSES, "warmups", "disturbed"]


def shown(*rows, columns, **options):
    table = Table("made", "Made", "measured", columns, rows, **options)
    return to_markdown(table).decode().splitlines()[2:]


def test_a_column_is_shown_as_it_says_and_only_where_it_informs():
    columns = (
        MODEL, Column("p", "p", places=2), Column("hidden"), PROTOCOL,
        Column("lost", "Lost", if_filled=True), Column("cpu", "CPU", instead_of="gpu"),
        Column("gpu"),
    )  # fmt: skip
    lines = shown(("a", 0.5, 1, "x", 0, 7, None), ("b", 1.0, 1, "y", 0, 8, None), columns=columns)
    assert lines[0] == "| Model | p | CPU |"
    assert lines[2] == "| a | 0.50 | 7 |"
    lines = shown(("a", 0.5, 1, "x", 2, 7, 1), ("a", 1.0, 1, "y", 0, 8, 1), columns=columns)
    assert lines[0] == "| Model | p | Protocol | Lost |"
