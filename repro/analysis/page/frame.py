"""What every page has around its content: one file, with its style, and no network."""

from __future__ import annotations

from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING

from repro.analysis.text import for_html

if TYPE_CHECKING:
    from collections.abc import Iterable

FOOTER = "<p>Made by tta-energy from the bundles listed above and from nothing else.</p>"


def framed(title: str, header: str, sections: Iterable[str]) -> str:
    """Return the page; header and sections are HTML, and so is ``title``."""
    return Template(_resource("page.html")).substitute(
        title=title,
        style=_resource("page.css"),
        header=header,
        main="\n".join(sections),
        footer=FOOTER,
    )


def section(title: str, parts: Iterable[str]) -> str:
    """Return a section under its title, or nothing where it is empty."""
    body = "\n".join(parts)
    return f"<section>\n<h2>{for_html(title)}</h2>\n{body}\n</section>" if body else ""


def _resource(name: str) -> str:
    return (files("repro.analysis.page") / name).read_text(encoding="utf-8")
