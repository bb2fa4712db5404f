"""LAION-CLAP as transformers' ``ClapModel``: the cross-check, and light enough for a demonstration.

Differs from the engine ``laion`` in what reads and resamples the audio of the CLAP score (WAV
files, and the Kaiser kernel of FAD for both), and in nothing else beyond rounding.
"""

from __future__ import annotations

from math import gcd
from typing import Any

from shared.devices import versions

# isort: split

import checkpoints
import clips
import numpy as np
import torch  # noqa: TID253 - at home in a model's environment
from engine import Engine, Request
from scipy import signal
from scipy.io import wavfile
from transformers import ClapConfig, ClapFeatureExtractor, ClapModel

TINY = {
    "text_config": {
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
    },
    "audio_config": {
        "patch_embeds_hidden_size": 16,
        "hidden_size": 64,
        "depths": [1, 1, 1],
        "num_attention_heads": [1, 2, 2],
        "num_hidden_layers": 3,
    },
    "projection_dim": 32,
}
FUSION = {"enable_fusion": True, "fusion_type": "aff_2d"}


class Adapter(Engine):
    """Drives ``ClapModel`` for the worker."""

    NAME = "transformers"
    RESAMPLERS = dict.fromkeys(("fad", "clap"), "kaiser sinc 64")

    def __init__(self) -> None:
        super().__init__()
        self._extractors = {
            "fad": ClapFeatureExtractor(truncation="rand_trunc", **checkpoints.MEL),
            "clap": ClapFeatureExtractor(truncation="fusion", **checkpoints.MEL),
        }

    def versions(self) -> dict[str, str]:
        """Return the libraries that decide an embedding."""
        return versions("transformers", "numpy", "scipy")

    def build(self, network: str, request: Request) -> str:
        """Build a network and keep it; return the digest of its weights."""
        model = ClapModel(configure(network, request.size)).eval()
        if request.weights == "random":
            digest = checkpoints.fill_random(model, request.seed)
        else:
            digest, numbers = checkpoints.read(request.weights, network)
            checkpoints.refuse_misfit(
                model.load_state_dict(checkpoints.for_transformers(numbers), strict=False)
            )
        self._networks[network] = model.to(request.device).requires_grad_(requires_grad=False)
        return digest

    def decode(self, path: str, network: str) -> Any:  # noqa: ARG002 - one kernel for both
        """Return mono audio at 48 kHz, float32 (samples,), of a WAV file.

        Raises:
            ValueError: it is no WAV file, or holds no audio.

        """
        try:
            rate_hz, samples = wavfile.read(path)
        except ValueError as error:
            raise ValueError(
                f"{path}: expected a WAV file, found another format ({error}); the engine laion "
                "reads what libsndfile reads"
            ) from error
        channels = np.atleast_2d(_as_float(samples).T)
        return resample(clips.mix(channels, path), rate_hz)

    def windows(self, audio: Any) -> Any:
        """Embed FAD's windows, float32 (windows, 480000) to (windows, width)."""
        return self._audio("fad", list(audio))

    def levels(self, audio: list[Any]) -> Any:
        """Embed levelled clips for the CLAP score, each (samples,), to (clips, width)."""
        return self._audio("clap", audio)

    def texts(self, captions: list[str]) -> Any:
        """Embed captions, to (captions, width)."""
        tokens = self.tokenize(captions)
        ids, mask = tokens.input_ids.to(self._device), tokens.attention_mask.to(self._device)
        return _tensor(self._network("clap").get_text_features(input_ids=ids, attention_mask=mask))

    def _audio(self, network: str, audio: list[Any]) -> Any:
        features = self._extractors[network](
            audio, sampling_rate=clips.RATE_HZ, return_tensors="pt"
        ).input_features
        # The extractor declares one clip of a batch longer than 10 s, which none is.
        longer = torch.zeros(len(audio), 1, dtype=torch.bool, device=self._device)
        return _tensor(
            self._network(network).get_audio_features(
                input_features=features.to(self._device), is_longer=longer
            )
        )


def configure(network: str, size: str) -> Any:
    """Return the configuration of a network: the defaults are HTSAT-tiny with roberta-base."""
    if size not in {"full", "tiny"}:
        raise ValueError(f"size {size!r} is unknown: expected full or tiny")
    settings = {name: value for name, value in TINY.items() if size == "tiny"}
    audio = {**settings.pop("audio_config", {}), **(FUSION if network == "clap" else {})}
    return ClapConfig(audio_config=audio, **settings)


def resample(samples: Any, rate_hz: int) -> Any:
    """Bring mono audio to 48 kHz by a sinc under a Kaiser window, as FAD's tool does."""
    if rate_hz == clips.RATE_HZ:
        return samples
    divisor = gcd(rate_hz, clips.RATE_HZ)
    up, down = clips.RATE_HZ // divisor, rate_hz // divisor
    cutoff = clips.ROLLOFF * min(rate_hz, clips.RATE_HZ)
    reach = clips.KERNEL_WIDTH / cutoff  # seconds to either side
    taps = int(reach * rate_hz * up)
    seconds = np.arange(-taps, taps + 1) / (rate_hz * up)
    window = np.i0(clips.BETA * np.sqrt(np.clip(1 - (seconds / reach) ** 2, 0, None))) / np.i0(
        clips.BETA
    )
    kernel = np.sinc(cutoff * seconds) * window * cutoff / (rate_hz * up)
    return signal.resample_poly(samples.astype(np.float64), up, down, window=kernel).astype(
        np.float32
    )


def _as_float(samples: Any) -> Any:
    if samples.dtype == np.uint8:
        return (samples.astype(np.float32) - 128) / 128
    if samples.dtype.kind == "i":
        return (samples / -float(np.iinfo(samples.dtype).min)).astype(np.float32)
    return samples.astype(np.float32)


def _tensor(found: Any) -> Any:
    # From transformers 5 on the features come inside an object.
    return getattr(found, "pooler_output", found)
