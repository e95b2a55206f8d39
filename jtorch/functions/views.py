"""View functions: metadata by arithmetic, contents by the view operations. None of them copies, except where torch's does."""

import math

from .. import dtypes, engine
from ..autograd.mode import is_grad_enabled
from ..dispatch import apply, wrap_dim
from ..dtypes import strided
from ..layout import view_strides
from ..ops import views as ops
from ..overloads import no_overload
from ..tensor import Tensor
from ..views import adopt_history, apply_view
from .spelling import also_called


def _size(args, name="size") -> tuple[int, ...]:
    """A size given as ints, or as one tuple."""
    if len(args) == 1 and isinstance(args[0], (tuple, list)):
        args = args[0]
    try:
        return tuple(n if type(n) is int else n.__index__() for n in args)
    except AttributeError:
        bad = next(n for n in args if not hasattr(n, "__index__"))
        raise TypeError(f"{name}: expected ints, got {type(bad).__name__}") from None


def infer_size(size, numel: int) -> tuple[int, ...]:
    """Fill in the one -1 of a size."""
    if size.count(-1) > 1:
        raise RuntimeError("only one dimension can be inferred")
    if any(n < -1 for n in size):
        raise RuntimeError(
            f"invalid shape dimension {next(n for n in size if n < -1)} at index {next(i for i, n in enumerate(size) if n < -1)} of shape {list(size)}"
        )
    known = math.prod(n for n in size if n != -1)
    if -1 in size:
        if known == 0:
            if numel == 0:
                raise RuntimeError(
                    f"cannot reshape tensor of 0 elements into shape {list(size)} because the unspecified dimension size -1 can be any value and is ambiguous"
                )
            raise RuntimeError(f"shape '{list(size)}' is invalid for input of size {numel}")
        if numel % known == 0:
            return tuple(numel // known if n == -1 else n for n in size)
    elif known == numel:
        return tuple(size)
    raise RuntimeError(f"shape '{list(size)}' is invalid for input of size {numel}")


def view(input: Tensor, *size, dtype=None):
    """The same memory in another shape, or read as another dtype. The strides must allow it; `reshape` copies where they do not."""
    if not size and dtype is None:
        raise TypeError(
            "view() received an invalid combination of arguments - got (), but expected one of:\n * (torch.dtype dtype)\n * (tuple of ints size)\n"
        )
    if dtype is not None or (len(size) == 1 and isinstance(size[0], (dtypes.dtype, type))):
        kind = dtype or size[0]
        return view_dtype(input, dtypes.PYTHON.get(kind, kind))
    wanted = infer_size(_size(size), input._aval.size)
    strides = view_strides(input._aval.shape, input.stride(), wanted)
    if strides is None:
        raise RuntimeError(
            "view size is not compatible with input tensor's size and stride (at least one dimension spans across two contiguous subspaces). Use .reshape(...) instead."
        )
    return apply_view(ops.view, input, (wanted,), (wanted, strides, input._offset))


def view_dtype(input: Tensor, dtype) -> Tensor:
    """The same bytes as another dtype."""
    if dtype is input.dtype:
        return alias(input)
    old, new = input.dtype.itemsize, dtype.itemsize
    shape, strides = list(input._aval.shape), list(input.stride())
    offset = input._offset * old // new
    if old != new:
        if not shape:
            raise RuntimeError(f"self.dim() cannot be 0 to view {input.dtype} as {dtype} (different element sizes)")
        if strides[-1] != 1:
            raise RuntimeError(
                f"self.stride(-1) must be 1 to view {input.dtype} as {dtype} (different element sizes), but got {strides[-1]}"
            )
        if shape[-1] * old % new:
            raise RuntimeError(
                f"self.size(-1) must be divisible by {new // old} to view {input.dtype} as {dtype} (different element sizes), but got {shape[-1]}"
            )
        shape[-1] = shape[-1] * old // new
        strides = [s * old // new for s in strides[:-1]] + [1]
    return apply_view(
        ops.view_dtype, input, (dtype.numpy,), (tuple(shape), tuple(strides), offset), differentiable=False
    )


def alias(input: Tensor) -> Tensor:
    """A view of the whole tensor."""
    return apply_view(ops.alias, input, (), (input._aval.shape, input.stride(), input._offset))


def reshape(input: Tensor, *shape, **kwargs) -> Tensor:
    """Another shape: a view where strides allow it, else a copy."""
    if input._aval.layout is not strided:
        raise RuntimeError("reshape is not implemented for sparse tensors; convert with .to_dense()")
    wanted = infer_size(_size(shape or (kwargs["shape"],), "shape"), input._aval.size)
    if wanted == input._aval.shape:
        strides = input.stride()
    else:
        strides = view_strides(input._aval.shape, input.stride(), wanted)
    if strides is not None:
        return apply_view(ops.view, input, (wanted,), (wanted, strides, input._offset))
    copy = input.contiguous()
    return apply_view(
        ops.view,
        copy,
        (wanted,),
        (wanted, view_strides(copy._aval.shape, copy.stride(), wanted), 0),
        label="UnsafeView",
    )


def reshape_as(input: Tensor, other: Tensor) -> Tensor:
    return reshape(input, other._aval.shape)


def view_as(input: Tensor, other: Tensor) -> Tensor:
    return view(input, other._aval.shape)


def flatten(input: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """Dimensions start_dim to end_dim joined into one."""
    shape = input._aval.shape
    start, end = wrap_dim(start_dim, len(shape)), wrap_dim(end_dim, len(shape))
    if start > end:
        raise RuntimeError("flatten() has invalid args: start_dim cannot come after end_dim")
    if not shape:
        return reshape(input, 1)
    if start == end:
        return input
    return reshape(input, (*shape[:start], math.prod(shape[start : end + 1]), *shape[end + 1 :]))


def unflatten(input: Tensor, dim: int, sizes) -> Tensor:
    """One dimension split into several."""
    shape = input._aval.shape
    dim = wrap_dim(dim, len(shape))
    sizes = tuple(sizes)
    if not sizes:
        raise RuntimeError("unflatten: sizes must be non-empty")
    if sizes.count(-1) <= 1:
        known = math.prod(n for n in sizes if n != -1)
        if known != shape[dim] if -1 not in sizes else known == 0 or shape[dim] % known:
            raise RuntimeError(
                f"unflatten: Provided sizes {list(sizes)} don't multiply up to the size of dim {dim} ({shape[dim]}) in the input tensor"
            )
    return view(input, (*shape[:dim], *infer_size(sizes, shape[dim]), *shape[dim + 1 :]))


def ravel(input: Tensor) -> Tensor:
    return input.contiguous().view(-1) if not input.is_contiguous() else reshape(input, -1)


def permute(input: Tensor, *dims, **kwargs) -> Tensor:
    """Dimensions in the given order."""
    dims = _size(dims or (kwargs["dims"],), "dims")
    ndim = len(input._aval.shape)
    if len(dims) != ndim:
        raise RuntimeError(
            f"permute(sparse_coo): number of dimensions in the tensor input does not match the length of the desired ordering of dimensions i.e. input.dim() = {ndim} is not equal to len(dims) = {len(dims)}"
        )
    order = tuple(wrap_dim(d, ndim) for d in dims)
    if len(set(order)) != ndim:
        raise RuntimeError("permute(): duplicate dims are not allowed.")
    return _permuted(input, order, "Permute")


def _permuted(input, order, label):
    shape, strides = input._aval.shape, input.stride()
    geometry = tuple(shape[d] for d in order), tuple(strides[d] for d in order), input._offset
    return apply_view(ops.permute, input, (order,), geometry, label=label)


def transpose(input: Tensor, dim0: int, dim1: int) -> Tensor:
    """Two dimensions exchanged."""
    ndim = len(input._aval.shape)
    a, b = wrap_dim(dim0, ndim), wrap_dim(dim1, ndim)
    if not ndim:
        return alias(input)
    order = list(range(ndim))
    order[a], order[b] = order[b], order[a]
    return _permuted(input, tuple(order), "Transpose")


swapaxes, swapdims = also_called(axis0="dim0", axis1="dim1")(transpose), transpose


def t(input: Tensor) -> Tensor:
    """The transpose of a tensor of at most two dimensions."""
    ndim = len(input._aval.shape)
    if ndim > 2:
        raise RuntimeError(f"t() expects a tensor with <= 2 dimensions, but self is {ndim}D")
    return _permuted(input, tuple(reversed(range(ndim))), "T")


def numpy_T(input: Tensor) -> Tensor:
    ndim = len(input._aval.shape)
    if ndim not in (0, 2):
        import warnings

        warnings.warn(
            "The use of `x.T` on tensors of dimension other than 2 to reverse their shape is deprecated and it will throw an error in a future release. "
            "Consider `x.mT` to transpose batches of matrices or `x.permute(*torch.arange(x.ndim - 1, -1, -1))` to reverse the dimensions of a tensor.",
            UserWarning,
            stacklevel=2,
        )
    return _permuted(input, tuple(reversed(range(ndim))), "Permute")


def mT(input: Tensor) -> Tensor:
    if len(input._aval.shape) < 2:
        raise RuntimeError(
            f"tensor.mT is only supported on matrices or batches of matrices. Got {len(input._aval.shape)}-D tensor."
        )
    return transpose(input, -2, -1)


def mH(input: Tensor) -> Tensor:
    if len(input._aval.shape) < 2:
        raise RuntimeError(
            f"tensor.mH is only supported on matrices or batches of matrices. Got {len(input._aval.shape)}-D tensor."
        )
    return adjoint(input)


def H(input: Tensor) -> Tensor:
    if len(input._aval.shape) not in (0, 2):
        raise RuntimeError(
            f"tensor.H is only supported on matrices (2-D tensors). Got {len(input._aval.shape)}-D tensor."
        )
    return input if not input._aval.shape else adjoint(input)


def adjoint(input: Tensor) -> Tensor:
    """Conjugate transpose of the last two dimensions."""
    flipped = transpose(input, -2, -1)
    return flipped.conj() if input.is_complex() else flipped


def movedim(input: Tensor, source, destination) -> Tensor:
    """Dimensions moved to new places, the others in their order."""
    ndim = len(input._aval.shape)
    source, destination = ([d] if isinstance(d, int) else list(d) for d in (source, destination))
    if len(source) != len(destination):
        raise RuntimeError(
            f"movedim: Invalid source or destination dims: source ({source} dims) should contain the same number of dims as destination ({destination} dims)"
        )
    given = {"source": source, "destination": destination}
    source, destination = ([wrap_dim(d, ndim) for d in dims] for dims in given.values())
    for name, dims in (("source", source), ("destination", destination)):
        if len(set(dims)) != len(dims):
            raise RuntimeError(f"movedim: repeated dim in `{name}` ({given[name]})")
    rest = iter(d for d in range(ndim) if d not in source)
    place = dict(zip(destination, source, strict=True))
    return _permuted(input, tuple(place[d] if d in place else next(rest) for d in range(ndim)), "Permute")


moveaxis = movedim


def squeeze(input: Tensor, dim=None) -> Tensor:
    """Dimensions of size 1 dropped: all of them, or those named."""
    shape, strides = input._aval.shape, input.stride()
    if dim is None:
        chosen = set(range(len(shape)))
    else:
        dims = dim if isinstance(dim, (tuple, list)) else (dim,)
        chosen = {wrap_dim(d, len(shape)) for d in dims}
        if len(chosen) != len(dims):
            raise RuntimeError(f"dim {dims[-1]} appears multiple times in the list of dims")
    kept = [d for d in range(len(shape)) if shape[d] != 1 or d not in chosen]
    size = tuple(shape[d] for d in kept)
    label = (
        "SqueezeBackward0"
        if dim is None
        else "SqueezeBackward2"
        if isinstance(dim, (tuple, list))
        else "SqueezeBackward1"
    )
    return apply_view(ops.view, input, (size,), (size, tuple(strides[d] for d in kept), input._offset), label=label)


def unsqueeze(input: Tensor, dim: int) -> Tensor:
    """A new dimension of size 1."""
    shape, strides = input._aval.shape, input.stride()
    dim = wrap_dim(dim, len(shape) + 1)
    step = shape[dim] * strides[dim] if dim < len(shape) else 1
    size = (*shape[:dim], 1, *shape[dim:])
    return apply_view(
        ops.view, input, (size,), (size, (*strides[:dim], step, *strides[dim:]), input._offset), label="Unsqueeze"
    )


def expand(input: Tensor, *size, implicit=False, **kwargs) -> Tensor:
    """Dimensions of size 1 repeated without a copy (stride 0); -1 keeps a size."""
    wanted = _size(size or (kwargs["size"],))
    shape, strides = input._aval.shape, input.stride()
    missing = len(wanted) - len(shape)
    if missing < 0:
        raise RuntimeError(
            f"expand({_type(input)}{{{list(shape)}}}, size={list(wanted)}): the number of sizes provided ({len(wanted)}) must be greater or equal to the number of dimensions in the tensor ({len(shape)})"
        )
    result, steps = [], []
    for i, n in enumerate(wanted):
        if i < missing:
            if n < 0:
                raise RuntimeError(
                    f"The expanded size of the tensor ({n}) isn't allowed in a leading, non-existing dimension {i}"
                )
            result.append(n), steps.append(0)
            continue
        have = shape[i - missing]
        n = have if n == -1 else n
        if n != have and have != 1:
            raise RuntimeError(
                f"The expanded size of the tensor ({n}) must match the existing size ({have}) at non-singleton dimension {i}.  Target sizes: {list(wanted)}.  Tensor sizes: {list(shape)}"
            )
        result.append(n), steps.append(strides[i - missing] if n == have else 0)
    return apply_view(ops.expand, input, (tuple(result),), (tuple(result), tuple(steps), input._offset))


def _type(input):
    return f"torch.{input.dtype.tensor_type}"


def expand_as(input: Tensor, other: Tensor) -> Tensor:
    return expand(input, other._aval.shape)


broadcast_to = expand


def index_view(input: Tensor, plan, geometry, starts, label) -> Tensor:
    """Basic indexing by a plan of `ops.views.index_basic`."""
    return apply_view(ops.index_basic, input, (plan,), geometry, starts, label=label)


# Of so few pieces, such as the gates of an LSTM, the positions are part of the program, where XLA can fuse what is done
# with each. Past that, and of data such as an epoch's batches, the position is a number at run time, or every piece would
# be compiled on its own.
FEW_PIECES = 8


def _piece(input, dim, start, length, label, fixed) -> Tensor:
    """`length` positions of a dimension from `start`, or, if `length` is None, one of them without the dimension."""
    strides = input.stride()
    item = ("int",) if length is None else ("slice", length, 1)
    plan = tuple((*item, start if fixed else None) if d == dim else ("all",) for d in range(len(strides)))
    size, stride = list(input._aval.shape), list(strides)
    if length is None:
        del size[dim], stride[dim]
    else:
        size[dim] = length
    geometry = tuple(size), tuple(stride), input._offset + start * strides[dim]
    return apply_view(ops.index_basic, input, (plan,), geometry, () if fixed else (start,), label=label)


def select(input: Tensor, dim: int, index: int) -> Tensor:
    """One position of a dimension, which is dropped."""
    shape = input._aval.shape
    if not shape:
        raise IndexError("select() cannot be applied to a 0-dim tensor.")
    dim, index = wrap_dim(dim, len(shape)), index.__index__()
    if not -shape[dim] <= index < shape[dim]:
        raise IndexError(f"select(): index {index} out of range for tensor of size {list(shape)} at dimension {dim}")
    start = index % shape[dim]
    strides = input.stride()
    plan = tuple(("int", None) if d == dim else ("all",) for d in range(len(shape)))
    size = tuple(n for d, n in enumerate(shape) if d != dim)
    stride = tuple(s for d, s in enumerate(strides) if d != dim)
    return apply_view(
        ops.index_basic, input, (plan,), (size, stride, input._offset + start * strides[dim]), (start,), label="Select"
    )


def narrow(input: Tensor, dim: int, start, length: int) -> Tensor:
    """`length` positions of a dimension from `start`."""
    shape = input._aval.shape
    if not shape:
        raise RuntimeError("narrow() cannot be applied to a 0-dim tensor.")
    if isinstance(start, Tensor) and (start._aval.shape or start._aval.dtype.priority != 1):
        raise RuntimeError("start must be an 0-dim integral Tensor.")
    dim, start, length = wrap_dim(dim, len(shape)), start.__index__(), length.__index__()
    if length < 0:
        raise RuntimeError("narrow(): length must be non-negative.")
    if not -shape[dim] <= start <= shape[dim]:
        raise IndexError(
            f"start out of range (expected to be in range of [{-shape[dim]}, {shape[dim]}], but got {start})"
        )
    start = start + shape[dim] if start < 0 else start
    if start + length > shape[dim]:
        raise RuntimeError(f"start ({start}) + length ({length}) exceeds dimension size ({shape[dim]}).")
    strides = input.stride()
    plan = tuple(("slice", length, 1, None) if d == dim else ("all",) for d in range(len(shape)))
    size = tuple(length if d == dim else n for d, n in enumerate(shape))
    return apply_view(
        ops.index_basic, input, (plan,), (size, strides, input._offset + start * strides[dim]), (start,), label="Slice"
    )


def _pieces(input, dim, bounds, label, name) -> tuple:
    """The pieces with the given (start, length) along a dimension."""
    value = input._storage.value
    data = value.__class__ is engine.Value and value.array is not None and not input.requires_grad
    fixed = len(bounds) <= FEW_PIECES and not data
    return _family([_piece(input, dim, start, length, label, fixed) for start, length in bounds], name)


def _family(views, name):
    """Views made together: torch refuses in-place writes to any of them while they have history."""
    for view in views:
        view._multi_view = name
    return tuple(views)


@also_called(split_size="split_size_or_sections")
def split(tensor: Tensor, split_size_or_sections, dim: int = 0) -> tuple:
    """Consecutive pieces of one size (the last may be smaller) or of the given sizes."""
    shape = tensor._aval.shape
    if not shape:
        raise RuntimeError("split expects at least a 1-dimensional tensor")
    dim = wrap_dim(dim, len(shape))
    n = shape[dim]
    if isinstance(split_size_or_sections, (list, tuple)):
        return split_with_sizes(tensor, split_size_or_sections, dim)
    size = split_size_or_sections.__index__()
    if size < 0:
        raise RuntimeError(f"split expects split_size be non-negative, but got split_size={size}")
    if size == 0 and n:
        raise RuntimeError("split_size can only be 0 if dimension size is 0, but got dimension size of " + str(n))
    count = max(-(-n // size), 1) if size else 1
    return _pieces(tensor, dim, [(i * size, min(size, n - i * size)) for i in range(count)], "Split", "Split")


def split_with_sizes(input: Tensor, split_sizes, dim: int = 0) -> tuple:
    """Consecutive pieces of the given sizes, which together are the dimension's."""
    dim = wrap_dim(dim, len(input._aval.shape))
    n, sizes = input._aval.shape[dim], [s.__index__() for s in split_sizes]
    if any(s < 0 for s in sizes):
        raise RuntimeError(
            f"split_with_sizes expects split_sizes have only non-negative entries, but got split_sizes={sizes}"
        )
    if sum(sizes) != n:
        raise RuntimeError(
            f"split_with_sizes expects split_sizes to sum exactly to {n} (input tensor's size at dimension {dim}), but got split_sizes={sizes}"
        )
    starts = [sum(sizes[:i]) for i in range(len(sizes))]
    return _pieces(input, dim, list(zip(starts, sizes, strict=True)), "SplitWithSizes", "SplitWithSizes")


def chunk(input: Tensor, chunks: int, dim: int = 0) -> tuple:
    """At most `chunks` consecutive pieces of equal size (the last may be smaller)."""
    if not input._aval.shape:
        raise RuntimeError("chunk expects at least a 1-dimensional tensor")
    if chunks <= 0:
        raise RuntimeError(f"chunk expects `chunks` to be greater than 0, got: {chunks}")
    dim = wrap_dim(dim, len(input._aval.shape))
    n = input._aval.shape[dim]
    size = -(-n // chunks)
    if size == 0:
        return split_with_sizes(input, [0] * chunks, dim)
    return split(input, size, dim)


_positions = also_called(
    sections="indices_or_sections", indices="indices_or_sections", tensor_indices_or_sections="indices_or_sections"
)


@_positions
def tensor_split(input: Tensor, indices_or_sections, dim: int = 0) -> tuple:
    """Pieces at the given positions, or a number of nearly equal pieces."""
    if not input._aval.shape:
        raise RuntimeError("tensor_split expected at least a 1-dimensional tensor, but got a tensor with 0 dims")
    dim = wrap_dim(dim, len(input._aval.shape))
    n = input._aval.shape[dim]
    if isinstance(indices_or_sections, Tensor):
        indices_or_sections = indices_or_sections.tolist()
    if isinstance(indices_or_sections, int):
        if indices_or_sections <= 0:
            raise RuntimeError(f"number of sections must be larger than 0, got {indices_or_sections}")
        size, extra = divmod(n, indices_or_sections)
        ends = [(i + 1) * size + min(i + 1, extra) for i in range(indices_or_sections - 1)]
    else:
        ends = [slice(0, e).indices(n)[1] for e in indices_or_sections]
    bounds = [0, *ends, n]
    pieces = [(min(a, n), max(b - a, 0)) for a, b in zip(bounds, bounds[1:], strict=False)]
    return _pieces(input, dim, pieces, "Slice", "TensorSplit")


@_positions
def hsplit(input: Tensor, indices_or_sections) -> tuple:
    """Pieces along the second dimension (the first of a 1-D tensor)."""
    if not input._aval.shape:
        raise RuntimeError(
            "torch.hsplit requires a tensor with at least 1 dimension, but got a tensor with 0 dimensions!"
        )
    return _sectioned(input, indices_or_sections, 0 if len(input._aval.shape) == 1 else 1, "hsplit")


@_positions
def vsplit(input: Tensor, indices_or_sections) -> tuple:
    """Pieces along the first dimension."""
    if len(input._aval.shape) < 2:
        raise RuntimeError(
            f"torch.vsplit requires a tensor with at least 2 dimension, but got a tensor with {len(input._aval.shape)} dimensions!"
        )
    return _sectioned(input, indices_or_sections, 0, "vsplit")


@_positions
def dsplit(input: Tensor, indices_or_sections) -> tuple:
    """Pieces along the third dimension."""
    if len(input._aval.shape) < 3:
        raise RuntimeError(
            f"torch.dsplit requires a tensor with at least 3 dimension, but got a tensor with {len(input._aval.shape)} dimensions!"
        )
    return _sectioned(input, indices_or_sections, 2, "dsplit")


def _sectioned(input, sections, dim, name):
    if not isinstance(sections, (int, list, tuple)):
        raise no_overload(
            name, (input, sections), ("Tensor input, int sections", "Tensor input, tuple of ints indices")
        )
    n = input._aval.shape[dim]
    if isinstance(sections, int) and (sections == 0 or n % sections):
        raise RuntimeError(
            f"torch.{name} attempted to split along dimension {dim}, but the size of the dimension {n} is not divisible by the split_size {sections}!"
        )
    return tensor_split(input, sections, dim)


def unbind(input: Tensor, dim: int = 0) -> tuple:
    """Every position of a dimension, which is dropped."""
    shape = input._aval.shape
    if not shape:
        raise IndexError("Dimension specified as 0 but tensor has no dimensions")
    dim = wrap_dim(dim, len(shape))
    # Positions are numbers at run time: `for row in x` compiles one program, however many rows there are.
    return _family([_piece(input, dim, i, None, "Unbind", fixed=False) for i in range(shape[dim])], "Unbind")


def diagonal(input: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    """The diagonal of two dimensions, as the last dimension."""
    shape, strides = input._aval.shape, input.stride()
    a, b = wrap_dim(dim1, len(shape)), wrap_dim(dim2, len(shape))
    if a == b:
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    length = max(min(shape[a], shape[b] - offset) if offset >= 0 else min(shape[a] + offset, shape[b]), 0)
    start = (offset * strides[b] if offset >= 0 else -offset * strides[a]) if length else 0
    rest = [d for d in range(len(shape)) if d not in (a, b)]
    geometry = (
        (*(shape[d] for d in rest), length),
        (*(strides[d] for d in rest), strides[a] + strides[b]),
        input._offset + start,
    )
    return apply_view(ops.diagonal, input, (offset, a, b), geometry)


def unfold(input: Tensor, dimension: int, size: int, step: int) -> Tensor:
    """Windows of `size` every `step` positions of a dimension, as a new last dimension."""
    shape, strides = input._aval.shape, input.stride()
    dim = wrap_dim(dimension, len(shape))
    n = shape[dim] if shape else 1
    if size > n:
        raise RuntimeError(f"maximum size for tensor at dimension {dim} is {n} but size is {size}")
    if step <= 0:
        raise RuntimeError(f"step is {step} but must be > 0")
    if not shape:
        return apply_view(ops.unfold, input, (0, size, step), ((size,), (1,), input._offset))
    count = (n - size) // step + 1
    geometry = (
        (*shape[:dim], count, *shape[dim + 1 :], size),
        (*strides[:dim], strides[dim] * step, *strides[dim + 1 :], strides[dim]),
        input._offset,
    )
    return apply_view(ops.unfold, input, (dim, size, step), geometry)


def as_strided(input: Tensor, size, stride, storage_offset=None) -> Tensor:
    """Any size and strides over the storage of a tensor."""
    size, stride = _size((size,)), _size((stride,), "stride")
    offset = input._offset if storage_offset is None else storage_offset
    if len(size) != len(stride):
        raise RuntimeError(f"mismatch in length of strides and shape: {len(stride)} != {len(size)}")
    if any(s < 0 for s in stride):
        raise RuntimeError(f"as_strided: Negative strides are not supported at the moment, got strides: {list(stride)}")
    base = _memory(input)
    extent = base._aval.size
    reach = offset + sum((n - 1) * s for n, s in zip(size, stride, strict=True)) + 1 if all(size) else 0
    if reach > extent:
        itemsize = input._aval.dtype.itemsize
        raise RuntimeError(
            f"setStorage: sizes {list(size)}, strides {list(stride)}, storage offset {offset}, and itemsize {itemsize} requiring a storage size of {reach * itemsize} are out of bounds for storage of size {extent * itemsize}"
        )
    strides = base.stride()
    order = tuple(sorted(range(len(strides)), key=lambda d: -strides[d]))
    view = apply_view(ops.as_strided, base, (size, stride, offset, order), (size, stride, offset))
    if input.requires_grad and not base.requires_grad and is_grad_enabled():
        # The history is that of a tensor which is itself a part of the storage.
        geometry = (extent, size, stride, offset, input.stride(), input._offset)
        adopt_history(view, apply(ops.as_strided_again, (input, *geometry))[0])
    return view


def _memory(input: Tensor) -> Tensor:
    """The whole storage, as elements of the input's dtype."""
    base = _storage_tensor(input)
    if base.dtype is input.dtype:
        return base
    flat = as_strided(base, (base._aval.size,), (1,), 0)
    if base.is_complex() and not input.is_complex():
        flat = view(view_as_real(flat), -1)
    elif input.is_complex() and not base.is_complex():
        return view_as_complex(view(flat, -1, 2))
    return view_dtype(flat, input.dtype)


def _storage_tensor(input: Tensor) -> Tensor:
    """The tensor of the whole storage: the base of a view, with its history."""
    if input._chain is None:
        return input
    if input._base is not None and input._base._chain is None:
        return input._base
    from ..tensor import _new

    whole = _new(Tensor)
    whole._storage, whole._counter, whole._aval = input._storage, input._counter, input._storage.value.aval
    if input._storage.strides is not None:
        whole._strides = input._storage.strides
    return whole


def view_as_real(input: Tensor) -> Tensor:
    """A complex tensor as a real one with a last dimension of size 2."""
    if not input.is_complex():
        raise RuntimeError("view_as_real is only supported for complex tensors")
    geometry = (*input._aval.shape, 2), (*(s * 2 for s in input.stride()), 1), input._offset * 2
    return apply_view(ops.view_as_real, input, (), geometry)


def view_as_complex(input: Tensor) -> Tensor:
    """A real tensor whose last dimension has size 2 as a complex one."""
    if not input.is_floating_point():
        raise RuntimeError(
            f"view_as_complex is only supported for half, float and double tensors, but got a tensor of scalar type: {input.dtype}"
        )
    if not input._aval.shape or input._aval.shape[-1] != 2:
        raise RuntimeError("Tensor must have a last dimension of size 2")
    if input.stride()[-1] != 1:
        raise RuntimeError("Tensor must have a last dimension with stride 1")
    geometry = input._aval.shape[:-1], tuple(s // 2 for s in input.stride()[:-1]), input._offset // 2
    return apply_view(ops.view_as_complex, input, (), geometry)


def real(input: Tensor) -> Tensor:
    """The real part: a view of a complex tensor, a real tensor itself."""
    if not input.is_complex():
        return input
    return apply_view(
        ops.real,
        input,
        (),
        (input._aval.shape, tuple(s * 2 for s in input.stride()), input._offset * 2),
        label="Select",
    )


def imag(input: Tensor) -> Tensor:
    """The imaginary part of a complex tensor, as a view."""
    if not input.is_complex():
        raise RuntimeError("imag is not implemented for tensors with non-complex dtypes.")
    return apply_view(
        ops.imag,
        input,
        (),
        (input._aval.shape, tuple(s * 2 for s in input.stride()), input._offset * 2 + 1),
        label="Select",
    )


def sum_to_size(input: Tensor, *size) -> Tensor:
    """The sum over the dimensions along which `size` would be broadcast to the input's shape."""
    wanted = _size(size)
    shape = input._aval.shape
    extra = len(shape) - len(wanted)
    if extra < 0 or any(n not in (1, m) for n, m in zip(wanted, shape[max(extra, 0) :], strict=True)):
        raise RuntimeError(f"size {{{list(wanted)}}} is not expandable to size {{{list(shape)}}}.")
    if not wanted:
        return input.sum()
    dims = [*range(extra), *(extra + i for i, n in enumerate(wanted) if n == 1 and shape[extra + i] != 1)]
    summed = input.sum(dims, keepdim=True) if dims else input
    return view(summed, wanted) if extra else summed
