"""Stable Audio Open (arXiv:2407.14358) by its vendor's own package, stable-audio-tools.

The same network as ``stable-audio-open``: a latent (clips, 64, 1024) whatever length is asked for,
47.55 s of stereo at 44.1 kHz, of which all but the beginning is cut off. The transformer sees
twice the clips, for classifier-free guidance.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

# Before the libraries: it sets switches that they read when they are imported.
from shared import counting, devices, durations, facts, t5
from shared import stable_audio_tools as vendor
from shared import weights as sources
from shared.audio import Generation
from shared.loaded import Loaded
from shared.tokens import T5Stub

# isort: split

from transformers import T5TokenizerFast

FACTS = facts.read(__file__)
LIBRARIES = (
    "stable-audio-tools", "k-diffusion", "torchsde", "transformers", "accelerate", "numpy",
)  # fmt: skip
ATTENTION = ("eager", "sdpa")
TEXT_LENGTH = 128  # tokens of every prompt, padded
FRAME = 2048  # samples to one frame of the latent
LATENT_CHANNELS = 64
RATIOS = [2, 4, 4, 8, 8]  # samples to one frame of the latent, by level: 2048 in all

# The sampler of the model's card; its guidance scale is that of model.toml.
SAMPLER = {"sigma_min": 0.3, "sigma_max": 500}
FRAMES = {"full": 1024, "tiny": 256}  # 47.55 s, 11.89 s
# Fewer than 64 channels in a head are none of the package's: its rotary positions take 32.
TRANSFORMER = {
    "full": {"embed_dim": 1536, "depth": 24, "num_heads": 24},
    "tiny": {"embed_dim": 128, "depth": 2, "num_heads": 2},
}
AUTOENCODER = {
    "full": {"channels": 128, "c_mults": [1, 2, 4, 8, 16]},
    "tiny": {"channels": 2, "c_mults": [1, 2, 2, 2, 2]},
}
TEXT_WIDTH = {"full": 768, "tiny": 64}
# So that 15 residual units in a row neither drown the audio in clipping nor silence it.
GAINS = {"full": 0.7, "tiny": 0.95}


def model_config(size: str) -> dict[str, Any]:
    """Return what of the vendor's ``model_config.json`` makes the model."""
    return {
        "model_type": "diffusion_cond",
        "sample_size": FRAMES[size] * FRAME,
        "sample_rate": FACTS["sample_rate_hz"],
        "audio_channels": FACTS["channels"],
        "model": {
            "pretransform": pretransform(size),
            "conditioning": conditioning(size),
            "diffusion": diffusion(size),
            "io_channels": LATENT_CHANNELS,
        },
    }


def diffusion(size: str) -> dict[str, Any]:
    """Velocity of the latent (b, 64, 1024), given text and length (b, 130, width)."""
    width = TEXT_WIDTH[size]
    return {
        "type": "dit",
        "cross_attention_cond_ids": ["prompt", "seconds_start", "seconds_total"],
        "global_cond_ids": ["seconds_start", "seconds_total"],
        "config": {
            "io_channels": LATENT_CHANNELS,
            "cond_token_dim": width,
            "global_cond_dim": 2 * width,  # beginning and end
            "project_cond_tokens": False,
            "transformer_type": "continuous_transformer",
            **TRANSFORMER[size],
        },
    }


def conditioning(size: str) -> dict[str, Any]:
    """Text, beginning and end of the clip in seconds, each to (b, length, width)."""
    seconds = {"type": "number", "config": {"min_val": 0, "max_val": 512}}
    text = {"t5_model_name": "t5-base", "max_length": TEXT_LENGTH}
    return {
        "cond_dim": TEXT_WIDTH[size],
        "configs": [
            {"id": "prompt", "type": "t5", "config": text},
            {"id": "seconds_start", **seconds},
            {"id": "seconds_total", **seconds},
        ],
    }


def pretransform(size: str) -> dict[str, Any]:
    """Oobleck: samples (b, 2, 2048 frames) to latent (b, 64, frames) and back, clip by clip."""
    levels = {"strides": RATIOS, "use_snake": True, **AUTOENCODER[size]}
    channels = FACTS["channels"]
    encoder = {"in_channels": channels, "latent_dim": 2 * LATENT_CHANNELS, **levels}
    decoder = {"out_channels": channels, "latent_dim": LATENT_CHANNELS, **levels}
    return {
        "type": "autoencoder",
        "iterate_batch": True,
        "config": {
            "encoder": {"type": "oobleck", "config": encoder},
            "decoder": {"type": "oobleck", "config": {**decoder, "final_tanh": False}},
            "bottleneck": {"type": "vae"},
            "latent_dim": LATENT_CHANNELS,
            "downsampling_ratio": FRAME,
            "io_channels": channels,
        },
    }


def text_encoder(size: str) -> t5.Part:
    """T5-base, of a width at tiny size that makes a whole head."""
    part = t5.base(size)
    return replace(part, config={**part.config, "d_model": TEXT_WIDTH[size]})


def parts(size: str) -> dict[str, Any]:
    """Return every network of the model, by name."""
    made = vendor.parts(model_config(size), GAINS[size])
    return {**made, "text_encoder": text_encoder(size)}


class Adapter:
    """Drives stable-audio-tools for the worker."""

    parts = staticmethod(parts)

    def __init__(self) -> None:
        self.denoiser: Any = None
        self.stages: dict[str, list[Any]] = {}
        self.pieces: dict[str, list[Any]] = {}  # of a stage whose own module reads numbers
        self.size = "full"
        self._model: Any = None
        self._device: Any = devices.find_device("cpu")
        self._frames: int | None = None  # of every latent; None for as many as the length needs

    def describe(self, *, size: str) -> dict[str, Any]:
        """Say what would be loaded: versions, parameters by component, form of the audio."""
        return {
            "libraries": devices.versions(*LIBRARIES),
            "parameters": count(
                {name: counting.build_empty(part) for name, part in parts(size).items()}
            ),
            "sample_rate_hz": FACTS["sample_rate_hz"],
            "channels": FACTS["channels"],
        }

    def refuse(
        self,
        *,
        steps: int,  # noqa: ARG002
        batch_size: int,  # noqa: ARG002 - any batch is worth a try
        audio_s: float,
        duration_mode: str,  # noqa: ARG002 - both can be had
    ) -> str | None:
        """Return why this setting cannot be honoured, or None."""
        longest_s = FRAMES[self.size] * FRAME / FACTS["sample_rate_hz"]
        if audio_s > longest_s:
            return f"{audio_s} s of audio: the latent holds {longest_s:.2f} s"
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
        duration_mode: str,
        cache_dir: str | None,
        seed: int,
    ) -> dict[str, Any]:
        """Bring the networks to the device and say what is there."""
        if attention not in ATTENTION:
            raise ValueError(f"attention {attention!r} is unknown: expected one of {ATTENTION}")
        durations.check(duration_mode)
        self._device = devices.find_device(device)
        folder = sources.locate(weights, FACTS, cache_dir)
        options = {"dtype": devices.find_dtype(dtype), "attention": attention}
        if folder is None:
            networks = sources.fill_all(parts(size), seed=seed, **options)
        else:
            networks = read(size, folder, **options)
        networks = {name: one.to(self._device) for name, one in networks.items()}
        self.assemble(Loaded(networks, folder), size=size, duration_mode=duration_mode)
        return {
            "dtype": dtype,
            "attention": f"transformer={attention} text_encoder=eager",
            "device": device,
            "duration_mode": duration_mode,
            "weights": "folder" if folder and weights != "hub" else weights,
            "weights_sha256": digest(size, folder) if folder else None,
            "parameters": count(networks),
            "latent_shape": self._latent_shape(audio_s),
            "gpu_uuid": devices.gpu_uuid(self._device),
        }

    def assemble(self, loaded: Loaded, *, size: str, duration_mode: str) -> None:
        """Make the loaded networks one model that generates."""
        networks = loaded.networks
        tokenizer = make_tokenizer(loaded.folder)
        text = vendor.TextConditioner(networks["text_encoder"], tokenizer, length=TEXT_LENGTH)
        self._model = vendor.assemble(model_config(size), networks, text)
        self._frames = FRAMES[size] if duration_mode == "paper" else None
        self.size, self.denoiser = size, self._model.model
        self.stages = {
            "text_encoding": [networks["text_encoder"], *vendor.embedders(networks)],
            "denoising": [self.denoiser],
            "decoding": [networks["vae"].decoder],
        }
        self.pieces = {"denoising": list(self.denoiser.model.children())}

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
        if self._model is None:
            raise RuntimeError("nothing is loaded: load comes before generate")
        if len(seeds) != len(prompts):
            raise ValueError(f"{len(prompts)} seeds expected, one a prompt; found {len(seeds)}")
        negative = None if negative_prompt is None else [negative_prompt] * len(prompts)
        shape = self._latent_shape(audio_s)
        settings = {
            "steps": steps,
            "cfg_scale": FACTS["guidance_scale"],
            "conditioning": conditions(prompts, audio_s),
            "negative_conditioning": negative and conditions(negative, audio_s),
            "batch_size": len(prompts),
            "sample_size": shape[1] * FRAME,
            "device": str(self._device),
            **SAMPLER,
        }
        audio = vendor.generate(self._model, settings, seeds=seeds).float().cpu()
        rate_hz = FACTS["sample_rate_hz"]
        return Generation(
            durations.cut(audio, audio_s, rate_hz), sample_rate_hz=rate_hz, latent_shape=shape
        )

    def _latent_shape(self, audio_s: float) -> list[int]:
        """Return the shape of one clip's latent: channels, frames."""
        rate_hz = FACTS["sample_rate_hz"]
        frames = self._frames or durations.count_frames(audio_s, rate_hz, samples=FRAME)
        return [LATENT_CHANNELS, frames]


def count(networks: dict[str, Any]) -> dict[str, int]:
    """Count the parameters of each component."""
    return {name: vendor.count(one) for name, one in networks.items()}


def conditions(prompts: list[str], audio_s: float) -> list[dict[str, Any]]:
    """Return what each clip is to be, as the package asks for it."""
    return [{"prompt": one, "seconds_start": 0, "seconds_total": audio_s} for one in prompts]


def read(size: str, folder: Any, **options: Any) -> dict[str, Any]:
    """Load every network from a folder in the layout of the hub's repository."""
    made = vendor.parts(model_config(size), GAINS[size])
    text = sources.load_folder("text_encoder", text_encoder(size), folder, **options)
    return {**vendor.load_networks(made, folder, **options), "text_encoder": text}


def make_tokenizer(folder: Any) -> Any:
    """Return the checkpoint's tokenizer, or synthetic ids at the real length."""
    if folder is None:
        return T5Stub(model_max_length=TEXT_LENGTH)
    return sources.load_tokenizer(T5TokenizerFast, folder / "tokenizer")


def digest(size: str, folder: Any) -> str:
    """Return the sha256 over the files of weights that were read."""
    text = f"text_encoder/{text_encoder(size).weights_name}"
    return sources.digest([vendor.find_weights(folder).name, text], folder)
