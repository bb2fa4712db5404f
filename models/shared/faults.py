"""Faults of a file of weights, each refused in one line that names whose weights they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch  # noqa: TID253 - at home in a model's environment
from safetensors import SafetensorError, safe_open

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

# Buffers that older releases of transformers stored and newer ones compute.
OBSOLETE = ("position_ids",)


def first_line(error: Exception) -> str:
    """Return the line of a library's message that says most, for a message of one line."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def check_readable(name: str, file: Path) -> None:
    """Refuse a file of safetensors that is missing, in pieces or not whole."""
    pieces = file.with_name(f"{file.name}.index.json")
    if pieces.is_file():
        raise RuntimeError(
            f"weights of {name} are in pieces: expected the one file {file}, found {pieces.name}; "
            "save them again in one piece"
        )
    if not file.is_file():
        raise RuntimeError(
            f"weights of {name} are missing: expected the file {file}; "
            "fetch them or give a folder in diffusers' layout"
        )
    try:
        with safe_open(file, framework="pt"):
            pass
    except SafetensorError as error:
        raise RuntimeError(
            f"weights of {name} are damaged: {file} of {file.stat().st_size} bytes is no whole "
            f"safetensors file ({error}); fetch it again"
        ) from error


def refuse_misfit(name: str, missing: Iterable[str], extra: Iterable[str]) -> None:
    """Refuse weights that lack a tensor of the network or hold one that it has no place for."""
    missing = sorted(missing)
    unexpected = sorted(key for key in extra if not key.endswith(OBSOLETE))
    if missing or unexpected:
        raise RuntimeError(
            f"weights of {name} do not fit: {len(missing)} tensors missing {missing[:3]}, "
            f"{len(unexpected)} unexpected {unexpected[:3]}; they belong to another model"
        )


def refuse_contradiction(
    name: str, network: Any, keys: set[str], read: Callable[[str], Any]
) -> None:
    """Refuse two tensors of a file, read by their names, that the network has as one."""
    firsts: dict[tuple[int, Any], str] = {}
    for key, tensor in network.state_dict().items():
        place = tensor.data_ptr(), tensor.shape
        first = firsts.setdefault(place, key) if key in keys else key
        if first != key and not torch.equal(read(first), read(key)):
            raise RuntimeError(
                f"weights of {name} do not fit: {first} and {key} are one tensor of the network "
                "and differ; they belong to another model"
            )
