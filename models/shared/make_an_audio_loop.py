"""How Make-an-Audio (arXiv:2301.12661) and its successor (arXiv:2305.18474) generate."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch  # noqa: TID253 - at home in a model's environment

from shared import bigvgan, ddim, durations, make_an_audio
from shared.stock import StockAdapter

if TYPE_CHECKING:
    from pathlib import Path

    from shared.make_an_audio import Naming
    from shared.parts import Part

TOKENS = 77  # of every text, padded


@dataclass(frozen=True)
class Columns:
    """How many columns a latent has: ``per_second`` by upstream's reckoning, in ``multiple``s.

    The vocoder makes ``samples`` of each.
    """

    per_second: float
    multiple: int
    samples: int

    def count(self, audio_s: float, duration_mode: str) -> int:
        """Return the columns: upstream cuts to an integer, then fills a multiple."""
        if duration_mode == "exact":
            return durations.count_frames(
                audio_s, bigvgan.SAMPLE_RATE_HZ, samples=self.samples, multiple=self.multiple
            )
        return -(-int(audio_s * self.per_second) // self.multiple) * self.multiple


class MakeAnAudioAdapter(StockAdapter):
    """Drives either model: guided DDIM, then the autoencoder, then BigVGAN."""

    columns: Columns
    checkpoint: str  # the file that holds all networks but the vocoder
    prefixes: dict[str, str]  # network -> what its tensors' names begin with in there
    texts: tuple[str, ...]  # the networks that read the prompt
    noise: str  # the one that finds the noise

    def __init__(self) -> None:
        super().__init__()
        self.networks: dict[str, Any] = {}

    @abstractmethod
    def condition(self, prompts: list[str]) -> Any:
        """Return the states of prompts (prompts, tokens, width)."""

    @abstractmethod
    def unconditional(self, count: int) -> Any:
        """Return the states of ``count`` empty texts (count, tokens, width)."""

    @abstractmethod
    def denoise(self, latents: Any, times: Any, states: Any) -> Any:
        """Return the noise in latents (b, *shape), given a timestep for each and its text."""

    @abstractmethod
    def decode(self, latents: Any) -> Any:
        """Return mels (clips, 80, frames) of latents on the autoencoder's own scale."""

    def namings(self, parts: dict[str, Part]) -> dict[str, Naming]:  # noqa: ARG002
        """Return what turns our names of tensors into upstream's, where they differ."""
        return {}

    def read(
        self, parts: dict[str, Part], folder: Path, *, dtype: Any, attention: str
    ) -> dict[str, Any]:
        """Make the networks of the files as upstream offers them."""
        networks, scale = make_an_audio.read(
            parts,
            folder,
            checkpoint=self.checkpoint,
            prefixes=self.prefixes,
            namings=self.namings(parts),
            dtype=dtype,
            attention=attention,
        )
        networks["vae"].register_to_config(scaling_factor=scale)
        return networks

    def files(self, parts: dict[str, Part], folder: Path) -> list[str]:  # noqa: ARG002
        """Return which files of the folder hold the networks."""
        return make_an_audio.files(self.checkpoint)

    def find_stages(self, networks: dict[str, Any]) -> dict[str, list[Any]]:
        """Return the modules of each part of a generation."""
        return {
            "text_encoding": [networks[name] for name in self.texts],
            "denoising": [networks[self.noise]],
            "decoding": [networks["vae"].post_quant_conv, networks["vae"].decoder],
            "vocoding": [networks["vocoder"]],
        }

    def check_source(self, weights: str) -> None:
        """Say where the files lie that are on no hub."""
        make_an_audio.refuse_hub(weights, self.card)

    def limit(self, steps: int, audio_s: float, duration_mode: str) -> str | None:  # noqa: ARG002
        """Return why so many steps or seconds cannot be had, or None."""
        shortest_s = 1 / self.columns.per_second
        if audio_s < shortest_s:
            return f"{audio_s} s of audio: the shortest latent is {shortest_s:.3f} s"
        return ddim.refuse(steps)

    @torch.no_grad()
    def make(
        self,
        prompts: list[str],
        negative_prompt: str | None,  # noqa: ARG002 - upstream takes none, guidance starts at ""
        *,
        steps: int,
        audio_s: float,
        streams: list[Any],
    ) -> Any:
        """Return samples (clips, 1, count)."""
        shape = self.latent_shape(audio_s)
        latents = ddim.sample(
            self.denoise,
            ddim.draw(shape, generators=streams, dtype=self.denoiser.dtype),
            unconditional=self.unconditional(len(prompts)),
            condition=self.condition(prompts),
            steps=steps,
            scale=self.card["guidance_scale"],
        )
        mels = self.decode(latents / self.networks["vae"].config.scaling_factor)
        return vocode(self.networks["vocoder"], mels)


def encode_padded(tokenizer: Any, encoder: Any, texts: list[str]) -> Any:
    """Return the states (texts, 77, width) of padded texts; the padding is not masked."""
    ids = tokenizer(
        texts, padding="max_length", max_length=TOKENS, truncation=True, return_tensors="pt"
    ).input_ids
    return encoder(input_ids=ids.to(encoder.device)).last_hidden_state


def vocode(vocoder: Any, mels: Any) -> Any:
    """Turn mels (clips, 80, frames) into samples (clips, 1, 256 frames), one clip at a time."""
    return torch.cat([vocoder(mel[None]) for mel in mels]).float().cpu().numpy()
