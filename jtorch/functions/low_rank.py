"""Decompositions of low rank from random projections, and a few eigenvalues of large matrices."""

from .. import dtypes, random
from ..autograd.mode import STATE, no_grad
from .composite import composite, operation
from .products import matmul

_qr, _svd, _eigh, _cholesky, _solve_triangular, _cat = (
    operation(name)
    for name in ("linalg.qr", "linalg.svd", "linalg.eigh", "linalg.cholesky", "linalg.solve_triangular", "cat")
)


def _floating(input):
    return input if input.is_floating_point() or input.is_complex() else input.to(dtypes.float32)


@composite("svd_lowrank", variants="function")
def svd_lowrank(A, q=6, niter=2, M=None):
    """U, S and V with U diag(S) V* near A (less M), of rank `q`.

    Halko et al., Finding structure with randomness, 2009, algorithms 4.4 and 5.1: the basis comes from a random projection, which
    `niter` rounds of subspace iteration improve.
    """
    A = _floating(A)
    M = None if M is None else _floating(M).broadcast_to(A.shape)
    wide = A.shape[-2] < A.shape[-1]
    if wide:
        A, M = A.mH, None if M is None else M.mH

    def applied(right, turned=False):
        product = matmul(A.mH if turned else A, right)
        return product if M is None else product - matmul(M.mH if turned else M, right)

    q = 6 if q is None else q
    basis = _qr(applied(random.randn(A.shape[-1], q, dtype=A.dtype, device=A.device)))[0]
    for _ in range(niter):
        basis = _qr(applied(_qr(applied(basis, turned=True))[0]))[0]
    u, s, vh = _svd(applied(basis, turned=True).mH, False)
    u, v = matmul(basis, u), vh.mH
    return (v, s, u) if wide else (u, s, v)


@composite("pca_lowrank", variants="function")
def pca_lowrank(A, q=None, center=True, niter=2):
    """The first principal components: `svd_lowrank` of a matrix of samples, less their mean unless not `center`."""
    least = min(A.shape[-2:])
    if q is None:
        q = min(6, least)
    elif not 0 <= q <= least:
        raise ValueError(f"q(={q}) must be non-negative integer and not greater than min(m, n)={least}")
    if niter < 0:
        raise ValueError(f"niter(={niter}) must be non-negative integer")
    A = _floating(A)
    return svd_lowrank(A - A.mean((-2,), keepdim=True) if center else A, q, niter)


# --- LOBPCG --------------------------------------------------------------------------------------------------------


@composite("lobpcg", variants="function")
def lobpcg(
    A,
    k=None,
    B=None,
    X=None,
    n=None,
    iK=None,
    niter=None,
    tol=None,
    largest=None,
    method=None,
    tracker=None,
    ortho_iparams=None,
    ortho_fparams=None,
    ortho_bparams=None,
):
    """The `k` largest (or smallest) eigenvalues of A x = l B x for symmetric A and positive definite B, and their vectors.

    Knyazev, Toward the optimal preconditioned eigensolver, 2001, with the basis made orthonormal in each step, as torch's
    method "ortho" does; `method` and the `ortho_` parameters change nothing. Where A needs a gradient the eigenvalues
    are those of `linalg.eigh`, whose gradient is known.
    """
    m = A.shape[-1]
    largest = True if largest is None else largest
    if A.shape[-2] != m:
        raise ValueError(f"lobpcg: A must be a square matrix or a stack of them, not {tuple(A.shape)}")
    if method not in (None, "basic", "ortho"):
        raise ValueError(f"lobpcg: method must be 'basic' or 'ortho', not {method!r}")
    if not A.is_floating_point():
        raise ValueError(f"lobpcg expects a floating point matrix, not one of {A.dtype}")
    k = (1 if X is None else X.shape[-1]) if k is None else k
    n = (k if X is None else X.shape[-1]) if n is None else n
    if m < 3 * n:
        raise ValueError(
            f"LOBPCG algorithm is not applicable when the number of A rows (={m}) is smaller than 3 x the number of "
            f"requested eigenpairs (={n})"
        )
    if STATE.grad and (A.requires_grad or (B is not None and B.requires_grad)):
        if B is not None:
            raise ValueError("lobpcg.backward: derivatives of a generalised problem are not supported")
        values, vectors = _eigh(A)
        values, vectors = (values.flip(-1), vectors.flip(-1)) if largest else (values, vectors)
        return values[..., :k], vectors[..., :k]
    with no_grad():
        return _lobpcg(A, k, B, X, n, iK, 1000 if niter is None else niter, tol, largest)


def _lobpcg(A, k, B, X, n, iK, niter, tol, largest):
    tol = dtypes.finfo(A.dtype).eps ** 0.5 if tol is None else tol
    if X is None:
        X = random.randn(*A.shape[:-1], n, dtype=A.dtype, device=A.device)
    scale = _norm(A)
    directions = None
    values, X = _ritz(A, B, X, n, largest)
    for _ in range(niter):
        images = X if B is None else matmul(B, X)
        residuals = matmul(A, X) - images * values.unsqueeze(-2)
        bound = tol * (scale + values.abs().amax()) * _norm(X)
        if bool(_norm(residuals) <= bound):
            break
        if iK is not None:
            residuals = matmul(iK, residuals)
        basis = [X, residuals] if directions is None else [X, residuals, directions]
        found, Y = _ritz(A, B, _cat(basis, -1), n, largest)
        directions = Y - matmul(X, matmul(images.mT, Y))
        values, X = found, Y
    return values[..., :k], X[..., :k]


def _norm(x):
    return x.square().sum().sqrt()


def _ritz(A, B, basis, count, largest):
    """The best `count` eigenpairs in the span of a basis."""
    Q = _qr(_qr(basis)[0])[0]
    projected = matmul(Q.mT, matmul(A, Q))
    if B is None:
        values, vectors = _eigh((projected + projected.mT) / 2)
    else:
        lower = _cholesky(matmul(Q.mT, matmul(B, Q)))
        half = _solve_triangular(lower, projected, upper=False)
        standard = _solve_triangular(lower.mT, half, upper=True, left=False)
        values, vectors = _eigh((standard + standard.mT) / 2)
        vectors = _solve_triangular(lower.mT, vectors, upper=True)
    if largest:
        values, vectors = values.flip(-1), vectors.flip(-1)
    return values[..., :count], matmul(Q, vectors[..., :count])
