"""A file that is not as published is named with its line, and no bundle is left."""

from __future__ import annotations

import re

import pytest

from repro.errors import TtaError, UsageError
from tests.importers import publication
from tests.importers.publication import BATCH_LOG, CLAP, FAD, QUALITY_LOG, STEPS_LOG, edit

LOG = STEPS_LOG.format(3)


@pytest.fixture
def refused(import_, tmp_path):
    """Import a folder in vain and return the error."""

    def call(folder):
        with pytest.raises(TtaError) as caught:
            import_(folder)
        assert not list((tmp_path / "out").rglob("*"))
        text = str(caught.value)
        assert "\n" not in text
        return text

    return call


NUMBERS = (
    "duration", "emissions", "emissions_rate", "cpu_power", "gpu_power", "ram_power",
    "cpu_energy", "gpu_energy", "ram_energy", "energy_consumed", "cpu_count", "gpu_count",
    "longitude", "latitude", "ram_total_size", "pue",
)  # fmt: skip


@pytest.mark.parametrize("column", NUMBERS)
@pytest.mark.parametrize("value", ["", "nan", "inf", "1_0", "0x1p3", "about 3", "1e999"])
def test_every_number_is_checked_also_those_not_carried_over(steps_only, refused, column, value):
    edit(steps_only, LOG, 4, lambda line: line.update({column: value}))
    assert refused(steps_only).startswith(
        f"{LOG} line 4: {column}: expected a finite number, found '{value}'"
    )


@pytest.mark.parametrize("column", [name for name in NUMBERS if not name.endswith("tude")])
def test_a_number_below_zero_is_refused(steps_only, refused, column):
    edit(steps_only, LOG, 4, lambda line: line.update({column: "-1e-6"}))
    assert refused(steps_only).startswith(f"{LOG} line 4: {column}: expected at least 0")


@pytest.mark.parametrize(
    "column", ["duration", "gpu_energy", "cpu_energy", "ram_energy", "energy_consumed"]
)
def test_a_zero_is_no_energy_and_no_time(steps_only, refused, column):
    edit(steps_only, LOG, 2, lambda line: line.update({column: "0.0"}))
    assert refused(steps_only).startswith(f"{LOG} line 2: {column}: expected a number above 0")


@pytest.mark.parametrize("column", ["gpu_energy", "pue", "timestamp"])
def test_a_missing_column_is_named(steps_only, refused, column):
    lines = publication.read(steps_only, LOG)
    for line in lines:
        del line[column]
    publication.table(steps_only, LOG, list(lines[0]), lines)
    assert refused(steps_only) == f"{LOG} line 1: expected the column {column}, found none"


def test_a_column_too_many_is_named(steps_only, refused):
    lines = [line | {"gpu_energy_wh": "1"} for line in publication.read(steps_only, LOG)]
    publication.table(steps_only, LOG, list(lines[0]), lines)
    assert refused(steps_only).endswith("expected 32 columns once, found also 'gpu_energy_wh'")


def test_an_empty_file_is_refused(steps_only, refused):
    (steps_only / LOG).write_text("")
    assert refused(steps_only).startswith(f"{LOG} line 1: expected the column timestamp, ")


def test_energy_in_another_unit_than_the_rest_of_its_line_is_refused(steps_only, refused):
    edit(steps_only, LOG, 5, lambda line: line.update(gpu_energy=float(line["gpu_energy"]) * 1000))
    assert refused(steps_only).startswith(f"{LOG} line 5: energy_consumed: expected the sum of ")


@pytest.mark.parametrize("factor", [1000, 3.6e6, 1e-3])
def test_a_line_wholly_in_another_unit_is_refused(steps_only, refused, factor):
    def scale(line):
        for name in ("cpu_energy", "gpu_energy", "ram_energy", "energy_consumed"):
            line[name] = float(line[name]) * factor

    edit(steps_only, LOG, 5, scale)
    found = refused(steps_only)
    assert re.match(rf"{LOG} line 5: [cg]pu_energy: expected kWh that give 1 to 20000 W", found)


def test_time_in_another_unit_is_refused(steps_only, refused):
    edit(steps_only, LOG, 5, lambda line: line.update(duration=float(line["duration"]) * 1000))
    assert refused(steps_only).startswith(f"{LOG} line 5: emissions_rate: expected emissions by ")


def test_a_file_cut_short_between_lines_is_refused(steps_only, refused):
    lines = (steps_only / LOG).read_text().splitlines(keepends=True)
    (steps_only / LOG).write_text("".join(lines[:-2]))
    assert refused(steps_only) == (
        f"{LOG} line 5: expected 6 lines below the header, found 4: the file is cut short; take "
        "it from the publication again"
    )


@pytest.mark.parametrize("kept", [-40, -300])
def test_a_file_cut_short_within_a_line_is_refused(steps_only, refused, kept):
    text = (steps_only / LOG).read_text()
    (steps_only / LOG).write_text(text[:kept])
    assert refused(steps_only).startswith(f"{LOG} line 7: expected 32 cells, found ")


def test_a_quality_log_cut_short_is_refused(folder, refused):
    path = QUALITY_LOG.format("clotho")
    lines = (folder / path).read_text().splitlines(keepends=True)
    (folder / path).write_text("".join(lines[:1000]))
    assert refused(folder).startswith(f"{path} line 1000: expected 1800 lines")


def test_a_file_with_lines_too_many_is_refused(steps_only, refused):
    lines = publication.read(steps_only, LOG)
    publication.log(steps_only, LOG, [*lines, publication.measurement("more", 1.0)])
    assert refused(steps_only).startswith(f"{LOG} line 8: expected 6 lines below the header")


def test_a_row_twice_in_a_file_is_refused(steps_only, refused):
    lines = publication.read(steps_only, LOG)
    publication.log(steps_only, LOG, [*lines[:2], lines[1], *lines[3:]])
    assert refused(steps_only).startswith(f"{LOG} line 4: project_name: expected 'AudioLDM-infer")


def test_a_measurement_twice_in_two_files_is_refused_with_both_places(steps_only, refused):
    other = STEPS_LOG.format(4)
    (steps_only / other).write_text((steps_only / LOG).read_text())
    assert refused(steps_only) == (
        f"{other} line 2: run_id: expected one of its own, found that of {LOG} line 2: the "
        "measurement is there twice"
    )


def test_a_measurement_without_an_id_is_refused(steps_only, refused):
    edit(steps_only, LOG, 2, lambda line: line.update(run_id=""))
    assert refused(steps_only) == f"{LOG} line 2: run_id: expected one of its own, found none"


def test_a_clip_twice_at_the_same_steps_is_refused(folder, refused):
    path = QUALITY_LOG.format("audiocaps")
    edit(
        folder, path, 8, lambda line: line.update(project_name="AudioLDM_audiocaps-10-steps-clip 0")
    )
    assert refused(folder) == f"{path} line 8: expected each clip once, again as {path} line 2"


def test_a_clip_that_lacks_a_step_count_is_refused(folder, refused):
    path = QUALITY_LOG.format("audiocaps")
    edit(folder, path, 8, lambda line: line.update(project_name="AudioLDM_audiocaps-10-steps-new"))
    found = refused(folder)
    assert found.startswith(f"{path} line ")
    assert "expected its clip at all step counts, found none at 10 steps" in found or (
        "found none at 25 steps" in found
    )


@pytest.mark.parametrize(
    ("path", "project"),
    [
        (LOG, "Tango-inference_10-steps"),
        (BATCH_LOG.format(0, 1), "AudioLDM-inference_batch2"),
        (QUALITY_LOG.format("clotho"), "AudioLDM_audiocaps-10-steps-clip 0"),
        (QUALITY_LOG.format("clotho"), "AudioLDM_clotho-11-steps-clip 0"),
    ],
)
def test_a_line_of_another_project_is_refused(folder, refused, path, project):
    edit(folder, path, 2, lambda line: line.update(project_name=project))
    assert refused(folder).startswith(f"{path} line 2: project_name: expected ")


@pytest.mark.parametrize("value", ["", "yesterday", "2025-03-06", "2025-03-06T15:04:54+01:00"])
def test_a_time_that_is_none_is_refused(steps_only, refused, value):
    edit(steps_only, LOG, 2, lambda line: line.update(timestamp=value))
    assert refused(steps_only).startswith(f"{LOG} line 2: timestamp: expected local time")


@pytest.mark.parametrize("column", ["gpu_model", "gpu_count", "cpu_model", "cpu_count", "os"])
def test_hardware_that_changes_within_a_model_is_refused(steps_only, refused, column):
    edit(steps_only, LOG, 6, lambda line: line.update({column: "8"}))
    found = refused(steps_only)
    assert found.startswith(f"{LOG} line 6: {column}: expected ")
    assert f"as in {STEPS_LOG.format(1)} line 2" in found


def test_a_file_that_is_no_text_is_refused(steps_only, refused):
    path = steps_only / LOG
    path.write_bytes(path.read_bytes().replace(b"Italy", b"It\xe0lia", 1))
    assert refused(steps_only) == f"{LOG} line 2: expected UTF-8, found other bytes"


def test_a_quote_left_open_is_refused(steps_only, refused):
    path = steps_only / LOG
    path.write_text(path.read_text().replace("Italy", '"Italy', 1))
    assert refused(steps_only).startswith(f"{LOG} line ")


@pytest.mark.parametrize(("path", "column"), [(FAD, "fad_score"), (CLAP, "clap_score")])
def test_a_score_that_is_no_number_is_refused(folder, refused, path, column):
    edit(folder, path, 9, lambda line: line.update({column: "nan"}))
    assert refused(folder).startswith(f"{path} line 9: {column}: expected a finite number")


@pytest.mark.parametrize(
    ("path", "column", "value"), [(FAD, "fad_score", "-0.1"), (CLAP, "clap_score", "1.1")]
)
def test_a_score_out_of_its_range_is_refused(folder, refused, path, column, value):
    edit(folder, path, 9, lambda line: line.update({column: value}))
    assert refused(folder).startswith(f"{path} line 9: {column}: expected at ")


def test_a_score_twice_is_refused(folder, refused):
    edit(folder, FAD, 4, lambda line: line.update(steps="10"))
    assert refused(folder) == (
        f"{FAD} line 4: expected each score once, found that of {FAD} line 2 again"
    )


@pytest.mark.parametrize(
    "change", [{"steps": "11"}, {"baseline": "esc50"}, {"steps": ""}, {"model": "AudioLDMsanity"}]
)
def test_a_score_of_something_else_is_refused(folder, refused, change):
    edit(folder, FAD, 4, lambda line: line.update(change))
    assert refused(folder).startswith(f"{FAD} line 4: ")


def test_scores_of_the_study_do_not_pass_for_the_sanity_check(folder, refused):
    path = "sanitycheck/FAD/AudioLDM_fad_scores.csv"
    (folder / path).write_text((folder / FAD).read_text())
    assert refused(folder).startswith(f"{path} line 2: model: expected 'AudioLDMsanity'")


def test_one_bad_model_leaves_no_bundle_of_the_others(steps_only, refused):
    publication.publish_steps(steps_only, "Tango")
    path = "results/inference_steps/Tango/Tango-emissions-run5.csv"
    edit(steps_only, path, 7, lambda line: line.update(gpu_energy="-1"))
    assert refused(steps_only).startswith(f"{path} line 7: gpu_energy")


def test_a_folder_in_no_layout_is_a_usage_error(tmp_path, import_):
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="found none: name the folder that holds results/"):
        import_(tmp_path / "empty")


def test_a_commit_that_is_none_is_a_usage_error(steps_only, import_):
    with pytest.raises(UsageError, match="commit: expected 40 hexadecimal digits, found 'main'"):
        import_(steps_only, commit="main")
