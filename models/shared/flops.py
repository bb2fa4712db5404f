"""Floating-point operations of a generation, counted without weights and without the work.

The generation itself runs, control flow and all, around networks that compute shapes alone: each
module of a stage takes its inputs to torch's meta device and returns zeros of the shape that
comes out. torch's own counter (``torch.utils.flop_counter``) sees what it would have computed:
matrix products and convolutions, a multiply-add as two operations; norms, activations and the
arithmetic of the scheduler are not in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch  # noqa: TID253 - at home in a model's environment
from torch.utils._pytree import tree_map  # noqa: TID253
from torch.utils.flop_counter import FlopCounterMode  # noqa: TID253

from shared.counting import build_empty
from shared.loading import Loaded

if TYPE_CHECKING:
    from shared.base import BaseAdapter
    from shared.parts import Part

# One step can be too few for a scheduler of second order.
STEPS = 2
META, CPU = torch.device("meta"), torch.device("cpu")


def count(
    adapter: BaseAdapter,
    *,
    size: str,
    prompt: str,
    negative_prompt: str | None,
    audio_s: float,
    duration_mode: str,
) -> dict[str, int]:
    """Count the operations of one clip by stage; those of ``denoising`` are of one call.

    ``adapter`` must be one that has not been loaded. Attention is computed in single
    steps: of a fused one the counter does not know every kernel, and the operations are the same.
    """
    networks = {name: stand_in(part) for name, part in adapter.parts(size).items()}
    adapter.assemble(Loaded(networks), size=size, duration_mode=duration_mode)
    stages = {**adapter.stages, **adapter.pieces}
    tallies = {name: Tally(modules) for name, modules in stages.items()}
    calls: list[int] = []
    adapter.denoiser.register_forward_pre_hook(lambda *_: calls.append(1))
    adapter.generate(
        prompts=[prompt],
        negative_prompt=negative_prompt,
        steps=STEPS,
        audio_s=audio_s,
        seeds=[0],
    )
    found = {name: tally.operations for name, tally in tallies.items()}
    return {**found, "denoising": found["denoising"] // len(calls)}


def stand_in(part: Part) -> Any:
    """Build a network on the meta device that says it is on the CPU, and stays where it is."""
    network = build_empty(part, attention="eager").to(META)
    if getattr(part, "of_transformers", False):
        network.config.pad_token_id = None  # else BERT reads ids, to warn of padding
    cls = type(network)
    values = {"device": CPU, "to": lambda self, *_, **__: self, "__module__": cls.__module__}
    network.__class__ = type(cls.__name__, (cls,), values)
    return network


class Tally:
    """Counts what modules on the meta device would compute, for callers on the CPU."""

    def __init__(self, modules: list[Any]) -> None:
        self.operations = 0
        for module in modules:
            module.forward = self._counted(module.forward)

    def _counted(self, forward: Any) -> Any:
        def call(*inputs: Any, **named: Any) -> Any:
            inputs, named = tree_map(to_meta, (inputs, named))
            with FlopCounterMode(display=False) as counter:
                outputs = forward(*inputs, **named)
            self.operations += counter.get_total_flops()
            return tree_map(to_zeros, outputs)

        return call


def to_meta(value: Any) -> Any:
    """Return a tensor's shape as a tensor of the meta device; anything else as it is."""
    return value.to(META) if torch.is_tensor(value) else value


def to_zeros(value: Any) -> Any:
    """Return zeros of a meta tensor's shape; anything else as it is."""
    return torch.zeros_like(value, device=CPU) if torch.is_tensor(value) else value
