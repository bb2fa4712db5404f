"""AudioLDM (arXiv:2301.12503) as diffusers' own ``AudioLDMPipeline``.

The latent is (clips, 8, frames / 4, 16) at 100 mel frames a second; the UNet sees twice the
clips, for classifier-free guidance. Full size is audioldm-s-full as diffusers' conversion
script configures it, with the scaling factor of cvssp/audioldm-s-full-v2.
"""

from __future__ import annotations

from typing import Any

# Before the libraries: it sets switches that they read when they are imported.
from shared import facts, loading, mel
from shared import weights as sources
from shared.audio import Generation
from shared.parts import Part
from shared.prompts import generators, texts
from shared.tokens import RobertaStub

# isort: split

from diffusers import AudioLDMPipeline, DDIMScheduler, UNet2DConditionModel  # noqa: TID253 - at home
from transformers import ClapTextModelWithProjection, RobertaTokenizerFast

FACTS = facts.read(__file__)
SCALING_FACTOR = 0.9392935633659363
TEXT_LENGTH = 512  # tokens of every prompt, padded
TEXT_WIDTH = 512  # of the projected text, the UNet's condition

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
        return mel.refuse(steps, audio_s)

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
        )
        self._assemble(loaded)
        return {**loaded.answer, "latent_shape": mel.latent_shape(audio_s)}

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
        audio = self._pipeline(
            **texts(prompts, negative_prompt),
            num_inference_steps=steps,
            guidance_scale=FACTS["guidance_scale"],
            audio_length_in_s=audio_s,
            generator=generators(prompts, seeds, self._pipeline.device),
        ).audios
        return Generation(
            audio[:, None, :],
            sample_rate_hz=FACTS["sample_rate_hz"],
            latent_shape=mel.latent_shape(audio_s),
        )

    def _assemble(self, loaded: loading.Loaded) -> None:
        if loaded.folder is None:
            tokenizer: Any = RobertaStub(model_max_length=TEXT_LENGTH)
            scheduler = DDIMScheduler(**mel.SCHEDULER)
        else:
            tokenizer = sources.load_tokenizer(RobertaTokenizerFast, loaded.folder / "tokenizer")
            scheduler = sources.load_scheduler(DDIMScheduler, loaded.folder)
        self._pipeline = AudioLDMPipeline(
            **loaded.networks, tokenizer=tokenizer, scheduler=scheduler
        )
        self._pipeline.set_progress_bar_config(disable=True)
        self.denoiser = self._pipeline.unet
