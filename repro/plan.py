"""The grid of a protocol: every window of a model, in the order it is measured."""

from __future__ import annotations

import math
import random
import statistics
from typing import TYPE_CHECKING, NamedTuple

from repro.records import Record, Window

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from repro.captions import CaptionList
    from repro.catalog import Model, Reference
    from repro.protocol import (
        BatchStudy,
        CaptionStudy,
        Protocol,
        QualityStudy,
        SanityStudy,
        StagesStudy,
        StepsStudy,
        Study,
    )

#: (study, dataset, steps, batch size): what a warm-up is for.
Setting = tuple[str, str | None, int, int]
#: A setting, repeat, first item and stage: what a resumed run recognises a window by.
Key = tuple[str, str | None, int, int, int, int, str | None]


class PlannedWindow(Record):
    """One generation call to be measured: ``clips`` items from ``item`` on, at one setting.

    ``process`` counts the worker processes that a run is planned to take, from 0. ``prompt`` and
    ``audio_s`` are those of a caption, ``window_s`` the least length of a study of its own; None
    stands for the protocol's. Where there is a ``stage``, its work alone is measured.
    """

    study: str
    steps: int
    batch_size: int
    repeat: int = 1
    item: int
    clips: int
    process: int = 0
    dataset: str | None = None
    prompt: str | None = None
    audio_s: float | None = None
    window_s: float | None = None
    stage: str | None = None

    @property
    def makes(self) -> int:
        """How many clips come of it: none of a stage alone."""
        return 0 if self.stage else self.clips

    @property
    def setting(self) -> Setting:
        """What this window shares with its repeats."""
        return (self.study, self.dataset, self.steps, self.batch_size)

    @property
    def key(self) -> Key:
        """What identifies this window in a journal."""
        return (*self.setting, self.repeat, self.item, self.stage)


def key_of(row: Window) -> Key:
    """Return the key of a journalled window."""
    return (row.study, row.dataset, row.steps, row.batch_size, row.repeat, row.item, row.stage)


class Cell(NamedTuple):
    """The calls of one setting, in their order, and how often they are repeated."""

    calls: tuple[PlannedWindow, ...]
    repeats: int


def windows(
    protocol: Protocol,
    largest_call: int | None = None,
    captions: Mapping[CaptionStudy, Sequence[CaptionList]] | None = None,
) -> list[PlannedWindow]:
    """Return the windows of one model under this protocol, in order, warm-ups apart.

    Args:
        protocol: what is asked for.
        largest_call: clips that the model's own program makes in one call at most, if it
            has such a limit.
        captions: study -> its lists; a study of captions without any has no windows.

    """
    asked, lists = protocol.studies, captions or {}
    studies: list[list[Cell]] = []
    if asked.steps is not None:
        studies.append(_step_cells(asked.steps, protocol.repeats))
    if asked.batch is not None:
        studies.append(_batch_cells(asked.batch, largest_call, protocol.repeats))
    if asked.quality is not None:
        studies.append(_caption_cells("quality", asked.quality, lists.get("quality", ())))
    if asked.sanity is not None:
        studies.append(_caption_cells("sanity", asked.sanity, lists.get("sanity", ())))
    if asked.stages is not None:
        studies.append(_stage_cells(asked.stages, protocol.repeats))
    if protocol.order == "interleaved":
        studies = [[cell for study in studies for cell in study]]
    return [window for cells in studies for window in _ordered(protocol, cells)]


def seconds(
    planned: list[PlannedWindow], reference: Reference | None, least_s: float | None = None
) -> float | None:
    """Return how long these windows take by the model's reference times, or None without any.

    Where windows last ``least_s`` at least, each is as many whole generations as that takes. A
    stage alone is counted like its generation, which is longer.
    """
    if reference is None:
        return None
    times = [(_window_seconds(one, reference), one.window_s or least_s) for one in planned]
    return sum(max(1, math.ceil((least or 0.0) / one)) * one for one, least in times)


def study_summary(
    protocol: Protocol, model: Model, study: Study, lists: Sequence[CaptionList] = ()
) -> dict[str, object]:
    """Return what a study asks of a model: windows, clips, seconds, GPU energy, bytes of audio.

    Captions need not be there: a study has as many as the protocol says, of its usual length.
    Where ``lists`` say how long recordings are, the bytes are those of clips as long. The seconds
    are of the usual length: how they grow with it is known of no model.
    """
    planned, times = _typical(protocol, model, study)
    reference = model.card.reference
    duration_s = seconds(planned, reference, protocol.window_s)
    duration_s = None if duration_s is None else times * duration_s
    power_w = reference.power_w if reference else None
    return {
        "study": study,
        "windows": times * len(planned),
        "clips": times * sum(window.makes for window in planned),
        "seconds": duration_s,
        "gpu_energy_j": None if duration_s is None or power_w is None else duration_s * power_w,
        "audio_bytes": audio_bytes(protocol, model, study, lists),
    }


def audio_bytes(
    protocol: Protocol, model: Model, study: Study, lists: Sequence[CaptionList] = ()
) -> int:
    """Return how much audio a study makes, as 16-bit samples.

    Clips have the protocol's length; those of the sanity check that of their recordings, where
    ``lists`` say it.
    """
    planned, times = _typical(protocol, model, study)
    clips = times * sum(window.makes for window in planned)
    rate = model.card.sample_rate_hz * model.card.channels * 2
    own_s = mean_duration_s(lists) if study == "sanity" else None
    return int(clips * (own_s or protocol.generation.audio_s) * rate)


def mean_duration_s(lists: Sequence[CaptionList]) -> float | None:
    """Return how long recordings are on average, or None where no list says it."""
    known = [item.duration_s for one in lists for item in one.items if item.duration_s]
    return statistics.fmean(known) if known else None


def _typical(protocol: Protocol, model: Model, study: Study) -> tuple[list[PlannedWindow], int]:
    """Return windows that stand for a study, and how many times each is there."""
    asked = protocol.studies
    if study in ("steps", "batch", "stages"):
        every = windows(protocol, model.card.largest_call)
        return [window for window in every if window.study == study], 1
    if study == "quality" and asked.quality is not None:
        times = asked.quality.clips * len(asked.quality.datasets) * asked.quality.repeats
        return _one_each(study, asked.quality.steps), times
    if asked.sanity is not None and model.name in asked.sanity.models:
        return _one_each(study, asked.sanity.steps), (
            sum(asked.sanity.clips.values()) * asked.sanity.repeats
        )
    return [], 0


def _one_each(study: Study, steps: Sequence[int]) -> list[PlannedWindow]:
    return [
        PlannedWindow(study=study, steps=count, batch_size=1, item=0, clips=1) for count in steps
    ]


def _window_seconds(window: PlannedWindow, reference: Reference) -> float:
    single = reference.fixed_s + window.steps * reference.step_s
    if window.batch_size == 1:
        return single
    # Batch calls were timed at one step count only: scaled by the steps asked for.
    known = reference.batch_call_s.get(window.batch_size)
    at = reference.fixed_s + 100 * reference.step_s
    return single * (known / at if known else window.clips)


def _ordered(protocol: Protocol, cells: list[Cell]) -> Iterator[PlannedWindow]:
    for cell, repeat in _turns(protocol, cells):
        process = (repeat - 1) * protocol.processes // cell.repeats
        for window in cell.calls:
            yield window.model_copy(update={"repeat": repeat, "process": process})


def _turns(protocol: Protocol, cells: list[Cell]) -> list[tuple[Cell, int]]:
    """Pair each cell with each repeat; an interleaved order is drawn anew for each repeat.

    Where processes share the repeats, the repeats of a process stay together.
    """
    if protocol.order == "repeats-inner":
        return [(cell, repeat) for cell in cells for repeat in range(1, cell.repeats + 1)]
    chance = random.Random(protocol.order_seed)  # noqa: S311 - an order, not a secret
    turns = []
    for repeat in range(1, max((cell.repeats for cell in cells), default=0) + 1):
        mixed = [cell for cell in cells if repeat <= cell.repeats]
        if protocol.order == "interleaved":
            chance.shuffle(mixed)
        turns += [(cell, repeat) for cell in mixed]
    return turns


def _step_cells(study: StepsStudy, repeats: int) -> list[Cell]:
    return [
        Cell((PlannedWindow(study="steps", steps=steps, batch_size=1, item=0, clips=1),), repeats)
        for steps in study.steps
    ]


def _batch_cells(study: BatchStudy, largest_call: int | None, repeats: int) -> list[Cell]:
    limit = largest_call if study.calls == "upstream" else None
    return [
        Cell(
            tuple(
                PlannedWindow(
                    study="batch", steps=study.steps, batch_size=size, item=item, clips=clips
                )
                for item, clips in _calls(study.samples, size, limit)
            ),
            repeats,
        )
        for size in study.batch_sizes
    ]


def _stage_cells(study: StagesStudy, repeats: int) -> list[Cell]:
    """Make the whole generation and then each stage, so that all of a repeat lie close together."""
    return [
        Cell(
            tuple(
                PlannedWindow(
                    study="stages", steps=steps, batch_size=1, item=0, clips=1,
                    window_s=study.window_s, stage=stage,
                )
                for stage in (None, *study.stages)
            ),
            repeats,
        )
        for steps in study.steps
    ]  # fmt: skip


def _caption_cells(
    name: str, study: QualityStudy | SanityStudy, lists: Sequence[CaptionList]
) -> list[Cell]:
    """Make every caption of every data set at each number of steps; ``sanity`` at its duration."""
    return [
        Cell(
            tuple(
                PlannedWindow(
                    study=name, dataset=captions.dataset, steps=steps, batch_size=1,
                    item=number, clips=1, prompt=item.caption,
                    audio_s=item.duration_s if name == "sanity" else None,
                )
                for number, item in enumerate(captions.items)
            ),
            study.repeats,
        )
        for captions in lists
        for steps in study.steps
    ]  # fmt: skip


def _calls(samples: int, size: int, limit: int | None) -> list[tuple[int, int]]:
    """Split samples into batches, and batches into calls of at most ``limit``.

    Returned are first item and number of clips of each call; where a size does not divide what
    it splits the last part is smaller.
    """
    most = min(size, limit or size)
    return [
        (item, min(most, start + size - item, samples - item))
        for start in range(0, samples, size)
        for item in range(start, min(start + size, samples), most)
    ]
