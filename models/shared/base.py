"""What every adapter of this folder does alike; a model's own adapter adds what is particular."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from shared import durations, loading
from shared.audio import Generation
from shared.prompts import generators

if TYPE_CHECKING:
    from shared.loaded import Loaded
    from shared.parts import Part


class BaseAdapter(ABC):
    """Drives a model for the worker, once it is said which networks it has and how they run.

    After ``load``, ``denoiser`` is the module whose calls are steps, and ``stages`` has the modules
    whose calls make up each part of a generation, by the part's name.
    """

    card: dict[str, Any]  # the content of model.toml
    libraries: tuple[str, ...] = ()  # to name beside those that every model uses
    layout = loading.DIFFUSERS

    def __init__(self) -> None:
        self.denoiser: Any = None
        self.stages: dict[str, list[Any]] = {}
        self.size = "full"
        self.duration_mode = "paper"

    @abstractmethod
    def parts(self, size: str) -> dict[str, Part]:
        """Return every network of the model by its name."""

    @abstractmethod
    def limit(self, steps: int, audio_s: float, duration_mode: str) -> str | None:
        """Return why so many steps or seconds cannot be had, or None."""

    @abstractmethod
    def latent_shape(self, audio_s: float) -> list[int]:
        """Return the shape of one clip's latent, the channels first."""

    @abstractmethod
    def take(self, loaded: Loaded) -> None:
        """Take the networks to generate with, and what stands beside them in their folder."""

    @abstractmethod
    def find_stages(self, networks: dict[str, Any]) -> dict[str, list[Any]]:
        """Return the modules that are called for each part of a generation, in its order."""

    @abstractmethod
    def make(
        self,
        prompts: list[str],
        negative_prompt: str | None,
        *,
        steps: int,
        audio_s: float,
        streams: list[Any],
    ) -> Any:
        """Return samples (clips, channels, count), each clip drawn from its random stream."""

    def check_source(self, weights: str) -> None:  # noqa: B027 - most take any source
        """Raise where weights cannot come from there."""

    def describe(self, *, size: str) -> dict[str, Any]:
        """Say what would be loaded: versions, parameters by component, form of the audio."""
        return loading.describe(self.parts(size), self.card, *self.libraries)

    def refuse(
        self,
        *,
        steps: int,
        batch_size: int,  # noqa: ARG002 - any batch is worth a try
        audio_s: float,
        duration_mode: str,
    ) -> str | None:
        """Return why this setting cannot be honoured, or None."""
        return self.limit(steps, audio_s, duration_mode)

    def load(
        self,
        *,
        size: str,
        weights: str,
        device: str,
        dtype: str,
        attention: str,
        audio_s: float,
        duration_mode: str,
        cache_dir: str | None,
        seed: int,
    ) -> dict[str, Any]:
        """Bring the networks to the device and say what is there."""
        durations.check(duration_mode)
        self.check_source(weights)
        loaded = loading.load(
            self.parts(size),
            self.card,
            weights=weights,
            device=device,
            dtype=dtype,
            attention=attention,
            cache_dir=cache_dir,
            seed=seed,
            size=size,
            layout=self.layout,
        )
        self.assemble(loaded, size=size, duration_mode=duration_mode)
        shape = self.latent_shape(audio_s)
        return {**loaded.answer, "duration_mode": duration_mode, "latent_shape": shape}

    def assemble(self, loaded: Loaded, *, size: str, duration_mode: str) -> None:
        """Make the loaded networks one model that generates."""
        self.size, self.duration_mode = size, duration_mode
        self.take(loaded)
        self.stages = self.find_stages(loaded.networks)
        (self.denoiser,) = self.stages["denoising"]

    def generate(
        self,
        *,
        prompts: list[str],
        negative_prompt: str | None,
        steps: int,
        audio_s: float,
        seeds: list[int],
    ) -> Generation:
        """Generate one batch: a clip for each prompt, from the seed of the same place."""
        if self.denoiser is None:
            raise RuntimeError("nothing is loaded: load comes before generate")
        streams = generators(prompts, seeds, self.denoiser.device)
        audio = self.make(prompts, negative_prompt, steps=steps, audio_s=audio_s, streams=streams)
        rate_hz = self.card["sample_rate_hz"]
        if self.duration_mode == "exact":
            audio = durations.cut(audio, audio_s, rate_hz)
        return Generation(audio, sample_rate_hz=rate_hz, latent_shape=self.latent_shape(audio_s))
