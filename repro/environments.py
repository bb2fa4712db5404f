"""The environments that workers run in, and what is known of what is installed in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from repro.resources import environments_dir

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

LOCK = "requirements.lock"
LISTED = "# Found installed in an environment that holds no copy of a lock.\n"


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
