"""BigVGAN (arXiv:2206.04658): mel spectrogram to samples, the vocoder of both Make-an-Audio.

Here because NVIDIA's package ``bigvgan`` brings librosa into the environment, where diffusers'
AudioLDM 2 then ranks its clips with it: another model would do other work. Names of tensors are
the original's, so that its checkpoint loads as it is.
"""

from __future__ import annotations

import math
from functools import lru_cache, reduce
from operator import add
from typing import Any

import torch  # noqa: TID253 - at home in a model's environment
from torch import nn  # noqa: TID253
from torch.nn import functional  # noqa: TID253

from shared.networks import Network
from shared.parts import Part

MEL_BINS = 80
SAMPLE_RATE_HZ = 16000
HOP = 256  # samples per mel frame, the product of the upsampling rates
TAPS = 12  # of the filters around each activation
EDGE = 7  # kernel of the first and of the last convolution
TINY_SINE = 1e-9

CONFIG: dict[str, dict[str, Any]] = {
    "full": {
        "num_mels": MEL_BINS,
        "upsample_rates": [4, 4, 2, 2, 2, 2],
        "upsample_kernel_sizes": [8, 8, 4, 4, 4, 4],
        "upsample_initial_channel": 1536,
        "resblock_kernel_sizes": [3, 7, 11],
        "resblock_dilation_sizes": [[1, 3, 5]] * 3,
    },
    "tiny": {
        "num_mels": MEL_BINS,
        "upsample_rates": [4, 4, 2, 2, 2, 2],
        "upsample_kernel_sizes": [8, 8, 4, 4, 4, 4],
        "upsample_initial_channel": 128,
        "resblock_kernel_sizes": [3],
        "resblock_dilation_sizes": [[1, 3, 5]],
    },
}
# What this module computes and cannot be told to do otherwise, in the words of args.yml.
FIXED = {"resblock": "1", "activation": "snakebeta", "snake_logscale": True}


def vocoder(size: str) -> Part:
    """Mel (b, 80, frames) to samples (b, 1, 256 frames) in [-1, 1]."""
    return Part(BigVGAN, CONFIG[size])


@lru_cache(maxsize=1)
def lowpass() -> Any:
    """Return the windowed sinc (1, 1, 12) that passes the lower half of the band.

    Kaiser's window for a transition 0.6 of the band wide on each side (Kaiser 1974: the window's
    shape from the attenuation that length and transition allow).
    """
    attenuation_db = 2.285 * (TAPS // 2 - 1) * math.pi * 1.2 + 7.95
    window = torch.kaiser_window(TAPS, periodic=False, beta=0.1102 * (attenuation_db - 8.7))
    samples = torch.arange(TAPS) - (TAPS - 1) / 2
    response = window * torch.sinc(samples / 2)
    return (response / response.sum()).view(1, 1, TAPS)


class NormedConv1d(nn.Conv1d):
    """Convolution whose weight is a direction and a gain (arXiv:1602.07868)."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        split_weight(self)

    def forward(self, x: Any) -> Any:
        """(b, inputs, n) to (b, outputs, n')."""
        weight = join_weight(self)
        return functional.conv1d(
            x, weight, self.bias, self.stride, self.padding, self.dilation, self.groups
        )


class NormedConvTranspose1d(nn.ConvTranspose1d):
    """Transposed convolution whose weight is a direction and a gain, one an input channel."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        split_weight(self)

    def forward(self, x: Any) -> Any:
        """(b, inputs, n) to (b, outputs, n stride)."""
        weight = join_weight(self)
        return functional.conv_transpose1d(x, weight, self.bias, self.stride, self.padding)


def split_weight(conv: Any) -> None:
    """Replace the weight by ``weight_g`` (n, 1, 1) and ``weight_v``, shaped like the weight."""
    weight = conv.weight.detach()
    del conv.weight
    conv.weight_g = nn.Parameter(torch.linalg.vector_norm(weight, dim=(1, 2), keepdim=True))
    conv.weight_v = nn.Parameter(weight)


def join_weight(conv: Any) -> Any:
    """Put the weight together, in every pass anew: upstream never folds the two into one."""
    return torch._weight_norm(conv.weight_v, conv.weight_g, 0)  # noqa: SLF001 - what torch's own weight norm calls


class SnakeBeta(nn.Module):
    """x + sin(x e^alpha)^2 / e^beta by channel (arXiv:2006.08195; arXiv:2206.04658)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.alpha = nn.Parameter(torch.zeros(channels))
        self.beta = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Any) -> Any:
        """(b, channels, n) to the same shape."""
        alpha, beta = self.alpha.exp()[None, :, None], self.beta.exp()[None, :, None]
        return x + (1.0 / (beta + TINY_SINE)) * torch.sin(x * alpha).pow(2)


class Upsample(nn.Module):
    """Twice the samples of each channel, without images of the lower band."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("filter", lowpass().clone())

    def forward(self, x: Any) -> Any:
        """(b, channels, n) to (b, channels, 2 n)."""
        channels, margin = x.shape[1], TAPS // 2 - 1
        x = functional.pad(x, (margin, margin), mode="replicate")
        taps = self.filter.expand(channels, -1, -1)
        x = 2 * functional.conv_transpose1d(x, taps, stride=2, groups=channels)
        cut = 2 * margin + (TAPS - 2) // 2
        return x[..., cut:-cut]


class LowPass(nn.Module):
    """Every other sample of each channel, after the band above has been taken out."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("filter", lowpass().clone())

    def forward(self, x: Any) -> Any:
        """(b, channels, 2 n) to (b, channels, n)."""
        channels = x.shape[1]
        x = functional.pad(x, (TAPS // 2 - 1, TAPS // 2), mode="replicate")
        taps = self.filter.expand(channels, -1, -1)
        return functional.conv1d(x, taps, stride=2, groups=channels)


class Downsample(nn.Module):
    """The low-pass filter under the name that it has in the checkpoint."""

    def __init__(self) -> None:
        super().__init__()
        self.lowpass = LowPass()

    def forward(self, x: Any) -> Any:
        """(b, channels, 2 n) to (b, channels, n)."""
        return self.lowpass(x)


class AntiAliased(nn.Module):
    """An activation at twice the rate, so that its harmonics do not fold back."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.act = SnakeBeta(channels)
        self.upsample = Upsample()
        self.downsample = Downsample()

    def forward(self, x: Any) -> Any:
        """(b, channels, n) to the same shape."""
        return self.downsample(self.act(self.upsample(x)))


class AMPBlock1(nn.Module):
    """Residual pairs of convolutions, the first of each pair dilated."""

    def __init__(self, channels: int, kernel: int, dilations: list[int]) -> None:
        super().__init__()
        self.convs1 = nn.ModuleList(conv(channels, kernel, dilation) for dilation in dilations)
        self.convs2 = nn.ModuleList(conv(channels, kernel, 1) for _ in dilations)
        self.activations = nn.ModuleList(AntiAliased(channels) for _ in range(2 * len(dilations)))

    def forward(self, x: Any) -> Any:
        """(b, channels, n) to the same shape."""
        before, between = self.activations[::2], self.activations[1::2]
        layers = zip(before, self.convs1, between, self.convs2, strict=True)
        for act1, conv1, act2, conv2 in layers:
            x = conv2(act2(conv1(act1(x)))) + x
        return x


def conv(channels: int, kernel: int, dilation: int) -> NormedConv1d:
    """Return a convolution that keeps the length."""
    padding = dilation * (kernel - 1) // 2
    return NormedConv1d(channels, channels, kernel, dilation=dilation, padding=padding)


class BigVGAN(Network):
    """The generator: stages that double or quadruple the rate and halve the channels."""

    def __init__(
        self,
        *,
        num_mels: int,
        upsample_rates: list[int],
        upsample_kernel_sizes: list[int],
        upsample_initial_channel: int,
        resblock_kernel_sizes: list[int],
        resblock_dilation_sizes: list[list[int]],
    ) -> None:
        super().__init__()
        widths = [upsample_initial_channel >> level for level in range(len(upsample_rates) + 1)]
        blocks = list(zip(resblock_kernel_sizes, resblock_dilation_sizes, strict=True))
        self.conv_pre = NormedConv1d(num_mels, widths[0], EDGE, padding=EDGE // 2)
        self.ups = nn.ModuleList(
            nn.ModuleList([upsampler(width, rate, kernel)])
            for width, rate, kernel in zip(
                widths[:-1], upsample_rates, upsample_kernel_sizes, strict=True
            )
        )
        self.resblocks = nn.ModuleList(
            AMPBlock1(width, kernel, dilations)
            for width in widths[1:]
            for kernel, dilations in blocks
        )
        self.activation_post = AntiAliased(widths[-1])
        self.conv_post = NormedConv1d(widths[-1], 1, EDGE, padding=EDGE // 2)

    def forward(self, mel: Any) -> Any:
        """Mel (b, 80, frames) to samples (b, 1, 256 frames) in [-1, 1]."""
        x = self.conv_pre(mel)
        branches = len(self.resblocks) // len(self.ups)
        for stage, (upsample,) in enumerate(self.ups):
            x = upsample(x)
            parallel = self.resblocks[stage * branches : (stage + 1) * branches]
            x = reduce(add, [block(x) for block in parallel]) / branches
        return torch.tanh(self.conv_post(self.activation_post(x)))


def upsampler(width: int, rate: int, kernel: int) -> NormedConvTranspose1d:
    """Return what multiplies the length by ``rate`` and halves the channels."""
    return NormedConvTranspose1d(width, width // 2, kernel, rate, padding=(kernel - rate) // 2)
