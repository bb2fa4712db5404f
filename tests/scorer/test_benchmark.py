"""The benchmark of scoring, as far as it goes without the scorer's environment."""

from __future__ import annotations

import json
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fakes import environment

SCRIPT = Path(__file__).parents[2] / "artifact" / "bench" / "scoring.py"


@pytest.fixture(scope="module")
def judge():
    return runpy.run_path(str(SCRIPT))["judge"]


def measured(**changes):
    return {
        "fadtk_each_run": {"whole_s": 60.0},
        "here_once": {"start_s": 10.0, "network_s": 5.0, "reference_s": 3.0},
        "here_each_set": {"embedding_s": 1.5, "distance_s": 0.5},
        "relative_difference": 1e-6,
        **changes,
    }


def test_without_the_scorers_environment_it_says_so_in_one_document(tmp_path):
    done = subprocess.run(
        [sys.executable, SCRIPT, "--json"], capture_output=True, text=True, check=False,
        env=environment(TTA_ENVS=str(tmp_path)),
    )  # fmt: skip
    said = json.loads(done.stdout)

    assert done.returncode == 0
    assert (said["value"], said["ok"], said["goal"]) == (None, None, 20)
    assert "nox -s environment -- scorer" in said["details"]["skipped"]


def test_what_is_done_once_is_shared_by_84_sets(judge):
    found = judge(measured())

    assert found["value"] == pytest.approx(84 * 60 / (18 + 84 * 2))
    assert found["ok"]
    assert found["details"]["ratio_by_clips"][300] < 1.2


def test_a_goal_missed_by_the_networks_passes_alone_states_it(judge):
    slow = judge(measured(here_each_set={"embedding_s": 5.0, "distance_s": 0.5}))

    assert slow["ok"] is False
    assert "beside them the ratio is 110" in slow["details"]["missed_because"]


def test_a_goal_missed_by_ones_own_doing_says_that_too(judge):
    found = judge(measured(here_each_set={"embedding_s": 1.5, "distance_s": 5.0}))

    assert found["ok"] is False
    assert "beside them the ratio is 12" in found["details"]["missed_because"]


def test_another_score_than_fadtks_is_a_failure_however_fast(judge):
    found = judge(measured(relative_difference=0.01))

    assert found["ok"] is False
    assert "missed_because" not in found["details"]
