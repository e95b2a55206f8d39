"""gradcheck, torch.autograd.functional, torch.autograd.graph, anomaly mode, checkpointing, Variable."""
import torch
from torch.autograd import gradcheck, gradgradcheck
from torch.autograd import functional as AF
from torch.autograd import graph

x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
d = torch.tensor([[0.3, -0.7], [1.2, 0.4]], dtype=torch.float64, requires_grad=True)
class Wrong(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2
    @staticmethod
    def backward(ctx, grad):
        return grad * 3

# --- gradcheck of several
e = torch.tensor([0.5, 2.0], dtype=torch.float64, requires_grad=True)
[gradcheck(torch.sin, (d,)), gradcheck(torch.mul, (d, e)), gradcheck(lambda a, b: (a @ b, a.sum()), (d, e)), gradcheck(torch.sin, d, fast_mode=True), gradgradcheck(torch.exp, (d,)), gradgradcheck(torch.mul, (d, e), fast_mode=True)]
# --- gradcheck of a non-contiguous input
gradcheck(torch.cos, (d.detach().t().requires_grad_(),))
# --- gradcheck of complex numbers
c = torch.tensor([1 + 2j, -0.5 + 0.3j], requires_grad=True, dtype=torch.complex128)
[gradcheck(lambda z: z * z, (c,)), gradcheck(torch.abs, (c,)), gradcheck(lambda z: (z * z.conj()).real, (c,), fast_mode=True), gradcheck(torch.exp, (c,), fast_mode=True)]
# --- gradcheck fails
gradcheck(Wrong.apply, (torch.tensor([1.0], dtype=torch.float64, requires_grad=True),))
# --- gradcheck fails in full
try:
    gradcheck(Wrong.apply, (torch.tensor([1.0, 2.0], dtype=torch.float64, requires_grad=True),))
except Exception as error:
    print(type(error).__name__, isinstance(error, RuntimeError))
    print(error)
# --- gradcheck gives False
[gradcheck(Wrong.apply, (d,), raise_exception=False), gradgradcheck(Wrong.apply, (d,), raise_exception=False)]
# --- gradcheck of float32 warns
gradcheck(lambda t: t * 2, (torch.tensor([1.0], requires_grad=True),), eps=1e-2, atol=1e-2)
# --- gradcheck without gradients
gradcheck(torch.sin, (torch.ones(1, dtype=torch.float64),))
# --- gradcheck of an expanded input
gradcheck(torch.sin, (torch.ones(1, dtype=torch.float64).expand(3).requires_grad_(),))
# --- gradcheck of a backward that ignores its gradient
class Constant(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2
    @staticmethod
    def backward(ctx, grad):
        return torch.full_like(grad, 2.0)
gradcheck(Constant.apply, (torch.tensor([1.0], dtype=torch.float64, requires_grad=True),))
# --- gradcheck of a constant function
gradcheck(lambda t: t.detach() * 2, (torch.tensor([1.0], dtype=torch.float64, requires_grad=True),))
# --- GradcheckError
from torch.autograd.gradcheck import GradcheckError
[issubclass(GradcheckError, RuntimeError), callable(torch.autograd.gradcheck), callable(torch.autograd.gradgradcheck)]
# --- jacobian
AF.jacobian(lambda t: t.exp().outer(t), x.detach())
# --- jacobian of several
AF.jacobian(lambda a, b: (a * b, a.sum() + b), (torch.ones(2), torch.tensor([2.0, 3.0])))
# --- jacobian create_graph
j = AF.jacobian(lambda t: t**3, x, create_graph=True)
j.sum().backward()
[j.requires_grad, j.detach(), x.grad]
# --- jacobian of an unused input
AF.jacobian(lambda a, b: a * 2, (torch.ones(1), torch.ones(2)))
# --- jacobian strict
AF.jacobian(lambda a, b: a * 2, (torch.ones(1), torch.ones(2)), strict=True)
# --- jacobian of a number
AF.jacobian(lambda a: a, 3)
# --- jacobian of a function that gives a number
AF.jacobian(lambda a: 3.0, torch.ones(1))
# --- jacobian vectorized
AF.jacobian(lambda t: t.sin() * t.sum(), x.detach(), vectorize=True)
# --- hessian
AF.hessian(lambda t: (t**3).sum(), x.detach())
# --- hessian of several
AF.hessian(lambda a, b: (a * a * b).sum(), (torch.ones(2), torch.tensor([2.0, 3.0])))
# --- hessian of a vector function
AF.hessian(lambda t: t * 2, x.detach())
# --- vjp
[AF.vjp(lambda t: t**2, x.detach(), torch.ones(3)), AF.vjp(lambda t: (t * t).sum(), x.detach()), AF.vjp(lambda a, b: a * b, (torch.ones(2), torch.ones(2)), torch.tensor([1.0, 2.0]))]
# --- vjp without v
AF.vjp(lambda t: t * 2, x.detach())
# --- vjp with a wrong v
AF.vjp(lambda t: t * 2, x.detach(), torch.ones(2))
# --- jvp
[AF.jvp(lambda t: t**2, x.detach(), torch.ones(3)), AF.jvp(lambda a, b: (a * b, a), (torch.ones(2), torch.ones(2)), (torch.ones(2), torch.tensor([1.0, 2.0])))]
# --- jvp without v
AF.jvp(lambda t: t * 2, x.detach())
# --- hvp and vhp
f = lambda t: (t**3).sum()
[AF.hvp(f, x.detach(), torch.tensor([1.0, 0.0, 2.0])), AF.vhp(f, x.detach(), torch.tensor([1.0, 0.0, 2.0])), AF.vhp(lambda a, b: (a * b).sum(), (torch.ones(2), torch.ones(2)), (torch.ones(2), torch.zeros(2)))]
# --- hvp of a vector function
AF.hvp(lambda t: t, x.detach(), torch.ones(3))
# --- saved_tensors_hooks order of events
events = []
def pack(t):
    events.append(("pack", t.shape, t.requires_grad))
    return t.detach() * 1
def unpack(t):
    events.append(("unpack", t.shape))
    return t
with graph.saved_tensors_hooks(pack, unpack):
    y = torch.relu(x.exp())
z = y * y
print(len(events))
z.sum().backward()
[events, x.grad]
# --- saved_tensors_hooks change what backward sees
with graph.saved_tensors_hooks(lambda t: t.detach(), lambda t: t * 10):
    y = x * x
y.sum().backward()
x.grad
# --- saved_tensors_hooks nest
with graph.saved_tensors_hooks(lambda t: ("outer", t.detach()), lambda p: p[1] * 2):
    with graph.saved_tensors_hooks(lambda t: ("inner", t.detach()), lambda p: p[1] * 3):
        a = x.sin()
    b = x.sin()
    c = x * 2
(a + b).sum().backward()
x.grad
# --- saved_tensors_hooks of a Function
class F(torch.autograd.Function):
    @staticmethod
    def forward(ctx, t):
        ctx.save_for_backward(t)
        return t * 2
    @staticmethod
    def backward(ctx, g):
        (t,) = ctx.saved_tensors
        return g * t
y = x * 1
with graph.saved_tensors_hooks(lambda t: t.detach(), lambda t: t * 10):
    z = F.apply(y)
z.sum().backward()
x.grad
# --- saved_tensors_hooks that give no tensor
with graph.saved_tensors_hooks(lambda t: t.detach(), lambda t: 3):
    y = x * x
y.sum().backward()
# --- pack hook writes in place
with graph.saved_tensors_hooks(lambda t: t.add_(1), lambda t: t):
    y = x * x
# --- saved_tensors_hooks disabled
with graph.disable_saved_tensors_hooks("not here"):
    with graph.save_on_cpu():
        pass
# --- save_on_cpu
with graph.save_on_cpu():
    y = x * x * x
y.sum().backward()
x.grad
# --- raw saved tensor hooks
y = x * x
y.grad_fn._raw_saved_self.register_hooks(lambda t: t.detach(), lambda t: t * 10)
y.sum().backward()
x.grad
# --- raw saved tensor hooks twice
y = x * x
y.grad_fn._raw_saved_self.register_hooks(lambda t: t.detach(), lambda t: t)
y.grad_fn._raw_saved_self.register_hooks(lambda t: t.detach(), lambda t: t)
# --- writing to a saved tensor is allowed when asked
with graph.allow_mutation_on_saved_tensors():
    a = x.clone()
    b = a**2
    a.sin_()
    b.sum().backward()
x.grad
# --- gradient edges
y = x * 2
edge = graph.get_gradient_edge(y)
[edge.output_nr, edge.node is y.grad_fn, torch.autograd.grad((y * y).sum(), edge), torch.autograd.grad(graph.get_gradient_edge((x * 3).sum()), x), isinstance(y.grad_fn, graph.Node)]
# --- gradient edge of a constant
graph.get_gradient_edge(torch.ones(1))
# --- increment_version
a = torch.ones(1)
graph.increment_version(a)
graph.increment_version([a, a])
a._version
# --- increment_version is noticed
y = x.exp()
graph.increment_version(y)
y.sum().backward()
# --- multi grad hook all
y = x * 2
seen = []
h = graph.register_multi_grad_hook([x, y, torch.ones(1, requires_grad=True)], seen.append)
(y * 3).sum().backward()
h.remove()
(x * 3).sum().backward()
seen
# --- multi grad hook any
y = x * 2
seen = []
h = graph.register_multi_grad_hook([x, y], seen.append, mode="any")
(y * 3).sum().backward()
seen
# --- anomaly mode finds nan
import warnings
warnings.simplefilter("ignore")
with torch.autograd.detect_anomaly():
    t = torch.tensor([-1.0, 4.0], requires_grad=True)
    (torch.sqrt(t) * 0).sum().backward()
# --- anomaly mode without nan check
with torch.autograd.set_detect_anomaly(True, check_nan=False):
    t = torch.tensor([-1.0, 4.0], requires_grad=True)
    (torch.sqrt(t) * 0).sum().backward()
    print(torch.is_anomaly_enabled(), torch.is_anomaly_check_nan_enabled())
[t.grad, torch.is_anomaly_enabled()]
# --- Variable
from torch.autograd import Variable
v = Variable(torch.ones(2), requires_grad=True)
(v * 3).sum().backward()
[v.grad, isinstance(torch.ones(1), Variable), isinstance(3, Variable), Variable(x * 2).requires_grad, torch.autograd.variable.Variable is Variable, Variable()]
# --- Variable of a list
torch.autograd.Variable([1, 2])
# --- Variable of integers
torch.autograd.Variable(torch.ones(2).long(), requires_grad=True)
# --- volatile is gone
torch.autograd.Variable(torch.ones(1), volatile=True)
# --- checkpoint both ways
from torch.utils.checkpoint import checkpoint
calls = []
def f(t):
    calls.append(torch.is_grad_enabled())
    return (t * 2).sin() * t
grads = []
for reentrant in (True, False):
    t = torch.tensor([1.0, 2.0], requires_grad=True)
    y = checkpoint(f, t, use_reentrant=reentrant)
    y.sum().backward()
    grads.append(t.grad)
[grads, calls]
# --- checkpoint keeps the random stream
from torch.utils.checkpoint import checkpoint
out = []
for reentrant in (True, False):
    torch.manual_seed(0)
    t = torch.ones(6, requires_grad=True)
    y = checkpoint(lambda t: torch.nn.functional.dropout(t, 0.5) * t, t, use_reentrant=reentrant)
    y.sum().backward()
    out += [y.detach(), t.grad, torch.rand(1)]
out
# --- checkpoint with keywords and several results
from torch.utils.checkpoint import checkpoint
def f(a, *, scale, other=None):
    return a * scale, {"s": (a.exp() + other).sum()}
t = torch.ones(2, requires_grad=True)
y, extra = checkpoint(f, t, use_reentrant=False, scale=3.0, other=torch.ones(2))
(y.sum() + extra["s"]).backward()
t.grad
# --- checkpoint and autograd.grad
from torch.utils.checkpoint import checkpoint
w = torch.tensor([2.0, 3.0, 4.0], requires_grad=True)
y = checkpoint(lambda t: (t * w).exp(), x, use_reentrant=False)
torch.autograd.grad(y.sum(), [x, w])
# --- checkpoint of captured parameters
from torch.utils.checkpoint import checkpoint
lin = torch.nn.Linear(3, 2)
y = checkpoint(lambda t: lin(t).relu(), x, use_reentrant=True)
y.sum().backward()
a = [p.grad.clone() for p in lin.parameters()]
lin.zero_grad()
lin(x).relu().sum().backward()
[torch.allclose(p.grad, q) for p, q in zip(lin.parameters(), a)]
# --- checkpoint reentrant with autograd.grad
from torch.utils.checkpoint import checkpoint
y = checkpoint(lambda t: t.exp(), x, use_reentrant=True)
torch.autograd.grad(y.sum(), x)
# --- checkpoint reentrant without gradients warns
from torch.utils.checkpoint import checkpoint
checkpoint(lambda t: t.exp(), torch.ones(1), use_reentrant=True).requires_grad
# --- checkpoint without use_reentrant warns
from torch.utils.checkpoint import checkpoint
checkpoint(lambda t: t.exp(), x)
# --- checkpoint reentrant with keywords
from torch.utils.checkpoint import checkpoint
checkpoint(lambda t, k: t.exp(), x, use_reentrant=True, k=3)
# --- checkpoint nested
from torch.utils.checkpoint import checkpoint
calls = []
def inner(t):
    calls.append("inner")
    return t.sin()
def outer(t):
    calls.append("outer")
    return checkpoint(inner, t * 2, use_reentrant=False).exp()
y = checkpoint(outer, x, use_reentrant=False)
y.sum().backward()
[x.grad, calls]
# --- checkpoint backward twice
from torch.utils.checkpoint import checkpoint
y = checkpoint(lambda t: t.exp().sin(), x, use_reentrant=False).sum()
y.backward(retain_graph=True)
y.backward()
x.grad
# --- checkpoint create_graph
from torch.utils.checkpoint import checkpoint
y = checkpoint(lambda t: t.exp().sin(), x, use_reentrant=False).sum()
(g,) = torch.autograd.grad(y, x, create_graph=True)
g.sum().backward()
x.grad
# --- checkpoint whose second run differs
from torch.utils.checkpoint import checkpoint
runs = []
def f(t):
    runs.append(1)
    return t.exp() if len(runs) == 1 else t[:2].exp()
checkpoint(f, x, use_reentrant=False).sum().backward()
# --- checkpoint under autocast
from torch.utils.checkpoint import checkpoint
lin = torch.nn.Linear(3, 2)
kinds = []
def f(t):
    y = lin(t)
    kinds.append(y.dtype)
    return y.relu()
for reentrant in (True, False):
    with torch.autocast("cpu"):
        y = checkpoint(f, x, use_reentrant=reentrant)
    y.float().sum().backward()
[kinds, torch.is_autocast_enabled("cpu"), lin.weight.grad.dtype]
# --- checkpoint_sequential
from torch.utils.checkpoint import checkpoint_sequential
model = torch.nn.Sequential(torch.nn.Linear(3, 3), torch.nn.Tanh(), torch.nn.Linear(3, 2), torch.nn.ReLU())
y = checkpoint_sequential(model, 2, x, use_reentrant=False)
y.sum().backward()
first = x.grad.clone()
x.grad = None
model(x).sum().backward()
[torch.allclose(first, x.grad), torch.equal(y, model(x))]
