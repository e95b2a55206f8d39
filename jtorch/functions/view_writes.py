"""Copies of a tensor with a view of it replaced, and copies of views."""

import numpy as np

from ..interop import own_numpy
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


@composite("slice_scatter")
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
    places = np.asarray(storage_offset or 0)
    for n, step in zip(size, stride, strict=True):
        places = places[..., None] + np.arange(n) * step
    index = own_numpy(places.reshape(-1).astype(np.int64)).to(input.device)
    return input.reshape(-1).index_copy(0, index, src.reshape(-1)).reshape(input.shape)


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


_COPIES = """alias as_strided diagonal expand narrow permute select squeeze t transpose unfold unsqueeze view view_as_real view_as_complex""".split()


def _copy_of(view):
    def copied(*args, **kwargs):
        return view(*args, **kwargs).clone()

    copied.__name__ = view.__name__ + "_copy"
    copied.__doc__ = f"A copy of what `{view.__name__}` gives."
    return copied


def _copies_of(view):
    def copied(*args, **kwargs):
        return tuple(part.clone() for part in view(*args, **kwargs))

    copied.__name__ = view.__name__ + "_copy"
    copied.__doc__ = f"Copies of what `{view.__name__}` gives."
    return copied


for _name in _COPIES:
    composite(f"{_name}_copy", variants="function")(_copy_of(getattr(views, _name)))
for _name in ("split", "split_with_sizes", "unbind"):
    composite(f"{_name}_copy", variants="function")(_copies_of(getattr(views, _name)))
for _name in ("chunk", "split", "split_with_sizes"):
    composite(f"unsafe_{_name}")(getattr(views, _name))
composite("narrow_copy", variants="method")(_copy_of(views.narrow))
