"""What a clip costs, from the authors' released measurements: the front that the README shows."""

from __future__ import annotations

from reference import reference

from repro.analysis.front.rungs import fronts
from repro.analysis.front.table import front_of
from repro.analysis.pareto.panels import panels
from repro.analysis.tables.formats import markdown_rows


def front_rows() -> str:
    """Return the front of energy and FAD on AudioCaps as a Markdown table."""
    data = reference()
    found = fronts(panels(data))
    (front,) = [one for one in found if (one.panel.dataset, one.panel.kind) == ("audiocaps", "fad")]
    return "\n".join(markdown_rows(front_of(data, front), without=("class", "p_front")))
