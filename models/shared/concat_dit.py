"""The denoiser of Make-an-Audio 2 (arXiv:2305.18474): a transformer over time and text in a row.

Names of tensors are the original's ``ConcatDiT2MLP``, so that its checkpoint loads as it is.
"""

from __future__ import annotations

import math
from typing import Any

import torch  # noqa: TID253 - at home in a model's environment
from diffusers.models.attention_processor import Attention  # noqa: TID253
from torch import nn  # noqa: TID253
from torch.nn import functional  # noqa: TID253

from shared.networks import Network

FREQUENCIES = 256  # of the timestep, cosines and sines together
SLOWEST = 10000.0
INPUT_KERNEL, FEED_KERNEL = 5, 9
WIDENING = 4  # of the feed-forward


class TimestepEmbedder(nn.Module):
    """Timesteps as sines (arXiv:1706.03762), then a perceptron."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.mlp = nn.Sequential(nn.Linear(FREQUENCIES, width), nn.SiLU(), nn.Linear(width, width))

    def forward(self, times: Any) -> Any:
        """(b,) to (b, width)."""
        half = FREQUENCIES // 2
        steps = torch.arange(half, dtype=torch.float32, device=times.device)
        angles = times[:, None].float() * torch.exp(-math.log(SLOWEST) / half * steps)
        waves = torch.cat([angles.cos(), angles.sin()], dim=-1)
        return self.mlp(waves.to(self.mlp[0].weight.dtype))


class ConditionEmbedder(nn.Module):
    """States of one text encoder, brought to the transformer's width."""

    def __init__(self, width: int, context: int) -> None:
        super().__init__()
        self.mlp = nn.Sequential(
            nn.Linear(context, width),
            nn.GELU(approximate="tanh"),
            nn.Linear(width, width),
            nn.LayerNorm(width),
        )

    def forward(self, states: Any) -> Any:
        """(b, tokens, context) to (b, tokens, width)."""
        return self.mlp(states)


class PositionEmbedding(nn.Module):
    """A learned vector for each place."""

    def __init__(self, places: int, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(places, width))
        nn.init.xavier_normal_(self.weight)

    def forward(self, x: Any) -> Any:
        """(b, n, width) to the same shape."""
        return x + self.weight[: x.shape[1]]


class GatedConv(nn.Module):
    """GEGLU (arXiv:2002.05202) over nine neighbours instead of one place."""

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.proj = nn.Conv1d(width, 2 * inner, FEED_KERNEL, padding=FEED_KERNEL // 2)

    def forward(self, x: Any) -> Any:
        """(b, width, n) to (b, inner, n)."""
        values, gate = self.proj(x).chunk(2, dim=1)
        return values * functional.gelu(gate)


class FeedForward(nn.Module):
    """The convolutions that hold nine tenths of the parameters."""

    def __init__(self, width: int) -> None:
        super().__init__()
        inner = WIDENING * width
        self.net = nn.Sequential(
            GatedConv(width, inner),
            nn.Identity(),  # dropout in training
            nn.Conv1d(inner, width, FEED_KERNEL, padding=FEED_KERNEL // 2),
        )

    def forward(self, x: Any) -> Any:
        """(b, n, width) to the same shape."""
        return self.net(x.transpose(1, 2)).transpose(1, 2)


class TransformerBlock(nn.Module):
    """Self-attention twice, then the feed-forward, each with its norm and its bypass."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.attn1 = Attention(width, heads=heads, dim_head=width // heads)
        self.ff = FeedForward(width)
        self.attn2 = Attention(width, heads=heads, dim_head=width // heads)
        self.norm1 = nn.LayerNorm(width)
        self.norm2 = nn.LayerNorm(width)
        self.norm3 = nn.LayerNorm(width)

    def forward(self, x: Any) -> Any:
        """(b, n, width) to the same shape."""
        x = self.attn1(self.norm1(x)) + x
        x = self.attn2(self.norm2(x)) + x
        return self.ff(self.norm3(x)) + x


class TemporalTransformer(nn.Module):
    """One block between convolutions of one point, all of it bypassed."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(32, width, eps=1e-6)
        self.proj_in = nn.Conv1d(width, width, 1)
        self.transformer_blocks = nn.ModuleList([TransformerBlock(width, heads)])
        self.proj_out = nn.Conv1d(width, width, 1)

    def forward(self, x: Any) -> Any:
        """(b, width, n) to the same shape."""
        states = self.proj_in(self.norm(x)).transpose(1, 2)
        for block in self.transformer_blocks:
            states = block(states)
        return x + self.proj_out(states.transpose(1, 2))


class FinalLayer(nn.Module):
    """From the transformer's width to the channels of the latent."""

    def __init__(self, width: int, channels: int) -> None:
        super().__init__()
        self.norm_final = nn.GroupNorm(16, width)
        self.conv1d = nn.Conv1d(width, channels, 1)

    def forward(self, x: Any) -> Any:
        """(b, width, n) to (b, channels, n)."""
        return self.conv1d(self.norm_final(x))


class ConcatDiT2MLP(Network):
    """Timestep, both texts and the latent stand in one row, and all attend to all."""

    def __init__(
        self,
        *,
        in_channels: int,
        context_dim: int,
        hidden_size: int,
        num_heads: int,
        depth: int,
        max_len: int,
    ) -> None:
        super().__init__()
        self.t_embedder = TimestepEmbedder(hidden_size)
        self.c1_embedder = ConditionEmbedder(hidden_size, context_dim)
        self.c2_embedder = ConditionEmbedder(hidden_size, context_dim)
        self.proj_in = nn.Conv1d(in_channels, hidden_size, INPUT_KERNEL, padding=INPUT_KERNEL // 2)
        self.pos_emb = PositionEmbedding(max_len, hidden_size)
        self.blocks = nn.ModuleList(
            TemporalTransformer(hidden_size, num_heads) for _ in range(depth)
        )
        self.final_layer = FinalLayer(hidden_size, in_channels)

    def forward(self, x: Any, times: Any, context: Any) -> Any:
        """Latent (b, 20, n), times (b,) and text (b, 77 + 77, 1024) to the noise (b, 20, n)."""
        caption, structure = context.chunk(2, dim=1)
        row = [
            self.t_embedder(times)[:, None],
            self.c1_embedder(caption),
            self.c2_embedder(structure),
            self.proj_in(x).transpose(1, 2),
        ]
        states = self.pos_emb(torch.cat(row, dim=1)).transpose(1, 2)
        for block in self.blocks:
            states = block(states)
        return self.final_layer(states[..., -x.shape[-1] :])
