"""The autoencoder of Make-an-Audio 2 (arXiv:2305.18474): mel bins are channels, time is its length.

Names of tensors are the original's ``AutoencoderKL``, so that its checkpoint loads as it is.
"""

from __future__ import annotations

from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import torch  # noqa: TID253 - at home in a model's environment
from diffusers.models.attention_processor import AttnProcessor, AttnProcessor2_0  # noqa: TID253
from torch import nn  # noqa: TID253
from torch.nn import functional  # noqa: TID253

from shared.networks import Network

PLAIN_KERNEL = 3  # of the decoder's residual blocks, and of resampling


def normalise(channels: int) -> nn.GroupNorm:
    """Return the norm that all blocks use."""
    return nn.GroupNorm(32, channels, eps=1e-6)


def conv(inputs: int, outputs: int, kernel: int) -> nn.Conv1d:
    """Return a convolution that keeps the length."""
    return nn.Conv1d(inputs, outputs, kernel, padding=kernel // 2)


class ResnetBlock(nn.Module):
    """Two convolutions and a bypass."""

    def __init__(self, inputs: int, outputs: int, kernel: int) -> None:
        super().__init__()
        self.norm1 = normalise(inputs)
        self.conv1 = conv(inputs, outputs, kernel)
        self.norm2 = normalise(outputs)
        self.conv2 = conv(outputs, outputs, kernel)
        if inputs != outputs:
            self.nin_shortcut = nn.Conv1d(inputs, outputs, 1)

    def forward(self, x: Any) -> Any:
        """(b, inputs, n) to (b, outputs, n)."""
        inner = self.conv1(functional.silu(self.norm1(x)))
        inner = self.conv2(functional.silu(self.norm2(inner)))
        return (self.nin_shortcut(x) if hasattr(self, "nin_shortcut") else x) + inner


class AttnBlock(nn.Module):
    """Attention of one head over time, by the processor that diffusers' networks would be given."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.processor: Any = AttnProcessor()
        self.norm = normalise(channels)
        self.q = nn.Conv1d(channels, channels, 1)
        self.k = nn.Conv1d(channels, channels, 1)
        self.v = nn.Conv1d(channels, channels, 1)
        self.proj_out = nn.Conv1d(channels, channels, 1)

    def forward(self, x: Any) -> Any:
        """(b, channels, n) to the same shape."""
        states = self.norm(x)
        query, key, value = (one(states).transpose(1, 2) for one in (self.q, self.k, self.v))
        if isinstance(self.processor, AttnProcessor2_0):
            mixed = functional.scaled_dot_product_attention(query, key, value)
        else:
            scores = query @ key.transpose(1, 2) * query.shape[-1] ** -0.5
            mixed = scores.softmax(dim=-1) @ value
        return x + self.proj_out(mixed.transpose(1, 2))


class Middle(nn.Module):
    """What stands between the way down and the way up."""

    def __init__(self, channels: int, kernel: int) -> None:
        super().__init__()
        self.block_1 = ResnetBlock(channels, channels, kernel)
        self.attn_1 = AttnBlock(channels)
        self.block_2 = ResnetBlock(channels, channels, kernel)

    def forward(self, x: Any) -> Any:
        """(b, channels, n) to the same shape."""
        return self.block_2(self.attn_1(self.block_1(x)))


class Downsample(nn.Module):
    """Half the length; the odd place is filled up at the end."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv1d(channels, channels, PLAIN_KERNEL, stride=2)

    def forward(self, x: Any) -> Any:
        """(b, channels, 2 n) to (b, channels, n)."""
        return self.conv(functional.pad(x, (0, 1)))


class Upsample(nn.Module):
    """Twice the length: every place twice, then smoothed."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = conv(channels, channels, PLAIN_KERNEL)

    def forward(self, x: Any) -> Any:
        """(b, channels, n) to (b, channels, 2 n)."""
        return self.conv(functional.interpolate(x, scale_factor=2.0, mode="nearest"))


class Level(nn.Module):
    """Residual blocks of one width, and what changes the length behind them, if anything."""

    def __init__(self, inputs: int, outputs: int, blocks: int, kernel: int) -> None:
        super().__init__()
        widths = [inputs] + [outputs] * blocks
        self.block = nn.ModuleList(
            ResnetBlock(one, other, kernel) for one, other in pairwise(widths)
        )

    def forward(self, x: Any) -> Any:
        """(b, inputs, n) to (b, outputs, n), or another length."""
        for block in self.block:
            x = block(x)
        for resample in ("downsample", "upsample"):
            x = getattr(self, resample)(x) if hasattr(self, resample) else x
        return x


class Encoder(nn.Module):
    """Mel (b, 80, 2 n) to the moments (b, 40, n)."""

    def __init__(
        self, *, bins: int, latent: int, widths: list[int], blocks: int, kernel: int, halved: int
    ) -> None:
        super().__init__()
        self.conv_in = conv(bins, widths[0], kernel)
        inputs = [widths[0], *widths[:-1]]
        self.down = nn.ModuleList(
            Level(one, other, blocks, kernel) for one, other in zip(inputs, widths, strict=True)
        )
        self.down[halved].downsample = Downsample(widths[halved])
        self.mid = Middle(widths[-1], kernel)
        self.norm_out = normalise(widths[-1])
        self.conv_out = conv(widths[-1], 2 * latent, kernel)

    def forward(self, mel: Any) -> Any:
        """Mel (b, 80, 2 n) to the moments (b, 40, n)."""
        x = self.conv_in(mel)
        for level in self.down:
            x = level(x)
        return self.conv_out(functional.silu(self.norm_out(self.mid(x))))


class Decoder(nn.Module):
    """Latent (b, 20, n) to mel (b, 80, 2 n)."""

    def __init__(
        self, *, bins: int, latent: int, widths: list[int], blocks: int, kernel: int, doubled: int
    ) -> None:
        super().__init__()
        self.conv_in = conv(latent, widths[-1], kernel)
        # Upstream does not hand its kernel on to the blocks of this half.
        self.mid = Middle(widths[-1], PLAIN_KERNEL)
        inputs = [*widths[1:], widths[-1]]
        self.up = nn.ModuleList(
            Level(one, other, blocks + 1, PLAIN_KERNEL)
            for one, other in zip(inputs, widths, strict=True)
        )
        self.up[doubled].upsample = Upsample(widths[doubled])
        self.norm_out = normalise(widths[0])
        self.conv_out = conv(widths[0], bins, kernel)

    def forward(self, latent: Any) -> Any:
        """Latent (b, 20, n) to mel (b, 80, 2 n)."""
        x = self.mid(self.conv_in(latent))
        for level in reversed(self.up):
            x = level(x)
        return self.conv_out(functional.silu(self.norm_out(x)))


class Autoencoder1D(Network):
    """Encoder and decoder; generating uses the decoder alone.

    ``scaling_factor`` is what the latent is multiplied by while it is noise. It is asked and set
    as in diffusers' autoencoder: by ``config`` and ``register_to_config``.
    """

    def __init__(
        self,
        *,
        mel_bins: int,
        latent_channels: int,
        widths: list[int],
        layers_per_block: int,
        kernel_size: int,
        scaling_factor: float = 1.0,
    ) -> None:
        super().__init__()
        shape: dict[str, Any] = {
            "bins": mel_bins,
            "latent": latent_channels,
            "widths": widths,
            "blocks": layers_per_block,
            "kernel": kernel_size,
        }
        self.config = SimpleNamespace(scaling_factor=scaling_factor)
        self.encoder = Encoder(**shape, halved=0)
        self.decoder = Decoder(**shape, doubled=1)
        self.quant_conv = nn.Conv1d(2 * latent_channels, 2 * latent_channels, 1)
        self.post_quant_conv = nn.Conv1d(latent_channels, latent_channels, 1)

    def register_to_config(self, **values: Any) -> None:
        """Change settings."""
        vars(self.config).update(values)

    def encode(self, mel: Any) -> tuple[Any, Any]:
        """Mel (b, 80, 2 n) to mean and logarithm of the variance, both (b, 20, n)."""
        mean, log_variance = torch.chunk(self.quant_conv(self.encoder(mel)), 2, dim=1)
        return mean, log_variance

    def decode(self, latent: Any) -> Any:
        """Latent (b, 20, n) to mel (b, 80, 2 n)."""
        return self.decoder(self.post_quant_conv(latent))
