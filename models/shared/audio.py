"""What one call of a model returns."""

from __future__ import annotations

import wave
from pathlib import Path
from typing import Any

import numpy as np

FULL_SCALE = 32767  # of 16-bit PCM


class Generation:
    """Audio of one batch, float32 in [-1, 1] of shape (clips, channels, samples)."""

    def __init__(self, audio: Any, *, sample_rate_hz: int, latent_shape: list[int] | None) -> None:
        self.audio = np.asarray(audio, dtype=np.float32)
        self.sample_rate_hz = sample_rate_hz
        self.latent_shape = latent_shape

    @property
    def clips(self) -> int:
        """Number of clips."""
        return int(self.audio.shape[0])

    @property
    def channels(self) -> int:
        """Number of channels of each clip."""
        return int(self.audio.shape[1])

    @property
    def seconds(self) -> float:
        """Length of each clip in seconds."""
        return self.audio.shape[2] / self.sample_rate_hz

    def write(self, paths: list[str]) -> None:
        """Write each clip as 16-bit PCM WAV; a file is either whole or not there."""
        if len(paths) != self.clips:
            raise ValueError(f"paths for {self.clips} clips expected, found {len(paths)}")
        if not np.isfinite(self.audio).all():
            raise ValueError("audio is not finite: the model overflowed; try --dtype float32")
        for path, clip in zip(paths, self.audio, strict=True):
            self._write_clip(Path(path), clip)

    def _write_clip(self, path: Path, clip: Any) -> None:
        samples = np.rint(np.clip(clip, -1.0, 1.0) * FULL_SCALE).astype("<i2")
        part = path.with_name(path.name + ".part")
        with wave.open(str(part), "wb") as file:
            file.setnchannels(self.channels)
            file.setsampwidth(2)
            file.setframerate(self.sample_rate_hz)
            file.writeframes(samples.T.tobytes())
        part.replace(path)
