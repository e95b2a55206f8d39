"""Medians, quantiles, lookups: functions with several overloads or forms."""

from ..tensor import Tensor
from .composite import composite, operation

_lookup, _quantile, _sort = operation("sorted.lookup"), operation("tensor.quantile"), operation("sort")


def _median(name):
    over_all, over_dim = operation(f"all.{name}"), operation(f"dim.{name}")

    def median(input, dim=None, keepdim=False):
        return over_all(input) if dim is None else over_dim(input, dim, keepdim)

    median.__name__, median.__doc__ = name, over_dim.__doc__
    return median


median = composite("median", variants="function method out")(_median("median"))
nanmedian = composite("nanmedian", variants="function method out")(_median("nanmedian"))


@composite("msort", variants="function method out")
def msort(input):
    """Elements in order along the first dimension."""
    return _sort(input, 0)[0]


_INTERPOLATIONS = ("linear", "lower", "higher", "midpoint", "nearest")


def _quantiles(name, input, q, dim, keepdim, interpolation, skip_nan):
    if input.dtype.name not in ("float32", "float64"):
        raise RuntimeError(f"{name}() input tensor must be either float or double dtype")
    if interpolation not in _INTERPOLATIONS:
        raise RuntimeError(
            f"{name}() interpolation must be one of linear, lower, higher, midpoint or nearest, but got {interpolation}"
        )
    if input.numel() == 0:
        raise RuntimeError(f"{name}() input tensor must be non-empty")
    if isinstance(q, Tensor):
        if q.dim() > 1:
            raise RuntimeError(f"{name}() q must be a scalar or 1D tensor")
        if q.dtype is not input.dtype:
            raise RuntimeError(f"{name}() q tensor must be same dtype as the input tensor")
    else:
        if not 0 <= q <= 1:
            raise RuntimeError(f"{name}() q must be in the range [0, 1] but got {q:g}")
        q = input.new_tensor(q)
    return _quantile(input, q, dim, keepdim, interpolation=interpolation, skip_nan=skip_nan)


@composite("quantile", variants="function method out")
def quantile(input, q, dim=None, keepdim=False, *, interpolation="linear"):
    """Values below which the fraction `q` of the elements lies, along `dim` or of all; NaN where there is one.

    >>> import jtorch as torch
    >>> torch.quantile(torch.tensor([0.0, 1.0, 2.0, 3.0]), 0.5)
    tensor(1.5000)
    """
    return _quantiles("quantile", input, q, dim, keepdim, interpolation, False)


@composite("nanquantile", variants="function method out")
def nanquantile(input, q, dim=None, keepdim=False, *, interpolation="linear"):
    """As `quantile`, of the elements that are not NaN."""
    return _quantiles("nanquantile", input, q, dim, keepdim, interpolation, True)


@composite("searchsorted", variants="function out")
def searchsorted(sorted_sequence, input, *, out_int32=False, right=False, side=None, sorter=None):
    """Where each value would go in the sorted last dimension of `sorted_sequence` so that it stays sorted.

    Before equal elements, or behind them with `right=True` (`side="right"`).

    >>> import jtorch as torch
    >>> torch.searchsorted(torch.tensor([1, 3, 5]), torch.tensor([3, 6]))
    tensor([1, 3])
    """
    if side not in (None, "left", "right"):
        raise RuntimeError(f"torch.searchsorted(): side can only be 'left' or 'right' but got {side}")
    if side == "left" and right:
        raise RuntimeError(
            "torch.searchsorted(): side and right can't be set to opposites, got side of left while right was True"
        )
    if isinstance(input, Tensor) and sorted_sequence.dim() != 1:
        a, b = tuple(sorted_sequence.shape), tuple(input.shape)
        if len(a) != len(b) or a[:-1] != b[:-1]:
            raise RuntimeError(
                "torch.searchsorted(): boundaries tensor should be 1 dimension or the first N-1 dimensions of boundaries "
                f"tensor and input value tensor must match, but we got boundaries tensor {list(a)} and input value tensor {list(b)}"
            )
    elif not isinstance(input, Tensor) and sorted_sequence.dim() != 1:
        raise RuntimeError(
            "torch.searchsorted(): input value can be a scalar only when boundaries tensor dimension is 1, but we got "
            f"boundaries tensor dim({sorted_sequence.dim()}) and input value's dim(0) numel(1)"
        )
    if sorter is not None:
        if sorter.shape != sorted_sequence.shape:
            raise RuntimeError(
                "torch.searchsorted(): boundary and sorter must have the same size, but got boundary tensor "
                f"{list(sorted_sequence.shape)}and got sorter tensor {list(sorter.shape)}"
            )
        if sorter.dtype.name != "int64":
            raise RuntimeError(
                f"torch.searchsorted(): sorter must be a tensor of long dtype but got dtype {sorter.dtype}"
            )
    return _lookup(sorted_sequence, input, sorter, right=right or side == "right", out_int32=out_int32)


@composite("bucketize", variants="function out")
def bucketize(input, boundaries, *, out_int32=False, right=False):
    """Which interval of the sorted `boundaries` each value falls into.

    >>> import jtorch as torch
    >>> torch.bucketize(torch.tensor([0, 3, 9]), torch.tensor([1, 3, 5]))
    tensor([0, 1, 3])
    """
    if boundaries.dim() != 1:
        raise RuntimeError(f"boundaries tensor must be 1 dimension, but got dim({boundaries.dim()})")
    return _lookup(boundaries, input, right=right, out_int32=out_int32)
