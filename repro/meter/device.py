"""What is measured on: a GPU, the CPU, or a simulated GPU, with the meter that fits it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from repro.errors import MeterError
from repro.meter.counter import EnergyCounter, UnalignedCounter
from repro.meter.disturbances import Processes
from repro.meter.idle import measure_idle
from repro.meter.nvml import NvmlGpu, open_gpu
from repro.meter.simulated import SimulatedLoad, SimulatedNvml, read_settings
from repro.meter.ticks import Ticks, probe
from repro.meter.trace import PowerTrace
from repro.meter.tracker import CodeCarbon, CodeCarbonPerWindow
from repro.meter.window import Meter

if TYPE_CHECKING:
    from collections.abc import Mapping

    from repro.meter.instrument import Sensor
    from repro.records import IdleBaseline

SIMULATED = "simulated"
Tracker = Literal["process", "window"]
TRACKERS: dict[Tracker, type[CodeCarbon]] = {
    "process": CodeCarbon,
    "window": CodeCarbonPerWindow,
}


class Device:
    """A device that is ready to be measured on.

    ``gpu`` is None on the CPU. ``compute`` is what the worker is told to compute on;
    ``worker_environment`` shows it the measured GPU and no other. ``overrides`` are the failing
    checks that it is measured in spite of.
    """

    def __init__(
        self, name: str, gpu: NvmlGpu | None, meter: Meter, unaligned: Meter | None = None
    ) -> None:
        self.name = name
        self.gpu = gpu
        self.meter = meter
        self._unaligned = unaligned or meter
        real = gpu is not None and not gpu.simulated
        self.compute = "cuda:0" if real else "cpu"
        self.worker_environment = worker_environment(gpu)
        self.overrides: tuple[str, ...] = ()

    def meter_for(self, *, aligned: bool) -> Meter:
        """Return the meter of windows that wait for refreshes of the counter, or do not.

        Without an instrument that tells the idle power all wait.
        """
        return self.meter if aligned else self._unaligned

    @property
    def refresh_period_s(self) -> float | None:
        """How often the energy counter changes; None without one."""
        periods = (item.refresh_period_s for item in self.meter.describe())
        return next((period for period in periods if period is not None), None)

    def idle_baseline(self, seconds: float | None) -> IdleBaseline | None:
        """Measure the idle GPU for so long; None where that is not asked for or there is none.

        Raises:
            MeterError: the energy counter cannot be read or did not rise.

        """
        if self.gpu is None or seconds is None:
            return None
        return measure_idle(self.gpu, seconds)

    def check_identity(self, computed_on: str | None) -> None:
        """Raise unless torch computes on the GPU that is measured.

        On the CPU, as beside a simulated GPU, there is none that it could compute on.

        Raises:
            MeterError: the two are not the same GPU, or one of them is unknown.

        """
        if self.gpu is None or (self.gpu.simulated and computed_on is None):
            return
        measured = self.gpu.uuid.removeprefix("GPU-")
        if (computed_on or "").removeprefix("GPU-") != measured:
            raise MeterError(
                f"device {self.name}: expected the model on the measured GPU {self.gpu.index}, "
                "found it on another; unset CUDA_VISIBLE_DEVICES or name one GPU in it"
            )


def worker_environment(gpu: NvmlGpu | None) -> Mapping[str, str]:
    """Return the variables of a worker that is to compute on this GPU, or on none."""
    real = gpu is not None and not gpu.simulated
    return {
        "CUDA_DEVICE_ORDER": "PCI_BUS_ID",
        "CUDA_VISIBLE_DEVICES": gpu.uuid if gpu is not None and real else "",
        "HF_HUB_OFFLINE": "1",  # no network inside a window
        "TOKENIZERS_PARALLELISM": "false",
    }


def open_named_gpu(name: str) -> NvmlGpu | None:
    """Open the GPU of ``cuda:N`` or ``simulated[:FILE]`` to be asked; None for ``cpu``.

    Raises:
        MeterError: NVML has no GPU to offer.
        UsageError: there is no such device.

    """
    if name == "cpu":
        return None
    nvml = _simulated(name)
    return open_gpu(name) if nvml is None else NvmlGpu(nvml, 0, simulated=True)


def open_device(name: str, tracker: Tracker = "process") -> Device:
    """Open ``cpu``, ``cuda:N`` or ``simulated[:FILE]`` and prove that it can be measured.

    ``tracker`` says what CodeCarbon has one tracker for: the process, or each window.

    Raises:
        MeterError: there is nothing trustworthy to measure with.
        UsageError: there is no such device.

    """
    if name == "cpu":
        return Device(name, None, Meter((TRACKERS[tracker](None),)))
    nvml = _simulated(name)
    if nvml is not None:
        return simulated_device(nvml, name, tracker)
    gpu = open_gpu(name)
    gpu.refuse()
    return Device(name, gpu, *_meters(gpu, TRACKERS[tracker](gpu.index)))


def simulated_device(
    nvml: SimulatedNvml, name: str = SIMULATED, tracker: Tracker = "process"
) -> Device:
    """Return a simulated GPU as a device, read by the same instruments as a real one."""
    gpu = NvmlGpu(nvml, 0, simulated=True)
    gpu.refuse()
    codecarbon = TRACKERS[tracker](gpu.index, nvml)
    return Device(name, gpu, *_meters(gpu, codecarbon, SimulatedLoad(nvml)))


def _simulated(name: str) -> SimulatedNvml | None:
    kind, _, file = name.partition(":")
    if kind != SIMULATED:
        return None
    return SimulatedNvml(read_settings(Path(file) if file else None))


def _meters(gpu: NvmlGpu, *inner: Sensor) -> tuple[Meter, ...]:
    """Return the meters with and without alignment; the trace is outermost, as it ends last.

    A GPU that tells no instantaneous power has no trace, and the list of instruments says so; its
    windows are all aligned, since only that tells its idle power.
    """
    ticks, processes = Ticks(gpu), Processes(gpu)
    refresh = probe(ticks)
    aligned = EnergyCounter(gpu, refresh, ticks)
    if gpu.instant_power_mw() is None:
        return (Meter((aligned, processes, *inner)),)
    trace, unaligned = PowerTrace(gpu), UnalignedCounter(gpu, refresh, ticks)
    return (
        Meter((trace, aligned, processes, *inner)),
        Meter((trace, unaligned, processes, *inner)),
    )
