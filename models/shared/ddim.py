"""DDIM (arXiv:2010.02502) as latent diffusion's own sampler runs it (arXiv:2112.10752).

The arithmetic is diffusers'. The timesteps are the original's, ``range(0, 1000, 1000 // steps)``,
which are more than ``steps`` where 1000 is not a multiple: 167 for 150.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch  # noqa: TID253 - at home in a model's environment
from diffusers import DDIMScheduler  # noqa: TID253

if TYPE_CHECKING:
    from collections.abc import Callable

TRAIN_STEPS = 1000

SCHEDULER = {
    "num_train_timesteps": TRAIN_STEPS,
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "steps_offset": 1,
    "clip_sample": False,
    "set_alpha_to_one": False,
}


def refuse(steps: int) -> str | None:
    """Return why this number of steps cannot be had, or None."""
    if steps > TRAIN_STEPS or timesteps(steps)[0] >= TRAIN_STEPS:
        return f"{steps} steps: upstream's timesteps would begin beyond the {TRAIN_STEPS} there are"
    return None


def timesteps(steps: int) -> list[int]:
    """Return the timesteps that are executed, the noisiest first."""
    return [time + 1 for time in range(0, TRAIN_STEPS, TRAIN_STEPS // steps)][::-1]


def make_scheduler(steps: int) -> DDIMScheduler:
    """Return a scheduler whose stride is that of ``steps``: it reckons it from their number."""
    scheduler = DDIMScheduler(**SCHEDULER)
    scheduler.set_timesteps(steps)
    scheduler.timesteps = torch.tensor(timesteps(steps))
    return scheduler


def draw(shape: list[int], *, generators: list[Any], dtype: Any) -> Any:
    """Return noise (clips, *shape), each clip from its own generator, on the generators' device."""
    clips = [torch.randn(shape, generator=one, device=one.device) for one in generators]
    return torch.stack(clips).to(dtype)


def sample(
    denoise: Callable[[Any, Any, Any], Any],
    noise: Any,
    *,
    condition: Any,
    unconditional: Any,
    steps: int,
    scale: float,
) -> Any:
    """Turn noise into a latent of the same shape.

    ``denoise`` takes twice the clips (without and with the condition, arXiv:2207.12598), one
    timestep for each and the condition (2 clips, tokens, width), and returns the noise it sees.
    """
    scheduler, latent = make_scheduler(steps), noise
    both = torch.cat([unconditional, condition])
    for time in scheduler.timesteps.tolist():
        times = torch.full((len(both),), time, device=noise.device)
        without, given = denoise(torch.cat([latent] * 2), times, both).chunk(2)
        guided = without + scale * (given - without)
        latent = scheduler.step(guided, time, latent, return_dict=False)[0]
    return latent
