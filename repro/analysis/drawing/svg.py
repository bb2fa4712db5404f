"""What is done to a drawing in SVG: tooltips, and a place in a page."""

from __future__ import annotations

import re
from typing import NamedTuple

from repro.analysis.text import for_html


class Spot(NamedTuple):
    """A place in a drawing, in points from its upper left corner, and what is said there."""

    x: float
    y: float
    text: str


#: A spot is this wide, in points: more than any marker, so that it is easily pointed at.
_RADIUS = 7


def with_tips(svg: str, spots: list[Spot]) -> str:
    """Lay an invisible disc with a title over each spot; browsers show it without a script."""
    discs = "".join(
        f'<circle cx="{spot.x:.2f}" cy="{spot.y:.2f}" r="{_RADIUS}">'
        f"<title>{for_html(spot.text)}</title></circle>\n"
        for spot in spots
    )
    body, _, tail = svg.rpartition("</svg>")
    return f'{body}<g class="tips" fill-opacity="0">\n{discs}</g>\n</svg>{tail}'


def inline(svg: str, *, prefix: str, label: str) -> str:
    """Make a drawing part of a page: a size of its own goes, and its ids become unique."""
    start = svg.index("<svg")
    head, _, body = svg[start:].partition(">")
    head = re.sub(r'\s(width|height)="[^"]*"', "", head)
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    body = re.sub(r'\bid="', f'id="{prefix}-', body)
    body = re.sub(r'href="#', f'href="#{prefix}-', body)
    body = re.sub(r"url\(#", f"url(#{prefix}-", body)
    return f'{head} role="img" aria-label="{for_html(label)}">{body}'
