"""Save a tiny Tango as upstream would, and what a loop of small steps makes of it.

Runs in the model's interpreter: ``save_tango.py MODELS FOLDER``. ``reference.json`` holds 16-bit
samples, and how our names of tensors compare with those that diffusers' own converter finds.
``spoilt/COMPONENT-FAULT`` are copies with one tensor missing, too many, of another shape or, where
the network has it twice, of two contents.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

models, folder = Path(sys.argv[1]), Path(sys.argv[2])
sys.path[:0] = [str(models), str(Path(__file__).parent)]

from shared import counting, mel, randomfill, statedicts, tango  # noqa: E402 - the path is an argument

# isort: split

import numpy as np  # noqa: E402
import tiny_tokenizers  # noqa: E402
import torch  # noqa: E402, TID253 - in its own environment
from diffusers import DDPMScheduler  # noqa: E402, TID253
from diffusers.loaders.single_file_utils import convert_ldm_vae_checkpoint  # noqa: E402, TID253

LATENT = mel.LATENT_CHANNELS
TIED = "text_encoder.encoder.embed_tokens.weight"
FILES = {
    tango.MAIN: {"unet": "unet.", "text_encoder": "text_encoder."},
    tango.VAE: {"vae": "decoder.", "vocoder": "vocoder."},
}


def convolution(name, outward, inward, width):
    return {f"{name}.weight": (outward, inward, width, width), f"{name}.bias": (outward,)}


def norm(name, channels):
    return {f"{name}.weight": (channels,), f"{name}.bias": (channels,)}


def block(name, inward, outward):
    shapes = {
        **norm(f"{name}.norm1", inward),
        **convolution(f"{name}.conv1", outward, inward, 3),
        **norm(f"{name}.norm2", outward),
        **convolution(f"{name}.conv2", outward, outward, 3),
    }
    if inward != outward:
        shapes.update(convolution(f"{name}.nin_shortcut", outward, inward, 1))
    return shapes


def middle(name, channels):
    shapes = {
        **block(f"{name}.block_1", channels, channels),
        **norm(f"{name}.attn_1.norm", channels),
    }
    for one in ("q", "k", "v", "proj_out"):
        shapes.update(convolution(f"{name}.attn_1.{one}", channels, channels, 1))
    return {**shapes, **block(f"{name}.block_2", channels, channels)}


def encoder(widths, layers):
    shapes = convolution("encoder.conv_in", widths[0], 1, 3)
    inward = widths[0]
    for level, width in enumerate(widths):
        for layer in range(layers):
            shapes.update(block(f"encoder.down.{level}.block.{layer}", inward, width))
            inward = width
        if level < len(widths) - 1:
            shapes.update(convolution(f"encoder.down.{level}.downsample.conv", width, width, 3))
    shapes.update({**middle("encoder.mid", inward), **norm("encoder.norm_out", inward)})
    shapes.update(convolution("encoder.conv_out", 2 * LATENT, inward, 3))
    return {**shapes, **convolution("quant_conv", 2 * LATENT, 2 * LATENT, 1)}


def decoder(widths, layers):
    inward = widths[-1]
    shapes = {**convolution("decoder.conv_in", inward, LATENT, 3), **middle("decoder.mid", inward)}
    for level in reversed(range(len(widths))):
        for layer in range(layers + 1):
            shapes.update(block(f"decoder.up.{level}.block.{layer}", inward, widths[level]))
            inward = widths[level]
        if level:
            shapes.update(convolution(f"decoder.up.{level}.upsample.conv", inward, inward, 3))
    shapes.update(
        {**norm("decoder.norm_out", inward), **convolution("decoder.conv_out", 1, inward, 3)}
    )
    return {**shapes, **convolution("post_quant_conv", LATENT, LATENT, 1)}


def autoencoder(size):
    """Return the names and shapes of upstream's autoencoder."""
    widths, layers = mel.VAE_WIDTHS[size], mel.VAE_LAYERS[size]
    return {**encoder(widths, layers), **decoder(widths, layers)}


def fill(shapes):
    """Fill names with numbers that differ everywhere, so that no swap goes unseen."""
    generator = torch.Generator().manual_seed(11)
    tensors = {}
    for name, shape in shapes.items():
        drawn = torch.randn(shape, generator=generator)
        scale = drawn[0].numel() ** -0.5 if drawn.dim() > 1 else 0.1
        tensors[name] = drawn * scale + float(".norm" in name and name.endswith("weight"))
    return tensors


def vocoder(network):
    """Return a vocoder's tensors as upstream names them, without the statistics it has not."""
    tensors = network.state_dict()
    return {
        name.replace("upsampler.", "ups."): tensor
        for name, tensor in tensors.items()
        if name not in {"mean", "scale"}
    }


def save(networks, vae):
    main = {f"unet.{name}": one for name, one in networks["unet"].state_dict().items()}
    text = networks["text_encoder"].state_dict()
    main.update({f"text_encoder.{name}": one for name, one in text.items()})
    voice = {f"vocoder.{name}": one for name, one in vocoder(networks["vocoder"]).items()}
    torch.save(main, folder / tango.MAIN)
    torch.save({**vae, **voice}, folder / tango.VAE)


def spoil(tensors, prefix, fault):
    """Return a copy of a state dict with a fault among the tensors of one prefix."""
    first = next(name for name in tensors if name.startswith(prefix))
    if fault == "extra":
        return {**tensors, f"{prefix}extra": torch.zeros(1)}
    if fault == "torn":
        return {**tensors, TIED: torch.zeros_like(tensors[TIED])}
    if fault == "shape":
        return {**tensors, first: tensors[first][None]}
    return {name: tensor for name, tensor in tensors.items() if name != first}


def save_spoilt():
    for file, prefixes in FILES.items():
        tensors = torch.load(folder / file, weights_only=True)
        (other,) = FILES.keys() - {file}
        for component, prefix in prefixes.items():
            more = ("torn",) if TIED.startswith(prefix) else ()
            for fault in ("missing", "extra", "shape", *more):
                copy = folder / "spoilt" / f"{component}-{fault}"
                copy.mkdir(parents=True)
                torch.save(spoil(tensors, prefix, fault), copy / file)
                (copy / other).symlink_to(folder / other)


def encode(networks, tokenizer, text, length):
    tokens = tokenizer([text], padding="max_length", max_length=length, return_tensors="pt")
    states = networks["text_encoder"](tokens.input_ids, tokens.attention_mask).last_hidden_state
    return {"encoder_hidden_states": states, "encoder_attention_mask": tokens.attention_mask.bool()}


@torch.no_grad()
def generate(networks, tokenizer, *, steps, guidance):
    """Generate a clip with two calls of the UNet a step instead of one of twice the batch."""
    scheduler = DDPMScheduler(**tango.SCHEDULER)
    scheduler.set_timesteps(steps)
    length = len(tokenizer("rain").input_ids)
    given, empty = (encode(networks, tokenizer, text, length) for text in ("rain", ""))
    noise = torch.Generator().manual_seed(0)
    latents = torch.randn((1, 8, tango.FRAMES["tiny"], 16), generator=noise)
    for step in scheduler.timesteps:
        plain = networks["unet"](latents, step, **empty).sample
        wanted = networks["unet"](latents, step, **given).sample
        answer = plain + guidance * (wanted - plain)
        latents = scheduler.step(answer, step, latents, generator=noise).prev_sample
    spectrum = networks["vae"].decode(latents / tango.SCALING_FACTOR).sample[:, 0]
    return networks["vocoder"](spectrum)[0]


def convert(part, tensors):
    """Let diffusers itself rename the tensors of an autoencoder."""
    prefixed = {f"first_stage_model.{name}": tensor for name, tensor in tensors.items()}
    return convert_ldm_vae_checkpoint(prefixed, part.config)


def compare_names():
    """Return how many tensors upstream has at full size, and whether our names fit the network."""
    parts = tango.parts("full")
    shapes = autoencoder("full")
    empty = {name: torch.empty(shape, device="meta") for name, shape in shapes.items()}
    renamed = statedicts.rename(parts["vae"], empty, tango.vae_name)
    found = {name: tensor.shape for name, tensor in renamed.items()}
    networks = {name: counting.build_empty(part).state_dict() for name, part in parts.items()}
    return {
        "fits": found == {name: tensor.shape for name, tensor in networks["vae"].items()},
        "unet": len(networks["unet"]),
        "encoder": sum(name.startswith("encoder.") for name in shapes),
        "decoder": sum(name.startswith("decoder.") for name in shapes),
        "vocoder": len(networks["vocoder"]) - len(tango.VOCODER_STATISTICS),
    }


def main():
    parts = tango.parts("tiny")
    networks = randomfill.fill_all(parts, seed=7, dtype=torch.float32, attention="eager")
    vae = fill(autoencoder("tiny"))
    save(networks, vae)
    save_spoilt()
    converted = convert(parts["vae"], vae)
    networks["vae"].load_state_dict(converted)
    tokenizer = tiny_tokenizers.t5(512)
    tokenizer.save_pretrained(folder / "tokenizer")
    audio = generate(networks, tokenizer, steps=2, guidance=3.0).numpy()
    samples = np.rint(np.clip(audio, -1, 1) * 32767).astype(int).tolist()
    ours = statedicts.rename(parts["vae"], vae, tango.vae_name)
    same = {name: torch.equal(ours[name], tensor) for name, tensor in converted.items()}
    report = {"samples": samples, "same": same, "full": compare_names()}
    (folder / "reference.json").write_text(json.dumps(report))


main()
