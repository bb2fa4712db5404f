"""Checks of what the GPU is: readable, whole, its own, with a counter that counts."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from repro.doctor.finding import SEE_DRIVER, Finding, fail, ok, unknown, warn
from repro.errors import MeterError, WorkerError
from repro.meter.condition import WHOLE
from repro.meter.device import worker_environment
from repro.meter.ticks import Ticks, probe
from repro.workers.adapter import AdapterProcess

if TYPE_CHECKING:
    from repro.catalog import Model
    from repro.doctor.site import Site

#: NVIDIA's counters move every 20 to 100 ms (PETSc and Zeus say so of the cards they met).
SLOWEST_USUAL_S = 0.12
#: The first driver series of which NVML tells instantaneous power (arXiv:2312.02741).
INSTANT_POWER_DRIVER = 530


def driver(site: Site) -> Finding:
    """Check that NVML answers, with a driver that tells instantaneous power."""
    if site.condition is None:
        return fail(site.trouble or "no GPU", "install the NVIDIA driver, or run with --gpus all")
    version = site.condition.driver()
    if version is None:
        return unknown("NVML names no driver version", "check that `nvidia-smi` runs")
    major = version.split(".")[0]
    if major.isdigit() and int(major) < INSTANT_POWER_DRIVER:
        return warn(
            f"driver {version} tells no instantaneous power",
            f"update to {INSTANT_POWER_DRIVER} or newer",
        )
    return ok(f"driver {version}")


def counter(site: Site) -> Finding:
    """Check that the GPU has an energy counter."""
    if site.gpu is None:
        return _no_gpu()
    try:
        return ok(f"{site.gpu.first_energy_mj() / 1000:.0f} J since the driver was loaded")
    except MeterError as error:
        return fail(str(error), "measure on a whole GPU of the Volta generation or newer")


def counter_period(site: Site) -> Finding:
    """Check that the counter moves, and how often."""
    if site.gpu is None:
        return _no_gpu()
    try:
        period_s = probe(Ticks(site.gpu)).period_s
    except MeterError as error:
        return fail(str(error), "reload the driver or restart the machine")
    found = f"moves every {1000 * period_s:.3g} ms"
    if period_s > SLOWEST_USUAL_S:
        return warn(f"{found}: short windows are coarse", "measure with --protocol precise")
    return ok(found)


def mig(site: Site) -> Finding:
    """Check that the GPU is not partitioned: no energy is counted for a part."""
    if site.condition is None:
        return _no_gpu()
    mode = site.condition.mig()
    if mode:
        return fail("the GPU is in MIG mode", "leave it with `nvidia-smi -mig 0`")
    return ok("off" if mode is not None else "not a feature of this GPU")


def vgpu(site: Site) -> Finding:
    """Check that the GPU is not shared between machines."""
    if site.condition is None:
        return _no_gpu()
    mode = site.condition.virtualisation()
    if mode is None:
        return unknown("NVML does not say", "make sure that this is no virtual GPU")
    if mode in WHOLE:
        return ok("the GPU is this machine's own" if mode == "none" else "passed through whole")
    return fail(f"virtualisation mode {mode}", "measure on a GPU of its own")


def identity(site: Site) -> Finding:
    """Check that torch computes on the GPU that NVML measures."""
    if site.gpu is None or site.condition is None:
        return _no_gpu()
    if site.gpu.simulated:
        return ok("simulated: nothing computes on it")
    measured = site.condition.index_of(site.gpu.uuid)
    if measured not in (None, site.gpu.index):
        return fail(
            f"the UUID of GPU {site.gpu.index} is that of GPU {measured}", "restart the machine"
        )
    model = next((model for model in site.needs.models if model.interpreter), None)
    if model is None:
        return unknown("no model's environment is installed to ask torch in", "install one")
    return _compare(site, model)


def _compare(site: Site, model: Model) -> Finding:
    try:
        computed_on = ask_torch(site, model)
    except WorkerError as error:
        return unknown(f"the worker of {model.name} did not answer ({error})", "install it anew")
    if computed_on is None:
        return fail(
            f"torch of {model.card.environment} finds no GPU",
            "install a torch with CUDA, and run with --gpus all",
        )
    if site.gpu is None or _bare(computed_on) != _bare(site.gpu.uuid):
        return fail(
            "torch computes on another GPU than the one that is measured",
            "give the container one GPU, or name one in CUDA_VISIBLE_DEVICES",
        )
    return ok("torch, NVML and the measured handle name the same GPU")


def ask_torch(site: Site, model: Model) -> str | None:
    """Return the UUID of the GPU that torch finds first in a worker of this model.

    Raises:
        WorkerError: the worker does not start or answer.

    """
    worker = AdapterProcess(model, Path(os.devnull), worker_environment(site.gpu))
    try:
        return worker.gpu_uuid()
    finally:
        worker.kill()


def _bare(uuid: str) -> str:
    return uuid.removeprefix("GPU-").lower()


def _no_gpu() -> Finding:
    return unknown("no GPU can be read", SEE_DRIVER)
