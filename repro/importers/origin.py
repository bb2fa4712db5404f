"""Where the folder that is imported comes from, as far as it can tell."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

from repro.errors import UsageError
from repro.records import Origin

if TYPE_CHECKING:
    from pathlib import Path

    from repro.importers.layout import Facts

UNSTATED = "not stated"


def find_origin(folder: Path, facts: Facts, *, source: str | None, commit: str | None) -> Origin:
    """Return what was said about the folder, else what its git checkout says.

    Raises:
        UsageError: the commit is none.

    """
    if commit is not None and not re.fullmatch(r"[0-9a-f]{40}", commit):
        raise UsageError(f"commit: expected 40 hexadecimal digits, found {commit!r}")
    # a folder inside some other checkout has no .git of its own, and that one's commit is not its
    checkout = (folder / ".git").exists()
    remote = _git(folder, "remote", "get-url", "origin") if checkout else None
    published = facts.source if _names(remote, facts.source) else UNSTATED
    return Origin(
        layout=facts.name,
        source=source or published,
        commit=commit or (_git(folder, "rev-parse", "HEAD") if checkout else None),
    )


def _names(remote: str | None, source: str) -> bool:
    """Whether a URL, of https or of ssh, is that of a repository ``host/owner/name``."""
    words = re.split(r"[/:@]+", (remote or "").removesuffix("/").removesuffix(".git"))
    return words[-3:] == source.split("/")


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(  # noqa: S603 - fixed arguments
            ["git", "-C", str(folder), *arguments],  # noqa: S607 - whatever git the user has
            capture_output=True,
            text=True,
            check=True,
            timeout=10,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None
