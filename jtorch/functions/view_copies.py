"""Copies of what views show, in memory of their own: `permute_copy`, `split_with_sizes_copy` and their kin."""

from ..dispatch import wrap_dim
from ..dtypes import contiguous_format
from . import views
from .composite import composite


def slice_view(input, dim=0, start=None, end=None, step=1):
    """Positions start:end:step of a dimension, as a view: what `input[start:end:step]` is, for any dimension."""
    if input.dim() == 0:
        raise RuntimeError("slice() cannot be applied to a 0-dim tensor.")
    if step <= 0:
        raise RuntimeError("slice step must be positive")
    ahead = (slice(None),) * wrap_dim(dim, input.dim())
    return input[(*ahead, slice(start, end, step))]


def _copy(part):
    return part.clone(memory_format=contiguous_format)


def _copy_of(name, view):
    def copied(*args, **kwargs):
        return _copy(view(*args, **kwargs))

    copied.__name__ = name + "_copy"
    copied.__doc__ = f"A contiguous copy of what `{name}` gives."
    return copied


def _copies_of(name, view):
    def copied(*args, **kwargs):
        return tuple(_copy(part) for part in view(*args, **kwargs))

    copied.__name__ = name + "_copy"
    copied.__doc__ = f"Contiguous copies of what `{name}` gives."
    return copied


_SINGLE = {
    name: getattr(views, name)
    for name in """alias as_strided diagonal expand permute select squeeze t transpose unfold unsqueeze view view_as_complex
    view_as_real""".split()
}
for _name, _view in {**_SINGLE, "detach": views.alias, "slice": slice_view}.items():
    composite(f"{_name}_copy", variants="function out")(_copy_of(_name, _view))
for _name in ("split", "split_with_sizes", "unbind"):
    composite(f"{_name}_copy", variants="function out")(_copies_of(_name, getattr(views, _name)))
for _name in ("chunk", "split_with_sizes"):
    composite(f"unsafe_{_name}")(getattr(views, _name))


@composite("unsafe_split")
def unsafe_split(input, split_size, dim=0):
    """`split` into pieces of one size."""
    if not isinstance(split_size, int):
        raise TypeError(
            f"unsafe_split(): argument 'split_size' (position 2) must be int, not {type(split_size).__name__}"
        )
    return views.split(input, split_size, dim)


@composite("narrow_copy", variants="function method out")
def narrow_copy(input, dim, start, length):
    """A contiguous copy of `length` positions of a dimension from `start`.

    >>> import jtorch as torch
    >>> torch.narrow_copy(torch.tensor([1, 2, 3]), 0, 1, 2)
    tensor([2, 3])
    """
    if dim >= max(input.dim(), 1):
        raise RuntimeError(
            "Expected dim < static_cast<int64_t>(self_sizes.size()) to be true, but got false.  (Could this error message be improved?  "
            "If so, please report an enhancement request to PyTorch.)"
        )
    if length < 0:
        raise RuntimeError(f"start ({start}) + length ({length}) exceeds dimension size ({input.shape[dim]}).")
    return _copy(views.narrow(input, dim, start, length))
