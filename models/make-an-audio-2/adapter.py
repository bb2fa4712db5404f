"""Make-an-Audio 2 (arXiv:2305.18474): own denoiser, autoencoder and vocoder, two text encoders.

The latent is (clips, 20, columns) at 31.5 columns a second; the denoiser sees twice the clips,
for classifier-free guidance, and the caption beside a list of its events. The autoencoder makes
a mel (80, 2 columns) of the latent, BigVGAN 256 samples a frame. Sizes are those of upstream's
configs/text2audio-ConcatDiT-ae1dnat_Skl20d2_struct2MLPanylen.yaml.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

# Before the libraries: it sets switches that they read when they are imported.
from shared import bigvgan, ddim, durations, facts, loading, make_an_audio, ms_clap, t5
from shared import weights as sources
from shared.audio import Generation
from shared.autoencoder_1d import Autoencoder1D
from shared.concat_dit import ConcatDiT2MLP
from shared.parts import Part
from shared.prompts import generators
from shared.tokens import T5Stub

# isort: split

import torch  # noqa: TID253 - at home in a model's environment
from transformers import T5Tokenizer, T5TokenizerFast

if TYPE_CHECKING:
    from pathlib import Path

FACTS = facts.read(__file__)
CHECKPOINT = "maa2.ckpt"
T5_TOKENIZER = "t5-v1_1-large"
CHANNELS = 20  # of the latent
COLUMNS = make_an_audio.Columns(per_second=31.5, multiple=2, samples=2 * 256)
PLACES = 1000  # of the row in which timestep, texts and latent stand
MOST_COLUMNS = PLACES - 1 - 2 * make_an_audio.TOKENS

# A language model wrote the events of the paper's prompt once; it has no place in a measurement.
STRUCTURES = {
    "Water running out of a faucet, some hitting a sink bottom, and some water filling a cup": (
        "<water running out of faucet & all>"
        "@<water hitting sink bottom & start>"
        "@<water filling a cup & mid>"
    ),
}

DENOISER = {
    "full": {"hidden_size": 576, "depth": 4},
    "tiny": {"hidden_size": 64, "depth": 1},
}
VAE: dict[str, dict[str, Any]] = {
    "full": {"widths": [384, 768, 1536], "layers_per_block": 2},
    "tiny": {"widths": [32, 64, 64], "layers_per_block": 1},
}
PREFIXES = {
    "denoiser": "model.diffusion_model.",
    "text_encoder": "cond_stage_model.caption_encoder.base.",
    "projection": "cond_stage_model.caption_encoder.projection.",
    "text_encoder_2": "cond_stage_model.t5_transformer.",
    "vae": "first_stage_model.",
}


def denoiser(size: str) -> Part:
    """Noise of the latent (b, 20, columns), given both texts (b, 77 + 77, 1024)."""
    config = {
        "in_channels": CHANNELS,
        "context_dim": ms_clap.PROJECTION[size]["outputs"],
        "num_heads": 8,
        "max_len": PLACES,
        **DENOISER[size],
    }
    return Part(ConcatDiT2MLP, config)


def vae(size: str) -> Part:
    """Mel (b, 80, frames) to latent (b, 20, frames / 2) and back."""
    config = {
        "mel_bins": bigvgan.MEL_BINS,
        "latent_channels": CHANNELS,
        "kernel_size": 5,
        **VAE[size],
    }
    return Part(Autoencoder1D, config)


def parts(size: str) -> dict[str, Part]:
    """Return every network of the model by name."""
    return {
        "denoiser": denoiser(size),
        "text_encoder": ms_clap.text_encoder(size),
        "projection": ms_clap.projection(size),
        "text_encoder_2": t5.flan_large(size),  # T5-v1.1-large: FLAN's is the same network
        "vae": vae(size),
        "vocoder": bigvgan.vocoder(size),
    }


def namings(described: dict[str, Part]) -> dict[str, make_an_audio.Naming]:  # noqa: ARG001 - as the first model's
    """Return what turns our names of tensors into upstream's: they are the same."""
    return {}


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
    autoencoder.scaling_factor = scale


LAYOUT = loading.Layout(files=lambda _: make_an_audio.files(CHECKPOINT), read=read)


class Adapter:
    """Drives Make-an-Audio 2 for the worker."""

    def __init__(self) -> None:
        self.denoiser: Any = None
        self._duration_mode = "paper"
        self._networks: dict[str, Any] = {}
        self._tokenizer: Any = None
        self._tokenizer_2: Any = None

    def describe(self, *, size: str) -> dict[str, Any]:
        """Say what would be loaded: versions, parameters by component, form of the audio."""
        return loading.describe(parts(size), FACTS)

    def refuse(
        self,
        *,
        steps: int,
        batch_size: int,  # noqa: ARG002 - any batch is worth a try
        audio_s: float,
        duration_mode: str,
    ) -> str | None:
        """Return why this setting cannot be honoured, or None."""
        if latent_shape(audio_s, duration_mode)[1] > MOST_COLUMNS:
            return f"{audio_s} s of audio: the longest latent has {MOST_COLUMNS} columns"
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
        """Take networks to generate with, and the tokenizers of the folder, if there is one."""
        self._tokenizer = ms_clap.load_tokenizer(folder)
        self._tokenizer_2 = load_t5_tokenizer(folder)
        self._networks = networks
        self.denoiser = networks["denoiser"]

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
        nothing = [""] * len(prompts)
        streams = generators(prompts, seeds, self.denoiser.device)
        latents = ddim.sample(
            self.denoiser,
            ddim.draw(shape, generators=streams, dtype=self.denoiser.dtype),
            unconditional=self._encode(nothing, nothing),
            condition=self._encode(prompts, [structure(prompt) for prompt in prompts]),
            steps=steps,
            scale=FACTS["guidance_scale"],
        )
        autoencoder = self._networks["vae"]
        mels = autoencoder.decode(latents / autoencoder.scaling_factor)
        audio = make_an_audio.vocode(self._networks["vocoder"], mels)
        if self._duration_mode == "exact":
            audio = durations.cut(audio, audio_s, FACTS["sample_rate_hz"])
        return Generation(
            audio,
            sample_rate_hz=FACTS["sample_rate_hz"],
            latent_shape=shape,
        )

    def _encode(self, captions: list[str], structures: list[str]) -> Any:
        """Return the condition (captions, 77 + 77, 1024)."""
        bert, projection = self._networks["text_encoder"], self._networks["projection"]
        caption = projection(make_an_audio.encode_padded(self._tokenizer, bert, captions))
        encoder = self._networks["text_encoder_2"]
        events = make_an_audio.encode_padded(self._tokenizer_2, encoder, structures)
        return torch.cat([caption, events], dim=1)


def structure(prompt: str) -> str:
    """Return the events of a prompt: those of the paper's, or the prompt as one that lasts."""
    return STRUCTURES.get(prompt, f"<{prompt.lower()} & all>")


def load_t5_tokenizer(folder: Path | None) -> Any:
    """Load T5's tokenizer from beside the checkpoint; without one a stub stands in."""
    if folder is None:
        return T5Stub(model_max_length=512)
    place = folder / T5_TOKENIZER
    # Its hub repository has the slow form alone, which needs the package sentencepiece.
    fast = (place / "tokenizer.json").is_file()
    return sources.load_tokenizer(T5TokenizerFast if fast else T5Tokenizer, place)


def latent_shape(audio_s: float, duration_mode: str) -> list[int]:
    """Return the shape of one clip's latent: channels, columns."""
    return [CHANNELS, COLUMNS.count(audio_s, duration_mode)]
