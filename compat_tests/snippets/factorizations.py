"""Factorizations of matrices that LAPACK packs, decompositions of low rank, and what they are put together to."""
import torch

s = torch.tensor([[4.0, 1.0, -2.0], [1.0, 0.5, 3.0], [-2.0, 3.0, 1.0]])
t = torch.tensor([[1.0, 2.0], [3.0, -1.0], [0.5, 4.0]])
b = torch.tensor([[1.0, 0.0], [2.0, 1.0], [0.0, 3.0]])

# --- LDL
factors = torch.linalg.ldl_factor(s)
[factors.LD, factors.pivots, torch.linalg.ldl_solve(*factors, b), s @ torch.linalg.ldl_solve(*factors, b)]
# --- LDL with blocks of two
a = torch.tensor([[0.0, 2.0, 1.0, 3.0], [2.0, 0.0, 1.0, 1.0], [1.0, 1.0, 0.0, 5.0], [3.0, 1.0, 5.0, 0.0]])
factors = torch.linalg.ldl_factor(a)
[factors.pivots, a @ torch.linalg.ldl_solve(*factors, torch.eye(4)), factors.LD.stride()]
# --- LDL of a stack
stack = torch.stack([s, s @ s])
factors = torch.linalg.ldl_factor_ex(stack)
[factors, stack @ torch.linalg.ldl_solve(factors.LD, factors.pivots, b)]
# --- LDL of Hermitian matrices
h = torch.tensor([[2.0, 1 + 3j, 0], [1 - 3j, 0, 2j], [0, -2j, 1]])
factors = torch.linalg.ldl_factor(h, hermitian=True)
[factors.pivots, h @ torch.linalg.ldl_solve(*factors, b.to(h.dtype), hermitian=True)]
# --- LDL of complex symmetric matrices
h = torch.tensor([[2.0, 1 + 3j, 0], [1 + 3j, 0, 2j], [0, 2j, 1]])
factors = torch.linalg.ldl_factor(h)
[factors.pivots, h @ torch.linalg.ldl_solve(*factors, b.to(h.dtype))]
# --- LDL of a singular matrix
[torch.linalg.ldl_factor_ex(torch.zeros(2, 2)), torch.linalg.ldl_factor_ex(torch.ones(0, 0))]
# --- LDL has no gradient
factors = torch.linalg.ldl_factor(s.clone().requires_grad_())
print(factors.LD.requires_grad, factors.pivots.requires_grad)
factors.LD.sum().backward()
# --- QR without Q has no gradient
r = torch.linalg.qr(s.clone().requires_grad_(), mode="r").R
print(r.requires_grad)
r.sum().backward()
# --- LDL of a rectangle
torch.linalg.ldl_factor(t)
# --- LDL of integers
torch.linalg.ldl_factor(s.int())
# --- LDL with pivots that are no integers
torch.linalg.ldl_solve(s, torch.ones(3), b)
# --- LDL with too few pivots
torch.linalg.ldl_solve(s, torch.ones(2, dtype=torch.int32), b)
# --- LDL with other sizes
torch.linalg.ldl_solve(s, torch.ones(3, dtype=torch.int32), b[:2])
# --- Householder reflections
packed, tau = torch.geqrf(t)
[packed, tau, packed.stride(), torch.linalg.householder_product(packed, tau), torch.orgqr(packed, tau[:1]), t.geqrf().tau]
# --- products with the whole Q
packed, tau = torch.geqrf(t)
[torch.ormqr(packed, tau, b), torch.ormqr(packed, tau, b, transpose=True), torch.ormqr(packed, tau, b.T, left=False), packed.ormqr(tau, b.T, False, True)]
# --- products with the whole Q of complex matrices
packed, tau = torch.geqrf(torch.complex(t, t.flip(0)))
c = torch.complex(b, -b)
[torch.ormqr(packed, tau, c), torch.ormqr(packed, tau, c, transpose=True), torch.ormqr(packed, tau, c.T, left=False)]
# --- gradient of a product of reflections
x = [v.clone().requires_grad_() for v in (*torch.geqrf(t), b)]
loss = torch.linalg.householder_product(x[0], x[1]).pow(3).sum() + torch.ormqr(*x).pow(2).sin().sum()
[g.contiguous() for g in torch.autograd.grad(loss, x)]
# --- geqrf of a vector
torch.geqrf(torch.ones(3))
# --- geqrf of integers
torch.geqrf(torch.ones(3, 3, dtype=torch.int64))
# --- reflections of another dtype
torch.ormqr(t, torch.ones(2).double(), b)
# --- too many reflections
torch.linalg.householder_product(t, torch.ones(3))
# --- a product with another number of rows
torch.ormqr(t, torch.ones(2), b[:2])
# --- least squares
results = [torch.linalg.lstsq(t, b, driver=driver) for driver in ("gels", "gelsy", "gelsd", "gelss")]
[(r.solution.stride(), r.rank, [x.contiguous().round(decimals=3) for x in (r.solution, r.residuals, r.singular_values)]) for r in results]
# --- least squares with a vector, and the shortest of many solutions
results = [torch.linalg.lstsq(t, b[:, 0]).solution, torch.linalg.lstsq(t.T, torch.ones(2)).solution]
[r.round(decimals=4) for r in results] + [torch.linalg.lstsq(t.T, torch.ones(2, 1)).solution.stride()]
# --- gradient of least squares
x = [v.clone().requires_grad_() for v in (t, b)]
r = torch.linalg.lstsq(*x, driver="gels")
[g.contiguous() for g in torch.autograd.grad(r.solution.pow(2).sum() + r.residuals.sum(), x)]
# --- old names
[torch.lu(s), torch.qr(t).R.abs(), torch.svd(t).S, torch.triangular_solve(b, s), torch.chain_matmul(s, t, t.T)]
# --- LU in several spellings
p, l, u = torch.linalg.lu(s)
[p @ l @ u, torch.lu_unpack(*torch.linalg.lu_factor(t)), torch.linalg.lu_factor_ex(s * 0).info, s.lu_solve(*torch.linalg.lu_factor(s)).round(decimals=4) + 0]
# --- powers of matrices
[torch.linalg.matrix_power(s, n).round(decimals=2) for n in (-1, 0, 1, 3)] + [torch.linalg.matrix_power(s.clone().requires_grad_(), 0).requires_grad]
# --- approximations of low rank
torch.manual_seed(0)
low = torch.randn(8, 2) @ torch.randn(2, 5)
u, sv, v = torch.svd_lowrank(low, 2)
w = torch.pca_lowrank(low, 2)
[((u * sv) @ v.T - low).abs().max() < 1e-4, [x.shape for x in (u, sv, v)], *[x.round(decimals=3) for x in (sv, w[1], torch.svd_lowrank(low.T, 3, niter=1)[1][:2])]]
# --- low rank less another matrix
torch.manual_seed(0)
low = torch.randn(6, 4)
[x.round(decimals=3) for x in (torch.svd_lowrank(low, 4, M=low.mean(0, keepdim=True))[1], torch.pca_lowrank(low, 4)[1])]
# --- pca of too many components
torch.pca_lowrank(t, 3)
# --- a few eigenvalues
torch.manual_seed(0)
a = torch.randn(12, 12)
a = a @ a.T
values, vectors = torch.lobpcg(a, k=2)
[values.round(decimals=2), (a @ vectors - vectors * values).abs().max() < 0.01]
# --- a few eigenvalues of a pair
torch.manual_seed(0)
a, c = torch.randn(12, 12), torch.randn(12, 12)
a, c = a @ a.T, c @ c.T + 12 * torch.eye(12)
torch.lobpcg(a, k=2, B=c)[0].round(decimals=3)
# --- too many eigenvalues
torch.lobpcg(s, k=2)
# --- norms under older names
[torch.norm_except_dim(t, 2, 0), torch.norm_except_dim(t, 1, 1), torch.norm_except_dim(t, 2, -1)]
# --- nuclear norm warns
torch.nuclear_norm(t)
# --- Frobenius norm warns
torch.frobenius_norm(t, (0, 1), True)
