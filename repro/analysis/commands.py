"""The commands that a reader can copy from the page; every word from a bundle is quoted."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from repro.analysis.rerun import rerun
from repro.analysis.text import distinct, for_html

if TYPE_CHECKING:
    from collections.abc import Iterable

    from repro.analysis.dataset import DataSet, Source


def commands(data: DataSet) -> Iterable[str]:
    """Yield how to check the bundles, to make the report again, and to measure again."""
    names = [shlex.quote(name) for name in data.bundles]
    yield (
        "<p>In the folder that holds the bundles: check the signatures and contents again, and "
        "make this report from them.</p>"
    )
    yield _code([f"tta-energy verify {' '.join(names)}",
                 f"tta-energy report {' '.join(names)} --out report"])  # fmt: skip
    yield "<p>Measure again, on this machine or another:</p>"
    again = [rerun(source) for source in data.sources if not source.imported]
    yield _code([*distinct(one.command for one in again),
                 *_full(source for source in data.sources if source.imported)])  # fmt: skip
    lacking = distinct(text for one in again for text in one.lacking)
    if again:
        left_out = "Keys, challenges and overridden checks are not repeated"
        yield f'<p class="note">{for_html("; ".join((left_out, *lacking)))}.</p>'


def _full(sources: Iterable[Source]) -> Iterable[str]:
    """Yield one command for all that was imported: nobody knows with which it was measured."""
    models = distinct(series.model for source in sources for series in source.series)
    if models:
        words = [word for model in models for word in ("--model", model)]
        yield shlex.join(["tta-energy", "full", *words, "--out", "out"])


def _code(lines: Iterable[str]) -> str:
    return f"<pre><code>{chr(10).join(for_html(line) for line in lines)}</code></pre>"
