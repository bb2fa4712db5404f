"""The rows and scores of an import are those that can be added up by hand."""

from __future__ import annotations

import pytest

from repro.importers import emissions
from repro.records import BundleClass
from tests.importers import publication


@pytest.fixture(scope="module")
def run(published, tmp_path_factory):
    from repro.importers import import_folder  # noqa: PLC0415
    from tests.importers.conftest import open_run  # noqa: PLC0415

    out = tmp_path_factory.mktemp("out")
    (path,) = import_folder(published, layout="passoni2025", out=out).bundles
    return open_run(path)


def rows(run, study):
    return [entry.row for entry in run.entries if entry.row.study == study]


def test_a_run_of_the_log_is_a_repeat_and_its_lines_are_the_step_counts(run):
    found = [(row.repeat, row.steps) for row in rows(run, "steps")]
    assert found == [(repeat, n) for repeat in range(1, 6) for n in publication.STEPS]


def test_energy_is_in_joules_and_time_in_seconds(run):
    for row in rows(run, "steps"):
        seconds = row.steps / 100
        assert row.duration_s == pytest.approx(seconds, rel=1e-12)
        assert row.gpu_energy_j == pytest.approx(100 * seconds, rel=1e-12)
        assert row.cpu_energy_j == pytest.approx(50 * seconds, rel=1e-12)
        assert row.ram_energy_j == pytest.approx(seconds, rel=1e-12)


def test_a_batch_row_is_the_sum_of_the_calls_that_make_ten_clips(run):
    found = rows(run, "batch")
    assert [(row.batch_size, row.repeat) for row in found] == [
        (size, repeat) for size in (1, 2, 5, 10) for repeat in range(1, 6)
    ]
    assert {row.clips for row in found} == {10}
    assert {row.steps for row in found} == {100}
    assert [row.duration_s for row in found] == pytest.approx([10.0] * 20)
    assert [row.gpu_energy_j for row in found] == pytest.approx([1000.0] * 20)
    assert [found[place].detail for place in (0, 5, 10, 15)] == [
        "sum of 10 calls", "sum of 5 calls", "sum of 2 calls", "one call"
    ]  # fmt: skip


def test_a_quality_row_is_the_sum_over_the_clips_of_a_data_set(run):
    found = rows(run, "quality")
    assert [(row.dataset, row.steps) for row in found] == [
        (dataset, n) for dataset in publication.DATASETS for n in publication.STEPS
    ]
    for row in found:
        assert (row.clips, row.repeat) == (300, 1)
        assert row.duration_s == pytest.approx(3 * row.steps, rel=1e-12)
        assert row.gpu_energy_j == pytest.approx(300 * row.steps, rel=1e-12)


def test_what_the_logs_do_not_say_stays_empty(run):
    for entry in run.entries:
        row = entry.row
        assert row.seed is row.audio_s is row.uncertainty_j is row.disturbances is None
        assert row.gpu_energy_counter_j is row.gpu_energy_trace_j is None
        assert entry.readings == entry.audio == ()
    gpu = run.header.environment.machine.gpu
    assert gpu.name == "NVIDIA A40"
    assert gpu.driver is gpu.power_limit_w is gpu.memory_bytes is gpu.identity is None
    assert run.header.environment.model.attention is None
    assert run.header.environment.model.parameters == {}


def test_what_the_logs_say_is_kept(run):
    environment = run.header.environment
    assert environment.bundle_class is BundleClass.MEASURED
    assert (environment.protocol, environment.size, environment.weights) == (
        "authors", "full", "hub"
    )  # fmt: skip
    assert environment.machine.cpu == "AMD EPYC 7313 16-Core Processor"
    assert environment.machine.cpu_cores == 64
    assert environment.machine.ram_bytes == 1007.5 * 2**30
    assert environment.machine.kernel == "6.8.0-52-generic"
    assert environment.harness_libraries == {"codecarbon": "2.7.2"}
    assert environment.model.libraries == {"python": "3.12.7"}
    assert {one.name for one in environment.instruments} == {"codecarbon"}


def test_each_row_says_its_meter_and_that_the_steps_were_not_counted(run):
    for entry in run.entries:
        row = entry.row
        assert row.gpu_meter == "codecarbon"
        assert row.gpu_energy_codecarbon_j == row.gpu_energy_j
        assert (row.executed_steps, row.executed_steps_source) == (row.steps, "derived")
        assert (row.status, row.warmup) == ("ok", False)


def test_local_time_becomes_utc(run, steps_only, run_of):
    assert rows(run, "steps")[0].started_at == "2025-03-06T14:04:54Z"
    path = publication.STEPS_LOG.format(1)
    publication.edit(steps_only, path, 2, lambda line: line.update(timestamp="2025-07-06T15:04:54"))
    assert run_of(steps_only).entries[0].row.started_at == "2025-07-06T13:04:54Z"


def test_one_study_used_another_checkpoint(run):
    assert {row.checkpoint for row in rows(run, "batch")} == {"cvssp/audioldm"}
    for study in ("steps", "quality"):
        assert {row.checkpoint for row in rows(run, study)} == {"cvssp/audioldm-s-full-v2"}


def test_a_processor_whose_power_varies_was_measured_and_memory_modelled(run):
    assert {entry.row.cpu_source for entry in run.entries} == {"measured"}
    assert {entry.row.ram_source for entry in run.entries} == {"modelled"}


def test_a_processor_of_one_power_was_modelled(tmp_path, run_of):
    publication.publish_steps(tmp_path / "flat", cpu_power=42.5)
    run = run_of(tmp_path / "flat")
    assert {entry.row.cpu_source for entry in run.entries} == {"modelled"}
    assert "a model" in run.header.environment.instruments[1].reads


@pytest.mark.parametrize(
    ("name", "model"), [("Make-an-Audio", "make-an-audio"), ("Make-an-Audio-2", "make-an-audio-2")]
)
def test_150_steps_of_two_models_were_167(tmp_path, run_of, name, model):
    publication.publish_steps(tmp_path / "maa", name)
    found = [entry.row for entry in run_of(tmp_path / "maa").entries]
    assert {row.model for row in found} == {model}
    assert {(row.steps, row.executed_steps) for row in found} == {
        (10, 10), (25, 25), (50, 50), (100, 100), (150, 167), (200, 200)
    }  # fmt: skip
    details = {row.detail for row in found if row.steps == 150}
    assert details == {
        "150 steps asked for, 167 executed: DDIM timesteps are range(0, 1000, 1000 // 150)"
    }
    assert {row.executed_steps_source for row in found} == {"derived"}


def test_scores_are_joined_by_data_set_and_not_by_position(run):
    subset = [score for score in run.scores if not score.reference.endswith("-full")]
    found = {(score.metric, score.dataset, score.steps): score.value for score in subset}
    assert len(found) == 24
    assert found["fad_inf", "audiocaps", 100] == pytest.approx(0.1)
    assert found["fad_inf", "clotho", 100] == pytest.approx(0.2)
    assert found["clap", "audiocaps", 100] == pytest.approx(0.05)
    assert found["clap", "clotho", 100] == pytest.approx(0.15)


def test_scores_say_of_how_many_clips_and_by_what(run):
    for score in run.scores:
        full = score.reference.endswith("-full")
        assert score.reference == score.dataset + ("-full" if full else "")
        assert score.n == (None if full else 300)
        assert score.score_class is BundleClass.MEASURED
    engines = {(score.metric, score.engine, score.embedding) for score in run.scores}
    assert engines == {
        ("fad_inf", "fadtk --inf, unseeded", "clap-laion-audio, 630k-audioset-best.pt"),
        ("clap", "stable-audio-metrics", "630k-audioset-fusion-best.pt"),
    }


def test_the_sanity_check_is_told_apart_by_its_reference(run):
    full = [score for score in run.scores if score.reference.endswith("-full")]
    assert len(full) == 24
    assert {score.reference for score in full} == {"audiocaps-full", "clotho-full"}


def test_the_columns_are_those_of_codecarbon():
    assert len(emissions.COLUMNS) == 32


@pytest.mark.parametrize(
    ("logs", "quality", "model"),
    [
        ("AudioLDM", "AudioLDM", "audioldm"),
        ("AudioLDM2", "AudioLDM2", "audioldm2"),
        ("Make-an-Audio", "MAA", "make-an-audio"),
        ("Make-an-Audio-2", "MAA2", "make-an-audio-2"),
        ("Stable Audio Open", "SAO", "stable-audio-open"),
        ("Tango", "Tango", "tango"),
        ("Tango2", "Tango2", "tango2"),
    ],
)
def test_a_model_has_one_name_whatever_its_folder_is_called(tmp_path, run_of, logs, quality, model):
    publication.publish_steps(tmp_path / "one", logs)
    publication.publish_scores(tmp_path / "one", quality)
    publication.publish_sanity(tmp_path / "one", quality)
    run = run_of(tmp_path / "one")
    assert {entry.row.model for entry in run.entries} == {model}
    assert {score.model for score in run.scores} == {model}
    assert len(run.scores) == 48
    assert f'name = "{model}"' in run.header.model_toml
