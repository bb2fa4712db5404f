"""The authors' own measurements, as they ship: what the paper draws from them."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path

import pytest

from repro.analysis.lines import step_lines
from repro.analysis.pareto.panels import panels
from repro.analysis.points import batch_points, step_points
from repro.analysis.quality import quality_points
from repro.analysis.reading.load import load
from repro.analysis.tables.speed import table1
from repro.bundle import examine
from repro.signing import TrustStore

FOLDER = Path(__file__).parents[2] / "artifact" / "reference" / "passoni2025"

#: Every point of the front in the released data; found by comparing all pairs of points.
FRONTS = {
    ("audiocaps", "fad_inf"): {
        ("audioldm", 10), ("audioldm2", 10), ("make-an-audio-2", 10), ("make-an-audio", 25),
        ("make-an-audio", 50), ("make-an-audio", 100), ("tango2", 25), ("tango2", 50),
        ("tango2", 100),
    },
    ("audiocaps", "clap"): {
        ("audioldm", 10), ("audioldm", 25), ("audioldm2", 10), ("make-an-audio-2", 10),
        ("make-an-audio-2", 25), ("make-an-audio", 25), ("make-an-audio", 50), ("tango2", 10),
        ("tango2", 25), ("tango2", 50),
    },
    ("clotho", "fad_inf"): {
        ("audioldm", 10), ("audioldm", 25), ("audioldm2", 10), ("audioldm2", 25),
        ("stable-audio-open", 10), ("stable-audio-open", 25),
    },
    ("clotho", "clap"): {
        ("audioldm", 10), ("audioldm", 25), ("audioldm2", 10), ("audioldm2", 25), ("tango2", 10),
        ("tango2", 25), ("tango2", 50),
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def data():
    trust = TrustStore.load(directories=())
    return load(examine(path, trust=trust) for path in sorted(FOLDER.glob("*.zip")))


def test_every_point_of_the_paper_is_there_and_complete(data):
    assert [(point.n, len(point.executed_steps)) for point in step_points(data)] == [(5, 1)] * 42
    assert [(point.n, point.samples) for point in batch_points(data)] == [(5, 10)] * 28
    points = quality_points(data)
    assert [(point.n, point.clips, len(point.scores)) for point in points] == [(1, 300, 2)] * 84


def test_table_1_is_that_of_the_paper(data):
    table = table1(data, step_points(data), steps=100)
    speeds = dict(zip(table.column("model"), table.column("inference_speed_s"), strict=True))
    assert speeds == pytest.approx(
        {
            "audioldm": 2.82, "audioldm2": 6.07, "make-an-audio": 2.63, "make-an-audio-2": 2.62,
            "stable-audio-open": 8.16, "tango": 12.06, "tango2": 12.09,
        },
        abs=0.01,
    )  # fmt: skip


def test_the_fronts_are_those_of_all_pairs(data):
    found = {
        (panel.dataset, panel.metric): {
            (entry.point.series.model, entry.point.steps) for entry in panel.front
        }
        for panel in panels(data)
    }
    assert found == FRONTS


def test_150_and_200_steps_are_never_on_a_front_and_most_points_take_10_to_50(data):
    steps = Counter(entry.point.steps for panel in panels(data) for entry in panel.front)
    assert steps == {10: 13, 25: 12, 50: 5, 100: 2}


def test_a_chance_is_given_for_each_of_the_84_points_by_each_score(data):
    shares = [entry.p_front for panel in panels(data) for entry in panel.entries]
    assert len(shares) == 168
    assert all(0 <= share <= 1 for share in shares)


def test_the_line_of_a_model_whose_150_steps_were_167_is_straight_at_those_executed(data):
    lines = {one.series.model: one.line for one in step_lines(data)}
    assert len(lines) == 7
    for model in ("make-an-audio", "make-an-audio-2"):
        assert lines[model].r2 > 0.999
        assert math.isclose(lines[model].slope, 6.1, rel_tol=0.03)
