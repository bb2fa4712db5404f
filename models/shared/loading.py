"""What ``load`` does for every adapter: from the names of settings to networks on a device."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared import devices, digests, hubcache, randomfill

if TYPE_CHECKING:
    from shared.base import BaseAdapter

ATTENTION = ("eager", "sdpa")


@dataclass(frozen=True)
class Loaded:
    """Networks on their device; ``answer`` is what the harness is told of them.

    ``companions`` are folders of other checkpoints that the model needs, by name.
    """

    networks: dict[str, Any]
    folder: Path | None = None
    device: Any = "cpu"
    answer: dict[str, Any] = field(default_factory=dict)
    companions: dict[str, Path] = field(default_factory=dict)

    def find(self, name: str) -> Path | None:
        """Return the folder of a part that is no network; None where no weights were loaded."""
        if self.folder is None:
            return None
        return self.companions.get(name, self.folder / name)


def load(
    adapter: BaseAdapter,
    *,
    size: str,
    weights: str,
    device: str,
    dtype: str,
    attention: str,
    cache_dir: str | None,
    seed: int,
) -> Loaded:
    """Load every network of an adapter, or fill it from the seed.

    What is loaded from the hub or at full size must be the files that the card has digests of.
    """
    if attention not in ATTENTION:
        raise ValueError(f"attention {attention!r} is unknown: expected one of {list(ATTENTION)}")
    place = devices.find_device(device)
    how = {"dtype": devices.find_dtype(dtype), "attention": attention}
    card, parts = adapter.card, adapter.parts(size)
    folder = locate(weights, card, cache_dir)
    companions = hubcache.find_companions(card, cache_dir) if weights == "hub" else {}
    if folder is None:
        networks = randomfill.fill_all(parts, seed=seed, **how)
    else:
        networks = adapter.read(parts, folder, **how)
    adapter.choose_attention(networks, attention)
    networks = {name: network.to(place) for name, network in networks.items()}
    pinned = card.get("weights", {}).get("sha256") if size == "full" or weights == "hub" else None
    digest = digests.digest_all(adapter.files(parts, folder), folder, pinned) if folder else None
    answer = {
        "dtype": dtype,
        "attention": adapter.name_attention(networks),
        "device": device,
        "weights": "folder" if folder and weights != "hub" else weights,
        "weights_sha256": digest,
        "parameters": {name: adapter.count(network) for name, network in networks.items()},
        "gpu_uuid": devices.gpu_uuid(place),
    }
    return Loaded(networks, folder, place, answer, companions)


def locate(weights: str, card: dict[str, Any], cache_dir: str | None) -> Path | None:
    """Return the folder that holds the weights: None for ``random``, the cache for ``hub``."""
    if weights == "random":
        return None
    if weights == "hub":
        return hubcache.find(card["name"], card, card["weights"]["files"], cache_dir)
    if not Path(weights).is_dir():
        raise RuntimeError(
            f"weights folder {weights} is not there: expected random, hub or the folder of a "
            "checkpoint"
        )
    return Path(weights)
