"""Checks of the programs that measuring goes through."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

from repro.doctor.finding import Finding, fail, ok
from repro.errors import MeterError
from repro.meter.tracker import refuse_configuration

if TYPE_CHECKING:
    from repro.doctor.site import Site

TIMEOUT_S = 30.0


def codecarbon(site: Site) -> Finding:  # noqa: ARG001 - the same on every device
    """Check that no file or variable changes what CodeCarbon reports."""
    try:
        refuse_configuration()
    except MeterError as error:
        return fail(
            str(error), "remove the file or the variable: ~/.codecarbon.config, CODECARBON_*"
        )
    return ok("no configuration that would change its results")


def nvidia_smi(site: Site) -> Finding:
    """Check that ``nvidia-smi`` runs: without it CodeCarbon 3.2.4 and newer read 0 J, silently."""
    if not site.real:
        return ok("not needed here")
    program = shutil.which("nvidia-smi")
    if program is None:
        return fail(
            "not on the path", "run with NVIDIA_DRIVER_CAPABILITIES=compute,utility, keep PATH"
        )
    try:
        subprocess.run([program, "--help"], capture_output=True, check=True, timeout=TIMEOUT_S)  # noqa: S603 - found on the path, fixed argument
    except (OSError, subprocess.SubprocessError) as error:
        return fail(f"does not run: {error}", "install the driver's own utilities")
    return ok("runs")
