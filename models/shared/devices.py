"""Devices and number formats by name, as torch knows them."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import torch  # noqa: TID253 - at home in a model's environment

DTYPES = {"float16": torch.float16, "bfloat16": torch.bfloat16, "float32": torch.float32}


def find_device(name: str) -> Any:
    """Return torch's device of this name (``cpu``, ``cuda:N``) if it is there."""
    device = torch.device(name)
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise RuntimeError(
            f"device {name} is not there: torch {torch.__version__} sees "
            f"{torch.cuda.device_count()} cuda devices; use --device cpu or a torch built for cuda"
        )
    return device


def find_dtype(name: str) -> Any:
    """Return torch's number format of this name."""
    if name not in DTYPES:
        raise ValueError(f"dtype {name!r} is unknown: expected one of {sorted(DTYPES)}")
    return DTYPES[name]


def generator(device: Any, seed: int) -> Any:
    """Return a random generator on the device, at the start of the stream of this seed."""
    return torch.Generator(device).manual_seed(seed)


def gpu_uuid(device: Any) -> str | None:
    """Return the UUID of a GPU in NVML's spelling, None for the CPU."""
    if device.type != "cuda":
        return None
    return f"GPU-{torch.cuda.get_device_properties(device).uuid}"


def versions(*distributions: str) -> dict[str, str]:
    """Ask installed distributions for their versions; torch names its build too."""
    found = {name: version(name) for name in distributions}
    cuda = {"cuda": torch.version.cuda} if torch.version.cuda else {}
    return {"torch": str(torch.__version__), **cuda, **found}
