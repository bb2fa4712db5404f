"""Make-an-Audio (arXiv:2301.12661), from diffusers' and transformers' networks and two own ones.

The latent is (clips, 4, 10, columns) at 7.8 columns a second; the UNet sees twice the clips, for
classifier-free guidance. The VAE makes a mel (80, 8 columns) of it, BigVGAN 256 samples a frame.
Sizes are those of upstream's configs/text_to_audio/.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

# Before the libraries: it sets switches that they read when they are imported.
from shared import bigvgan, ddim, durations, facts, ldm, loading, make_an_audio, ms_clap
from shared.audio import Generation
from shared.parts import Part
from shared.prompts import generators

# isort: split

import torch  # noqa: TID253 - at home in a model's environment
from diffusers import AutoencoderKL, UNet2DConditionModel  # noqa: TID253

if TYPE_CHECKING:
    from pathlib import Path

FACTS = facts.read(__file__)
CHECKPOINT = "maa1_full.ckpt"
CHANNELS, ROWS = 4, 10  # of the latent
COLUMNS = make_an_audio.Columns(per_second=7.8, multiple=4, samples=8 * 256)

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


def namings(described: dict[str, Part]) -> dict[str, make_an_audio.Naming]:
    """Return what turns our names of tensors into upstream's, where they differ."""
    unet_config, vae_config = described["unet"].config, described["vae"].config
    return {
        "unet": partial(ldm.unet_name, layers=unet_config["layers_per_block"]),
        "vae": partial(ldm.vae_name, levels=len(vae_config["block_out_channels"])),
    }


def read(described: dict[str, Part], folder: Path, *, dtype: Any, attention: str) -> dict[str, Any]:
    """Make the networks of the files as upstream offers them."""
    networks, scale = make_an_audio.read(
        described,
        folder,
        checkpoint=CHECKPOINT,
        prefixes=PREFIXES,
        namings=namings(described),
        dtype=dtype,
        attention=attention,
    )
    set_scale(networks["vae"], scale)
    return networks


def set_scale(autoencoder: Any, scale: float) -> None:
    """Tell the autoencoder by what its latent is multiplied while it is noise."""
    autoencoder.register_to_config(scaling_factor=scale)


LAYOUT = loading.Layout(files=lambda _: make_an_audio.files(CHECKPOINT), read=read)


class Adapter:
    """Drives Make-an-Audio for the worker."""

    def __init__(self) -> None:
        self.denoiser: Any = None
        self._duration_mode = "paper"
        self._networks: dict[str, Any] = {}
        self._tokenizer: Any = None

    def describe(self, *, size: str) -> dict[str, Any]:
        """Say what would be loaded: versions, parameters by component, form of the audio."""
        return loading.describe(parts(size), FACTS)

    def refuse(
        self,
        *,
        steps: int,
        batch_size: int,  # noqa: ARG002 - any batch is worth a try
        audio_s: float,
        duration_mode: str,  # noqa: ARG002 - both can be had
    ) -> str | None:
        """Return why this setting cannot be honoured, or None."""
        return COLUMNS.refuse(audio_s) or ddim.refuse(steps)

    def load(
        self,
        *,
        size: str,
        weights: str,
        device: str,
        dtype: str,
        attention: str,
        audio_s: float,
        duration_mode: str,
        cache_dir: str | None,
        seed: int,
    ) -> dict[str, Any]:
        """Bring the networks to the device and say what is there."""
        make_an_audio.refuse_hub(weights, FACTS)
        loaded = loading.load(
            parts(size),
            FACTS,
            weights=weights,
            device=device,
            dtype=dtype,
            attention=attention,
            duration_mode=duration_mode,
            cache_dir=cache_dir,
            seed=seed,
            layout=LAYOUT,
        )
        self.take(loaded.networks, loaded.folder)
        self._duration_mode = duration_mode
        return {**loaded.answer, "latent_shape": latent_shape(audio_s, duration_mode)}

    def take(self, networks: dict[str, Any], folder: Path | None) -> None:
        """Take networks to generate with, and the tokenizer of the folder, if there is one."""
        self._tokenizer = ms_clap.load_tokenizer(folder)
        self._networks = networks
        self.denoiser = networks["unet"]

    @torch.no_grad()
    def generate(
        self,
        *,
        prompts: list[str],
        negative_prompt: str | None,  # noqa: ARG002 - upstream takes none, guidance starts at ""
        steps: int,
        audio_s: float,
        seeds: list[int],
    ) -> Generation:
        """Generate one batch: a clip for each prompt, from the seed of the same place."""
        if self.denoiser is None:
            raise RuntimeError("nothing is loaded: load comes before generate")
        shape = latent_shape(audio_s, self._duration_mode)
        streams = generators(prompts, seeds, self.denoiser.device)
        latents = ddim.sample(
            lambda x, times, text: self.denoiser(x, times, text, return_dict=False)[0],
            ddim.draw(shape, generators=streams, dtype=self.denoiser.dtype),
            unconditional=self._encode([""] * len(prompts)),
            condition=self._encode(prompts),
            steps=steps,
            scale=FACTS["guidance_scale"],
        )
        audio = make_an_audio.vocode(self._networks["vocoder"], self._decode(latents))
        if self._duration_mode == "exact":
            audio = durations.cut(audio, audio_s, FACTS["sample_rate_hz"])
        return Generation(
            audio,
            sample_rate_hz=FACTS["sample_rate_hz"],
            latent_shape=shape,
        )

    def _encode(self, texts: list[str]) -> Any:
        """Return the condition (texts, 77, 1024)."""
        bert, projection = self._networks["text_encoder"], self._networks["projection"]
        return projection(make_an_audio.encode_padded(self._tokenizer, bert, texts))

    def _decode(self, latents: Any) -> Any:
        """Return mels (clips, 80, frames)."""
        autoencoder = self._networks["vae"]
        latents = latents / autoencoder.config.scaling_factor
        return autoencoder.decode(latents, return_dict=False)[0][:, 0]


def latent_shape(audio_s: float, duration_mode: str) -> list[int]:
    """Return the shape of one clip's latent: channels, rows, columns."""
    return [CHANNELS, ROWS, COLUMNS.count(audio_s, duration_mode)]
