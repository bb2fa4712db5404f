"""Published measurements as runs: one per model of which a study is there whole."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from repro.errors import UsageError
from repro.importers import environment
from repro.importers.emissions import EmissionLog
from repro.importers.rows import ModelRows
from repro.importers.scores import full_scores, subset_scores
from repro.records import JournalHeader, Run, Session, WindowEntry

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from repro.catalog import Model
    from repro.importers.layout import Layout
    from repro.importers.source import SourceFolder
    from repro.records import Environment, Origin, Score, SourceFile

#: Parts that hold energy; without one of them there is nothing to make a bundle of.
STUDIES = ("steps", "batch", "quality")
#: Part that was published for some models only.
_EXTRA = "sanity"
_SHOWN = 5


@dataclass(frozen=True)
class Found:
    """What is there of a model: whole parts, parts that lack files (and how), absent ones."""

    model: str
    whole: tuple[str, ...]
    cut: Mapping[str, str]
    absent: tuple[str, ...]

    @property
    def studies(self) -> tuple[str, ...]:
        """The studies among the whole parts."""
        return tuple(study for study in STUDIES if study in self.whole)

    def notices(self) -> Iterable[str]:
        """Say what is not imported of a model of which something is there."""
        yield from (f"{self.model}: {part} left out: {why}" for part, why in self.cut.items())
        if self.studies and self.absent:
            yield f"{self.model}: nothing of {', '.join(self.absent)} there"
        if not self.studies and (self.whole or self.cut):
            yield f"{self.model}: no bundle, since no study of its energy is there whole"


class Collection:
    """A folder in a layout.

    Args:
        source: the folder.
        layout: how its files lie.

    """

    def __init__(self, source: SourceFolder, layout: Layout) -> None:
        self._source = source
        self._layout = layout
        self.found = tuple(self._find(model) for model in layout.facts.models)

    def notices(self) -> list[str]:
        """Return what is to be said about files that are missing and files that are unknown."""
        said = [notice for one in self.found for notice in one.notices()]
        absent = [one.model for one in self.found if not one.whole and not one.cut]
        if absent:
            said.append(f"nothing of {', '.join(absent)} there")
        unknown = self._unknown()
        said += [f"{path}: not of this layout, left alone" for path in unknown[:_SHOWN]]
        return said + [f"and {len(unknown) - _SHOWN} more such tables"] * (len(unknown) > _SHOWN)

    def runs(self, catalog: Mapping[str, Model], origin: Origin) -> list[Run]:
        """Return a run of every model that has a study.

        Raises:
            UsageError: there is no such model.
            TtaError: naming the file and the line that is not as published.

        """
        found = [one for one in self.found if one.studies]
        if not found:
            partly = next((notice for one in self.found for notice in one.notices()), None)
            raise UsageError(
                f"import: expected a whole study of a model in the layout "
                f"{self._layout.facts.name}, found none{f' ({partly})' if partly else ''}: name "
                "the folder that holds results/"
            )
        log = EmissionLog(self._source, self._layout.facts.timezone)
        return [self._run(one, catalog[one.model], log, origin) for one in found]

    def _find(self, model: str) -> Found:
        whole, absent, cut = [], [], {}
        for part, paths in self._layout.parts(model).items():
            missing = [path for path in paths if not self._source.has(path)]
            if not missing:
                whole.append(part)
            elif len(missing) < len(paths):
                cut[part] = (
                    f"expected {len(paths)} files, found {len(paths) - len(missing)}; the first "
                    f"that is missing is {missing[0]}"
                )
            elif part != _EXTRA:
                absent.append(part)
        return Found(model, tuple(whole), cut, tuple(absent))

    def _unknown(self) -> list[str]:
        """Return tables beside those of the layout that its authors did not derive either."""
        layout = self._layout
        parts = (layout.parts(model).values() for model in layout.facts.models)
        known = {path for part in parts for paths in part for path in paths}
        tables = self._source.tables(sorted({path.split("/")[0] for path in known}))
        return [path for path in tables if path not in known and not layout.derived(path)]

    def _run(self, found: Found, model: Model, log: EmissionLog, origin: Origin) -> Run:
        made = ModelRows(self._layout, log, model.card)
        rows = made.read(found.studies)
        scores = self._scores(found)
        sources = self._sources(found)
        facts = environment.describe(
            made.emissions, rows, model.card, origin,
            run_id=_run_id(origin.layout, model.name, sources),
            protocol=self._layout.protocol.name,
            deviations=_deviations(found),
        )  # fmt: skip
        return Run(
            header=self._header(model, facts, len(rows)),
            sessions=(Session(reason="start", started_at=facts.started_at, first_window=0),),
            entries=tuple(WindowEntry(row=row) for row in rows),
            scores=scores,
            sources=sources,
        )

    def _scores(self, found: Found) -> tuple[Score, ...]:
        readers = {"scores": subset_scores, "sanity": full_scores}
        return tuple(
            score
            for part, read in readers.items()
            if part in found.whole
            for score in read(self._source, self._layout, found.model)
        )

    def _sources(self, found: Found) -> tuple[SourceFile, ...]:
        parts = self._layout.parts(found.model)
        return self._source.digests([path for part in found.whole for path in parts[part]])

    def _header(self, model: Model, facts: Environment, windows: int) -> JournalHeader:
        return JournalHeader(
            run_id=facts.run_id,
            request={"model": model.name, "layout": self._layout.facts.name},
            environment=facts,
            protocol_toml=self._layout.protocol_text,
            model_toml=model.card_text,
            requirements_lock="",
            planned_windows=windows,
        )


def _deviations(found: Found) -> list[str]:
    if found.studies == STUDIES:
        return []
    return [f"studies: {', '.join(STUDIES)} -> {', '.join(found.studies)}"]


def _run_id(layout: str, model: str, sources: Sequence[SourceFile]) -> str:
    """Return the same id for the same files, so that nobody counts them twice."""
    lines = [layout, model, *(f"{one.sha256}  {one.path}" for one in sources)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:32]
