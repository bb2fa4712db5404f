from __future__ import annotations

from dataclasses import replace

import pytest

from repro.analysis.reading.load import load
from repro.analysis.reading.series import labels, ordered
from repro.bundle import Verdict
from repro.errors import BundleError, ExitCode, UsageError
from repro.records import Status
from tests.analysis.examined import changed, examined, with_environment, with_rows
from tests.factories import make_gpu, make_run


def series_of(data):
    return ordered(row.series for source in data.sources for row in source.rows)


def test_every_invalid_bundle_is_named_with_its_reason():
    invalid = [
        replace(examined(bundle=name), verdict=Verdict.INVALID, reasons=(f"zip: {name} is torn",))
        for name in ("x.zip", "y.zip")
    ]
    with pytest.raises(BundleError) as caught:
        load([examined(), *invalid])
    assert caught.value.exit_code == ExitCode.BUNDLE
    for name in ("x.zip", "y.zip"):
        assert f"{name} is torn" in str(caught.value)
    assert "a.zip" not in str(caught.value)


def test_a_bundle_of_an_unknown_signer_is_refused_only_where_trust_is_required():
    known = examined(verdict=Verdict.TRUSTED)
    unknown = examined(bundle="unknown.zip", run_id="b" * 32)
    assert len(load([known, unknown]).sources) == 2
    with pytest.raises(BundleError, match=r"trusted bundles, found unknown\.zip INTEGRITY_ONLY"):
        load([known, unknown], require_trusted=True)


def test_the_same_bundle_under_two_names_is_read_once_and_said():
    data = load([examined(bundle="a.zip"), examined(bundle="copy.zip")])
    assert [source.bundle for source in data.sources] == ["a.zip"]
    assert data.notices == ("copy.zip: the same bundle as a.zip, read once",)


def test_one_run_in_two_different_bundles_is_refused():
    resigned = replace(examined(bundle="resigned.zip"), sha256="0" * 64)
    with pytest.raises(UsageError, match=r"in both a\.zip and resigned\.zip"):
        load([examined(), resigned])


def test_measured_and_demonstration_do_not_go_into_one_report():
    demonstration = examined(make_run(size="tiny", run_id="d" * 32), bundle="tiny.zip")
    with pytest.raises(UsageError) as caught:
        load([examined(), demonstration])
    assert caught.value.exit_code == ExitCode.USAGE
    assert "measured (a.zip) and demonstration (tiny.zip)" in str(caught.value)


def test_no_bundle_at_all_is_a_usage_error():
    with pytest.raises(UsageError, match="found none"):
        load([])


@pytest.mark.parametrize("name", ["measurements.csv", "environment.json", "model.toml"])
def test_a_bundle_without_a_file_of_a_run_is_named_with_the_file(name):
    whole = examined()
    torn = replace(whole, contents={k: v for k, v in whole.contents.items() if k != name})
    with pytest.raises(BundleError, match=rf"a\.zip: expected a run with {name}"):
        load([torn])


@pytest.mark.parametrize(
    ("column", "cell"), [("gpu_energy_j", "nan"), ("duration_s", "-1.0"), ("status", "fine")]
)
def test_a_cell_that_cannot_be_true_is_an_error_and_never_a_number(column, cell):
    whole = examined()
    lines = whole.contents["measurements.csv"].decode().splitlines()
    header, row = lines[0].split(","), lines[2].split(",")
    row[header.index(column)] = cell
    text = "\n".join([lines[0], lines[1], ",".join(row), *lines[3:], ""])
    broken = replace(whole, contents={**whole.contents, "measurements.csv": text.encode()})
    with pytest.raises(BundleError, match=rf"a\.zip: measurements\.csv: {column}"):
        load([broken])


def test_a_row_that_is_ok_without_energy_is_an_error():
    run = with_rows(
        make_run(gpu=make_gpu()),
        lambda row: changed(row, gpu_energy_j=None) if row.window == 1 else row,
    )
    with pytest.raises(BundleError, match="row 2: expected gpu_energy_j"):
        load([examined(run)])


def test_a_window_that_is_there_twice_is_an_error():
    run = make_run(gpu=make_gpu())
    twice = run.model_copy(update={"entries": (*run.entries, run.entries[1])})
    with pytest.raises(BundleError, match="expected each window once"):
        load([examined(twice)])


def test_two_kinds_of_hardware_are_two_series_named_apart():
    h200 = examined(gpu=make_gpu("NVIDIA H200"), run_id="b" * 32, bundle="b.zip")
    series = series_of(load([examined(), h200]))
    assert [one.hardware for one in series] == ["NVIDIA A40", "NVIDIA H200"]
    assert set(labels(series).values()) == {"AudioLDM, NVIDIA A40", "AudioLDM, NVIDIA H200"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("weights", "hub"),
        ("protocol", "precise"),
        ("deviations", ("generation.audio_s: 10.0 -> 5.0",)),
    ],
)
def test_what_changes_energy_makes_another_series(field, value):
    other = with_environment(make_run(gpu=make_gpu(), run_id="b" * 32), **{field: value})
    assert len(series_of(load([examined(), examined(other, bundle="b.zip")]))) == 2


def test_another_power_limit_is_another_series():
    capped = make_gpu().model_copy(update={"power_limit_w": 200.0})
    series = series_of(load([examined(), examined(gpu=capped, run_id="b" * 32)]))
    assert set(labels(series).values()) == {
        "AudioLDM, power limit 200 W",
        "AudioLDM, power limit 300 W",
    }


def test_a_deviation_that_only_changes_the_grid_leaves_the_series_alone():
    fewer = with_environment(
        make_run(gpu=make_gpu(), run_id="b" * 32), deviations=("repeats: 5 -> 2",)
    )
    assert len(series_of(load([examined(), examined(fewer, bundle="b.zip")]))) == 1


def test_two_runs_alike_are_one_series():
    data = load([examined(), examined(run_id="b" * 32, bundle="b.zip")])
    assert (len(data.sources), len(series_of(data))) == (2, 1)


def test_windows_are_counted_by_status_with_warm_ups_apart():
    run = with_rows(
        make_run(gpu=make_gpu(), steps=(10,), batch_sizes=(), repeats=3),
        lambda row: changed(row, status=Status.OOM) if row.repeat == 3 else row,
    )
    (source,) = load([examined(run)]).sources
    assert source.counts == {"ok": 2, "oom": 1, "warmup": 1}


def test_a_tiny_and_a_full_model_without_a_gpu_are_two_series_named_apart():
    full = examined(make_run(run_id="b" * 32), bundle="full.zip")
    series = series_of(load([examined(make_run(size="tiny")), full]))
    assert set(labels(series).values()) == {"AudioLDM, full", "AudioLDM, tiny"}


def test_a_simulated_gpu_does_not_go_with_a_real_one():
    simulated = examined(gpu=make_gpu(simulated=True), run_id="b" * 32, bundle="simulated.zip")
    with pytest.raises(UsageError, match=r"demonstration \(simulated\.zip\)"):
        load([examined(), simulated])


def test_every_series_of_a_bundle_is_known_without_its_rows():
    data = load([examined(), examined(model="tango", run_id="b" * 32, bundle="b.zip")])
    assert data.series == series_of(data)
    assert [series.model for series in data.series] == ["audioldm", "tango"]
