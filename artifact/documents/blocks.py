"""Parts of a document that are made, between two comments that name them."""

from __future__ import annotations

import re


def replace(text: str, name: str, content: str) -> str:
    """Return the document with what stands between the marks of ``name`` replaced.

    Raises:
        ValueError: the marks are not there exactly once.

    """
    begin, end = (f"<!-- {edge} {name} -->" for edge in ("begin", "end"))
    if text.count(begin) != 1 or text.count(end) != 1:
        raise ValueError(f"expected the marks {begin} and {end} once each")
    pattern = re.compile(f"{re.escape(begin)}.*{re.escape(end)}", re.DOTALL)
    return pattern.sub(lambda _: f"{begin}\n\n{content.strip()}\n\n{end}", text)
