"""Stable Audio Open by its vendor's own package, stable-audio-tools: networks, weights, sampling.

``generate_diffusion_cond`` runs as it is but for its random numbers, of which each clip has its
own stream here, and for its sampler's arithmetic, which stays in float32: the square of the first
sigma, 250000, has no float16.
"""

from __future__ import annotations

import io
import warnings
from contextlib import redirect_stdout
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch  # noqa: TID253 - at home in a model's environment
from safetensors.torch import load_file

from shared import counting, faults, folders, statedicts
from shared.placeholders import stand_in

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# What the package imports for training, for audio as input and, through k-diffusion, for images.
UNUSED = ("torchaudio", "torchvision", "cleanfid", "clip", "dctorch", "jsonmerge", "skimage", "PIL")

# It says on standard output that flash-attn is not there. Of what it uses of torch, a newer torch
# warns; and of its sampler's last sigma, 0, below the range of the noise that torchsde draws.
warnings.filterwarnings("ignore", message=r"`torch.cuda.amp.autocast\(args...\)` is deprecated")
warnings.filterwarnings("ignore", message="CUDA is not available or torch_xla is imported")
warnings.filterwarnings("ignore", message="Should have t[ab][<>]=t[01]")
with stand_in(*UNUSED), redirect_stdout(io.StringIO()):
    import k_diffusion
    from stable_audio_tools.inference import generation
    from stable_audio_tools.models.autoencoders import create_autoencoder_from_config
    from stable_audio_tools.models.conditioners import (
        Conditioner,
        MultiConditioner,
        T5Conditioner,
        create_multi_conditioner_from_conditioning_config,
    )
    from stable_audio_tools.models.diffusion import (
        ConditionedDiffusionModelWrapper,
        DiTWrapper,
    )
    from stable_audio_tools.models.pretransforms import AutoencoderPretransform
    from stable_audio_tools.models.transformer import Attention, LayerNorm

#: Component -> prefix of its tensors in the one file of the checkpoint.
PREFIXES = {"transformer": "model.", "conditioner": "conditioner.", "vae": "pretransform.model."}
TEXT = "text_encoder"  # in files of its own


@dataclass(frozen=True)
class Part:
    """A network that the package makes of a part of ``model_config.json``.

    ``gain`` is what a random fill gives layers with weight norm: 1 keeps the size of their input.
    """

    make: Callable[[dict[str, Any]], Any]
    config: dict[str, Any]
    gain: float = 1.0

    def build(self, *, attention: str = "sdpa") -> Any:
        """Return the network, in evaluation mode, on the default device."""
        network = self.make(self.config).eval()
        if attention == "eager":
            for module in network.modules():
                if isinstance(module, Attention):
                    module.apply_attn = attend_in_steps
        return network


def parts(config: dict[str, Any], gain: float) -> dict[str, Part]:
    """Return the networks of the checkpoint's one file; ``gain`` is that of the autoencoder."""
    model = config["model"]
    numbers = [one for one in model["conditioning"]["configs"] if one["type"] == "number"]
    autoencoder = {"sample_rate": config["sample_rate"], "model": model["pretransform"]["config"]}
    return {
        "transformer": Part(lambda own: DiTWrapper("v", **own), model["diffusion"]["config"]),
        "conditioner": Part(
            create_multi_conditioner_from_conditioning_config,
            {**model["conditioning"], "configs": numbers},
        ),
        "vae": Part(create_autoencoder_from_config, autoencoder, gain),
    }


def count(network: Any) -> int:
    """Count the parameters of a network, with the biases of norms: the package's are buffers."""
    norms = [one for one in network.modules() if isinstance(one, LayerNorm)]
    return counting.count(network) + sum(one.beta.numel() for one in norms)


def attend_in_steps(query: Any, key: Any, value: Any, **_: Any) -> Any:
    """Attend with single operations: queries (b, heads, length, width), fewer heads of the rest."""
    shared = query.shape[1] // key.shape[1]
    key, value = key.repeat_interleave(shared, 1), value.repeat_interleave(shared, 1)
    scores = query @ key.transpose(-1, -2) * query.shape[-1] ** -0.5
    return scores.softmax(dim=-1) @ value


def name_attention(networks: dict[str, Any]) -> str:
    """Say how the two networks attend that do: ``transformer=sdpa text_encoder=eager``."""
    attending = [one for one in networks["transformer"].modules() if isinstance(one, Attention)]
    stepping = {getattr(one.apply_attn, "__func__", one.apply_attn) for one in attending}
    own = "eager" if stepping == {attend_in_steps} else "sdpa"
    text = getattr(networks[TEXT].config, "_attn_implementation", "eager")
    return f"transformer={own} {TEXT}={text}"


class TextConditioner(T5Conditioner):
    """The package's T5 conditioner around an encoder that is there already.

    Texts to states (b, length, width) and their mask; the package's own constructor fetches.
    """

    def __init__(self, encoder: Any, tokenizer: Any, *, length: int) -> None:
        width = encoder.config.d_model
        Conditioner.__init__(self, width, width)
        self.tokenizer = tokenizer
        self.max_length = length
        self.enable_grad = False
        self.__dict__["model"] = encoder  # as the package does: no part of the state dict


def assemble(config: dict[str, Any], networks: dict[str, Any], text: TextConditioner) -> Any:
    """Return the package's model made of networks on their device."""
    model = config["model"]
    diffusion, pretransform = model["diffusion"], model["pretransform"]
    conditioners = {"prompt": text, **networks["conditioner"].conditioners}
    return ConditionedDiffusionModelWrapper(
        networks["transformer"],
        MultiConditioner(conditioners),
        io_channels=model["io_channels"],
        sample_rate=config["sample_rate"],
        min_input_length=pretransform["config"]["downsampling_ratio"],
        pretransform=AutoencoderPretransform(
            networks["vae"], iterate_batch=pretransform["iterate_batch"]
        ),
        cross_attn_cond_ids=diffusion["cross_attention_cond_ids"],
        global_cond_ids=diffusion["global_cond_ids"],
    )


def embedders(networks: dict[str, Any]) -> list[Any]:
    """Return the networks that embed beginning and end of a clip."""
    return [one.embedder for one in networks["conditioner"].conditioners.values()]


def find_weights(folder: Path) -> Path:
    """Return the file of a folder that the package itself would load."""
    names = ("model.safetensors", "model.ckpt")
    found = [folder / name for name in names if (folder / name).is_file()]
    if not found:
        raise RuntimeError(
            f"weights of {' and '.join(PREFIXES)} are missing: expected {' or '.join(names)} in "
            f"{folder}; fetch them or give a folder in the vendor's layout"
        )
    return found[0]


def load(parts: dict[str, Any], folder: Path, *, dtype: Any, attention: str) -> dict[str, Any]:
    """Load the networks of the one file, and the text encoder from the folder of its name.

    No tensor is missing, too many or of another shape.
    """
    file, how = find_weights(folder), {"dtype": dtype, "attention": attention}
    tensors = statedicts.split(_read(file), PREFIXES, file)
    text = folders.load(TEXT, parts[TEXT], folder, **how)
    own = {name: statedicts.build(name, parts[name], tensors[name], **how) for name in PREFIXES}
    return {**own, TEXT: text}


def file_names(parts: dict[str, Any], folder: Path) -> list[str]:
    """Return which files of the folder hold the networks."""
    return [find_weights(folder).name, f"{TEXT}/{parts[TEXT].weights_name}"]


def _read(file: Path) -> dict[str, Any]:
    if file.suffix == ".ckpt":
        return statedicts.read(file, PREFIXES, key="state_dict")
    faults.check_readable(" and ".join(PREFIXES), file)
    return load_file(file)


@torch.no_grad()
def generate(model: Any, settings: dict[str, Any], *, streams: list[Any]) -> Any:
    """Return audio (clips, channels, samples) by the package's own function, which also prints."""
    with redirect_stdout(io.StringIO()):
        return generation.generate_diffusion_cond(model, **settings, streams=streams, seed=0)


def _sample(
    denoiser: Any,
    noise: Any,
    _: Any,
    steps: int,
    *,
    streams: list[Any],
    device: Any,
    **options: Any,
) -> Any:
    """Denoise by DPM-Solver++(3M) SDE (arXiv:2211.01095), one call of the denoiser a step.

    Stands in for the package's ``sample_k``: the same, each clip with noise of its own.
    """
    low, high = options.pop("sigma_min"), options.pop("sigma_max")
    sigmas = k_diffusion.sampling.get_sigmas_polyexponential(steps, low, high, device=device)
    start = [torch.randn(noise.shape[1:], generator=one, device=device) for one in streams]
    latent = torch.stack(start) * sigmas[0]
    seeds = [stream.initial_seed() for stream in streams]
    tree = k_diffusion.sampling.BrownianTreeNoiseSampler(latent, sigmas[-2], sigmas[0], seed=seeds)
    return k_diffusion.sampling.sample_dpmpp_3m_sde(
        k_diffusion.external.VDenoiser(denoiser),
        latent,
        sigmas,
        extra_args=options,
        noise_sampler=tree,
    )


generation.sample_k = _sample
k_diffusion.sampling.trange = lambda count, **_: range(count)  # no progress bar
