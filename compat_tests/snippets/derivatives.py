"""Gradients, and gradients of gradients, where torch's own formula decides what comes out."""
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
torch.as_strided_scatter(x, torch.ones(2), (2,), (1,))
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
