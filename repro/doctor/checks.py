"""Every check by its name, in the order of the printed page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from repro.doctor import gpu, health, inputs, machine, quiet, software

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from repro.doctor.finding import Finding
    from repro.doctor.site import Site

    Check = Callable[[Site], Finding]

#: Checks of the GPU; on a CPU there is nothing for them to look at.
OF_THE_GPU: Mapping[str, Check] = {
    "driver": gpu.driver,
    "counter": gpu.counter,
    "counter-period": gpu.counter_period,
    "mig": gpu.mig,
    "vgpu": gpu.vgpu,
    "processes": quiet.processes,
    "memory": quiet.memory,
    "utilisation": quiet.utilisation,
    "idle-power": quiet.idle_power,
    "temperature": health.temperature,
    "throttling": health.throttling,
    "persistence": health.persistence,
    "power-limit": health.power_limit,
    "nvidia-smi": software.nvidia_smi,
    # Last: it has torch compute on the GPU, which processes, memory and utilisation would see.
    "identity": gpu.identity,
}
OF_THE_MACHINE: Mapping[str, Check] = {
    "codecarbon": software.codecarbon,
    "rapl": machine.rapl,
    "clock": machine.clock,
    "disk": machine.disk,
    "output": machine.output,
    "weights": inputs.weights,
    "captions": inputs.captions_,
    "scorer": inputs.scorer,
}
CHECKS: Mapping[str, Check] = {**OF_THE_GPU, **OF_THE_MACHINE}


def examine(site: Site) -> dict[str, Finding]:
    """Make every check that applies to this device."""
    checks = OF_THE_MACHINE if site.device == "cpu" else CHECKS
    return {name: check(site) for name, check in checks.items()}
