"""The grid of a protocol: every window of a model, in the order it is measured."""

from __future__ import annotations

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
    """One generation call to be measured: ``clips`` items from ``item`` on, at one setting."""

    study: str
    steps: int
    batch_size: int
    repeat: int
    item: int
    clips: int

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


def windows(protocol: Protocol) -> list[PlannedWindow]:
    """Return the windows of one model under this protocol, in order, warm-ups apart."""
    planned: list[PlannedWindow] = []
    if protocol.studies.steps is not None:
        planned += _ordered(protocol, _step_settings(protocol.studies.steps))
    if protocol.studies.batch is not None:
        planned += _ordered(protocol, _batch_settings(protocol.studies.batch))
    return planned


def seconds(planned: list[PlannedWindow], reference: Reference | None) -> float | None:
    """Return how long these windows take by the model's reference times, or None without any."""
    if reference is None:
        return None
    return sum(_window_seconds(window, reference) for window in planned)


def study_summary(protocol: Protocol, model: Model, study: Study) -> dict[str, object]:
    """Return what a study asks of a model: windows, generated clips, seconds, bytes of audio."""
    if study == "quality":
        count, clips, duration_s = _quality_size(protocol, model.card.reference)
    else:
        planned = [window for window in windows(protocol) if window.study == study]
        count, clips = len(planned), sum(window.clips for window in planned)
        duration_s = seconds(planned, model.card.reference)
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


def _ordered(
    protocol: Protocol, settings: list[tuple[Setting, list[tuple[int, int]]]]
) -> Iterator[PlannedWindow]:
    repeats = range(1, protocol.repeats + 1)
    if protocol.order == "repeats-inner":
        pairs = [(setting, repeat) for setting in settings for repeat in repeats]
    else:
        pairs = [(setting, repeat) for repeat in repeats for setting in settings]
    for ((study, steps, batch_size), calls), repeat in pairs:
        for item, clips in calls:
            yield PlannedWindow(
                study=study, steps=steps, batch_size=batch_size,
                repeat=repeat, item=item, clips=clips,
            )  # fmt: skip


def _step_settings(study: StepsStudy) -> list[tuple[Setting, list[tuple[int, int]]]]:
    return [(("steps", steps, 1), [(0, 1)]) for steps in study.steps]


def _batch_settings(study: BatchStudy) -> list[tuple[Setting, list[tuple[int, int]]]]:
    """Split the samples into calls; where the size does not divide them the last one is smaller."""
    return [
        (
            ("batch", study.steps, size),
            [(first, min(size, study.samples - first)) for first in range(0, study.samples, size)],
        )
        for size in study.batch_sizes
    ]
