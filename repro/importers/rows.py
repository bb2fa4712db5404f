"""Published measurements as rows of ``measurements.csv``: what a log does not say stays empty."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from repro.errors import TtaError
from repro.records import Status, Window

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from repro.catalog import ModelCard
    from repro.importers.emissions import Emission, EmissionLog
    from repro.importers.layout import Layout


class ModelRows:
    """Makes the rows of one model, and keeps the measurements they were made of.

    Args:
        layout: where the files lie.
        log: reads them.
        card: the model.

    """

    def __init__(self, layout: Layout, log: EmissionLog, card: ModelCard) -> None:
        self._layout = layout
        self._log = log
        self._card = card
        self._names = layout.facts.models[card.name]
        self.emissions: dict[str, list[Emission]] = {}

    def read(self, studies: Sequence[str]) -> tuple[Window, ...]:
        """Return the rows of these studies, numbered in the order of the studies.

        Raises:
            TtaError: naming file and line.

        """
        makers = {"steps": self._steps, "batch": self._batch, "quality": self._quality}
        fields = [row for study in studies for row in makers[study]()]
        source = _cpu_source(emission for found in self.emissions.values() for emission in found)
        return tuple(
            Window(**row, cpu_source=source, window=number) for number, row in enumerate(fields)
        )

    def _steps(self) -> Iterator[dict[str, Any]]:
        study = self._layout.protocol.studies.steps
        counts = study.steps if study else ()
        for repeat in self._layout.repeats:
            path = self._layout.steps_file(self._names, repeat)
            projects = [f"{self._names.logs}-inference_{count}-steps" for count in counts]
            found = self._read("steps", path, projects=projects)
            for count, emission in zip(counts, found, strict=True):
                yield self._row("steps", [emission], steps=count, repeat=repeat, clips=1)

    def _batch(self) -> Iterator[dict[str, Any]]:
        study = self._layout.protocol.studies.batch
        steps = study.steps if study else 0
        for size, repeat in self._layout.batches:
            projects = [f"{self._names.logs}-inference_batch{size}"]
            calls: list[Emission] = []
            for call in self._layout.calls(size):
                path = self._layout.batch_file(self._names, size, repeat, call)
                calls += self._read("batch", path, projects=projects)
            said = f"sum of {len(calls)} calls" if len(calls) > 1 else "one call"
            yield self._row(
                "batch", calls, steps=steps, repeat=repeat, batch_size=size,
                clips=self._layout.samples, detail=said,
            )  # fmt: skip

    def _quality(self) -> Iterator[dict[str, Any]]:
        study = self._layout.protocol.studies.quality
        if study is None:
            return
        for dataset in study.datasets:
            path = self._layout.quality_file(self._names, dataset)
            found = self._read("quality", path, lines=study.clips * len(study.steps))
            groups = self._by_steps(found, dataset, study.steps)
            for steps, clips in groups.items():
                yield self._row(
                    "quality", clips, steps=steps, clips=len(clips), dataset=dataset,
                    detail=f"sum of {len(clips)} clips",
                )  # fmt: skip

    def _read(self, study: str, path: str, **expected: Any) -> list[Emission]:
        found = self._log.read(path, **expected)
        self.emissions.setdefault(study, []).extend(found)
        return found

    def _by_steps(
        self, found: Iterable[Emission], dataset: str, counts: Sequence[int]
    ) -> dict[int, list[Emission]]:
        """Sort clips under their step counts; every clip is expected once at each of them."""
        groups: dict[int, dict[str, Emission]] = {count: {} for count in counts}
        pattern = re.compile(rf"{re.escape(self._names.quality)}_{dataset}-(\d+)-steps-(.+)")
        for emission in found:
            match = pattern.fullmatch(emission.project)
            if match is None or int(match[1]) not in groups:
                expected = f"{self._names.quality}_{dataset}-<steps>-steps-<clip>"
                raise emission.line.wrong("project_name", expected)
            clips = groups[int(match[1])]
            first = clips.setdefault(match[2], emission)
            if first is not emission:
                raise TtaError(f"{emission.line}: expected each clip once, again as {first.line}")
        _check_same_clips(groups)
        return {count: list(clips.values()) for count, clips in groups.items()}

    def _row(
        self, study: str, emissions: Sequence[Emission], *, steps: int, clips: int,
        repeat: int = 1, batch_size: int = 1, dataset: str | None = None,
        detail: str | None = None,
    ) -> dict[str, Any]:  # fmt: skip
        gpu_energy_j = math.fsum(emission.gpu_energy_j for emission in emissions)
        executed = self._names.executed.get(steps, steps)
        if executed != steps:
            why = f"{steps} steps asked for, {executed} executed: {self._names.reason}"
            detail = f"{detail}; {why}" if detail else why
        return {
            "study": study,
            "model": self._card.name,
            "checkpoint": self._names.checkpoint.get(study, self._card.checkpoint),
            "steps": steps,
            "executed_steps": executed,
            "executed_steps_source": "derived",
            "batch_size": batch_size,
            "repeat": repeat,
            "item": 0,
            "dataset": dataset,
            "status": Status.OK,
            "warmup": False,
            "started_at": min(emission.started_at for emission in emissions),
            "duration_s": math.fsum(emission.duration_s for emission in emissions),
            "clips": clips,
            "gpu_energy_j": gpu_energy_j,
            "gpu_meter": "codecarbon",
            "gpu_energy_codecarbon_j": gpu_energy_j,
            "cpu_energy_j": math.fsum(emission.cpu_energy_j for emission in emissions),
            "ram_energy_j": math.fsum(emission.ram_energy_j for emission in emissions),
            "ram_source": "modelled",
            "detail": detail,
        }


def _check_same_clips(groups: dict[int, dict[str, Emission]]) -> None:
    every = {name: emission for clips in groups.values() for name, emission in clips.items()}
    for count, clips in groups.items():
        lacking = sorted(every.keys() - clips.keys())
        if lacking:
            raise TtaError(
                f"{every[lacking[0]].line}: expected its clip at all step counts, found none at "
                f"{count} steps"
            )


def _cpu_source(emissions: Iterable[Emission]) -> str:
    """CodeCarbon 2.7 reads RAPL, or else assumes one power for all of a processor's windows."""
    return "measured" if len({emission.cpu_power_w for emission in emissions}) > 1 else "modelled"
