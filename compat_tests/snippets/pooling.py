"""Pooling and unpooling: values, indices, gradients, names of nodes, refusals."""
import torch
import torch.nn.functional as F
from torch import nn

line = torch.sin(torch.arange(14.0)).view(1, 2, 7).requires_grad_()
plane = torch.sin(torch.arange(60.0) * 1.7).view(1, 2, 5, 6).requires_grad_()
block = torch.sin(torch.arange(240.0) * 1.7).view(1, 2, 4, 5, 6).requires_grad_()


def with_gradient(x, *ys):
    grads = torch.autograd.grad(sum((y * torch.cos(torch.arange(float(y.numel())).view(y.shape))).sum() for y in ys), x)
    return [*ys, *grads]

# --- max_pool1d
[with_gradient(line, F.max_pool1d(line, 3)), with_gradient(line, F.max_pool1d(line, 3, 2, 1)), F.max_pool1d(line, 3, 2, return_indices=True), F.max_pool1d(line.detach(), 2), F.max_pool1d(line[0], 2, dilation=2)]
# --- max_pool2d forms
[with_gradient(plane, F.max_pool2d(plane, k, s, p, d, c)) for k, s, p, d, c in ((2, None, 0, 1, False), (3, 1, 1, 1, False), ((2, 3), (1, 2), (1, 0), 1, True), (2, 2, 0, 2, False), (3, 2, 1, 1, True))]
# --- max_pool2d indices
[F.max_pool2d(plane, 3, 2, 1, return_indices=True), F.max_pool2d(plane[0], 2, return_indices=True)[1], nn.MaxPool2d(2, return_indices=True)(plane)]
# --- max_pool3d
[with_gradient(block, F.max_pool3d(block, 2)), F.max_pool3d(block, 3, 1, 1, return_indices=True)[1].sum(), F.max_pool3d(block[0], (1, 2, 2), ceil_mode=True)]
# --- max_pool of nan and inf
t = torch.tensor([[[1.0, float("nan"), 3.0, -float("inf"), -float("inf"), 0.0]]])
[F.max_pool1d(t, 2, return_indices=True), F.max_pool2d(t, (1, 3), return_indices=True)]
# --- max_pool of integers
[F.max_pool2d(torch.arange(16).view(1, 4, 4), 2), F.max_pool1d(torch.arange(6).view(1, 6), 2)]
# --- max_pool second gradient
y = F.max_pool2d(plane * plane, 2)
(g,) = torch.autograd.grad(y.pow(2).sum(), plane, create_graph=True)
torch.autograd.grad(g.pow(2).sum(), plane)
# --- max_pool too small
F.max_pool2d(torch.ones(1, 1, 2, 2), 3)
# --- max_pool padding too large
F.max_pool2d(torch.ones(1, 1, 4, 4), 2, padding=2)
# --- max_pool1d padding too large
F.max_pool1d(torch.ones(1, 1, 4), 2, padding=2)
# --- max_pool2d of a vector
F.max_pool2d(torch.ones(4), 2)
# --- max_pool1d of four dimensions
F.max_pool1d(torch.ones(1, 1, 4, 4), 2)
# --- max_pool2d stride zero
F.max_pool2d(torch.ones(1, 1, 4, 4), 2, 0)
# --- max_pool2d kernel of three
F.max_pool2d(torch.ones(1, 1, 4, 4), (2, 2, 2))
# --- avg_pool1d
[with_gradient(line, F.avg_pool1d(line, 3)), F.avg_pool1d(line, 3, 2, 1), F.avg_pool1d(line, 3, 2, 1, ceil_mode=True, count_include_pad=False), F.avg_pool1d(line[0], 2)]
# --- avg_pool2d forms
[with_gradient(plane, F.avg_pool2d(plane, *a)) for a in ((2,), (3, 1, 1), ((2, 3), (1, 2), (1, 0), True), (3, 2, 1, True, False), (3, 2, 1, False, True, 2))]
# --- avg_pool3d
[with_gradient(block, F.avg_pool3d(block, 2)), F.avg_pool3d(block, 3, 2, 1, True, False), F.avg_pool3d(block[0], (1, 2, 2), divisor_override=3)]
# --- avg_pool divisor zero
F.avg_pool2d(torch.ones(1, 4, 4), 2, divisor_override=0)
# --- avg_pool padding too large
F.avg_pool2d(torch.ones(1, 4, 4), 2, padding=2)
# --- avg_pool too small
F.avg_pool2d(torch.ones(1, 1, 2, 2), 3)
# --- avg_pool of integers
F.avg_pool2d(torch.arange(16).view(1, 4, 4), 2)
# --- avg_pool of bfloat16
F.avg_pool2d(plane.detach().bfloat16(), 3, 2)
# --- adaptive_avg_pool
[with_gradient(line, F.adaptive_avg_pool1d(line, 3)), with_gradient(plane, F.adaptive_avg_pool2d(plane, (3, None))), with_gradient(block, F.adaptive_avg_pool3d(block, (3, 2, 4))), F.adaptive_avg_pool2d(plane, 7), F.adaptive_avg_pool2d(plane[0], (2, 3))]
# --- adaptive_avg_pool to one
[with_gradient(line, F.adaptive_avg_pool1d(line, 1)), with_gradient(plane, F.adaptive_avg_pool2d(plane, 1)), with_gradient(block, F.adaptive_avg_pool3d(block, 1)), nn.AdaptiveAvgPool2d((1, 1))(plane).shape]
# --- adaptive_max_pool
[with_gradient(line, F.adaptive_max_pool1d(line, 3)), with_gradient(plane, F.adaptive_max_pool2d(plane, (3, None))), with_gradient(block, F.adaptive_max_pool3d(block, (3, 2, 4))), F.adaptive_max_pool2d(plane, (2, 4), return_indices=True), F.adaptive_max_pool1d(line, 2, return_indices=True), F.adaptive_max_pool3d(block, 2, True)[1]]
# --- adaptive_max_pool of nan and ties
[F.adaptive_max_pool1d(torch.tensor([[1.0, float("nan"), 2.0, 2.0]]), 2, return_indices=True), F.adaptive_max_pool2d(torch.ones(1, 3, 3), 2, return_indices=True)]
# --- adaptive_avg_pool2d of two dimensions
F.adaptive_avg_pool2d(torch.ones(4, 4), 2)
# --- adaptive_max_pool2d of two dimensions
F.adaptive_max_pool2d(torch.ones(4, 4), 2)
# --- adaptive_avg_pool negative
F.adaptive_avg_pool2d(torch.ones(1, 4, 4), -1)
# --- adaptive_avg_pool1d of one dimension
F.adaptive_avg_pool1d(torch.ones(4), 2)
# --- max_unpool
y1, i1 = F.max_pool1d(line, 2, return_indices=True)
y2, i2 = F.max_pool2d(plane, 2, return_indices=True)
y3, i3 = F.max_pool3d(block, 2, return_indices=True)
[with_gradient(line, F.max_unpool1d(y1, i1, 2)), with_gradient(plane, F.max_unpool2d(y2, i2, 2, output_size=(5, 6))), with_gradient(block, F.max_unpool3d(y3, i3, 2, output_size=[1, 2, 4, 5, 6])), nn.MaxUnpool2d(2)(y2[0], i2[0])]
# --- max_unpool size too large
y, i = F.max_pool2d(plane, 2, return_indices=True)
F.max_unpool2d(y, i, 2, output_size=(9, 9))
# --- max_unpool size of one number
y, i = F.max_pool2d(plane, 2, return_indices=True)
F.max_unpool2d(y, i, 2, output_size=(4,))
# --- max_unpool index outside
F.max_unpool2d(torch.ones(1, 1, 1, 1), torch.tensor([[[[9]]]]), 2)
# --- max_unpool shapes
F.max_unpool2d(torch.ones(1, 1, 1, 1), torch.zeros(1, 1, 1, 2, dtype=torch.int64), 2)
# --- max_unpool indices of another dtype
F.max_unpool2d(torch.ones(1, 1, 1, 1), torch.zeros(1, 1, 1, 1, dtype=torch.int32), 2)
# --- lp_pool
[with_gradient(line, F.lp_pool1d(line, 2, 3)), with_gradient(plane, F.lp_pool2d(plane, 2, 2)), with_gradient(block, F.lp_pool3d(block, 2, 2)), F.lp_pool2d(plane.abs(), 3, (2, 3), stride=1), F.lp_pool1d(line, float("inf"), 2), nn.LPPool2d(2, 2, ceil_mode=True)(plane)]
# --- lp_pool minus inf and warnings
[F.lp_pool2d(plane, -float("inf"), 2), F.lp_pool3d(block, float("inf"), 2)]
# --- fractional_max_pool
torch.manual_seed(0)
[with_gradient(plane, F.fractional_max_pool2d(plane, 2, output_size=(3, 4))), F.fractional_max_pool2d(plane, 2, output_ratio=(0.5, 0.5), return_indices=True), with_gradient(block, F.fractional_max_pool3d(block, 2, output_size=2)), F.fractional_max_pool3d(block[0], 2, output_ratio=0.5, return_indices=True), F.fractional_max_pool2d(plane[0], (2, 3), (2, 2)), nn.FractionalMaxPool2d(2, output_ratio=0.6)(plane)]
# --- fractional_max_pool of given samples
s = torch.tensor([[[0.2, 0.9], [0.5, 0.1]]])
F.fractional_max_pool2d(plane, 2, output_size=(3, 3), _random_samples=s, return_indices=True)
# --- fractional_max_pool without a size
F.fractional_max_pool2d(plane, 2)
# --- fractional_max_pool too large
F.fractional_max_pool2d(plane, 4, output_size=4)
# --- pools keep channels last
x = plane.detach().contiguous(memory_format=torch.channels_last)
[F.max_pool2d(x, 2).stride(), F.avg_pool2d(x, 2).stride(), F.adaptive_avg_pool2d(x, 2).stride(), F.adaptive_max_pool2d(x, 2).stride()]
# --- refusals
def refusal(call):
    try:
        return call()
    except Exception as error:
        return type(error).__name__, str(error).splitlines()[0]
o = torch.ones
calls = [
    lambda: F.max_pool3d(o(4), 2), lambda: F.max_pool2d(o(1, 0, 4, 4), 2), lambda: F.max_pool2d(o(0, 1, 4, 4), 2).shape, lambda: F.max_pool1d(o(4), 2),
    lambda: F.max_pool2d(o(1, 1, 4, 4), 2, (1, 1, 1)), lambda: F.max_pool2d(o(1, 1, 4, 4), 2, 1, (1, 1, 1)), lambda: F.max_pool2d(o(1, 1, 4, 4), 2, 1, 0, (1, 1, 1)),
    lambda: F.max_pool1d(o(1, 1, 4), (2, 2)), lambda: F.max_pool1d(o(1, 1, 4), 2, (1, 1)), lambda: F.max_pool3d(o(1, 1, 4, 4, 4), (2, 2)), lambda: F.max_pool2d(o(1, 1, 4, 4), 0),
    lambda: F.max_pool2d(o(1, 1, 4, 4), 2, -1), lambda: F.max_pool2d(o(1, 1, 4, 4), 2, 1, -1), lambda: F.max_pool2d(o(1, 1, 4, 4), 2, 1, 0, 0), lambda: F.max_pool1d(o(1, 1, 4), 0),
    lambda: F.max_pool1d(o(1, 1, 4), 2, 0), lambda: F.max_pool1d(o(1, 1, 4), 2, 1, -1), lambda: F.max_pool1d(o(1, 1, 4), 2, 1, 0, 0), lambda: F.max_pool1d(o(1, 1, 1), 2),
    lambda: F.max_pool2d(o(1, 1, 4, 4), 2, stride=[]), lambda: F.max_pool2d(o(1, 1, 4, 4, dtype=torch.bool), 2), lambda: F.max_pool1d(o(1, 4, dtype=torch.int64), 2, return_indices=True),
    lambda: F.avg_pool1d(o(4), 2), lambda: F.avg_pool3d(o(4), 2), lambda: F.avg_pool2d(o(1, 4, 4), (2, 2, 2)), lambda: F.avg_pool2d(o(1, 4, 4), 2, 0), lambda: F.avg_pool2d(o(1, 4, 4), 0),
    lambda: F.avg_pool1d(o(1, 1, 4), 2, 0), lambda: F.avg_pool1d(o(1, 1, 4), (2, 2)), lambda: F.avg_pool1d(o(1, 1, 1), 2), lambda: F.avg_pool3d(o(1, 1, 1, 1), 2), lambda: F.avg_pool2d(o(1, 4, 4), 2, 1, -1),
    lambda: F.avg_pool1d(o(1, 1, 4), 2, 1, 2), lambda: F.avg_pool3d(o(1, 1, 4, 4), 2, 1, 2), lambda: F.avg_pool2d(o(1, 4, 4).bool(), 2), lambda: F.avg_pool1d(torch.arange(16).view(1, 4, 4), 2),
    lambda: F.avg_pool3d(torch.arange(16).view(1, 1, 4, 4), 1), lambda: F.adaptive_avg_pool3d(o(4, 4), 2), lambda: F.adaptive_avg_pool1d(o(4, 4), -2), lambda: F.adaptive_max_pool1d(o(4), 2),
    lambda: F.adaptive_max_pool3d(o(4, 4), 2), lambda: F.adaptive_max_pool2d(o(1, 4, 4), -2), lambda: F.adaptive_max_pool1d(o(1, 4), -2), lambda: F.adaptive_avg_pool2d(o(1, 4, 4), 0).shape,
    lambda: F.adaptive_avg_pool2d(o(1, 4, 4), (2, 2, 2)), lambda: F.adaptive_avg_pool2d(o(1, 0, 4), 2), lambda: F.adaptive_max_pool2d(o(1, 4, 4), 0).shape, lambda: F.adaptive_avg_pool1d(o(1, 4), (2, 2)),
    lambda: F.adaptive_max_pool2d(o(1, 4, 4), (2, 2, 2)), lambda: F.adaptive_avg_pool2d(torch.arange(16).view(1, 4, 4), 2), lambda: F.adaptive_avg_pool2d(torch.arange(16).view(1, 4, 4), 1),
    lambda: F.adaptive_max_pool2d(torch.arange(16).view(1, 4, 4), 2), lambda: F.adaptive_avg_pool3d(o(1, 4, 4, 4), -2), lambda: F.adaptive_max_pool3d(o(1, 4, 4, 4), -2), lambda: F.adaptive_max_pool2d(o(1, 0, 4), 2),
    lambda: F.adaptive_avg_pool1d(o(1, 4), None), lambda: F.adaptive_max_pool1d(torch.arange(4).view(1, 4), 2), lambda: F.adaptive_avg_pool3d(o(1, 4, 4, 4), (2, 2)),
    lambda: F.max_unpool2d(o(2, 2), torch.zeros(2, 2).long(), 2), lambda: F.max_unpool3d(o(1, 1, 1, 1), torch.full((1, 1, 1, 1), 99), 2), lambda: F.max_unpool2d(o(1, 1, 1, 1), torch.full((1, 1, 1, 1), -1), 2),
    lambda: F.max_unpool1d(o(1, 1), torch.full((1, 1), 9), 2), lambda: F.fractional_max_pool2d(o(1, 4, 4), 2, output_size=(2, 2, 2)), lambda: F.fractional_max_pool2d(o(1, 4, 4), 2, output_ratio=(0.5, 0.5, 0.5)),
    lambda: F.fractional_max_pool3d(o(1, 4, 4, 4), 2), lambda: F.fractional_max_pool3d(o(1, 4, 4, 4), 4, output_size=4), lambda: F.fractional_max_pool2d(o(1, 4, 4), 2, output_size=(2, 2), _random_samples=o(1, 1, 3)),
    lambda: F.fractional_max_pool2d(o(1, 4, 4), 2, output_size=(2, 4)),
]
[refusal(c) for c in calls]
# --- windows of many elements
torch.manual_seed(0)
x = torch.randint(-3, 4, (1, 2, 20, 21)).float()
n = x.clone()
n[0, 0, 5, 7] = n[0, 0, 5, 9] = n[0, 1, 3, 3] = float("nan")
def both(x, *args, **kwargs):
    x = x.clone().requires_grad_()
    values, indices = F.max_pool2d(x, *args, return_indices=True, **kwargs)
    values.nan_to_num().sum().backward()
    return values, indices, x.grad
[both(x, (20, 21)), both(n, (20, 21)), both(n, 15, 2, 7), both(torch.full((1, 1, 15, 15), -float("inf")), 15), F.max_pool1d(x[0, 0].view(1, 1, -1), 420)]
