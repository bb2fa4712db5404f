"""The grid that ``plan`` prints: what it takes, in time and energy, by what the cards say."""

from pathlib import Path

import pytest

from repro.bundle import examine, payload
from repro.catalog import read_catalog
from repro.energy.units import JOULES_PER_KWH
from repro.signing import TrustStore
from repro.views.plan import preview, render
from tests.fakes import write_model

ROOT = Path(__file__).parents[1]
REFERENCE = sorted((ROOT / "artifact" / "reference" / "passoni2025").glob("*.zip"))


def of(*models, models_dirs=()):
    return preview("full", models=models, models_dirs=models_dirs, studies=("steps", "batch"))


def test_energy_is_the_time_at_the_power_of_the_card():
    grid = of("tango", "audioldm")
    for row in grid.models:
        power_w = read_catalog()[row.model].card.reference.power_w
        for cell in row.studies:
            assert cell.gpu_energy_j == pytest.approx(power_w * cell.seconds)
    total_j = sum(cell.gpu_energy_j for row in grid.models for cell in row.studies)
    assert grid.gpu_energy_kwh == pytest.approx(total_j / JOULES_PER_KWH)


def test_where_a_model_has_no_reference_the_whole_is_not_known(tmp_path):
    grid = of("fake", "tango", models_dirs=(write_model(tmp_path / "models"),))

    assert grid.gpu_energy_kwh is None
    (total,) = [line for line in render(grid).splitlines() if line.startswith("all")]
    assert total.split()[3:5] == ["?", "?"]


@pytest.mark.parametrize("path", REFERENCE, ids=lambda path: path.name.split("_")[0])
def test_the_power_of_a_card_is_that_of_the_authors_measurements(path):
    contents = examine(path, trust=TrustStore.shipped()).contents
    rows = [entry.row for entry in payload.read(contents).entries]
    rows = [row for row in rows if row.study == "steps" and row.steps >= 50]
    power_w = sum(row.gpu_energy_j for row in rows) / sum(row.duration_s for row in rows)

    assert len(rows) == 20
    assert read_catalog()[rows[0].model].card.reference.power_w == pytest.approx(power_w, abs=0.06)
