"""Audio files and embeddings for the tests of the scorer."""

from __future__ import annotations

import wave

import numpy as np


def write_tone(path, pitch_hz, *, rate_hz=16000, seconds=1.0, channels=1, level=0.4):
    """Write a tone with a little noise, 16 bits, and return its path."""
    count = round(rate_hz * seconds)
    noise = np.random.default_rng(round(pitch_hz)).normal(size=count)
    audio = level * np.sin(2 * np.pi * pitch_hz * np.arange(count) / rate_hz) + level / 10 * noise
    samples = np.repeat((np.clip(audio, -1, 1) * 32767).astype("<i2"), channels)
    with wave.open(str(path), "wb") as file:
        file.setparams((channels, 2, rate_hz, 0, "NONE", ""))
        file.writeframes(samples.tobytes())
    return path


def make_clips(count, *, windows=10, width=24, seed=0, shift=0.0):
    """Return embeddings of clips: unit length, float16, windows of one clip alike."""
    draws = np.random.default_rng(seed)
    centres = draws.normal(size=(count, 1, width)) + shift
    frames = centres + 0.3 * draws.normal(size=(count, windows, width))
    frames /= np.linalg.norm(frames, axis=-1, keepdims=True)
    return list(frames.astype(np.float16))
