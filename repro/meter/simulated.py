"""A GPU that is not there: NVML's functions answered from a model of its power.

Serves tests and demonstrations. Whatever is measured with it is of class ``demonstration``.
"""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from repro.meter.instrument import Found
from repro.meter.simulated_board import SimulatedBoard, SimulatedGpuSettings, read_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from repro.energy.alignment import Span
    from repro.records import Instrument

__all__ = ["NVMLError", "SimulatedGpuSettings", "SimulatedLoad", "SimulatedNvml", "read_settings"]

# Numbers of NVIDIA's nvml.h.
POWER_INSTANT = 186
CLOCK_SM, CLOCK_MEMORY = 1, 2
REASON_GPU_IDLE, REASON_SW_THERMAL_SLOWDOWN = 0x1, 0x20
SUCCESS, NOT_SUPPORTED = 0, 3

COUNTED_BEFORE_MJ = 1_000_000
WORKER_PID, FIRST_FOREIGN_PID = 1000, 2000
PROCESS_BYTES = 1 << 30
MEMORY_BYTES = 48 << 30


class NVMLError(Exception):
    """What NVML raises."""


class NotSupportedError(NVMLError):
    """What NVML raises where a GPU does not answer a question."""


class SimulatedNvml:
    """Answers the calls that CodeCarbon and this project make of ``pynvml``.

    A handle is an index. ``clock`` is in seconds; ``sleep`` passes the latency of a call.
    """

    NVMLError = NVMLError
    NVMLError_NotSupported = NotSupportedError
    NVML_TEMPERATURE_GPU = 0

    def __init__(
        self,
        settings: SimulatedGpuSettings,
        clock: Callable[[], float] = time.perf_counter,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.settings = settings
        self.board = SimulatedBoard(settings, clock)
        self._clock = clock
        self._sleep = sleep

    def set_busy(self, busy: bool) -> None:
        """Change the power the measured GPU draws from now on."""
        self.board.set_busy(busy)

    def true_energy_j(self, at: float) -> float:
        """Return the energy the measured GPU really drew up to a time, in joules."""
        return self.board.true_energy_j(at)

    def nvmlDeviceGetTotalEnergyConsumption(self, handle: int) -> int:  # noqa: N802
        """Return the counter in mJ, as it stood at its last refresh."""
        self._call()
        begun, settings = self.board.begun_at, self.settings
        elapsed = self._clock() - begun
        if settings.fault == "zero":
            return 0
        if settings.fault == "stuck":
            elapsed = 0.0
        refreshed = elapsed // settings.refresh_period_s * settings.refresh_period_s
        if handle:
            return COUNTED_BEFORE_MJ + int(refreshed * settings.other_power_w * 1000)
        energy_j = self.board.true_energy_j(begun + refreshed)
        return COUNTED_BEFORE_MJ + int(energy_j * settings.gain * 1000)

    def nvmlDeviceGetPowerUsage(self, handle: int) -> int:  # noqa: N802
        """Return the power drawn now, in mW."""
        self._call()
        return self._power_mw(handle)

    def nvmlDeviceGetFieldValues(  # noqa: N802
        self, handle: int, fields: Sequence[int]
    ) -> list[SimpleNamespace]:
        """Return instantaneous power in mW where it is asked for; no other field is known."""
        self._call()
        return [
            SimpleNamespace(
                fieldId=field,
                nvmlReturn=SUCCESS if field == POWER_INSTANT else NOT_SUPPORTED,
                value=SimpleNamespace(uiVal=self._power_mw(handle)),
            )
            for field in fields
        ]

    def nvmlDeviceGetClockInfo(self, handle: int, kind: int) -> int:  # noqa: N802
        """Return the clock of the multiprocessors or of the memory, in MHz."""
        self._call()
        settings, now = self.settings, self.board.stretch(self._clock())
        if handle or not now.busy:
            return settings.idle_clock_mhz
        if kind == CLOCK_MEMORY:
            return settings.memory_clock_mhz
        share = settings.throttled_share if now.throttled else 1.0
        return round(settings.sm_clock_mhz * share)

    def nvmlDeviceGetCurrentClocksEventReasons(self, handle: int) -> int:  # noqa: N802
        """Return why the clock is what it is, as bits."""
        self._call()
        now = self.board.stretch(self._clock())
        if handle or not now.busy:
            return REASON_GPU_IDLE
        return REASON_SW_THERMAL_SLOWDOWN if now.throttled else 0

    def nvmlDeviceGetTemperature(self, handle: int, _: int) -> int:  # noqa: N802
        """Return the temperature of the chip in degrees Celsius."""
        self._call()
        busy = not handle and self.board.stretch(self._clock()).busy
        return self.settings.busy_temperature_c if busy else self.settings.idle_temperature_c

    def nvmlDeviceGetUtilizationRates(self, handle: int) -> SimpleNamespace:  # noqa: N802
        """Return the share of time a kernel ran, in per cent."""
        self._call()
        working = self.board.stretch(self._clock()).busy or self.settings.foreign_processes
        return SimpleNamespace(gpu=100 if working and not handle else 0, memory=0)

    def nvmlDeviceGetComputeRunningProcesses(self, handle: int) -> list[SimpleNamespace]:  # noqa: N802
        """Return who computes: the worker once it has begun, and whoever else was set."""
        self._call()
        first = FIRST_FOREIGN_PID
        pids = list(range(first, first + self.settings.foreign_processes))
        if self.board.windows:
            pids.insert(0, WORKER_PID)
        return [
            SimpleNamespace(pid=pid, usedGpuMemory=PROCESS_BYTES) for pid in pids * (not handle)
        ]

    def nvmlDeviceGetMemoryInfo(  # noqa: N802
        self, handle: int, version: int | None = None
    ) -> SimpleNamespace:
        """Return the memory in bytes; this board reserves none, so each version says the same."""
        del version
        used = 0 if handle else self.settings.foreign_processes * PROCESS_BYTES
        return SimpleNamespace(total=MEMORY_BYTES, used=used, free=MEMORY_BYTES - used)

    def _power_mw(self, handle: int) -> int:
        """Return what the power sensor of a GPU took at its last reading."""
        if handle:
            return int(self.settings.other_power_w * 1000)
        period_s, begun_at = self.settings.sensor_period_s, self.board.begun_at
        taken_at = begun_at + (self._clock() - begun_at) // period_s * period_s
        return int(self.board.stretch(taken_at).power_w * 1000)

    def _call(self) -> None:
        if self.board.lost:
            raise NVMLError("GPU is lost")
        if self.settings.latency_s:
            self._sleep(self.settings.latency_s)

    def __getattr__(self, name: str) -> Any:
        """Answer what does not change; anything else is not supported, as on a real GPU."""
        if not name.startswith("nvml"):
            raise AttributeError(name)
        answers: dict[str, Any] = {
            "nvmlInit": None,
            "nvmlShutdown": None,
            "nvmlDeviceGetCount": self.settings.gpus,
            "nvmlDeviceGetName": self.settings.name,
            "nvmlDeviceGetEnforcedPowerLimit": int(self.settings.power_limit_w * 1000),
            "nvmlDeviceGetPowerManagementDefaultLimit": int(self.settings.power_limit_w * 1000),
            "nvmlDeviceGetPersistenceMode": 1,
            "nvmlDeviceGetVirtualizationMode": 2 if self.settings.vgpu else 0,
            "nvmlDeviceGetTemperatureThreshold": 95,
            "nvmlDeviceGetComputeMode": 0,
            "nvmlDeviceGetGraphicsRunningProcesses": [],
            "nvmlDeviceGetMigMode": (int(self.settings.mig), int(self.settings.mig)),
            "nvmlSystemGetDriverVersion": "simulated",
            "nvmlSystemGetCudaDriverVersion": 12040,
        }
        if name == "nvmlDeviceGetHandleByIndex":
            return lambda index: index
        if name == "nvmlDeviceGetUUID":
            return lambda handle: f"GPU-00000000-0000-0000-0000-{handle:012d}"
        if name not in answers:
            return _unsupported
        return lambda *_: answers[name]


class SimulatedLoad:
    """Keeps the simulated GPU busy while a window is open. Reads nothing."""

    prompt = True

    def __init__(self, nvml: SimulatedNvml) -> None:
        self._nvml = nvml

    def describe(self) -> tuple[Instrument, ...]:
        """Return nothing: this is no instrument."""
        return ()

    def open(self, since: float) -> None:  # noqa: ARG002 - the time does not matter here
        """Begin to draw the power of a busy GPU."""
        self._nvml.set_busy(True)

    def close(self, work: Span) -> Found:  # noqa: ARG002 - as above
        """Fall back to idle power."""
        self._nvml.set_busy(False)
        return Found()


def _unsupported(*_: object) -> None:
    raise NotSupportedError("not supported")
