"""One model's way from a request to a complete journal: load, record the conditions, measure."""

from __future__ import annotations

import shutil
import uuid
from typing import TYPE_CHECKING, Literal

from repro.errors import Interrupted, TtaError, WorkerError
from repro.image import describe_image
from repro.machine import describe_harness, describe_machine, describe_source
from repro.measuring import rundir
from repro.measuring.journal import Journal
from repro.measuring.loader import Loader
from repro.measuring.rows import STATUS_OF_KIND, RowMaker
from repro.measuring.runner import Runner, pending_windows
from repro.meter.window import utc_now
from repro.plan import windows
from repro.records import BundleClass, Environment, JournalHeader, Session, WindowEntry
from repro.request import public_name

if TYPE_CHECKING:
    from pathlib import Path

    from repro.catalog import Model
    from repro.measuring.progress import Listener
    from repro.meter.device import Device
    from repro.plan import PlannedWindow
    from repro.records import Run
    from repro.request import Request
    from repro.workers.adapter import AdapterProcess


class ModelRun:
    """A new run of one model, or an earlier one to go on with.

    Args:
        out: the output folder.
        model: what is measured.
        request: what was asked for.
        device: what it is measured on.
        listener: hears of every window.
        earlier: folder and journal of the run to resume, or None.

    """

    def __init__(
        self,
        out: Path,
        model: Model,
        request: Request,
        device: Device,
        listener: Listener,
        *,
        earlier: tuple[Path, Run] | None = None,
    ) -> None:
        self._out = out
        self._model = model
        self._request = request
        self._device = device
        self._listener = listener
        self._earlier = earlier[1] if earlier else None
        self._run_id = self._earlier.header.run_id if self._earlier else uuid.uuid4().hex
        self.folder = earlier[0] if earlier else rundir.new_folder(out, request, self._run_id)
        self._loader = Loader(model, request, device, self.folder / "worker.log")

    def measure(self) -> None:
        """Measure what is missing.

        Raises:
            TtaError: the model cannot be loaded, or the run cannot go on.

        """
        self.folder.mkdir(exist_ok=True)
        try:
            first = self._first_load()
        except Interrupted:
            if self._earlier is None:
                shutil.rmtree(self.folder)
            raise
        try:
            journal = self._open_journal(loaded=not isinstance(first, WorkerError))
        except BaseException:
            if not isinstance(first, WorkerError):
                first.kill()
            raise
        with journal:
            if isinstance(first, WorkerError):
                self._record_obstacle(journal, first)
            else:
                self._run(journal, first)

    def _first_load(self) -> AdapterProcess | WorkerError:
        """Return a loaded worker, or what became of it.

        A model that says why it cannot load is an error of the request. One that dies, hangs or
        runs out of memory is a finding, to be recorded.
        """
        try:
            return self._loader.load()
        except WorkerError as error:
            if error.kind == "error" or not self._loader.described:
                log = self.folder / "worker.log"
                raise TtaError(f"{error}; see {log}") from error
            return error

    def _open_journal(self, *, loaded: bool) -> Journal:
        path = self.folder / rundir.JOURNAL
        environment, card = self._environment(), self._model.card_text
        reason: Literal["start", "resume"]
        if self._earlier is None:
            reason = "start"
            journal = Journal.create(path, self._header(environment))
        else:
            reason = "resume"
            rundir.check_conditions(self._earlier, environment, self._loader.lock_text, card)
            rundir.drop_strays(self.folder / "audio", self._earlier)
            journal = Journal.reopen(path)
        idle_s = self._request.protocol.idle_s if loaded else None
        journal.session(
            Session(
                reason=reason, started_at=utc_now(), first_window=self._first_window,
                idle=self._device.idle_baseline(idle_s), overrides=self._device.overrides,
            )
        )  # fmt: skip
        return journal

    @property
    def _planned(self) -> list[PlannedWindow]:
        request = self._request
        return windows(request.protocol, self._model.card.largest_call, request.captions)

    @property
    def _first_window(self) -> int:
        return len(self._earlier.entries) if self._earlier else 0

    def _header(self, environment: Environment) -> JournalHeader:
        return JournalHeader(
            run_id=self._run_id,
            request=self._request.identity(),
            environment=environment,
            protocol_toml=self._request.protocol_toml,
            model_toml=self._model.card_text,
            requirements_lock=self._loader.lock_text,
            planned_windows=len(self._planned),
            captions=tuple(self._request.caption_rows()),
        )

    def _environment(self) -> Environment:
        request, gpu, facts = self._request, self._device.gpu, self._loader.facts
        measured = gpu is not None and not gpu.simulated and request.size == "full"
        return Environment(
            bundle_class=BundleClass.MEASURED if measured else BundleClass.DEMONSTRATION,
            run_id=self._run_id,
            tier=request.tier,
            protocol=request.protocol.name,
            size=request.size,
            weights=facts.weights,
            device=public_name(request.device),
            deviations=request.deviations,
            overrides=self._device.overrides,
            challenge=request.challenge,
            started_at=utc_now(),
            machine=describe_machine(gpu.facts(rundir.salt(self._out)) if gpu else None),
            source=describe_source(),
            image=describe_image(),
            stack=self._model.stack,
            harness_libraries=describe_harness(),
            model=facts,
            instruments=self._device.meter.describe(),
        )

    def _run(self, journal: Journal, worker: AdapterProcess) -> None:
        planned = self._planned
        pending = pending_windows(planned, self._earlier)
        self._listener.begin(self._model.name, pending, len(planned))
        runner = Runner(
            protocol=self._request.protocol,
            duration_mode=self._request.duration_mode,
            rows=self._rows(),
            device=self._device,
            journal=journal,
            start=self._loader.load,
            audio_dir=self.folder / "audio",
            report=self._listener.window,
        )
        runner.run(pending, worker, self._first_window)

    def _record_obstacle(self, journal: Journal, obstacle: WorkerError) -> None:
        """Give every window left the status of a model that could not be loaded."""
        rows = self._rows()
        pending = pending_windows(self._planned, self._earlier)
        for number, planned in enumerate(pending, start=self._first_window):
            row = rows.unmeasured(
                number,
                planned,
                STATUS_OF_KIND[obstacle.kind],
                f"the model did not load: {obstacle}",
                started_at=utc_now(),
                warmup=False,
            )
            journal.window(WindowEntry(row=row))

    def _rows(self) -> RowMaker:
        return RowMaker(
            self._request.protocol,
            self._model.card,
            on_gpu=self._device.gpu is not None,
            refresh_period_s=self._device.refresh_period_s,
            gpu_name=self._device.gpu.name if self._device.gpu is not None else "",
        )
