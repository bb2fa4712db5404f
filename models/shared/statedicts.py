"""Checkpoints that upstream saved with ``torch.save``: what does not fit the network is refused."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

import torch  # noqa: TID253 - at home in a model's environment

from shared import faults, precision
from shared.counting import build_empty, tie

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from shared.parts import Part


def read(file: Path, components: Iterable[str], *, key: str | None = None) -> dict[str, Any]:
    """Read the tensors of a file, or those that it holds under a key.

    ``components`` says in a message whose they are.
    """
    whose = " and ".join(components)
    if not file.is_file():
        raise RuntimeError(
            f"weights of {whose} are missing: expected the file {file}; fetch them or give a "
            "folder in upstream's layout"
        )
    try:
        tensors = torch.load(file, map_location="cpu", weights_only=True)
    except (RuntimeError, ValueError, EOFError, OSError, pickle.UnpicklingError) as error:
        raise RuntimeError(
            f"weights of {whose} are damaged: {file} of {file.stat().st_size} bytes does not load "
            f"({faults.first_line(error)}); fetch it again"
        ) from error
    if key is not None and isinstance(tensors, dict):
        tensors = tensors.get(key)
    if not isinstance(tensors, dict) or not all(map(torch.is_tensor, tensors.values())):
        raise RuntimeError(f"weights of {whose} are of no use: {file} holds no named tensors")
    return tensors


def split(tensors: dict[str, Any], prefixes: dict[str, str], file: Path) -> dict[str, Any]:
    """Return the tensors of each component (component -> prefix), their prefix cut off."""
    found: dict[str, dict[str, Any]] = {component: {} for component in prefixes}
    strays = []
    for name, tensor in tensors.items():
        owner = next((one for one, prefix in prefixes.items() if name.startswith(prefix)), None)
        if owner is None:
            strays.append(name)
        else:
            found[owner][name[len(prefixes[owner]) :]] = tensor
    if strays:
        raise RuntimeError(
            f"weights in {file} do not fit: {len(strays)} tensors belong to none of "
            f"{', '.join(prefixes)}: {sorted(strays)[:3]}"
        )
    return found


def rename(part: Part, tensors: dict[str, Any], naming: Callable[[str], str]) -> dict[str, Any]:
    """Give tensors our names; ``naming`` goes from ours to upstream's.

    A name that is not upstream's stays, for ``build`` to refuse. A convolution with a kernel of
    one point, (n, m, 1, 1), becomes the linear map (n, m) that diffusers has in its place.
    """
    own = build_empty(part).state_dict()
    names = {naming(name): name for name in own}
    renamed = {}
    for name, tensor in tensors.items():
        ours = names.get(name, f"{name} (no name of upstream's)" if name in own else name)
        linear = ours in own and own[ours].dim() < tensor.dim()
        renamed[ours] = tensor[..., 0, 0] if linear and tensor.shape[2:] == (1, 1) else tensor
    return renamed


def build(
    name: str,
    part: Part,
    tensors: dict[str, Any],
    *,
    dtype: Any,
    attention: str,
    computed: Iterable[str] = (),
) -> Any:
    """Make a network of a state dict: no tensor missing, none too many, none of another shape.

    ``computed`` names buffers that the network makes itself and upstream does not store.
    """
    network = build_empty(part, attention=attention)
    expected = network.state_dict()
    missing = expected.keys() - tensors.keys() - set(computed)
    faults.refuse_misfit(name, missing, tensors.keys() - expected.keys())
    for key, tensor in sorted(tensors.items()):
        if tensor.shape != expected[key].shape:
            raise RuntimeError(
                f"weights of {name} do not fit: {key} has the shape {tuple(tensor.shape)}, "
                f"expected {tuple(expected[key].shape)}; they belong to another model"
            )
    network.load_state_dict(tensors, strict=False, assign=True)
    faults.refuse_contradiction(name, tie(network), set(tensors), tensors.__getitem__)
    return precision.cast(network, dtype).requires_grad_(requires_grad=False).eval()
