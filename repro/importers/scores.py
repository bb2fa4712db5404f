"""Published quality scores: FAD-inf and CLAP per data set and step count."""

from __future__ import annotations

from typing import TYPE_CHECKING

from repro.errors import TtaError
from repro.importers.cells import number
from repro.records import BundleClass, Score

if TYPE_CHECKING:
    from collections.abc import Iterable

    from repro.importers.layout import Layout
    from repro.importers.source import Line, SourceFolder

# inferences/quality_metrics of the release: FAD/*.sh call fadtk with --inf, CLAP/getCLAP.py calls
# clap_score of stable-audio-metrics with its defaults
_FAD = {
    "metric": "fad_inf",
    "embedding": "clap-laion-audio, 630k-audioset-best.pt",
    "engine": "fadtk --inf, unseeded",
}
_CLAP = {
    "metric": "clap",
    "embedding": "630k-audioset-fusion-best.pt",
    "engine": "stable-audio-metrics",
}


def subset_scores(source: SourceFolder, layout: Layout, model: str) -> tuple[Score, ...]:
    """Return the scores of the quality study: of as many clips as it has captions."""
    study = layout.protocol.studies.quality
    files = layout.parts(model)["scores"]
    return tuple(_scores(source, layout, model, files, n=study.clips if study else None))


def full_scores(source: SourceFolder, layout: Layout, model: str) -> tuple[Score, ...]:
    """Return the scores of the sanity check: of whole data sets.

    Their ``reference`` is ``<data set>-full``; how many clips that is the source does not say.
    """
    files = layout.parts(model)["sanity"]
    return tuple(_scores(source, layout, model, files, n=None, suffix="sanity", full="-full"))


def _scores(
    source: SourceFolder, layout: Layout, model: str, files: tuple[str, ...], *,
    n: int | None, suffix: str = "", full: str = "",
) -> Iterable[Score]:  # fmt: skip
    name = layout.facts.models[model].quality + suffix
    for path, column, facts in zip(files, ("fad_score", "clap_score"), (_FAD, _CLAP), strict=True):
        for line in _lines(source, layout, path, column, name):
            dataset = line.cells["baseline"]
            yield Score(
                dataset=dataset,
                model=model,
                steps=int(line.cells["steps"]),
                value=number(line, column, least=-1.0 if facts is _CLAP else 0.0,
                             most=1.0 if facts is _CLAP else 1e6),
                n=n,
                reference=f"{dataset}{full}",
                score_class=BundleClass.MEASURED,
                **facts,
            )  # fmt: skip


def _lines(
    source: SourceFolder, layout: Layout, path: str, column: str, name: str
) -> Iterable[Line]:
    study = layout.protocol.studies.quality
    expected = {(d, str(s)) for d in study.datasets for s in study.steps} if study else set()
    seen: dict[tuple[str, str], Line] = {}
    columns = ("model", "steps", "baseline", column)
    for line in source.read(path, columns, lines=len(expected)):
        key = (line.cells["baseline"], line.cells["steps"])
        if line.cells["model"] != name:
            raise line.wrong("model", repr(name))
        if key not in expected:
            raise TtaError(f"{line}: expected a data set and steps of the study, found {key}")
        if key in seen:
            raise TtaError(f"{line}: expected each score once, found that of {seen[key]} again")
        seen[key] = line
        yield line
