"""The recordings of the data set ``synthetic``, computed."""

from __future__ import annotations

import wave
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

RATE_HZ = 48_000
SEED = 0
PEAK = 0.5
TURN = 2 * np.pi

#: Name -> samples, from the time in seconds and as much noise between -1 and 1.
SOUNDS: dict[str, Callable[[NDArray[Any], NDArray[Any]], NDArray[Any]]] = {
    "low-hum.wav": lambda time_s, _: np.sin(TURN * 50 * time_s),
    "hiss.wav": lambda _, noise: noise,
    "rising-whistle.wav": lambda time_s, _: np.sin(TURN * (100 + 90 * time_s) * time_s),
    "metronome.wav": lambda time_s, _: np.sin(TURN * 2000 * time_s) * (time_s % 0.5 < 0.01),  # noqa: PLR2004 - twice a second
    "surf.wav": lambda time_s, noise: noise * np.sin(TURN * time_s / 8) ** 2,
    "siren.wav": lambda time_s, _: np.sin(TURN * 600 * time_s + 150 * np.sin(np.pi * time_s)),
    "beep.wav": lambda time_s, _: np.sin(TURN * 1000 * time_s),
    "high-whine.wav": lambda time_s, _: np.sin(TURN * 8000 * time_s),
}


def write_sound(path: Path, name: str, seconds: float) -> None:
    """Write a sound as 16-bit WAV; the file is whole or not there."""
    time_s = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    noise = np.random.default_rng(SEED).uniform(-1, 1, len(time_s))
    samples = SOUNDS[name](time_s, noise)
    whole_numbers = np.round(samples * (PEAK * 32767 / np.abs(samples).max())).astype("<i2")
    unfinished = path.with_name(f".{path.name}")
    with wave.open(str(unfinished), "wb") as out:
        out.setparams((1, 2, RATE_HZ, len(time_s), "NONE", ""))
        out.writeframes(whole_numbers.tobytes())
    unfinished.rename(path)
