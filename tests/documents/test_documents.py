"""The documents say what the program does, and their links lead somewhere."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

from repro.analysis.claims import shipped_claims
from repro.cli import cli
from tests.fakes import environment

ROOT = Path(__file__).parents[2]
DOCUMENTS = ROOT / "artifact" / "documents"
sys.path.append(str(DOCUMENTS))

from blocks import replace  # noqa: E402
from cost import study_costs  # noqa: E402
from experiments import read_experiments  # noqa: E402
from front import front_rows  # noqa: E402
from help_texts import commands  # noqa: E402
from reference import REFERENCE  # noqa: E402

PAGES = sorted(
    path for path in (*ROOT.glob("*.md"), *ROOT.glob("models/*.md"), *ROOT.glob("artifact/**/*.md"))
    if "out" not in path.relative_to(ROOT).parts
)  # fmt: skip
LINK = re.compile(r"\]\(([^)\s]+)\)")


def anchors(path):
    headings = re.findall(r"^#+ (.*)$", path.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in headings}


def test_what_is_made_is_what_stands_in_the_documents():
    done = subprocess.run(
        [sys.executable, str(DOCUMENTS), "--check"], capture_output=True, text=True, check=False,
        env=environment(PYTHONPATH=str(ROOT)),
    )  # fmt: skip

    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr


def test_every_command_has_its_help_below_its_name():
    page = (ROOT / "artifact" / "COMMANDS.md").read_text()

    # In a process of its own: click remembers how a command was called first.
    for path, _ in commands(cli, "tta-energy"):
        program, *words = path.split()
        asked = f"cli({[*words, '--help']}, {program!r}, terminal_width=90, max_content_width=90)"
        shown = subprocess.run(
            [sys.executable, "-c", f"from repro.cli import cli; {asked}"],
            capture_output=True, text=True, check=True, env=environment(),
        ).stdout  # fmt: skip
        assert f"\n## {path}\n\n```text\n{shown.rstrip()}\n```\n" in page


def test_each_claim_belongs_to_one_experiment():
    found = [name for item in read_experiments().experiments for name in item.claims]

    assert sorted(found) == sorted(claim.id for claim in shipped_claims())


@pytest.mark.parametrize("item", read_experiments().experiments, ids=lambda item: item.id)
def test_the_command_of_an_experiment_is_one_the_program_takes(item, tmp_path):
    program, command, *words = shlex.split(item.command.replace("CAPTIONS", str(tmp_path)))
    found = cli.get_command(click.Context(cli), command)

    assert program == "tta-energy"
    assert found.make_context(command, words).params["studies"] == item.studies


def test_a_studys_cost_is_that_of_its_windows_and_a_warm_up_each():
    cost = study_costs()["steps"]

    assert REFERENCE.is_dir()
    assert cost.calls == 7 * 6 * (5 + 1)
    assert cost.gpu_j > 0


def test_a_part_without_its_marks_is_an_error_and_nothing_is_written():
    with pytest.raises(ValueError, match="once each"):
        replace("text <!-- begin help -->", "help", "new")


def test_a_part_is_replaced_and_the_rest_is_left():
    text = "a\n<!-- begin x -->\nold\n<!-- end x -->\nb\n"

    assert replace(text, "x", "new\\1") == "a\n<!-- begin x -->\n\nnew\\1\n\n<!-- end x -->\nb\n"


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_within_the_project_lead_somewhere(page):
    for link in LINK.findall(page.read_text()):
        if link.startswith(("http://", "https://")):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        assert target.exists(), f"{page.name}: {link}"
        if anchor:
            assert anchor in anchors(target), f"{page.name}: {link}"


def test_the_readme_shows_the_front_of_the_reference_from_the_cheapest_to_the_best():
    heading, _, *rows = front_rows().splitlines()
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    energies = [float(one[2]) for one in cells]

    assert heading.startswith("| Model | Steps | Wh per clip |")
    assert (cells[0][0], cells[-1][0]) == ("AudioLDM", "Tango 2")
    assert energies == sorted(energies)
