"""Norms of vectors and matrices and distances, in torch's several spellings."""

import math

from ..outs import store_results
from .composite import composite, operation
from .decompositions import svdvals

_vector_norm = operation("linalg.vector_norm")
_direct_cdist, _euclidean_cdist = operation("direct.cdist"), operation("product.cdist")


def _wrapped(dim, ndim, name):
    if not -ndim <= dim < ndim:
        raise IndexError(f"Dimension out of range (expected to be in range of [{-ndim}, {ndim - 1}], but got {dim})")
    return dim % ndim


@composite("linalg.matrix_norm", variants="function out")
def matrix_norm(input, ord="fro", dim=(-2, -1), keepdim=False, *, dtype=None):
    """Norm of matrices: "fro", "nuc", inf, -inf, 1, -1 (sums of rows or columns), 2, -2 (singular values).

    >>> import jtorch as torch
    >>> torch.linalg.matrix_norm(torch.tensor([[3.0, 0.0], [0.0, 4.0]]))
    tensor(5.)
    """
    if input.dim() < 2:
        raise RuntimeError("linalg.matrix_norm: The input tensor A must have at least 2 dimensions.")
    if not (input.is_floating_point() or input.is_complex()):
        raise RuntimeError(
            f"linalg.matrix_norm: Expected a floating point or complex tensor as input. Got {_title(input)}"
        )
    if len(dim) != 2:
        raise RuntimeError(f"linalg.matrix_norm: dim must be a 2-tuple. Got {' '.join(map(str, dim))}")
    rows, columns = (_wrapped(d, input.dim(), "linalg.matrix_norm") for d in dim)
    if rows == columns:
        raise RuntimeError(f"linalg.matrix_norm: dims must be different. Got ({dim[0]}, {dim[1]})")
    if ord == "fro":
        return _vector_norm(input, 2, (rows, columns), keepdim, dtype=dtype)
    if ord in (1, -1, math.inf, -math.inf) and not isinstance(ord, str):
        inner, outer = (columns, rows) if math.isinf(ord) else (rows, columns)
        sums = _vector_norm(input, 1, inner, True, dtype=dtype)
        result = (sums.amax if ord > 0 else sums.amin)(outer, True)
        return result if keepdim else result.squeeze((rows, columns))
    if ord in ("nuc", 2, -2):
        x = input if dtype is None else input.to(dtype)
        values = svdvals(x.movedim((rows, columns), (-2, -1)))
        if ord == "nuc" or (ord == 2 and not values.shape[-1]):
            result = values.sum(-1)
        else:
            result = (values.amax if ord > 0 else values.amin)(-1)
        if keepdim:
            for d in sorted((rows, columns)):
                result = result.unsqueeze(d)
        return result
    raise RuntimeError(f"linalg.matrix_norm: Order {ord} not supported.")


def _title(x):
    from ..dispatch import SCALAR_NAMES

    return SCALAR_NAMES[x.dtype.name]


@composite("linalg.norm", variants="function out")
def linalg_norm(input, ord=None, dim=None, keepdim=False, *, dtype=None):
    """Norm of a vector (one `dim`), of a matrix (two), or of all elements as one vector.

    >>> import jtorch as torch
    >>> torch.linalg.norm(torch.tensor([3.0, 4.0]))
    tensor(5.)
    """
    if isinstance(dim, int):
        dim = (dim,)
    if dim is not None and len(dim) not in (1, 2):
        raise RuntimeError(f"linalg.norm: If dim is specified, it must be of length 1 or 2. Got {list(dim)}")
    if ord is not None and dim is None and input.dim() not in (1, 2):
        raise RuntimeError(
            f"linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got {input.dim()}D."
        )
    if ord is not None and (len(dim) == 2 if dim is not None else input.dim() == 2):
        return matrix_norm(input, ord, dim if dim is not None else (0, 1), keepdim, dtype=dtype)
    if isinstance(ord, str):
        raise RuntimeError(f"linalg.matrix_norm: Order {ord} not supported.")
    return _vector_norm(input, 2 if ord is None else ord, dim, keepdim, dtype=dtype)


@composite("norm", variants="function")
def norm(input, p="fro", dim=None, keepdim=False, out=None, dtype=None):
    """The p-norm of all elements or along `dim`; "fro" is 2, "nuc" the sum of singular values.

    >>> import jtorch as torch
    >>> torch.tensor([3.0, 4.0]).norm()
    tensor(5.)
    """
    if out is not None:
        return store_results(out, norm(input, p, dim, keepdim, None, dtype), "norm", (input,))
    if isinstance(dim, int):
        dim = (dim,)
    if p == "nuc":
        return matrix_norm(input, "nuc", (-2, -1) if dim is None else dim, keepdim, dtype=dtype)
    if isinstance(p, str) and p != "fro":
        raise RuntimeError(f"linalg.matrix_norm: Order {p} not supported.")
    return _vector_norm(input, 2 if p in ("fro", None) else p, dim or None, keepdim, dtype=dtype)


def _method(input, p="fro", dim=None, keepdim=False, dtype=None):
    """`torch.norm` of the tensor."""
    return norm(input, p, dim, keepdim, None, dtype)


_method.__name__ = "norm"
composite("norm", variants="method")(_method)


_MODES = ("use_mm_for_euclid_dist_if_necessary", "use_mm_for_euclid_dist", "donot_use_mm_for_euclid_dist")


@composite("cdist", variants="function")
def cdist(x1, x2, p=2.0, compute_mode="use_mm_for_euclid_dist_if_necessary"):
    """Distances of every row of `x1` from every row of `x2`, by the p-norm.

    As torch does, Euclidean distances of more than 25 rows are computed as a matrix product, which is inexact for rows
    that nearly coincide; `compute_mode` chooses.

    >>> import jtorch as torch
    >>> torch.cdist(torch.tensor([[0.0, 0.0]]), torch.tensor([[3.0, 4.0]]))
    tensor([[5.]])
    """
    if compute_mode not in _MODES:
        raise ValueError(f"{compute_mode} is not a valid value for compute_mode")
    if x1.dtype is not x2.dtype:
        raise RuntimeError(f"expected scalar type {_title(x1)} but found {_title(x2)}")
    large = x1.dim() > 1 and x2.dim() > 1 and (x1.shape[-2] > 25 or x2.shape[-2] > 25)
    if p == 2 and (compute_mode == _MODES[1] or (compute_mode == _MODES[0] and large)):
        return _euclidean_cdist(x1, x2)
    return _direct_cdist(x1, x2, float(p))
