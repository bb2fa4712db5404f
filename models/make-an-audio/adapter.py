"""Make-an-Audio (arXiv:2301.12661), from diffusers' and transformers' networks and two own ones.

The latent is (clips, 4, 10, columns) at 7.8 columns a second; the UNet sees twice the clips, for
classifier-free guidance. The VAE makes a mel (80, 8 columns) of it, BigVGAN 256 samples a frame.
Sizes are those of upstream's configs/text_to_audio/.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

# Before the libraries: it sets switches that they read when they are imported.
from shared import bigvgan, facts, ldm, ms_clap
from shared.make_an_audio_loop import Columns, MakeAnAudioAdapter, encode_padded
from shared.parts import Part

# isort: split

from diffusers import AutoencoderKL, UNet2DConditionModel  # noqa: TID253 - at home here

if TYPE_CHECKING:
    from shared.loading import Loaded
    from shared.make_an_audio import Naming

CHANNELS, ROWS = 4, 10  # of the latent

UNET = {
    "full": {"block_out_channels": (320, 640), "layers_per_block": 2},
    "tiny": {"block_out_channels": (32, 64), "layers_per_block": 1},
}
VAE: dict[str, dict[str, Any]] = {
    "full": {"block_out_channels": (128, 256, 256, 512), "layers_per_block": 2},
    "tiny": {"block_out_channels": (32, 32, 32, 32), "layers_per_block": 1},
}
PREFIXES = {
    "unet": "model.diffusion_model.",
    "text_encoder": "cond_stage_model.caption_encoder.base.",
    "projection": "cond_stage_model.caption_encoder.projection.",
    "vae": "first_stage_model.",
}


def unet(size: str) -> Part:
    """Noise of the latent (b, 4, 10, columns), given the text (b, 77, 1024)."""
    config = {
        "sample_size": 32,
        "in_channels": CHANNELS,
        "out_channels": CHANNELS,
        "down_block_types": ("CrossAttnDownBlock2D",) * 2,
        "up_block_types": ("CrossAttnUpBlock2D",) * 2,
        "cross_attention_dim": ms_clap.PROJECTION[size]["outputs"],
        "attention_head_dim": 8,  # the number of heads, in spite of its name
        **UNET[size],
    }
    return Part(UNet2DConditionModel, config)


def vae(size: str) -> Part:
    """Mel (b, 1, 80, frames) to latent (b, 4, 10, frames / 8) and back."""
    config = {
        "in_channels": 1,
        "out_channels": 1,
        "latent_channels": CHANNELS,
        "down_block_types": ("DownEncoderBlock2D",) * 2 + ("AttnDownEncoderBlock2D",) * 2,
        "up_block_types": ("AttnUpDecoderBlock2D",) * 2 + ("UpDecoderBlock2D",) * 2,
        "scaling_factor": 1.0,  # a checkpoint has its own
        **VAE[size],
    }
    return Part(AutoencoderKL, config)


def parts(size: str) -> dict[str, Part]:
    """Return every network of the model by name."""
    return {
        "unet": unet(size),
        "text_encoder": ms_clap.text_encoder(size),
        "projection": ms_clap.projection(size),
        "vae": vae(size),
        "vocoder": bigvgan.vocoder(size),
    }


class Adapter(MakeAnAudioAdapter):
    """Drives Make-an-Audio for the worker."""

    card = facts.read(__file__)
    checkpoint = "maa1_full.ckpt"
    prefixes = PREFIXES
    texts = ("text_encoder", "projection")
    noise = "unet"
    columns = Columns(per_second=7.8, multiple=4, samples=8 * 256)
    parts = staticmethod(parts)

    def namings(self, parts: dict[str, Part]) -> dict[str, Naming]:
        """Return what turns our names of tensors into upstream's: diffusers has its own."""
        unet_config, vae_config = parts["unet"].config, parts["vae"].config
        return {
            "unet": partial(ldm.unet_name, layers=unet_config["layers_per_block"]),
            "vae": partial(ldm.vae_name, levels=len(vae_config["block_out_channels"])),
        }

    def latent_shape(self, audio_s: float) -> list[int]:
        """Return the shape of one clip's latent: channels, rows, columns."""
        return [CHANNELS, ROWS, self.columns.count(audio_s, self.duration_mode)]

    def take(self, loaded: Loaded) -> None:
        """Take the networks, and the tokenizer of the folder, if there is one."""
        self._tokenizer = ms_clap.load_tokenizer(loaded.folder)
        self.networks = loaded.networks

    def condition(self, prompts: list[str]) -> Any:
        """Return the states of prompts (prompts, 77, 1024)."""
        states = encode_padded(self._tokenizer, self.networks["text_encoder"], prompts)
        return self.networks["projection"](states)

    def unconditional(self, count: int) -> Any:
        """Return the states of empty texts (count, 77, 1024)."""
        return self.condition([""] * count)

    def denoise(self, latents: Any, times: Any, states: Any) -> Any:
        """Return the noise in latents (b, 4, 10, columns)."""
        return self.denoiser(latents, times, states, return_dict=False)[0]

    def decode(self, latents: Any) -> Any:
        """Return mels (clips, 80, frames)."""
        return self.networks["vae"].decode(latents, return_dict=False)[0][:, 0]
