"""What an energy from NVML is uncertain by, term by term; standard uncertainties in joules."""

from __future__ import annotations

import math

#: What an absolute reading of a board sensor may be off by, as a share. Against an external meter
#: Yang, Adamek and Armour ("Part-time Power Measurements", arXiv:2312.02741) found -6.2 to +0.4 %.
GAIN_TOLERANCE = 0.05


def quantisation_j(power_w: float, refresh_period_s: float) -> float:
    """Return the standard uncertainty of two reads of a counter that refreshes now and then.

    Each edge is late by a time spread evenly over one period; their difference has a triangular
    distribution of half-width ``period``, hence ``power * period / sqrt(6)`` (GUM, 4.3.9).
    """
    return power_w * refresh_period_s / math.sqrt(6)


def gain_j(energy_j: float) -> float:
    """Return the standard uncertainty due to the sensor's gain, spread evenly (GUM, 4.3.7).

    The same for every reading of one board: it neither shows in the scatter of repeats nor
    averages out, and is therefore stated beside the other terms and never added to them.
    """
    return energy_j * GAIN_TOLERANCE / math.sqrt(3)


def combined_j(*terms: float | None) -> float:
    """Return the root of the sum of squares of independent terms (GUM, 5.1.2)."""
    return math.hypot(*(term for term in terms if term is not None))
