from __future__ import annotations

import hashlib
import json
import re

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from repro.analysis.compare.answers import answer_lines, open_because
from repro.analysis.compare.boards import boards_first
from repro.analysis.compare.comparison import compare
from repro.analysis.compare.document import document
from repro.analysis.compare.drawing import _ticks, draw
from repro.analysis.compare.figure import grid
from repro.analysis.compare.files import write_comparison
from repro.analysis.compare.need import need_overall
from repro.analysis.compare.sides import folders, read_sides
from repro.analysis.compare.tables import lines_table, results_table
from repro.analysis.equivalence import Answer
from repro.bundle import Verdict, bundle_name, seal
from repro.cli.compare import compare as command
from repro.errors import BundleError, TtaError, UsageError
from repro.records import IdleBaseline, Status
from repro.signing import ephemeral_key
from tests.analysis.examined import changed, examined, with_environment, with_header, with_rows
from tests.factories import make_gpu, make_run

#: Joules of five single generations on an A40 by steps, in the order they were made; from the
#: release of arXiv:2505.07615. The first of each process is cold, which shows most at 10 steps.
A40 = {
    "audioldm": {
        10: (112.861, 64.343, 57.150, 56.778, 65.294),
        25: (111.965, 116.042, 117.465, 118.538, 111.116),
        50: (211.157, 198.240, 199.954, 202.945, 202.911),
        100: (372.881, 371.771, 373.077, 372.309, 381.904),
        150: (529.119, 547.775, 555.497, 557.107, 558.014),
        200: (715.802, 721.952, 734.226, 729.232, 737.622),
    },
    "tango": {
        10: (425.037, 396.634, 388.466, 389.397, 388.648),
        25: (904.156, 924.810, 917.246, 918.585, 919.426),
        50: (1766.011, 1796.217, 1800.249, 1791.330, 1802.694),
        100: (3497.825, 3551.195, 3549.151, 3565.014, 3562.998),
        150: (5267.643, 5322.820, 5329.667, 5339.713, 5332.140),
        200: (7039.270, 7088.812, 7104.610, 7101.910, 7111.223),
    },
}


def a40_run(model="audioldm", *, factor=1.0, repeats=5, noise=0.0, gpu="NVIDIA A40", **options):
    """Make a run with the published energies, each times ``factor``, with noise if asked for."""
    source, energies = np.random.default_rng(2505), A40[model]
    settings = {
        "steps": tuple(energies),
        "batch_sizes": (),
        "weights": "hub",
        "run_id": model.ljust(32, "0"),
    } | options
    run = make_run(model=model, gpu=make_gpu(gpu), repeats=repeats, **settings)
    return with_rows(
        run,
        lambda row: changed(
            row,
            gpu_energy_j=energies[row.steps][row.repeat - 1]
            * (1.0 if row.warmup else factor * (1 + noise * float(source.normal()))),
        ),
    )


def a40(**options):
    return [examined(a40_run(model, **options), bundle=f"{model}.zip") for model in A40]


def compared(reference, other, *, margin=0.05, **options):
    """Compare two sets of examinations, and return the comparison."""
    sides = read_sides({"one": reference, "two": other}, **options)
    (found,) = compare(sides, margin=margin)
    return found


def settings_of(comparison, model="AudioLDM", study="steps"):
    (found,) = [one for one in comparison.models if one.label == model]
    return {one.settings[0].steps: one for one in found.results
            if one.study == study and not one.whole}  # fmt: skip


def test_the_same_numbers_are_reproduced_for_every_model():
    found = compared(a40(), a40())
    assert found.answer is Answer.REPRODUCED
    assert {model.answer for model in found.models} == {Answer.REPRODUCED}
    assert len(found.models) == 2


@pytest.mark.parametrize("factor", [1.10, 1 / 1.10])
def test_ten_percent_more_or_less_is_not_reproduced_at_five_percent_for_any_model(factor):
    found = compared(a40(), a40(factor=factor))
    assert found.answer is Answer.NOT_REPRODUCED
    assert {model.answer for model in found.models} == {Answer.NOT_REPRODUCED}


def test_ten_percent_more_is_reproduced_within_twenty():
    assert compared(a40(), a40(factor=1.10), margin=0.20).answer is Answer.REPRODUCED


@pytest.mark.parametrize("noise", [0.0, 0.02, 0.1, 0.3])
@pytest.mark.parametrize("factor", [1.0, 1.10])
def test_two_repeats_only_are_inconclusive_for_every_model_and_setting(noise, factor):
    found = compared(a40(), a40(repeats=2, noise=noise, factor=factor))
    assert found.answer is Answer.INCONCLUSIVE
    assert {one.answer for model in found.models for one in model.results} == {Answer.INCONCLUSIVE}


def test_noisy_repeats_are_inconclusive_however_many_settings_there_are():
    assert compared(a40(), a40(noise=0.2)).answer is Answer.INCONCLUSIVE


def test_one_repeat_has_a_ratio_without_an_interval_and_says_why_it_is_inconclusive():
    found = compared(a40(), a40(repeats=1))
    one = settings_of(found)[200]
    assert one.trial.ratio.value == pytest.approx(715.802 / 727.767, rel=1e-5)
    assert (one.trial.ratio.low, one.answer) == (None, Answer.INCONCLUSIVE)
    assert "found 1 repeat" in one.trial.reason


def test_a_cold_first_repeat_leaves_its_setting_open_and_the_model_reproduced():
    found = compared(a40(), a40())
    cells = settings_of(found)
    assert (cells[10].answer, cells[200].answer) == (Answer.INCONCLUSIVE, Answer.REPRODUCED)
    assert found.models[0].answer is Answer.REPRODUCED


def test_one_setting_that_is_not_reproduced_is_enough_against_its_model_and_no_other():
    def dearer(row):
        is_it = row.steps == 50 and not row.warmup
        return changed(row, gpu_energy_j=row.gpu_energy_j * (1.3 if is_it else 1.0))

    other = [examined(with_rows(a40_run("audioldm"), dearer)), examined(a40_run("tango"))]
    found = compared(a40(), other)
    assert {model.label: model.answer for model in found.models} == {
        "AudioLDM": Answer.NOT_REPRODUCED, "tango": Answer.REPRODUCED,
    }  # fmt: skip
    assert found.answer is Answer.NOT_REPRODUCED


def test_swapping_the_sides_inverts_every_ratio_and_keeps_every_answer():
    there, back = compared(a40(), a40(factor=1.08)), compared(a40(factor=1.08), a40())
    pairs = zip(there.models, back.models, strict=True)
    for one, other in ((a, b) for m, n in pairs for a, b in zip(m.results, n.results, strict=True)):
        assert other.trial.ratio.value == pytest.approx(1 / one.trial.ratio.value, rel=1e-9)
        assert other.trial.ratio.low == pytest.approx(1 / one.trial.ratio.high, rel=1e-9)
        assert other.answer is one.answer


def test_the_whole_of_a_study_is_the_ratio_of_the_sums():
    found = compared(a40(), a40(factor=1.1))
    (whole,) = [one for one in found.models[0].results if one.whole]
    assert len(whole.settings) == 6
    assert whole.trial.ratio.value == pytest.approx(1.1, rel=1e-12)


def test_slopes_stand_side_by_side_with_their_ratio():
    lines = compared(a40(), a40(factor=1.1)).models[0].lines
    assert lines.other.line.slope == pytest.approx(1.1 * lines.reference.line.slope)
    assert lines.slope.value == pytest.approx(1.1)
    assert lines.slope.low < 1.1 < lines.slope.high


def test_joules_are_given_per_second_of_audio_and_per_denoiser_call():
    table = results_table([compared(a40(), a40(factor=2.0))])
    row = dict(zip(table.names, table.rows[3], strict=True))
    assert (row["steps"], row["executed_steps_reference"]) == (100, 100)
    assert row["j_per_audio_s_reference"] == pytest.approx(row["energy_j_reference"] / 10)
    assert row["j_per_call_other"] == pytest.approx(row["energy_j_other"] / 100)
    assert row["ratio"] == pytest.approx(2.0)


def test_the_batch_study_is_compared_by_batch_size_with_all_its_samples():
    options = {"steps": (), "batch_sizes": (1, 2), "samples": 4, "repeats": 5}
    found = compared([examined(**options)], [examined(**options)])
    sizes = [[one.batch_size for one in result.settings] for result in found.models[0].results]
    assert sizes == [[1], [2], [1, 2]]
    row = results_table([found]).rows[0]
    per_audio_s = row[results_table([found]).names.index("j_per_audio_s_other")]
    assert per_audio_s == pytest.approx(
        found.models[0].results[0].settings[0].other.energy_j.mean / 40
    )


def test_without_a_gpu_on_either_side_cpu_energy_is_compared_and_said():
    found = compared([examined(gpu=None, repeats=5)], [examined(gpu=None, repeats=5)])
    assert {one.quantity for model in found.models for result in model.results
            for one in result.settings} == {"cpu"}  # fmt: skip
    assert grid(found, name="compare").y_label == "Ratio of CPU energy"


def test_gpu_energy_is_never_held_against_cpu_energy():
    simulated = [examined(gpu=make_gpu(simulated=True))]
    with pytest.raises(UsageError, match=r"one kind on all sides, found GPU energy of NVIDIA A40 "
                       r"\(simulated\), CPU energy of .*: measure each side on a GPU"):  # fmt: skip
        compared(simulated, [examined(gpu=None)])


def h200(*, slower=1.0, **options):
    """Make the other board: times the published ones, and as much energy as is asked for."""
    return [
        examined(
            with_rows(
                a40_run(model, gpu="NVIDIA H200", **options),
                lambda row: changed(row, duration_s=slower * row.duration_s),
            ),
            bundle=f"{model}.zip",
        )
        for model in A40
    ]


def test_of_two_boards_it_is_said_first_what_the_one_needs_of_the_other():
    found = compared(a40(), h200(factor=4.0, slower=2.5))
    first, audioldm, _, same, *_ = answer_lines(found)
    need = need_overall(found)
    assert (need.energy.value, need.time) == (pytest.approx(4.0), pytest.approx(2.5))
    assert need.energy.low < 4.0 < need.energy.high
    assert re.match(
        r"NVIDIA H200 needs 4 times \(95 % 3\.\d+ to 4\.\d+\) the GPU energy and 2\.5 times the "
        r"time of NVIDIA A40, over the 12 settings of the study steps", first,
    )  # fmt: skip
    assert audioldm.startswith("  AudioLDM: 4 times (95 % ")
    assert same == "NVIDIA H200 against NVIDIA A40: not reproduced, within 5 %"


def test_of_the_same_board_the_answer_alone_is_said():
    lines = list(answer_lines(compared(a40(), a40(factor=1.1))))
    assert lines[0] == "NVIDIA A40, two against NVIDIA A40, one: not reproduced, within 5 %"
    assert len(lines) == 3


def test_an_open_answer_has_its_reason():
    few = compared(a40(), a40(repeats=2))
    noisy = compared(a40(), a40(noise=0.2))
    reason = "expected 3 repeats or more on each side, found 2 repeats"
    assert f"  AudioLDM: inconclusive: {reason}" in answer_lines(few)
    assert open_because(few) == reason
    assert "scatter too much" in open_because(noisy)
    assert open_because(compared(a40(), a40())) == ""


def test_without_single_generations_the_batches_say_what_is_needed():
    one, two = (
        [examined(gpu=make_gpu(name), repeats=3, steps=())] for name in ("NVIDIA A40", "NVIDIA L4")
    )
    assert need_overall(compared(one, two)).study == "batch"


def test_two_boards_stand_side_by_side_with_what_a_clip_costs_on_each():
    found = compared(a40(), h200(factor=0.5))
    boards, clips = boards_first(found)
    rows = {name: sides for name, *sides in boards.rows}
    assert rows["GPU"] == ["NVIDIA A40", "NVIDIA H200"]
    assert rows["Driver"] == ["550.54.15"] * 2
    assert rows["Weights"] == ["hub"] * 2
    assert "Idle power" not in rows
    assert [one.split()[1] for one in rows["Mean power in windows"]] == ["W", "W"]
    first = dict(zip(clips.headings, clips.rows[0], strict=True))
    mean_j = sum(A40["audioldm"][10]) / 5
    assert first["NVIDIA A40 (Wh)"] == f"{mean_j / 3600:#.4g}"
    assert first["NVIDIA H200 (Wh)"] == f"{mean_j / 7200:#.4g}"
    assert first["Ratio"] == "0.5000"


def test_the_idle_power_of_a_board_is_the_mean_of_its_sessions():
    run = a40_run()
    idle = IdleBaseline(power_w=60.0, seconds=10.0, raw_open=0, raw_close=600_000)
    session = run.sessions[0].model_copy(update={"idle": idle})
    other = idle.model_copy(update={"power_w": 80.0})
    both = (session, session.model_copy(update={"idle": other}))
    run = run.model_copy(update={"sessions": both})
    rows = {name: sides for name, *sides in boards_first(compared([examined(run)], h200()))[0].rows}
    assert rows["Idle power"] == ["70 W", "-"]


def test_the_document_gives_what_each_model_needs():
    (one,) = document([compared(a40(), h200(factor=4.0, slower=2.5))])["comparisons"]
    assert one["needs"]["overall"]["energy_ratio"] == pytest.approx(4.0)
    assert one["needs"]["models"]["AudioLDM"]["time_ratio"] == pytest.approx(2.5)


def test_the_page_of_two_boards_begins_with_what_the_one_needs(tmp_path):
    written(tmp_path, a40(), h200(factor=4.0))
    page = (tmp_path / "out" / "compare.html").read_text(encoding="utf-8")
    assert page.index("NVIDIA H200 needs 4 times") < page.index("<strong>Not reproduced</strong>")
    assert page.index("<caption>The two sides") < page.index("<figure")


def test_measured_and_demonstration_are_not_mixed():
    with pytest.raises(UsageError, match=r"one class, found measured .* demonstration"):
        compared([examined()], [examined(gpu=make_gpu(simulated=True))])


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"weights": "random"}, "weights: hub / random"),
        ({"protocol": "authors"}, "protocol: paper / authors"),
    ],
)
def test_what_makes_it_another_experiment_is_said_loudly_and_in_each_row(values, expected):
    other = with_environment(a40_run(), **values)
    found = compared([examined(a40_run())], [examined(other)])
    assert found.loud == {expected: ["AudioLDM"]}
    table = results_table([found])
    assert set(table.column("differs")) == {expected}


def test_another_size_and_dtype_are_said_loudly():
    tiny = with_environment(make_run(repeats=3), size="tiny")
    facts = tiny.header.environment.model.model_copy(update={"dtype": "bfloat16"})
    other = with_environment(tiny, model=facts)
    found = compared([examined(gpu=None, repeats=3)], [examined(other)])
    assert set(found.loud) == {"size: full / tiny", "dtype: float32 / bfloat16"}


def test_other_steps_executed_than_on_the_reference_are_said_loudly():
    def skips(row):
        return changed(row, executed_steps=167 if row.steps == 150 else row.steps)

    found = compared([examined(with_rows(a40_run(), skips))], [examined(a40_run())])
    assert found.loud == {"executed steps: 167 / 150": ["AudioLDM"]}
    assert [bool(one.differs) for one in settings_of(found).values()] == [False] * 4 + [True, False]


def test_other_libraries_are_told_and_not_shouted():
    facts = a40_run().header.environment.model
    newer = facts.model_copy(update={"libraries": {"torch": "2.13.0", "diffusers": "0.31.0"}})
    found = compared([examined(a40_run())], [examined(with_environment(a40_run(), model=newer))])
    assert found.loud == {}
    assert found.models[0].results[0].pair.quiet == (
        "reference: torch 2.5.1", "other: torch 2.13.0",
    )  # fmt: skip


def test_each_study_is_held_against_the_reference_that_measured_it():
    def another(row):
        return changed(row, checkpoint="a/b") if row.study == "batch" else row

    run = make_run(gpu=make_gpu(), repeats=3)
    found = compared([examined(with_rows(run, another))], [examined(run)])
    checkpoint = "checkpoint: a/b / cvssp/audioldm-s-full-v2"
    assert {(one.study, one.differs) for one in found.models[0].results} == {
        ("steps", ()), ("batch", (checkpoint,)),
    }  # fmt: skip


def test_the_most_alike_series_of_the_reference_is_taken():
    hub = examined(a40_run(weights="hub"))
    random_ = examined(a40_run(weights="random", run_id="b" * 32, factor=3.0), bundle="b.zip")
    found = compared([random_, hub], [examined(a40_run(weights="hub"))])
    assert found.loud == {}
    assert found.answer is Answer.REPRODUCED


def test_a_missing_step_and_a_missing_model_are_named():
    short = examined(with_rows(a40_run(), lambda row: None if row.steps == 25 else row))
    found = compared(a40(), [short])
    assert "Not compared: AudioLDM, only on the reference: 25 steps." in found.notes
    assert "Not compared: tango, which only the reference has." in found.notes
    assert list(settings_of(found)) == [10, 50, 100, 150, 200]


def test_a_repeat_that_did_not_end_well_does_not_count():
    def fails(row):
        failed = row.steps == 200 and row.repeat > 2
        return changed(row, status=Status.FAILED, gpu_energy_j=None) if failed else row

    found = compared(a40(), [examined(with_rows(a40_run(), fails)), *a40()[1:]])
    assert settings_of(found)[200].answer is Answer.INCONCLUSIVE
    assert {model.label: model.answer for model in found.models} == {
        "AudioLDM": Answer.INCONCLUSIVE, "tango": Answer.REPRODUCED,
    }  # fmt: skip


def test_sides_with_nothing_in_common_are_refused():
    with pytest.raises(UsageError, match="expected a model with a setting that two sides share"):
        compared([examined(a40_run("audioldm"))], [examined(a40_run("tango"))])


@pytest.mark.parametrize("margin", [0.0, 1.0, 5.0])
def test_a_margin_that_is_no_share_is_refused(margin):
    with pytest.raises(UsageError, match="--margin: expected a share"):
        compared(a40(), a40(), margin=margin)


def test_sides_are_told_apart_by_hardware_and_by_folder_where_that_is_the_same():
    h200 = examined(a40_run(gpu="NVIDIA H200", run_id="c" * 32), bundle="c.zip")
    labels = [side.label for side in read_sides({"all": [*a40(), h200]})]
    assert labels == ["NVIDIA A40", "NVIDIA H200"]
    labels = [side.label for side in read_sides({"one": a40(), "two": [*a40(), h200]})]
    assert labels == ["NVIDIA A40, one", "NVIDIA A40, two", "NVIDIA H200"]


def test_two_runs_of_a_model_in_one_folder_are_a_side_each():
    again = examined(a40_run(run_id="d" * 32), bundle="again.zip")
    sides = read_sides({"all": [examined(a40_run(), bundle="first.zip"), again]})
    assert [side.label for side in sides] == ["NVIDIA A40, first", "NVIDIA A40, again"]


def test_each_of_two_runs_in_one_folder_has_clips_of_its_own_length():
    def examined_run(name, clip_s):
        run = a40_run(run_id=name.ljust(32, "0"))
        longer = with_rows(run, lambda row: changed(row, audio_s=clip_s))
        return examined(longer, bundle=f"{name}.zip")

    sides = read_sides({"all": [examined_run("a", 10.0), examined_run("b", 5.0)]})
    lengths = [{side.audio_s("steps", point) for point in side.points["steps"]} for side in sides]
    assert lengths == [{10.0}, {5.0}]


def test_one_side_alone_is_refused_with_what_to_do():
    with pytest.raises(UsageError, match=r"found one \(NVIDIA A40\); name a second"):
        read_sides({"all": a40()})


def test_the_reference_is_the_first_side_or_the_one_that_is_named():
    h200 = [examined(a40_run(gpu="NVIDIA H200"))]
    sets = {"one": a40(), "two": h200}
    assert read_sides(sets)[0].label == "NVIDIA A40"
    assert read_sides(sets, reference="h200")[0].label == "NVIDIA H200"
    for word, count in (("NVIDIA", 2), ("TPU", 0)):
        with pytest.raises(UsageError, match=f"which fits {count} of: NVIDIA A40, NVIDIA H200"):
            read_sides(sets, reference=word)


def test_three_sides_make_two_comparisons_with_the_first():
    sides = read_sides({"one": a40(), "two": a40(factor=1.1), "three": a40()})
    found = compare(sides, margin=0.05)
    assert [one.answer for one in found] == [Answer.NOT_REPRODUCED, Answer.REPRODUCED]
    assert document(found)["answer"] == "not reproduced"


def test_a_bundle_that_is_not_valid_or_not_trusted_is_refused():
    with pytest.raises(BundleError, match="INVALID"):
        read_sides({"one": a40(), "two": [examined(verdict=Verdict.INVALID)]})
    with pytest.raises(BundleError, match="trusted"):
        read_sides({"one": a40(), "two": a40()}, require_trusted=True)


def test_bundles_are_grouped_by_the_folder_they_lie_in(tmp_path):
    for name in ("one/a.zip", "one/b.zip", "two/a.zip"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    one, two = tmp_path / "one", tmp_path / "two"
    assert folders([one, two]) == {"one": [one / "a.zip", one / "b.zip"], "two": [two / "a.zip"]}
    assert folders([one / "b.zip", two / "a.zip"]) == {"one": [one / "b.zip"],
                                                      "two": [two / "a.zip"]}  # fmt: skip
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="found none"):
        folders([tmp_path / "empty"])


def test_every_number_of_the_lines_stands_in_their_table():
    table = lines_table([compared(a40(), a40(factor=1.1))])
    row = dict(zip(table.names, table.rows[0], strict=True))
    assert row["slope_ratio"] == pytest.approx(row["slope_j_per_call_other"]
                                               / row["slope_j_per_call_reference"])  # fmt: skip
    assert (row["n_reference"], row["n_other"]) == (30, 30)


def test_the_figure_has_a_panel_for_each_model_and_a_tip_on_each_point():
    chart = grid(compared(a40(), a40(factor=1.1)), name="compare")
    assert [panel.title for panel in chart.panels] == ["AudioLDM", "tango"]
    drawn = draw(chart)
    assert drawn["pdf"].startswith(b"%PDF")
    assert drawn["png"].startswith(b"\x89PNG")
    assert drawn["svg"].count(b"<title>") == 14 == len(chart.table.rows)
    assert b"200 steps: 1.1, 95 % from" in drawn["svg"]


def test_a_demonstration_is_stamped_across_the_figure_and_a_measurement_is_not():
    simulated = [examined(gpu=make_gpu(simulated=True), repeats=3)]
    stamped, plain = compared(simulated, simulated), compared(a40(), a40())
    stamps = [draw(grid(one, name="x"))["svg"].count(b"<!-- DEMONSTRATION -->")
              for one in (stamped, plain)]  # fmt: skip
    assert stamps == [1, 0]


@given(st.floats(1e-5, 0.9), st.floats(1.1, 1e5))
def test_the_axis_always_shows_one_and_few_ticks(low, high):
    ticks = _ticks((low, high))
    assert 1 in ticks
    assert len(ticks) <= 7
    assert all(low <= tick <= high for tick in ticks)


def written(tmp_path, reference, other, **options):
    sets = {"one": reference, "two": other}
    return write_comparison(sets, tmp_path / "out", margin=0.05, **options)


def digests(folder):
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_the_same_bundles_give_the_same_bytes(tmp_path):
    first = written(tmp_path / "first", a40(), a40(factor=1.1))
    second = written(tmp_path / "second", a40()[::-1], a40(factor=1.1)[::-1])
    assert digests(tmp_path / "first" / "out") == digests(tmp_path / "second" / "out")
    names = {str(path.relative_to(tmp_path / "first" / "out")) for path in first.files}
    assert names == set(digests(tmp_path / "first" / "out"))
    assert len(first.files) == len(second.files) == 8


def test_what_an_earlier_comparison_left_is_taken_away_and_a_report_stays(tmp_path):
    out = tmp_path / "out"
    for name in ("figures/compare_2.png", "figures/fig1a.png", "index.html"):
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_text("old")
    written(tmp_path, a40(), a40())
    assert not (out / "figures/compare_2.png").exists()
    assert (out / "figures/fig1a.png").read_text() == (out / "index.html").read_text() == "old"


def test_nothing_is_written_when_the_sides_cannot_be_compared(tmp_path):
    with pytest.raises(UsageError):
        written(tmp_path, [examined(a40_run("audioldm"))], [examined(a40_run("tango"))])
    assert not (tmp_path / "out").exists()


def test_a_file_in_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "out").touch()
    with pytest.raises(TtaError, match="expected a folder, found a file"):
        written(tmp_path, a40(), a40())


def test_the_page_says_first_what_was_found_and_what_else_differs(tmp_path):
    written(tmp_path, a40(), a40(factor=1.1, weights="random"))
    page = (tmp_path / "out" / "compare.html").read_text(encoding="utf-8")
    answer, warning = page.index("Not reproduced"), page.index("More than the hardware differs")
    assert answer < warning < page.index("weights: hub / random") < page.index("<main>")
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "https://" not in page
    assert "<script" not in page


def test_a_page_without_other_differences_shouts_nothing(tmp_path):
    written(tmp_path, a40(), a40())
    page = (tmp_path / "out" / "compare.html").read_text(encoding="utf-8")
    assert "More than the hardware differs" not in page
    assert "<strong>Reproduced</strong> at a margin of 5 %" in page


def test_strings_of_a_bundle_are_harmless_in_every_output(tmp_path):
    hostile = "<script>alert(1)</script>|=1+1"
    run = with_header(a40_run(), model_toml=f'title = "{hostile}"\n')
    written(tmp_path, [examined(run)], [examined(run)])
    out = tmp_path / "out"
    for name in ("compare.html", "tables/compare.md"):
        text = (out / name).read_text(encoding="utf-8")
        assert "<script" not in text
        assert "&lt;script" in text
    assert r"\|=1+1" in (out / "tables/compare.md").read_text(encoding="utf-8")


def sealed(folder, gpu):
    run = make_run(gpu=make_gpu(gpu), repeats=5)
    folder.mkdir()
    path = folder / bundle_name(run)
    path.write_bytes(seal(run, key=ephemeral_key()))
    return folder


def test_the_command_prints_one_document_and_nothing_else(tmp_path):
    a40_folder, h200 = sealed(tmp_path / "a", "NVIDIA A40"), sealed(tmp_path / "b", "NVIDIA H200")
    arguments = [str(a40_folder), str(h200), "--out", str(tmp_path / "out"), "--json"]
    done = CliRunner().invoke(command, arguments, catch_exceptions=False)
    found = json.loads(done.stdout)
    assert done.exit_code == 0
    assert found["reference"]["hardware"] == "NVIDIA A40"
    assert [one["other"]["label"] for one in found["comparisons"]] == ["NVIDIA H200"]
    assert found["comparisons"][0]["models"] == {"AudioLDM": "reproduced"}
    assert found["comparisons"][0]["results"][0]["ratio"] == 1.0
    assert (tmp_path / "out" / "compare.html").exists()


def test_the_command_says_what_was_found_and_what_to_open(tmp_path):
    a40_folder, h200 = sealed(tmp_path / "a", "NVIDIA A40"), sealed(tmp_path / "b", "NVIDIA H200")
    arguments = [str(a40_folder), str(h200), "--out", str(tmp_path / "out"), "--reference", "H200"]
    done = CliRunner().invoke(command, arguments, catch_exceptions=False)
    lines = done.stdout.splitlines()
    assert lines[0].startswith("NVIDIA A40 needs 1 times (95 % 0.985 to 1.02) the GPU")
    assert "NVIDIA A40 against NVIDIA H200: reproduced, within 5 %" in lines
    assert lines[-1] == f"open {tmp_path / 'out' / 'compare.html'}"


@pytest.mark.parametrize("margin", ["0", "1", "5"])
def test_the_command_takes_no_margin_beyond_a_share(tmp_path, margin):
    arguments = [str(tmp_path), "--out", str(tmp_path), "--margin", margin]
    assert CliRunner().invoke(command, arguments).exit_code == 2


def test_the_help_shows_its_examples_a_line_each():
    lines = CliRunner().invoke(command, ["--help"]).stdout.splitlines()
    examples = [line for line in lines if "tta-energy compare" in line]
    assert len(examples) == 4
    assert not any("\\b" in line for line in lines)
