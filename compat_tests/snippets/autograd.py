"""Autograd: backward, accumulation, modes, hooks, graph walking, versions, views, higher orders."""
import torch

x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)

# --- backward of a sum
(x**2).sum().backward()
x.grad
# --- grad is none before
[x.grad, x.is_leaf, x.grad_fn, (x * 2).is_leaf, (x * 2).requires_grad]
# --- accumulation
x.sum().backward()
(x * 2).sum().backward()
x.grad
# --- gradient argument
y = x * 2
y.backward(torch.tensor([0.1, 1.0, 0.0001]))
x.grad
# --- gradient of a 0-dim tensor
y = x.sum()
y.backward(torch.tensor(2.0))
x.grad
# --- retain_graph
y = (x**2).sum()
y.backward(retain_graph=True)
y.backward()
x.grad
# --- backward through no saved tensors twice
y = (x + 1).sum()
y.backward()
y.backward()
x.grad
# --- non-leaf grad is none and warns
y = x * 2
y.sum().backward()
y.grad
# --- retain_grad
y = x * 2
y.retain_grad()
(y * y).sum().backward()
[y.grad, y.retains_grad, x.retains_grad]
# --- autograd.grad
y = (x**3).sum()
torch.autograd.grad(y, x)
# --- autograd.grad of several
a = torch.tensor(2.0, requires_grad=True)
b = torch.tensor(3.0, requires_grad=True)
[torch.autograd.grad(a * b + a, [a, b]), a.grad]
# --- autograd.grad allow_unused
a = torch.tensor(2.0, requires_grad=True)
b = torch.tensor(3.0, requires_grad=True)
torch.autograd.grad(a * 2, [a, b], allow_unused=True)
# --- autograd.grad materialize_grads
a = torch.tensor(2.0, requires_grad=True)
b = torch.ones(2, requires_grad=True)
torch.autograd.grad(a * 2, [a, b], allow_unused=True, materialize_grads=True)
# --- autograd.grad of an intermediate
y = x * 2
z = (y**2).sum()
torch.autograd.grad(z, y)
# --- grad_outputs
y = x * x
torch.autograd.grad(y, x, grad_outputs=torch.tensor([1.0, 0.0, 2.0]))
# --- backward inputs
a = torch.tensor(2.0, requires_grad=True)
b = torch.tensor(3.0, requires_grad=True)
(a * b).backward(inputs=[a])
[a.grad, b.grad]
# --- torch.autograd.backward of several
a = torch.tensor(2.0, requires_grad=True)
torch.autograd.backward([a * 2, a * 3], [torch.tensor(1.0), torch.tensor(10.0)])
a.grad
# --- create_graph
y = (x**3).sum()
(g,) = torch.autograd.grad(y, x, create_graph=True)
print(g)
g.sum().backward()
x.grad
# --- third order
t = torch.tensor(2.0, requires_grad=True)
y = t**4
for _ in range(3):
    (y,) = torch.autograd.grad(y, t, create_graph=True)
y
# --- gradient penalty
w = torch.tensor([[1.0, 2.0]], requires_grad=True)
y = torch.tanh(x[:2] @ w.t())
(g,) = torch.autograd.grad(y.sum(), x, create_graph=True)
((g.norm() - 1) ** 2).backward()
[w.grad, x.grad]
# --- no_grad
with torch.no_grad():
    y = x * 2
    print(torch.is_grad_enabled())
[y.requires_grad, torch.is_grad_enabled(), y.grad_fn]
# --- no_grad decorator
@torch.no_grad()
def f(t):
    return t * 2
f(x).requires_grad
# --- no_grad decorator without call
@torch.no_grad
def f(t):
    return t * 2
f(x).requires_grad
# --- enable_grad inside no_grad
with torch.no_grad():
    with torch.enable_grad():
        y = x * 2
    z = x * 3
[y.requires_grad, z.requires_grad]
# --- set_grad_enabled
with torch.set_grad_enabled(False):
    y = x * 2
torch.set_grad_enabled(False)
z = x * 2
torch.set_grad_enabled(True)
[y.requires_grad, z.requires_grad, (x * 2).requires_grad]
# --- inference_mode
with torch.inference_mode():
    y = x * 2
    print(y.is_inference(), torch.is_inference_mode_enabled())
[y.requires_grad, y.is_inference(), x.is_inference()]
# --- leaf updates in no_grad
with torch.no_grad():
    x -= 0.5
    x[0] = 9
x
# --- requires_grad setting
y = torch.ones(2)
y.requires_grad = True
z = torch.ones(2).requires_grad_()
w = z.requires_grad_(False)
[y.requires_grad, w is z, z.requires_grad, torch.ones(1, requires_grad=True).requires_grad_(False).requires_grad]
# --- requires_grad spreads
y = torch.ones(3)
[(x + y).requires_grad, (y + y).requires_grad, (x > 1).requires_grad, x.argmax().requires_grad, x.int().requires_grad, torch.stack([y, x]).requires_grad]
# --- detach
y = (x * 2).detach()
z = x * y
z.sum().backward()
[y.requires_grad, x.grad]
# --- detach_
y = x * 2
y.detach_()
[y.requires_grad, y.grad_fn, y.is_leaf]
# --- clone passes gradients
y = x.clone()
(y * 3).sum().backward()
[x.grad, y]
# --- data edits are not recorded
y = 2 * x
x.data *= 100
y.sum().backward()
print(x)
x.grad
# --- saved value edited through data
w = torch.ones(3, requires_grad=True)
y = w * x
x.data.fill_(5)
y.sum().backward()
w.grad
# --- grad_fn names
a = torch.ones(2, 2, requires_grad=True)
[a + 1, a - a, a * 2, a / 2, a**2, 2**a, -a, a @ a, a.mm(a), a.exp(), a.log(), a.sqrt(), a.sin(), a.sum(), a.sum(0), a.mean(), a.mean(1), a.max(), a.max(0)[0], a.norm(), a.t(), a.view(4), a.reshape(4), a.permute(1, 0), a.transpose(0, 1), a.unsqueeze(0), a.squeeze(), a.expand(2, 2, 2), a.clone(), a.abs(), a.relu(), a.sigmoid(), a.tanh(), a.softmax(0), a.log_softmax(0)]
# --- grad_fn names continued
a = torch.ones(2, 2, requires_grad=True)
b = torch.ones(2, requires_grad=True)
[torch.cat([a, a]), torch.stack([a, a]), a.chunk(2)[0], a.split(1)[0], a.unbind()[0], torch.where(a > 0, a, a), a.clamp(0, 1), a.prod(), a.std(), a.var(), a.cumsum(0), a.sort()[0], a.topk(1)[0], a.repeat(2, 1), a.flatten(), a.double(), a.min(), torch.maximum(a, a), a.pow(a), a.sign(), a.flip(0), a.triu(), a.diagonal(), a.masked_fill(a > 0, 0), a.addmm(a, a), b.dot(b), a.mv(b), torch.outer(b, b), a.contiguous(), a.t().contiguous(), a.logsumexp(0), torch.einsum("ij->j", a), torch.bmm(a[None], a[None]), a.index_select(0, torch.tensor([0])), a.narrow(0, 0, 1), a.roll(1), torch.atan2(a, a), a % 2, a.floor()]
# --- grad_fn names of functional
import torch.nn.functional as F
a = torch.ones(2, 3, requires_grad=True)
i = torch.zeros(2, dtype=torch.long)
[F.relu(a), F.leaky_relu(a), F.elu(a), F.gelu(a), F.silu(a), F.softplus(a), F.linear(a, a), F.linear(a, a, a[:, 0]), F.mse_loss(a, a.detach()), F.l1_loss(a, a.detach()), F.cross_entropy(a, i), F.nll_loss(a, i), F.smooth_l1_loss(a, a.detach()), F.binary_cross_entropy(a.sigmoid(), a.detach()), F.binary_cross_entropy_with_logits(a, a.detach()), F.kl_div(a, a.detach()), F.layer_norm(a, (3,)), F.embedding(i, a), F.pad(a, (1, 1)), F.normalize(a), F.hardtanh(a), F.relu6(a), F.selu(a), F.softmax(a, 1), F.log_softmax(a, 1), F.glu(torch.ones(2, 4, requires_grad=True)), F.logsigmoid(a), F.huber_loss(a, a.detach())]
# --- grad_fn names of convolutions and pooling
import torch.nn.functional as F
a = torch.ones(1, 1, 4, 4, requires_grad=True)
w = torch.ones(1, 1, 2, 2)
[F.conv2d(a, w), F.conv_transpose2d(a, w), F.max_pool2d(a, 2), F.avg_pool2d(a, 2), F.adaptive_avg_pool2d(a, 1), F.adaptive_avg_pool2d(a, 2), F.batch_norm(a, None, None, training=True), F.interpolate(a, scale_factor=2), F.interpolate(a, scale_factor=2, mode="bilinear", align_corners=False), F.unfold(a, 2), F.adaptive_max_pool2d(a, 2)]
# --- walking the graph
y = (x * 2 + 1).sum()
node = y.grad_fn
while node is not None:
    print(node.name(), [n and n.name() for n, _ in node.next_functions])
    node = node.next_functions[0][0] if node.next_functions else None
# --- AccumulateGrad variable
y = x * 2
node = y.grad_fn.next_functions[0][0]
[node.name(), node.variable is x, y.grad_fn.next_functions[1]]
# --- grad_fn repr
print(x.grad_fn, (x * 2).grad_fn, (x.sum()).grad_fn)
# --- saved tensors of nodes
y = x * 2.0
z = x.exp()
[z.grad_fn._saved_result, (x * x).grad_fn._saved_self]
# --- tensor hook
seen = []
y = x * 2
y.register_hook(lambda g: seen.append(g.clone()))
y.register_hook(lambda g: g * 10)
(y * y).sum().backward()
[seen, x.grad]
# --- hook removed
y = x * 2
handle = y.register_hook(lambda g: g * 100)
handle.remove()
y.sum().backward()
x.grad
# --- hook on a leaf
x.register_hook(lambda g: g + 1)
x.sum().backward()
x.grad
# --- post accumulate hook
seen = []
x.register_post_accumulate_grad_hook(lambda p: seen.append(p.grad.clone()))
x.sum().backward()
x.sum().backward()
seen
# --- node hook
seen = []
y = x * 2
y.grad_fn.register_hook(lambda gi, go: seen.append((gi, go)))
y.sum().backward()
seen
# --- node prehook
y = x * 2
y.grad_fn.register_prehook(lambda go: (go[0] * 3,))
y.sum().backward()
x.grad
# --- hook order and retain_grad
y = x * 1
y.retain_grad()
y.register_hook(lambda g: g * 2)
y.sum().backward()
[y.grad, x.grad]
# --- in place on non-leaf
y = x * 1
y.mul_(3)
y += 1
y.sum().backward()
[x.grad, y]
# --- in place changes the graph of its view
y = x * 1
v = y[0]
y.mul_(2)
print(v)
v.backward()
x.grad
# --- in place on a view changes the base
y = x * 1
v = y[1:]
v.mul_(5)
print(y)
y.sum().backward()
x.grad
# --- in place on a view of a view
y = (x * 1).view(3, 1)
y.t()[0, 1:].mul_(torch.tensor([2.0, 3.0]))
print(y)
y.sum().backward()
x.grad
# --- write of a graph tensor into a plain one
y = torch.zeros(3)
y[1:] = x[:2] * 2
print(y)
y.sum().backward()
x.grad
# --- write into a view of a plain one
base = torch.zeros(2, 2)
row = base[0]
row.copy_(x[:2])
print(row, base)
(base * torch.tensor([[1.0, 2.0], [3.0, 4.0]])).sum().backward()
x.grad
# --- fill_ cuts the gradient
y = x * 2
y[0].fill_(7)
y.sum().backward()
x.grad
# --- zero_ after use
y = x * 2
z = y.sum()
y.zero_()
z.backward()
x.grad
# --- exp then writing to its input
a = x * 1
b = a.exp()
a.mul_(0)
b.sum().backward()
x.grad
# --- in place relu on a sum
y = x - 2
y.relu_()
y.sum().backward()
x.grad
# --- in place sigmoid twice
y = x * 1
y.sigmoid_().sigmoid_()
y.sum().backward()
x.grad
# --- grad of grads of in place
y = x * x
y.mul_(x.detach())
y.sum().backward()
x.grad
# --- broadcasting reduces the gradient
b = torch.ones(1, requires_grad=True)
m = torch.ones(2, 3, requires_grad=True)
(m * x + b).sum().backward()
[b.grad, x.grad, m.grad]
# --- gradients of shapes
m = torch.arange(6.0).view(2, 3).requires_grad_()
w = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
(m.t() * w).sum().backward()
[m.grad, m.grad.stride()]
# --- gradient keeps dtype
h = torch.ones(2, dtype=torch.float64, requires_grad=True)
(h * x[:2]).sum().backward()
[h.grad, x.grad]
# --- integer power and abs at zero
z = torch.zeros(1, requires_grad=True)
(z**2 + z.abs() + z.relu() + z.clamp(0, 1) + z.sign()).backward()
z.grad
# --- sqrt and norm at zero
z = torch.zeros(2, requires_grad=True)
[torch.autograd.grad(z.norm(), z), torch.autograd.grad(z.sqrt().sum(), z), torch.autograd.grad((z**0.5).sum(), z)]
# --- ties in max
t = torch.tensor([2.0, 5.0, 5.0], requires_grad=True)
[torch.autograd.grad(t.max(), t), torch.autograd.grad(t.max(0)[0], t), torch.autograd.grad(t.amax(), t), torch.autograd.grad(torch.maximum(t, t.detach()).sum(), t), torch.autograd.grad(t.median(), t), torch.autograd.grad(t.min(), t)]
# --- clamp at its bounds
t = torch.tensor([0.0, 1.0, 2.0], requires_grad=True)
[torch.autograd.grad(t.clamp(0, 1).sum(), t), torch.autograd.grad(torch.nn.functional.hardtanh(t, 0, 1).sum(), t), torch.autograd.grad(torch.nn.functional.relu6(t).sum(), t)]
# --- nan behind where
t = torch.tensor([0.0, 1.0], requires_grad=True)
y = torch.where(t > 0, torch.log(t), torch.zeros(2))
torch.autograd.grad(y.sum(), t)
# --- prod with zeros
t = torch.tensor([0.0, 2.0, 3.0], requires_grad=True)
torch.autograd.grad(t.prod(), t)
# --- complex gradient is the conjugate convention
c = torch.tensor([1 + 2j], requires_grad=True)
(c * c.conj()).real.sum().backward()
g = c.grad.clone()
c.grad = None
(c**2).real.sum().backward()
[g, c.grad]
# --- complex abs
c = torch.tensor([3 + 4j], requires_grad=True)
c.abs().sum().backward()
c.grad
# --- unused output of a multi-output op
t = torch.tensor([[3.0, 1.0], [2.0, 5.0]], requires_grad=True)
a, b = t.unbind(0)
(a * torch.tensor([1.0, 10.0])).sum().backward()
t.grad
# --- sort and topk gradients
t = torch.tensor([3.0, 1.0, 2.0], requires_grad=True)
v, _ = t.sort()
(v * torch.tensor([1.0, 2.0, 3.0])).sum().backward()
t.topk(2)[0].sum().backward()
t.grad
# --- cumsum cumprod std gradients
t = torch.tensor([1.0, 2.0, 4.0], requires_grad=True)
[torch.autograd.grad(f(t).sum(), t) for f in (lambda t: t.cumsum(0) ** 2, lambda t: t.cumprod(0), torch.std, torch.var, torch.logsumexp if False else (lambda t: t.logsumexp(0)), lambda t: t.softmax(0) ** 2)]
# --- matmul gradients
a = torch.arange(4.0).view(2, 2).requires_grad_()
b = torch.tensor([1.0, 2.0], requires_grad=True)
(a @ b).pow(2).sum().backward()
[a.grad, b.grad]
# --- batched matmul gradients broadcast
a = torch.ones(2, 1, 2, 3, requires_grad=True)
b = torch.ones(4, 3, 2, requires_grad=True)
(a @ b).sum().backward()
[a.grad, b.grad.shape, b.grad.sum()]
# --- inverse and det gradients
a = torch.tensor([[4.0, 1.0], [2.0, 3.0]], requires_grad=True)
[torch.autograd.grad(torch.det(a), a), torch.autograd.grad(torch.inverse(a).sum(), a), torch.autograd.grad(torch.logdet(a), a)]
# --- expand and repeat gradients
t = torch.tensor([[1.0], [2.0]], requires_grad=True)
(t.expand(2, 3) * 2 + t.repeat(1, 3)).sum().backward()
t.grad
# --- unfold and as_strided gradients
t = torch.arange(5.0, requires_grad=True)
t.unfold(0, 3, 1).sum().backward()
torch.as_strided(t, (2, 2), (1, 2)).sum().backward()
t.grad
# --- grad attribute set and none
x.grad = torch.ones(3)
(x * 2).sum().backward()
g = x.grad
x.grad = None
[g, x.grad]
# --- grad object is kept in accumulation
x.sum().backward()
g = x.grad
x.sum().backward()
[g is x.grad, g]
# --- first grad is not the graph's tensor
y = x * 1
g = torch.ones(3)
y.backward(g)
x.grad.add_(1)
g
# --- grad zeroing
x.sum().backward()
x.grad.zero_()
(x * 3).sum().backward()
x.grad.data.zero_()
x.sum().backward()
x.grad
# --- old Variable
from torch.autograd import Variable
v = Variable(torch.ones(2), requires_grad=True)
w = Variable(torch.ones(2))
[type(v), v.requires_grad, w.requires_grad, (v + w).requires_grad, v.data]
# --- custom Function
class Square(torch.autograd.Function):
    @staticmethod
    def forward(ctx, t):
        ctx.save_for_backward(t)
        return t * t

    @staticmethod
    def backward(ctx, g):
        (t,) = ctx.saved_tensors
        return g * 2 * t
y = Square.apply(x)
print(y)
y.sum().backward()
x.grad
# --- custom Function with constants
class Scale(torch.autograd.Function):
    @staticmethod
    def forward(ctx, t, k, flag=None):
        ctx.k = k
        print(ctx.needs_input_grad)
        return t * k

    @staticmethod
    def backward(ctx, g):
        return g * ctx.k, None, None
Scale.apply(x, 3).sum().backward()
x.grad
# --- custom Function of several
class Both(torch.autograd.Function):
    @staticmethod
    def forward(ctx, a, b):
        ctx.save_for_backward(a, b)
        return a * b, a + b

    @staticmethod
    def backward(ctx, ga, gb):
        a, b = ctx.saved_tensors
        print(ctx.needs_input_grad, ga, gb)
        return ga * b + gb, None
b = torch.full((3,), 2.0)
p, q = Both.apply(x, b)
(p.sum()).backward()
[x.grad, p.grad_fn.name(), q.requires_grad]
# --- custom Function mark_dirty
class AddOne(torch.autograd.Function):
    @staticmethod
    def forward(ctx, t):
        t.add_(1)
        ctx.mark_dirty(t)
        return t

    @staticmethod
    def backward(ctx, g):
        return g * 7
y = x * 1
z = AddOne.apply(y)
z.sum().backward()
[z is y, x.grad, y._version]
# --- custom Function mark_non_differentiable
class Top(torch.autograd.Function):
    @staticmethod
    def forward(ctx, t):
        v, i = t.max(0)
        ctx.mark_non_differentiable(i)
        ctx.i = i
        return v, i

    @staticmethod
    def backward(ctx, g, gi):
        r = torch.zeros(3)
        r[ctx.i] = g
        return r
v, i = Top.apply(x)
v.backward()
[x.grad, i.requires_grad]
# --- custom Function double backward
class Cube(torch.autograd.Function):
    @staticmethod
    def forward(ctx, t):
        ctx.save_for_backward(t)
        return t**3

    @staticmethod
    def backward(ctx, g):
        (t,) = ctx.saved_tensors
        return g * 3 * t**2
(g,) = torch.autograd.grad(Cube.apply(x).sum(), x, create_graph=True)
g.sum().backward()
x.grad
# --- custom Function once_differentiable
from torch.autograd.function import once_differentiable
class Once(torch.autograd.Function):
    @staticmethod
    def forward(ctx, t):
        return t * 2

    @staticmethod
    @once_differentiable
    def backward(ctx, g):
        return g * 2
(g,) = torch.autograd.grad(Once.apply(x).sum(), x, create_graph=True)
g.sum().backward()
# --- custom Function setup_context
class Twice(torch.autograd.Function):
    @staticmethod
    def forward(t, k):
        return t * k

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.k = inputs[1]

    @staticmethod
    def backward(ctx, g):
        return g * ctx.k, None
Twice.apply(x, 2).sum().backward()
x.grad
# --- straight-through estimator
class Round(torch.autograd.Function):
    @staticmethod
    def forward(ctx, t):
        return t.round()

    @staticmethod
    def backward(ctx, g):
        return g
(Round.apply(x * 1.4) ** 2).sum().backward()
x.grad
# --- gradcheck
a = torch.tensor([0.5, 1.5], dtype=torch.float64, requires_grad=True)
[torch.autograd.gradcheck(torch.sin, (a,)), torch.autograd.gradgradcheck(torch.exp, (a,))]
# --- jacobian and hessian
from torch.autograd.functional import hessian, jacobian
[jacobian(lambda t: t**2, torch.tensor([1.0, 2.0])), hessian(lambda t: (t**3).sum(), torch.tensor([1.0, 2.0]))]
# --- functional vjp and jvp
from torch.autograd.functional import jvp, vjp
[vjp(lambda t: t**2, torch.tensor([1.0, 2.0]), torch.tensor([1.0, 0.5])), jvp(lambda t: t**2, torch.tensor([1.0, 2.0]), torch.tensor([1.0, 0.5]))]
# --- checkpoint
from torch.utils.checkpoint import checkpoint
y = checkpoint(lambda t: (t * 2).sin(), x, use_reentrant=False)
y.sum().backward()
x.grad
# --- saved tensor hooks
packed = []
with torch.autograd.graph.saved_tensors_hooks(lambda t: packed.append(t.shape) or t, lambda t: t * 2):
    y = x * x
y.sum().backward()
[packed, x.grad]
# --- backward of a graph of many uses
y = x
for _ in range(5):
    y = y + y
y.sum().backward()
x.grad
# --- data-dependent loop
y = x * 2
n = 0
while y.data.norm() < 1000:
    y = y * 2
    n += 1
y.backward(torch.tensor([0.1, 1.0, 0.0001]))
print(n)
x.grad
# --- deep chain
t = torch.tensor(1.0, requires_grad=True)
y = t
for _ in range(3000):
    y = y * 1.0001
y.backward()
t.grad
# --- grad mode in backward of custom Function
class Mode(torch.autograd.Function):
    @staticmethod
    def forward(ctx, t):
        print(torch.is_grad_enabled())
        return t.clone()

    @staticmethod
    def backward(ctx, g):
        print(torch.is_grad_enabled())
        return g
Mode.apply(x).sum().backward()
# --- frozen parameter gets no gradient
w = torch.ones(3)
y = (x * w).sum()
y.backward()
[w.grad, x.grad]
# --- leaf made from no_grad result
with torch.no_grad():
    y = x * 2
y.requires_grad_()
(y * y).sum().backward()
[y.grad, x.grad]
# --- output_nr
a, b = torch.stack([x, x]).unbind(0)
[a.output_nr, b.output_nr, x.output_nr]
# --- functional hessian vector products by double backward
v = torch.tensor([1.0, 0.0, 1.0])
(g,) = torch.autograd.grad((x**3).sum(), x, create_graph=True)
torch.autograd.grad(g, x, grad_outputs=v)
# --- second derivative of relu and abs
(g,) = torch.autograd.grad((x - 2).relu().pow(2).sum(), x, create_graph=True)
torch.autograd.grad(g.sum(), x)
# --- gradients that are none
a = torch.tensor([1.0, 2.0], requires_grad=True)
y = a.round().sum() + a.floor().sum() + (a > 1).float().sum()
y.backward()
a.grad
