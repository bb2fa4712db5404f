"""One NVIDIA GPU as NVML sees it: identity, facts, energy counter.

``api`` is the module ``pynvml`` or anything that offers the same functions, such as
:class:`~repro.meter.simulated.SimulatedNvml`.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from repro.errors import MeterError, UsageError
from repro.meter.condition import GpuCondition
from repro.records import Gpu

if TYPE_CHECKING:
    from collections.abc import Callable

# Numbers of NVIDIA's nvml.h.
POWER_INSTANT = 186
SUCCESS = 0
TIMEOUT, UNKNOWN = 10, 999
#: Errors that pass: a GPU that is well answers with one now and then.
PASSING = frozenset((TIMEOUT, UNKNOWN))
ATTEMPTS = 3

Value = TypeVar("Value")


class MissedReadError(MeterError):
    """NVML did not answer this once; it may the next time."""


def attempt(read: Callable[[], Value]) -> Value:
    """Return what is read, and read anew where NVML did not answer this once.

    That is honest where a read bears the time at which it was made, which ``read`` must take.

    Raises:
        MeterError: the GPU does not answer any more.

    """
    for _ in range(ATTEMPTS - 1):
        with suppress(MissedReadError):
            return read()
    return read()


class NvmlGpu:
    """A handle to one GPU by its NVML index, which is physical and in PCI order.

    ``condition`` answers what state it is in.
    """

    def __init__(self, api: Any, index: int, *, simulated: bool = False) -> None:
        self.api = api
        self.index = index
        self.simulated = simulated
        try:
            api.nvmlInit()
            count = api.nvmlDeviceGetCount()
            if index >= count:
                raise UsageError(f"device: expected a GPU index below {count}, found {index}")
            self._handle = api.nvmlDeviceGetHandleByIndex(index)
            self.uuid = _text(api.nvmlDeviceGetUUID(self._handle))
            self.name = _text(api.nvmlDeviceGetName(self._handle))
            self.condition = GpuCondition(api, self._handle)
        except api.NVMLError as error:
            raise _unreadable(error) from error

    def energy_mj(self) -> int:
        """Return the total-energy counter in millijoules since the driver was loaded.

        Raises:
            MeterError: the counter cannot be read, or, as :class:`MissedReadError`, not this once.

        """
        try:
            return int(self.api.nvmlDeviceGetTotalEnergyConsumption(self._handle))
        except self.api.NVMLError as error:
            raise self._lost("energy counter", error) from error

    def instant_power_mw(self) -> int | None:
        """Return the power the sensor took last in mW, or None where it tells averages alone.

        Not ``nvmlDeviceGetPowerUsage``, which from Ampere on is the mean of the last second.

        Raises:
            MeterError: the GPU does not answer any more, or, as :class:`MissedReadError`, not
                this once.

        """
        try:
            (value,) = self.api.nvmlDeviceGetFieldValues(self._handle, [POWER_INSTANT])
        except self.api.NVMLError as error:
            raise self._lost("power", error) from error
        if value.nvmlReturn in PASSING:
            raise MissedReadError(
                f"nvml: the power of GPU {self.index} cannot be read (error {value.nvmlReturn})"
            )
        return int(value.value.uiVal) if value.nvmlReturn == SUCCESS else None

    def refuse(self) -> None:
        """Raise where the counter does not tell the energy of this GPU alone.

        Raises:
            MeterError: the GPU is divided (MIG, vGPU), or has no energy counter.

        """
        shared = self.condition.shared()
        if shared:
            raise MeterError(
                f"nvml: expected a whole GPU, found GPU {self.index} {shared}, for which no "
                "energy is counted per part; measure on a GPU of its own"
            )
        self.first_energy_mj()

    def first_energy_mj(self) -> int:
        """Return the counter, of which nothing is known yet, in millijoules.

        Raises:
            MeterError: there is none.

        """
        try:
            return self.energy_mj()
        except MeterError as error:
            raise MeterError(
                f"nvml: expected an energy counter, found none that GPU {self.index} lets read "
                f"({error.__cause__}); measure on one of the Volta generation or newer, no vGPU"
            ) from error

    def facts(self, salt: bytes) -> Gpu:
        """Return what is recorded of this GPU; its UUID only as a hash with ``salt``.

        Raises:
            MeterError: the driver's version, which a resumed run must share, cannot be read.

        """
        memory = self._optional("nvmlDeviceGetMemoryInfo", None)
        vbios = self._optional("nvmlDeviceGetVbiosVersion", None)
        return Gpu(
            name=self.name,
            identity=hashlib.sha256(salt + self.uuid.encode()).hexdigest()[:16],
            index=self.index,
            memory_bytes=None if memory is None else int(memory.total),
            driver=self._driver(),
            cuda_driver=self._cuda_driver(),
            vbios=None if vbios is None else _text(vbios),
            power_limit_w=_watts(self._optional("nvmlDeviceGetEnforcedPowerLimit", None)),
            persistence=_switch(self._optional("nvmlDeviceGetPersistenceMode", None)),
            ecc=_switch(self._optional("nvmlDeviceGetEccMode", (None, None))[0]),
            simulated=self.simulated,
        )

    def _driver(self) -> str:
        try:
            return _text(self.api.nvmlSystemGetDriverVersion())
        except self.api.NVMLError as error:
            raise MeterError(
                f"nvml: the version of the driver cannot be read ({error}); check that "
                "`nvidia-smi` runs here"
            ) from error

    def _cuda_driver(self) -> str | None:
        try:
            version = self.api.nvmlSystemGetCudaDriverVersion()
        except self.api.NVMLError:
            return None
        return f"{version // 1000}.{version % 1000 // 10}"

    def _lost(self, what: str, error: Exception) -> MeterError:
        return _kind(error)(
            f"nvml: the {what} of GPU {self.index} cannot be read ({error}); every finished window "
            "is kept: once `nvidia-smi` shows the GPU, the same command goes on"
        )

    def _optional(self, function: str, default: Any) -> Any:
        """Ask for what not every GPU answers."""
        try:
            return getattr(self.api, function)(self._handle)
        except self.api.NVMLError:
            return default


def open_gpu(device: str) -> NvmlGpu:
    """Open the GPU that CUDA calls ``cuda:N``, minding ``CUDA_VISIBLE_DEVICES``.

    Raises:
        MeterError: NVML has no GPU to offer.
        UsageError: the device is not among those CUDA may see.

    """
    match = re.fullmatch(r"cuda:(\d+)", device)
    if match is None:
        raise UsageError(f"device: expected cuda:N, cpu or simulated[:FILE], found {device!r}")
    # CUDA counts fastest-first unless told; NVML counts by PCI bus. The worker is told the same.
    api = importlib.import_module("pynvml")
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    return NvmlGpu(api, _physical_index(api, int(match[1]), visible))


def _physical_index(api: Any, wanted: int, visible: str | None) -> int:
    if visible is None:
        return wanted
    entries = [entry.strip() for entry in visible.split(",") if entry.strip()]
    if wanted >= len(entries):
        raise UsageError(
            f"device: expected an index below {len(entries)}, as CUDA_VISIBLE_DEVICES={visible!r} "
            f"allows, found cuda:{wanted}"
        )
    if entries[wanted].isdigit():
        return int(entries[wanted])
    try:
        api.nvmlInit()
        handles = map(api.nvmlDeviceGetHandleByIndex, range(api.nvmlDeviceGetCount()))
        uuids = [_text(api.nvmlDeviceGetUUID(handle)) for handle in handles]
    except api.NVMLError as error:
        raise _unreadable(error) from error
    for index, uuid in enumerate(uuids):
        if uuid.startswith(entries[wanted]):
            return index
    raise UsageError(f"device: CUDA_VISIBLE_DEVICES names {entries[wanted]!r}, which NVML lacks")


def _kind(error: Exception) -> type[MeterError]:
    return MissedReadError if getattr(error, "value", None) in PASSING else MeterError


def _unreadable(error: Exception) -> MeterError:
    return MeterError(
        f"nvml: no GPU can be read ({error}); check that `nvidia-smi` runs here, or "
        "choose --device cpu"
    )


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _watts(milliwatts: int | None) -> float | None:
    return None if milliwatts is None else milliwatts / 1000


def _switch(value: int | None) -> bool | None:
    return None if value is None else bool(value)
