"""Measure the windows of one model: the loop between worker, meter and journal.

The clock and the meter are here, the work is in the worker. Whatever happens to the worker
becomes the status of a row, and the next window gets a fresh one.
"""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING, Any, Literal

from repro.errors import TtaError, WorkerError
from repro.measuring.rows import STATUS_OF_KIND, RowMaker
from repro.meter.window import utc_now
from repro.plan import key_of
from repro.records import Clip, Session, Status, WindowEntry
from repro.workers.adapter import AdapterProcess, Generated, Replayed, read_answer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from repro.measuring.journal import Journal
    from repro.meter.device import Device
    from repro.meter.window import Meter
    from repro.plan import PlannedWindow, Setting
    from repro.protocol import Protocol
    from repro.records import Run
    from repro.request import DurationMode

MAX_LOAD_FAILURES = 2


class LoadedWorker:
    """A worker whose model is loaded: which process of the plan it is, what it is ready for."""

    def __init__(self, process: AdapterProcess, number: int) -> None:
        self.process = process
        self.number = number
        self.warm_for: set[Setting] = set()
        self.recorded: Setting | None = None


class Runner:
    """Measures windows into a journal.

    Args:
        protocol: how windows are made.
        duration_mode: whether a clip is denoised as upstream does or no longer than asked for.
        rows: writes their rows.
        device: what is measured on.
        journal: open for appending.
        start: makes a worker with the model loaded; raises WorkerError.
        audio_dir: where the clips go, or None to write none.
        report: called after every window.

    """

    def __init__(
        self,
        *,
        protocol: Protocol,
        duration_mode: DurationMode,
        rows: RowMaker,
        device: Device,
        journal: Journal,
        start: Callable[[], AdapterProcess],
        audio_dir: Path | None,
        report: Callable[[WindowEntry], None],
    ) -> None:
        self._protocol = protocol
        self._duration_mode = duration_mode
        self._rows = rows
        self._device = device
        self._journal = journal
        self._start = start
        self._audio_dir = audio_dir
        self._report = report
        self._worker: LoadedWorker | None = None
        self._number = 0
        self._load_failures = 0
        self._refusals: dict[tuple[Setting, float], str | None] = {}

    def run(
        self, pending: Sequence[PlannedWindow], worker: AdapterProcess | None, first_window: int
    ) -> None:
        """Measure every pending window, from this number on, with this worker to begin with.

        Raises:
            MeterError: an instrument stopped measuring; the journal can be resumed.
            TtaError: the journal cannot be written.

        """
        self._number = first_window
        if worker is not None:
            self._worker = LoadedWorker(worker, pending[0].process if pending else 0)
        try:
            for planned in pending:
                self._measure(planned)
        finally:
            self._drop_worker()

    def _measure(self, planned: PlannedWindow) -> None:
        try:
            worker = self._ready_worker(planned)
            reason = self._refusal(worker, planned)
            if reason is not None:
                self._record_unmeasured(planned, Status.UNSUPPORTED, reason)
            elif self._warm(worker, planned):
                self._window(worker, planned, warmup=False)
        except WorkerError as error:
            self._drop_worker()
            self._record_unmeasured(planned, STATUS_OF_KIND[error.kind], str(error))

    def _ready_worker(self, planned: PlannedWindow) -> LoadedWorker:
        reason: Literal["restart", "process"] = "restart"
        if self._worker is not None and self._worker.number != planned.process:
            reason = "process"
            self._drop_worker()
        if self._worker is None:
            self._worker = self._start_worker(planned.process, reason)
        self._load_failures = 0
        return self._worker

    def _start_worker(self, number: int, reason: Literal["restart", "process"]) -> LoadedWorker:
        if self._load_failures >= MAX_LOAD_FAILURES:
            raise WorkerError("error", "not attempted: the model did not load any more")
        self._load_failures += 1
        process = self._start()
        try:
            self._journal.session(
                Session(
                    reason=reason, started_at=utc_now(), first_window=self._number,
                    idle=self._device.idle_baseline(self._protocol.idle_s),
                )
            )  # fmt: skip
        except BaseException:
            process.kill()
            raise
        return LoadedWorker(process, number)

    def _refusal(self, worker: LoadedWorker, planned: PlannedWindow) -> str | None:
        if planned.study == "stages":
            reason = _lacking(planned.stage, worker.process.stages())
            if reason is not None:
                return reason
        audio_s = self._audio_s(planned)
        asked = (planned.setting, audio_s)
        if asked not in self._refusals:
            self._refusals[asked] = worker.process.refuse(
                steps=planned.steps,
                batch_size=planned.batch_size,
                audio_s=audio_s,
                duration_mode=self._duration_mode,
            )
        return self._refusals[asked]

    def _warm(self, worker: LoadedWorker, planned: PlannedWindow) -> bool:
        """Generate once, discarded, where this worker has not done this setting yet.

        When that goes wrong the window it was for ends the same way, and False is returned.
        """
        if not self._protocol.warmup or planned.setting in worker.warm_for:
            return True
        whole = planned.model_copy(update={"stage": None})
        row = self._window(worker, whole, warmup=True).row
        if row.duration_s is None:
            self._record_unmeasured(planned, row.status, f"its warm-up ended: {row.detail}")
            return False
        worker.warm_for.add(planned.setting)
        return True

    def _window(self, worker: LoadedWorker, planned: PlannedWindow, *, warmup: bool) -> WindowEntry:
        arguments = self._arguments(planned)
        aligned = planned.study in self._protocol.align
        meter = self._device.meter_for(aligned=aligned)
        if planned.stage is not None:
            self._record_stages(worker, planned, arguments)
        worker.process.synchronise()
        meter.open()
        try:
            replies = self._work(worker, planned, arguments, once=warmup)
        except WorkerError as error:
            started_at = meter.abandon()
            self._drop_worker()
            row = self._rows.unmeasured(
                self._number, planned, STATUS_OF_KIND[error.kind], str(error),
                started_at=started_at, warmup=warmup,
            )  # fmt: skip
            return self._record(WindowEntry(row=row))
        meter.stop()
        done = self._read_meanwhile(meter, replies)
        # The generations of a window are the same, clip by clip: the last is there to be written.
        made = None if warmup or isinstance(done, Replayed) else done[-1]
        audio: tuple[Clip, ...] = ()
        if made is not None and not aligned:
            # Nobody watches for a refresh: there is time to write while the board settles.
            audio = self._save_meanwhile(meter, worker, planned, made)
        measurement = meter.close()
        row = self._rows.measured(self._number, planned, measurement, done, warmup=warmup)
        if made is not None and aligned:
            audio = self._save(worker, planned, made)
        entry = WindowEntry(
            row=row, readings=measurement.readings, audio=audio, trace=measurement.trace
        )
        return self._record(entry)

    def _work(
        self,
        worker: LoadedWorker,
        planned: PlannedWindow,
        arguments: dict[str, Any],
        *,
        once: bool,
    ) -> list[dict[str, Any]] | dict[str, Any]:
        """Do what a window is there for, and return what the worker says of it."""
        least_s = planned.window_s or self._protocol.window_s
        if planned.stage is None:
            return self._generate(worker, arguments, least_s=None if once else least_s)
        timeout_s = self._protocol.window_timeout_s + (least_s or 0.0)
        return worker.process.replay(planned.stage, least_s or 0.0, timeout_s=timeout_s)

    def _generate(
        self, worker: LoadedWorker, arguments: dict[str, Any], *, least_s: float | None
    ) -> list[dict[str, Any]]:
        """Generate once, or the same again and again until ``least_s`` have passed."""
        begun_at, replies = time.perf_counter(), []
        while True:
            timeout_s = self._protocol.window_timeout_s
            replies.append(worker.process.generate(timeout_s=timeout_s, **arguments))
            if least_s is None or time.perf_counter() - begun_at >= least_s:
                return replies

    def _record_stages(
        self, worker: LoadedWorker, planned: PlannedWindow, arguments: dict[str, Any]
    ) -> None:
        """Have the worker keep what the stages of this setting are called with, once."""
        if worker.recorded != planned.setting:
            worker.process.record(timeout_s=self._protocol.window_timeout_s, **arguments)
            worker.recorded = planned.setting

    def _arguments(self, planned: PlannedWindow) -> dict[str, Any]:
        generation = self._protocol.generation
        first = self._protocol.seed + planned.item
        return {
            "prompts": [planned.prompt or generation.prompt] * planned.clips,
            "negative_prompt": generation.negative_prompt,
            "steps": planned.steps,
            "audio_s": self._audio_s(planned),
            "seeds": list(range(first, first + planned.clips)),
        }

    def _audio_s(self, planned: PlannedWindow) -> float:
        return planned.audio_s or self._protocol.generation.audio_s

    def _read_meanwhile(
        self, meter: Meter, replies: list[dict[str, Any]] | dict[str, Any]
    ) -> list[Generated] | Replayed:
        """Check replies. One of the wrong form is a mistake of the adapter and ends the run."""
        try:
            return _read(replies)
        except WorkerError as error:
            meter.abandon()
            raise TtaError(str(error)) from error

    def _save_meanwhile(
        self, meter: Meter, worker: LoadedWorker, planned: PlannedWindow, generated: Generated
    ) -> tuple[Clip, ...]:
        try:
            return self._save(worker, planned, generated)
        except TtaError:
            meter.abandon()
            raise

    def _save(
        self, worker: LoadedWorker, planned: PlannedWindow, generated: Generated
    ) -> tuple[Clip, ...]:
        """Write the clips of a window; its generations are the same, and the last is there."""
        if self._audio_dir is None:
            return ()
        self._audio_dir.mkdir(parents=True, exist_ok=True)
        paths = [
            self._audio_dir / f"{self._number:06d}-{number}.wav"
            for number in range(generated.clips)
        ]
        self._write(worker, paths)
        first = self._protocol.seed + planned.item
        return tuple(
            Clip(
                window=self._number,
                name=path.name,
                sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
                seconds=generated.seconds,
                sample_rate_hz=generated.sample_rate_hz,
                channels=generated.channels,
                seed=first + number,
            )
            for number, path in enumerate(paths)
        )

    def _write(self, worker: LoadedWorker, paths: list[Path]) -> None:
        """Write the clips under other names first: a file of a clip's name is whole."""
        unfinished = [path.with_name(f".{path.name}") for path in paths]
        try:
            worker.process.save([str(path) for path in unfinished])
            for path, written in zip(paths, unfinished, strict=True):
                written.rename(path)
        except WorkerError as error:
            if error.kind != "unwritten":
                raise
            # A full disk says nothing about the model: stop, and let the window be done again.
            raise TtaError(
                f"audio: cannot be written: {error}; make room and give the same command again"
            ) from error

    def _record_unmeasured(self, planned: PlannedWindow, status: Status, detail: str) -> None:
        row = self._rows.unmeasured(
            self._number, planned, status, detail, started_at=utc_now(), warmup=False
        )
        self._record(WindowEntry(row=row))

    def _record(self, entry: WindowEntry) -> WindowEntry:
        self._journal.window(entry)
        self._number += 1
        self._report(entry)
        return entry

    def _drop_worker(self) -> None:
        if self._worker is not None:
            self._worker.process.kill()
            self._worker = None


def _lacking(stage: str | None, there: Sequence[str]) -> str | None:
    if not there:
        return "the adapter does not say which modules the stages of a generation are"
    return None if stage is None or stage in there else f"the model has no stage {stage}"


def _read(replies: list[dict[str, Any]] | dict[str, Any]) -> list[Generated] | Replayed:
    """Check replies; only now, so that nothing but the work lies inside a window."""
    if isinstance(replies, dict):
        return read_answer("replay", Replayed, replies)
    return [read_answer("generate", Generated, reply) for reply in replies]


def pending_windows(planned: list[PlannedWindow], run: Run | None) -> list[PlannedWindow]:
    """Return the planned windows that the journal does not hold yet."""
    entries = run.entries if run is not None else ()
    done = {key_of(entry.row) for entry in entries if not entry.row.warmup}
    return [window for window in planned if window.key not in done]
