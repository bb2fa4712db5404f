"""Weights of LAION-CLAP: from a seed, a folder or the hub's cache; and its keys by other names."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch  # noqa: TID253 - at home in a model's environment
from shared import facts, hubcache, pickles
from shared.digests import digest_file
from shared.randomnumbers import draw
from transformers import RobertaTokenizer

if TYPE_CHECKING:
    from collections.abc import Iterable

CARDS = {card["name"]: card for card in facts.read(__file__, "scorer.toml")["checkpoints"]}
FILES = {"fad": "630k-audioset-best.pt", "clap": "630k-audioset-fusion-best.pt"}
VOCABULARY = 50265  # of roberta-base
# model_configs/HTSAT-tiny.json of laion-clap 1.1.7; 50 Hz is not the extractor's default.
MEL = {
    "feature_size": 64,
    "sampling_rate": 48000,
    "hop_length": 480,
    "max_length_s": 10,
    "fft_window_size": 1024,
    "frequency_min": 50,
    "frequency_max": 14000,
    "padding": "repeatpad",
}
#: Parameters that are a spectrogram and are not learnt.
COMPUTED = ("spectrogram_extractor", "logmel_extractor")
#: Buffers that follow from the configuration; not every release stores each.
BUFFERS = ("position_ids", "token_type_ids", "relative_position_index", "attn_mask")
#: Parts of laion-clap that ClapModel has no use for.
UNUSED = (*COMPUTED, "audio_transform.", "text_transform.", "tscam_conv.", "audio_branch.head.")
RENAMED = (
    (r"^text_branch\.", "text_model."),
    (r"^audio_branch\.", "audio_model.audio_encoder."),
    (r"(^|\.)attn\.proj\.", r"\1attention.output.dense."),
    (r"(^|\.)attn\.", r"\1attention.self."),
    (r"mlp\.fc1\.", "intermediate.dense."),
    (r"mlp\.fc2\.", "output.dense."),
    (r"\.norm1\.", ".layernorm_before."),
    (r"\.norm2\.", ".layernorm_after."),
    (r"\.bn0\.", ".batch_norm."),
    (r"^(audio|text)_projection\.0\.", r"\1_projection.linear1."),
    (r"^(audio|text)_projection\.2\.", r"\1_projection.linear2."),
)


def fill_random(model: Any, seed: int) -> str:
    """Fill a network from a seed and return the digest of its numbers."""
    generator = torch.Generator().manual_seed(seed)
    total = hashlib.sha256()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if any(part in name for part in COMPUTED):
                continue
            parameter.copy_(draw(name, parameter.shape, generator))
            total.update(parameter.numpy().tobytes())
    return total.hexdigest()


def read(weights: str, network: str) -> tuple[str, dict[str, Any]]:
    """Return the digest of a checkpoint and its tensors by laion-clap's names.

    The tensors may lie under ``state_dict`` beside the training's own (``epoch``, ``name``,
    ``optimizer``), each name with ``module.`` before it, as they were published.

    Raises:
        RuntimeError: it is not there, or holds anything but tensors and plain numbers.

    """
    path = find(weights, "scorer") / FILES[network]
    if not path.is_file():
        raise RuntimeError(
            f"weights of the scorer are missing: expected the file {path}; fetch them with "
            "`tta-energy weights fetch scorer`, or give a folder that holds them"
        )
    content = _unpickle(path)
    numbers = content.get("state_dict", content) if isinstance(content, dict) else None
    if not isinstance(numbers, dict) or not all(map(torch.is_tensor, numbers.values())):
        raise RuntimeError(f"weights of the scorer in {path}: expected tensors by name, found none")
    return digest_file(path), {name.removeprefix("module."): one for name, one in numbers.items()}


def _unpickle(path: Path) -> Any:
    """Load a file without running any code in it.

    Raises:
        RuntimeError: it is no checkpoint, or would call something.

    """
    try:
        with torch.serialization.safe_globals(pickles.numpy_values()):
            return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        called = re.search(r"(?:GLOBAL|global:?) `?([\w.]+\.[\w.]+)", str(error))
        found = f"what calls {called[1]}" if called else "a damaged file or another format"
        raise RuntimeError(
            f"weights of the scorer in {path}: expected a checkpoint of tensors and plain numbers, "
            f"found {found}; delete it and fetch them again"
        ) from error


def find(weights: str, name: str) -> Path:
    """Return the folder of the weights: that in the hub's cache, or the one that was named.

    Raises:
        RuntimeError: it is not there.

    """
    if weights != "hub":
        if Path(weights).is_dir():
            return Path(weights)
        raise RuntimeError(
            f"weights folder {weights} is not there: expected random, hub or a folder"
        )
    card = CARDS[name]
    return hubcache.find(name, card, card["weights"]["files"], cache_dir=None)


def load_tokenizer(weights: str) -> Any:
    """Load RoBERTa's tokenizer; in a folder of weights it lies in ``roberta-base``.

    Raises:
        RuntimeError: it is not there, or is not the whole one. A library may answer a missing
            vocabulary with a tokenizer of five tokens, for which all captions are alike.

    """
    folder = find(weights, "scorer-tokenizer") / ("" if weights == "hub" else "roberta-base")
    if not (folder / "vocab.json").is_file():
        raise RuntimeError(
            f"tokenizer: expected vocab.json and merges.txt in {folder}, found none; fetch them "
            "with `tta-energy weights fetch scorer-tokenizer`"
        )
    tokenizer = RobertaTokenizer.from_pretrained(
        str(folder), local_files_only=True, clean_up_tokenization_spaces=True
    )
    if len(tokenizer) != VOCABULARY:
        raise RuntimeError(f"tokenizer: expected {VOCABULARY} tokens, found {len(tokenizer)}")
    return tokenizer


def for_transformers(numbers: dict[str, Any]) -> dict[str, Any]:
    """Return tensors by laion-clap's names under those of ``ClapModel``."""
    renamed: dict[str, Any] = {}
    for name, tensor in numbers.items():
        if any(part in name for part in (*UNUSED, *BUFFERS)):
            continue
        new = _rename(name)
        if ".qkv." in new:
            for part, third in zip(("query", "key", "value"), tensor.chunk(3), strict=True):
                renamed[new.replace("qkv", part)] = third
        else:
            renamed[new] = tensor
    return renamed


def refuse_misfit(report: Any) -> None:
    """Refuse weights that lack a tensor of the network or hold one that it has no place for."""
    missing = _essential(report.missing_keys)
    unexpected = _essential(report.unexpected_keys)
    if missing or unexpected:
        raise RuntimeError(
            f"weights of the scorer do not fit: {len(missing)} tensors missing {missing[:3]}, "
            f"{len(unexpected)} unexpected {unexpected[:3]}; they belong to another network"
        )


def _essential(names: Iterable[str]) -> list[str]:
    return sorted(name for name in names if not name.endswith(BUFFERS))


def _rename(name: str) -> str:
    for pattern, new in RENAMED:
        name = re.sub(pattern, new, name)
    return re.sub(
        r"sequential\.(\d+)\.", lambda found: f"layers.{int(found[1]) // 3}.linear.", name
    )
