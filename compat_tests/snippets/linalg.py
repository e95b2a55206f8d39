"""Linear algebra, whose operations look at the values they are given: also when they are compiled together with others."""
import torch

a = torch.tensor([[4.0, 1.0], [1.0, 3.0]])

# --- systems
[torch.linalg.solve(a * 2, torch.ones(2)) + 1, (torch.linalg.solve(a * 2, torch.eye(2)) * 2).contiguous()]
# --- inverses
results = [torch.linalg.inv(a * 2) + 1, torch.inverse(a + 1), (a + 2).inverse(), torch.linalg.pinv(a * 2).round(decimals=4)]
[r.contiguous() for r in results]
# --- Cholesky
factor = torch.linalg.cholesky(a)
results = [factor + 1, torch.linalg.cholesky(a * 2, upper=True), torch.cholesky_inverse(factor)]
[r.contiguous() for r in results]
# --- singular values
u, s, vh = torch.linalg.svd(a * 2)
[s + 1, (u * s) @ vh, torch.linalg.svdvals(a * 2), torch.linalg.matrix_rank(a * 2), torch.linalg.cond(a * 2)]
# --- eigenvalues
values, vectors = torch.linalg.eigh(a * 2)
[values + 1, (vectors * values) @ vectors.T, torch.linalg.eigvalsh(a * 2), torch.linalg.eigvals(a * 2).real.sort()[0]]
# --- determinants
[torch.linalg.det(a * 2), torch.logdet(a * 2), tuple(torch.linalg.slogdet(a * 2))]
# --- gradients of several in one pass
x = a.clone().requires_grad_()
(torch.linalg.cholesky(x * 2).diagonal().log().sum() + torch.linalg.solve(x, torch.ones(2)).sum() + torch.logdet(x)).backward()
x.grad
# --- a loop of systems
x, b = a.clone(), torch.ones(2)
for _ in range(6):
    b = torch.linalg.solve(x, b) + 1
    x = x @ torch.linalg.inv(x + 1) + a
[x, b]
# --- a loop of matrices that must be positive definite
k = a.clone()
for _ in range(6):
    factor = torch.linalg.cholesky(k)
    k = factor + factor.T + a
k.contiguous()
# --- a singular system
torch.linalg.solve(a * 0, torch.ones(2)) + 1
# --- a singular matrix in a stack
torch.linalg.inv(torch.stack([a, a - a])) + 1
# --- a matrix that is not positive definite
torch.linalg.cholesky(a - 10 * torch.eye(2)) + 1
# --- one of a stack that is not positive definite
torch.linalg.cholesky(torch.stack([a + 1, a - 10 * torch.eye(2)])) + 1
# --- singular values of what is not finite
torch.linalg.svd(a * float("nan"))[1] + 1
# --- eigenvalues of what is not finite
torch.linalg.eig(a * float("inf"))[0] + 1
# --- names of results
[type(f(torch.eye(2))).__name__ for f in (torch.linalg.slogdet, torch.slogdet, torch.linalg.eigh, torch.linalg.qr, torch.linalg.svd)]
# --- results of slogdet
[torch.linalg.slogdet(torch.eye(2)), torch.slogdet(torch.eye(2)), torch.eye(2).slogdet()]
