"""Starts a model's worker and loads the model in it, as often as a run needs one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from repro.environments import listing
from repro.protocol import parse_protocol, protocol_text
from repro.records import ModelFacts
from repro.request import public_name
from repro.workers.adapter import AdapterProcess

if TYPE_CHECKING:
    from pathlib import Path

    from repro.catalog import Model
    from repro.meter.device import Device
    from repro.request import Request


class Loader:
    """Makes loaded workers of one model for one request.

    ``facts`` is what the model last said of itself: until it is loaded what it would be, from
    then on what it is.
    """

    def __init__(self, model: Model, request: Request, device: Device, log: Path) -> None:
        self._model = model
        self._request = request
        self._device = device
        self._log = log
        self._said: dict[str, Any] = {}
        self._installed: tuple[str, ...] = ()

    def load(self) -> AdapterProcess:
        """Return a worker with the model loaded.

        Raises:
            WorkerError: it died, hung, ran out of memory, or said why it cannot load.
            MeterError: the model computes on another GPU than the one that is measured.

        """
        worker = self._start()
        try:
            self._said = self._said or worker.describe(self._request.size)
            if self._model.lock_text is None:
                self._installed = self._installed or worker.installed()
            loaded = worker.load(**self._arguments())
            self._device.check_identity(loaded.get("gpu_uuid"))
        except BaseException:
            worker.kill()
            raise
        self._said |= loaded
        return worker

    @property
    def described(self) -> bool:
        """Whether the model has said anything of itself yet."""
        return bool(self._said)

    @property
    def lock_text(self) -> str:
        """The lock of the model's environment, or what is installed in one that holds none."""
        lock = self._model.lock_text
        return listing(self._installed) if lock is None else lock

    @property
    def facts(self) -> ModelFacts:
        """The model's facts, by allow-list."""
        request = self._request
        asked = {
            "dtype": request.dtype,
            "attention": request.attention,
            "device": self._device.compute,
            "weights": request.weights,
        }
        facts = {**asked, **self._said, "flops": self._flops}
        facts["weights"] = public_name(facts["weights"])
        known = {name: facts[name] for name in ModelFacts.model_fields if name in facts}
        return ModelFacts.model_validate(known)

    @property
    def _flops(self) -> dict[str, int] | None:
        """Return the card's count where the clips are those that it was made for."""
        request = self._request
        papers = parse_protocol(protocol_text("paper")).generation
        asked = (request.size, request.duration_mode, request.protocol.generation)
        return (self._model.card.flops or None) if asked == ("full", "paper", papers) else None

    def _start(self) -> AdapterProcess:
        environment = dict(self._device.worker_environment)
        if self._request.size == "tiny":
            # Tiny kernels are shorter than it takes two threads to meet on a busy machine.
            environment["OMP_NUM_THREADS"] = "1"
        return AdapterProcess(self._model, self._log, environment)

    def _arguments(self) -> dict[str, Any]:
        request = self._request
        return {
            "size": request.size,
            "weights": request.weights,
            "device": self._device.compute,
            "dtype": request.dtype,
            "attention": request.attention,
            "audio_s": request.protocol.generation.audio_s,
            "duration_mode": request.duration_mode,
            "cache_dir": None,
            "seed": request.protocol.seed,
        }
