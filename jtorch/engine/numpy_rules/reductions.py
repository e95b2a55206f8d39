"""Reductions, cumulative sums and their kin, sorting, and products of matrices."""

import math

import numpy as np

from .registry import RULES, SHORT_FLOATS, Unknown, in_total_order, kind, rule


def _reduction(name, fn, kinds):
    def build(equation):
        aval, axes = equation.invars[0].aval, tuple(equation.params["axes"])
        if kind(aval) not in kinds or equation.params.get("out_sharding") is not None:
            raise Unknown(name)
        return fn(aval, axes)

    RULES[name] = build


def _summing(ufunc):
    def build(aval, axes):
        if aval.dtype in SHORT_FLOATS:
            return lambda x: ufunc(x.astype(np.float32), axis=axes).astype(aval.dtype)
        return lambda x: ufunc(x, axis=axes, dtype=aval.dtype)

    return build


def _extreme(ufunc, start):
    def build(aval, axes):
        first = start(aval.dtype)
        return lambda x: ufunc.reduce(x, axis=axes, initial=first)

    return build


def _lowest(dtype):
    if dtype.kind in "iu":
        return dtype.type(np.iinfo(dtype).min)
    return dtype.type(False) if dtype.kind == "b" else dtype.type(-np.inf)


def _highest(dtype):
    if dtype.kind in "iu":
        return dtype.type(np.iinfo(dtype).max)
    return dtype.type(True) if dtype.kind == "b" else dtype.type(np.inf)


_reduction("reduce_sum", _summing(np.sum), "iufc")
_reduction("reduce_prod", _summing(np.prod), "iufc")
_reduction("reduce_max", _extreme(np.maximum, _lowest), "biuf")
_reduction("reduce_min", _extreme(np.minimum, _highest), "biuf")
_reduction("reduce_and", lambda aval, axes: lambda x: np.bitwise_and.reduce(x, axis=axes), "biu")
_reduction("reduce_or", lambda aval, axes: lambda x: np.bitwise_or.reduce(x, axis=axes), "biu")
_reduction("reduce_xor", lambda aval, axes: lambda x: np.bitwise_xor.reduce(x, axis=axes), "iu")


def _argument(name, fn):
    def build(equation):
        (axis,), dtype = equation.params["axes"], np.dtype(equation.params["index_dtype"])
        aval = equation.invars[0].aval
        if kind(aval) not in "biuf" or aval.dtype in SHORT_FLOATS or not aval.shape[axis]:
            raise Unknown(name)
        return lambda x: fn(x, axis).astype(dtype)

    RULES[name] = build


_argument("argmax", np.argmax)
_argument("argmin", np.argmin)


def _cumulative(name, ufunc, kinds):
    def build(equation):
        axis, reverse = equation.params["axis"], equation.params["reverse"]
        aval = equation.invars[0].aval
        if kind(aval) not in kinds or aval.dtype in SHORT_FLOATS:
            raise Unknown(name)
        if reverse:
            return lambda x: np.flip(ufunc.accumulate(np.flip(x, axis), axis, aval.dtype), axis)
        return lambda x: ufunc.accumulate(x, axis, aval.dtype)

    RULES[name] = build


_cumulative("cumsum", np.add, "iufc")
_cumulative("cumprod", np.multiply, "iufc")
_cumulative("cummax", np.maximum, "iuf")
_cumulative("cummin", np.minimum, "iuf")


@rule("sort")
def _sort(equation):
    axis, keys = equation.params["dimension"], equation.params["num_keys"]
    if any(kind(v.aval) not in "biuf" or v.aval.dtype in SHORT_FLOATS for v in equation.invars[:keys]):
        raise Unknown("sort")
    if len(equation.invars) == 1:
        return (lambda x: np.sort(x, axis, kind="stable")), 30

    def sort(*arrays):
        if keys == 1:
            order = np.argsort(arrays[0], axis, kind="stable")
        else:
            order = np.lexsort(arrays[keys - 1 :: -1], axis)
        return [np.take_along_axis(x, order, axis) for x in arrays]

    return sort, 60


@rule("top_k")
def _top_k(equation):
    axis, k = equation.params["axis"], equation.params["k"]
    aval, positions = equation.invars[0].aval, equation.outvars[1].aval.dtype
    if kind(aval) not in "iuf" or aval.dtype in SHORT_FLOATS:
        raise Unknown("top_k")

    def top(x):  # NaN is the greatest and 0.0 more than -0.0; of equal ones the first comes first
        keys = np.flip(in_total_order(x), axis)
        order = np.flip(aval.shape[axis] - 1 - np.argsort(keys, axis, kind="stable"), axis)
        order = np.take(order, range(k), axis)
        return np.take_along_axis(x, order, axis), order.astype(positions)

    return top, 60


def _windowed(name, ufunc, start):
    def build(equation):
        p, aval = equation.params, equation.invars[0].aval
        if max(p["base_dilation"], default=1) > 1 or kind(aval) not in "iuf" or aval.dtype in SHORT_FLOATS:
            raise Unknown(name)
        first, sizes = start(aval.dtype), p["window_dimensions"]
        spans = [(n - 1) * d + 1 for n, d in zip(sizes, p["window_dilation"], strict=True)]
        places = tuple(slice(None, None, s) for s in p["window_strides"])
        inside = tuple(slice(None, None, d) for d in p["window_dilation"])
        axes = tuple(range(aval.ndim, 2 * aval.ndim))

        def reduce(x):
            padded = np.pad(x, p["padding"], constant_values=first)
            windows = np.lib.stride_tricks.sliding_window_view(padded, spans)[places + inside]
            return ufunc.reduce(windows, axis=axes, dtype=aval.dtype)

        if any(low < 0 or high < 0 for low, high in p["padding"]) or not aval.size or not equation.outvars[0].aval.size:
            raise Unknown(name)
        return reduce, 4 * math.prod(sizes)

    RULES[name] = build


_windowed("reduce_window_sum", np.add, lambda dtype: dtype.type(0))
_windowed("reduce_window_max", np.maximum, _lowest)
_windowed("reduce_window_min", np.minimum, _highest)


@rule("dot_general")
def _dot_general(equation):
    (left, right), (left_batch, right_batch) = equation.params["dimension_numbers"]
    a, b = (v.aval for v in equation.invars)
    out = equation.outvars[0].aval
    if kind(a) not in "iufc" or a.dtype != b.dtype or (kind(a) in "iu" and out.dtype != a.dtype):
        raise Unknown("dot_general")
    left_free = [d for d in range(a.ndim) if d not in left and d not in left_batch]
    right_free = [d for d in range(b.ndim) if d not in right and d not in right_batch]
    batch = [a.shape[d] for d in left_batch]
    rows, inner, columns = (
        math.prod(s.shape[d] for d in dims) for s, dims in ((a, left_free), (a, left), (b, right_free))
    )
    left_order, right_order = [*left_batch, *left_free, *left], [*right_batch, *right, *right_free]
    wide = np.dtype(np.float32) if a.dtype in SHORT_FLOATS else a.dtype

    def dot(x, y):
        x = np.transpose(x, left_order).reshape(*batch, rows, inner).astype(wide, copy=False)
        y = np.transpose(y, right_order).reshape(*batch, inner, columns).astype(wide, copy=False)
        return np.matmul(x, y).reshape(out.shape).astype(out.dtype, copy=False)

    operations = math.prod(batch) * rows * inner * columns
    biggest = max(a.size, b.size, out.size, 1)
    return dot, 2 + operations / biggest * (0.05 if kind(a) in "fc" else 1)
