"""The environments that workers run in, and what is known of what is installed in them."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

from repro.resources import CHECKOUTS, data_root, environments_dir

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

LOCK = "requirements.lock"
SCORER = "scorer"
LISTED = "# Found installed in an environment that holds no copy of a lock.\n"


def interpreter(environment: str) -> Path:
    """Return where the Python of an environment is, if it is installed."""
    return environments_dir().absolute() / environment / "bin" / "python"


def absence(environment: str) -> str:
    """Return what is said of an environment that is not there: where it was sought, the remedy."""
    python = interpreter(environment)
    return (
        f"environment {environment!r} is not installed: expected {python}, found none; "
        f"{_way_to(environment, python.parent.parent)}"
    )


def _way_to(environment: str, folder: Path) -> str:
    if not _is_shipped(environment):
        return f"make it with `python3 -m venv {folder}` and install there what the model needs"
    made = f"make it with `nox -s environment -- {environment}`"
    if folder.parent == data_root() / CHECKOUTS:
        return made
    return f'{made} in a checkout, and there `export TTA_ENVS="$PWD/{CHECKOUTS}"`'


def _is_shipped(environment: str) -> bool:
    """Say whether ``nox -s environment`` knows an environment: a model's own, or the scorer's."""
    cards = (data_root() / "models").glob("*/model.toml")
    named = (tomllib.loads(card.read_text(encoding="utf-8"))["environment"] for card in cards)
    return environment == SCORER or environment in named


def made_from(environment: str) -> str | None:
    """Return the copy of its lock that an environment holds, or None.

    One that was not made by ``nox -s environment`` holds none.
    """
    return read_lock(environments_dir() / environment) or None


def read_lock(folder: Path) -> str:
    """Return the lock of a folder, an empty text where there is none."""
    path = folder / LOCK
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def listing(installed: Iterable[str]) -> str:
    """Return what stands in place of a lock: what was found installed, each with its version."""
    return LISTED + "".join(f"{line}\n" for line in installed)
