"""Gradients, and gradients of gradients, where torch's own formula decides what comes out."""
import torch
# --- numbers drawn for parameters have gradients of zeros
mean, std = torch.zeros(2, 3, requires_grad=True), torch.ones(3, requires_grad=True)
for drawn in (torch.normal(mean, std), torch.normal(mean, 2.0), torch.normal(1.0, std), torch.bernoulli(mean), torch.poisson(std)):
    drawn.sum().backward()
    print(drawn.shape, drawn.grad_fn.name(), mean.grad, std.grad)
with torch.no_grad():
    print(torch.normal(mean, std).requires_grad)
# --- as_strided_scatter gives its input the gradient of what was overwritten
x, part = torch.zeros(3, 3, requires_grad=True), torch.ones(2, 2, requires_grad=True)
made = torch.as_strided_scatter(x, part, (2, 2), (1, 2), 1)
(made * torch.arange(9.0).view(3, 3)).sum().backward()
print(made.grad_fn.name(), x.grad, part.grad)
# --- as_strided_scatter refuses to record parts of other tensors
x = torch.zeros(3, 3).t().requires_grad_()
try:
    torch.as_strided_scatter(x, torch.ones(2), (2,), (1,))
except RuntimeError as error:
    print(str(error).partition("BUG")[0].endswith("as_strided_scatter is currently only supported for contiguous inputs"))
# --- norms at zero and of equal singular values
for p in (2, 3.5, 1, 0.5, float("inf"), -1):
    x = torch.tensor([0.0, 0.0], requires_grad=True)
    (g,) = torch.autograd.grad(torch.linalg.vector_norm(x, p), x, create_graph=True)
    print(p, g.detach(), *torch.autograd.grad(g.sum(), x, allow_unused=True))
for p in (2, -2, "nuc"):
    x = torch.zeros(2, 2, requires_grad=True)
    print(p, torch.autograd.grad(torch.linalg.matrix_norm(x, p), x)[0].abs())
# --- soft_margin_loss twice, far out
x = torch.tensor([-50.0, 0.5, 50.0], requires_grad=True)
(g,) = torch.autograd.grad(torch.nn.functional.soft_margin_loss(x, torch.ones(3), reduction="sum"), x, create_graph=True)
print(g.detach(), *torch.autograd.grad(g.sum(), x))
# --- one score without a batch; an empty stride
print(torch.nn.functional.multi_margin_loss(torch.tensor(0.5), torch.tensor(0)))
print(torch.nn.functional.avg_pool2d(torch.arange(16.0).view(1, 4, 4), 2, ()))
# --- logaddexp where both are masked out
low = torch.tensor([-float("inf"), 0.0, -float("inf")], requires_grad=True)
for f in (torch.logaddexp, torch.logaddexp2):
    print(torch.autograd.grad(f(low, torch.tensor([0.0, 1.0, -float("inf")])).sum(), low))
# --- a second backward pass needs what the first one freed, numbers too
x = torch.ones(3, requires_grad=True)
for f in (lambda: x * 3, lambda: 2.5 * x, lambda: x.mul(3), lambda: x.clone().mul_(3), lambda: x.div(2, rounding_mode="floor"), lambda: x + 1, lambda: -x, lambda: x.sum(), lambda: x[0]):
    y = f().sum()
    y.backward()
    try:
        y.backward()
        print("again")
    except RuntimeError as error:
        print(str(error)[:55])
# --- distances with NaN, and without features
nan = float("nan")
for p in (0.0, 1.0, 2.0, 3.0, float("inf")):
    print(p, torch.cdist(torch.tensor([[1.0, nan, 2.0]]), torch.zeros(1, 3), p), torch.cdist(torch.zeros(2, 0), torch.zeros(3, 0), p))
# --- margins that are just met, infinite scores
x = torch.tensor([[0.0, 1.0, 2.0, 3.0], [float("inf"), 1.0, 2.0, 3.0]], requires_grad=True)
for p in (1, 2):
    print(torch.autograd.grad(torch.nn.functional.multi_margin_loss(x, torch.tensor([3, 0]), p=p, margin=3.0), x))
print(torch.autograd.grad(torch.nn.functional.multilabel_margin_loss(x[:1], torch.tensor([[3, 2, -1, 0]])), x))
# --- bool values added up by index_put
t = torch.zeros(3, dtype=torch.bool)
t.index_put_((torch.tensor([0, 0, 2]),), torch.tensor([True, True, False]), accumulate=True)
# --- no samples to pool
torch.nn.functional.fractional_max_pool3d(torch.ones(0, 1, 4, 5, 4), (2, 2, 1), output_size=2).shape
