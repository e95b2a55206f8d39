"""Activations: values, gradients, in-place forms, names of nodes, refusals."""

import torch
import torch.nn.functional as F

# --- in-place sine gradient
x = torch.tensor([-2., -0.5, 0.5, 2.], requires_grad=True)
y = x * 1
y.sin_()
y.sum().backward()
x.grad
# --- in-place activations
outs = []
for f in (F.relu, F.relu6, F.leaky_relu, F.elu, F.celu, F.selu, F.hardtanh, F.hardsigmoid, F.hardswish, F.silu, F.mish, F.rrelu):
    x = torch.tensor([-4., -3., -2., -1., -0.5, 0., 0.5, 1., 2., 3., 6., 7.], requires_grad=True)
    y = f(x * 1, inplace=True)
    y.sum().backward()
    outs += [y, x.grad]
outs
# --- in-place threshold
outs = []
x = torch.tensor([-4., -3., -2., -1., -0.5, 0., 0.5, 1., 2., 3., 6., 7.], requires_grad=True)
y = F.threshold(x * 1, 0.5, 3., True)
y.sum().backward()
[y, x.grad]
# --- activations and gradients
outs = []
x = torch.tensor([-4., -3., -2., -1., -0.5, 0., 0.5, 1., 2., 3., 6., 7.], requires_grad=True)
for f in (F.relu, F.relu6, F.leaky_relu, F.elu, F.celu, F.selu, F.hardtanh, F.hardsigmoid, F.hardswish, F.silu, F.mish, F.gelu, F.softplus, F.logsigmoid, F.softshrink, F.hardshrink, F.tanhshrink, F.softsign, F.rrelu, lambda x: F.gelu(x, approximate="tanh"), lambda x: F.threshold(x, 0.5, 3.), lambda x: F.prelu(x, torch.tensor([0.3])), lambda x: F.glu(x, 0), lambda x: F.softmin(x, 0), F.sigmoid, F.tanh):
    y = f(x)
    outs += [y, torch.autograd.grad(y.sum(), x)[0]]
outs
# --- second gradients of activations
outs = []
x = torch.tensor([-4., -3., -2., -1., -0.5, 0.1, 0.5, 1., 2., 3., 6., 7.], requires_grad=True, dtype=torch.float64)
for f in (F.relu, F.leaky_relu, F.elu, F.celu, F.selu, F.silu, F.mish, F.gelu, F.softplus, F.logsigmoid, F.tanhshrink, F.softsign, lambda x: F.gelu(x, approximate="tanh"), lambda x: F.prelu(x, torch.tensor([0.3]).double()), lambda x: F.glu(x, 0), lambda x: F.softmin(x, 0), F.sigmoid, F.tanh, lambda x: F.log_softmax(x, 0)):
    y = f(x)
    (g,) = torch.autograd.grad((y * y).sum(), x, create_graph=True)
    outs += [g.detach(), torch.autograd.grad((g * g).sum(), x)[0]]
outs
# --- prelu gradients
x = torch.tensor([[-2., 1.], [0.5, -1]], requires_grad=True)
w = torch.tensor([0.2, 0.3], requires_grad=True)
y = F.prelu(x, w)
y.pow(2).sum().backward()
[y, x.grad, w.grad]
# --- prelu of too few weights
F.prelu(torch.ones(2, 3), torch.ones(2))
# --- glu of an odd size
F.glu(torch.ones(3))
# --- hardtanh bounds
F.hardtanh(torch.ones(2), 2., 1.)
# --- celu of alpha zero
F.celu(torch.ones(2), 0.)
# --- softshrink of a negative lambda
F.softshrink(torch.ones(2), -1)
# --- gelu of an unknown form
F.gelu(torch.ones(2), approximate="foo")
# --- relu of integers
F.relu(torch.tensor([1, -1]))
# --- softmax of integers
F.softmax(torch.tensor([1, -1]), 0)
# --- softmax of a dimension too far
F.softmax(torch.ones(2), 2)
# --- leaky_relu of integers
F.leaky_relu(torch.tensor([1, -1]))
# --- gelu of integers
F.gelu(torch.tensor([1, -1]))
# --- activations of nan and inf
x = torch.tensor([float("nan"), float("inf"), -float("inf"), 0.0], requires_grad=True)
outs = []
for f in (F.relu, F.relu6, F.leaky_relu, F.elu, F.celu, F.selu, F.hardtanh, F.hardsigmoid, F.hardswish, F.silu, F.softplus, F.logsigmoid, F.softshrink, F.hardshrink, lambda x: F.threshold(x, 0.5, 3.)):
    y = f(x)
    outs += [y, torch.autograd.grad(y.sum(), x)[0]]
outs
# --- in-place leaky_relu of a negative slope
x = torch.tensor([-1., 2.], requires_grad=True)
F.leaky_relu(x * 1, -0.1, True).sum().backward()
x.grad
# --- in-place elu of a negative alpha
x = torch.tensor([-1., 2.], requires_grad=True)
F.elu(x * 1, -0.1, True).sum().backward()
x.grad
# --- softmax of few elements
[F.softmax(torch.tensor(3.), 0), F.log_softmax(torch.ones(2, 0), 1), F.softmax(torch.ones(2, 3, dtype=torch.float16), -1), F.softmin(torch.arange(3.))]
# --- activations in torch and as methods
[torch.selu(torch.ones(2)), torch.celu(torch.ones(2)), torch.rrelu(torch.ones(2)), torch.threshold(torch.ones(2), 2, 3), torch.hardshrink(torch.ones(2)), torch.softmax(torch.ones(2), 0), torch.log_softmax(torch.ones(2), dim=0), torch.ones(2).softmax(0), torch.ones(2).log_softmax(-1), torch.ones(2).hardshrink(), torch.prelu(torch.ones(2), torch.ones(1))]
# --- activations keep the memory order
x = torch.randn(3, 4).t().requires_grad_()
y = F.gelu(x)
[y.stride(), F.softmax(x, 0).stride(), F.elu(x).stride(), F.logsigmoid(x).stride(), F.prelu(x, torch.ones(1)).stride()]
# --- softmax of one number, which may be masked out
[torch.softmax(torch.tensor(v), 0) for v in (2.0, -float("inf"), float("inf"))] + [torch.log_softmax(torch.tensor(-float("inf")), 0)]
