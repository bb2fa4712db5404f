"""The checks as a run makes them: before anything is measured, also before it is resumed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from repro.doctor.checks import CHECKS, examine
from repro.doctor.finding import State
from repro.errors import MeterError, TtaError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from repro.doctor.site import Site

#: Where these fail there is nothing to read, or what is read is not of this GPU alone.
FINAL = frozenset(
    ("driver", "counter", "counter-period", "mig", "vgpu", "identity", "codecarbon", "nvidia-smi")
)

#: Where these fail the numbers would be sound, but there is nowhere to keep them.
KEEPING = frozenset(("disk", "output"))


def check_overrides(names: Sequence[str]) -> None:
    """Raise unless each of these checks exists and can be overridden.

    Raises:
        UsageError: naming one that does not or cannot.

    """
    for name in names:
        if name not in CHECKS:
            open_to_it = ", ".join(one for one in CHECKS if one not in FINAL)
            raise UsageError(f"override: expected one of {open_to_it}, found {name!r}")
        if name in FINAL:
            raise UsageError(
                f"override: {name} cannot be overridden: where it fails there is no energy of "
                "this GPU to read"
            )


def preflight(site: Site, overrides: Sequence[str], say: Callable[[str], None]) -> tuple[str, ...]:
    """Make every check; return the failing ones that were overridden, each with what was found.

    Raises:
        MeterError: another one fails, and nothing measured here could be trusted.
        TtaError: only such fail that say that there is nowhere to keep the results.

    """
    findings = examine(site)
    failing = {name: one for name, one in findings.items() if one.state is State.FAIL}
    warned = [name for name, one in findings.items() if one.state is State.WARN]
    stopping = [name for name in failing if name not in overrides]
    doctor = f"`tta-energy doctor --device {site.device} --out {site.out}`"
    if stopping:
        name, finding = stopping[0], failing[stopping[0]]
        more = f" (and {', '.join(stopping[1:])})" if len(stopping) > 1 else ""
        flags = " ".join(f"--override {one}" for one in stopping)
        way_out = "" if set(stopping) & FINAL else f", or measure all the same: {flags}"
        kind = TtaError if set(stopping) <= KEEPING else MeterError
        raise kind(f"check {name}: {finding.found}{more}: {finding.remedy}{way_out}; {doctor}")
    overridden = tuple(f"{name}: {one.found}" for name, one in failing.items())
    for text in overridden:
        say(f"overridden: {text}")
    if warned:
        say(f"checks: {len(warned)} to know of ({', '.join(warned)}); see {doctor}")
    return overridden
