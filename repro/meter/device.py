"""What is measured on: a GPU, the CPU, or a simulated GPU, with the meter that fits it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from repro.errors import MeterError
from repro.meter.counter import EnergyCounter, probe_refresh_s
from repro.meter.nvml import NvmlGpu, open_gpu
from repro.meter.simulated import SimulatedLoad, SimulatedNvml, read_settings
from repro.meter.tracker import CodeCarbon
from repro.meter.window import Meter

if TYPE_CHECKING:
    from collections.abc import Mapping

SIMULATED = "simulated"


class Device:
    """A device that is ready to be measured on.

    ``gpu`` is None on the CPU. ``compute`` is what the worker is told to compute on;
    ``worker_environment`` shows it the measured GPU and no other.
    """

    def __init__(self, name: str, gpu: NvmlGpu | None, meter: Meter) -> None:
        self.name = name
        self.gpu = gpu
        self.meter = meter
        real = gpu is not None and not gpu.simulated
        self.compute = "cuda:0" if real else "cpu"
        self.worker_environment: Mapping[str, str] = {
            "CUDA_DEVICE_ORDER": "PCI_BUS_ID",
            "CUDA_VISIBLE_DEVICES": gpu.uuid if gpu is not None and real else "",
            "HF_HUB_OFFLINE": "1",  # no network inside a window
            "TOKENIZERS_PARALLELISM": "false",
        }

    @property
    def refresh_period_s(self) -> float | None:
        """How often the energy counter changes; None without one."""
        periods = (item.refresh_period_s for item in self.meter.describe())
        return next((period for period in periods if period is not None), None)

    def check_identity(self, computed_on: str | None) -> None:
        """Raise unless torch computes on the GPU that is measured.

        Raises:
            MeterError: the two are not the same GPU, or one of them is unknown.

        """
        if self.compute == "cpu" or self.gpu is None:
            return
        measured = self.gpu.uuid.removeprefix("GPU-")
        if (computed_on or "").removeprefix("GPU-") != measured:
            raise MeterError(
                f"device {self.name}: expected the model on the measured GPU {self.gpu.index}, "
                "found it on another; unset CUDA_VISIBLE_DEVICES or name one GPU in it"
            )


def open_device(name: str) -> Device:
    """Open ``cpu``, ``cuda:N`` or ``simulated[:FILE]`` and prove that it can be measured.

    Raises:
        MeterError: there is nothing trustworthy to measure with.
        UsageError: there is no such device.

    """
    if name == "cpu":
        return Device(name, None, Meter((CodeCarbon(None),)))
    if name == SIMULATED or name.startswith(f"{SIMULATED}:"):
        _, _, file = name.partition(":")
        return simulated_device(SimulatedNvml(read_settings(Path(file) if file else None)), name)
    gpu = open_gpu(name)
    gpu.refuse()
    counter = EnergyCounter(gpu, probe_refresh_s(gpu))
    return Device(name, gpu, Meter((CodeCarbon(gpu.index), counter)))


def simulated_device(nvml: SimulatedNvml, name: str = SIMULATED) -> Device:
    """Return a simulated GPU as a device, read by the same instruments as a real one."""
    gpu = NvmlGpu(nvml, 0, simulated=True)
    gpu.refuse()
    counter = EnergyCounter(gpu, probe_refresh_s(gpu))
    return Device(name, gpu, Meter((SimulatedLoad(nvml), CodeCarbon(gpu.index, nvml), counter)))
