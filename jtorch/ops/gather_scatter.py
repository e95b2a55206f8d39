"""Reading and writing at positions that a tensor gives: gather and scatter, index_*, masked_*, take and put."""

import functools

import jax
import jax.numpy as jnp
from jax import lax

from .kinds import as_number, is_bool, is_exact, is_half, scalar_name, widened
from .registry import Array, Dim, Number, Operand, op

EVERYWHERE = "function method inplace out"


def outside(index, size: int, *, wraps: bool = False):
    """Where an index points past the end (or before the start)."""
    return (index >= size) | (index < (-size if wraps else 0))


def index_error(shape, dim, index, error=RuntimeError, *, name: str = ""):
    """The value check of an index along one dimension of an operand of this shape, in torch's words."""
    size = shape[dim] if shape else 1

    def message():
        first = index[outside(index, size)].flat[0]
        return f"{name}index {first} is out of bounds for dimension {dim} with size {size}"

    return outside(index, size).any(), error, message


def _require_index(name: str, index, words: str = "int32/int64") -> None:
    if index.dtype not in (jnp.int32, jnp.int64) and index.size:
        raise RuntimeError(f"{name}(): Expected dtype {words} for index")


def _lined_up(x):
    """A 0-dim array as one with one element; positions along "dimension 0" then mean something."""
    return x.reshape(1) if x.ndim == 0 else x


def _corner(x, shape):
    """The part of `x` that an index of this shape can address in the other dimensions."""
    return x[tuple(slice(0, size) for size in shape)] if x.shape != tuple(shape) else x


def _positions(index, dim: int):
    """Index arrays for `x.at[...]` that address `index` along `dim` and every place itself along the others."""
    return tuple(index if d == dim else lax.broadcasted_iota(index.dtype, index.shape, d) for d in range(index.ndim))


# --- gather and scatter --------------------------------------------------------------------------------------------


def take_along(input, dim: int, index):
    """`input` at `index` along `dim`; the index may be smaller in the other dimensions."""
    x, at = _lined_up(input), _lined_up(index)
    kept = tuple(x.shape[d] if d == dim else at.shape[d] for d in range(x.ndim))
    return jnp.take_along_axis(_corner(x, kept), at, axis=dim, mode="clip").reshape(index.shape)


@op(promote="none", variants="function method out")
def gather(input: Array, dim: Dim, index: Array, *, sparse_grad=False):
    """out[i][j] = input[index[i][j]][j] for dim 0, and so on. The gradient is dense, with `sparse_grad` too."""
    _require_index("gather", index)
    if index.size == 0:
        return jnp.zeros(index.shape, input.dtype)
    if max(index.ndim, 1) != max(input.ndim, 1):
        raise RuntimeError("Index tensor must have the same number of dimensions as input tensor")
    x, at = _lined_up(input), _lined_up(index)
    for d in range(x.ndim):
        if d != dim and at.shape[d] > x.shape[d]:
            raise RuntimeError(
                f"Size does not match at dimension {d} expected index {list(index.shape)} to be no larger than self "
                f"{list(input.shape)} apart from dimension {dim}"
            )
    return take_along(input, dim, index)


@gather.check
def gather_check(xp, *, input_shape, dim, index):
    return index_error(input_shape, dim, index)


def _check_scatter(input, dim, index, src=None, name="scatter") -> None:
    _require_index(name, index)
    if src is not None and src.dtype != input.dtype:
        raise RuntimeError(f"{name}(): Expected self.dtype to be equal to src.dtype")
    if index.size == 0:
        return
    for other, title in ((input, "self"), (src, "src")):
        if other is not None and max(other.ndim, 1) != max(index.ndim, 1):
            raise RuntimeError(f"Index tensor must have the same number of dimensions as {title} tensor")
    x, at = _lined_up(input), _lined_up(index)
    fits = all(at.shape[d] <= x.shape[d] for d in range(x.ndim) if d != dim)
    if src is None:
        if not fits:
            raise RuntimeError(
                f"Expected index {list(index.shape)} to be no larger than self {list(input.shape)} "
                f"apart from dimension {dim}"
            )
    elif not fits or any(n > m for n, m in zip(at.shape, _lined_up(src).shape, strict=True)):
        raise RuntimeError(
            f"Expected index {list(index.shape)} to be no larger than self {list(input.shape)} apart from dimension "
            f"{dim} and to be no larger size than src {list(src.shape)}"
        )


# What adding and multiplying bool means, which XLA's scatter does not do.
_FOR_BOOL = {"add": "max", "multiply": "min"}


def write(place, how: str, values):
    """`values` written, added, ... at `place` (an `x.at[...]`); what lies outside is dropped."""
    if is_bool(values):
        how = _FOR_BOOL.get(how, how)
    return getattr(place, how)(values, mode="drop")


def put_along(how: str, input, dim: int, index, src):
    """`input` with `src` (an array or a 0-dim value) written, added, ... at `index` along `dim`."""
    if index.size == 0:
        return input
    x, at = _lined_up(input), _lined_up(index)
    value = src if src.ndim == 0 and index.ndim else _corner(_lined_up(src), at.shape)
    return write(x.at[_positions(at, dim)], how, value).reshape(input.shape)


def _zero_at(grad, dim, index):
    return put_along("set", grad, dim, index, jnp.zeros((), grad.dtype))


def _padded(x, shape):
    """A gradient of the addressed corner, 0 elsewhere."""
    return jnp.pad(x, [(0, size - n) for n, size in zip(x.shape, shape, strict=True)])


def _source_grad(grad, dim, index, shape):
    """The gradient at the written places; where several wrote to one place each receives it, as in torch."""
    if index.size == 0:
        return jnp.zeros(shape, grad.dtype)
    return _padded(_lined_up(take_along(grad, dim, index)), shape or (1,)).reshape(shape)


@op("src.scatter", promote="none", variants="", node="Scatter")
def scatter_src(input: Array, dim: Dim, index: Array, src: Array):
    """`input` with the elements of `src` written at `index` along `dim`; the last of several wins."""
    _check_scatter(input, dim, index, src)
    return put_along("set", input, dim, index, src)


@scatter_src.backward
def scatter_src_backward(grad, dim, index, src_shape):
    return _zero_at(grad, dim, index), None, _source_grad(grad, dim, index, src_shape)


@op("value.scatter", promote="none", variants="", node="Scatter")
def scatter_value(input: Array, dim: Dim, index: Array, value: Number):
    """`input` with one value written at `index` along `dim`."""
    _check_scatter(input, dim, index)
    return put_along("set", input, dim, index, as_number(value, input.dtype))


@scatter_value.backward
def scatter_value_backward(grad, dim, index):
    return _zero_at(grad, dim, index), None


def _combiner(reduce: str) -> str:
    if reduce not in ("add", "multiply"):
        raise RuntimeError("reduce argument must be either add or multiply.")
    return reduce


@op("src_reduce.scatter", promote="none", variants="", node="NotImplemented", differentiable=False)
def scatter_src_reduce(input: Array, dim: Dim, index: Array, src: Array, *, reduce):
    """`input` with the elements of `src` added or multiplied in at `index`; no gradient."""
    _check_scatter(input, dim, index, src)
    return put_along(_combiner(reduce), input, dim, index, src)


@op("value_reduce.scatter", promote="none", variants="", node="NotImplemented", differentiable=False)
def scatter_value_reduce(input: Array, dim: Dim, index: Array, value: Number, *, reduce):
    """`input` with one value added or multiplied in at `index`; no gradient."""
    _check_scatter(input, dim, index)
    return put_along(_combiner(reduce), input, dim, index, as_number(value, input.dtype))


@op(promote="none", variants=EVERYWHERE)
def scatter_add(input: Array, dim: Dim, index: Array, src: Array):
    """`input` with the elements of `src` added at `index` along `dim`."""
    _check_scatter(input, dim, index, src)
    return put_along("add", input, dim, index, src)


@scatter_add.backward
def scatter_add_backward(grad, dim, index, src_shape):
    return grad, None, _source_grad(grad, dim, index, src_shape)


_REDUCTIONS = {"sum": "add", "prod": "multiply", "mean": "add", "amax": "max", "amin": "min"}


def _identity(reduce: str, dtype):
    """The value that leaves the others unchanged."""
    if reduce in ("sum", "mean"):
        return jnp.zeros((), dtype)
    if reduce == "prod":
        return jnp.ones((), dtype)
    if dtype == jnp.bool_:
        return jnp.asarray(reduce == "amin")
    if jnp.issubdtype(dtype, jnp.integer):
        limits = jnp.iinfo(dtype)
        return jnp.asarray(limits.min if reduce == "amax" else limits.max, dtype)
    return jnp.asarray(-jnp.inf if reduce == "amax" else jnp.inf, dtype)


def _mean_of(total, count):
    if is_exact(total):
        return jnp.floor_divide(total, count.astype(total.dtype))
    return total / count.astype(total.dtype)


def _put(kind: str, how: str, base, dim: int, index, values):
    """Write, add, ... at single elements (kind "scatter") or at whole slices along `dim` (kind "slice")."""
    places = _positions(index, dim) if kind == "scatter" else _line(dim, index)
    return write(base.at[places], how, values)


def _take(kind: str, x, dim: int, index):
    if kind == "scatter":
        return take_along(x, dim, index)
    return jnp.take(x, index, axis=dim, mode="clip")


@functools.partial(jax.custom_jvp, nondiff_argnums=(0, 1))
def _multiplied(kind, dim, base, index, source):
    """`base` times what `source` puts at the same places. JAX has no derivative of this scatter."""
    return _put(kind, "multiply", base, dim, index, source)


@_multiplied.defjvp
def _multiplied_jvp(kind, dim, primals, tangents):
    (base, index, source), (base_slope, _, source_slope) = primals, tangents
    result = _multiplied(kind, dim, base, index, source)
    others = _without_each(kind, dim, base, index, source, result)
    through_base = base_slope * _multiplied(kind, dim, jnp.ones_like(base), index, source)
    return result, through_base + _put(kind, "add", jnp.zeros_like(base), dim, index, source_slope * others)


def _without_each(kind, dim, base, index, source, result):
    """For each element of `source` the product of all else at its place; a single zero there receives the others."""
    zero = source == 0
    count = _put(kind, "add", jnp.zeros(base.shape, base.dtype), dim, index, zero.astype(base.dtype))
    single = zero & (_take(kind, count, dim, index) == 1)
    others = _multiplied(kind, dim, base, index, jnp.where(single, 1, source))
    divided = _take(kind, result, dim, index) / jnp.where(zero, 1, source)
    return jnp.where(single, _take(kind, others, dim, index), divided)


def _reduced(kind, reduce: str, input, dim, index, source, include_self: bool):
    """`input` with `source` reduced in."""
    base = input
    if not include_self:
        touched = _put(kind, "set", jnp.zeros(input.shape, bool), dim, index, jnp.ones(source.shape, bool))
        base = jnp.where(touched, _identity(reduce, input.dtype), input)
    if reduce == "prod" and not is_exact(base):
        return _multiplied(kind, dim, base, index, source)
    result = _put(kind, _REDUCTIONS[reduce], base, dim, index, source)
    if reduce == "mean":
        ones = jnp.ones(source.shape, jnp.int64)
        count = _put(kind, "add", jnp.full(input.shape, int(include_self), jnp.int64), dim, index, ones)
        result = _mean_of(result, jnp.maximum(count, 1))
    return result


def _reduced_backward(kind, reduce, grad, input, dim, index, source, include_self, result):
    """Gradients of `_reduced`; equal extremes share, a single zero in a product receives the product of the others."""
    at = (dim, index)
    half = is_half(input)
    grad, input, source, result = map(widened, (grad, input, source, result))
    if half and reduce == "prod":  # which the slope divides by a factor
        result = _reduced(kind, reduce, input, *at, source, include_self)
    if reduce == "sum":
        to_self, to_source = grad, _take(kind, grad, *at)
    elif reduce == "mean":
        ones = jnp.ones(source.shape, grad.dtype)
        count = _put(kind, "add", jnp.full(input.shape, int(include_self), grad.dtype), *at, ones)
        share = grad / jnp.maximum(count, 1)
        to_self, to_source = share, _take(kind, share, *at)
    elif reduce == "prod":
        safe_self = jnp.where(input == 0, 1, input)
        to_self = grad * _reduced(kind, reduce, safe_self, *at, source, include_self) / safe_self
        base = input if include_self else _reduced(kind, reduce, input, *at, jnp.ones_like(source), False)
        to_source = _take(kind, grad, *at) * _without_each(kind, dim, base, index, source, result)
    else:
        mine = (input == result).astype(grad.dtype)
        theirs = (source == _take(kind, result, *at)).astype(grad.dtype)
        share = grad / _put(kind, "add", mine, *at, theirs)
        to_self, to_source = mine * share, theirs * _take(kind, share, *at)
    if not include_self:
        to_self = _put(kind, "set", to_self, *at, jnp.zeros(source.shape, to_self.dtype))
    return to_self, to_source


@op(promote="none", variants=EVERYWHERE)
def scatter_reduce(input: Array, dim: Dim, index: Array, src: Array, reduce, *, include_self=True):
    """`input` with the elements of `src` reduced in at `index`: "sum", "prod", "mean", "amax" or "amin"."""
    if reduce not in _REDUCTIONS:
        raise RuntimeError(f"reduce argument must be either sum, prod, mean, amax or amin, got {reduce}")
    _check_scatter(input, dim, index, src)
    if index.size == 0:
        return input
    at = _lined_up(index)
    source = _corner(_lined_up(src), at.shape)
    return _reduced("scatter", reduce, _lined_up(input), dim, at, source, include_self).reshape(input.shape)


@scatter_reduce.backward
def scatter_reduce_backward(grad, input, dim, index, src, reduce, include_self, result):
    if index.size == 0:
        return grad, None, jnp.zeros(src.shape, grad.dtype)
    at = _lined_up(index)
    whole = _lined_up(src)
    arrays = _lined_up(grad), _lined_up(input), dim, at, _corner(whole, at.shape)
    to_self, to_source = _reduced_backward("scatter", reduce, *arrays, include_self, _lined_up(result))
    return to_self.reshape(input.shape), None, _padded(to_source, whole.shape).reshape(src.shape)


for scatter in (scatter_src, scatter_value, scatter_src_reduce, scatter_value_reduce, scatter_add, scatter_reduce):
    scatter.check(gather_check)


# --- index_* -------------------------------------------------------------------------------------------------------


def _line(dim: int, index):
    """Where a vector of indices along `dim` points."""
    return (slice(None),) * dim + (_lined_up(index),)


@op(promote="none", variants="function method out")
def index_select(input: Array, dim: Dim, index: Array):
    """The slices of `input` along `dim` that the vector `index` names."""
    if index.ndim > 1:
        raise IndexError("index_select(): Index is supposed to be a vector")
    if index.dtype not in (jnp.int32, jnp.int64):
        raise RuntimeError("index_select(): Expected dtype int32 or int64 for index")
    if input.ndim == 0:
        if index.size != 1:
            raise RuntimeError(f"index_select(): Index to scalar can have only 1 value, got {index.size} value(s)")
        return input
    return jnp.take(input, _lined_up(index), axis=dim, mode="clip")


@index_select.check
def index_select_check(xp, *, input_shape, dim, index):
    size = input_shape[dim] if input_shape else 1
    return outside(index, size).any(), IndexError, "index out of range in self"


@op(promote="none", variants=EVERYWHERE)
def index_add(input: Array, dim: Dim, index: Array, source: Array, *, alpha: Number = 1):
    """`input` with alpha * source added to the slices along `dim` that `index` names."""
    if index.ndim > 1:
        raise IndexError(
            f"index_add_(): Index is supposed to be a vector, but got dim: {index.ndim} with type: "
            f"{scalar_name(index)} and size: {list(index.shape)}"
        )
    if index.dtype not in (jnp.int32, jnp.int64):
        raise RuntimeError(f"index_add_(): Expected dtype int32/int64 for index but got: {scalar_name(index)}")
    if input.dtype != source.dtype:
        raise RuntimeError(
            f"index_add_(): self ({scalar_name(input)}) and source ({scalar_name(source)}) "
            "must have the same scalar type"
        )
    x, added = _lined_up(input), _lined_up(source)
    if source.ndim > 0 and index.size != added.shape[dim] or source.ndim == 0 and index.size != 1:
        raise RuntimeError(
            f"index_add_(): Number of indices ({index.size}) should be equal to source.size(dim): "
            f"({added.shape[min(dim, added.ndim - 1)]}), for dim: {dim}"
        )
    rest = [size for d, size in enumerate(added.shape) if d != dim]
    if rest != [size for d, size in enumerate(x.shape) if d != dim]:
        raise RuntimeError(
            "source tensor shape must match self tensor shape, excluding the specified dimension. "
            f"Got self.shape = {list(input.shape)} source.shape = {list(source.shape)}"
        )
    if not isinstance(alpha, int):
        factor = as_number(alpha, added.dtype)
        added = added & factor if is_bool(added) else added * factor
    return write(x.at[_line(dim, index)], "add", added).reshape(input.shape)


@index_add.check
def index_add_check(xp, *, input_shape, dim, index):
    return index_error(input_shape, dim, index)


@op(promote="none", variants=EVERYWHERE)
def index_copy(input: Array, dim: Dim, index: Array, source: Array):
    """`input` with the slices of `source` written to those along `dim` that `index` names."""
    if index.ndim > 1:
        raise IndexError(f"index_copy_(): Index should have dimension 1 or 0 (got {index.ndim})")
    if source.ndim == 0 and index.size != 1:
        raise IndexError(f"index_copy_(): When source is scalar, index should have one element (got {index.size})")
    if source.ndim != input.ndim and source.ndim != 0 and input.ndim != 0:
        raise IndexError(
            "index_copy_(): When source and destination are not scalars, their dimensionality must match. Source "
            f"dimensionality ({source.ndim}), destination dimensionality ({input.ndim})"
        )
    if index.dtype != jnp.int64:
        raise IndexError("index_copy_(): Expected a long tensor for index, but got " + scalar_name(index))
    if input.dtype != source.dtype:
        raise RuntimeError(
            "index_copy_(): self and source expected to have the same dtype, but got (self) "
            f"{scalar_name(input)} and (source) {scalar_name(source)}"
        )
    x, copied = _lined_up(input), _lined_up(source)
    to, of = (tuple(size for d, size in enumerate(a.shape) if d != dim) for a in (x, copied))
    if to != of:
        raise RuntimeError(
            "index_copy_(): Source/destination tensor must have same slice shapes. Destination slice shape: "
            f"{' '.join(map(str, to))} at dimension {dim} and source slice shape: {' '.join(map(str, of))} "
            "at dimension 0."
        )
    if index.size != copied.shape[dim]:
        raise IndexError(
            f"index_copy_(): Number of indices ({index.size}) should be equal to source.size(dim) ({copied.shape[dim]})"
        )
    return x.at[_line(dim, index)].set(copied, mode="drop").reshape(input.shape)


@index_copy.check
def index_copy_check(xp, *, input_shape, dim, index):
    return index_error(input_shape, dim, index, IndexError, name="index_copy_(): ")


@index_copy.backward
def index_copy_backward(grad, dim, index, source_shape):
    x = _lined_up(grad)
    kept = x.at[_line(dim, index)].set(0, mode="drop").reshape(grad.shape)
    return kept, None, jnp.take(x, _lined_up(index), axis=dim, mode="clip").reshape(source_shape)


def by_value(name: str):
    """Torch numbers the autograd nodes of overloads: 0 for a Python number as value, 1 for a tensor."""
    return lambda given: f"{name}Backward{int(given['value'] == 'array')}"


@op(promote="none", variants=EVERYWHERE, node=by_value("IndexFill"))
def index_fill(input: Array, dim: Dim, index: Array, value: Operand):
    """`input` with one value in the slices along `dim` that `index` names; negative indices count from the end."""
    if index.dtype != jnp.int64:
        raise IndexError("index_fill_(): Expected dtype int64 for index.")
    if index.ndim > 1:
        raise RuntimeError("Index has to be a vector/scalar")
    value = jnp.asarray(value)
    if value.ndim:
        raise RuntimeError(
            f"index_fill_ only supports a 0-dimensional value tensor, but got tensor with {value.ndim} dimension(s)."
        )
    x = _lined_up(input)
    touched = jnp.zeros(x.shape[dim], bool).at[_lined_up(index)].set(True, mode="drop")
    touched = touched.reshape([-1 if d == dim else 1 for d in range(x.ndim)])
    return jnp.where(touched, value.astype(input.dtype), x).reshape(input.shape)


@index_fill.check
def index_fill_check(xp, *, input_shape, dim, index):
    size = input_shape[dim] if input_shape else 1

    def message():
        first = index[outside(index, size, wraps=True)].flat[0]
        return f"index {first} is out of bounds for dimension {dim} with size {size}"

    return outside(index, size, wraps=True).any(), IndexError, message


@op(promote="none", variants=EVERYWHERE)
def index_reduce(input: Array, dim: Dim, index: Array, source: Array, reduce, *, include_self=True):
    """`input` with the slices of `source` reduced into those `index` names: "prod", "mean", "amax" or "amin"."""
    if reduce not in ("prod", "mean", "amax", "amin"):
        raise RuntimeError(f"reduce argument must be either prod, mean, amax or amin, got {reduce}.")
    if input.dtype != source.dtype:
        raise RuntimeError("index_reduce_(): self and source expected to have the same dtype")
    arrays = _lined_up(input), dim, _lined_up(index), _lined_up(source)
    return _reduced("slice", reduce, *arrays, include_self).reshape(input.shape)


@index_reduce.backward
def index_reduce_backward(grad, input, dim, index, source, reduce, include_self, result):
    arrays = _lined_up(grad), _lined_up(input), dim, _lined_up(index), _lined_up(source)
    to_self, to_source = _reduced_backward("slice", reduce, *arrays, include_self, _lined_up(result))
    return to_self.reshape(input.shape), None, to_source.reshape(source.shape)


@index_reduce.check
def index_reduce_check(xp, *, input_shape, dim, index):
    size = input_shape[dim] if input_shape else 1
    return outside(index, size).any(), IndexError, "index out of range in self"
