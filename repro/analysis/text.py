"""Strings out of bundles, made harmless for the format they are written in.

Whoever signs a bundle chooses the names in it, so none of them is trusted.
"""

from __future__ import annotations

import html
import re
import unicodedata
from typing import TYPE_CHECKING

from pydantic import ValidationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_FORMULA = ("=", "+", "-", "@")
_MARKDOWN = re.compile(r"([\\`*_\[\]|~$])")
_LATEX = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "^": r"\textasciicircum{}",
    "_": r"\_",
    "%": r"\%",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    # At the start of a row they would be read as arguments of the \\ or \midrule before it.
    "[": "{[}",
    "*": "{*}",
    "±": r"$\pm$",
    "\u2013": "--",
}


def clean(text: str) -> str:
    """Make one line of it, with a question mark for each control or direction character."""
    spaced = "".join(" " if character.isspace() else character for character in text)
    return "".join("?" if unicodedata.category(char)[0] == "C" else char for char in spaced)


def shorten(text: str, length: int) -> str:
    """Cut to a length that a figure can carry, showing that something was cut."""
    line = clean(text)
    return line if len(line) <= length else line[: length - 1].rstrip() + "…"


def for_csv(text: str) -> str:
    """Keep a spreadsheet from taking the cell for a formula."""
    line = clean(text)
    return f"'{line}" if line.lstrip().startswith(_FORMULA) else line


def for_markdown(text: str) -> str:
    """Escape what Markdown or HTML inside it would act on."""
    return _MARKDOWN.sub(r"\\\1", html.escape(clean(text), quote=False))


def for_latex(text: str) -> str:
    """Escape every character that TeX gives a meaning to."""
    return "".join(_LATEX.get(character, character) for character in clean(text))


def for_html(text: str) -> str:
    """Escape for HTML text and quoted attributes."""
    return html.escape(clean(text))


def for_figure(text: str, length: int = 48) -> str:
    """Keep matplotlib from reading the text as a formula, and the figure from overflowing."""
    return shorten(text, length).replace("$", r"\$")


def one_line(error: ValueError) -> str:
    """Say what a record refused, in one line and with little of what it was given."""
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        return f"{where}: {first['msg'].lower()}, found {first['input']!r:.60}"
    return " ".join(str(error).split())


def distinct(names: Iterable[str]) -> list[str]:
    """Return each name once, in the order of its first appearance."""
    return list(dict.fromkeys(names))


def listed(names: Sequence[str]) -> str:
    """Write names as in a sentence."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def one_and_all(cells: Iterable[object]) -> str | None:
    """Return the text that all of these are; None where they differ or there are none."""
    found = set(cells)
    only = found.pop() if len(found) == 1 else None
    return None if only is None else str(only)
