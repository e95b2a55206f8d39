"""Joining, repeating and placing, where torch's functions take more forms than one operation does."""

import itertools

import numpy as np

from .. import creation, dtypes
from ..interop import own_numpy
from ..tensor import Tensor
from .composite import composite, operation, writing

_roll = operation("number.roll")
_flip, _block_diag, _diag_embed = operation("flip"), operation("blocks.block_diag"), operation("diag_embed")
_repeat_number, _index_select = operation("number.repeat_interleave"), operation("index_select")


@composite("flip")
def flip(input, *dims, **kwargs):
    """The order of elements reversed along the given dimensions.

    >>> import jtorch as torch
    >>> torch.flip(torch.tensor([1, 2, 3]), (0,))
    tensor([3, 2, 1])
    """
    given = kwargs.get("dims", kwargs.get("dim", kwargs.get("axis", dims)))
    if len(given) == 1 and isinstance(given[0], (list, tuple)):
        given = given[0]
    return _flip(input, tuple(given))


@composite("roll")
def roll(input, shifts, dims=()):
    """Elements moved along `dims` and in again at the other end; without `dims` in the flattened tensor.

    >>> import jtorch as torch
    >>> torch.roll(torch.tensor([1, 2, 3]), 1)
    tensor([3, 1, 2])
    """
    shifts = tuple(shifts) if isinstance(shifts, (tuple, list)) else (shifts,)
    dims = tuple(dims) if isinstance(dims, (tuple, list)) else (dims,)
    if not shifts:
        raise RuntimeError("`shifts` required")
    if dims and not input.dim():
        raise IndexError(f"Dimension specified as {dims[0]} but tensor has no dimensions")
    if not dims and len(shifts) == 1:
        return _roll(input, shifts[0], None)
    if len(shifts) != len(dims):
        raise RuntimeError(f"shifts and dimensions must align. shifts: {len(shifts)}, dims:{len(dims)}")
    for shift, dim in zip(shifts, dims, strict=True):
        input = _roll(input, int(shift), dim)
    return input


@composite("block_diag", variants="function")
def block_diag(*tensors):
    """A matrix with the given matrices along its diagonal."""
    return _block_diag(tensors)


@composite("diag", variants="function method out")
def diag(input, diagonal=0):
    """The diagonal of a matrix, or a matrix with a vector on its diagonal.

    >>> import jtorch as torch
    >>> torch.diag(torch.tensor([1, 2]))
    tensor([[1, 0],
            [0, 2]])
    """
    if input.dim() not in (1, 2):
        raise RuntimeError(f"diag(): Supports 1D or 2D tensors. Got {input.dim()}D")
    return _diag_embed(input, diagonal) if input.dim() == 1 else input.diagonal(diagonal).clone()


@composite("diagflat")
def diagflat(input, offset=0):
    """A matrix with the elements of `input` on a diagonal."""
    return _diag_embed(input.reshape(-1), offset)


@composite("repeat_interleave")
def repeat_interleave(input, repeats=None, dim=None, *, output_size=None):
    """Every element repeated in a row, `repeats` times or as often as a tensor says for each.

    >>> import jtorch as torch
    >>> torch.repeat_interleave(torch.tensor([1, 2]), 2)
    tensor([1, 1, 2, 2])
    """
    if repeats is None:
        return _repeated_positions(input)
    if not isinstance(repeats, Tensor):
        return _repeat_number(input, repeats, dim)
    if dim is None:
        input, dim = input.reshape(-1), 0
    elif input.dim() == 0:
        input = input.reshape(1)
    length = input.shape[dim]
    if repeats.dim() > 1:
        raise RuntimeError("repeats must be 0-dim or 1-dim tensor")
    if repeats.numel() == 1:
        repeats = repeats.reshape(1).expand(length)
    elif repeats.numel() != length:
        raise RuntimeError(
            "repeats must have the same size as input along dim, but got repeats.size(0) = "
            f"{repeats.numel()} and input.size({dim}) = {length}"
        )
    return _index_select(input, dim, _repeated_positions(repeats))


def _repeated_positions(repeats):
    """0 as often as the first count says, 1 as often as the second, ...: the counts are waited for."""
    counts = repeats._read().numpy()
    if counts.dtype.kind not in "iu":
        raise NotImplementedError(f"\"repeat_interleave_cpu\" not implemented for '{_scalar_name(repeats)}'")
    if (counts < 0).any():
        raise RuntimeError("repeats can not be negative")
    return own_numpy(np.repeat(np.arange(counts.size, dtype=np.int64), counts)).to(repeats.device)


def _scalar_name(x):
    from ..dispatch import SCALAR_NAMES

    return SCALAR_NAMES[x._aval.dtype.name]


_SCATTER = {
    (is_tensor, reduce): (operation(name), writing(name))
    for (is_tensor, reduce), name in {
        (True, False): "src.scatter",
        (False, False): "value.scatter",
        (True, True): "src_reduce.scatter",
        (False, True): "value_reduce.scatter",
    }.items()
}


def _scatter(input, dim, index, src, value, reduce, form):
    given = value if src is None else src
    if given is None:
        raise TypeError("scatter() missing 1 required positional argument: 'src'")
    fn = _SCATTER[isinstance(given, Tensor), reduce is not None][form]
    return fn(input, dim, index, given) if reduce is None else fn(input, dim, index, given, reduce=reduce)


@composite("scatter", variants="function method out")
def scatter(input, dim, index, src=None, value=None, *, reduce=None):
    """`input` with values (a tensor or a number) written at `index` along `dim`, or with `reduce` "add" or "multiply" combined in.

    >>> import jtorch as torch
    >>> torch.zeros(2, 3).scatter(1, torch.tensor([[0], [2]]), 1.0)
    tensor([[1., 0., 0.],
            [0., 0., 1.]])
    """
    return _scatter(input, dim, index, src, value, reduce, 0)


@composite("scatter_", variants="method")
def scatter_(input, dim, index, src=None, value=None, *, reduce=None):
    """`scatter` into the input itself."""
    return _scatter(input, dim, index, src, value, reduce, 1)


# --- grids and combinations ----------------------------------------------------------------------------------------


@composite("meshgrid", variants="function")
def meshgrid(*tensors, indexing=None):
    """Coordinates of a grid: one tensor per vector given, each varying along its own dimension. The results are views.

    >>> import jtorch as torch
    >>> rows, columns = torch.meshgrid(torch.tensor([1, 2]), torch.tensor([3, 4, 5]), indexing="ij")
    >>> rows.shape
    torch.Size([2, 3])
    """
    if len(tensors) == 1 and isinstance(tensors[0], (list, tuple)):
        tensors = tuple(tensors[0])
    if not tensors:
        raise RuntimeError("meshgrid expects a non-empty TensorList")
    for x in tensors:
        if x.dim() > 1:
            raise RuntimeError(f"torch.meshgrid: Expected 0D or 1D tensor in the tensor list but got: {x}")
    if any(x.dtype is not tensors[0].dtype for x in tensors):
        raise RuntimeError("torch.meshgrid expects all tensors to have the same dtype")
    if indexing not in (None, "ij", "xy"):
        raise RuntimeError(f'torch.meshgrid: indexing must be one of "xy" or "ij", but received: {indexing}')
    if indexing is None:
        _warn_indexing()
    swapped = indexing == "xy" and len(tensors) >= 2
    if swapped:
        tensors = (tensors[1], tensors[0], *tensors[2:])
    shape = [x.numel() for x in tensors]
    grids = []
    for d, x in enumerate(tensors):
        place = [1] * len(shape)
        place[d] = shape[d]
        grids.append(x.reshape(place).expand(shape))
    if swapped:
        grids = [grids[1], grids[0], *grids[2:]]
    return tuple(grids)


def _warn_indexing():
    import warnings

    warnings.warn(
        "torch.meshgrid: in an upcoming release, it will be required to pass the indexing argument.",
        UserWarning,
        stacklevel=4,
    )


@composite("cartesian_prod", variants="function")
def cartesian_prod(*tensors):
    """All combinations of one element from each vector, one row each; of a single vector the vector itself."""
    for x in tensors:
        if x.dim() != 1:
            raise RuntimeError(f"Expect a 1D vector, but got shape {list(x.shape)}")
    if len(tensors) == 1:
        return tensors[0]
    grids = meshgrid(*tensors, indexing="ij")
    return operation("stack")([g.reshape(-1) for g in grids], 1)


@composite("combinations")
def combinations(input, r=2, with_replacement=False):
    """All ways to choose `r` elements of a vector, one row each, in order."""
    if input.dim() != 1:
        raise RuntimeError(f"Expect a 1D vector, but got shape {list(input.shape)}")
    if r < 0:
        raise RuntimeError(f"Expect a non-negative number, but got {r}")
    if r == 0:
        return input.new_empty(0)
    choose = itertools.combinations_with_replacement if with_replacement else itertools.combinations
    rows = np.array(list(choose(range(input.numel()), r)), np.int64).reshape(-1, r)
    wide = (
        input.float() if input.dtype in (dtypes.float16, dtypes.bfloat16) else input
    )  # gradients of repeated elements add up
    chosen = _index_select(wide, 0, own_numpy(rows.reshape(-1)).to(input.device)).reshape(rows.shape)
    return chosen.to(input.dtype)


def _triangle_indices(keep, row, col, offset, dtype, device, requires_grad):
    for size, name in ((row, "row"), (col, "col")):
        if size < 0:
            raise RuntimeError(f"{name} must be non-negative, got {size}")
    places = np.array(keep(row, offset, col), np.int64).reshape(2, -1)
    return creation.tensor(places, dtype=dtype, device=device, requires_grad=requires_grad)


@composite("tril_indices", variants="function")
def tril_indices(row, col, offset=0, *, dtype=None, layout=None, device=None, pin_memory=False, requires_grad=False):
    """Row and column numbers of a matrix's lower triangle, up to a diagonal: shape (2, count), int64.

    >>> import jtorch as torch
    >>> torch.tril_indices(2, 2)
    tensor([[0, 1, 1],
            [0, 0, 1]])
    """
    return _triangle_indices(np.tril_indices, row, col, offset, dtype, device, requires_grad)


@composite("triu_indices", variants="function")
def triu_indices(row, col, offset=0, *, dtype=None, layout=None, device=None, pin_memory=False, requires_grad=False):
    """Row and column numbers of a matrix's upper triangle, from a diagonal: shape (2, count), int64."""
    return _triangle_indices(np.triu_indices, row, col, offset, dtype, device, requires_grad)


def _at_least(ndim, widen):
    def single(x):
        return x if x.dim() >= ndim else widen(x)

    def function(*tensors):
        if len(tensors) == 1 and not isinstance(tensors[0], Tensor):
            return tuple(single(x) for x in tensors[0])
        return single(tensors[0]) if len(tensors) == 1 else tuple(single(x) for x in tensors)

    function.__name__ = f"atleast_{ndim}d"
    function.__doc__ = f"Views of the tensors with at least {ndim} dimension{'s' if ndim > 1 else ''}."
    return function


atleast_1d = composite("atleast_1d", variants="function")(_at_least(1, lambda x: x.reshape(1)))
atleast_2d = composite("atleast_2d", variants="function")(
    _at_least(2, lambda x: x.reshape(1, 1) if x.dim() == 0 else x.unsqueeze(0))
)
atleast_3d = composite("atleast_3d", variants="function")(
    _at_least(
        3,
        lambda x: (
            x.reshape(1, 1, 1) if x.dim() == 0 else x.unsqueeze(0).unsqueeze(-1) if x.dim() == 1 else x.unsqueeze(-1)
        ),
    )
)
