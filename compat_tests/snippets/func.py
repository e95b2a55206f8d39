"""torch.func: derivatives, vmap, modules as functions."""
import warnings

import torch
from torch.func import functional_call, functionalize, grad, grad_and_value, hessian, jacfwd, jacrev, jvp, linearize, stack_module_state, vjp, vmap

warnings.simplefilter("ignore")  # PyTorch loads its compiler for some of these, which warns once
x = torch.tensor([1.0, 2.0, 3.0])
m = torch.arange(6.0).view(2, 3)

# --- grad
[grad(torch.sin)(torch.tensor(0.5)), grad(lambda t: (t**2).sum())(x), grad(grad(torch.sin))(torch.tensor(0.5)), grad(lambda a, b: (a * b).sum(), argnums=1)(x, x * 2), grad(lambda a, b: (a * b).sum(), argnums=(0, 1))(x, x * 2)]
# --- grad of a dict
grad(lambda p, t: (p["w"] * t + p["b"] ** 2).sum())({"w": x, "b": torch.zeros(3)}, x)
# --- grad has no history
g = grad(lambda t: (t**3).sum())(x)
[g, g.requires_grad]
# --- grad of a tensor that requires grad
t = x.clone().requires_grad_()
g = grad(lambda u: (u**3).sum())(t)
g.sum().backward()
[g.detach(), g.requires_grad, t.grad]
# --- grad of a captured tensor that requires grad
w = x.clone().requires_grad_()
g = grad(lambda u: (u * u * w).sum())(x)
g.sum().backward()
[g.detach(), w.grad]
# --- grad in no_grad
with torch.no_grad():
    g = grad(lambda t: (t**3).sum())(x.clone().requires_grad_())
[g, g.requires_grad]
# --- grad with aux and value
[grad(lambda t: ((t**2).sum(), t + 1), has_aux=True)(x), grad_and_value(lambda t: (t**2).sum())(x), grad_and_value(lambda t: ((t**2).sum(), {"t": t * 2}), has_aux=True)(x)]
# --- grad follows Python
def f(t):
    if t.sum() > 0:
        return (t * float(t[0].item())).sum()
    return t.sum()
grad(f)(x)
# --- grad of an unused argument
grad(lambda a, b: a.sum(), argnums=1)(x, x)
# --- grad conventions at kinks
[grad(lambda t: torch.relu(t))(torch.tensor(0.0)), grad(lambda t: t.abs())(torch.tensor(0.0)), grad(lambda t: torch.max(t))(torch.tensor([1.0, 1.0])), grad(lambda t: t.clamp(0, 1))(torch.tensor(1.0))]
# --- grad of a vector
grad(lambda t: t * 2)(x)
# --- grad of a function that gives a number
grad(lambda t: 3.0)(x)
# --- grad of a number
grad(lambda t: t * 2)(3.0)
# --- grad of integers
grad(lambda t: t.sum())(torch.tensor([1, 2]))
# --- grad of argument out of range
grad(lambda t: t.sum(), argnums=2)(x)
# --- grad has_aux without aux
grad(lambda t: t.sum(), has_aux=True)(x)
# --- vjp
y, pull = vjp(lambda a, b: (a * b, a.sum()), x, x * 2)
[y, pull((torch.ones(3), torch.tensor(2.0)))]
# --- vjp with one output and aux
y, pull, aux = vjp(lambda a: (a.sin(), a * 2), x, has_aux=True)
[y, aux, pull(torch.ones(3)), pull(x)]
# --- vjp of a wrong structure
y, pull = vjp(lambda a: (a, a), x)
pull(torch.ones(3))
# --- jvp
[jvp(torch.sin, (x,), (torch.ones(3),)), jvp(lambda a, b: a * b, (x, x * 2), (torch.ones(3), torch.zeros(3))), jvp(lambda a: {"s": a.sum(), "c": a * 0 + 1}, (x,), (x,))]
# --- jvp of a wrong structure
jvp(torch.sin, (x,), (x, x))
# --- linearize
y, push = linearize(lambda t: t.sin() * 2, x)
[y, push(torch.ones(3)), push(x)]
# --- jacobians
f = lambda t: torch.stack([t.sum(), (t**2).sum()])
[jacrev(f)(x), jacfwd(f)(x), jacrev(lambda a, b: a.outer(b), argnums=(0, 1))(x, x[:2]), jacfwd(lambda a, b: a.outer(b), argnums=1)(x, x[:2]), jacrev(torch.sin, chunk_size=2)(x)]
# --- jacobians of trees
[jacrev(lambda p: {"a": p["u"] * 2, "b": p["v"].pow(2).sum()})({"u": x[:2], "v": x})["b"], jacrev(lambda t: (t.sin(), t), has_aux=True)(x)]
# --- jacobians compose
[jacrev(jacrev(lambda t: (t**3).sum()))(x), jacfwd(jacrev(lambda t: (t**3).sum()))(x), jacfwd(jacfwd(lambda t: t**3))(x).contiguous(), hessian(lambda t: (t**4).sum())(x)]
# --- hessian of two arguments
hessian(lambda a, b: (a * a * b).sum(), argnums=(0, 1))(x[:2], x[:2])
# --- jacobian that is differentiated
t = x.clone().requires_grad_()
jacrev(lambda u: u**3)(t).sum().backward()
t.grad
# --- vmap
[vmap(torch.dot)(m, m), vmap(lambda a: a * 2 + 1)(m), vmap(torch.sum)(m), vmap(lambda a, b: (a + b, a * b))(m, m), vmap(lambda d: d["a"] - d["b"])({"a": m, "b": m * 2})]
# --- vmap in_dims and out_dims
[vmap(torch.dot, in_dims=(1, 1))(m, m), vmap(lambda a, b: a * b, in_dims=(0, None))(m, x), vmap(lambda a: a * 2, out_dims=1)(m), vmap(lambda a: (a, a.sum()), out_dims=(1, 0))(m), vmap(lambda a: a.sum(), in_dims=-1)(m), vmap(lambda p, k: p[0] * k, in_dims=((0, None), None))((m, x), 3)]
# --- vmap nested
vmap(vmap(torch.dot, in_dims=(None, 0)), in_dims=(0, None))(m, m)
# --- vmap of a constant
vmap(lambda a: torch.ones(2))(m) + 0
# --- vmap chunked
[vmap(lambda a: a.sum(), chunk_size=1)(m), vmap(lambda a: (a * 2, a.sum()), chunk_size=2)(torch.arange(10.0).view(5, 2))]
# --- vmap of many functions
def f(a):
    b = a.view(3, 1).expand(3, 2)
    c = torch.cat([b, b * 2], 1).transpose(0, 1)
    d = torch.softmax(c, -1).cumsum(0)
    e = torch.where(d > 0.5, d, -d)[1:].sort(-1).values
    return e.mean(), e.argmax(-1), torch.nn.functional.pad(a, (1, 1)), a[[0, 2]], torch.einsum("i,j->ij", a, a), torch.linalg.norm(a)
vmap(f)(m + 0.5)
# --- vmap writes to what it made
def f(a):
    out = torch.zeros_like(a)
    out[1:] = a[:-1]
    out += 1
    return out
vmap(f)(m)
# --- vmap of gradients
weight = torch.tensor([[1.0, 0.5, -1.0]])
def loss(w, a, t):
    return ((a @ w.t() - t) ** 2).sum()
[vmap(grad(loss), in_dims=(None, 0, 0))(weight, m, torch.ones(2)), vmap(grad_and_value(loss), in_dims=(None, 0, 0))(weight, m, torch.ones(2)), grad(lambda w: vmap(loss, in_dims=(None, 0, 0))(w, m, torch.ones(2)).sum())(weight)]
# --- vmap of jacobians
[vmap(jacrev(torch.sin))(m), vmap(hessian(lambda t: (t**3).sum()))(m).contiguous(), vmap(jacfwd(lambda t: t * t.sum()))(m).contiguous()]
# --- vmap under the tape
t = m.clone().requires_grad_()
w = x.clone().requires_grad_()
y = vmap(lambda a: (a * w).exp().sum())(t / 10)
y.sum().backward()
[y.detach(), y.requires_grad, t.grad, w.grad]
# --- vmap under the tape twice
t = m.clone().requires_grad_()
y = vmap(lambda a: (a**3).sum())(t).sum()
(g,) = torch.autograd.grad(y, t, create_graph=True)
g.sum().backward()
[g.detach(), t.grad]
# --- vmap of a module trained
torch.manual_seed(0)
lin = torch.nn.Linear(3, 2)
y = vmap(lin)(m)
y.pow(2).sum().backward()
[torch.allclose(y, lin(m)), lin.weight.grad, lin.bias.grad]
# --- vmap random error
vmap(lambda a: a + torch.rand(3))(m)
# --- vmap random same and different
torch.manual_seed(0)
a = vmap(lambda t: torch.rand(3) + t * 0, randomness="same")(m)
torch.manual_seed(0)
b = vmap(lambda t: torch.rand(3) + t * 0, randomness="different")(m)
[a, b]
# --- vmap item
vmap(lambda a: a.sum().item() * a)(m)
# --- vmap control flow
try:
    vmap(lambda a: a if a.sum() > 0 else -a)(m)
except RuntimeError as error:
    print("vmap" in str(error), "data-dependent control flow" in str(error))
# --- vmap writes to a captured tensor
total = torch.zeros(3)
def f(a):
    total.add_(a)
    return a
try:
    vmap(f)(m)
except RuntimeError:
    print("refused")
total
# --- vmap without inputs
vmap(lambda: 1)()
# --- vmap of unequal sizes
vmap(torch.dot)(torch.ones(2, 3), torch.ones(3, 3))
# --- vmap of a number
vmap(lambda a, b: a * b)(m, 3)
# --- vmap of nothing
vmap(lambda a: a, in_dims=None)(m)
# --- vmap gives a number
vmap(lambda a: 3.0)(m)
# --- vmap in_dim out of range
vmap(lambda a: a, in_dims=3)(m)
# --- vmap randomness unknown
vmap(lambda a: a, randomness="sometimes")
# --- functional_call
torch.manual_seed(0)
net = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
params = {k: v.detach().clone() for k, v in net.named_parameters()}
buffers = {k: v.clone() for k, v in net.named_buffers()}
params["0.weight"] = torch.ones(2, 3)
y = functional_call(net, (params, buffers), m)
[y, buffers["1.num_batches_tracked"], buffers["1.running_mean"], net[1].num_batches_tracked, torch.equal(net[0].weight, params["0.weight"])]
# --- functional_call and grad
lin = torch.nn.Linear(3, 1, bias=False)
def loss(p, a):
    return functional_call(lin, p, (a,)).pow(2).sum()
[grad(loss)({"weight": torch.ones(1, 3)}, m), vmap(grad(loss), in_dims=(None, 0))({"weight": torch.ones(1, 3)}, m)]
# --- functional_call strict
functional_call(torch.nn.Linear(3, 1), {"weight": torch.ones(1, 3), "other": x}, m, strict=True)
# --- functional_call ambiguous
functional_call(torch.nn.Linear(3, 1), ({"weight": torch.ones(1, 3)}, {"weight": torch.ones(1, 3)}), m)
# --- functional_call of a list
functional_call(torch.nn.Linear(3, 1), 3, m)
# --- functional_call restores after an error
lin = torch.nn.Linear(3, 1)
before = lin.weight
try:
    functional_call(lin, {"weight": torch.ones(1, 4)}, m)
except RuntimeError as error:
    print(error)
lin.weight is before
# --- stacked models
torch.manual_seed(0)
models = [torch.nn.Linear(3, 2) for _ in range(3)]
params, buffers = stack_module_state(models)
base = models[0]
y = vmap(lambda p, b, t: functional_call(base, (p, b), (t,)), in_dims=(0, 0, None))(params, buffers, m)
[params["weight"].shape, params["weight"].requires_grad, torch.allclose(y, torch.stack([k(m) for k in models]), atol=1e-5)]
# --- stacked models of two classes
stack_module_state([torch.nn.Linear(1, 1), torch.nn.ReLU()])
# --- functionalize
functionalize(lambda t: t.clone().add_(1))(x)
# --- associative_scan
from torch._higher_order_ops.associative_scan import associative_scan
x = torch.arange(1.0, 11).view(2, 5).requires_grad_()
sums = associative_scan(torch.add, x, 1, combine_mode="generic")
(grad,) = torch.autograd.grad(sums.square().sum(), x)
print(sums.detach(), grad, associative_scan(torch.mul, x.detach(), -2, combine_mode="generic"))
joined = associative_scan(lambda a, b: (a[0] * b[0], a[1] * b[0] + b[1]), (x.detach() / 5, x.detach()), 1, reverse=True, combine_mode="generic")
print(joined)
[associative_scan(torch.maximum, torch.tensor([3, 1, 4, 1, 5, 9])[:n], 0, combine_mode="generic").tolist() for n in range(1, 7)]
# --- associative_scan: pointwise on the CPU
from torch._higher_order_ops.associative_scan import associative_scan
associative_scan(torch.add, torch.ones(3), 0)
# --- associative_scan: nothing to scan
from torch._higher_order_ops.associative_scan import associative_scan
associative_scan(torch.add, torch.ones(0), 0, combine_mode="generic")
# --- the history of what vmap gives
x = torch.ones(3, requires_grad=True)
y, z = torch.vmap(lambda a: (a * 2, a.sin()))(x)[0], torch.vmap(lambda a: a.exp())(x)
y.sum().backward()
[y, z, x.grad]
