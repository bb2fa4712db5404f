from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from repro.analysis.lines import fit, step_lines
from repro.analysis.reading.load import load
from repro.analysis.tables.lines import lines_table
from repro.records import Status
from tests.analysis.examined import changed, examined, with_rows
from tests.factories import make_gpu, make_run

LISTS = st.lists(
    st.tuples(st.integers(1, 300), st.floats(1.0, 1e4)), min_size=4, max_size=20,
).filter(lambda points: len({x for x, _ in points}) > 1)  # fmt: skip


def steps_of(change, **options):
    run = make_run(**({"gpu": make_gpu(), "steps": (10, 25, 50), "batch_sizes": ()} | options))
    return load([examined(with_rows(run, change))])


def test_the_line_is_that_of_a_textbook():
    # Anscombe's first data set: y = 3.0001 + 0.5001 x, errors 1.1247 and 0.1179, R2 0.6665.
    xs = (10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5)
    ys = (8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68)
    line = fit(xs, ys)
    found = (line.intercept, line.slope, line.intercept_se, line.slope_se, line.r2)
    assert found == pytest.approx((3.0001, 0.5001, 1.1247, 0.1179, 0.6665), abs=1e-4)


@given(LISTS)
def test_the_line_agrees_with_numpy(points):
    xs, ys = zip(*points, strict=True)
    line = fit(xs, ys)
    slope, intercept = np.polyfit(xs, ys, 1)
    scale = max(ys)
    assert line.slope == pytest.approx(slope, abs=1e-7 * scale)
    assert line.intercept == pytest.approx(intercept, abs=1e-6 * scale)


def test_two_points_have_a_line_and_no_error():
    line = fit([1, 2], [3.0, 5.0])
    assert (line.slope, line.intercept, line.slope_se, line.intercept_se) == (2.0, 1.0, None, None)


def test_level_points_have_no_r2():
    assert fit([1, 2, 3], [4.0, 4.0, 4.0]).r2 is None


def test_points_at_one_place_have_no_line():
    with pytest.raises(ValueError, match="two places"):
        fit([5, 5], [1.0, 2.0])


def test_the_line_is_through_the_steps_that_were_executed_and_not_those_asked_for():
    (one,) = step_lines(steps_of(
        lambda row: changed(row, executed_steps=row.steps + 17, gpu_energy_j=4.0 + 2 * row.steps)
    ))  # fmt: skip
    assert (one.line.slope, one.line.intercept) == pytest.approx((2.0, -30.0))
    assert (one.lowest, one.highest, one.line.n) == (27, 67, 6)


def test_a_warm_up_and_a_failure_are_not_part_of_the_line():
    (one,) = step_lines(steps_of(
        lambda row: changed(
            row,
            gpu_energy_j=1e6 if row.warmup or row.repeat == 2 else 3.0 * row.steps,
            status=Status.DISPUTED if row.repeat == 2 and not row.warmup else row.status,
        )
    ))  # fmt: skip
    assert (one.line.slope, one.line.intercept) == pytest.approx((3.0, 0.0), abs=1e-9)
    assert one.line.n == 3


def test_a_series_that_says_no_executed_steps_has_a_reason_and_no_line():
    data = steps_of(lambda row: changed(row, executed_steps=None))
    (one,) = step_lines(data)
    assert one.line is None
    table = lines_table(data, [one])
    assert table.rows[0][1:7] == (None, None, None, None, None, 0)
    assert "AudioLDM has no line: no window says how many steps it executed." in table.notes


def test_one_step_count_alone_has_a_reason_and_no_line():
    (one,) = step_lines(steps_of(lambda row: row, steps=(10,)))
    assert (one.line, one.reason) == (None, "all windows executed 10 steps")


def test_without_a_gpu_the_line_is_of_cpu_energy_and_says_so():
    data = steps_of(lambda row: changed(row, cpu_energy_j=2.0 * row.steps), gpu=None)
    table = lines_table(data, step_lines(data))
    assert table.column("quantity") == ("CPU energy",)
    assert table.column("slope_j_per_step") == pytest.approx((2.0,))


def test_two_kinds_of_hardware_have_a_line_each():
    runs = [
        make_run(gpu=make_gpu(name), batch_sizes=(), run_id=place * 32)
        for name, place in (("NVIDIA A40", "a"), ("NVIDIA H200", "b"))
    ]
    lines = step_lines(load([examined(run, bundle=run.header.run_id) for run in runs]))
    assert [one.series.hardware for one in lines] == ["NVIDIA A40", "NVIDIA H200"]
