"""Options that several commands share."""

import json
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from repro.cli.measure import full
from repro.cli.options import counts
from repro.cli.plan import plan
from tests.fakes import environment

#: In 8.1, the oldest release that is allowed, types have no parameters.
AS_IN_CLICK_8_1 = """
import click
click.ParamType.__class_getitem__ = None
from repro.cli import COMMANDS, cli
for name in COMMANDS:
    cli.get_command(None, name)
"""


def planned(*arguments):
    done = CliRunner().invoke(plan, ["full", "--json", *arguments])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_the_commands_need_no_newer_click_than_the_oldest_that_is_allowed():
    done = subprocess.run(
        [sys.executable, "-c", AS_IN_CLICK_8_1], capture_output=True, text=True, check=False,
        env=environment(),
    )  # fmt: skip

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("text", "numbers"), [("10,25", (10, 25)), ("1-4", (1, 2, 3, 4)), ("9, 2-3,2", (9, 2, 3))]
)
def test_counts_are_read_in_their_order_and_each_once(text, numbers):
    assert counts(text) == numbers


@pytest.mark.parametrize("text", ["", "0", "3-1", "1.5", "-2", "1,,2"])
def test_what_is_no_count_is_refused_with_an_example(text):
    with pytest.raises(click.BadParameter, match=r"expected positive integers such as 10,25 or"):
        counts(text)


def test_a_plan_takes_every_option_of_a_tier():
    of_a_tier = {name for option in full.params for name in option.opts}

    assert of_a_tier <= {name for option in plan.params for name in option.opts}


def test_what_does_not_change_the_grid_does_not_change_the_plan(tmp_path):
    key = tmp_path / "key.pem"
    key.touch()
    beside = (
        "--weights", "random", "--size", "tiny", "--device", "simulated", "--no-score",
        "--out", str(tmp_path), "--restart", "--override", "disk", "--key", str(key),
    )  # fmt: skip

    assert planned("--steps", "10", *beside) == planned("--steps", "10")
