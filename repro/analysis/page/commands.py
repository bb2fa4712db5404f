"""The commands that a reader can copy from the page; every word from a bundle is quoted."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from repro.analysis.page.rerun import rerun
from repro.analysis.text import distinct, for_html
from repro.captions import SYNTHETIC
from repro.protocol import protocol_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from repro.analysis.page.rerun import Rerun
    from repro.analysis.reading.dataset import DataSet, Source


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
    imported = [source for source in data.sources if source.imported]
    yield _code([*distinct(one.command for one in again), *_full(imported)])
    left_out = "; ".join(_left_out(again, imported))
    if left_out:
        yield f'<p class="note">{for_html(left_out)}.</p>'


def _full(sources: Sequence[Source]) -> Iterable[str]:
    """Yield a command for what was imported, by protocol: nobody knows with which it was made."""
    for protocol in distinct(source.environment.protocol for source in sources):
        own = [source for source in sources if source.environment.protocol == protocol]
        models = distinct(series.model for source in own for series in source.series)
        named = [word for model in models for word in ("--model", model)]
        how = ["--protocol", protocol] if protocol in protocol_names() else []
        captions = ["--captions-dir", "captions"] if any(map(_has_captions, own)) else []
        yield shlex.join(["tta-energy", "full", *named, *how, *captions, "--out", "out"])


def _has_captions(source: Source) -> bool:
    return any(row.dataset not in (None, SYNTHETIC) for row in source.rows)


def _left_out(again: Sequence[Rerun], imported: Sequence[Source]) -> Iterable[str]:
    """Yield what the commands leave to the reader."""
    if again:
        yield "Keys, challenges and overridden checks are not repeated"
        yield from distinct(text for one in again for text in one.lacking)
    if any(map(_has_captions, imported)):
        yield "captions is a folder with the captions of the data sets"


def _code(lines: Iterable[str]) -> str:
    return f"<pre><code>{chr(10).join(for_html(line) for line in lines)}</code></pre>"
