"""Do the work of each stage of a model again: it must come out as it did, to the last bit.

Usage: ``replay_stages.py MODELS WORKER ADAPTER``. Ends with an error where it does not.
"""

from __future__ import annotations

import importlib.util
import sys

models, worker_path, adapter_path = sys.argv[1:]
sys.path.insert(0, models)
spec = importlib.util.spec_from_file_location("worker", worker_path)
worker = importlib.util.module_from_spec(spec)
spec.loader.exec_module(worker)
adapter = worker.load_adapter(adapter_path)

import torch  # noqa: E402, TID253 - after the adapter, as in the worker
from torch.utils._pytree import tree_leaves  # noqa: E402, TID253


def tensors(output):
    """Return copies of the tensors that came out of a call."""
    values = list(output.values()) if isinstance(output, dict) else output
    return [leaf.clone() for leaf in tree_leaves(values) if torch.is_tensor(leaf)]


def watch(modules, outputs):
    """Have outputs take what the modules give."""
    return [
        module.register_forward_hook(lambda _, __, output: outputs.append(tensors(output)))
        for module in modules
    ]


def same(one, other):
    """Tell whether all tensors are equal to the last bit."""
    return len(one) == len(other) and all(
        a and len(a) == len(b) and all(map(torch.equal, a, b))
        for a, b in zip(one, other, strict=True)
    )


adapter.load(
    size="tiny", weights="random", device="cpu", dtype="float32", attention="sdpa", audio_s=0.64,
    duration_mode="paper", cache_dir=None, seed=0,
)  # fmt: skip
recorder = worker.Recorder()
made = {name: [] for name in adapter.stages}
handles = [one for name, modules in adapter.stages.items() for one in watch(modules, made[name])]
with recorder.listening(adapter.stages):
    adapter.generate(
        prompts=["rain"], negative_prompt="Low quality.", steps=2, audio_s=0.64, seeds=[0]
    )
for handle in handles:
    handle.remove()
for stage, modules in adapter.stages.items():
    assert made[stage], f"{stage}: no call"
    for _ in range(2):
        again = []
        handles = watch(modules, again)
        with worker.without_gradients():
            recorder.replay(stage)
        for handle in handles:
            handle.remove()
        assert same(made[stage], again), f"{stage}: another result"
