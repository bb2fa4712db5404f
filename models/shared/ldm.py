"""Names of latent diffusion's own networks (arXiv:2112.10752) for those of diffusers.

Both describe the same computation. Each function takes the name of a tensor in diffusers'
``UNet2DConditionModel`` or ``AutoencoderKL`` and returns the original's.
"""

from __future__ import annotations

import re

BLOCK = re.compile(r"(down|mid|up)_block(?:s\.(\d+))?\.(\w+?)s\.(\d+)\.(.*)")

UNET_ENDS = {
    "conv_in": "input_blocks.0.0",
    "time_embedding.linear_1": "time_embed.0",
    "time_embedding.linear_2": "time_embed.2",
    "conv_norm_out": "out.0",
    "conv_out": "out.2",
}
UNET_LAYER = {
    "norm1": "in_layers.0",
    "conv1": "in_layers.2",
    "time_emb_proj": "emb_layers.1",
    "norm2": "out_layers.0",
    "conv2": "out_layers.3",
    "conv_shortcut": "skip_connection",
}
VAE_LAYER = {
    "conv_norm_out": "norm_out",
    "conv_shortcut": "nin_shortcut",
    "group_norm": "norm",
    "to_q": "q",
    "to_k": "k",
    "to_v": "v",
    "to_out.0": "proj_out",
}


def unet_name(key: str, *, layers: int) -> str:
    """Name a tensor of the UNet, given ``layers_per_block``.

    The original counts all layers of the way down, and of the way up, in one row; a layer is a
    residual block, the attention behind it and, at the end of a stage, the resampling.
    """
    found = BLOCK.fullmatch(key)
    if not found:
        return _rename(key, UNET_ENDS)
    side, stage, kind, index, rest = found.groups()
    if kind == "resnet":
        rest = _rename(rest, UNET_LAYER)
    if side == "mid":
        place = 1 if kind == "attention" else 2 * int(index)
        return f"middle_block.{place}.{rest}"
    place = int(stage) * (layers + 1) + int(index)
    if side == "up":
        slot = {"resnet": "0", "attention": "1", "upsampler": "2"}[kind]
        return f"output_blocks.{place + layers * (kind == 'upsampler')}.{slot}.{rest}"
    slot = {"resnet": "0", "attention": "1", "downsampler": "0"}[kind]
    rest = _rename(rest, {"conv": "op"})
    return f"input_blocks.{place + 1 + layers * (kind == 'downsampler')}.{slot}.{rest}"


def vae_name(key: str, *, levels: int) -> str:
    """Name a tensor of the autoencoder, given the number of its levels.

    The original counts the levels of the way up, too, from the fine end.
    """
    half, dot, inner = key.partition(".")
    found = BLOCK.fullmatch(inner)
    if not found:
        return half + dot + _rename(inner, VAE_LAYER)
    side, stage, kind, index, rest = found.groups()
    rest = _rename(rest, VAE_LAYER)
    if side == "mid":
        return f"{half}.mid.{'attn' if kind == 'attention' else 'block'}_{int(index) + 1}.{rest}"
    level = int(stage) if side == "down" else levels - 1 - int(stage)
    layer = {
        "resnet": f"block.{index}",
        "attention": f"attn.{index}",
        "downsampler": "downsample",
        "upsampler": "upsample",
    }[kind]
    return f"{half}.{side}.{level}.{layer}.{rest}"


def _rename(name: str, names: dict[str, str]) -> str:
    for ours, theirs in names.items():
        if name.startswith(f"{ours}."):
            return theirs + name[len(ours) :]
    return name
