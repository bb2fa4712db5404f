"""torchvision and torchaudio beside a torch without CUDA, where theirs are built for it.

Their compiled parts then cannot be loaded, and importing them fails; nothing here needs those
parts. Imported before either, it declares the operators that torchvision registers functions
for, and takes the place of torchaudio's loader. With matching builds it does nothing: the
operators would be defined twice.
"""

from __future__ import annotations

import importlib.util
import sys
import types
from pathlib import Path
from typing import Any

import torch  # noqa: TID253 - at home in a model's environment

#: Declared operators live as long as this does.
KEPT: list[Any] = []
BOXES = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"


def built_for_cuda(package: str) -> bool:
    """Whether an installed package of the torch family says it was built for CUDA."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        return False
    return "+cu" in Path(spec.origin).with_name("version.py").read_text(encoding="utf-8")


def replace_compiled_parts() -> None:
    """Make both packages importable beside a torch without CUDA, where they are not."""
    if torch.version.cuda is not None:
        return
    if built_for_cuda("torchvision"):
        library = torch.library.Library("torchvision", "DEF")
        for name in ("nms", "qnms"):
            library.define(name + BOXES)
        KEPT.append(library)
    if built_for_cuda("torchaudio"):
        loader: Any = types.ModuleType("torchaudio._extension")
        loader._IS_TORCHAUDIO_EXT_AVAILABLE = loader._IS_ALIGN_AVAILABLE = False  # noqa: SLF001
        loader.fail_if_no_align = lambda function: function
        loader._check_cuda_version = lambda: None  # noqa: SLF001
        sys.modules["torchaudio._extension"] = loader


replace_compiled_parts()
