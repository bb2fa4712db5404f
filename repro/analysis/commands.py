"""The commands that a reader can copy from the page; every word from a bundle is quoted."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from repro.analysis.text import distinct, for_html

if TYPE_CHECKING:
    from collections.abc import Iterable

    from repro.analysis.load import DataSet, Source


def commands(data: DataSet) -> Iterable[str]:
    """Yield how to check the bundles, to make the report again, and to measure again."""
    names = [shlex.quote(name) for name in data.bundles]
    yield "<p>Check the signatures and contents again, and make this report from them:</p>"
    yield _code([f"tta-energy verify {' '.join(names)}",
                 f"tta-energy report {' '.join(names)} --out report"])  # fmt: skip
    yield "<p>Measure again, on this machine or another:</p>"
    reruns = distinct(_rerun(source) for source in data.sources if not source.imported)
    yield _code([*reruns, *_full(source for source in data.sources if source.imported)])


def _full(sources: Iterable[Source]) -> Iterable[str]:
    """Yield one command for all that was imported: nobody knows with which it was measured."""
    models = distinct(series.model for source in sources for series in source.series)
    if models:
        words = [word for model in models for word in ("--model", model)]
        yield shlex.join(["tta-energy", "full", *words, "--out", "out"])


def _rerun(source: Source) -> str:
    environment = source.environment
    rows = [row for row in source.rows if not row.warmup]
    steps = sorted({row.steps for row in rows if row.study == "steps"})
    sizes = sorted({row.batch_size for row in rows if row.study == "batch"})
    words = ["tta-energy", environment.tier]
    words += [word for model in distinct(row.series.model for row in rows)
              for word in ("--model", model)]  # fmt: skip
    words += ["--protocol", environment.protocol, "--weights", environment.weights]
    words += ["--size", environment.size, "--device", environment.device]
    words += [word for study in distinct(row.study for row in rows) for word in ("--study", study)]
    words += ["--steps", ",".join(map(str, steps))] if steps else []
    words += ["--batch-sizes", ",".join(map(str, sizes))] if sizes else []
    words += ["--repeats", str(max(row.repeat for row in rows))] if rows else []
    return shlex.join([*words, "--out", "out"])


def _code(lines: Iterable[str]) -> str:
    return f"<pre><code>{chr(10).join(for_html(line) for line in lines)}</code></pre>"
