"""Options that several commands share."""

import json
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from repro.cli.measure import full
from repro.cli.options import counts, read_key
from repro.cli.plan import plan
from repro.signing import generate_key_files
from tests.fakes import environment, fake_run, tta, write_model

#: In 8.1, the oldest release that is allowed, types have no parameters.
AS_IN_CLICK_8_1 = """
import click
click.ParamType.__class_getitem__ = None
from repro.cli import COMMANDS, cli
for name in COMMANDS:
    cli.get_command(None, name)
"""

SESAME = "sesame"


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


@pytest.fixture
def encrypted(tmp_path):
    private, _ = generate_key_files(tmp_path / "keys", passphrase=SESAME)
    return private


def test_on_a_terminal_the_passphrase_of_a_key_is_asked_for_once(encrypted, monkeypatch):
    asked = []
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(click, "prompt", lambda text, **_: asked.append(text) or SESAME)
    key = read_key(encrypted)

    assert key().origin == key().origin == "operator"
    assert asked == [f"passphrase of {encrypted}"]


def test_a_key_that_cannot_be_read_stops_a_run_before_anything_is_measured(encrypted, tmp_path):
    models = write_model(tmp_path / "models")
    done = tta(*fake_run(models, tmp_path / "out", "--key", encrypted), stdin=subprocess.DEVNULL)

    assert done.returncode == 2
    assert "and its passphrase (in TTA_KEY_PASSPHRASE), found: password was not" in done.stderr
    assert not (tmp_path / "out").exists()


def test_without_a_key_each_bundle_has_one_of_its_own():
    key = read_key(None)

    assert key().origin == "ephemeral"
    assert key().public.keyid != key().public.keyid


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
