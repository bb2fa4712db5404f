"""Save a tiny Make-an-Audio, of either kind, in the files that upstream offers.

Runs in the model's interpreter: ``save_make_an_audio.py MODELS NAME FOLDER``. FOLDER/whole is a
good checkpoint, with what a training leaves beside the networks; ``reference.json`` holds the
16-bit samples that these networks make. FOLDER/<harm>-<component> has one tensor missing, one
too many, or one of another shape. ``names.json`` has, by size and component, the SHA-256 over the
sorted lines ``name dimensions`` of all tensors by upstream's names.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import sys
from pathlib import Path, PurePosixPath

models, name, folder = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
sys.path.insert(0, str(models))

from shared import bigvgan, counting, loading, ms_clap, randomfill  # noqa: E402 - the path is an argument

# isort: split

import numpy as np  # noqa: E402
import tiny_tokenizers  # noqa: E402 - beside this script
import torch  # noqa: E402, TID253 - in its own environment
import yaml  # noqa: E402
from transformers import BertTokenizerFast  # noqa: E402

SCALE = 0.5
BESIDE = {
    "betas": torch.zeros(3),
    "alphas_cumprod": torch.zeros(3),
    "alphas_cumprod_prev": torch.zeros(3),
    "sqrt_alphas_cumprod": torch.zeros(3),
    "sqrt_one_minus_alphas_cumprod": torch.zeros(3),
    "log_one_minus_alphas_cumprod": torch.zeros(3),
    "sqrt_recip_alphas_cumprod": torch.zeros(3),
    "sqrt_recipm1_alphas_cumprod": torch.zeros(3),
    "posterior_variance": torch.zeros(3),
    "posterior_log_variance_clipped": torch.zeros(3),
    "posterior_mean_coef1": torch.zeros(3),
    "posterior_mean_coef2": torch.zeros(3),
    "lvlb_weights": torch.zeros(3),
    "logvar": torch.zeros(3),
    "model_ema.decay": torch.zeros(()),
    "first_stage_model.loss.logvar": torch.zeros(()),
    "cond_stage_model.caption_encoder.base.embeddings.position_ids": torch.arange(512)[None],
    "scale_factor": torch.tensor(SCALE),
}
HARMS = {
    "missing": lambda tensors, key: tensors.pop(key),
    "extra": lambda tensors, key: tensors.update({f"{key}.extra": torch.zeros(1)}),
    "shape": lambda tensors, key: tensors.update({key: torch.zeros(3, 1, 4)}),
}


def load_adapter():
    spec = importlib.util.spec_from_file_location("adapter", models / name / "adapter.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


adapter = load_adapter()
driven = adapter.Adapter()


def upstream(component, parts, network):
    """Return a component's tensors by upstream's names, without the prefix."""
    naming = driven.namings(parts).get(component, str)
    tensors = {naming(key): tensor for key, tensor in network.state_dict().items()}
    return {key: as_upstream(component, key, tensor) for key, tensor in tensors.items()}


def as_upstream(component, key, tensor):
    """Make convolutions of one point of what diffusers has as linear maps."""
    if component == "vae" and ".attn" in key and tensor.dim() == 2:
        return tensor[..., None, None]
    return tensor


def digest(tensors):
    lines = sorted(f"{key} {' '.join(map(str, one.shape))}\n" for key, one in tensors.items())
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def name_digests(size):
    parts = adapter.parts(size)
    return {
        component: digest(upstream(component, parts, counting.build_empty(part)))
        for component, part in parts.items()
    }


def save_tokenizers(place):
    letters = "abcdefghijklmnopqrstuvwxyz<>&@,."
    words = [
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        "[MASK]",
        *letters,
        *(f"##{one}" for one in letters),
    ]
    (folder / "vocab.txt").write_text("\n".join(words))
    BertTokenizerFast(str(folder / "vocab.txt")).save_pretrained(place / ms_clap.TOKENIZER)
    if "text_encoder_2" in driven.prefixes:
        tiny_tokenizers.t5(77).save_pretrained(place / "t5-v1_1-large")


def save(place, components):
    """Write the checkpoint, the vocoder and its options."""
    (place / "bigvgan").mkdir(parents=True)
    tensors = {
        prefix + key: tensor
        for component, prefix in driven.prefixes.items()
        for key, tensor in components[component].items()
    }
    # A schedule of the learning rate leaves NumPy's numbers and arrays behind.
    schedule = {"_last_lr": [np.float64(1e-4)], "lr_lambdas": [{"cum_cycles": np.cumsum([0, 9])}]}
    optimizer = {"state": {0: {"step": 1}}}
    beside = {"epoch": 3, "optimizer_states": [optimizer], "lr_schedulers": [schedule]}
    torch.save({"state_dict": {**tensors, **BESIDE}, **beside}, place / driven.checkpoint)
    torch.save({"generator": components["vocoder"]}, place / "bigvgan" / "best_netG.pt")
    options = {**bigvgan.CONFIG["tiny"], **bigvgan.FIXED, "learning_rate": 0.0001}
    (place / "bigvgan" / "args.yml").write_text(yaml.safe_dump(options))


def make_reference(networks):
    driven.choose_attention(networks, "sdpa")
    networks["vae"].register_to_config(scaling_factor=SCALE)
    loaded = loading.Loaded(networks, folder / "whole")
    driven.assemble(loaded, size="tiny", duration_mode="paper")
    audio = driven.generate(
        prompts=["rain"], negative_prompt=None, steps=2, audio_s=0.64, seeds=[0]
    ).audio[0, 0]
    return np.rint(np.clip(audio, -1, 1) * 32767).astype(int).tolist()


def main():
    parts = adapter.parts("tiny")
    networks = randomfill.fill_all(parts, seed=7, dtype=torch.float32, attention="sdpa")
    components = {one: upstream(one, parts, network) for one, network in networks.items()}
    save(folder / "whole", components)
    save_tokenizers(folder / "whole")
    for harm, apply in HARMS.items():
        for one in parts:
            harmed = {key: dict(tensors) for key, tensors in components.items()}
            apply(harmed[one], list(harmed[one])[-1])
            save(folder / f"{harm}-{one}", harmed)
    foreign = {"state_dict": {}, "callbacks": PurePosixPath("checkpoint")}
    (folder / "foreign").mkdir()
    torch.save(foreign, folder / "foreign" / driven.checkpoint)
    names = {size: name_digests(size) for size in ("tiny", "full")}
    (folder / "names.json").write_text(json.dumps(names))
    (folder / "reference.json").write_text(json.dumps(make_reference(networks)))


main()
