"""Resizing and sampling of images: values, gradients, names of nodes, refusals."""
import torch
import torch.nn.functional as F
from torch import nn

line = torch.sin(torch.arange(14.0)).view(1, 2, 7).requires_grad_()
plane = torch.sin(torch.arange(60.0) * 1.7).view(1, 2, 5, 6).requires_grad_()
block = torch.sin(torch.arange(120.0) * 1.7).view(1, 2, 3, 4, 5).requires_grad_()


def with_gradient(y, *xs):
    grads = torch.autograd.grad((y * torch.cos(torch.arange(float(y.numel())).view(y.shape))).sum(), xs)
    return [y, *(g.contiguous() for g in grads)]


def refusal(call):
    try:
        return call()
    except Exception as error:
        return type(error).__name__, str(error).splitlines()[0]

# --- interpolate nearest
[with_gradient(F.interpolate(line, scale_factor=2), line), with_gradient(F.interpolate(plane, size=(7, 3)), plane), with_gradient(F.interpolate(block, scale_factor=(2, 1.5, 0.5)), block), F.interpolate(plane, scale_factor=1.3), F.interpolate(plane, scale_factor=0.7, recompute_scale_factor=True), F.interpolate(plane, size=3)]
# --- interpolate nearest-exact
[with_gradient(F.interpolate(line, 10, mode="nearest-exact"), line), with_gradient(F.interpolate(plane, size=(7, 3), mode="nearest-exact"), plane), with_gradient(F.interpolate(block, scale_factor=1.7, mode="nearest-exact"), block)]
# --- interpolate linear
[with_gradient(F.interpolate(line, 10, mode="linear", align_corners=a), line) for a in (True, False)] + [F.interpolate(line, scale_factor=0.6, mode="linear"), F.interpolate(line, scale_factor=1.7, mode="linear")]
# --- interpolate bilinear
[with_gradient(F.interpolate(plane, s, mode="bilinear", align_corners=a), plane) for a in (True, False) for s in ((10, 12), (3, 4), (5, 9), (1, 1))] + [with_gradient(F.interpolate(plane, scale_factor=s, mode="bilinear", align_corners=a), plane) for a in (True, False) for s in (2, 0.55, (1.3, 2.1))]
# --- interpolate trilinear
[with_gradient(F.interpolate(block, s, mode="trilinear", align_corners=a), block) for a in (True, False) for s in ((5, 7, 4), (2, 4, 10))]
# --- interpolate bicubic
[with_gradient(F.interpolate(plane, s, mode="bicubic", align_corners=a), plane) for a in (True, False) for s in ((10, 12), (3, 4), (5, 9))] + [F.interpolate(plane, scale_factor=1.6, mode="bicubic")]
# --- interpolate area
[with_gradient(F.interpolate(line, 3, mode="area"), line), with_gradient(F.interpolate(plane, scale_factor=0.5, mode="area"), plane), F.interpolate(block, (2, 3, 4), mode="area")]
# --- interpolate antialias
[with_gradient(F.interpolate(plane, s, mode=m, align_corners=a, antialias=True), plane) for m in ("bilinear", "bicubic") for a in (True, False) for s in ((3, 4), (8, 9), (2, 6))] + [F.interpolate(plane, scale_factor=0.4, mode="bilinear", antialias=True)]
# --- interpolate lanczos
F.interpolate(plane, (3, 4), mode="lanczos", antialias=True)
# --- interpolate of doubles halves and bytes
[F.interpolate(plane.double(), (7, 4), mode="bilinear"), F.interpolate(plane.detach().half(), (7, 4), mode="bilinear"), F.interpolate(plane.detach().bfloat16(), (7, 4)), F.interpolate(torch.arange(20, dtype=torch.uint8).view(1, 1, 4, 5), (2, 3)), F.interpolate(plane.double(), (7, 4), mode="bicubic")]
# --- interpolate second gradient
y = F.interpolate(plane * plane, (8, 8), mode="bilinear")
(g,) = torch.autograd.grad(y.pow(2).sum(), plane, create_graph=True)
torch.autograd.grad(g.pow(2).sum(), plane)
# --- interpolate refusals
calls = [
    lambda: F.interpolate(plane, 3, 2), lambda: F.interpolate(plane), lambda: F.interpolate(plane, (3,)), lambda: F.interpolate(plane, scale_factor=(2, 2, 2)), lambda: F.interpolate(plane, (3.5, 2)),
    lambda: F.interpolate(plane, 3, recompute_scale_factor=True), lambda: F.interpolate(plane, 3, mode="linear"), lambda: F.interpolate(line, 3, mode="bilinear"), lambda: F.interpolate(block, 3, mode="bilinear"),
    lambda: F.interpolate(line, 3, mode="bicubic"), lambda: F.interpolate(plane[0, 0], 3), lambda: F.interpolate(plane, 3, mode="foo"), lambda: F.interpolate(plane, 3, align_corners=True),
    lambda: F.interpolate(plane, 0), lambda: F.interpolate(line, 0), lambda: F.interpolate(block, -1), lambda: F.interpolate(plane, scale_factor=0.1), lambda: F.interpolate(plane, 3, mode="nearest", antialias=True),
    lambda: F.interpolate(plane, 3, mode="lanczos"), lambda: F.interpolate(torch.ones(1, 0, 2, 2), 3), lambda: F.interpolate(torch.ones(0, 1, 2, 2), 3).shape, lambda: F.interpolate(plane, 3, mode="lanczos", align_corners=True),
]
[refusal(c) for c in calls]
# --- upsample names
[F.upsample(plane, scale_factor=2).shape, F.upsample_nearest(plane, scale_factor=2).shape, F.upsample_bilinear(plane, scale_factor=2)[0, 0, 1]]
# --- upsample layers
[nn.Upsample(scale_factor=2)(plane).sum(), nn.Upsample(size=(3, 3), mode="bilinear")(plane), nn.UpsamplingNearest2d(scale_factor=2)(plane).shape, nn.UpsamplingBilinear2d(scale_factor=2)(plane).shape]
# --- upsample keeps channels last
x = plane.detach().contiguous(memory_format=torch.channels_last)
[F.interpolate(x, scale_factor=2).stride(), F.interpolate(x, scale_factor=2, mode="bilinear").stride()]
# --- grid_sample
g = torch.stack([torch.sin(torch.arange(12.0)) * 1.4, torch.cos(torch.arange(12.0) * 1.3) * 1.4], -1).view(1, 3, 4, 2).requires_grad_()
[with_gradient(F.grid_sample(plane, g, m, p, a), plane, g) for m in ("bilinear", "nearest", "bicubic") for p in ("zeros", "border", "reflection") for a in (True, False)]
# --- grid_sample in three dimensions
g = torch.stack([torch.sin(torch.arange(8.0)) * 1.4, torch.cos(torch.arange(8.0) * 1.3) * 1.4, torch.cos(torch.arange(8.0)) * 2.4], -1).view(1, 2, 2, 2, 3).requires_grad_()
[with_gradient(F.grid_sample(block, g, m, p, a), block, g) for m in ("bilinear", "nearest") for p in ("zeros", "border", "reflection") for a in (True, False)]
# --- grid_sample at the corners and outside
g = torch.tensor([[[[-1.0, -1.0], [1.0, 1.0], [0.0, 0.0], [5.0, -5.0], [-1.0, 1.0]]]], requires_grad=True)
[with_gradient(F.grid_sample(plane, g, "bilinear", p, a), plane, g) for p in ("zeros", "border", "reflection") for a in (True, False)]
# --- grid_sample default corners warn
F.grid_sample(plane, torch.zeros(1, 1, 1, 2))
# --- grid_sample refusals
z = torch.zeros
calls = [
    lambda: F.grid_sample(plane, z(1, 1, 1, 2), "foo"), lambda: F.grid_sample(plane, z(1, 1, 1, 2), padding_mode="foo"), lambda: F.grid_sample(plane, z(2, 1, 1, 2), align_corners=True), lambda: F.grid_sample(plane, z(1, 1, 1, 3), align_corners=True),
    lambda: F.grid_sample(plane, z(1, 1, 2), align_corners=True), lambda: F.grid_sample(plane[0], z(1, 1, 2), align_corners=True), lambda: F.grid_sample(block, z(1, 1, 1, 1, 3), "bicubic", align_corners=True), lambda: F.grid_sample(z(1, 1, 0, 2), z(1, 1, 1, 2), align_corners=True),
    lambda: F.affine_grid(z(1, 2, 3), (1, 1, 2), True), lambda: F.affine_grid(z(1, 2, 2), (1, 1, 2, 2), True), lambda: F.affine_grid(z(1, 2, 3).long(), (1, 1, 2, 2), True), lambda: F.affine_grid(z(1, 2, 3), (1, 1, 0, 2), False), lambda: F.affine_grid(z(1, 2, 3), (1, 1, 2, 2, 2), True),
]
[refusal(c) for c in calls]
# --- affine_grid
t = torch.tensor([[[1.0, 0.2, 0.3], [-0.1, 0.9, 0.0]]], requires_grad=True)
u = torch.sin(torch.arange(12.0)).view(1, 3, 4).requires_grad_()
[with_gradient(F.affine_grid(t, (1, 3, 2, 4), a), t) for a in (True, False)] + [with_gradient(F.affine_grid(u, (1, 1, 2, 3, 2), a), u) for a in (True, False)]
# --- affine_grid of one row
[F.affine_grid(torch.ones(1, 2, 3), (1, 1, 1, 3), align_corners=True), F.affine_grid(torch.ones(1, 2, 3), (1, 1, 1, 3), align_corners=False)]
