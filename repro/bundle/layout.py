"""The version of the bundle format, and the way from older ones to this.

Version 1: runs and scores. A released version stays readable: a change of layout raises
``VERSION`` and adds the step from the version before to ``MIGRATIONS``.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Files = dict[str, bytes]

VERSION = 1
NAME = "bundle.json"
KINDS = ("run", "score")

# from version n to n + 1, over the files of data/
MIGRATIONS: Mapping[int, Callable[[Files], Files]] = {}


def stamp(kind: str) -> bytes:
    """Return the file that names kind and version."""
    return (json.dumps({"format_version": VERSION, "kind": kind}, indent=2) + "\n").encode()


def upgrade(files: Mapping[str, bytes]) -> tuple[str, Files]:
    """Return the kind of a bundle, and its files in this version, one step at a time.

    Raises:
        ValueError: the version is missing, newer, or too old; or the kind is unknown.

    """
    facts = json.loads(files.get(NAME, b"{}"))
    version = facts.get("format_version") if isinstance(facts, dict) else None
    if not isinstance(version, int) or isinstance(version, bool):
        raise ValueError(f"{NAME}: format_version expected an integer, found none")  # noqa: TRY004 - content, not a programming error
    if version > VERSION:
        raise ValueError(
            f"{NAME}: format_version expected at most {VERSION}, found {version}: "
            "install a newer tta-energy"
        )
    kind = facts.get("kind")
    if kind not in KINDS:
        raise ValueError(f"{NAME}: kind expected {' or '.join(map(repr, KINDS))}, found another")
    upgraded = dict(files)
    for step in range(version, VERSION):
        if step not in MIGRATIONS:
            raise ValueError(
                f"{NAME}: format_version expected {VERSION}, found {version}: "
                "too old for this tta-energy, use an earlier release"
            )
        upgraded = MIGRATIONS[step](upgraded)
    return kind, upgraded
