"""Functions of the elements that a mask marks; the others count as the value that changes nothing.

`mask` is True (or not zero) where an element counts and broadcasts to the input. Without a mask all count. Where nothing counts the
result is that neutral value: 0 for a sum, NaN for a mean or the softmax of a row.
"""

import math

import jtorch
from jtorch import Tensor

Dims = int | tuple[int, ...] | None

_SMALL = (jtorch.uint8, jtorch.bool, jtorch.int8, jtorch.int16, jtorch.int32)


# --- masks, dimensions, neutral values -----------------------------------------------------------------------------


def _whole_mask(input: Tensor, mask: Tensor) -> Tensor:
    """The mask as bools in the input's shape."""
    if mask.shape != input.shape:
        if mask.dim() > input.dim():
            raise IndexError(
                "_input_mask expected broadcastable mask (got mask dimensionality higher than of the input)"
            )
        mask = mask.expand(input.shape)
    return mask.to(jtorch.bool)


def _dims(dim, ndim: int) -> tuple[int, ...]:
    """Dimensions counted from the front, in order; None means all."""
    if dim is None:
        return tuple(range(ndim))
    limit, found = max(ndim, 1), []
    for d in (dim,) if isinstance(dim, int) else dim:
        if d in found:
            raise RuntimeError(f"dim={d} appears multiple times in the list of dims")
        if d >= limit or d < -limit:
            raise IndexError(
                f"Dimension out of range (expected to be in range of [{-limit}, {limit - 1}], but got {d})"
            )
        found.append(d % limit)
    return tuple(sorted(found))


def _least(name: str, input: Tensor):
    """What every number is as large as."""
    if input.dtype.is_floating_point or (input.is_complex() and name == "logsumexp"):
        return -math.inf
    return jtorch.iinfo(_ordered(name, input)).min


def _most(name: str, input: Tensor):
    """What every number is as small as."""
    if input.dtype.is_floating_point:
        return math.inf
    return jtorch.iinfo(_ordered(name, input)).max


def _ordered(name, input):
    if input.dtype is jtorch.bool or input.dtype.is_complex:
        raise NotImplementedError(f"identity of {name} on {input.dtype} input")
    return input.dtype


def _filled(input: Tensor, mask, neutral) -> Tensor:
    """The input with the neutral value where nothing counts."""
    if input.layout is not jtorch.strided:
        raise NotImplementedError(f"torch.masked takes strided tensors here, not {input.layout}: use .to_dense()")
    if mask is None:
        return input
    return jtorch.where(_whole_mask(input, mask), input, jtorch.tensor(neutral, dtype=input.dtype, device=input.device))


# --- reductions ----------------------------------------------------------------------------------------------------


def sum(input: Tensor, dim: Dims = None, *, keepdim: bool | None = False, dtype=None, mask: Tensor | None = None):
    """Sum over dimensions; small integers add up in int64.

    >>> import jtorch as torch
    >>> torch.masked.sum(torch.tensor([1.0, 2.0, 4.0]), mask=torch.tensor([True, False, True]))
    tensor(5.)
    """
    if dtype is None:
        dtype = jtorch.int64 if input.dtype in _SMALL else input.dtype
    dims = _dims(dim, input.dim())
    return jtorch.sum(_filled(input, mask, 0), dims, bool(keepdim), dtype=dtype)


def prod(input: Tensor, dim: Dims = None, *, keepdim: bool | None = False, dtype=None, mask: Tensor | None = None):
    """Product over dimensions; small integers multiply in int64."""
    if dtype is None:
        dtype = jtorch.int64 if input.dtype in _SMALL else input.dtype
    result = _filled(input, mask, 1)
    for d in reversed(_dims(dim, input.dim())):
        result = result.prod(d, bool(keepdim))
    return result.to(dtype)


def cumsum(input: Tensor, dim: int, *, dtype=None, mask: Tensor | None = None):
    """Sums of what counts up to each place along a dimension."""
    dtype = dtype or input.dtype
    return jtorch.cumsum(_filled(input, mask, 0), _dims(dim, input.dim())[0], dtype=dtype).to(dtype)


def cumprod(input: Tensor, dim: int, *, dtype=None, mask: Tensor | None = None):
    """Products of what counts up to each place along a dimension."""
    dtype = dtype or input.dtype
    return jtorch.cumprod(_filled(input, mask, 1), _dims(dim, input.dim())[0], dtype=dtype).to(dtype)


def amax(input: Tensor, dim: Dims = None, *, keepdim: bool | None = False, dtype=None, mask: Tensor | None = None):
    """Largest element over dimensions."""
    dims = _dims(dim, input.dim())
    filled = _filled(input, mask, None if mask is None else _least("amax", input))
    return jtorch.amax(filled, dims, bool(keepdim)).to(dtype or input.dtype)


def amin(input: Tensor, dim: Dims = None, *, keepdim: bool | None = False, dtype=None, mask: Tensor | None = None):
    """Smallest element over dimensions."""
    dims = _dims(dim, input.dim())
    filled = _filled(input, mask, None if mask is None else _most("amin", input))
    return jtorch.amin(filled, dims, bool(keepdim)).to(dtype or input.dtype)


def argmax(
    input: Tensor, dim: int | None = None, *, keepdim: bool | None = False, dtype=None, mask: Tensor | None = None
):
    """Position of the largest element; as torch has it, in the input's dtype unless `dtype` says otherwise."""
    filled = _filled(input, mask, None if mask is None else _least("argmax", input))
    return jtorch.argmax(filled, dim, bool(keepdim)).to(dtype or input.dtype)


def argmin(
    input: Tensor, dim: int | None = None, *, keepdim: bool | None = False, dtype=None, mask: Tensor | None = None
):
    """Position of the smallest element; as torch has it, in the input's dtype unless `dtype` says otherwise."""
    filled = _filled(input, mask, None if mask is None else _most("argmin", input))
    return jtorch.argmin(filled, dim, bool(keepdim)).to(dtype or input.dtype)


def _count(input, dim, keepdim, mask):
    """How many elements count."""
    ones = jtorch.ones(input.shape, dtype=jtorch.int64, device=input.device)
    return sum(ones, dim, keepdim=keepdim, mask=mask)


def mean(input: Tensor, dim: Dims = None, *, keepdim: bool | None = False, dtype=None, mask: Tensor | None = None):
    """Mean over dimensions; NaN where nothing counts.

    >>> import jtorch as torch
    >>> torch.masked.mean(torch.tensor([1.0, 2.0, 4.0]), mask=torch.tensor([True, False, True]))
    tensor(2.5000)
    """
    if dtype is None:
        dtype = input.dtype
        if not (dtype.is_floating_point or dtype.is_complex):
            raise ValueError(
                "mean(): Could not infer output dtype. Input dtype must be either a floating point or complex dtype. "
                f"Got: {dtype}"
            )
    return sum(input, dim, keepdim=keepdim, dtype=dtype, mask=mask) / _count(input, dim, keepdim, mask)


def median(input: Tensor, dim: int = -1, *, keepdim: bool = False, dtype=None, mask: Tensor | None = None):
    """Median along a dimension (the lower of two); NaN where nothing counts."""
    dtype = dtype or input.dtype
    dim_ = _dims(dim, input.dim())[0]
    is_float = input.is_floating_point()
    wide = input if is_float else input.to(jtorch.float32)
    result = jtorch.nanmedian(_filled(wide, mask, math.nan), dim_, keepdim).values
    if not is_float and bool(result.isnan().any()):
        raise ValueError("masked median expects no fully masked out rows if dtype is not floating point")
    return result.to(dtype)


def logsumexp(input: Tensor, dim: Dims = None, *, keepdim: bool = False, dtype=None, mask: Tensor | None = None):
    """Logarithm of the sum of exponentials over dimensions."""
    dims = _dims(dim, input.dim())
    filled = _filled(input, mask, None if mask is None else _least("logsumexp", input))
    return jtorch.logsumexp(filled, dims, keepdim).to(dtype or input.dtype)


def logaddexp(
    input: Tensor,
    other: Tensor,
    *,
    dtype=None,
    input_mask: Tensor | None = None,
    other_mask: Tensor | None = None,
):
    """log(exp(input) + exp(other)), each with a mask of its own."""
    left = _filled(input, input_mask, -math.inf)
    return jtorch.logaddexp(left, _filled(other, other_mask, -math.inf)).to(dtype or input.dtype)


def norm(
    input: Tensor,
    ord: float | None = 2.0,
    dim: Dims = None,
    *,
    keepdim: bool | None = False,
    dtype=None,
    mask: Tensor | None = None,
):
    """The vector norm over dimensions."""
    dims = _dims(dim, input.dim())
    neutral = math.inf if ord == -math.inf else 0
    return jtorch.linalg.vector_norm(
        _filled(input, mask, neutral), ord, dims, bool(keepdim), dtype=dtype or input.dtype
    )


def _variance(input, dim, unbiased, correction, keepdim, dtype, mask):
    if unbiased is not None and correction is not None:
        raise ValueError("Only one of unbiased and correction may be given")
    if correction is None:
        correction = 1 if unbiased is None else int(unbiased)
    if dtype is None:
        dtype = input.dtype
        if not (dtype.is_floating_point or dtype.is_complex):
            dtype = jtorch.float32
    compute = dtype if dtype.is_floating_point or dtype.is_complex else jtorch.float32
    count = _count(input, dim, True, mask)
    center = sum(input, dim, keepdim=True, dtype=dtype, mask=mask) / count
    apart = input - center
    total = sum(apart * apart.conj(), dim, keepdim=keepdim, dtype=compute, mask=mask)
    count = count.reshape(total.shape)
    if correction:
        count = (count.to(compute.to_real()) - correction).clamp(min=0)
    return total / count, dtype


def var(
    input: Tensor,
    dim: Dims = None,
    unbiased: bool | None = None,
    *,
    correction: int | float | None = None,
    keepdim: bool | None = False,
    dtype=None,
    mask: Tensor | None = None,
):
    """Variance over dimensions; integers as float32."""
    variance, dtype = _variance(input, dim, unbiased, correction, keepdim, dtype, mask)
    return variance.to(dtype)


def std(
    input: Tensor,
    dim: Dims = None,
    unbiased: bool | None = None,
    *,
    correction: int | None = None,
    keepdim: bool | None = False,
    dtype=None,
    mask: Tensor | None = None,
):
    """Standard deviation over dimensions; integers as float32."""
    variance, dtype = _variance(input, dim, unbiased, correction, keepdim, dtype, mask)
    return variance.to(dtype).sqrt()


# --- normalisations ------------------------------------------------------------------------------------------------


def softmax(input: Tensor, dim: int, *, dtype=None, mask: Tensor | None = None):
    """exp(input) / its sum along a dimension, 0 where an element does not count.

    >>> import jtorch as torch
    >>> torch.masked.softmax(torch.zeros(3), 0, mask=torch.tensor([True, False, True]))
    tensor([0.5000, 0.0000, 0.5000])
    """
    dim_ = _dims(dim, input.dim())[0]
    filled = _filled(input, mask, None if mask is None else _least("amax", input))
    return jtorch.nn.functional.softmax(filled, dim_, dtype=dtype or input.dtype)


def log_softmax(input: Tensor, dim: int, *, dtype=None, mask: Tensor | None = None):
    """Logarithm of `softmax`."""
    dim_ = _dims(dim, input.dim())[0]
    filled = _filled(input, mask, None if mask is None else _least("amax", input))
    return jtorch.nn.functional.log_softmax(filled, dim_, dtype=dtype or input.dtype)


def softmin(input: Tensor, dim: int, *, dtype=None, mask: Tensor | None = None):
    """The softmax of -input."""
    dim_ = _dims(dim, input.dim())[0]
    filled = _filled(input, mask, None if mask is None else _most("amin", input))
    return jtorch.nn.functional.softmin(filled, dim_, dtype=dtype or input.dtype)


def normalize(input: Tensor, ord: float, dim: int, *, eps: float = 1e-12, dtype=None, mask: Tensor | None = None):
    """input / max(norm along a dimension, eps), 0 where an element does not count."""
    dtype = dtype or input.dtype
    size = norm(input, ord, _dims(dim, input.dim())[0], keepdim=True, dtype=dtype, mask=mask)
    return _filled(input, mask, 0) / jtorch.max(size, size.new_full(size.shape, eps))
