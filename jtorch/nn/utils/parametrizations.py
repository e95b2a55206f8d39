"""Parametrizations that are often wanted: orthogonal matrices, weights apart in length and direction, unit spectral norm."""

import enum

import jtorch
from jtorch.nn import functional as F
from jtorch.nn.modules.module import Module
from jtorch.nn.utils import parametrize
from jtorch.nn.utils.spectral_norm import _rows

__all__ = ["orthogonal", "spectral_norm", "weight_norm"]


def _is_orthogonal(q):
    """Whether the columns are orthonormal, up to rounding."""
    rows, columns = q.shape[-2:]
    identity = jtorch.eye(columns, dtype=q.dtype, device=q.device)
    return jtorch.allclose(q.mH @ q, identity, atol=10.0 * rows * jtorch.finfo(q.dtype).eps)


def _make_orthogonal(a):
    """The Q of a = QR with a positive diagonal of R, which makes it unique (Mezzadri 2007)."""
    q, r = jtorch.linalg.qr(a)
    return q * r.diagonal(dim1=-2, dim2=-1).sgn().unsqueeze(-2)


class _OrthMaps(enum.Enum):
    matrix_exp = enum.auto()
    cayley = enum.auto()
    householder = enum.auto()


class _Orthogonal(Module):
    """A matrix, or batch of matrices, with orthonormal columns or rows, from the lower triangle of any of its shape.

    The square maps are of the skew-symmetric A = X - X^H: its exponential, and Cayley's (I - A/2)^-1 (I + A/2). The third multiplies
    Householder reflections. With `base` the map is dynamic trivialization's (Lezcano-Casado 2019): the product of a fixed orthogonal
    matrix and the map of a small one, so that any orthogonal matrix can be assigned.
    """

    def __init__(self, weight, orthogonal_map, *, use_trivialization=True):
        super().__init__()
        # Lengths of reflectors that are complex would need phases as well.
        if weight.is_complex() and orthogonal_map == _OrthMaps.householder:
            raise ValueError("The householder parametrization does not support complex tensors.")
        self.shape = weight.shape
        self.orthogonal_map = orthogonal_map
        if use_trivialization:
            self.register_buffer("base", None)

    def forward(self, X):
        wide = X.size(-2) < X.size(-1)
        if wide:
            X = X.mT
        Q = self._reflected(X) if self.orthogonal_map == _OrthMaps.householder else self._mapped(X)
        if hasattr(self, "base"):
            Q = self.base @ Q
        return Q.mT if wide else Q

    def _mapped(self, X):
        n, k = X.shape[-2:]
        lower = X.tril()
        if n != k:  # the first columns of a square matrix
            lower = jtorch.cat([lower, X.new_zeros(n, n - k).expand(*X.shape[:-2], -1, -1)], dim=-1)
        A = lower - lower.mH
        if self.orthogonal_map == _OrthMaps.matrix_exp:
            Q = jtorch.matrix_exp(A)
        else:
            identity = jtorch.eye(n, dtype=A.dtype, device=A.device)
            Q = jtorch.linalg.solve(jtorch.add(identity, A, alpha=-0.5), jtorch.add(identity, A, alpha=0.5))
        return Q if n == k else Q[..., :k]

    def _reflected(self, X):
        A = X.tril(diagonal=-1)
        tau = 2.0 / (1.0 + (A * A).sum(dim=-2))
        Q = jtorch.linalg.householder_product(A, tau)
        # The diagonal, +-1, says which columns are turned round; being of integers it takes no part in the gradient.
        return Q * X.diagonal(dim1=-2, dim2=-1).int().unsqueeze(-2)

    @jtorch.no_grad()
    def right_inverse(self, Q):
        """What maps to Q, which is made orthogonal first if it is not."""
        if Q.shape != self.shape:
            raise ValueError(
                f"Expected a matrix or batch of matrices of shape {self.shape}. Got a tensor of shape {Q.shape}."
            )
        shown = Q
        wide = Q.size(-2) < Q.size(-1)
        if wide:
            Q = Q.mT
        n, k = Q.shape[-2:]
        if not hasattr(self, "base"):
            A = self._reflectors(Q)
            return A.mT if wide else A
        if n != k:
            rest = jtorch.randn(*Q.shape[:-2], n, n - k, dtype=Q.dtype, device=Q.device)
            self.base = _make_orthogonal(jtorch.cat([Q, rest], dim=-1))
        else:
            self.base = Q.clone() if _is_orthogonal(Q) else _make_orthogonal(Q)
        # All maps take -I to the identity: its lower triangle without the diagonal is 0, and reflections of 0 with the diagonal -1
        # turn every column round twice.
        start = jtorch.zeros_like(shown)
        start.diagonal(dim1=-2, dim2=-1).fill_(-1.0)
        return start

    def _reflectors(self, Q):
        if self.orthogonal_map != _OrthMaps.householder:
            raise NotImplementedError(
                "It is not possible to assign to the matrix exponential or the Cayley parametrizations when "
                "use_trivialization=False."
            )
        A, tau = jtorch.geqrf(Q)
        diagonal = A.diagonal(dim1=-2, dim2=-1)
        # LAPACK leaves a column without a reflection (tau 0) where `forward` reflects it.
        diagonal.copy_(jtorch.where(tau == 0, -diagonal.sign(), diagonal.sign()))
        return A


def orthogonal(module, name="weight", orthogonal_map=None, *, use_trivialization=True):
    """Keep a matrix (or batch of them) orthogonal: Q^H Q = I, or Q Q^H = I where it has more columns than rows.

    `orthogonal_map` is "matrix_exp", "cayley" or "householder"; by default the first for square and complex ones, else the last.
    `use_trivialization=False` starts from an exponential or Cayley map of the present weight instead of the weight made orthogonal.

    >>> import jtorch as torch
    >>> layer = torch.nn.utils.parametrizations.orthogonal(torch.nn.Linear(3, 4))
    >>> bool(torch.dist(layer.weight.T @ layer.weight, torch.eye(3)) < 1e-4)
    True
    """
    weight = getattr(module, name, None)
    if not isinstance(weight, jtorch.Tensor):
        raise ValueError(f"Module '{module}' has no parameter or buffer with name '{name}'")
    if weight.ndim < 2:
        raise ValueError(f"Expected a matrix or batch of matrices. Got a tensor of {weight.ndim} dimensions.")
    if orthogonal_map is None:
        square = weight.size(-2) == weight.size(-1)
        orthogonal_map = "matrix_exp" if square or weight.is_complex() else "householder"
    if orthogonal_map not in _OrthMaps.__members__:
        raise ValueError(
            f'orthogonal_map has to be one of "matrix_exp", "cayley", "householder". Got: {orthogonal_map}'
        )
    orth = _Orthogonal(weight, _OrthMaps[orthogonal_map], use_trivialization=use_trivialization)
    parametrize.register_parametrization(module, name, orth, unsafe=True)
    return module


class _WeightNorm(Module):
    def __init__(self, dim=0):
        super().__init__()
        self.dim = -1 if dim is None else dim

    def forward(self, weight_g, weight_v):
        return jtorch._weight_norm(weight_v, weight_g, self.dim)

    def right_inverse(self, weight):
        """Length and direction; the direction need not have length 1."""
        return jtorch.norm_except_dim(weight, 2, self.dim), weight


def weight_norm(module, name="weight", dim=0):
    """Train a weight as length (`original0`) times direction (`original1`): g * v / |v| (Salimans and Kingma 2016).

    The norm is taken over all dimensions but `dim`, or over all with `dim=None`.

    >>> import jtorch as torch
    >>> layer = torch.nn.utils.parametrizations.weight_norm(torch.nn.Linear(20, 40))
    >>> layer.parametrizations.weight.original0.shape
    torch.Size([40, 1])
    """
    parametrize.register_parametrization(module, name, _WeightNorm(dim), unsafe=True)

    def load_older(state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs):
        """Keys as the hook of `nn.utils.weight_norm` has them."""
        old = f"{prefix}{name}_g", f"{prefix}{name}_v"
        if all(key in state_dict for key in old):
            for i, key in enumerate(old):
                state_dict[f"{prefix}parametrizations.{name}.original{i}"] = state_dict.pop(key)

    module._register_load_state_dict_pre_hook(load_older)
    return module


class _SpectralNorm(Module):
    def __init__(self, weight, n_power_iterations=1, dim=0, eps=1e-12):
        super().__init__()
        ndim = weight.ndim
        if not -ndim <= dim < ndim:
            raise IndexError(f"Dimension out of range (expected to be in range of [-{ndim}, {ndim - 1}] but got {dim})")
        if n_power_iterations <= 0:
            raise ValueError(
                f"Expected n_power_iterations to be positive, but got n_power_iterations={n_power_iterations}"
            )
        self.dim = dim % ndim
        self.eps = eps
        if ndim > 1:
            self.n_power_iterations = n_power_iterations
            matrix = self._matrix(weight)
            u, v = (matrix.new_empty(size).normal_(0, 1) for size in matrix.size())
            self.register_buffer("_u", F.normalize(u, dim=0, eps=eps))
            self.register_buffer("_v", F.normalize(v, dim=0, eps=eps))
            self._power_method(matrix, 15)

    def _matrix(self, weight):
        return weight.movedim(self.dim, 0).flatten(1)

    @jtorch.no_grad()
    def _power_method(self, matrix, n_power_iterations):
        # Written in place: copies of the module made by broadcasting share the buffers.
        for _ in range(n_power_iterations):
            self._u = F.normalize(jtorch.mv(matrix, self._v), dim=0, eps=self.eps, out=self._u)
            self._v = F.normalize(jtorch.mv(matrix.H, self._u), dim=0, eps=self.eps, out=self._v)

    def forward(self, weight):
        if weight.ndim == 1:
            return F.normalize(weight, dim=0, eps=self.eps)
        matrix = self._matrix(weight)
        if self.training:
            self._power_method(matrix, self.n_power_iterations)
        # The buffers may be written again before backward has used these values.
        u, v = self._u.clone(), self._v.clone()
        return weight / jtorch.vdot(u, jtorch.mv(matrix, v))

    def right_inverse(self, value):
        """The value itself: its norm will be divided out."""
        return value


def spectral_norm(module, name="weight", n_power_iterations=1, eps=1e-12, dim=None):
    """Divide a weight by its largest singular value, estimated by the power method (Miyato et al. 2018).

    Dimension `dim` counts as rows; by default 0, and 1 for transposed convolutions. In training each access to the weight takes
    `n_power_iterations` steps.

    >>> import jtorch as torch
    >>> layer = torch.nn.utils.parametrizations.spectral_norm(torch.nn.Linear(3, 4))
    >>> bool((torch.linalg.matrix_norm(layer.weight, 2) - 1).abs() < 0.1)
    True
    """
    weight = getattr(module, name, None)
    if not isinstance(weight, jtorch.Tensor):
        raise ValueError(f"Module '{module}' has no parameter or buffer with name '{name}'")
    dim = _rows(module) if dim is None else dim
    parametrize.register_parametrization(module, name, _SpectralNorm(weight, n_power_iterations, dim, eps))
    return module
