"""What NVML says of a GPU's condition; None wherever this GPU or this container does not tell."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from repro.meter.nvml import NvmlGpu

# Numbers of NVIDIA's nvml.h.
_TEMPERATURE_SLOWDOWN = 1
_MODES = {0: "none", 1: "passthrough", 2: "vgpu", 3: "host of vgpu", 4: "host of vsga"}
_REASONS = {
    0x2: "clocks set by an application",
    0x4: "software power cap",
    0x8: "hardware slowdown",
    0x10: "sync boost",
    0x20: "software thermal slowdown",
    0x40: "hardware thermal slowdown",
    0x80: "hardware power brake",
    0x100: "clocks of the display",
}

SAMPLES, SAMPLE_PERIOD_S = 10, 0.1


@dataclass(frozen=True, slots=True)
class IdleSamples:
    """Power in watts and utilisation in per cent, sampled while nothing should run."""

    power_w: tuple[float, ...]
    utilisation: tuple[int, ...]


class GpuCondition:
    """Questions to one GPU."""

    def __init__(self, gpu: NvmlGpu) -> None:
        self._api = gpu.api
        self._handle = gpu.api.nvmlDeviceGetHandleByIndex(gpu.index)

    def driver(self) -> str | None:
        """Return the version of the driver."""
        return _text(self._ask("nvmlSystemGetDriverVersion", on_device=False))

    def mig(self) -> bool | None:
        """Return whether the GPU is partitioned; one that cannot be answers None."""
        modes = self._ask("nvmlDeviceGetMigMode")
        return None if modes is None else bool(modes[0])

    def virtualisation(self) -> str | None:
        """Return how the GPU is shared between machines: none, passthrough, vgpu or a host."""
        mode = self._ask("nvmlDeviceGetVirtualizationMode")
        return None if mode is None else _MODES.get(int(mode), f"mode {mode}")

    def compute_processes(self) -> tuple[int, ...] | None:
        """Return the process ids that compute, as the host counts them."""
        return _pids(self._ask("nvmlDeviceGetComputeRunningProcesses"))

    def graphics_processes(self) -> tuple[int, ...] | None:
        """Return the process ids that draw."""
        return _pids(self._ask("nvmlDeviceGetGraphicsRunningProcesses"))

    def memory_bytes(self) -> tuple[int, int] | None:
        """Return memory in use and memory in all; what the driver keeps for itself counts."""
        memory = self._ask("nvmlDeviceGetMemoryInfo")
        return None if memory is None else (int(memory.used), int(memory.total))

    def temperature_c(self) -> int | None:
        """Return the temperature of the chip."""
        celsius = self._ask("nvmlDeviceGetTemperature", self._api.NVML_TEMPERATURE_GPU)
        return None if celsius is None else int(celsius)

    def slowdown_c(self) -> int | None:
        """Return the temperature from which the chip slows itself down."""
        celsius = self._ask("nvmlDeviceGetTemperatureThreshold", _TEMPERATURE_SLOWDOWN)
        return None if celsius is None else int(celsius)

    def slowed_by(self) -> tuple[str, ...] | None:
        """Return what holds the clocks down now, besides having nothing to do."""
        for function in (
            "nvmlDeviceGetCurrentClocksEventReasons",
            "nvmlDeviceGetCurrentClocksThrottleReasons",  # its name before driver 535
        ):
            bits = self._ask(function)
            if bits is not None:
                return tuple(name for bit, name in _REASONS.items() if int(bits) & bit)
        return None

    def persistence(self) -> bool | None:
        """Return whether the driver stays loaded while nobody uses the GPU."""
        mode = self._ask("nvmlDeviceGetPersistenceMode")
        return None if mode is None else bool(mode)

    def power_limits_w(self) -> tuple[float, float | None] | None:
        """Return the limit in force and the one the board came with."""
        enforced = self._ask("nvmlDeviceGetEnforcedPowerLimit")
        default = self._ask("nvmlDeviceGetPowerManagementDefaultLimit")
        if enforced is None:
            return None
        return enforced / 1000, None if default is None else default / 1000

    def index_of(self, uuid: str) -> int | None:
        """Return the index of the GPU that has this UUID."""
        handle = self._ask("nvmlDeviceGetHandleByUUID", uuid, on_device=False)
        if handle is None:
            return None
        try:
            return int(self._api.nvmlDeviceGetIndex(handle))
        except self._api.NVMLError:
            return None

    def watch(self, sleep: Callable[[float], None] = time.sleep) -> IdleSamples:
        """Sample power and utilisation for a second; what is not told is left out."""
        powers, utilisations = [], []
        for _ in range(SAMPLES):
            power_mw = self._ask("nvmlDeviceGetPowerUsage")
            rates = self._ask("nvmlDeviceGetUtilizationRates")
            powers += [] if power_mw is None else [power_mw / 1000]
            utilisations += [] if rates is None else [int(rates.gpu)]
            sleep(SAMPLE_PERIOD_S)
        return IdleSamples(tuple(powers), tuple(utilisations))

    def _ask(self, function: str, *arguments: Any, on_device: bool = True) -> Any:
        """Ask NVML; None where the GPU, the driver or the binding does not know the question."""
        known = getattr(self._api, function, None)
        if known is None:
            return None
        try:
            return known(*((self._handle,) if on_device else ()), *arguments)
        except self._api.NVMLError:
            return None


def _pids(processes: Any) -> tuple[int, ...] | None:
    return None if processes is None else tuple(int(one.pid) for one in processes)


def _text(value: Any) -> str | None:
    if value is None:
        return None
    return value.decode() if isinstance(value, bytes) else str(value)
