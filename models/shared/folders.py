"""Folders as diffusers' ``save_pretrained`` leaves them: each network in one of its name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from safetensors import safe_open

from shared import faults
from shared.counting import build_empty, count

if TYPE_CHECKING:
    from pathlib import Path

    from shared.parts import Part


def load_all(parts: dict[str, Part], folder: Path, *, dtype: Any, attention: str) -> dict[str, Any]:
    """Load every network from the subfolder of its name."""
    return {
        name: load(name, part, folder, dtype=dtype, attention=attention)
        for name, part in parts.items()
    }


def load(name: str, part: Part, folder: Path, *, dtype: Any, attention: str) -> Any:
    """Load one network: no tensor missing, too many or of another shape."""
    faults.check_readable(name, folder / name / part.weights_name)
    try:
        network, report = part.cls.from_pretrained(
            folder,
            subfolder=name,
            torch_dtype=dtype,
            use_safetensors=True,
            local_files_only=True,
            low_cpu_mem_usage=False,  # diffusers reports unexpected tensors on this path only
            output_loading_info=True,
            **part.options(attention),
        )
    except (OSError, RuntimeError, ValueError, KeyError) as error:
        raise RuntimeError(
            f"weights of {name} in {folder} do not load: {faults.first_line(error)}"
        ) from error
    faults.refuse_misfit(name, report["missing_keys"], report["unexpected_keys"])
    _check_size(name, part, network)
    with safe_open(folder / name / part.weights_name, framework="pt") as file:
        faults.refuse_contradiction(name, network, set(file.keys()), file.get_tensor)
    return network.requires_grad_(requires_grad=False).eval()


def _check_size(name: str, part: Part, network: Any) -> None:
    expected, found = count(build_empty(part)), count(network)
    if expected != found:
        raise RuntimeError(
            f"weights of {name} are of another size: expected {expected} parameters, found "
            f"{found}; give the checkpoint that model.toml names"
        )


def file_names(parts: dict[str, Part]) -> list[str]:
    """Return the files of weights of all networks."""
    return [f"{name}/{part.weights_name}" for name, part in parts.items()]
