"""Checks of the machine around the GPU: processor energy, clock, disk, output folder."""

from __future__ import annotations

import ctypes
import os
import shutil
import tempfile
import time
from typing import TYPE_CHECKING

from repro.doctor.finding import Finding, fail, ok, unknown, warn
from repro.image import is_mounted

if TYPE_CHECKING:
    from pathlib import Path

    from repro.doctor.site import Site

#: Journals, logs and bundles without audio stay far below this.
BESIDE_AUDIO_BYTES = 256 << 20
COARSEST_CLOCK_S = 1e-3
#: What ``adjtimex(2)`` returns of a clock that nobody sets.
TIME_ERROR = 5


def rapl(site: Site) -> Finding:
    """Check whether the processor's energy can be measured, or must be modelled."""
    counters = sorted((site.root / "sys/class/powercap").glob("intel-rapl:*/energy_uj"))
    if not counters:
        return warn(
            "no counter of the processor's energy: it is modelled",
            "mount /sys/class/powercap into the container, read-only, where there is one",
        )
    if not all(os.access(path, os.R_OK) for path in counters):
        return warn(
            "the processor's energy counters are not readable: it is modelled",
            "chmod o+r /sys/class/powercap/intel-rapl:*/energy_uj, as root",
        )
    return ok(f"{len(counters)} counters of the processor's energy")


def clock(site: Site) -> Finding:  # noqa: ARG001 - the same on every device
    """Check that time runs on evenly, and that the time of day is set by a network clock."""
    counting = time.get_clock_info("perf_counter")
    if not counting.monotonic or counting.resolution > COARSEST_CLOCK_S:
        return fail(f"ticks of {counting.resolution:g} s, or backwards", "use another machine")
    synchronised = clock_is_synchronised()
    if synchronised is None:
        return unknown("whether the time of day is synchronised", "run chrony or timesyncd")
    if not synchronised:
        return warn("the time of day is not synchronised", "run chrony or timesyncd on the host")
    return ok("monotonic, and synchronised")


def clock_is_synchronised() -> bool | None:
    """Ask the kernel whether somebody keeps its clock (``adjtimex(2)``); None if it cannot tell."""
    state = (ctypes.c_long * 64)()  # longer than struct timex; of all zeros it changes nothing
    try:
        answer = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(state))
    except (OSError, AttributeError):
        return None
    return None if answer < 0 else answer != TIME_ERROR


def disk(site: Site) -> Finding:
    """Check for room for the audio and the bundles."""
    free = shutil.disk_usage(existing_part(site.out)).free
    needed = site.needs.audio_bytes + BESIDE_AUDIO_BYTES
    found = f"{free / 1e9:.1f} GB free, {needed / 1e9:.1f} GB needed"
    if free < needed:
        return fail(found, "make room or name another --out")
    return ok(found) if free >= 2 * needed else warn(found, "make room")


def output(site: Site) -> Finding:
    """Check that results can be written, and outlive the container."""
    folder = existing_part(site.out)
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        return fail(f"{folder}: cannot be written: {error.strerror}", "name another --out")
    if site.container and not is_mounted(folder, site.root):
        lost = f"{folder}: goes with the {site.container} container"
        remedy = 'mount a folder there: docker run -v "$PWD/out:/out"'
        # What is not a measurement is no loss.
        return fail(lost, remedy) if site.real else warn(lost, remedy)
    return ok(f"{folder} can be written")


def existing_part(folder: Path) -> Path:
    """Return the folder, or the nearest one above it that is there."""
    folder = folder.absolute()
    return next(one for one in (folder, *folder.parents) if one.is_dir())
