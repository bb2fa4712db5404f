"""What both engines do alike: load, embed files and captions, write each embedding whole.

An engine has networks by name, ``fad`` and ``clap``, and answers the worker with the methods
that ``operations`` names.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from typing import Any

import checkpoints
import clips
import numpy as np
import torch  # noqa: TID253 - at home in a model's environment
from shared.devices import find_device
from shared.tokens import RobertaStub

#: Windows in one call of the network: all ten of a clip, or on a CPU so few that their
#: intermediate results are not asked of the system anew each time.
BATCH = {"cpu": 2, "cuda": 10}
TEXT_LENGTH = 77


@dataclass(frozen=True)
class Request:
    """What ``load`` was asked for."""

    weights: str
    device: Any
    size: str
    seed: int


class Engine:
    """Base of the engines; each names itself and builds, decodes and embeds in its own way."""

    NAME: str
    RESAMPLERS: dict[str, str]  # network -> what brings its audio to 48 kHz
    DISTANCE = "symmetric"
    operations = ("describe", "load", "embed_audio", "embed_text")

    def __init__(self) -> None:
        self._networks: dict[str, Any] = {}
        self._tokenizer: Any = None
        self._device: Any = None

    def describe(self) -> dict[str, Any]:
        """Say what could be loaded."""
        return {
            "engine": self.NAME,
            "libraries": self.versions(),
            "embeddings": {"fad": "clap-laion-audio", "clap": "clap-laion-audio-fusion"},
            "distance": self.DISTANCE,
        }

    def load(
        self, *, weights: str, device: str, size: str, seed: int, networks: list[str]
    ) -> dict[str, Any]:
        """Bring the networks to the device and say what is there."""
        self._device = find_device(device)
        # Or convolutions on a GPU, those of the spectrogram too, round their input to ten bits.
        torch.backends.cudnn.allow_tf32 = False
        request = Request(weights, self._device, size, seed)
        if "clap" in networks:
            self._tokenizer = find_tokenizer(weights)
        digests = {name: self.build(name, request) for name in networks}
        return {
            **self.describe(),
            "size": size,
            "weights": weights if weights in {"random", "hub"} else "folder",
            "device": device,
            "checkpoints": digests,
            "preparation": {
                name: form.format(resampler=self.RESAMPLERS[name])
                for name, form in (("fad", clips.FAD), ("clap", clips.CLAP))
            },
            "tokenizer": "stub" if weights == "random" else "roberta-base",
        }

    def embed_audio(self, *, files: list[str], outputs: list[str], network: str) -> None:
        """Write the embedding of each file: float16 (windows, width) or float32 (width,).

        A call of the network holds one clip alone: rounding depends on what shares a call, and a
        run that was killed must end with the embeddings it would have had.
        """
        self._network(network)
        embed = self._embed_windows if network == "fad" else self._embed_level
        # Clips are read while the network is busy with those before.
        with ThreadPoolExecutor(max_workers=1) as reader:
            read = reader.map(self.decode, files, repeat(network))
            for output, audio in zip(outputs, read, strict=True):
                save(output, embed(audio))

    def embed_text(self, *, captions: list[str], outputs: list[str]) -> None:
        """Write the embedding of each caption, float32 (width,)."""
        for caption, output in zip(captions, outputs, strict=True):
            save(output, self._run(self.texts, [caption])[0])

    def tokenize(self, captions: list[str]) -> Any:
        """Return ids and mask of captions, each (captions, 77)."""
        return self._tokenizer(
            captions, padding="max_length", max_length=TEXT_LENGTH, truncation=True,
            return_tensors="pt",
        )  # fmt: skip

    def build(self, network: str, request: Request) -> str:
        """Build a network and keep it; return the digest of its weights."""
        raise NotImplementedError

    def decode(self, path: str, network: str) -> Any:
        """Return mono audio at 48 kHz, float32 (samples,)."""
        raise NotImplementedError

    def windows(self, audio: Any) -> Any:
        """Embed FAD's windows, float32 (windows, 480000) to (windows, width)."""
        raise NotImplementedError

    def levels(self, audio: list[Any]) -> Any:
        """Embed levelled clips for the CLAP score, each (samples,), to (clips, width)."""
        raise NotImplementedError

    def texts(self, captions: list[str]) -> Any:
        """Embed captions, to (captions, width)."""
        raise NotImplementedError

    def versions(self) -> dict[str, str]:
        """Return the libraries that decide an embedding."""
        raise NotImplementedError

    def _embed_windows(self, audio: Any) -> Any:
        windows, places = distinct(clips.cut_windows(audio))
        batch = BATCH[self._device.type]
        parts = [
            self._run(self.windows, windows[start : start + batch])
            for start in range(0, len(windows), batch)
        ]
        return np.concatenate(parts)[places].astype(np.float16)  # fadtk stores this format

    def _embed_level(self, audio: Any) -> Any:
        return self._run(self.levels, [clips.level(audio)])[0]

    def _run(self, embed: Any, batch: Any) -> Any:
        with torch.inference_mode():
            found = torch.nn.functional.normalize(embed(batch), dim=-1).float().cpu().numpy()
        if not np.isfinite(found).all():
            raise ValueError("embedding is not finite: the weights do not fit or are damaged")
        return found

    def _network(self, name: str) -> Any:
        if name not in self._networks:
            raise ValueError(f"network {name!r} is not loaded: found {sorted(self._networks)}")
        return self._networks[name]


def find_tokenizer(weights: str) -> Any:
    """Return the tokenizer that goes with the weights: random ones have no vocabulary."""
    if weights == "random":
        return RobertaStub(model_max_length=TEXT_LENGTH)
    return checkpoints.load_tokenizer(weights)


def distinct(windows: Any) -> tuple[Any, list[int]]:
    """Return windows without repeats, as of silence, and for each that was given its place."""
    places: dict[bytes, int] = {}
    where = [places.setdefault(window.tobytes(), len(places)) for window in windows]
    return windows[[where.index(place) for place in range(len(places))]], where


def save(path: str, embedding: Any) -> None:
    """Write an embedding; the file is either whole or not there."""
    part = Path(f"{path}.{os.getpid()}.part")
    with part.open("wb") as stream:
        np.save(stream, embedding)
    part.replace(path)
