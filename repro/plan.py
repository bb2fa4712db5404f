"""The grid of a protocol: every window of a model, in the order it is measured."""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING

from repro.records import Record, Window

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repro.catalog import Model, Reference
    from repro.protocol import BatchStudy, Protocol, StepsStudy, Study

#: (study, steps, batch size): what a warm-up is for.
Setting = tuple[str, int, int]
#: A setting, repeat and first item: what a resumed run recognises a window by.
Key = tuple[str, int, int, int, int]


class PlannedWindow(Record):
    """One generation call to be measured: ``clips`` items from ``item`` on, at one setting.

    ``process`` counts the worker processes that a run is planned to take, from 0.
    """

    study: str
    steps: int
    batch_size: int
    repeat: int
    item: int
    clips: int
    process: int = 0

    @property
    def setting(self) -> Setting:
        """What this window shares with its repeats."""
        return (self.study, self.steps, self.batch_size)

    @property
    def key(self) -> Key:
        """What identifies this window in a journal."""
        return (*self.setting, self.repeat, self.item)


def key_of(row: Window) -> Key:
    """Return the key of a journalled window."""
    return (row.study, row.steps, row.batch_size, row.repeat, row.item)


def windows(protocol: Protocol, largest_call: int | None = None) -> list[PlannedWindow]:
    """Return the windows of one model under this protocol, in order, warm-ups apart.

    Args:
        protocol: what is asked for.
        largest_call: clips that the model's own program makes in one call at most, if it
            has such a limit.

    """
    steps, batch = protocol.studies.steps, protocol.studies.batch
    studies = [_step_settings(steps)] if steps else []
    if batch is not None:
        studies.append(_batch_settings(batch, largest_call))
    if protocol.order == "interleaved":
        studies = [[setting for study in studies for setting in study]]
    return [window for settings in studies for window in _ordered(protocol, settings)]


def seconds(
    planned: list[PlannedWindow], reference: Reference | None, least_s: float | None = None
) -> float | None:
    """Return how long these windows take by the model's reference times, or None without any.

    Where windows last ``least_s`` at least, each is as many whole generations as that takes.
    """
    if reference is None:
        return None
    times = [_window_seconds(window, reference) for window in planned]
    return sum(max(1, math.ceil((least_s or 0.0) / one)) * one for one in times)


def study_summary(protocol: Protocol, model: Model, study: Study) -> dict[str, object]:
    """Return what a study asks of a model: windows, generated clips, seconds, bytes of audio."""
    if study == "quality":
        count, clips, duration_s = _quality_size(protocol, model.card.reference)
    else:
        planned = [
            window for window in windows(protocol, model.card.largest_call) if window.study == study
        ]
        count, clips = len(planned), sum(window.clips for window in planned)
        duration_s = seconds(planned, model.card.reference, protocol.window_s)
    rate = model.card.sample_rate_hz * model.card.channels * 2
    return {
        "study": study,
        "windows": count,
        "clips": clips,
        "seconds": duration_s,
        "audio_bytes": int(clips * protocol.generation.audio_s * rate),
    }


def _quality_size(protocol: Protocol, reference: Reference | None) -> tuple[int, int, float | None]:
    quality = protocol.studies.quality
    if quality is None:
        return 0, 0, 0.0
    per_step = quality.clips * len(quality.datasets) * quality.repeats
    count = per_step * len(quality.steps)
    if reference is None:
        return count, count, None
    times = [reference.fixed_s + steps * reference.step_s for steps in quality.steps]
    return count, count, per_step * sum(times)


def _window_seconds(window: PlannedWindow, reference: Reference) -> float:
    single = reference.fixed_s + window.steps * reference.step_s
    if window.batch_size == 1:
        return single
    # Batch calls were timed at one step count only: scaled by the steps asked for.
    known = reference.batch_call_s.get(window.batch_size)
    at = reference.fixed_s + 100 * reference.step_s
    return single * (known / at if known else window.clips)


_Settings = list[tuple[Setting, list[tuple[int, int]]]]


def _ordered(protocol: Protocol, settings: _Settings) -> Iterator[PlannedWindow]:
    for ((study, steps, batch_size), calls), repeat in _turns(protocol, settings):
        for item, clips in calls:
            yield PlannedWindow(
                study=study, steps=steps, batch_size=batch_size,
                repeat=repeat, item=item, clips=clips,
                process=(repeat - 1) * protocol.processes // protocol.repeats,
            )  # fmt: skip


def _turns(
    protocol: Protocol, settings: _Settings
) -> list[tuple[tuple[Setting, list[tuple[int, int]]], int]]:
    """Pair each setting with each repeat; an interleaved order is drawn anew for each repeat.

    Where processes share the repeats, the repeats of a process stay together.
    """
    repeats = range(1, protocol.repeats + 1)
    if protocol.order == "repeats-inner":
        return [(setting, repeat) for setting in settings for repeat in repeats]
    chance = random.Random(protocol.order_seed)  # noqa: S311 - an order, not a secret
    turns = []
    for repeat in repeats:
        mixed = list(settings)
        if protocol.order == "interleaved":
            chance.shuffle(mixed)
        turns += [(setting, repeat) for setting in mixed]
    return turns


def _step_settings(study: StepsStudy) -> _Settings:
    return [(("steps", steps, 1), [(0, 1)]) for steps in study.steps]


def _batch_settings(study: BatchStudy, largest_call: int | None) -> _Settings:
    limit = largest_call if study.calls == "upstream" else None
    return [
        (("batch", study.steps, size), _calls(study.samples, size, limit))
        for size in study.batch_sizes
    ]


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
