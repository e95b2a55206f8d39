"""Copies of a tensor with a view of it replaced."""

from ..autograd.mode import is_grad_enabled
from ..dispatch import apply
from ..dtypes import preserve_format
from ..ops import views as ops
from ..views import adopt_history
from . import views
from .composite import composite


def _filled(input, view_of, src):
    out = input.clone()
    view = view_of(out)
    if view.shape != src.shape:
        raise RuntimeError(
            f"expected src to have a size equal to the slice of self. src size = {list(src.shape)}, slice size = "
            f"{list(view.shape)}"
        )
    view.copy_(src)
    return out


@composite("select_scatter")
def select_scatter(input, src, dim, index):
    """`input` with the slice at `index` along `dim` replaced.

    >>> import jtorch as torch
    >>> torch.select_scatter(torch.zeros(2, 2), torch.ones(2), 0, 0)
    tensor([[1., 1.],
            [0., 0.]])
    """
    return _filled(input, lambda x: x.select(dim, index), src)


@composite("slice_scatter", variants="function method out")
def slice_scatter(input, src, dim=0, start=None, end=None, step=1):
    """`input` with the slice start:end:step along `dim` replaced."""
    ahead = (slice(None),) * (dim % input.dim())
    return _filled(input, lambda x: x[(*ahead, slice(start, end, step))], src)


@composite("diagonal_scatter")
def diagonal_scatter(input, src, offset=0, dim1=0, dim2=1):
    """`input` with a diagonal replaced."""
    return _filled(input, lambda x: x.diagonal(offset, dim1, dim2), src)


@composite("as_strided_scatter")
def as_strided_scatter(input, src, size, stride, storage_offset=None):
    """`input` with a strided part of it replaced."""
    size, stride = tuple(size), tuple(stride)
    if tuple(src.shape) != size:
        raise RuntimeError(
            f"expected src to have a size equal to the slice of self. src size = {list(src.shape)}, slice size = {list(size)}"
        )
    offset = input._offset if storage_offset is None else storage_offset
    # The whole storage is copied, as in torch: the part may reach beyond the input, and the result lies where the input does.
    whole = views._memory(input).detach().clone(memory_format=preserve_format)
    geometry = input.shape, input.stride(), input._offset
    recorded = is_grad_enabled() and (input.requires_grad or src.requires_grad)
    if recorded and not input.is_contiguous():
        raise RuntimeError("as_strided_scatter is currently only supported for contiguous inputs")
    whole.as_strided(*geometry).copy_(input.detach())
    whole.as_strided(size, stride, offset).copy_(src.detach())
    out = whole.as_strided(*geometry)
    if recorded:
        adopt_history(out, apply(ops.as_strided_scattered, (out, input, src, size, stride, offset))[0])
    return out


@composite("fill_diagonal_", variants="method")
def fill_diagonal_(input, fill_value, wrap=False):
    """One value on the main diagonal; with `wrap` the diagonal of a tall matrix starts again below its end."""
    if input.dim() < 2:
        raise RuntimeError("dimensions must larger than 1")
    if input.dim() > 2 and any(size != input.shape[0] for size in input.shape):
        raise RuntimeError("all dimensions of input must be of equal length")
    step = sum(input.stride())
    size = min(input.shape)
    input.as_strided((size,), (step,)).fill_(fill_value)
    if wrap and input.dim() == 2 and input.shape[0] > input.shape[1] + 1:
        width = input.shape[1]
        for top in range(width + 1, input.shape[0], width + 1):
            part = input.narrow(0, top, input.shape[0] - top)
            part.diagonal().fill_(fill_value)
    return input
