"""Audio as the two metrics take it, each exactly as the authors' tools prepare it.

Sources: ``fad.py`` and ``model_loader.py`` of fadtk 1.1.0; ``src/clap_score.py`` of
stable-audio-metrics at commit fd55536. Before either, a clip is cut to 480,000 samples at
48 kHz, the paper's ten seconds: a sample more would add a window to FAD and make the CLAP score
depend on a random crop.
"""

from __future__ import annotations

from typing import Any

import numpy as np

RATE_HZ = 48000
CLIP_SAMPLES = 480000
HOP_SAMPLES = 48000
FULL_SCALE = 32767
# fadtk 1.1.0, fad.py: torchaudio's sinc_interp_kaiser with these.
KERNEL_WIDTH, ROLLOFF, BETA = 64, 0.9475937167399596, 14.769656459379492
PEAK = 10 ** (-1 / 20)  # -1 dB of full scale

#: Part of the name of every cached embedding: say here what changes one.
FAD = "mean of channels, {resampler}, 480000 samples, 16 bit twice, windows of 10 s each second"
CLAP = "mean of channels, {resampler}, 480000 samples, peak -1 dB, 16 bit, repeated and padded"


def mix(channels: Any, path: str) -> Any:
    """Return the mean of channels, float32 (samples,), of audio (channels, samples).

    Raises:
        ValueError: there is nothing to hear, or a sample is no number.

    """
    if channels.size == 0:
        raise ValueError(f"{path}: expected audio, found no samples")
    if not np.isfinite(channels).all():
        raise ValueError(f"{path}: expected finite samples, found NaN or infinity")
    return channels.mean(axis=0, dtype=np.float32)


def cut_windows(samples: Any) -> Any:
    """Return FAD's windows, float32 (windows, 480000), of mono audio at 48 kHz.

    One begins each second; those that reach past the end are filled with zeros. The audio goes
    through a 16-bit file and is then cut to 16 bits once more, by other scales.
    """
    stored = as_pcm16(samples[:CLIP_SAMPLES]) / 32768.0
    audio = _quantise(stored)
    padded = np.concatenate([audio, np.zeros(CLIP_SAMPLES, np.float32)])
    starts = range(0, len(audio), HOP_SAMPLES)
    return np.stack([padded[start : start + CLIP_SAMPLES] for start in starts])


def level(samples: Any) -> Any:
    """Return mono audio at 48 kHz as the CLAP score takes it: at a peak of -1 dB, in 16 bits.

    Silence stays silence.
    """
    samples = samples[:CLIP_SAMPLES]
    peak = np.abs(samples).max()
    if peak == 0:
        return np.zeros(len(samples), np.float32)
    return _quantise(samples * (PEAK / peak))


def as_pcm16(samples: Any) -> Any:
    """Return the 16-bit integers that libsndfile stores for floats: rounded down, clipped."""
    return np.clip(np.floor(samples.astype(np.float64) * 32768), -32768, 32767).astype(np.int16)


def _quantise(samples: Any) -> Any:
    integers = (np.clip(samples, -1.0, 1.0) * FULL_SCALE).astype(np.int16)
    return (integers / FULL_SCALE).astype(np.float32)
