"""Checks that nobody else uses the GPU, each by another sign: a container may hide some."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from repro.doctor.finding import SEE_DRIVER, Finding, fail, ok, unknown, warn

if TYPE_CHECKING:
    from repro.doctor.site import Site

GIB = 1 << 30
#: Older drivers count up to some 600 MiB of a large GPU that they keep for themselves.
MEMORY_OF_NOBODY = GIB
BUSY_PERCENT = 5
#: Shares of the power limit: an idle board usually draws less than the first, and no board
#: draws more than the other with nothing to do.
USUAL_SHARE, HARDLY_IDLE_SHARE = 0.3, 0.5
#: Inode of the first process namespace of a Linux kernel (PROC_PID_INIT_INO).
HOST_PROCESSES = "pid:[4026531836]"

_LET_IT_END = "let it end, or measure on another GPU"


def processes(site: Site) -> Finding:
    """Check for processes of others on the GPU, as far as they can be seen from here."""
    if site.condition is None:
        return _no_gpu()
    computing, drawing = site.condition.compute_processes(), site.condition.graphics_processes()
    if computing:
        return fail(f"{len(computing)} computing on this GPU", _LET_IT_END)
    if drawing:
        return warn(f"{len(drawing)} drawing on this GPU", "measure without a display on it")
    simulated = site.gpu is not None and site.gpu.simulated
    if computing is None or not (simulated or sees_host_processes(site)):
        return unknown(
            "processes of the host do not show here",
            "run the container with --pid=host; until then memory, utilisation and idle-power tell",
        )
    return ok("none on this GPU")


def memory(site: Site) -> Finding:
    """Check that no more memory is taken than a driver takes for itself."""
    used = site.condition.memory_bytes() if site.condition else None
    if used is None:
        return _no_gpu()
    found = f"{used[0] / GIB:.2f} of {used[1] / GIB:.0f} GiB in use"
    return fail(found, _LET_IT_END) if used[0] >= MEMORY_OF_NOBODY else ok(found)


def utilisation(site: Site) -> Finding:
    """Check that no kernel runs while none should."""
    if site.idle is None or not site.idle.utilisation:
        return _no_gpu()
    highest = max(site.idle.utilisation)
    found = f"{highest} % at most over a second"
    return fail(found, _LET_IT_END) if highest >= BUSY_PERCENT else ok(found)


def idle_power(site: Site) -> Finding:
    """Check that the power at rest is that of a board at rest."""
    limits = site.condition.power_limits_w() if site.condition else None
    if site.idle is None or not site.idle.power_w or limits is None:
        return _no_gpu()
    power_w, limit_w = statistics.median(site.idle.power_w), limits[0]
    found = f"{power_w:.3g} W of {limit_w:.4g} W"
    if power_w > HARDLY_IDLE_SHARE * limit_w:
        return fail(found, _LET_IT_END)
    if power_w > USUAL_SHARE * limit_w:
        return warn(f"{found}, much for a GPU at rest", "look for who uses it")
    return ok(found)


def sees_host_processes(site: Site) -> bool:
    """Tell whether process ids here are those of the host, which are what NVML lists."""
    try:
        return str((site.root / "proc/self/ns/pid").readlink()) == HOST_PROCESSES
    except OSError:
        return False


def _no_gpu() -> Finding:
    return unknown("NVML does not say", SEE_DRIVER)
