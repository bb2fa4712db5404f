"""Checks of the state the GPU is in: cool, free to clock, powered as it came."""

from __future__ import annotations

from typing import TYPE_CHECKING

from repro.doctor.finding import SEE_DRIVER, Finding, fail, ok, unknown, warn

if TYPE_CHECKING:
    from repro.doctor.site import Site

#: A GPU at rest is cooler than the first; near the other, or near its own limit, it slows down.
WARM_C, HOT_C = 60, 80
BELOW_SLOWDOWN_C = 10

_HARD = frozenset(
    (
        "hardware slowdown",
        "software thermal slowdown",
        "hardware thermal slowdown",
        "hardware power brake",
    )
)


def temperature(site: Site) -> Finding:
    """Check that the GPU is cool before it is made to work."""
    celsius = site.condition.temperature_c() if site.condition else None
    if celsius is None or site.condition is None:
        return _untold()
    slowdown = site.condition.slowdown_c()
    hot = HOT_C if slowdown is None else min(HOT_C, slowdown - BELOW_SLOWDOWN_C)
    limit = "" if slowdown is None else f", slows down at {slowdown} °C"
    if celsius >= hot:
        return fail(f"{celsius} °C at rest{limit}", "let it cool down; see to its cooling")
    if celsius >= WARM_C:
        return warn(f"{celsius} °C at rest{limit}", "let it cool down")
    return ok(f"{celsius} °C{limit}")


def throttling(site: Site) -> Finding:
    """Check that nothing holds the clocks down."""
    reasons = site.condition.slowed_by() if site.condition else None
    if reasons is None:
        return _untold()
    if _HARD & set(reasons):
        return fail(", ".join(reasons), "see to cooling and power supply; let it rest")
    if reasons:
        return warn(", ".join(reasons), "undo it with `nvidia-smi -rac` and `-rgc`, or report it")
    return ok("nothing holds the clocks down")


def persistence(site: Site) -> Finding:
    """Check that the driver stays loaded: otherwise counter and clocks begin anew."""
    mode = site.condition.persistence() if site.condition else None
    if mode is None:
        return _untold()
    return ok("on") if mode else warn("off", "switch it on with `nvidia-smi -pm 1`")


def power_limit(site: Site) -> Finding:
    """Check that the power limit is the one the board came with."""
    limits = site.condition.power_limits_w() if site.condition else None
    if limits is None:
        return _untold()
    enforced_w, default_w = limits
    if default_w is None:
        return unknown(
            f"{enforced_w:g} W in force, the board's own is not told",
            "compare it with the data sheet; it is in the bundle",
        )
    if enforced_w != default_w:
        return warn(
            f"{enforced_w:g} W in force, {default_w:g} W by default",
            f"set it with `nvidia-smi -pl {default_w:g}`; it is in the bundle",
        )
    return ok(f"{enforced_w:g} W")


def _untold() -> Finding:
    return unknown("NVML does not say", SEE_DRIVER)
