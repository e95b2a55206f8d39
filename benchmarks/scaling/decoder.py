"""A decoder in the manner of Llama (Touvron et al., 2023), as PyTorch users write it; GPT-2 is that of the benchmarks."""

import torch
import torch.nn.functional as F
from torch import nn

from benchmarks.workloads.models import GPT


def _rotated(x, angles):
    """Positions as rotations of pairs (Su et al., 2021, equation 34); halves make the pairs."""
    a, b = x.chunk(2, dim=-1)
    cos, sin = angles.cos(), angles.sin()
    return torch.cat((a * cos - b * sin, b * cos + a * sin), dim=-1)


class Block(nn.Module):
    def __init__(self, width, heads, groups, hidden):
        super().__init__()
        self.heads, self.groups, self.size = heads, groups, width // heads
        linear = lambda inputs, outputs: nn.Linear(inputs, outputs, bias=False)  # noqa: E731
        self.norm_1, self.norm_2 = nn.RMSNorm(width), nn.RMSNorm(width)
        self.q, self.o = linear(width, width), linear(width, width)
        self.k, self.v = linear(width, groups * self.size), linear(width, groups * self.size)
        self.gate, self.up, self.down = linear(width, hidden), linear(width, hidden), linear(hidden, width)

    def forward(self, x):
        batch, length, _ = x.shape
        place = torch.arange(length, dtype=torch.float32)[:, None]
        angles = place * 10000.0 ** (-torch.arange(0, self.size, 2, dtype=torch.float32) / self.size)
        y = self.norm_1(x)
        q = self.q(y).view(batch, length, self.heads, self.size).transpose(1, 2)
        k, v = (each(y).view(batch, length, self.groups, self.size).transpose(1, 2) for each in (self.k, self.v))
        q, k = _rotated(q, angles), _rotated(k, angles)
        if self.groups != self.heads:
            k, v = (t.repeat_interleave(self.heads // self.groups, dim=1) for t in (k, v))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.o(y.transpose(1, 2).flatten(2))
        y = self.norm_2(x)
        return x + self.down(F.silu(self.gate(y)) * self.up(y))


class Decoder(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.wte = nn.Embedding(size.words, size.width)
        self.blocks = nn.ModuleList(Block(size.width, size.heads, size.groups, size.hidden) for _ in range(size.layers))
        self.norm, self.head = nn.RMSNorm(size.width), nn.Linear(size.width, size.words, bias=False)

    def forward(self, tokens):
        x = self.wte(tokens)
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x)).flatten(0, 1)


def build(size):
    """The module of a size."""
    if size.gated:
        return Decoder(size)
    return GPT(size.words, size.length, size.width, size.heads, size.layers)
