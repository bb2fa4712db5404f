"""Save a tiny Stable Audio Open in the vendor's layout, and what its networks make of noise.

Runs in the interpreter of stable-audio-tools: ``save_sat.py MODELS FOLDER``. Beside the folder's
own files: ``inputs.npz``, arguments of the networks, and ``outputs.npz``, their answers.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

models, folder = Path(sys.argv[1]), Path(sys.argv[2])
sys.path[:0] = [str(models), str(Path(__file__).parent)]

from shared import randomfill  # noqa: E402 - the path is an argument
from shared import stable_audio_tools as vendor  # noqa: E402

# isort: split

import numpy as np  # noqa: E402
import tiny_tokenizers  # noqa: E402
import torch  # noqa: E402, TID253 - in its own environment
from safetensors.torch import save_file  # noqa: E402


def load_adapter():
    path = models / "stable-audio-open-sat" / "adapter.py"
    spec = importlib.util.spec_from_file_location("adapter", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def draw_inputs(width):
    """Return two clips' worth of noise for each network, and the seconds they last."""
    stream = torch.Generator().manual_seed(3)
    shapes = {"latent": (2, 64, 48), "text": (2, 130, width), "seconds": (2, 2 * width)}
    drawn = {name: torch.randn(shape, generator=stream) for name, shape in shapes.items()}
    return {**drawn, "time": torch.tensor([0.2, 0.9]), "duration": torch.tensor([10.0, 47.0])}


@torch.no_grad()
def compute(networks, given):
    """Return the answer of each network to its inputs."""
    condition = {"cross_attn_cond": given["text"], "global_cond": given["seconds"]}
    seconds = networks["conditioner"].conditioners["seconds_total"]
    return {
        "transformer": networks["transformer"](given["latent"], given["time"], **condition),
        "vae": networks["vae"].decode(given["latent"]),
        "conditioner": seconds(given["duration"].tolist(), "cpu")[0],
    }


def write_arrays(name, tensors):
    np.savez(folder / name, **{key: one.numpy() for key, one in tensors.items()})


def main():
    adapter = load_adapter()
    made = adapter.parts("tiny")
    networks = randomfill.fill_all(made, seed=7, dtype=torch.float32, attention="sdpa")
    text = networks.pop("text_encoder")
    text.save_pretrained(folder / "text_encoder")
    tiny_tokenizers.t5(128).save_pretrained(folder / "tokenizer")
    tensors = {
        prefix + name: tensor
        for component, prefix in vendor.PREFIXES.items()
        for name, tensor in networks[component].state_dict().items()
    }
    save_file(tensors, folder / "model.safetensors")
    torch.save({"state_dict": tensors}, folder / "model.ckpt")
    given = draw_inputs(text.config.d_model)
    write_arrays("inputs.npz", given)
    write_arrays("outputs.npz", compute(networks, given))


main()
