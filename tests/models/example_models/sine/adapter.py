"""A model that needs nothing: a sine whose pitch is the seed."""

from __future__ import annotations

import array
import math
import platform
import wave

RATE_HZ = 8000


class Generation:
    """Clips of one channel, as 16-bit samples."""

    def __init__(self, audio) -> None:
        self.audio = audio
        self.clips = len(audio)
        self.seconds = len(audio[0]) / RATE_HZ
        self.sample_rate_hz = RATE_HZ
        self.channels = 1
        self.latent_shape = None

    def write(self, paths):
        """Write one WAV file for each clip."""
        for path, samples in zip(paths, self.audio, strict=True):
            with wave.open(path, "wb") as file:
                file.setparams((1, 2, RATE_HZ, len(samples), "NONE", ""))
                file.writeframes(samples.tobytes())


class Oscillator:
    """The denoiser: called once a step, it lets the worker count."""

    def __init__(self) -> None:
        self.hooks = []

    def register_forward_pre_hook(self, hook):
        """Call the hook as ``hook(module, args)`` before every step."""
        self.hooks.append(hook)

    def __call__(self, *args) -> None:
        """Take one step."""
        for hook in self.hooks:
            hook(self, args)


class Adapter:
    """What the worker drives."""

    def __init__(self) -> None:
        self.denoiser = None

    def describe(self, *, size):
        """Say what would be loaded."""
        return {
            "libraries": {"python": platform.python_version()},
            "parameters": {"oscillator": 1},
            "sample_rate_hz": RATE_HZ,
            "channels": 1,
        }

    def refuse(self, *, steps, batch_size, audio_s, duration_mode):
        """Return why a setting cannot be honoured, or None."""
        return "more than 60 s of sine" if audio_s > 60 else None

    def load(
        self, *, size, weights, device, dtype, attention, audio_s, duration_mode, cache_dir, seed
    ):
        """Make the denoiser and say what is there."""
        self.denoiser = Oscillator()
        return {
            "dtype": dtype,
            "attention": "none",
            "device": device,
            "duration_mode": duration_mode,
            "weights": weights,
            "weights_sha256": None,
            "parameters": {"oscillator": 1},
            "latent_shape": None,
            "gpu_uuid": None,
        }

    def generate(self, *, prompts, negative_prompt, steps, audio_s, seeds):
        """Generate one clip for each prompt."""
        for _ in range(steps):
            self.denoiser()
        return Generation([tone(seed, audio_s) for seed in seeds])


def tone(seed, audio_s):
    """Return a tone within the octave above 220 Hz."""
    turn = 2 * math.pi * 220 * 2 ** (seed % 12 / 12) / RATE_HZ
    count = round(audio_s * RATE_HZ)
    return array.array("h", (round(8000 * math.sin(turn * n)) for n in range(count)))


# ruff: noqa: ARG002 - short, for the page that shows it; the contract names the arguments
