"""What NVML says of a GPU's condition; None wherever this GPU or this container does not tell."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

# Numbers of NVIDIA's nvml.h.
_TEMPERATURE_SLOWDOWN = 1
_CLOCK_SM, _CLOCK_MEMORY = 1, 2
_MEMORY_V2 = 0x02000028
_MODES = {0: "none", 1: "passthrough", 2: "vgpu", 3: "host of vgpu", 4: "host of vsga"}
#: Modes in which the GPU is one machine's alone.
WHOLE = ("none", "passthrough")
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

#: No chip that computes slows down below it.
LEAST_SLOWDOWN_C = 70

SAMPLES, SAMPLE_PERIOD_S = 10, 0.1


@dataclass(frozen=True, slots=True)
class IdleSamples:
    """Power in watts and utilisation in per cent, sampled while nothing should run."""

    power_w: tuple[float, ...]
    utilisation: tuple[int, ...]


class GpuCondition:
    """Questions to one GPU by its handle; ``api`` is the module ``pynvml`` or a stand-in."""

    def __init__(self, api: Any, handle: Any) -> None:
        self._api = api
        self._handle = handle

    def driver(self) -> str | None:
        """Return the version of the driver."""
        return _text(self._ask("nvmlSystemGetDriverVersion", on_device=False))

    def mig(self) -> bool | None:
        """Return whether the GPU is partitioned; one that cannot be answers None."""
        modes = self._ask("nvmlDeviceGetMigMode")
        return None if modes is None else bool(modes[0])

    def shared(self) -> str | None:
        """Return how the GPU is divided, so that its counter is not of one user alone, or None."""
        if self.mig():
            return "in MIG mode"
        mode = self.virtualisation()
        return None if mode in (None, *WHOLE) else f"in virtualisation mode {mode}"

    def virtualisation(self) -> str | None:
        """Return how the GPU is shared between machines: none, passthrough, vgpu or a host."""
        mode = self._ask("nvmlDeviceGetVirtualizationMode")
        return None if mode is None else _MODES.get(int(mode), f"mode {mode}")

    def compute_processes(self) -> tuple[int, ...] | None:
        """Return the process ids that compute, as the host counts them.

        In a container they are listed without names, or not at all.
        """
        return _pids(self._ask("nvmlDeviceGetComputeRunningProcesses"))

    def graphics_processes(self) -> tuple[int, ...] | None:
        """Return the process ids that draw."""
        return _pids(self._ask("nvmlDeviceGetGraphicsRunningProcesses"))

    def memory_bytes(self) -> tuple[int, int] | None:
        """Return memory in use and memory in all.

        What the driver reserves for itself, some 600 MiB of a large GPU, counts only before driver
        510, which does not tell it apart.
        """
        memory = self._ask("nvmlDeviceGetMemoryInfo", _MEMORY_V2)
        if memory is None:
            memory = self._ask("nvmlDeviceGetMemoryInfo")
        return None if memory is None else (int(memory.used), int(memory.total))

    def temperature_c(self) -> int | None:
        """Return the temperature of the chip."""
        return _whole(self._ask("nvmlDeviceGetTemperature", self._api.NVML_TEMPERATURE_GPU))

    def sm_clock_mhz(self) -> int | None:
        """Return the clock of the multiprocessors."""
        return _whole(self._ask("nvmlDeviceGetClockInfo", _CLOCK_SM))

    def memory_clock_mhz(self) -> int | None:
        """Return the clock of the memory."""
        return _whole(self._ask("nvmlDeviceGetClockInfo", _CLOCK_MEMORY))

    def slowdown_c(self) -> int | None:
        """Return the temperature from which the chip slows itself down.

        From Ada on NVML tells the distance to it instead; what it answers here is then no
        temperature of a chip at work, if anything.
        """
        celsius = self._ask("nvmlDeviceGetTemperatureThreshold", _TEMPERATURE_SLOWDOWN)
        return int(celsius) if celsius is not None and celsius >= LEAST_SLOWDOWN_C else None

    def event_reasons(self) -> int | None:
        """Return NVML's bits for why the clocks are what they are."""
        bits = self._ask("nvmlDeviceGetCurrentClocksEventReasons")
        if bits is None:  # its name before driver 535
            bits = self._ask("nvmlDeviceGetCurrentClocksThrottleReasons")
        return _whole(bits)

    def slowed_by(self) -> tuple[str, ...] | None:
        """Return what holds the clocks down now, besides having nothing to do."""
        bits = self.event_reasons()
        return None if bits is None else tuple(name for bit, name in _REASONS.items() if bits & bit)

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


def _whole(value: Any) -> int | None:
    return None if value is None else int(value)


def _text(value: Any) -> str | None:
    if value is None:
        return None
    return value.decode() if isinstance(value, bytes) else str(value)
