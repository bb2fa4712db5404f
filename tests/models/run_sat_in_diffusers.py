"""Give diffusers' Stable Audio the weights and inputs that ``save_sat.py`` left, and its answers.

Runs in the interpreter of diffusers: ``run_sat_in_diffusers.py MODELS FOLDER``; writes
``diffusers.npz``. The vendor's names become diffusers' by the rules below, strictly.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import numpy as np
import torch  # noqa: TID253 - in its own environment
from diffusers import (  # noqa: TID253
    AutoencoderOobleck,
    StableAudioDiTModel,
    StableAudioProjectionModel,
)
from diffusers.models.embeddings import get_1d_rotary_pos_embed  # noqa: TID253
from safetensors.torch import load_file

folder = Path(sys.argv[2])
HEAD, WIDTH = 64, 64
PROJECTION = {"text_encoder_dim": WIDTH, "conditioning_dim": WIDTH, "min_value": 0}
VAE = {"encoder_hidden_size": 2, "decoder_channels": 2, "channel_multiples": [1, 2, 2, 2, 2]}

RESIDUAL = {"0": "snake1", "1": "conv1", "2": "snake2", "3": "conv2"}
UP = {"0": "snake1", "1": "conv_t1", "2": "res_unit1", "3": "res_unit2", "4": "res_unit3"}
ENDS = {0: "conv1", 6: "snake1", 7: "conv2"}
TRANSFORMER = [
    (r"^model\.", ""),
    (r"^timestep_features\.", "time_proj."),
    (r"^to_timestep_embed\.", "timestep_proj."),
    (r"^to_global_embed\.", "global_proj."),
    (r"^to_cond_embed\.", "cross_attention_proj."),
    (r"^transformer\.project_", "proj_"),
    (r"^transformer\.layers\.", "transformer_blocks."),
    (r"\.pre_norm\.", ".norm1."),
    (r"\.cross_attend_norm\.", ".norm2."),
    (r"\.ff_norm\.", ".norm3."),
    (r"\.gamma$", ".weight"),
    (r"\.beta$", ".bias"),
    (r"\.self_attn\.", ".attn1."),
    (r"\.cross_attn\.", ".attn2."),
    (r"\.to_out\.", ".to_out.0."),
    (r"\.ff\.ff\.", ".ff.net."),
]
FUSED = {".to_qkv.": (".to_q.", ".to_k.", ".to_v."), ".to_kv.": (".to_k.", ".to_v.")}


def read_component(prefix):
    tensors = load_file(folder / "model.safetensors")
    return {name[len(prefix) :]: one for name, one in tensors.items() if name.startswith(prefix)}


def transformer():
    model = StableAudioDiTModel(
        num_layers=2,
        attention_head_dim=HEAD,
        num_attention_heads=2,
        num_key_value_attention_heads=1,
        cross_attention_dim=WIDTH,
        cross_attention_input_dim=WIDTH,
        global_states_input_dim=2 * WIDTH,
    )
    renamed = {}
    for old, tensor in read_component("model.").items():
        name = old
        for pattern, new in TRANSFORMER:
            name = re.sub(pattern, new, name)
        fused = next((one for one in FUSED if one in name), None)
        if fused:
            pieces = zip(FUSED[fused], tensor.chunk(len(FUSED[fused])), strict=True)
            renamed |= {name.replace(fused, one): piece for one, piece in pieces}
        elif name == "time_proj.weight":
            renamed[name] = tensor[:, 0]
        elif not name.endswith("inv_freq"):
            renamed[name] = tensor
    model.load_state_dict(renamed)
    return model


def rename_decoder(name):
    """Return diffusers' name of a tensor of the decoder."""
    number, *rest, last = name.split(".")
    outer = int(number)
    if outer in ENDS:
        return f"{ENDS[outer]}.{last}"
    unit = f".{RESIDUAL[rest[3]]}" if len(rest) > 2 else ""
    return f"block.{outer - 1}.{UP[rest[1]]}{unit}.{last}"


def decoder():
    """Return the decoder alone: diffusers' encoder has no tiny size that fits the vendor's."""
    decoder = AutoencoderOobleck(
        downsampling_ratios=[2, 4, 4, 8, 8], decoder_input_channels=64, audio_channels=2, **VAE
    ).decoder
    expected = decoder.state_dict()
    tensors = read_component("pretransform.model.decoder.layers.")
    named = {rename_decoder(name): tensor for name, tensor in tensors.items()}
    decoder.load_state_dict(
        {name: one.reshape(expected[name].shape) for name, one in named.items()}
    )
    return decoder


def conditioner():
    model = StableAudioProjectionModel(**PROJECTION, max_value=512)
    ends = {"seconds_start": "start", "seconds_total": "end"}
    renamed = {}
    for name, tensor in read_component("conditioner.conditioners.").items():
        end, place = name.split(".embedder.embedding.")
        renamed[f"{ends[end]}_number_conditioner.time_positional_embedding.{place}"] = tensor
    model.load_state_dict(renamed)
    return model


@torch.no_grad()
def main():
    given = {name: torch.from_numpy(one) for name, one in np.load(folder / "inputs.npz").items()}
    rotary = get_1d_rotary_pos_embed(
        HEAD // 2, given["latent"].shape[2] + 1, use_real=True, repeat_interleave_real=False
    )
    velocity = transformer()(
        given["latent"],
        given["time"],
        encoder_hidden_states=given["text"],
        global_hidden_states=given["seconds"][:, None],
        rotary_embedding=rotary,
        return_dict=False,
    )[0]
    end = conditioner()(None, given["duration"], given["duration"])
    answers = {
        "transformer": velocity,
        "vae": decoder()(given["latent"]),
        "conditioner": end.seconds_end_hidden_states,
    }
    np.savez(folder / "diffusers.npz", **{name: one.numpy() for name, one in answers.items()})


main()
