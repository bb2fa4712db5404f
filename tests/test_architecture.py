"""Data flows one way; each contract is shown to break on one line that goes against it."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fakes import environment

ROOT = Path(__file__).parent.parent

VIOLATIONS = {
    "Data flows one way": ("plan.py", "import repro.measuring.campaign"),
    "A campaign is made of runs, a run of windows": (
        "measuring/journal.py",
        "import repro.measuring.runner",
    ),
    "Scores are made of sets, sets of embeddings": (
        "scoring/frechet.py",
        "import repro.scoring.scorer",
    ),
    "No model library in the harness": ("measuring/rows.py", "def late():\n    import torch"),
    "Analysis needs no GPU, no model, no network": ("analysis/stats.py", "import codecarbon"),
    "A bundle is read without what made it": ("bundle/verify.py", "import pandas"),
    "The worker stands alone": ("workers/worker.py", "import repro.errors"),
}


def lint_imports(folder):
    program = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [str(program), "--no-cache"], cwd=folder, capture_output=True, text=True, check=False,
        env=environment(PYTHONPATH=str(folder)),
    )  # fmt: skip
    done.stdout = re.sub(r"\x1b\[\d+m", "", done.stdout)
    return done


@pytest.fixture
def copy(tmp_path):
    shutil.copytree(ROOT / "repro", tmp_path / "repro")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_the_contracts_hold(copy):
    done = lint_imports(copy)

    assert done.returncode == 0, done.stdout
    assert f"{len(VIOLATIONS)} kept, 0 broken" in done.stdout


@pytest.mark.parametrize("contract", VIOLATIONS)
def test_a_contract_breaks_on_one_line_against_it(copy, contract):
    file, line = VIOLATIONS[contract]
    path = copy / "repro" / file
    path.write_text(path.read_text() + f"\n{line}\n")
    done = lint_imports(copy)

    assert done.returncode == 1
    assert f"{contract} BROKEN" in done.stdout


def test_a_module_without_a_place_breaks_the_first_contract(copy):
    (copy / "repro" / "somewhere.py").write_text('"""Placed nowhere."""\n')
    done = lint_imports(copy)

    assert "Data flows one way BROKEN" in done.stdout
    assert "somewhere" in done.stdout


HEAVY = ("torch", "matplotlib", "pandas", "pynvml", "codecarbon", "pydantic", "rich", "numpy")


@pytest.mark.parametrize("arguments", [["--help"], ["full", "--help"], ["compare", "--help"]])
def test_help_is_answered_without_anything_heavy(arguments):
    program = (
        "import sys\n"
        f"sys.argv = ['tta-energy', *{arguments!r}]\n"
        "from repro.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True,
        env=environment(),
    )  # fmt: skip

    assert done.stdout.splitlines()[-1] == "[]"


def test_no_model_is_named_in_the_harness():
    names = [path.parent.name for path in (ROOT / "models").glob("*/model.toml")]
    found = [
        (path.name, name)
        for path in (ROOT / "repro").rglob("*.py")
        for name in names
        if f'"{name}"' in path.read_text()
    ]

    assert len(names) >= 7
    assert found == []
