"""How much latent is made for the seconds that are asked for.

``paper``: as much as upstream makes, whose audio may be longer. ``exact``: the least that holds
them, and the audio is cut to them.
"""

from __future__ import annotations

import math
from typing import Any

MODES = ("paper", "exact")


def check(mode: str) -> None:
    """Refuse a name that is not one of the two."""
    if mode not in MODES:
        raise ValueError(f"duration_mode {mode!r} is unknown: expected one of {sorted(MODES)}")


def count_samples(audio_s: float, rate_hz: int) -> int:
    """Return the samples of so many seconds."""
    return round(audio_s * rate_hz)


def count_frames(audio_s: float, rate_hz: int, *, samples: int, multiple: int = 1) -> int:
    """Return how many frames of so many ``samples`` hold the audio, a multiple of ``multiple``."""
    return math.ceil(count_samples(audio_s, rate_hz) / (samples * multiple)) * multiple


def cut(audio: Any, audio_s: float, rate_hz: int) -> Any:
    """Cut clips (clips, channels, samples) to the seconds."""
    return audio[..., : count_samples(audio_s, rate_hz)]
