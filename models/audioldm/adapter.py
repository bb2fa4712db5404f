"""AudioLDM (arXiv:2301.12503) as diffusers' own ``AudioLDMPipeline``.

The latent is (clips, 8, frames / 4, 16) at 100 mel frames a second; the UNet sees twice the
clips, for classifier-free guidance. Full size is audioldm-s-full as diffusers' conversion
script configures it, with the scaling factor of cvssp/audioldm-s-full-v2.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

# Before the libraries: it sets switches that they read when they are imported.
from shared import attention as attentions
from shared import counting, devices, facts, mel
from shared import weights as sources
from shared.audio import Generation
from shared.parts import Part
from shared.tokens import RobertaStub

# isort: split

from diffusers import AudioLDMPipeline, DDIMScheduler, UNet2DConditionModel  # noqa: TID253 - at home
from transformers import ClapTextModelWithProjection, RobertaTokenizerFast

if TYPE_CHECKING:
    from pathlib import Path

FACTS = facts.read(__file__)
SCALING_FACTOR = 0.9392935633659363
TEXT_LENGTH = 512  # tokens of every prompt, padded
TEXT_WIDTH = 512  # of the projected text, the UNet's condition
TRAIN_STEPS = 1000
MEL_FRAME_S = 0.01
LATENT_FRAMES = 4  # mel frames per frame of the latent

UNET = {
    "full": {"block_out_channels": (128, 256, 384, 640), "layers_per_block": 2},
    "tiny": {"block_out_channels": (32, 32, 64, 64), "layers_per_block": 1},
}
TEXT_ENCODER: dict[str, dict[str, Any]] = {
    "full": {},
    "tiny": {
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
    },
}
SCHEDULER = {
    "num_train_timesteps": TRAIN_STEPS,
    "beta_start": 0.0015,
    "beta_end": 0.0195,
    "beta_schedule": "scaled_linear",
    "steps_offset": 1,
    "clip_sample": False,
    "set_alpha_to_one": False,
}


def unet(size: str) -> Part:
    """Noise of the latent (b, 8, frames / 4, 16), given the text (b, 512) as a class label."""
    shape = UNET[size]
    config = {
        "sample_size": 128,
        "in_channels": mel.LATENT_CHANNELS,
        "out_channels": mel.LATENT_CHANNELS,
        "down_block_types": ("DownBlock2D",) + ("CrossAttnDownBlock2D",) * 3,
        "up_block_types": ("CrossAttnUpBlock2D",) * 3 + ("UpBlock2D",),
        "cross_attention_dim": shape["block_out_channels"],  # no context: it attends to itself
        "class_embed_type": "simple_projection",
        "projection_class_embeddings_input_dim": TEXT_WIDTH,
        "class_embeddings_concat": True,
        **shape,
    }
    return Part(UNet2DConditionModel, config)


def parts(size: str) -> dict[str, Part]:
    """Return every network of the model, by the pipeline's name for it."""
    text = {"projection_dim": TEXT_WIDTH, **TEXT_ENCODER[size]}
    return {
        "unet": unet(size),
        "text_encoder": Part(ClapTextModelWithProjection, text),
        "vae": mel.vae(size, scaling_factor=SCALING_FACTOR),
        "vocoder": mel.vocoder(size),
    }


class Adapter:
    """Drives AudioLDM for the worker."""

    def __init__(self) -> None:
        self.denoiser: Any = None
        self._pipeline: Any = None

    def describe(self, *, size: str) -> dict[str, Any]:
        """Say what would be loaded: versions, parameters by component, form of the audio."""
        return {
            "libraries": devices.versions("diffusers", "transformers", "accelerate", "numpy"),
            "parameters": counting.count_all(parts(size)),
            "sample_rate_hz": FACTS["sample_rate_hz"],
            "channels": FACTS["channels"],
        }

    def refuse(self, *, steps: int, batch_size: int, audio_s: float) -> str | None:  # noqa: ARG002 - any batch is worth a try
        """Return why this setting cannot be honoured, or None."""
        if steps > TRAIN_STEPS:
            return f"{steps} steps: the scheduler has {TRAIN_STEPS} to choose from"
        if audio_s < LATENT_FRAMES * MEL_FRAME_S:
            return f"{audio_s} s of audio: the shortest latent is {LATENT_FRAMES * MEL_FRAME_S} s"
        return None

    def load(
        self,
        *,
        size: str,
        weights: str,
        device: str,
        dtype: str,
        attention: str,
        audio_s: float,
        cache_dir: str | None,
        seed: int,
    ) -> dict[str, Any]:
        """Bring the networks to the device and say what is there."""
        attentions.check(attention)
        place, number = devices.find_device(device), devices.find_dtype(dtype)
        hub = {"checkpoint": FACTS["checkpoint"], "revision": FACTS.get("revision")}
        folder = sources.locate(weights, **hub, cache_dir=cache_dir)
        described = parts(size)
        networks = sources.load_all(described, folder, seed=seed, dtype=number, attention=attention)
        attentions.select(networks, attention)
        self._assemble(networks, folder, place)
        return {
            "dtype": dtype,
            "attention": attentions.describe(networks),
            "device": device,
            "weights": "folder" if folder and weights != "hub" else weights,
            "weights_sha256": sources.digest(described, folder) if folder else None,
            "parameters": {name: counting.count(one) for name, one in networks.items()},
            "latent_shape": latent_shape(audio_s),
            "gpu_uuid": devices.gpu_uuid(place),
        }

    def generate(
        self,
        *,
        prompts: list[str],
        negative_prompt: str | None,
        steps: int,
        audio_s: float,
        seeds: list[int],
    ) -> Generation:
        """Generate one batch: a clip for each prompt, from the seed of the same place."""
        if self._pipeline is None:
            raise RuntimeError("nothing is loaded: load comes before generate")
        if len(seeds) != len(prompts):
            raise ValueError(f"{len(prompts)} seeds expected, one a prompt; found {len(seeds)}")
        audio = self._pipeline(
            **texts(prompts, negative_prompt),
            num_inference_steps=steps,
            guidance_scale=FACTS["guidance_scale"],
            audio_length_in_s=audio_s,
            generator=[devices.generator(self._pipeline.device, seed) for seed in seeds],
        ).audios
        return Generation(
            audio[:, None, :],
            sample_rate_hz=FACTS["sample_rate_hz"],
            latent_shape=latent_shape(audio_s),
        )

    def _assemble(self, networks: dict[str, Any], folder: Path | None, device: Any) -> None:
        if folder is None:
            tokenizer: Any = RobertaStub(model_max_length=TEXT_LENGTH)
            scheduler = DDIMScheduler(**SCHEDULER)
        else:
            tokenizer = sources.load_tokenizer(RobertaTokenizerFast, folder)
            scheduler = sources.load_scheduler(DDIMScheduler, folder)
        self._pipeline = AudioLDMPipeline(**networks, tokenizer=tokenizer, scheduler=scheduler)
        self._pipeline.set_progress_bar_config(disable=True)
        self._pipeline.to(device)
        self.denoiser = self._pipeline.unet


def texts(prompts: list[str], negative_prompt: str | None) -> dict[str, Any]:
    """Return the text arguments of the pipeline.

    A prompt that all clips share is encoded once, as the paper's batches were
    (``num_waveforms_per_prompt`` in the authors' scripts).
    """
    if len(set(prompts)) == 1:
        return {
            "prompt": prompts[0],
            "negative_prompt": negative_prompt,
            "num_waveforms_per_prompt": len(prompts),
        }
    negative = None if negative_prompt is None else [negative_prompt] * len(prompts)
    return {"prompt": prompts, "negative_prompt": negative}


def latent_shape(audio_s: float) -> list[int]:
    """Return the shape of one clip's latent: channels, frames, mel bins."""
    frames = math.ceil(int(audio_s / MEL_FRAME_S) / LATENT_FRAMES)
    return [mel.LATENT_CHANNELS, frames, mel.MEL_BINS // LATENT_FRAMES]
