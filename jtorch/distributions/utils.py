"""What distributions share: broadcasting of parameters, probabilities and logits, attributes worked out when asked for."""

import functools
import math

import jtorch
from jtorch import Tensor
from jtorch.nn import functional as F
from jtorch.overrides import is_tensor_like

__all__ = [
    "broadcast_all",
    "logits_to_probs",
    "clamp_probs",
    "probs_to_logits",
    "lazy_property",
    "tril_matrix_to_vec",
    "vec_to_tril_matrix",
]

euler_constant = 0.57721566490153286060  # Euler-Mascheroni
_Number = (int, float, bool)


def broadcast_all(*values) -> tuple[Tensor, ...]:
    """Tensors of one shape; a number takes the dtype and device of the first tensor, or the default dtype if there is none."""
    if not all(is_tensor_like(value) or isinstance(value, (Tensor, *_Number)) for value in values):
        raise ValueError(
            "Input arguments must all be instances of Number, torch.Tensor or objects implementing __torch_function__."
        )
    first = next((value for value in values if isinstance(value, Tensor)), None)
    dtype, device = (jtorch.get_default_dtype(), None) if first is None else (first.dtype, first.device)
    return jtorch.broadcast_tensors(
        *(jtorch.tensor(v, dtype=dtype, device=device) if isinstance(v, _Number) else v for v in values)
    )


def logits_to_probs(logits: Tensor, is_binary: bool = False) -> Tensor:
    """Probabilities of logits: of each element by itself if `is_binary`, else along the last dimension."""
    return jtorch.sigmoid(logits) if is_binary else F.softmax(logits, dim=-1)


def clamp_probs(probs: Tensor) -> Tensor:
    """Probabilities kept away from 0 and 1 by the dtype's epsilon."""
    eps = jtorch.finfo(probs.dtype).eps
    return probs.clamp(min=eps, max=1 - eps)


def probs_to_logits(probs: Tensor, is_binary: bool = False) -> Tensor:
    """Logits of probabilities, finite even for 0 and 1."""
    clamped = clamp_probs(probs)
    return jtorch.log(clamped) - jtorch.log1p(-clamped) if is_binary else jtorch.log(clamped)


class lazy_property:
    """An attribute worked out (and recorded for gradients) at its first use; assigning it first means it never is."""

    def __init__(self, wrapped):
        self.wrapped = wrapped
        functools.update_wrapper(self, wrapped)  # type: ignore[arg-type]  # gives the descriptor its name and docstring

    def __get__(self, instance, obj_type=None):
        if instance is None:
            return _lazy_property_and_property(self.wrapped)
        with jtorch.enable_grad():
            value = self.wrapped(instance)
        setattr(instance, self.wrapped.__name__, value)
        return value


class _lazy_property_and_property(lazy_property, property):
    """What a class shows for a `lazy_property`: a property too, for tools that list properties."""

    def __init__(self, wrapped):
        property.__init__(self, wrapped)


class _ProbsOrLogits:
    """Mixin for distributions that are given probabilities of an event or their logits; the other one follows."""

    def _set_probs_or_logits(self, probs, logits, *others) -> tuple[Tensor, ...]:
        """Keep what was given, broadcast with the other parameters, which are returned."""
        _either(probs, logits)
        *others, given = broadcast_all(*others, probs if logits is None else logits)
        setattr(self, "probs" if logits is None else "logits", given)
        self._param = given
        return tuple(other.type_as(given) for other in others)

    @lazy_property
    def logits(self):
        return probs_to_logits(self.probs, is_binary=True)

    @lazy_property
    def probs(self):
        return logits_to_probs(self.logits, is_binary=True)

    @property
    def param_shape(self):
        return self._param.size()


def _either(probs, logits):
    """Raise unless exactly one of the two is given."""
    if (probs is None) == (logits is None):
        raise ValueError("Either `probs` or `logits` must be specified, but not both.")


def tril_matrix_to_vec(mat: Tensor, diag: int = 0) -> Tensor:
    """The elements on and below diagonal `diag` of matrices (..., D, D), row by row: (..., N)."""
    n = mat.shape[-1]
    if not -n <= diag < n:
        raise ValueError(f"diag ({diag}) provided is outside [{-n}, {n - 1}].")
    rows, columns = jtorch.tril_indices(n, n, diag, device=mat.device)
    return mat[..., rows, columns]


def vec_to_tril_matrix(vec: Tensor, diag: int = 0) -> Tensor:
    """Matrices (..., D, D) with the given elements (..., N) on and below diagonal `diag`, zero elsewhere."""
    # D from the number of elements: N = (D + diag)(D + diag + 1) / 2 if diag <= 0, else D D minus the triangle above.
    middle = 1 + 2 * diag
    n = (math.sqrt(middle**2 + 8 * vec.shape[-1] + 4 * abs(diag) * (diag + 1)) - middle) / 2
    if round(n) - n > jtorch.finfo(vec.dtype).eps:
        raise ValueError(
            f"The size of last dimension is {vec.shape[-1]} which cannot be expressed as "
            "the lower triangular part of a square D x D matrix."
        )
    n = round(n)
    rows, columns = jtorch.tril_indices(n, n, diag, device=vec.device)
    mat = vec.new_zeros((*vec.shape[:-1], n, n))
    mat[..., rows, columns] = vec
    return mat


def _standard_normal(shape, dtype, device) -> Tensor:
    return jtorch.empty(shape, dtype=dtype, device=device).normal_()


def _sum_rightmost(value: Tensor, dim: int) -> Tensor:
    """The sum over the last `dim` dimensions."""
    return value if dim == 0 else value.reshape((*value.shape[:-dim], -1)).sum(-1)
