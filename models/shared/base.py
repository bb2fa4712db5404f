"""What every adapter of this folder does alike; a model's own adapter adds what is particular."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from shared import counting, devices, durations, folders, loading
from shared.audio import Generation
from shared.prompts import generators

if TYPE_CHECKING:
    from pathlib import Path

    from shared.loading import Loaded
    from shared.parts import Part


class BaseAdapter(ABC):
    """Drives a model for the worker, once it is said which networks it has and how they run.

    After ``load``, ``denoiser`` is the module whose calls are steps, and ``stages`` has the modules
    whose calls make up each part of a generation, by the part's name.
    """

    card: dict[str, Any]  # the content of model.toml
    libraries: tuple[str, ...]  # whose versions are named beside torch's

    def __init__(self) -> None:
        self.denoiser: Any = None
        self.stages: dict[str, list[Any]] = {}
        # Of a stage whose own module reads numbers: the modules in it that do not. Operations are
        # counted by shapes alone, where there are no numbers.
        self.pieces: dict[str, list[Any]] = {}
        self.device: Any = None
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

    def read(
        self, parts: dict[str, Part], folder: Path, *, dtype: Any, attention: str
    ) -> dict[str, Any]:
        """Make the networks of the files in a folder: here each in the subfolder of its name."""
        return folders.load_all(parts, folder, dtype=dtype, attention=attention)

    def files(self, parts: dict[str, Part], folder: Path) -> list[str]:  # noqa: ARG002
        """Return which files of the folder ``read`` reads."""
        return folders.file_names(parts)

    def choose_attention(self, networks: dict[str, Any], attention: str) -> None:  # noqa: B027
        """Make networks attend this way that were not already built to."""

    @abstractmethod
    def name_attention(self, networks: dict[str, Any]) -> str:
        """Say how each network attends: ``unet=sdpa text_encoder=eager``."""

    def count(self, network: Any) -> int:
        """Count the parameters of a network."""
        return counting.count(network)

    def describe(self, *, size: str) -> dict[str, Any]:
        """Say what would be loaded: versions, parameters by component, form of the audio."""
        return {
            "libraries": devices.versions(*self.libraries),
            "parameters": {
                name: self.count(counting.build_empty(part))
                for name, part in self.parts(size).items()
            },
            "sample_rate_hz": self.card["sample_rate_hz"],
            "channels": self.card["channels"],
        }

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
            self,
            size=size,
            weights=weights,
            device=device,
            dtype=dtype,
            attention=attention,
            cache_dir=cache_dir,
            seed=seed,
        )
        self.assemble(loaded, size=size, duration_mode=duration_mode)
        shape = self.latent_shape(audio_s)
        return {**loaded.answer, "duration_mode": duration_mode, "latent_shape": shape}

    def assemble(self, loaded: Loaded, *, size: str, duration_mode: str) -> None:
        """Make the loaded networks one model that generates; ``take`` is the model's own share."""
        self.size, self.duration_mode, self.device = size, duration_mode, loaded.device
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
        streams = generators(prompts, seeds, self.device)
        audio = self.make(prompts, negative_prompt, steps=steps, audio_s=audio_s, streams=streams)
        rate_hz = self.card["sample_rate_hz"]
        if self.duration_mode == "exact":
            audio = durations.cut(audio, audio_s, rate_hz)
        return Generation(audio, sample_rate_hz=rate_hz, latent_shape=self.latent_shape(audio_s))
