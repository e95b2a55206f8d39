"""Sparse tensors: construction, layouts, printing, arithmetic, products, reductions, picking and joining."""
import pickle
import warnings

import torch
import torch.nn.functional as F
from torch import nn

warnings.filterwarnings("ignore", "Sparse")  # torch says that its sparse tensors are beta, and may crash unchecked

i = torch.tensor([[0, 1, 1, 0], [2, 0, 2, 2]])
v = torch.tensor([3.0, 4.0, 5.0, 6.0])
s = torch.sparse_coo_tensor(i, v, (2, 3))
c = s.coalesce()
h = torch.arange(6.0).view(2, 3).to_sparse(1)
r = torch.tensor([[0.0, 1.0, 2.0], [3.0, 0.0, 0.0]]).to_sparse_csr()
k = torch.tensor([[0.0, 1.0, 2.0], [3.0, 0.0, 0.0]]).to_sparse_csc()
d = torch.arange(6.0).view(2, 3)
m = torch.arange(6.0).view(3, 2)


def refusal(call):
    try:
        return call()
    except Exception as error:
        # What torch says of a missing kernel goes on with a list of all backends.
        return type(error).__name__, str(error).splitlines()[0].split(" This could")[0].split(". It ")[0].split(";")[0].rstrip(".")

# --- coo tensors from components
[
    torch.sparse_coo_tensor(i, v), torch.sparse_coo_tensor([[0, 1], [1, 0]], [1, 2]), torch.sparse_coo_tensor([[0, 1], [1, 0]], [1, 2.0], dtype=torch.float64, requires_grad=True),
    torch.sparse_coo_tensor(i, torch.ones(4, 2)), torch.sparse_coo_tensor((2, 3)), torch.sparse_coo_tensor(size=(2, 3), dtype=torch.int64), torch.sparse_coo_tensor(torch.empty(2, 0), []),
    torch.sparse_coo_tensor(torch.empty(0, 2), torch.tensor([5.0, 6]), ()), torch.sparse_coo_tensor(i.int(), v, [2, 3]), torch.sparse_coo_tensor([[1]], 5.0), torch.sparse_coo_tensor(i, v.to(torch.complex64), (2, 3)),
]
# --- coo refusals
calls = [
    lambda: torch.sparse_coo_tensor(-i, v), lambda: torch.sparse_coo_tensor(i, v, (1, 3), check_invariants=True), lambda: torch.sparse_coo_tensor(-i, v, (2, 3), check_invariants=True),
    lambda: torch.sparse_coo_tensor(i, v, (2, 3), is_coalesced=True, check_invariants=True), lambda: torch.sparse_coo_tensor(i[0], v, (2,)), lambda: torch.sparse_coo_tensor(i, v[:3]), lambda: torch.sparse_coo_tensor(i, v[:3], (2, 3)),
    lambda: torch.sparse_coo_tensor(i, v, (2, 3, 4)), lambda: torch.sparse_coo_tensor(i, torch.ones(4, 2), (2, 3, 4)), lambda: torch.sparse_coo_tensor([[0, 1, 2]], 5), lambda: torch.sparse_coo_tensor(i), lambda: torch.sparse_coo_tensor(i, v, 5),
    lambda: torch.ones(2, layout=torch.sparse_coo), lambda: torch.ones(2).indices(), lambda: torch.ones(2).values(), lambda: torch.ones(2).coalesce(), lambda: torch.ones(2)._nnz(), lambda: s.indices(), lambda: s.values(), lambda: s.crow_indices(),
]
[refusal(call) for call in calls]
# --- what a sparse tensor is
[
    (x.layout, x.is_sparse, x.is_sparse_csr, x._nnz(), x.sparse_dim(), x.dense_dim(), x.shape, x.dim(), x.numel(), x.dtype, x.device, x.element_size(), isinstance(x, torch.Tensor), type(x) is torch.Tensor, len(x), x.requires_grad)
    for x in (s, c, h, r, k)
] + [s.is_coalesced(), c.is_coalesced(), c.indices().tolist(), c.values(), s._indices(), s._values(), r.crow_indices(), r.col_indices(), r.values(), k.ccol_indices(), k.row_indices(), d.sparse_dim(), d.dense_dim(), s.type(), s.stride()]
# --- printing
torch.set_printoptions(precision=2)
print(s, h, r, k, s.double(), s.int(), c.requires_grad_(), torch.zeros(2, 3, layout=torch.sparse_coo), torch.zeros(2, 3, layout=torch.sparse_csr), nn.Parameter(s), torch.ones(1200).to_sparse(), (c * 2), torch.sparse_coo_tensor(torch.empty(2, 0), torch.empty(0, 3), (2, 2, 3)), sep="\n")
str([s, r])
# --- between layouts
z = torch.zeros(2, 3)
[
    s.to_dense(), h.to_dense(), r.to_dense(), k.to_dense(), s.to_sparse(), s.to_sparse_csr(), s.to_sparse_csc(), r.to_sparse(), k.to_sparse(), r.to_sparse_csc(), k.to_sparse_csr(), r.to_sparse(layout=torch.sparse_csc),
    d.to_sparse(), d.to_sparse(1), d.to_sparse(dense_dim=1), d.to_sparse(layout=torch.sparse_csr), d.to_sparse(layout=torch.strided), z.to_sparse(), z.to_sparse_csr(), torch.tensor(5.0).to_sparse(), torch.ones(2, 2, 2).to_sparse_csr(),
    torch.ones(2, 2, 2).to_sparse_csr(dense_dim=1), torch.ones(2, 2, 2).to_sparse_csr().to_dense(), torch.ones(2, 2, 2).to_sparse_csr(dense_dim=1).to_dense(), torch.tensor([True, False]).to_sparse(), torch.tensor([1j, 0]).to_sparse(), torch.empty(0, 3).to_sparse(),
]
# --- coalesce
x = torch.sparse_coo_tensor([[2, 0, 2, 0], [1, 1, 1, 0]], torch.tensor([[1.0, 2], [3, 4], [5, 6], [7, 8]]), (3, 2, 2))
[x.coalesce(), x.coalesce().is_coalesced(), c.coalesce() is c, torch.sparse_coo_tensor([[1, 1]], [True, False], (3,)).coalesce(), torch.sparse_coo_tensor(torch.empty(0, 2), torch.tensor([5.0, 6]), ()).coalesce(), torch.sparse_coo_tensor([[1, 1]], [2, 3], (3,)).to_dense()]
# --- compressed tensors
[
    torch.sparse_csr_tensor([0, 2, 3], [1, 2, 0], [1.0, 2.0, 3.0]), torch.sparse_csr_tensor([0, 2, 3], [1, 2, 0], [1.0, 2.0, 3.0], (2, 4), dtype=torch.float64, requires_grad=True), torch.sparse_csc_tensor([0, 1, 2, 3], [1, 0, 0], [3.0, 1.0, 2.0]),
    torch.sparse_compressed_tensor([0, 2, 3], [1, 2, 0], [1.0, 2.0, 3.0], layout=torch.sparse_csc), torch.sparse_csr_tensor(torch.tensor([0, 2, 3], dtype=torch.int32), torch.tensor([1, 2, 0], dtype=torch.int32), v[:3]).col_indices(),
]
# --- compressed refusals
def csr(a, b, x=(1.0, 2.0, 3.0), size=(2, 3), check=True):
    return lambda: torch.sparse_csr_tensor(a, b, torch.tensor(x), size, check_invariants=check)

calls = [
    csr([0, 2, 4], [1, 2, 0]), csr([1, 2, 3], [1, 2, 0]), csr([0, 2, 3], [1, 5, 0]), csr([0, 2, 3], [2, 1, 0]), csr([0, 3, 2], [1, 1, 0]), csr([0, 2, 3], [1, 2]), csr([0, 2, 3], [1, 2, 0], size=(3, 3)), csr([0, 2, 3], [1, 2, 0], size=(3,)), csr([[0, 2, 3]], [1, 2, 0]),
    lambda: torch.sparse_compressed_tensor([0, 2, 3], [1, 2, 0], v[:3], (2, 3)), lambda: torch.sparse_compressed_tensor([0, 2, 3], [1, 2, 0], v[:3], (2, 3), layout=torch.strided), lambda: r.ccol_indices(), lambda: k.crow_indices(), lambda: r.indices(), lambda: r.coalesce(), lambda: r._values(), lambda: r.to_sparse(1),
]
[refusal(call) for call in calls]
# --- strided only
calls = [
    s.data_ptr, s.numpy, s.item, s.untyped_storage, lambda: s.nbytes, lambda: s[0:1], lambda: s[torch.tensor([0])], lambda: s.view(6), s.squeeze, lambda: s.expand(2, 2, 3), s.exp, s.cos, s.sigmoid, lambda: s.eq(s), lambda: s > 0, s.mean, s.max, s.all, s.prod,
    lambda: torch.softmax(s, 1), lambda: s.clamp(0, 1), lambda: s.round(decimals=1), lambda: s ** s, lambda: 2**s, lambda: torch.equal(s, s), lambda: torch.allclose(s, s), s.tril, lambda: s.gather(1, torch.tensor([[0], [0]])), lambda: torch.where(s, s, s), lambda: s.fill_(1),
    lambda: torch.linalg.norm(s), lambda: torch.dot(torch.ones(3).to_sparse(), torch.ones(3)), lambda: s.narrow(0, 0, 1), lambda: s.split(1), s.diagonal, lambda: torch.randn_like(s), lambda: torch.ones_like(s), lambda: s.to_sparse(1), lambda: bool(s), r.numpy, r.untyped_storage, r.exp, r.norm,
]
[refusal(call) for call in calls]
# --- assignment
s[0, 2] = 1.0
# --- unary operations
names = "abs asin asinh atan atanh ceil conj deg2rad erf erfinv expm1 floor frac isinf isnan isneginf isposinf log1p nan_to_num neg positive rad2deg relu round sgn sign signbit sin sinh sqrt square tan tanh trunc".split()
x = torch.sparse_coo_tensor([[1, 0, 1]], [0.25, -0.5, 0.125], (3,))
[(name, getattr(torch, name)(x)) for name in names] + [getattr(x.to_sparse().coalesce(), "sin_")(), s.int().sqrt(), -r, r.abs(), k.sin(), r.relu(), torch.tensor([3 + 4j, 0]).to_sparse().abs(), F.relu(x)]
# --- unary in place
x, y = c.clone(), c.clone()
z = x.detach()
[x.sqrt_(), z, y.neg_(), c.clone().div_(2), refusal(lambda: s.clone().asin_()), refusal(lambda: s.clone().abs_()), s.clone().neg_(), s.clone().mul_(2), s.clone().zero_(), r.clone().zero_(), r.clone().fill_(3.0), r.clone().neg_()]
# --- sums
[
    d + s, d - s, s + s, s - s, c + c, c - torch.eye(2, 3).to_sparse(), d.add(s, alpha=2), s.add(s, alpha=2), c + torch.eye(2, 3).to_sparse(), s + s.double(), s.int() + s, torch.ones(2, 3) + h, h + h, r + r, r.add(r, alpha=3), d + r, r + d, d.clone().add_(s, alpha=3), d.clone().sub_(s), s.clone().add_(s),
    r + torch.eye(2, 3).to_sparse_csr(), d.double() + s, d.int() + s,
]
# --- sum refusals
calls = [lambda: s + d, lambda: s + 1, lambda: 1 - s, lambda: s - 1, lambda: d.int().add_(s), lambda: s + torch.ones(3).to_sparse(), lambda: torch.ones(2, 3) + torch.ones(3).to_sparse(), lambda: h + s, lambda: s.clone().add_(1)]
[refusal(call) for call in calls]
# --- products and quotients
[
    s * 2, 2 * s, s / 2, s // 2, s * d, d * s, s * s, c * c, c * torch.eye(2, 3).to_sparse(), s * torch.tensor(2.0), torch.tensor(2.0) * s, s / torch.tensor(2.0), s * torch.tensor([1.0, 2.0, 3.0]), c * torch.tensor([[1.0], [2.0]]), s.int() * 2.5, s.int() / 2, s * 2j, s.div(2, rounding_mode="floor"), s.div(2, rounding_mode="trunc"),
    torch.ones(3).to_sparse() * torch.ones(2, 3), h * torch.arange(3.0), h * d, h * h, s * torch.tensor(3.0).to_sparse(), r * 2, r * r, r * d, d * r, s**2, s.pow(0.5), s.pow(-1), d.clone().mul_(s), s.clone().mul_(d), s * torch.tensor([2.0, 1, 1], dtype=torch.float64), torch.tensor([0.0, 1, 0, 2]).to_sparse() * torch.tensor([5.0, 6, 0, 0]).to_sparse(),
]
# --- product refusals
calls = [lambda: s / s, lambda: s / d, lambda: d / s, lambda: s.pow(0), lambda: 1 / s, lambda: s.remainder(2), lambda: torch.ones(3).to_sparse() * torch.ones(2, 3).to_sparse(), lambda: s.clone().int().mul_(2.5), lambda: s * torch.ones(4)]
[refusal(call) for call in calls]
# --- matrix products
[
    torch.mm(s, m), torch.mm(d, m.to_sparse()), torch.mm(s, m.to_sparse()), s @ m, m @ s, s @ torch.ones(3), s.mv(torch.ones(3)), torch.sparse.mm(s, m), torch.sparse.mm(s, m.to_sparse()), torch.sparse.mm(d, m), torch.sparse.mm(d, m.to_sparse()), torch.addmm(torch.ones(2, 2), s, m, beta=2, alpha=3), torch.addmm(torch.ones(2), s, m),
    torch.sparse.addmm(torch.ones(2, 2), s, m, beta=2, alpha=3), torch.sspaddmm(torch.eye(2).to_sparse(), c, m), torch.hspmm(s, m), torch.smm(c, m), torch.bmm(torch.stack([s, s]), torch.stack([m, m])), r @ m, m @ r, k @ m, m @ k, torch.mm(r, m.to_sparse_csr()), r @ torch.ones(3), torch.addmm(torch.ones(2, 2), r, m, beta=2, alpha=0.5),
    torch.addmv(torch.ones(2), r, torch.ones(3)), F.linear(torch.ones(4, 3), r, torch.ones(2)), F.linear(torch.ones(4, 3), s), torch.mm(torch.zeros(2, 3).to_sparse(), m), torch.mm(torch.zeros(2, 3).to_sparse(), m.to_sparse()), torch.mm(torch.empty(0, 3).to_sparse(), m), s.int() @ m.int(),
]
# --- matrix product refusals
calls = [
    lambda: torch.mm(s, torch.ones(2, 2)), lambda: torch.mm(s, m.double()), lambda: torch.mv(s, torch.ones(2)), lambda: torch.addmm(torch.ones(2, 2), d, m.to_sparse()), lambda: torch.addmm(torch.eye(2).to_sparse(), s, m), lambda: torch.bmm(torch.stack([m, m]), torch.stack([s, s])), lambda: torch.mm(r, m.to_sparse()),
    lambda: torch.sparse.mm(r, m, "foo"), lambda: torch.sparse.mm(s, m, "amax"),
]
[refusal(call) for call in calls]
# --- reduced products
[torch.sparse.mm(r, m, reduce) for reduce in ("sum", "mean", "amax", "amin")]
# --- sampled products
calls = [lambda: torch.sparse.sampled_addmm(r, torch.ones(2, 4), torch.ones(3, 3)), lambda: torch.sparse.sampled_addmm(d, torch.ones(2, 4), torch.ones(4, 3)), lambda: torch.sparse.sampled_addmm(s, torch.ones(2, 4), torch.ones(4, 3))]
[torch.sparse.sampled_addmm(r, torch.ones(2, 4), torch.ones(4, 3)), torch.sparse.sampled_addmm(r, torch.ones(2, 4), torch.ones(4, 3), beta=2, alpha=0.5), *[refusal(call) for call in calls]]
# --- reductions
t = torch.arange(24.0).view(2, 3, 4).to_sparse(2)
[
    s.sum(), s.sum(0), s.sum(-1), s.sum(0, keepdim=True), s.sum((0, 1)), s.sum(dtype=torch.float64), s.int().sum(), s.int().sum(0), t.sum(2), t.sum((0, 2)), t.sum((0, 1)), t.sum((0, 1), keepdim=True), r.sum(), r.sum(1, keepdim=True), torch.sparse.sum(s), torch.sparse.sum(s, 0), torch.sparse.sum(s, (0, 1)), torch.sparse.sum(t, (1, 2)),
    torch.sparse.sum(s.int()), torch.sparse.sum(s, 0, dtype=torch.float64), s.norm(), s.norm(1), s.norm(float("inf")), s.any(), torch.zeros(2, 3).to_sparse().any(), refusal(lambda: s.sum(2)), refusal(lambda: s.norm(2, dim=0)), refusal(lambda: r.sum(0)), refusal(lambda: torch.sparse.sum(r)), refusal(lambda: torch.sparse.sum(d)),
]
# --- softmax
t = torch.arange(12.0).view(2, 3, 2).to_sparse(2)
[torch.sparse.softmax(s, 0), torch.sparse.softmax(s, 1), torch.sparse.log_softmax(s, -1), torch.sparse.softmax(t, 1), torch.sparse.softmax(t, 2), torch.sparse.log_softmax(t, 0), torch.sparse.softmax(s, 0, dtype=torch.float64), refusal(lambda: torch.sparse.softmax(s, 3)), refusal(lambda: torch.sparse.softmax(d, 1)), refusal(lambda: torch.sparse.softmax(s.int(), 1))]
# --- dimensions
t = torch.arange(24.0).view(2, 3, 4).to_sparse(2)
calls = [lambda: t.permute(2, 0, 1), lambda: h.transpose(0, 1), lambda: h.t(), lambda: r.permute(1, 0), lambda: r.T]
[
    s.t(), s.T, s.mT, s.transpose(0, 1), s.permute(1, 0), s.permute(0, 1), t.permute(1, 0, 2), s.unsqueeze(0), s.unsqueeze(-1), h.unsqueeze(1), h.unsqueeze(2), s[None], s.clone().t_(), s.clone().transpose_(0, 1), torch.t(s), torch.transpose(s, 0, 1), s.swapaxes(0, 1), s.movedim(0, 1), r.t(), k.t(), r.transpose(0, 1), r.t().t(),
    torch.ones(3).to_sparse().t(), torch.view_as_real(torch.tensor([1j, 0]).to_sparse()), *[refusal(call) for call in calls],
]
# --- picking
calls = [lambda: s.select(0, 5), lambda: s.index_select(1, torch.tensor([3])), lambda: s.index_select(1, torch.tensor([1.0])), lambda: s.index_select(2, torch.tensor([1]))]
[
    s[0], s[0, 2], s[:, 1], list(s), s.select(1, 2), h.select(1, 1), h.select(0, 1), s.unbind(1), torch.select(s, 0, 1), s.index_select(0, torch.tensor([1, 0, 1])), s.index_select(1, torch.tensor([2, 0])), s.index_select(1, torch.tensor([-1])), h.index_select(1, torch.tensor([1, 0])), s.narrow_copy(1, 1, 2), h.narrow_copy(1, 1, 2), r[0], r[0, 1], r[:, 1],
    list(k), *[refusal(call) for call in calls],
]
# --- joining
calls = [lambda: torch.cat([s, d]), lambda: torch.cat([d, s]), lambda: torch.cat([s, torch.ones(2, 4).to_sparse()]), lambda: torch.cat([s, h]), lambda: torch.stack([s, d]), lambda: torch.cat([r, r])]
[torch.cat([s, s]), torch.cat([s, s], 1), torch.cat([s, s], -1), torch.cat([s, s.double()]), torch.cat([h, h], 1), torch.cat([h, h], 0), torch.stack([s, s]), torch.stack([s, s], 1), torch.stack([h, h], 2), torch.vstack([s, s]), torch.hstack([s, s]), *[refusal(call) for call in calls]]
# --- masks
calls = [lambda: torch.ones(2, 2).sparse_mask(torch.ones(2, 2)), lambda: torch.ones(2, 2).sparse_mask(s), lambda: c.sparse_mask(d), lambda: r.sparse_mask(c)]
[d.sparse_mask(s), d.sparse_mask(c), s.sparse_mask(c), c.sparse_mask(torch.eye(2, 3).to_sparse()), torch.ones(2, 3).int().sparse_mask(c), d.sparse_mask(h), d.sparse_mask(r), c.sparse_mask(torch.ones(2, 3).to_sparse_csr()), r.sparse_mask(r), *[refusal(call) for call in calls]]
# --- copies and conversions
x = s.clone()
y = x.copy_(c.double())
[y, x is y, s.detach(), s.data, s.double(), s.to(torch.int64), s.half(), s.bool(), s.cpu() is s, s.to("cpu") is s, s.float() is s, s.to(torch.float32, copy=True) is s, r.double(), k.int(), c.to(torch.ones(1).double()), refusal(lambda: s.clone().copy_(d)), refusal(lambda: d.clone().copy_(s)), torch.as_tensor(c) is c, torch.clone(c)]
# --- components are shared
x = torch.sparse_coo_tensor(i, v, (2, 3))
v.mul_(2)
y = x.detach()
y._values().add_(1)
z = x.detach().zero_()
[x, y, z, c.values().mul_(2), c]
# --- resizing
x = s.clone()
[x.sparse_resize_((3, 3), 2, 0), refusal(lambda: x.sparse_resize_((1, 1), 2, 0)), refusal(lambda: x.sparse_resize_((3, 3), 1, 1)), refusal(lambda: x.sparse_resize_((3, 3, 4), 3, 0)), x.sparse_resize_and_clear_((3, 3, 4), 2, 1), h.clone().sparse_resize_((5, 3), 1, 1)]
# --- empty and zeros
[
    torch.zeros(2, 3, layout=torch.sparse_coo), torch.empty(2, 3, layout=torch.sparse_coo), torch.zeros(2, 3, layout=torch.sparse_csr), torch.zeros(2, 3, layout=torch.sparse_csc), torch.zeros_like(s), torch.empty_like(h), torch.zeros_like(s, layout=torch.strided), torch.zeros_like(s, dtype=torch.int64), torch.zeros_like(d, layout=torch.sparse_coo), torch.zeros_like(r), torch.ones_like(r),
    s.new_zeros(2), s.new_empty((2, 2)), s.new(2, 3), s.new_tensor([1, 2]), s.new(i, v, (2, 3)), torch.sparse.FloatTensor(i, v, torch.Size([2, 3])), torch.sparse.LongTensor(2, 3), isinstance(s, torch.sparse.FloatTensor),
]
# --- spdiags
x, at = torch.arange(9.0).view(3, 3), torch.tensor([0, -1, 2])
calls = [lambda: torch.sparse.spdiags(x, torch.tensor([0, 0, 2]), (4, 4)), lambda: torch.sparse.spdiags(x, at[:2], (4, 4)), lambda: torch.sparse.spdiags(x, at.float(), (4, 4)), lambda: torch.sparse.spdiags(x, at, (4, 4, 4)), lambda: torch.sparse.spdiags(x, at, (4, 4), layout=torch.strided)]
[torch.sparse.spdiags(x, at, (3, 4)), torch.sparse.spdiags(x, at, (4, 4), layout=torch.sparse_csr), torch.sparse.spdiags(x[0], torch.tensor([0]), (4, 4)), torch.sparse.spdiags(x[0], torch.tensor(0), (4, 4)), *[refusal(call) for call in calls]]
# --- invariants
check = torch.sparse.check_sparse_tensor_invariants
def bad():
    return torch.sparse_coo_tensor(i, v, (1, 3))

@check()
def checked():
    return check.is_enabled()

states = [check.is_enabled()]
with check():
    states.append(check.is_enabled())
    states.append(refusal(bad))
    with check(False):
        states.append(check.is_enabled())
check.enable()
states.append(check.is_enabled())
check.disable()
[*states, checked(), check.is_enabled()]
# --- pickles and deep copies
import copy
[pickle.loads(pickle.dumps(x)) for x in (s, c, h, r, k)] + [copy.deepcopy(c.requires_grad_()), copy.copy(r), pickle.loads(pickle.dumps(s)).is_coalesced(), pickle.loads(pickle.dumps(c)).is_coalesced(), nn.Parameter(s), isinstance(nn.Parameter(s), nn.Parameter)]
# --- assert_close
calls = [lambda: torch.testing.assert_close(c, c * 2), lambda: torch.testing.assert_close(c, d), lambda: torch.testing.assert_close(c, torch.ones(2, 3).to_sparse()), lambda: torch.testing.assert_close(torch.tensor([0.0, 1]).to_sparse(), torch.tensor([1.0, 0]).to_sparse()), lambda: torch.testing.assert_close(r, r * 2)]
[torch.testing.assert_close(s, s.clone()), torch.testing.assert_close(r, r.clone()), *[refusal(call) for call in calls]]
# --- single elements
x = torch.tensor([5.0]).to_sparse()
[x.item(), bool(x), float(x)]
# --- older names of products
a = torch.tensor([[1.0, 0.0], [2.0, 3.0]])
s = a.to_sparse()
[torch.dsmm(s, a), torch.spmm(s, a), torch.hsmm(s, a), torch.saddmm(s, s, a, beta=2, alpha=3), torch.sparse.mm(sparse=s, dense=a)]
# --- hspmm and sspaddmm into a tensor
a = torch.tensor([[1.0, 0.0], [2.0, 3.0]])
s = a.to_sparse()
[torch.hspmm(s, a, out=torch.eye(3).to_sparse()), torch.sspaddmm(s, s, a, out=torch.eye(2).to_sparse())]
# --- copies of indices
c = torch.tensor([[1.0, 0.0], [2.0, 3.0]]).to_sparse_csr()
[torch.crow_indices_copy(c), torch.col_indices_copy(c), torch.values_copy(c)]
# --- copy of the indices of another layout
torch.ccol_indices_copy(torch.eye(2).to_sparse_csr())
# --- native_norm
s = torch.tensor([[1.0, 0.0], [2.0, 3.0]]).to_sparse()
[torch.native_norm(s), torch.native_norm(s, 1), torch.native_norm(s, p=float("inf"))]
# --- resize_as_sparse_
s = torch.sparse_coo_tensor(size=(1,))
torch.resize_as_sparse_(s, torch.eye(2).to_sparse())
# --- reshape of a sparse tensor
torch.eye(2).to_sparse().reshape(-1)
# --- softmax in another dtype by position
torch.sparse.softmax(torch.eye(2).to_sparse(), 1, torch.float64)
# --- copies from another size
calls = [lambda: torch.eye(2).to_sparse().copy_(torch.ones(1, 2).to_sparse()), lambda: torch.eye(2).to_sparse().copy_(torch.ones(2, 2).to_sparse(1)), lambda: torch.eye(2).to_sparse_csr().copy_(torch.ones(2, 2).to_sparse_csr()), lambda: torch.eye(2).to_sparse_csc().copy_(torch.ones(2, 1).to_sparse_csc()), lambda: torch.eye(2).to_sparse_csr().copy_(torch.eye(2)[None].to_sparse_csr()), lambda: torch.ones(2, 2).copy_(torch.ones(3, 3).to_sparse()), lambda: torch.eye(2).copy_(torch.eye(2).to_sparse_csr())]
x = torch.eye(2).to_sparse()
[x.copy_(torch.eye(3).to_sparse()), x.shape, torch.sparse_coo_tensor((2, 2), dtype=torch.int32).copy_(torch.ones(3, 1).to_sparse(1)), torch.eye(2, 3).to_sparse_csr().copy_(torch.eye(2, 2).double().to_sparse_csr() * 2), *[refusal(call)[:80] for call in calls]]
# --- sizes with more elements than int64 counts
n = 2**40
calls = [lambda: torch.sparse_coo_tensor([[2**30], [0]], [1.0], (n, n)), lambda: torch.sparse_coo_tensor([[n], [n]], [1.0]), lambda: torch.sparse_coo_tensor((n, n)), lambda: torch.zeros(n, n, layout=torch.sparse_coo), lambda: torch.sparse_coo_tensor((-1, 2)), lambda: torch.sparse_coo_tensor([[0], [0]], [1.0], (-1, 2), check_invariants=True), lambda: torch.sparse_csr_tensor([0, 1, 1], [0], [1.0], (2, 2**63 - 1))]
[torch.sparse_coo_tensor([[0, 0], [2**30, 1]], [1.0, 2.0], (2**32, 2**31 - 1)).coalesce(), *[refusal(call) for call in calls]]
# --- indices that are no matrix
calls = [lambda: torch.sparse_coo_tensor([0, 1], [5.0], (4, 4)), lambda: torch.sparse_coo_tensor([0, 1], [5.0], (4,)), lambda: torch.sparse_coo_tensor(0, [5.0], (4, 4)), lambda: torch.sparse_coo_tensor(0, [5.0]), lambda: torch.sparse_coo_tensor([[[0, 1]]], [5.0], (4,)), lambda: torch.sparse_coo_tensor([], [], ())]
[refusal(call) for call in calls]
# --- stacks of no matrix cannot be compressed
calls = [lambda: torch.zeros(0, 2, 2).to_sparse_csr(), lambda: torch.zeros(0, 2, 2).to_sparse_csc(), lambda: torch.zeros(2, 0, 2, 2).to_sparse_csr()]
[torch.zeros(0, 2).to_sparse_csr(), *[refusal(call) for call in calls]]
# --- sums of lists that are not in order
x = torch.sparse_coo_tensor([[5, 1, 3, 2, 5]], torch.arange(5.0), (6,))
y = torch.sparse_coo_tensor([[5, 2, 1, 4, 5, 0]], torch.arange(6.0), (6,))
[x + y, y + x, x - y]
# --- smm has the device of its operands
torch.smm(torch.eye(2).to_sparse(), torch.ones(2, 3)).device
