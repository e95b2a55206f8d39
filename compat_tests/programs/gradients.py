"""Gradients of one's own: autograd Functions old and new, hooks, a straight-through estimator, Grad-CAM, errors people meet."""

import math

import torch
import torch.nn.functional as F
from torch import nn
from torch.autograd import Function, gradcheck
from torch.autograd.function import once_differentiable


class LinearFunction(Function):
    @staticmethod
    def forward(ctx, input, weight, bias=None):
        ctx.save_for_backward(input, weight, bias)
        output = input.mm(weight.t())
        if bias is not None:
            output += bias.unsqueeze(0).expand_as(output)
        return output

    @staticmethod
    def backward(ctx, grad_output):
        input, weight, bias = ctx.saved_tensors
        grad_input = grad_weight = grad_bias = None
        if ctx.needs_input_grad[0]:
            grad_input = grad_output.mm(weight)
        if ctx.needs_input_grad[1]:
            grad_weight = grad_output.t().mm(input)
        if bias is not None and ctx.needs_input_grad[2]:
            grad_bias = grad_output.sum(0)
        return grad_input, grad_weight, grad_bias


class Swish(Function):
    @staticmethod
    def forward(x):
        return x * x.sigmoid()

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        s = torch.sigmoid(x)
        return grad * (s * (1 + x * (1 - s)))


class Sign(Function):
    @staticmethod
    def forward(ctx, x):
        return x.sign()

    @staticmethod
    @once_differentiable
    def backward(ctx, grad):
        return F.hardtanh(grad)


class GradReverse(Function):
    @staticmethod
    def forward(ctx, x, strength):
        ctx.strength = strength
        return x.view_as(x)

    @staticmethod
    def backward(ctx, grad):
        return grad.neg() * ctx.strength, None


torch.manual_seed(0)
double = [torch.randn(s, dtype=torch.double, requires_grad=True) for s in ((2, 3), (2, 3), (2,))]
print(gradcheck(LinearFunction.apply, double, eps=1e-6, atol=1e-4), gradcheck(Swish.apply, double[0]))
z = torch.tensor([-2.0, 0.5, 3.0], requires_grad=True)
Sign.apply(z).mul(torch.tensor([2.0, 0.3, -4.0])).sum().backward()
reversed_z = GradReverse.apply(z, 0.5)
print(z.grad, reversed_z, torch.autograd.grad(reversed_z.sum(), z))
z.grad, seen = None, []
handle = z.register_hook(lambda g: g * 2)
w = z * 3
w.retain_grad()
w.register_hook(lambda g: seen.append(g.clone()))
w.pow(2).sum().backward()
handle.remove()
print(z.grad, w.grad, seen)
with torch.autograd.graph.saved_tensors_hooks(lambda t: t.numpy(), torch.from_numpy):
    out = (z * 0.1).exp().sum()
z.grad = None
out.backward()
print(out, z.grad)
y = x = torch.tensor(2.0, requires_grad=True)
for order in range(3):
    (y,) = torch.autograd.grad(y**4 if order == 0 else y, x, create_graph=True)
    print(order + 1, y.item(), math.isclose(float(y.detach()), y.item()))

for make in (
    lambda: z.numpy(),
    lambda: z.exp().add_(1).sum().backward() or z.exp().mul_(2).sum().backward(),
    lambda: z.backward(),
    lambda: [total.backward() for total in [z.exp().sum()] * 2],
    lambda: z.add_(1),
    lambda: torch.ones(2, 3) @ torch.ones(2, 3),
    lambda: nn.Linear(3, 2)(torch.ones(1, 4)),
    lambda: F.cross_entropy(torch.zeros(2, 3), torch.tensor([0, 3])),
):
    try:
        make()
    except (RuntimeError, IndexError) as error:
        print(type(error).__name__, str(error).splitlines()[0][:120])


class GradCAM:
    def __init__(self, model, layer):
        self.model = model
        self.handles = [
            layer.register_forward_hook(lambda m, i, o: setattr(self, "activations", o.detach())),
            layer.register_full_backward_hook(lambda m, i, o: setattr(self, "gradients", o[0].detach())),
        ]

    def __call__(self, x):
        output = self.model(x)
        self.model.zero_grad()
        output.backward(gradient=torch.zeros_like(output).scatter_(1, output.argmax(1).view(-1, 1), 1.0))
        cam = F.relu((self.gradients.mean(dim=(2, 3), keepdim=True) * self.activations).sum(1, keepdim=True))
        cam = F.interpolate(cam, size=x.shape[2:], mode="bilinear", align_corners=False)
        return ((cam - cam.amin((2, 3), keepdim=True)) / (cam.amax((2, 3), keepdim=True) + 1e-8)).squeeze(1)


net = nn.Sequential(nn.Conv2d(1, 3, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(12, 3))
cam = GradCAM(net, net[0])
maps = cam(torch.linspace(-1, 1, 72).requires_grad_().view(2, 1, 6, 6).sin())
print(maps.shape, maps.mean((1, 2)), {n: f"{p.grad.norm():.4f}" for n, p in net.named_parameters()})
