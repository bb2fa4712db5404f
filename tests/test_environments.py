"""Which lock a model's environment was made from, and what the harness makes of it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from repro.catalog import read_catalog
from repro.environments import LISTED, absence
from tests import fakes

OWN, CURRENT = "own==1.0\n", "current==2.0\n"


@pytest.fixture
def environment(tmp_path, monkeypatch):
    """Make an environment whose interpreter is there, and locks of this test's making."""
    folder = tmp_path / "envs" / "diffusers"
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "python").touch()
    monkeypatch.setenv("TTA_ENVS", str(tmp_path / "envs"))
    return folder


@pytest.fixture
def model(tmp_path, monkeypatch):
    """Return a model of that environment, beside the newest releases."""
    shipped = read_catalog()["tango"]
    for name, text in (("tango", OWN), ("current", CURRENT)):
        (tmp_path / "models" / name).mkdir(parents=True)
        (tmp_path / "models" / name / "requirements.lock").write_text(text)
    (tmp_path / "models" / "tango" / "adapter.py").touch()
    monkeypatch.setattr("repro.catalog.data_root", lambda: tmp_path)
    return shipped.model_copy(update={"folder": tmp_path / "models" / "tango"})


@pytest.mark.parametrize(("text", "stack"), [(OWN, "paper"), (CURRENT, "current")])
def test_the_lock_is_that_which_the_environment_was_made_from(environment, model, text, stack):
    (environment / "requirements.lock").write_text(text)
    assert model.missing() is None
    assert (model.lock_text, model.stack) == (text, stack)


def test_an_environment_of_ones_own_is_taken_and_has_neither_a_lock_nor_a_stack(environment, model):
    assert environment.is_dir()
    assert model.missing() is None
    assert (model.lock_text, model.stack) == (None, None)


def test_an_environment_made_from_another_lock_is_refused_with_the_remedy(environment, model):
    (environment / "requirements.lock").write_text("older==0.9\n")
    reason = model.missing()
    assert "was made from another lock" in reason
    assert "nox -s environment -- diffusers" in reason
    assert model.stack is None


def test_a_model_without_an_environment_has_no_stack(model):
    plain = model.model_copy(
        update={"card": model.card.model_copy(update={"environment": "plain"})}
    )
    assert (plain.lock_text, plain.stack) == (OWN, None)


def absent(model, environment):
    return model.model_copy(
        update={"card": model.card.model_copy(update={"environment": environment})}
    ).missing()


def test_an_environment_that_is_not_there_is_named_by_its_whole_path_and_how_to_be_found(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TTA_ENVS", "somewhere")
    assert read_catalog()["tango"].missing() == (
        "its environment 'diffusers' is not installed: expected "
        f"{tmp_path}/somewhere/diffusers/bin/python, found none; make it with "
        '`nox -s environment -- diffusers` in a checkout, and there `export TTA_ENVS="$PWD/.envs"`'
    )


def test_in_a_checkout_its_own_folder_is_sought_and_needs_no_name(tmp_path, monkeypatch):
    monkeypatch.delenv("TTA_ENVS", raising=False)
    monkeypatch.setattr("repro.resources.data_root", lambda: tmp_path)
    monkeypatch.setattr("repro.environments.data_root", lambda: tmp_path)
    (tmp_path / "noxfile.py").touch()
    assert absence("scorer").endswith("found none; make it with `nox -s environment -- scorer`")


def test_an_environment_that_no_shipped_model_names_is_made_by_hand(tmp_path, monkeypatch):
    monkeypatch.setenv("TTA_ENVS", str(tmp_path))
    reason = absent(read_catalog()["tango"], "mine")
    assert f"make it with `python3 -m venv {tmp_path}/mine` and install there" in reason
    assert "nox" not in reason


@pytest.fixture
def own(tmp_path):
    """Make an environment by hand: a script that starts this interpreter beside a package."""
    package = tmp_path / "site" / "Own_Package-1.2.dist-info" / "METADATA"
    package.parent.mkdir(parents=True)
    package.write_text("Metadata-Version: 2.1\nName: Own_Package\nVersion: 1.2\n")
    python = tmp_path / "envs" / "own" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nPYTHONPATH={tmp_path / "site"} exec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    return package


def measure(tmp_path, repeats):
    models = fakes.write_model(tmp_path / "models", environment="own", sleep_s=0.2)
    asked = ("--study", "steps", "--steps", "2", "--repeats", repeats)
    return subprocess.run(
        fakes.command(*fakes.fake_run(models, tmp_path / "out", *asked)),
        capture_output=True, text=True, check=False,
        env=fakes.environment(TTA_ENVS=str(tmp_path / "envs")),
    )  # fmt: skip


def test_a_run_in_an_environment_of_ones_own_records_what_is_installed_there(tmp_path, own):
    assert own.is_file()
    done = measure(tmp_path, "1")
    assert done.returncode == 0, done.stderr

    header = fakes.journal_of(tmp_path / "out")[0]["header"]
    assert header["requirements_lock"].startswith(LISTED)
    assert "\nown-package==1.2\n" in header["requirements_lock"]
    assert header["environment"]["stack"] is None


def test_a_run_does_not_go_on_when_something_else_is_installed_there(tmp_path, own):
    measure(tmp_path, "2")
    (journal,) = (tmp_path / "out").glob("*/journal.jsonl")
    journal.write_text("".join(journal.read_text().splitlines(keepends=True)[:-1]))
    next((tmp_path / "out").glob("*.zip")).unlink()
    own.write_text(own.read_text().replace("1.2", "1.3"))

    done = measure(tmp_path, "2")
    assert done.returncode == 2
    assert "requirements.lock has changed" in done.stderr
