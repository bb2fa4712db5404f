"""Which lock a model's environment was made from, and what the harness makes of it."""

from __future__ import annotations

import pytest

from repro.catalog import read_catalog

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


def test_an_environment_without_a_copy_is_taken_for_the_models_own_and_says_so(environment, model):
    assert environment.is_dir()
    assert model.missing() is None
    assert (model.lock_text, model.stack) == (OWN, None)


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
