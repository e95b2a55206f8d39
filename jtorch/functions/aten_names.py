"""Functions of torch under the names of its kernels, whose arguments are all given; programs that take models apart call them."""

import math

from .. import indexing
from ..dispatch import wrap_dim
from .composite import composite, operation
from .softmax import log_softmax, softmax

_cat, _pad = operation("cat"), operation("constant_pad_nd")


# --- softmax -------------------------------------------------------------------------------------------------------


def _kernel_of(fn):
    def kernel(input, dim, half_to_float):
        if half_to_float:
            raise RuntimeError(f"{fn.__name__} with half to float conversion is not supported on CPU")
        return fn(input, dim)

    kernel.__name__ = "_" + fn.__name__
    kernel.__doc__ = f"`{fn.__name__}`; `half_to_float` must be False."
    return kernel


for _fn in (softmax, log_softmax):
    composite(f"_{_fn.__name__}", variants="function out")(_kernel_of(_fn))


@composite("_safe_softmax", variants="function")
def _safe_softmax(input, dim, dtype=None):
    """`softmax`, zero where all elements along `dim` are minus infinity."""
    nothing = (input == -math.inf).all(dim, keepdim=True)
    # Filled on both sides: a gradient through such a row would be NaN.
    return softmax(input.masked_fill(nothing, 0), dim, dtype).masked_fill(nothing, 0)


def _wide(x):
    return x.float() if x.dtype.itemsize == 2 else x


@composite("_softmax_backward_data", variants="function")
def _softmax_backward_data(grad_output, output, dim, input_dtype):
    """The gradient of `softmax`, of its result and the gradient of that."""
    grad, result = _wide(grad_output), _wide(output)
    product = grad * result
    return (product - result * product.sum(dim, keepdim=True)).to(input_dtype)


@composite("_log_softmax_backward_data", variants="function")
def _log_softmax_backward_data(grad_output, output, dim, input_dtype):
    """The gradient of `log_softmax`, of its result and the gradient of that."""
    grad = _wide(grad_output)
    return (grad - _wide(output).exp() * grad.sum(dim, keepdim=True)).to(input_dtype)


# --- pieces and positions ------------------------------------------------------------------------------------------


@composite("_chunk_cat", variants="function out")
def _chunk_cat(tensors, dim, num_chunks):
    """The tensors, each in `num_chunks` pieces along `dim` (zeros fill up the last), joined piece by piece: (..., num_chunks, elements)."""
    if not len(tensors):
        raise RuntimeError("_chunk_cat expects a non-empty input tensor list")
    if num_chunks <= 0:
        raise RuntimeError("_chunk_cat expects positive num_chunks")
    if any(not x.numel() for x in tensors):
        raise RuntimeError("_chunk_cat expects non-empty tensor")
    if dim >= 0:
        if any(dim >= x.dim() for x in tensors):
            raise RuntimeError("_chunk_cat expects dim < ndim for all input tensors")
    elif any(x.dim() != tensors[0].dim() for x in tensors):
        raise RuntimeError("_chunk_cat expects non-negative dim when input tensors have different ndims")
    dim = wrap_dim(dim, tensors[0].dim())
    if any(x.shape[:dim] != tensors[0].shape[:dim] for x in tensors):
        raise RuntimeError("_chunk_cat expects same sizes of 0,...,dim-1 dimensions for all tensors")
    rows = []
    for x in tensors:
        missing = -x.shape[dim] % num_chunks
        x = _pad(x, (0, 0) * (x.dim() - 1 - dim) + (0, missing), 0) if missing else x
        rows.append(x.reshape(*x.shape[:dim], num_chunks, -1))
    return _cat(rows, dim + 1)


def _inside(input, indices):
    """Indices moved to where there are elements: what a mask leaves out may lie anywhere."""
    return [i if i is None else i.clamp(-n, n - 1) for i, n in zip(indices, input.shape, strict=False)]


@composite("_unsafe_masked_index", variants="function")
def _unsafe_masked_index(input, mask, indices, fill):
    """The elements at `indices` where `mask` is true, `fill` elsewhere."""
    if mask.dtype.name not in ("bool", "uint8"):
        raise RuntimeError("tensors used as masks must be bool tensors")
    found = indexing.getitem(input, tuple(slice(None) if i is None else i for i in _inside(input, indices)))
    return found.masked_fill(~mask.bool(), fill)


@composite("_unsafe_masked_index_put_accumulate", variants="function")
def _unsafe_masked_index_put_accumulate(input, mask, indices, values):
    """`input` with `values` added at `indices` where `mask` is true."""
    given = values.masked_fill(~mask.bool(), 0)
    return indexing.index_put(input, tuple(_inside(input, indices)), given, accumulate=True, inplace=False)
