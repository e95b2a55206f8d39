"""Reductions, sorting, cumulative and linear-algebra operations."""
import torch

x = torch.tensor([[3.0, 1.0, 2.0], [-1.0, 5.0, 0.5]])

# --- sum and mean
[x.sum(), x.sum(0), x.sum(1, keepdim=True), x.sum((0, 1)), x.mean(), x.mean(-1), torch.mean(x, dim=0), x.sum(dim=[0, 1], keepdim=True), x.sum(axis=0)]
# --- prod
[x.prod(), x.prod(0), torch.prod(x, 1, keepdim=True), torch.prod(torch.tensor([2, 3]))]
# --- max min
[x.max(), x.min(), torch.max(x, torch.zeros(3)), torch.maximum(x, -x), x.amax(1), x.amin((0, 1)), torch.min(x, x.t().reshape(2, 3)), torch.aminmax(x, dim=1)]
# --- max with dim is a named tuple
r = x.max(1)
print(type(r).__name__, r.values, r.indices)
values, indices = torch.max(x, 0)
print(r)
[values, indices, x.min(0, keepdim=True), r[1]]
# --- argmax
[x.argmax(), x.argmax(0), x.argmin(1, keepdim=True), torch.argmax(x, dim=-1)]
# --- ties in argmax sort topk
y = torch.tensor([2, 7, 7, 1])
[y.argmax(), y.max(0), y.sort(stable=True), y.mode(), y.unique()]
# --- std and var
[x.std(), x.var(), x.std(0), x.var(1, unbiased=False), x.std(correction=0), torch.var_mean(x, dim=1), torch.std_mean(x)]
# --- std of one element
torch.tensor([1.0]).std()
# --- norm
[x.norm(), x.norm(1), x.norm(2, dim=1), x.norm(float("inf")), torch.norm(x, p=1, dim=0), torch.linalg.norm(x), x.norm(p="fro"), torch.linalg.vector_norm(x, 3), x.norm(2, 1, True)]
# --- dist
torch.dist(x, torch.zeros(2, 3), 2)
# --- median and quantile
[x.median(), x.median(1), torch.quantile(x, 0.5), torch.quantile(x, torch.tensor([0.25, 0.75]), dim=1), torch.nanmedian(torch.tensor([1.0, float("nan"), 3.0])), torch.median(torch.tensor([1, 2, 3, 4]))]
# --- mode
torch.mode(torch.tensor([[1, 2, 2], [3, 3, 1]]))
# --- nansum nanmean
y = torch.tensor([1.0, float("nan")])
[y.nansum(), y.nanmean(), y.sum()]
# --- all and any
[torch.tensor([True, False]).all(), torch.tensor([[0, 1]]).any(1), (x > 0).all(0), torch.tensor([]).all(), torch.tensor([]).any(), torch.tensor([1, 2], dtype=torch.uint8).all()]
# --- sort
[x.sort(), x.sort(0, True), torch.sort(x, dim=1, descending=True), x.argsort(), torch.argsort(x, dim=0, descending=True)]
# --- sort prints
print(torch.sort(torch.tensor([3, 1, 2])))
# --- topk
[x.topk(2), x.topk(1, dim=0), torch.topk(x, 2, largest=False), x.topk(2, 1, True, True), x.kthvalue(2)]
# --- cumulative
[x.cumsum(0), x.cumsum(1), x.cumprod(1), x.cummax(1), x.cummin(0), torch.logcumsumexp(x, 1), x.diff()]
# --- unique
y = torch.tensor([3, 1, 3, 2])
[torch.unique(y), torch.unique(y, return_inverse=True), torch.unique(y, return_counts=True), torch.unique_consecutive(torch.tensor([1, 1, 2, 1])), torch.unique(torch.tensor([[1, 1], [1, 1], [0, 1]]), dim=0)]
# --- bincount histc bucketize searchsorted
[torch.bincount(torch.tensor([0, 2, 2])), torch.histc(torch.tensor([1.0, 2.0, 1.0]), bins=4, min=0, max=3), torch.bucketize(torch.tensor([1, 4]), torch.tensor([1, 3, 5])), torch.searchsorted(torch.tensor([1.0, 3.0]), torch.tensor([2.0, 3.0]), right=True)]
# --- logsumexp softmax log_softmax
[torch.logsumexp(x, 1), x.softmax(1), torch.softmax(x, dim=0), x.log_softmax(-1), torch.nn.functional.softmin(x, dim=1)]
# --- matmul shapes
a, b = torch.ones(2, 3), torch.ones(3, 4)
v = torch.arange(3.0)
[(a @ b), (a @ v), (v @ b), v @ v, torch.ones(5, 2, 3).matmul(b).shape, torch.ones(5, 1, 2, 3).matmul(torch.ones(7, 3, 2)).shape, a.mm(b).sum(), torch.bmm(torch.ones(2, 2, 3), torch.ones(2, 3, 1)), a.mv(v), v.dot(v)]
# --- integer matmul
torch.arange(4).view(2, 2) @ torch.arange(4).view(2, 2)
# --- add-matmul family
a, b = torch.arange(4.0).view(2, 2), torch.eye(2)
v = torch.tensor([1.0, 2.0])
[torch.addmm(a, a, b), torch.addmm(a, a, b, beta=0.5, alpha=2), torch.addmv(v, a, v), torch.addr(a, v, v), torch.baddbmm(a.expand(2, 2, 2), a.expand(2, 2, 2), b.expand(2, 2, 2)), torch.addbmm(a, a.expand(2, 2, 2), b.expand(2, 2, 2))]
# --- einsum
a = torch.arange(6.0).view(2, 3)
[torch.einsum("ij->ji", a), torch.einsum("ij,kj->ik", a, a), torch.einsum("ii", torch.eye(3)), torch.einsum("i,j->ij", a[0], a[1]), torch.einsum("bij,bjk->bik", a.expand(2, 2, 3), a.t().expand(2, 3, 2)), torch.einsum("...i->...", a)]
# --- outer kron cross trace
v = torch.tensor([1.0, 2.0, 3.0])
[torch.outer(v, v), torch.kron(torch.eye(2), torch.ones(1, 2)), torch.cross(v, v.flip(0), dim=0), torch.trace(torch.eye(3)), torch.inner(v, v), torch.tensordot(torch.ones(2, 3), torch.ones(3, 2), dims=1)]
# --- triu tril diag
a = torch.arange(9).view(3, 3)
[a.triu(), a.tril(-1), torch.diag(a), torch.diag(torch.tensor([1, 2])), torch.diag(a, 1), torch.triu(a, 1)]
# --- inverse det solve
a = torch.tensor([[4.0, 7.0], [2.0, 6.0]])
[torch.inverse(a), torch.det(a), torch.linalg.solve(a, torch.tensor([1.0, 2.0])), torch.linalg.inv(a), torch.slogdet(a), torch.linalg.matrix_rank(a)]
# --- cholesky and singular values
a = torch.tensor([[4.0, 2.0], [2.0, 3.0]])
[torch.linalg.cholesky(a), torch.linalg.svdvals(a), torch.linalg.eigvalsh(a), torch.linalg.matrix_power(a, 3)]
# --- svd rebuilds
a = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
u, s, v = torch.svd(a)
[s, u @ torch.diag(s) @ v.t(), u.shape]
# --- qr rebuilds
a = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
q, r = torch.linalg.qr(a)
[q @ r, r.abs()]
# --- elementwise maths
y = torch.tensor([0.5, 1.0, 2.0])
[f(y) for f in (torch.exp, torch.log, torch.log2, torch.log10, torch.log1p, torch.expm1, torch.sqrt, torch.rsqrt, torch.sin, torch.cos, torch.tan, torch.atan, torch.sinh, torch.cosh, torch.tanh, torch.erf, torch.erfc, torch.lgamma, torch.digamma, torch.square, torch.reciprocal, torch.sigmoid)]
# --- inverse functions
y = torch.tensor([0.1, 0.5])
[torch.asin(y), torch.acos(y), torch.atanh(y), torch.erfinv(y), torch.logit(y), torch.acosh(y + 1), torch.asinh(y)]
# --- clamp
[x.clamp(0, 2), x.clamp(min=1), x.clamp(max=1), torch.clamp(x, torch.tensor([0.0, 1.0, 2.0])), torch.clip(x, 0, 1), torch.tensor([1, 5]).clamp(2, 4), torch.tensor([1, 5]).clamp(max=2.5)]
# --- where and lerp
[torch.where(x > 1, x, torch.zeros_like(x)), torch.where(x > 1, x, 0.0), torch.lerp(torch.zeros(2), torch.ones(2), 0.3), torch.heaviside(x, torch.tensor(0.5)), torch.hypot(torch.tensor(3.0), torch.tensor(4.0))]
# --- cat stack shapes
[torch.cat([x, x]), torch.cat([x, x], 1), torch.cat((x, torch.tensor([])), 0), torch.stack([x, x]).shape, torch.stack([x, x], dim=2).stride(), torch.cat([x, x], dim=-1).shape, torch.concat([x]).shape]
# --- isclose allclose
[torch.isclose(x, x + 1e-9), torch.allclose(x, x + 1e-3), torch.allclose(x, x + 1e-3, atol=1e-2), torch.equal(x, x.clone())]
# --- empty reductions
y = torch.zeros(0, 3)
[y.sum(), y.sum(0), y.prod(), y.mean(), y.sum(1), torch.zeros(2, 0).max(1).values.shape if False else 0]
# --- cdist and pairwise
a, b = torch.tensor([[0.0, 0.0], [3.0, 4.0]]), torch.tensor([[0.0, 1.0]])
[torch.cdist(a, b), torch.nn.functional.pairwise_distance(a, b.expand(2, 2)), torch.nn.functional.cosine_similarity(a + 1, b.expand(2, 2) + 1)]
# --- renorm and normalize
[torch.renorm(x, 2, 0, 1.0), torch.nn.functional.normalize(x), torch.nn.functional.normalize(x, p=1, dim=0)]
# --- bit of everything on int tensors
y = torch.tensor([[4, 2], [9, 1]])
[y.sum(), y.max(1), y.sort(0), y.float().mean(), y.cumsum(1), y.prod(), y @ y, y.abs(), y.clamp(2, 5), y.argmax(), y.median(), torch.gcd(y, torch.tensor(6)), y.sign()]
# --- var of dims
x.var(dim=(0, 1), keepdim=True)
# --- sum of bool mask
((x > 1).sum(), (x > 1).float().mean(), (x > 1).sum(dim=1))
# --- trapezoid and cov
[torch.trapezoid(torch.tensor([1.0, 2.0, 3.0])), torch.cov(x), torch.corrcoef(x)]
# --- combinations
[torch.combinations(torch.tensor([1, 2, 3])), torch.cumulative_trapezoid(torch.tensor([1.0, 2.0, 3.0]))]
# --- nan among many elements
x = torch.arange(10000.).view(100, 100) % 97
x[50, 3] = float("nan")
y = torch.full((5000,), float("nan"))
low, high = x.aminmax(dim=0)
[x.max(), x.min(), x.argmax(), x.argmin(), y.max(), y.min(), y.double().amax(), x.amax(0)[:5], x.amin(1)[48:52], low[:5], high[:5], x.max(1).indices[49:52], x.norm(float("inf")), x.norm(-float("inf"))]
# --- the gradient of an extreme among many elements
x = (torch.arange(5000.) % 97).requires_grad_()
y = x.detach().clone().requires_grad_()
z = x.detach().index_fill(0, torch.tensor([7]), float("nan")).requires_grad_()
for t in (x.amax(), y.max(), z.max()):
    t.backward()
[x.grad.sum(), x.grad.max(), y.grad.sum(), y.grad.max(), z.grad.nonzero()]
# --- the infinite norm of many gradients
p = torch.zeros(5000, requires_grad=True)
p.grad = torch.ones(5000).index_fill(0, torch.tensor([7]), float("nan"))
torch.nn.utils.clip_grad_norm_([p], 1.0, norm_type=float("inf"), error_if_nonfinite=True)
# --- einsum, memory and histories
eqs = ["ij,kj->ki", "ij,kj->ik", "bij,bkj->kbi", "ij,kjl->kil", "ij,jk,kl->il", "ij,ij->ji", "ij,kl->kilj", "bmi,bj,j->ijm", "...ij,kj->...ik", "i->", "ij->ji"]
sizes = dict(i=2, j=3, k=4, l=5, b=6, m=7)
for eq in eqs:
    ops = [torch.ones([sizes[c] for c in term.replace("...", "bm")], requires_grad=True) for term in eq.split("->")[0].split(",")]
    r = torch.einsum(eq, *ops)
    r.sum().backward()
    print(eq, tuple(r.shape), r.stride(), r.grad_fn.name(), r.detach().sum(), *[o.grad.sum() for o in ops])
x = torch.arange(9.0).view(3, 3)
print(torch.einsum("ii->i", x)._base is x, torch.einsum("ij->ji", x)._base is x, torch.einsum("ij,j->i", x, x[0])._base is None)
# --- batch_norm without channels
print(torch.nn.functional.batch_norm(torch.ones(0), torch.zeros(0), torch.ones(0)))
# --- histc of a value that is not computed yet
x = torch.arange(5.0) * 2
[torch.histc(x + 1, 4, 0, 9), torch.histc(x * 3, 3)]
# --- histc of an infinite range
torch.histc(torch.tensor([1.0, float("inf")]) + 1, 4)
# --- histogram of edges that do not rise
x = torch.tensor([[0.5, 2.0], [1.0, 3.5], [2.5, 0.0], [4.0, 4.0]])
edges = (torch.tensor([0.0, 3.0, 1.0, 4.0]), torch.tensor([0.0, 2.0, 1.0, 4.0]))
print(torch.histogramdd(x, edges), torch.histogram(x, edges[0], weight=x), torch.histogram(x, torch.tensor([1.0, 2.0, 4.0]), density=True))
print(torch.histogram(x, 3), torch.histogramdd(x, 2, range=(0.0, 4.0, 1.0, 4.0)))
# --- unique, memory order and shapes
x = torch.arange(24.0).view(2, 3, 4)
print([f(x, dim=d).stride() for d in (0, 1, 2, -1) for f in (torch.unique, torch.unique_consecutive)])
print([f(torch.tensor(1.0), return_inverse=True, return_counts=True) for f in (torch.unique, torch.unique_consecutive)])
x = torch.tensor([[-float("inf")] * 2, [1.0, 2.0]], requires_grad=True)
print(torch.autograd.grad(torch.logsumexp(x, 1).sum(), x))
# --- topk of a NaN with its sign bit set
x = torch.tensor([-0x400000, 0x3F800000, 0x40000000, 0x40400000], dtype=torch.int32).view(torch.float32)
[x.topk(1), x.topk(2), x.topk(2, largest=False)]
