"""Whether this machine is fit to measure: checks by name, each with what to do about it.

``tta-energy doctor`` prints them; a run on a GPU makes them first and does not measure where one
fails.
"""

from repro.doctor.checks import CHECKS, examine
from repro.doctor.finding import SEE_DRIVER, Finding, State
from repro.doctor.preflight import check_overrides, preflight
from repro.doctor.site import Needs, Site

__all__ = [
    "CHECKS",
    "SEE_DRIVER",
    "Finding",
    "Needs",
    "Site",
    "State",
    "check_overrides",
    "examine",
    "preflight",
]
