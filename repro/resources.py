"""Where the files that are not code lie: beside the package in a checkout, inside it in a wheel."""

from __future__ import annotations

import os
from importlib.resources import files
from pathlib import Path

#: Where ``nox`` makes the environments, below the checkout.
CHECKOUTS = ".envs"


def data_root() -> Path:
    """Return the folder that holds ``models/`` and ``artifact/``."""
    package = Path(str(files("repro")))
    installed = package / "_data"
    return installed if installed.is_dir() else package.parent


def scorer_dir() -> Path:
    """Return the folder of the scorer: its engines and its card."""
    return data_root() / "models" / "scorer"


def protocols_dir() -> Path:
    """Return the folder of the shipped protocols."""
    return Path(str(files("repro"))) / "protocols"


def environments_dir() -> Path:
    """Return the folder of the model environments: ``$TTA_ENVS``, else the checkout's, else the user's."""  # noqa: E501
    named = os.environ.get("TTA_ENVS")
    if named:
        return Path(named)
    root = data_root()
    if (root / "noxfile.py").is_file():
        return root / CHECKOUTS
    home = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(home) / "tta-energy" / "envs"
