"""What a terminal of 80 columns shows of the commands that print."""

import pytest
from click.testing import CliRunner

from repro.catalog import read_catalog
from repro.cli import cli
from repro.cli.screen import folded
from repro.views.models import render, summarize


@pytest.mark.parametrize("group", [[], ["weights"]])
def test_the_help_cuts_no_command_short(group):
    shown = CliRunner().invoke(cli, [*group, "--help"], terminal_width=80)
    _, commands = shown.output.split("Commands:\n")

    assert "..." not in commands
    assert max(map(len, commands.splitlines())) <= 80


def test_a_line_that_is_too_long_goes_on_below_itself_and_the_others_stay():
    text = "short  line\nfail  check  found\n" + "left out: " + "word " * 20
    lines = folded(text, 40, hang=4).split("\n")

    assert lines[:2] == ["short  line", "fail  check  found"]
    assert all(len(line) <= 40 for line in lines)
    assert all(line.startswith("    word") for line in lines[3:])


def test_the_list_of_models_fits_80_columns_and_explains_its_own():
    summaries = [summarize(model) for model in read_catalog().values()]
    narrow, whole = render(summaries, 80), render(summaries)

    assert max(map(len, narrow.splitlines())) <= 80
    assert "declare-lab/tango-full" in whole
    assert all(f"\n{column}: " in narrow for column in ("reported", "TF", "env"))
