"""A GPU that is not there: NVML's functions answered from a model of its power.

Serves tests and demonstrations. Whatever is measured with it is of class ``demonstration``.
"""

from __future__ import annotations

import random
import time
import tomllib
from collections import deque
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, ValidationError

from repro.errors import UsageError
from repro.records import Record

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from repro.records import Instrument, Reading


class SimulatedGpuSettings(Record):
    """What the simulated GPU is like. A file of ``--device simulated:FILE`` holds these names.

    ``gain`` is what the counter shows of the true energy; ``fault`` how it fails: ``zero``
    shows nothing at all, ``stuck`` stands still, ``lost`` raises in the window after
    ``lost_after_windows`` whole ones.
    """

    name: str = "Simulated GPU"
    gpus: int = Field(default=1, ge=1)
    refresh_period_s: float = Field(default=0.02, gt=0)
    latency_s: float = Field(default=0.0, ge=0)
    idle_power_w: float = Field(default=60.0, gt=0)
    busy_power_w: float = Field(default=250.0, gt=0)
    noise_w: float = Field(default=0.0, ge=0)
    gain: float = Field(default=1.0, gt=0)
    fault: Literal["none", "zero", "stuck", "lost"] = "none"
    lost_after_windows: int = Field(default=0, ge=0)
    mig: bool = False
    power_limit_w: float = 300.0
    seed: int = 0


class NVMLError(Exception):
    """What NVML raises."""


class SimulatedNvml:
    """Answers the calls that CodeCarbon and this project make of ``pynvml``.

    ``clock`` is in seconds; ``sleep`` passes the latency of a call.
    """

    NVMLError = NVMLError
    NVMLError_NotSupported = NVMLError
    NVML_TEMPERATURE_GPU = 0

    def __init__(
        self,
        settings: SimulatedGpuSettings,
        clock: Callable[[], float] = time.perf_counter,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.settings = settings
        self._clock = clock
        self._sleep = sleep
        self._begun = clock()
        self._windows = 0
        self._random = random.Random(settings.seed)  # noqa: S311 - noise, not a secret
        # Stretches of constant power: (begin, true energy in J up to there, power in W).
        self._stretches = deque([(self._begun, 0.0, settings.idle_power_w)], maxlen=256)

    def set_busy(self, busy: bool) -> None:
        """Change the power the GPU draws from now on."""
        now = self._clock()
        power_w = self.settings.idle_power_w
        if busy:
            self._windows += 1
            power_w = self.settings.busy_power_w + self._random.gauss(0, self.settings.noise_w)
        self._stretches.append((now, self.true_energy_j(now), power_w))

    def true_energy_j(self, at: float) -> float:
        """Return the energy really drawn up to a time, in joules."""
        begin, energy_j, power_w = next(
            (stretch for stretch in reversed(self._stretches) if stretch[0] <= at),
            self._stretches[0],
        )
        return energy_j + power_w * (at - begin)

    def nvmlDeviceGetTotalEnergyConsumption(self, handle: int) -> int:  # noqa: N802
        """Return the counter in mJ, as it stood at its last refresh."""
        self._call()
        now, settings = self._clock(), self.settings
        if settings.fault == "lost" and self._windows > settings.lost_after_windows:
            raise NVMLError("GPU is lost")
        if settings.fault == "zero" or handle:
            return 0
        elapsed = 0.0 if settings.fault == "stuck" else now - self._begun
        refreshed = self._begun + elapsed // settings.refresh_period_s * settings.refresh_period_s
        return 1_000_000 + int(self.true_energy_j(refreshed) * settings.gain * 1000)

    def nvmlDeviceGetPowerUsage(self, handle: int) -> int:  # noqa: N802
        """Return the power drawn now, in mW."""
        self._call()
        power_w = self.settings.idle_power_w if handle else self._stretches[-1][2]
        return int(power_w * 1000)

    def _call(self) -> None:
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
            "nvmlDeviceGetMemoryInfo": SimpleNamespace(total=48 << 30, used=0, free=48 << 30),
            "nvmlDeviceGetTemperature": 40,
            "nvmlDeviceGetEnforcedPowerLimit": int(self.settings.power_limit_w * 1000),
            "nvmlDeviceGetUtilizationRates": SimpleNamespace(gpu=0, memory=0),
            "nvmlDeviceGetComputeMode": 0,
            "nvmlDeviceGetComputeRunningProcesses": [],
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

    def __init__(self, nvml: SimulatedNvml) -> None:
        self._nvml = nvml

    def describe(self) -> tuple[Instrument, ...]:
        """Return nothing: this is no instrument."""
        return ()

    def open(self, since: float) -> None:  # noqa: ARG002 - the time does not matter here
        """Begin to draw the power of a busy GPU."""
        self._nvml.set_busy(True)

    def close(self) -> tuple[Reading, ...]:
        """Fall back to idle power."""
        self._nvml.set_busy(False)
        return ()


def read_settings(path: Path | None) -> SimulatedGpuSettings:
    """Read the settings of a simulated GPU from a TOML file, or return the default ones.

    Raises:
        UsageError: the file cannot be read or holds an unknown setting.

    """
    if path is None:
        return SimulatedGpuSettings()
    try:
        return SimulatedGpuSettings.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, tomllib.TOMLDecodeError, ValidationError) as error:
        raise UsageError(f"device: cannot read the simulated GPU of {path}: {error}") from error


def _unsupported(*_: object) -> None:
    raise NVMLError("not supported")
