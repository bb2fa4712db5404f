"""What ``load`` does for every adapter: from the names of settings to networks on a device."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shared import attention as attentions
from shared import counting, devices
from shared import weights as sources
from shared.loaded import Loaded

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from shared.parts import Part


LIBRARIES = ("diffusers", "transformers", "accelerate", "numpy")


def describe(parts: dict[str, Part], card: dict[str, Any], *more: str) -> dict[str, Any]:
    """Say what would be loaded, ``card`` being the content of ``model.toml``.

    ``more`` names libraries beside those that every model uses.
    """
    return {
        "libraries": devices.versions(*LIBRARIES, *more),
        "parameters": counting.count_all(parts),
        "sample_rate_hz": card["sample_rate_hz"],
        "channels": card["channels"],
    }


@dataclass(frozen=True)
class Layout:
    """How a folder holds a model: the files of its weights, and what makes networks of them."""

    files: Callable[[dict[str, Part]], list[str]]
    read: Callable[..., dict[str, Any]]


DIFFUSERS = Layout(files=sources.file_names, read=sources.load_folders)


def load(
    parts: dict[str, Part],
    card: dict[str, Any],
    *,
    weights: str,
    device: str,
    dtype: str,
    attention: str,
    cache_dir: str | None,
    seed: int,
    size: str,
    layout: Layout = DIFFUSERS,
) -> Loaded:
    """Load every part, or fill it from the seed; ``card`` is the content of ``model.toml``.

    What is loaded from the hub or at full size must be the files that the card has digests of.
    """
    attentions.check(attention)
    place, number = devices.find_device(device), devices.find_dtype(dtype)
    folder = sources.locate(weights, card, cache_dir)
    companions = find_companions(card, cache_dir) if weights == "hub" else {}
    if folder is None:
        networks = sources.fill_all(parts, seed=seed, dtype=number, attention=attention)
    else:
        networks = layout.read(parts, folder, dtype=number, attention=attention)
    attentions.select(networks, attention)
    networks = {name: network.to(place) for name, network in networks.items()}
    pinned = card.get("weights", {}).get("sha256") if size == "full" or weights == "hub" else None
    answer = {
        "dtype": dtype,
        "attention": attentions.describe(networks),
        "device": device,
        "weights": "folder" if folder and weights != "hub" else weights,
        "weights_sha256": sources.digest(layout.files(parts), folder, pinned) if folder else None,
        "parameters": {name: counting.count(one) for name, one in networks.items()},
        "gpu_uuid": devices.gpu_uuid(place),
    }
    return Loaded(networks, folder, answer, companions)


def find_companions(card: dict[str, Any], cache_dir: str | None) -> dict[str, Path]:
    """Return where the checkpoints lie that the card names beside the model's own.

    With ``--weights DIR`` each is expected in the subfolder of its name.
    """
    return {
        one["name"]: sources.find_in_cache(card["name"], one, one["files"], cache_dir)
        for one in card.get("companions", ())
    }
