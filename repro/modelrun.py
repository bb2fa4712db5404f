"""One model's way from a request to a complete journal: load, record the conditions, measure."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from repro import rundir
from repro.adapter import AdapterProcess
from repro.errors import TtaError, WorkerError
from repro.journal import Journal
from repro.machine import describe_harness, describe_machine, describe_source
from repro.meter.window import utc_now
from repro.plan import windows
from repro.records import (
    BundleClass,
    Environment,
    JournalHeader,
    ModelFacts,
    Session,
    WindowEntry,
)
from repro.request import public_name
from repro.rows import STATUS_OF_KIND, RowMaker
from repro.runner import Runner, pending_windows

if TYPE_CHECKING:
    from pathlib import Path

    from repro.catalog import Model
    from repro.meter.device import Device
    from repro.progress import Listener
    from repro.records import Run
    from repro.request import Request


class ModelRun:
    """One model's way from a request to a complete journal."""

    def __init__(
        self, out: Path, model: Model, request: Request, device: Device, listener: Listener
    ) -> None:
        self._out = out
        self._model = model
        self._request = request
        self._device = device
        self._listener = listener

    def measure(self, found: tuple[Path, Run] | None) -> Path:
        """Measure what is missing and return the run's folder."""
        run_id = found[1].header.run_id if found else uuid.uuid4().hex
        folder = found[0] if found else rundir.new_folder(self._out, self._request, run_id)
        folder.mkdir(exist_ok=True)
        worker, facts, obstacle = self._first_load(folder)
        try:
            environment = self._environment(run_id, facts)
            journal = self._open_journal(folder, found, environment)
        except BaseException:
            if worker is not None:
                worker.kill()
            raise
        with journal:
            if worker is None:
                self._record_obstacle(journal, found, obstacle)
            else:
                self._run(journal, folder, found, worker)
        return folder

    def _first_load(
        self, folder: Path
    ) -> tuple[AdapterProcess | None, ModelFacts, WorkerError | None]:
        """Start and load the first worker.

        An adapter that says why it cannot load is an error of the request. One that dies, hangs
        or runs out of memory is a finding: it is returned, to be recorded.
        """
        worker = self._start(folder)
        try:
            described = worker.describe(self._request.size)
            loaded = self._load(worker)
        except WorkerError as error:
            worker.kill()
            if error.kind == "error":
                raise TtaError(f"model {self._model.name}: {error}") from error
            worker = self._start(folder)
            described = worker.describe(self._request.size)
            worker.kill()
            return None, self._facts(described, {}), error
        except BaseException:
            worker.kill()
            raise
        return worker, self._facts(described, loaded), None

    def _start(self, folder: Path) -> AdapterProcess:
        try:
            return self._worker(folder)
        except WorkerError as error:
            raise TtaError(
                f"model {self._model.name}: its worker does not start: {error}"
            ) from error

    def _worker(self, folder: Path) -> AdapterProcess:
        environment = dict(self._device.worker_environment)
        if self._request.size == "tiny":
            # Tiny kernels are shorter than it takes two threads to meet on a busy machine.
            environment["OMP_NUM_THREADS"] = "1"
        return AdapterProcess(self._model, folder / "worker.log", environment)

    def _load(self, worker: AdapterProcess) -> dict[str, Any]:
        request = self._request
        loaded = worker.load(
            size=request.size,
            weights=request.weights,
            device=self._device.compute,
            dtype=request.dtype,
            attention=request.attention,
            audio_s=request.protocol.generation.audio_s,
            cache_dir=None,
            seed=request.protocol.seed,
        )
        self._device.check_identity(loaded.get("gpu_uuid"))
        return loaded

    def _load_again(self, folder: Path) -> AdapterProcess:
        worker = AdapterProcess(self._model, folder / "worker.log", self._device.worker_environment)
        try:
            self._load(worker)
        except BaseException:
            worker.kill()
            raise
        return worker

    def _facts(self, described: dict[str, Any], loaded: dict[str, Any]) -> ModelFacts:
        planned = {
            "dtype": self._request.dtype,
            "attention": self._request.attention,
            "device": self._device.compute,
            "weights": self._request.weights,
        }
        facts = {**described, **planned, **loaded}
        facts["weights"] = public_name(facts["weights"])
        return ModelFacts(
            **{name: facts[name] for name in ModelFacts.model_fields if name in facts}
        )

    def _environment(self, run_id: str, facts: ModelFacts) -> Environment:
        request, gpu = self._request, self._device.gpu
        real = gpu is not None and not gpu.simulated
        measured = real and request.size == "full"
        return Environment(
            bundle_class=BundleClass.MEASURED if measured else BundleClass.DEMONSTRATION,
            run_id=run_id,
            tier=request.tier,
            protocol=request.protocol.name,
            size=request.size,
            weights=facts.weights,
            device=public_name(request.device),
            deviations=request.deviations,
            overrides=(),
            challenge=request.challenge,
            started_at=utc_now(),
            machine=describe_machine(gpu.facts(rundir.salt(self._out)) if gpu else None),
            source=describe_source(),
            harness_libraries=describe_harness(),
            model=facts,
            instruments=self._device.meter.describe(),
        )

    def _open_journal(
        self, folder: Path, found: tuple[Path, Run] | None, environment: Environment
    ) -> Journal:
        path = folder / rundir.JOURNAL
        model = self._model
        if found is None:
            header = JournalHeader(
                run_id=environment.run_id,
                request=self._request.identity(),
                environment=environment,
                protocol_toml=self._request.protocol_toml,
                model_toml=model.card_text,
                requirements_lock=model.lock_text,
                planned_windows=len(windows(self._request.protocol)),
            )
            journal = Journal.create(path, header)
            reason = "start"
        else:
            rundir.check_conditions(found[1], environment, model.lock_text, model.card_text)
            journal = Journal.reopen(path)
            reason = "resume"
        number = len(found[1].entries) if found else 0
        journal.session(Session(reason=reason, started_at=utc_now(), first_window=number))
        return journal

    def _run(
        self,
        journal: Journal,
        folder: Path,
        found: tuple[Path, Run] | None,
        worker: AdapterProcess,
    ) -> None:
        planned = windows(self._request.protocol)
        run = found[1] if found else None
        pending = pending_windows(planned, run)
        self._listener.begin(self._model.name, len(planned) - len(pending), len(planned))
        runner = Runner(
            protocol=self._request.protocol,
            rows=self._rows(),
            device=self._device,
            journal=journal,
            start=lambda: self._load_again(folder),
            audio_dir=folder / "audio",
            report=self._listener.window,
        )
        runner.run(pending, worker, len(run.entries) if run else 0)

    def _record_obstacle(
        self, journal: Journal, found: tuple[Path, Run] | None, obstacle: WorkerError | None
    ) -> None:
        """Give every window left the status of a model that could not be loaded."""
        error = obstacle or WorkerError("error", "did not load")
        run = found[1] if found else None
        rows = self._rows()
        pending = pending_windows(windows(self._request.protocol), run)
        for number, planned in enumerate(pending, start=len(run.entries) if run else 0):
            row = rows.unmeasured(
                number, planned, STATUS_OF_KIND[error.kind], f"the model did not load: {error}",
                started_at=utc_now(), warmup=False,
            )  # fmt: skip
            journal.window(WindowEntry(row=row))

    def _rows(self) -> RowMaker:
        return RowMaker(
            self._request.protocol,
            self._model.card,
            on_gpu=self._device.gpu is not None,
            refresh_period_s=self._device.refresh_period_s,
        )
