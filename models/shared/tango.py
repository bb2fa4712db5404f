"""Tango (arXiv:2304.13731), whose network Tango 2 (arXiv:2404.09956) trained on.

FLAN-T5-large conditions a UNet on a latent of fixed size (clips, 8, 256, 16), which AudioLDM's
autoencoder and vocoder turn into 163,872 samples at 16 kHz; in duration mode ``exact`` the latent
has the 25 frames a second that are needed. diffusers has no pipeline for it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import torch  # noqa: TID253 - at home in a model's environment
from diffusers import DDPMScheduler, UNet2DConditionModel  # noqa: TID253
from diffusers.utils.torch_utils import randn_tensor  # noqa: TID253
from transformers import T5TokenizerFast

from shared import ldm, mel, statedicts, t5, tokens
from shared.parts import Part
from shared.stock import StockAdapter

if TYPE_CHECKING:
    from pathlib import Path

    from shared.loading import Loaded


# AudioLDM-s-full's, of which this is the autoencoder.
SCALING_FACTOR = 0.9227914214134216
TEXT_LENGTH = 512  # tokens, at most
MEL_BINS = mel.MEL_BINS // mel.FRAMES
FRAMES = {"full": 256, "tiny": 32}  # of the latent, 40 ms each
CLIP_S = 10.242  # at full size: 1024 mel frames of 160 samples, and 32 of the vocoder's first layer

# Upstream reads it from stabilityai/stable-diffusion-2-1, which is no longer on the hub.
SCHEDULER = {
    "num_train_timesteps": mel.TRAIN_STEPS,
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "prediction_type": "v_prediction",
    "clip_sample": False,
    "steps_offset": 1,
}
UNET = {
    "full": {
        "block_out_channels": (320, 640, 1280, 1280),
        "attention_head_dim": (5, 10, 20, 20),
        "layers_per_block": 2,
        "cross_attention_dim": 1024,
    },
    "tiny": {
        "block_out_channels": (32, 32, 64, 64),
        "attention_head_dim": (2, 2, 4, 4),
        "layers_per_block": 1,
        "cross_attention_dim": t5.TINY["d_model"],
    },
}
MAIN, VAE = "pytorch_model_main.bin", "pytorch_model_vae.bin"
# Statistics of the mel, which transformers' class keeps and a vocoder without them ignores.
VOCODER_STATISTICS = ("mean", "scale")


def unet(size: str) -> Part:
    """Velocity of the latent (b, 8, 256, 16), given the text (b, length, width)."""
    config = {
        "sample_size": (32, 2),
        "in_channels": mel.LATENT_CHANNELS,
        "out_channels": mel.LATENT_CHANNELS,
        "down_block_types": ("CrossAttnDownBlock2D",) * 3 + ("DownBlock2D",),
        "up_block_types": ("UpBlock2D",) + ("CrossAttnUpBlock2D",) * 3,
        "use_linear_projection": True,
        "upcast_attention": True,
        **UNET[size],
    }
    return Part(UNet2DConditionModel, config)


def parts(size: str) -> dict[str, Part]:
    """Return every network of the model by its name."""
    return {
        "unet": unet(size),
        "text_encoder": t5.flan_large(size),
        "vae": mel.vae(size, scaling_factor=SCALING_FACTOR),
        "vocoder": mel.vocoder(size),
    }


def read_upstream(
    parts: dict[str, Part], folder: Path, *, dtype: Any, attention: str
) -> dict[str, Any]:
    """Load the two state dicts of an upstream checkpoint; its third, of the mel, is not needed."""
    main = statedicts.read(folder / MAIN, ("unet", "text_encoder"))
    first = {"unet": "unet.", "text_encoder": "text_encoder."}
    tensors = statedicts.split(main, first, folder / MAIN)
    second = statedicts.read(folder / VAE, ("vae", "vocoder"))
    tensors.update(statedicts.split(second, {"vocoder": "vocoder.", "vae": ""}, folder / VAE))
    for name, naming in (("vae", vae_name), ("vocoder", vocoder_name)):
        tensors[name] = statedicts.rename(parts[name], tensors[name], naming)
    computed = {"vocoder": VOCODER_STATISTICS}
    how = {"dtype": dtype, "attention": attention}
    return {
        name: statedicts.build(
            name, part, tensors.pop(name), computed=computed.get(name, ()), **how
        )
        for name, part in parts.items()
    }


def vae_name(name: str) -> str:
    """Return upstream's name of a tensor of the autoencoder."""
    return ldm.vae_name(name, levels=len(mel.VAE_WIDTHS["full"]))


def vocoder_name(name: str) -> str:
    """Return upstream's name of a tensor of the vocoder."""
    return re.sub(r"^upsampler\.", "ups.", name)


class TangoAdapter(StockAdapter):
    """Drives Tango or Tango 2 for the worker: upstream's loop around the networks."""

    parts = staticmethod(parts)

    def __init__(self) -> None:
        super().__init__()
        self._networks: dict[str, Any] = {}
        self._tokenizer: Any = None

    def read(
        self, parts: dict[str, Part], folder: Path, *, dtype: Any, attention: str
    ) -> dict[str, Any]:
        """Make the networks of upstream's two files."""
        return read_upstream(parts, folder, dtype=dtype, attention=attention)

    def files(self, parts: dict[str, Part], folder: Path) -> list[str]:  # noqa: ARG002
        """Return these two."""
        return [MAIN, VAE]

    def limit(self, steps: int, audio_s: float, duration_mode: str) -> str | None:  # noqa: ARG002
        """Return why so many steps or seconds cannot be had, or None."""
        if audio_s > CLIP_S:
            return f"{audio_s} s of audio: a clip is at most {CLIP_S} s long"
        return mel.refuse(steps, audio_s)

    def latent_shape(self, audio_s: float) -> list[int]:
        """Return the shape of one clip's latent: channels, frames, mel bins."""
        if self.duration_mode == "paper":
            return [mel.LATENT_CHANNELS, FRAMES[self.size], MEL_BINS]
        return mel.latent_shape(audio_s)

    def take(self, loaded: Loaded) -> None:
        """Take the networks, and FLAN-T5's tokenizer or the stub of it."""
        place = loaded.find("tokenizer")
        stub = tokens.T5Stub(model_max_length=TEXT_LENGTH)
        self._tokenizer = tokens.load(T5TokenizerFast, place) if place else stub
        self._networks = loaded.networks

    def find_stages(self, networks: dict[str, Any]) -> dict[str, list[Any]]:
        """Return the modules of each part of a generation."""
        return mel.stages([networks["text_encoder"]], networks)

    @torch.no_grad()
    def make(
        self,
        prompts: list[str],
        negative_prompt: str | None,  # noqa: ARG002 - upstream's other text is empty
        *,
        steps: int,
        audio_s: float,
        streams: list[Any],
    ) -> Any:
        """Return samples (clips, 1, count)."""
        latents = self._denoise(prompts, steps, audio_s, streams)
        return self._decode(latents)[:, None].float().cpu()

    def _denoise(self, prompts: list[str], steps: int, audio_s: float, noise: list[Any]) -> Any:
        """Make latents (b, 8, frames, 16) of noise, two copies of each in every call."""
        device, guidance = self.denoiser.device, self.card["guidance_scale"]
        scheduler = DDPMScheduler(**SCHEDULER)
        scheduler.set_timesteps(steps, device=device)
        states, mask = self._encode(prompts)
        shape = (len(prompts), *self.latent_shape(audio_s))
        latents = randn_tensor(shape, generator=noise, device=device, dtype=states.dtype)
        latents = latents * scheduler.init_noise_sigma
        for step in scheduler.timesteps:
            both = scheduler.scale_model_input(torch.cat([latents, latents]), step)
            answer = self.denoiser(
                both, step, encoder_hidden_states=states, encoder_attention_mask=mask
            ).sample
            plain, guided = answer.chunk(2)
            answer = plain + guidance * (guided - plain)
            latents = scheduler.step(answer, step, latents, generator=noise).prev_sample
        return latents

    def _encode(self, prompts: list[str]) -> tuple[Any, Any]:
        """Return states (2 b, length, width) and mask (2 b, length): no text, then the prompts.

        The prompts are as long as the longest of them, and the empty texts as the prompts.
        """
        texts = self._tokenizer(
            prompts, padding=True, truncation=True, max_length=TEXT_LENGTH, return_tensors="pt"
        )
        empty = self._tokenizer(
            [""] * len(prompts),
            padding="max_length",
            truncation=True,
            max_length=texts.input_ids.shape[1],
            return_tensors="pt",
        )
        device, dtype = self.denoiser.device, self.denoiser.dtype
        encoded = []
        for one in (empty, texts):
            ids, mask = one.input_ids.to(device), one.attention_mask.to(device)
            states = self._networks["text_encoder"](input_ids=ids, attention_mask=mask)[0]
            encoded.append((states.to(dtype), mask == 1))
        states, masks = zip(*encoded, strict=True)
        return torch.cat(states), torch.cat(masks)

    def _decode(self, latents: Any) -> Any:
        """Turn latents (b, 8, frames, 16) into samples (b, 640 frames + 32)."""
        vae = self._networks["vae"]
        spectrum = vae.decode(latents / vae.config.scaling_factor).sample
        return self._networks["vocoder"](spectrum.squeeze(1))
