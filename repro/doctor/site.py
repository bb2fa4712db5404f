"""What is examined: a device, the folder results go to, and what is to be measured."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from repro.errors import MeterError
from repro.machine import container
from repro.meter.device import open_named_gpu

if TYPE_CHECKING:
    from repro.catalog import Model
    from repro.meter.condition import GpuCondition, IdleSamples
    from repro.meter.nvml import NvmlGpu
    from repro.protocol import TierScorer


@dataclass(frozen=True)
class Needs:
    """What is to be measured needs: models and their weights, room for audio, captions.

    ``weights`` is ``hub``, ``random`` or a folder; ``datasets`` those of the study ``quality``, and
    ``scorer`` what scores its clips, None where there are none.
    """

    models: tuple[Model, ...] = ()
    weights: str = "hub"
    audio_bytes: int = 0
    datasets: tuple[str, ...] = ()
    captions_dir: Path | None = None
    scorer: TierScorer | None = None


@dataclass(frozen=True)
class Site:
    """A machine to be examined.

    Args:
        device: ``cuda:N``, ``cpu`` or ``simulated[:FILE]``.
        out: the output folder.
        needs: what is to be measured.
        root: where ``/proc`` and ``/sys`` lie.
        container: the kind of container this runs in, or None.
        gpu: the GPU, or None where there is none; ``trouble`` says why it cannot be read.

    """

    device: str
    out: Path
    needs: Needs = field(default_factory=Needs)
    root: Path = Path("/")
    container: str | None = None
    gpu: NvmlGpu | None = None
    trouble: str | None = None

    @classmethod
    def of(cls, device: str, out: Path, needs: Needs) -> Site:
        """Look at this machine.

        Raises:
            UsageError: there is no such device.

        """
        gpu, trouble = None, None
        try:
            gpu = open_named_gpu(device)
        except MeterError as error:
            trouble = str(error)
        return cls(device, out, needs, container=container(), gpu=gpu, trouble=trouble)

    @property
    def real(self) -> bool:
        """Whether a GPU is asked for that is no simulation."""
        return self.device.startswith("cuda:")

    @property
    def condition(self) -> GpuCondition | None:
        """What NVML says of the GPU; None where there is none to ask."""
        return None if self.gpu is None else self.gpu.condition

    @cached_property
    def idle(self) -> IdleSamples | None:
        """A second of the GPU at rest, looked at once for all checks."""
        if self.condition is None or self.gpu is None:
            return None
        # Simulated sensors have no memory: what they say now they say in a second.
        return self.condition.watch(_at_once if self.gpu.simulated else time.sleep)


def _at_once(_: float) -> None:
    return None
