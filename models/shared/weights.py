"""Where the numbers in a network come from: a seed, a folder, the hub's cache."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch  # noqa: TID253 - at home in a model's environment
from huggingface_hub import snapshot_download
from huggingface_hub.errors import LocalEntryNotFoundError
from safetensors import SafetensorError, safe_open

from shared.counting import build_empty, count, tie
from shared.digests import digest_file
from shared.drawing import draw

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from shared.parts import Part

# Buffers that older releases of transformers stored and newer ones compute.
OBSOLETE = ("position_ids",)


def fill_all(parts: dict[str, Part], *, seed: int, dtype: Any, attention: str) -> dict[str, Any]:
    """Fill every component from the seed."""
    return {
        name: fill_random(part, seed=seed, dtype=dtype, attention=attention)
        for name, part in parts.items()
    }


def load_folders(
    parts: dict[str, Part], folder: Path, *, dtype: Any, attention: str
) -> dict[str, Any]:
    """Load every component from the subfolder of its name."""
    return {
        name: load_folder(name, part, folder, dtype=dtype, attention=attention)
        for name, part in parts.items()
    }


def file_names(parts: dict[str, Part]) -> list[str]:
    """Return the files of weights in a folder in diffusers' layout."""
    return [f"{name}/{part.weights_name}" for name, part in parts.items()]


def locate(weights: str, card: dict[str, Any], cache_dir: str | None) -> Path | None:
    """Return the folder that holds the weights: None for ``random``, the cache for ``hub``."""
    if weights == "random":
        return None
    if weights == "hub":
        return find_in_cache(card["name"], card, card["weights"]["files"], cache_dir)
    if not Path(weights).is_dir():
        raise RuntimeError(
            f"weights folder {weights} is not there: expected random, hub or the folder of a "
            "checkpoint"
        )
    return Path(weights)


def fill_random(part: Part, *, seed: int, dtype: Any, attention: str) -> Any:
    """Build a network from a seed: the same numbers on every device and in every dtype.

    Activations keep their size, so that the audio is no silence.
    """
    network = build_empty(part, attention=attention)
    generator = torch.Generator().manual_seed(seed)
    numbers = {
        name: draw(name, parameter.shape, generator, part.gain).to(
            _number_format(network, name, dtype)
        )
        for name, parameter in network.named_parameters()
    }
    network.load_state_dict(numbers, strict=False, assign=True)
    return cast(tie(network), dtype).requires_grad_(requires_grad=False)


def cast(network: Any, dtype: Any) -> Any:
    """Bring a network to a number format as ``from_pretrained`` would."""
    for named in (network.named_parameters(), network.named_buffers()):
        for name, tensor in named:
            if tensor.is_floating_point():
                tensor.data = tensor.data.to(_number_format(network, name, dtype))
    return network


def _number_format(network: Any, name: str, dtype: Any) -> Any:
    # transformers keeps these modules in float32 beside float16: T5's `wo` overflows in it.
    kept = getattr(network, "_keep_in_fp32_modules", None) or ()
    return torch.float32 if dtype == torch.float16 and set(kept) & set(name.split(".")) else dtype


def load_folder(name: str, part: Part, folder: Path, *, dtype: Any, attention: str) -> Any:
    """Load one component from a folder in the layout of diffusers' ``save_pretrained``."""
    check_readable(name, folder / name / part.weights_name)
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
            f"weights of {name} in {folder} do not load: {first_line(error)}"
        ) from error
    refuse_misfit(name, report["missing_keys"], report["unexpected_keys"])
    _check_size(name, part, network)
    with safe_open(folder / name / part.weights_name, framework="pt") as file:
        refuse_contradiction(name, network, set(file.keys()), file.get_tensor)
    return network.requires_grad_(requires_grad=False).eval()


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


def _check_size(name: str, part: Part, network: Any) -> None:
    expected, found = count(build_empty(part)), count(network)
    if expected != found:
        raise RuntimeError(
            f"weights of {name} are of another size: expected {expected} parameters, found "
            f"{found}; give the checkpoint that model.toml names"
        )


def find_in_cache(
    name: str, repository: dict[str, Any], files: list[str], cache_dir: str | None
) -> Path:
    """Return the folder of a hub checkpoint that was fetched before; nothing is downloaded.

    ``repository`` has ``checkpoint`` and ``revision``; ``files`` are patterns of what is needed of
    it. ``name`` is the model's.
    """
    checkpoint, revision = repository["checkpoint"], repository.get("revision")
    try:
        # Without the patterns newer releases miss the files that nobody asked for.
        folder = snapshot_download(
            checkpoint,
            revision=revision,
            cache_dir=cache_dir,
            allow_patterns=files,
            local_files_only=True,
        )
    except LocalEntryNotFoundError as error:
        raise RuntimeError(
            f"weights of {checkpoint} at revision {revision} are not on this machine, or not all "
            f"of them: fetch them with `tta-energy weights fetch {name}`, or use --weights DIR or "
            "--weights random"
        ) from error
    return Path(folder)


def load_tokenizer(cls: type, folder: Path) -> Any:
    """Load a tokenizer from the folder that holds its files."""
    if not folder.is_dir():
        raise RuntimeError(f"{folder.name} is missing: expected the folder {folder}")
    try:
        # The default of these releases, which warn unless it is said.
        return cls.from_pretrained(folder, local_files_only=True, clean_up_tokenization_spaces=True)
    except (OSError, ValueError, TypeError, ImportError) as error:
        raise RuntimeError(
            f"{folder.name} in {folder} does not load: {first_line(error)}"
        ) from error


def load_scheduler(cls: type, folder: Path) -> Any:
    """Load the configuration of the scheduler that lies beside the networks."""
    try:
        return cls.from_pretrained(folder, subfolder="scheduler", local_files_only=True)
    except (OSError, ValueError) as error:
        raise RuntimeError(f"scheduler in {folder} does not load: {first_line(error)}") from error


def digest(names: Iterable[str], folder: Path, pinned: dict[str, str] | None = None) -> str:
    """Return the sha256 over the lines ``sha256  file`` of these files of a folder, sorted.

    Raises:
        RuntimeError: a file is not the one that is ``pinned``, or that the hub's cache, which
            keeps large files under their own digest, took in.

    """
    lines = []
    for name in sorted(names):
        found = digest_file(folder / name)
        expected = (pinned or {}).get(name) or kept_under(folder / name) or found
        if found != expected:
            raise RuntimeError(
                f"weights are of another revision, or damaged: {name} in {folder} has the sha256 "
                f"{found}, expected {expected}; fetch it again, or give the checkpoint that "
                "model.toml names"
            )
        lines.append(f"{found}  {name}\n")
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def kept_under(file: Path) -> str | None:
    """Return the digest that the hub's cache keeps a file under, if it is one."""
    name = file.resolve().name
    return name if file.is_symlink() and re.fullmatch("[0-9a-f]{64}", name) else None
