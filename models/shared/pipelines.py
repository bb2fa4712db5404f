"""What adapters share that drive a pipeline of diffusers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shared import faults, tokens
from shared.prompts import texts
from shared.stock import StockAdapter

if TYPE_CHECKING:
    from pathlib import Path

    from shared.loading import Loaded


class PipelineAdapter(StockAdapter):
    """Drives a pipeline; ``pipeline`` is its class, ``length`` its argument for the seconds."""

    pipeline: Any
    length = "audio_length_in_s"
    # By the pipeline's name for it: the tokenizer's class, and what stands in for it where random
    # weights come without a vocabulary.
    tokenizers: dict[str, tuple[Any, tokens.Stub]]
    # Its class, and the configuration that it has where no folder has another.
    scheduler: tuple[Any, dict[str, Any]]

    def __init__(self) -> None:
        super().__init__()
        self.running: Any = None  # the pipeline itself, once it is loaded

    def companions(self, folder: Path | None) -> dict[str, Any]:
        """Return what the pipeline needs beside networks: of the folder, or stubs without one."""
        cls, config = self.scheduler
        if folder is None:
            stubs = {name: stub for name, (_, stub) in self.tokenizers.items()}
            return {**stubs, "scheduler": cls(**config)}
        real = {name: tokens.load(one, folder / name) for name, (one, _) in self.tokenizers.items()}
        return {**real, "scheduler": load_scheduler(cls, folder)}

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


def load_scheduler(cls: type, folder: Path) -> Any:
    """Load the configuration of the scheduler that lies beside the networks."""
    try:
        return cls.from_pretrained(folder, subfolder="scheduler", local_files_only=True)
    except (OSError, ValueError) as error:
        raise RuntimeError(
            f"scheduler in {folder} does not load: {faults.first_line(error)}"
        ) from error
