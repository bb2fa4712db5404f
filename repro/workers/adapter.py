"""The harness side of the process boundary: a model's adapter, driven in its own process."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import Field, ValidationError

from repro.errors import WorkerError
from repro.records import Record, complaint
from repro.resources import data_root
from repro.workers.process import WorkerProcess

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from repro.catalog import Model

DESCRIBE_TIMEOUT_S = 300.0
LOAD_TIMEOUT_S = 3600.0
REPLY_TIMEOUT_S = 300.0

Form = TypeVar("Form", bound=Record)


class Described(Record):
    """What an adapter answers to ``describe``."""

    libraries: dict[str, str]
    parameters: dict[str, int]
    sample_rate_hz: int = Field(gt=0)
    channels: int = Field(gt=0)


class Loaded(Record):
    """What an adapter answers to ``load``."""

    dtype: str
    attention: str | None
    device: str
    weights: str
    weights_sha256: str | None = None
    duration_mode: str | None = None
    parameters: dict[str, int] | None = None
    latent_shape: tuple[int, ...] | None = None
    gpu_uuid: str | None = None


class Generated(Record):
    """What one generation call made. ``seconds`` is per clip; shapes are the latent's."""

    clips: int
    seconds: float
    sample_rate_hz: int
    channels: int
    latent_shape: tuple[int, ...] | None
    denoiser_calls: int


class Replayed(Record):
    """How often the work of one stage was done, and the denoiser's calls in each."""

    replays: int
    denoiser_calls: int


def read_answer(op: str, form: type[Form], value: Any) -> Form:
    """Return what an adapter answered to a request.

    Raises:
        WorkerError: a value is missing, unknown, or not what it should be.

    """
    try:
        return form.model_validate(value)
    except ValidationError as error:
        raise WorkerError("error", f"answer to {op}: {complaint(error)}") from error


class AdapterProcess(WorkerProcess):
    """The worker of one model.

    Args:
        model: whose adapter to drive.
        log: file that takes everything the worker prints.
        environment: variables set for the worker beside the inherited ones.

    """

    def __init__(self, model: Model, log: Path, environment: Mapping[str, str]) -> None:
        self.model = model
        search_path = (model.folder, model.folder.parent, data_root() / "models")
        interpreter = model.interpreter or sys.executable
        super().__init__(interpreter, model.adapter, search_path, log, environment)

    def describe(self, size: str) -> dict[str, Any]:
        """Return libraries, parameters by component, sample rate and channels, without loading."""
        value = self.ask("describe", DESCRIBE_TIMEOUT_S, size=size)
        return read_answer("describe", Described, value).model_dump()

    def refuse(self, **setting: Any) -> str | None:
        """Return why this setting cannot be measured, or None."""
        reason: str | None = self.ask("refuse", REPLY_TIMEOUT_S, **setting)
        return reason

    def load(self, **args: Any) -> dict[str, Any]:
        """Load the model onto its device and return what the adapter says of it."""
        value = self.ask("load", LOAD_TIMEOUT_S, **args)
        return read_answer("load", Loaded, value).model_dump(exclude_unset=True)

    def synchronise(self) -> None:
        """Return when the device has nothing left to do."""
        self.ask("synchronise", REPLY_TIMEOUT_S)

    def gpu_uuid(self) -> str | None:
        """Return the UUID of the GPU that torch computes on, or None where it has none."""
        uuid: str | None = self.ask("gpu_uuid", REPLY_TIMEOUT_S)
        return uuid

    def generate(self, *, timeout_s: float, **args: Any) -> dict[str, Any]:
        """Generate once; the reply is there when the device is done. Nothing is parsed here."""
        value: dict[str, Any] = self.ask("generate", timeout_s, **args)
        return value

    def stages(self) -> tuple[str, ...]:
        """Return the stages of a generation that the adapter names; of a loaded model."""
        return tuple(self.ask("stages", REPLY_TIMEOUT_S))

    def record(self, *, timeout_s: float, **args: Any) -> None:
        """Generate once, keeping what each stage was called with."""
        self.ask("record", timeout_s, **args)

    def replay(self, stage: str, least_s: float, *, timeout_s: float) -> dict[str, Any]:
        """Do the recorded work of one stage until ``least_s`` have passed; nothing is parsed."""
        value: dict[str, Any] = self.ask("replay", timeout_s, stage=stage, least_s=least_s)
        return value

    def save(self, paths: list[str]) -> None:
        """Write the clips generated last."""
        self.ask("save", REPLY_TIMEOUT_S, paths=paths)
