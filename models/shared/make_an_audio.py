"""What Make-an-Audio (arXiv:2301.12661) and its successor (arXiv:2305.18474) share.

Both keep diffusion model, autoencoder and text encoders in one checkpoint of their training, and
the vocoder in files of its own.
"""

from __future__ import annotations

import pickle
import re
import zipfile
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch  # noqa: TID253 - at home in a model's environment
import yaml

from shared import bigvgan, pickles, statedicts
from shared.faults import first_line

if TYPE_CHECKING:
    from pathlib import Path

    from shared.parts import Part

VOCODER_OPTIONS, VOCODER_WEIGHTS = "bigvgan/args.yml", "bigvgan/best_netG.pt"
SCALE = "scale_factor"

# What a checkpoint may hold beside the networks, and why it is not loaded.
UNUSED = {
    r"((log_one_minus_|sqrt_|sqrt_one_minus_|sqrt_recip_|sqrt_recipm1_)?alphas_cumprod)"
    r"|alphas_cumprod_prev|betas": "the noise schedule: the sampler computes it",
    r"posterior_(variance|log_variance_clipped|mean_coef[12])": (
        "the noise schedule: the sampler computes what it needs"
    ),
    r"lvlb_weights|logvar": "weights of the training loss",
    r"model_ema\..*": "running averages of the weights, which upstream's configuration turns off",
    r"first_stage_model\.loss\..*": "the discriminator that trained the autoencoder",
    r".*\.position_ids": "a buffer that older releases of transformers stored",
}

Naming = Callable[[str], str]


def read(
    parts: dict[str, Part],
    folder: Path,
    *,
    checkpoint: str,
    prefixes: dict[str, str],
    namings: dict[str, Naming],
    dtype: Any,
    attention: str,
) -> tuple[dict[str, Any], float]:
    """Make the networks of upstream's files; the number is the scale of the latent.

    ``prefixes``: component -> what its tensors' names begin with. ``namings``: component -> from
    the name of our tensor to upstream's, where they are not the same.
    """
    shares, scale = read_training(folder / checkpoint, prefixes)
    for name, naming in namings.items():
        shares[name] = statedicts.rename(parts[name], shares[name], naming)
    check_options(folder / VOCODER_OPTIONS, parts["vocoder"].config)
    shares["vocoder"] = read_entry(folder / VOCODER_WEIGHTS, ["vocoder"], "generator")
    return {
        name: statedicts.build(name, part, copies(shares[name]), dtype=dtype, attention=attention)
        for name, part in parts.items()
    }, scale


def read_training(file: Path, prefixes: dict[str, str]) -> tuple[dict[str, dict[str, Any]], float]:
    """Return the tensors of each component, their prefix cut off, and the scale of the latent."""
    tensors = read_entry(file, list(prefixes), "state_dict")
    if SCALE not in tensors:
        raise RuntimeError(f"weights of vae do not fit: {file} holds no {SCALE}")
    scale = tensors.pop(SCALE).item()
    used = {name: tensor for name, tensor in tensors.items() if not is_unused(name)}
    return statedicts.split(used, prefixes, file), scale


def files(checkpoint: str) -> list[str]:
    """Return the files that hold the networks."""
    return [checkpoint, VOCODER_OPTIONS, VOCODER_WEIGHTS]


def refuse_hub(weights: str, card: dict[str, Any]) -> None:
    """Say where the files lie that are on no hub."""
    if weights == "hub":
        raise RuntimeError(
            f"weights of {card['name']} cannot be had from the hub alone: "
            f"{card['weights']['by_hand']}, or use --weights random"
        )


def copies(tensors: dict[str, Any]) -> dict[str, Any]:
    """Copy tensors into memory, so that no file is read while the model runs."""
    return {name: tensor.clone() for name, tensor in tensors.items()}


def is_unused(name: str) -> bool:
    """Say whether a tensor of the checkpoint is one that the networks have no use for."""
    return any(re.fullmatch(pattern, name) for pattern in UNUSED)


def read_entry(file: Path, components: list[str], entry: str) -> dict[str, Any]:
    """Return the tensors under one entry of a file; ``components`` says whose they are."""
    whose = " and ".join(components)
    if not file.is_file():
        raise RuntimeError(
            f"weights of {whose} are missing: expected the file {file}; get it from where "
            "model.toml says"
        )
    content = unpickle(file, whose)
    tensors = content.get(entry) if isinstance(content, dict) else None
    if not isinstance(tensors, dict) or not all(map(torch.is_tensor, tensors.values())):
        raise RuntimeError(
            f"weights of {whose} are of no use: {file} holds no named tensors under {entry!r}"
        )
    return dict(tensors)


def unpickle(file: Path, whose: str) -> Any:
    """Read a pickled file; what would call a function is refused, so no code in it runs.

    The tensors stay in the file, where the format allows it: the optimizer's are not wanted.
    """
    whole = zipfile.is_zipfile(file)
    try:
        with torch.serialization.safe_globals(pickles.numpy_values()):
            return torch.load(file, map_location="cpu", weights_only=True, mmap=whole)
    except (RuntimeError, ValueError, EOFError, OSError, KeyError, pickle.UnpicklingError) as error:
        foreign = re.search(r"GLOBAL (\S+)", str(error))
        if whole and foreign:
            raise RuntimeError(
                f"weights of {whose} are not read: {file} holds a {foreign[1]} beside tensors, "
                "which could run code; where you trust it, save what is needed of it alone"
            ) from error
        raise RuntimeError(
            f"weights of {whose} are damaged: {file} of {file.stat().st_size} bytes does not load "
            f"({first_line(error)}); get it again"
        ) from error


def check_options(file: Path, config: dict[str, Any]) -> None:
    """Refuse a vocoder whose options, in YAML, describe another network."""
    if not file.is_file():
        raise RuntimeError(f"weights of vocoder are missing: expected the file {file}")
    try:
        found = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise RuntimeError(f"weights of vocoder are damaged: {file} is no YAML") from error
    options = found if isinstance(found, dict) else {}
    for name, value in {**config, **bigvgan.FIXED}.items():
        if options.get(name) != value:
            raise RuntimeError(
                f"weights of vocoder do not fit: {name} {value} expected, found "
                f"{options.get(name)} in {file}"
            )
