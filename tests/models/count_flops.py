"""Count the operations of a tiny model twice: by shape alone, and while it really generates.

Runs in the model's interpreter: ``count_flops.py MODELS NAME``. Prints one JSON object: what
``shared.flops`` counts, at tiny and at full size, and under ``eager`` and ``sdpa`` what torch
counts in a whole generation, with the calls of the denoiser in it. Of the fused kernels of the
CPU torch counts nothing, so sdpa runs as the matrix products it stands for.
"""

from __future__ import annotations

import importlib.util
import json
import sys
import tomllib
from pathlib import Path

models, name = Path(sys.argv[1]), sys.argv[2]
sys.path.insert(0, str(models))

from shared import flops  # noqa: E402 - the path is an argument

# isort: split

from torch.nn.attention import SDPBackend, sdpa_kernel  # noqa: E402, TID253 - at home here
from torch.utils.flop_counter import FlopCounterMode  # noqa: E402, TID253

PROTOCOL = models.parent / "repro" / "protocols" / "paper.toml"
TEXTS = {"prompt": "rain on a roof", "negative_prompt": "Low quality."}
STEPS, TINY_S = 2, 1.28


def load_adapter():
    spec = importlib.util.spec_from_file_location("adapter", models / name / "adapter.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Adapter()


def count_really(attention):
    adapter, calls = load_adapter(), []
    adapter.load(
        size="tiny",
        weights="random",
        device="cpu",
        dtype="float32",
        attention=attention,
        audio_s=TINY_S,
        duration_mode="paper",
        cache_dir=None,
        seed=0,
    )
    adapter.denoiser.register_forward_pre_hook(lambda *_: calls.append(1))
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        adapter.generate(
            prompts=[TEXTS["prompt"]],
            negative_prompt=TEXTS["negative_prompt"],
            steps=STEPS,
            audio_s=TINY_S,
            seeds=[0],
        )
    return {"total": counter.get_total_flops(), "calls": len(calls)}


def count_full():
    asked = tomllib.loads(PROTOCOL.read_text())["generation"]
    texts = {name: asked[name] for name in TEXTS}
    how = {"size": "full", "audio_s": asked["audio_s"], "duration_mode": "paper"}
    return flops.count(load_adapter(), **texts, **how)


how = {"size": "tiny", "audio_s": TINY_S, "duration_mode": "paper"}
found = {
    "tiny": flops.count(load_adapter(), **TEXTS, **how),
    "full": count_full(),
    **{attention: count_really(attention) for attention in ("eager", "sdpa")},
}
sys.stdout.write(json.dumps(found))
