"""Floating-point operations counted."""

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.flop_counter import FlopCounterMode


def counts(mode):
    return sorted((name, str(op), n) for name, found in mode.get_flop_counts().items() for op, n in found.items())


# --- model, forward and backward
m = nn.Sequential(nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU()), nn.MaxPool2d(2), nn.Conv2d(4, 8, 3, stride=2), nn.ConvTranspose2d(8, 4, 2), nn.Flatten(), nn.Linear(16, 10))
with FlopCounterMode(display=False) as f:
    m(torch.randn(2, 3, 8, 8)).sum().backward()
[f.get_total_flops(), counts(f)]
# --- forward
with FlopCounterMode(display=False) as f:
    nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2, bias=False))(torch.randn(5, 3))
[f.get_total_flops(), counts(f)]
# --- products
a = torch.randn(3, 4)
with FlopCounterMode(display=False) as f:
    a @ a.T
    torch.bmm(torch.randn(2, 3, 4), torch.randn(2, 4, 5))
    torch.einsum("bij,bjk->bik", torch.randn(2, 3, 4), torch.randn(2, 4, 5))
    torch.addmm(torch.randn(3, 3), a, a.T)
    torch.baddbmm(torch.randn(2, 3, 5), torch.randn(2, 3, 4), torch.randn(2, 4, 5))
    torch.randn(2, 3, 4) @ torch.randn(4, 5)
    F.linear(a, torch.randn(7, 4))
    torch.mv(a, torch.randn(4))
counts(f)
# --- gradients of products
a, b = torch.randn(3, 4, requires_grad=True), torch.randn(4, 5, requires_grad=True)
with FlopCounterMode(display=False) as f:
    (a @ b).sum().backward()
    (a.detach() @ b).sum().backward()
    (a @ b.detach()).sum().backward()
counts(f)
# --- grouped and in other dimensions
with FlopCounterMode(display=False) as f:
    nn.Conv1d(2, 4, 3, groups=2)(torch.randn(1, 2, 9)).sum().backward()
    nn.Conv3d(1, 2, 2)(torch.randn(1, 1, 4, 4, 4)).sum().backward()
    nn.ConvTranspose1d(4, 2, 3, groups=2)(torch.randn(1, 4, 5, requires_grad=True)).sum().backward()
counts(f)
# --- nothing
with FlopCounterMode(display=False) as f:
    torch.ones(2) + 1
[f.get_total_flops(), f.get_flop_counts()]
