"""What adapters share that drive a pipeline of diffusers."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

from shared.base import BaseAdapter
from shared.prompts import texts

if TYPE_CHECKING:
    from pathlib import Path

    from shared.loaded import Loaded


class PipelineAdapter(BaseAdapter):
    """Drives a pipeline; ``pipeline`` is its class, ``length`` its argument for the seconds."""

    pipeline: Any
    length = "audio_length_in_s"

    def __init__(self) -> None:
        super().__init__()
        self.running: Any = None  # the pipeline itself, once it is loaded

    @abstractmethod
    def companions(self, folder: Path | None) -> dict[str, Any]:
        """Return what the pipeline needs beside networks: of the folder, or stubs without one."""

    def options(self, audio_s: float, streams: list[Any]) -> dict[str, Any]:  # noqa: ARG002
        """Return further arguments of the pipeline's call."""
        return {}

    def take(self, loaded: Loaded) -> None:
        """Make the pipeline of the networks."""
        self.running = self.pipeline(**loaded.networks, **self.companions(loaded.folder))
        self.running.set_progress_bar_config(disable=True)

    def make(
        self,
        prompts: list[str],
        negative_prompt: str | None,
        *,
        steps: int,
        audio_s: float,
        streams: list[Any],
    ) -> Any:
        """Return the pipeline's samples (clips, channels, count)."""
        audio = self.running(
            **texts(prompts, negative_prompt),
            **{self.length: audio_s},
            **self.options(audio_s, streams),
            num_inference_steps=steps,
            guidance_scale=self.card["guidance_scale"],
            generator=streams,
            output_type="np",
        ).audios
        return audio.reshape(len(audio), -1, audio.shape[-1])  # mono comes without channels
