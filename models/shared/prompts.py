"""Prompts as the pipelines of diffusers take them, and the seeds that go with them."""

from __future__ import annotations

from typing import Any

from shared import devices


def texts(prompts: list[str], negative_prompt: str | None) -> dict[str, Any]:
    """Return the text arguments of a pipeline.

    A prompt that all clips share is encoded once, as the paper's batches were
    (``num_waveforms_per_prompt`` in the authors' scripts).
    """
    if len(set(prompts)) == 1:
        return {
            "prompt": prompts[0],
            "negative_prompt": negative_prompt,
            "num_waveforms_per_prompt": len(prompts),
        }
    negative = None if negative_prompt is None else [negative_prompt] * len(prompts)
    return {"prompt": prompts, "negative_prompt": negative}


def generators(prompts: list[str], seeds: list[int], device: Any) -> list[Any]:
    """Return a random generator for each clip, so that it can be repeated alone."""
    if len(seeds) != len(prompts):
        raise ValueError(f"{len(prompts)} seeds expected, one a prompt; found {len(seeds)}")
    return [devices.generator(device, seed) for seed in seeds]
