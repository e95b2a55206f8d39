"""Gradients of and to sparse tensors; embeddings and optimizers with sparse gradients."""
import warnings

import torch
import torch.nn.functional as F
from torch import nn

warnings.filterwarnings("ignore", "Sparse")  # torch says that its sparse tensors are beta, and may crash unchecked

i = torch.tensor([[0, 1, 1, 0], [2, 0, 2, 2]])


def coo():
    return torch.sparse_coo_tensor(i, [3.0, 4.0, 5.0, 6.0], (2, 3)).requires_grad_()


def coalesced():
    return coo().detach().coalesce().requires_grad_()


def csr():
    return torch.tensor([[0.0, 1.0, 2.0], [3.0, 0.0, 0.0]]).to_sparse_csr().requires_grad_()


def dense(*size):
    return torch.arange(float(torch.Size(size).numel())).view(size).requires_grad_()


def gradients(f, *xs):
    y = f(*xs)
    seed = torch.arange(1.0, 1 + y.numel()).view(y.shape).to(y.dtype)
    if y.layout != torch.strided:
        pattern = y.detach().coalesce() if y.is_sparse else y.detach()
        seed = seed.sparse_mask(pattern)
    y.backward(seed)
    return [y, *(x.grad for x in xs)]


def refusal(call):
    try:
        return call()
    except Exception as error:
        return type(error).__name__, str(error).splitlines()[0].split(" This could")[0].split(". It ")[0].split(";")[0].rstrip(".")

# --- to_dense
[gradients(lambda s: s.to_dense(), x()) for x in (coo, coalesced, csr)] + [gradients(lambda s: s.to_dense(masked_grad=False), coalesced())]
# --- to_sparse
[gradients(f, dense(2, 3)) for f in (lambda x: x.to_sparse(), lambda x: x.to_sparse(1), lambda x: x.to_sparse_csr(), lambda x: x.to_sparse_csc(), lambda x: x.to_sparse().to_dense(), lambda x: x.to_sparse(layout=torch.sparse_csr))] + [gradients(lambda s: s.to_sparse(), csr()), gradients(lambda s: s.to_sparse_csc(), csr())]
# --- components
v = torch.ones(4, requires_grad=True)
[
    gradients(lambda s: s.coalesce(), coo()), gradients(lambda s: s.coalesce(), coalesced()), gradients(lambda s: s.coalesce().values(), coo()), gradients(lambda s: s.values(), csr()), gradients(lambda v: torch.sparse_coo_tensor(i, v, (2, 3)), v), gradients(lambda v: torch.sparse_coo_tensor(i, v, (2, 3)).to_dense(), torch.ones(4, requires_grad=True)),
    gradients(lambda v: torch.sparse_csr_tensor([0, 2, 3], [1, 2, 0], v, (2, 3)).to_dense(), torch.ones(3, requires_grad=True)), coo()._values().requires_grad,
]
# --- linear operations
[gradients(f, x()) for x in (coo, coalesced) for f in (lambda s: s * 2, lambda s: s / 2, lambda s: -s, lambda s: s + s, lambda s: s.clone(), lambda s: s.double(), lambda s: s * torch.tensor(3.0), lambda s: s / torch.tensor(2.0))] + [gradients(f, csr()) for f in (lambda s: s * 2, lambda s: -s, lambda s: s + s, lambda s: s.clone(), lambda s: s.double())]
# --- sums and products of two
[
    gradients(torch.add, dense(2, 3), coalesced()), gradients(torch.sub, coalesced(), coalesced()), gradients(torch.mul, coalesced(), coalesced()), gradients(torch.mul, dense(2, 3), coalesced()), gradients(torch.mul, coalesced(), dense(2, 3)), gradients(torch.mul, coalesced(), torch.tensor(3.0, requires_grad=True)), gradients(torch.add, dense(2, 3), csr()),
    gradients(lambda s: s * s, csr()),
]
# --- unary operations
[gradients(f, x()) for x in (coo, coalesced) for f in (torch.abs, torch.relu, lambda s: s.pow(2), lambda s: s.pow(3))] + [gradients(torch.abs, csr())]
# --- reductions
[gradients(f, coalesced()) for f in (torch.sum, torch.sparse.sum, lambda s: torch.sparse.sum(s, 0), lambda s: torch.sparse.sum(s, 1), lambda s: torch.sparse.sum(s, (0, 1)), lambda s: torch.sparse.softmax(s, 1), lambda s: torch.sparse.log_softmax(s, 1), lambda s: torch.sparse.softmax(s, 0))] + [gradients(torch.sum, csr()), gradients(lambda s: torch.sparse.softmax(s, 0), coo())]
# --- matrix products
[
    gradients(torch.mm, coalesced(), dense(3, 2)), gradients(torch.mm, coo(), dense(3, 2)), gradients(torch.matmul, coo(), dense(3)), gradients(torch.sparse.mm, coo(), dense(3, 2)), gradients(torch.mm, dense(3, 2), coalesced()), gradients(torch.sparse.mm, dense(3, 2), coalesced()), gradients(torch.addmm, dense(2, 2), coalesced(), dense(3, 2)),
    gradients(lambda a, s, m: torch.sparse.addmm(a, s, m, beta=2, alpha=3), dense(2, 2), coalesced(), dense(3, 2)), gradients(lambda s: torch.bmm(torch.stack([s]), torch.ones(1, 3, 2)), coalesced()), gradients(torch.mm, csr(), dense(3, 2)), gradients(torch.sparse.mm, csr(), dense(3, 2)), gradients(torch.matmul, csr(), dense(3)), gradients(lambda s, m: s.t() @ m, csr(), dense(2, 2)),
    gradients(lambda x, s: F.linear(x, s), dense(4, 3), csr()), gradients(lambda s, a, b: torch.sparse.sampled_addmm(s, a, b, beta=2, alpha=3), csr(), dense(2, 2), dense(2, 3)),
]
# --- sparse products
[g.to_dense() for f in (torch.mm, torch.sparse.mm) for g in gradients(lambda s, m: f(s, m.to_sparse()), coalesced(), dense(3, 2))]
# --- reduced products
[gradients(lambda s, m: torch.sparse.mm(s, m, reduce), csr(), dense(3, 2)) for reduce in ("sum", "mean", "amax", "amin")]
# --- dimensions
[gradients(f, coalesced()) for f in (lambda s: s.t(), lambda s: s.transpose(0, 1), lambda s: s.permute(1, 0), lambda s: s[0, 2], lambda s: s.neg().coalesce().to_dense(), lambda s: s.mv(torch.ones(3)))] + [gradients(lambda s: s.t(), csr()), gradients(lambda a, b: torch.stack([a, b]), coalesced(), coalesced())]
# --- masks
[gradients(lambda x: x.sparse_mask(coalesced().detach()), dense(2, 3)), gradients(lambda s: s.sparse_mask(torch.eye(2, 3).to_sparse()), coalesced())]
# --- gradients of gradients
x, m = coalesced(), dense(3, 2)
(g,) = torch.autograd.grad(torch.sparse.mm(x, m).pow(2).sum(), x, create_graph=True)
g.to_dense().sum().backward()
y = dense(2, 2)
(h,) = torch.autograd.grad((y.to_sparse() * 3).to_dense().pow(2).sum(), y, create_graph=True)
h.sum().backward()
[g.to_dense(), x.grad.to_dense(), m.grad, y.grad]
# --- accumulation
x = coo()
y = torch.sparse.mm(x, torch.ones(3, 2))
y.sum().backward(retain_graph=True)
held = x.grad
y.sum().backward()
same = held is x.grad
torch.mm(x, torch.ones(3, 2)).sum().backward()
w = torch.ones(4, 2, requires_grad=True)
steps = []
for sparse in (True, True, False, True):
    (F.embedding(torch.tensor([1, 3]), w, sparse=sparse) * torch.ones(2, 2)).sum().backward()
    steps.append(w.grad.clone())
[held, same, x.grad, *steps]
# --- accumulation of expanded gradients
w = torch.ones(4, 2, requires_grad=True)
for _ in range(2):
    F.embedding(torch.tensor([1, 3]), w, sparse=True).sum().backward()
w.grad
# --- hooks and kept gradients
x, seen = coalesced(), []
x.register_hook(lambda g: seen.append(g))
y = x * 2
y.retain_grad()
y.to_dense().sum().backward()
x.register_post_accumulate_grad_hook(lambda t: seen.append(t.grad.clone()))
(x * 3).to_dense().sum().backward()
[seen, y.grad, x.grad]
# --- in place and leaves
x = coalesced()
y = dense(2, 3)
z = y.to_sparse()
z.mul_(2)
z.to_dense().sum().backward()
u = dense(2, 3)
f = u * 1
f.add_(torch.eye(2, 3).to_sparse())
f.sum().backward()
with torch.no_grad():
    x.mul_(2)
[x, y.grad, f, u.grad, refusal(lambda: x.mul_(2)), x.is_leaf, x.grad_fn]
# --- functions of users
class Tripled(torch.autograd.Function):
    @staticmethod
    def forward(ctx, s):
        ctx.save_for_backward(s)
        return s.to_dense()

    @staticmethod
    def backward(ctx, g):
        return g.sparse_mask(ctx.saved_tensors[0]) * 3

gradients(Tripled.apply, coalesced())
# --- saved tensors that were changed
x, m = coalesced(), dense(3, 2)
y = torch.sparse.mm(x, m)
with torch.no_grad():
    m.add_(1)
refusal(lambda: y.sum().backward())
# --- gradients given
x = torch.ones(4, 2, requires_grad=True)
x.grad = torch.ones(4, 2).to_sparse(1)
[x.grad, refusal(lambda: setattr(x, "grad", torch.ones(4, 3).to_sparse(1))), refusal(lambda: setattr(x, "grad", torch.ones(4, 2).double().to_sparse(1)))]
# --- embedding
w = (torch.arange(8.0).view(4, 2)).requires_grad_()
def graded(*args, **kwargs):
    w.grad = None
    F.embedding(*args, **kwargs).sum().backward()
    return w.grad

at = torch.tensor([[1, 2], [1, 3]])
[graded(at, w, sparse=True), graded(at.int(), w, sparse=True), graded(at, w, padding_idx=1, sparse=True).to_dense(), refusal(lambda: graded(at, w, scale_grad_by_freq=True, sparse=True)), graded(at, w * 2, sparse=True).to_dense(), graded(at, w + 1, sparse=True).is_sparse, torch.autograd.grad(F.embedding(at, w, sparse=True).sum(), w)[0]]
# --- embedding_bag
w = (torch.arange(8.0).view(4, 2)).requires_grad_()
p = torch.arange(4.0, requires_grad=True)
def graded(**kwargs):
    w.grad = None
    y = F.embedding_bag(torch.tensor([0, 1, 1, 2]), w, torch.tensor([0, 3]), sparse=True, **kwargs)
    (y * torch.arange(1.0, 5.0).view(2, 2)).sum().backward()
    return w.grad

[graded(mode="sum"), graded(mode="mean"), graded(mode="mean", padding_idx=1).to_dense(), refusal(lambda: graded(mode="sum", scale_grad_by_freq=True)), graded(mode="sum", per_sample_weights=p), p.grad, refusal(lambda: graded(mode="max"))]
# --- embedding layers
e, b = nn.Embedding(4, 2, sparse=True), nn.EmbeddingBag(4, 2, sparse=True, mode="sum")
with torch.no_grad():
    e.weight.fill_(1), b.weight.fill_(1)
(e(torch.tensor([1, 1])).sum() + b(torch.tensor([[1, 3]])).sum()).backward()
[e.weight.grad, b.weight.grad, str(e), str(b)]
# --- optimizers
def moved(make, **options):
    p = torch.arange(8.0).view(4, 2).requires_grad_()
    q = torch.ones(2, requires_grad=True)
    o = make([p, q] if options.pop("mixed", False) else [p], lr=0.1, **options)
    for at in ([[2, 0, 2]], [[1, 2]], [[3]]):
        p.grad = torch.sparse_coo_tensor(at, torch.arange(1.0, 1 + 2 * len(at[0])).view(-1, 2), (4, 2))
        q.grad = torch.ones(2)
        o.step()
    return [p.detach(), q.detach(), *(x.to_dense() if isinstance(x, torch.Tensor) else x for state in o.state_dict()["state"].values() for x in state.values())]

O = torch.optim
[
    moved(O.SGD), moved(O.SGD, mixed=True), moved(O.SGD, momentum=0.9), moved(O.SGD, momentum=0.9, nesterov=True), moved(O.SGD, momentum=0.5, dampening=0.1, maximize=True), moved(O.Adagrad), moved(O.Adagrad, lr_decay=0.1, maximize=True, initial_accumulator_value=0.5), moved(O.Adagrad, mixed=True), moved(O.SparseAdam), moved(O.SparseAdam, betas=(0.5, 0.9), eps=1e-3, maximize=True),
]
# --- optimizers that refuse
def moved(make, **options):
    p = torch.ones(4, 2, requires_grad=True)
    p.grad = torch.ones(4, 2).to_sparse(1)
    make([p], lr=0.1, **options).step()

O = torch.optim
calls = [lambda o=o: moved(o) for o in (O.Adam, O.AdamW, O.NAdam, O.RAdam, O.Adamax, O.Adadelta, O.RMSprop, O.Rprop, O.ASGD)]
calls += [lambda: moved(O.SGD, weight_decay=0.1), lambda: moved(O.Adagrad, weight_decay=0.1), lambda: O.SparseAdam([torch.ones(2, 2).to_sparse()]), lambda: O.SparseAdam([torch.ones(2, dtype=torch.complex64)]), lambda: O.SparseAdam([torch.ones(2)], lr=-1.0)]
def dense_grad():
    p = torch.ones(2, requires_grad=True)
    p.grad = torch.ones(2)
    O.SparseAdam([p]).step()

[refusal(call) for call in (*calls, dense_grad)]
# --- zero_grad, clipping, scaling
p = torch.ones(4, 2, requires_grad=True)
p.grad = torch.sparse_coo_tensor([[2, 0, 2]], torch.ones(3, 2), (4, 2))
refused = [refusal(lambda: nn.utils.clip_grad_norm_([p], 1.0)), refusal(lambda: nn.utils.clip_grad_value_([p], 1.0, foreach=False))]
scaler, o = torch.amp.GradScaler("cpu", init_scale=4.0), torch.optim.SGD([p], 0.1)
scaler.scale(torch.ones(1))
scaler.unscale_(o)
unscaled = p.grad.clone()
o.zero_grad(set_to_none=False)
[refused, unscaled, p.grad]
# --- training an embedding
torch.manual_seed(0)
e = nn.Embedding(6, 3, sparse=True)
with torch.no_grad():
    e.weight.copy_(torch.arange(18.0).view(6, 3) / 10)
o = torch.optim.SparseAdam(e.parameters(), lr=0.05)
losses = []
for step in range(4):
    o.zero_grad()
    loss = (e(torch.tensor([step, 1, step + 1])) ** 2).mean()
    loss.backward()
    o.step()
    losses.append(loss.item())
[losses, e.weight.detach()]
# --- gradcheck
from torch.autograd import gradcheck
x, m = torch.eye(2, 3).double().to_sparse().requires_grad_(), torch.ones(3, 2).double().requires_grad_()
check = torch.sparse.as_sparse_gradcheck(gradcheck)
[gradcheck(lambda s: s.to_dense(), x, masked=True), gradcheck(torch.sparse.mm, (x, m), masked=True), check(lambda s: s.to_dense(), x, masked=True), check(lambda s: s.to_sparse_csr(), x, masked=True), check(lambda s: s.sum(), x)]
# --- which graphs can be gone through again
def twice(y):
    grad = torch.ones_like(y) if y.layout is torch.strided else y.detach().clone()
    torch.autograd.grad(y, x, grad)
    try:
        torch.autograd.grad(y, x, grad)
    except RuntimeError as error:
        return type(y.grad_fn).__name__, str(error)[:50]
    return type(y.grad_fn).__name__

x, m = torch.eye(2).to_sparse().requires_grad_(), torch.eye(2)
[*map(twice, [x.sum(), x + x, -x, x.t(), x.clone(), x.double(), x.ceil(), x.deg2rad(), m - x, x.to_sparse_csr(), torch.stack([x, x]), x * 2, x / 2, x * x, x.to_dense(), x @ m, x.pow(2), torch.sparse.sum(x, 0), x.sparse_mask(m.to_sparse()), torch.sparse.softmax(x, 1)]), type(x.expm1().grad_fn).__name__]
