"""Primitives run in numpy give what XLA's programs give: the corners of integers, conversions, positions and orders."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

import jtorch as torch
from jtorch.engine import interpret
from jtorch.engine.interpret import interpretation
from jtorch.engine.numpy_rules import RULES

I8 = np.array([-128, -127, -7, -1, 0, 1, 7, 127], np.int8)
U8 = np.array([0, 1, 2, 7, 128, 200, 254, 255], np.uint8)
F32 = np.array([np.nan, -np.inf, -3e9, -2.5, -0.5, -0.0, 0.0, 0.5, 1.5, 2.5, 300.0, 3e9, np.inf], np.float32)
X = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
FAR = np.array([[0], [5], [-1], [2]], np.int32)


def pairs(values):
    return np.repeat(values, len(values)), np.tile(values, len(values))


def take(mode):
    numbers = lax.GatherDimensionNumbers(offset_dims=(1, 2), collapsed_slice_dims=(1,), start_index_map=(1,))
    return lambda x, at: lax.gather(x, at, numbers, (2, 1, 4), mode=mode)


def put(scatter, mode):
    numbers = lax.ScatterDimensionNumbers(update_window_dims=(1, 2), inserted_window_dims=(1,), scatter_dims_to_operand_dims=(1,))  # fmt: skip
    return lambda x, at: scatter(x, at, jnp.ones((4, 2, 4), x.dtype) * 3, numbers, mode=mode)


def convolve(
    groups=1,
    batch_groups=1,
    spec=("NCHW", "OIHW", "NCHW"),
    lhs_dilation=(1, 1),
    rhs_dilation=(1, 1),
    padding=((1, 0), (0, 2)),
    strides=(1, 2),
):
    def fn(x, weight):
        return lax.conv_general_dilated(
            x,
            weight,
            strides,
            padding,
            lhs_dilation,
            rhs_dilation,
            spec,
            feature_group_count=groups,
            batch_group_count=batch_groups,
        )

    return fn


IMAGE, KERNEL = (
    np.sin(np.arange(n, dtype=np.float32)).reshape(s) for n, s in ((480, (4, 4, 6, 5)), (96, (4, 4, 3, 2)))
)
CASES = {
    "convolution": (convolve(), IMAGE, KERNEL),
    "convolution in groups": (convolve(groups=2), IMAGE, KERNEL[:, :2]),
    "convolution in groups of images": (convolve(batch_groups=2), IMAGE, KERNEL),
    "convolution dilated": (convolve(rhs_dilation=(2, 1), lhs_dilation=(1, 3), padding=((-1, 2), (1, -2))), IMAGE, KERNEL),
    "convolution channels last": (convolve(spec=("NHWC", "HWIO", "NHWC")), IMAGE.reshape(4, 6, 5, 4), KERNEL.reshape(3, 2, 4, 4)),
    "convolution's gradients": (lambda x, w: jax.vjp(convolve(groups=2), x, w)[1](jnp.ones((4, 4, 5, 3), x.dtype)), IMAGE, KERNEL[:, :2]),
    "div of signed integers": (lax.div, *pairs(I8)),
    "div of unsigned integers": (lax.div, *pairs(U8)),
    "rem of signed integers": (lax.rem, *pairs(I8)),
    "rem of unsigned integers": (lax.rem, *pairs(U8)),
    "rem of floats": (lax.rem, *pairs(F32)),
    "shift left": (lax.shift_left, *pairs(I8)),
    "shift right": (lax.shift_right_arithmetic, *pairs(I8)),
    "logical shift right": (lax.shift_right_logical, *pairs(I8)),
    "shifts of unsigned integers": (lax.shift_right_arithmetic, *pairs(U8)),
    "integers wrap": (lambda x, y: (x + y, x * y, x - y, -x, abs(x)), *pairs(I8)),
    "integer powers": (lambda x: (lax.integer_pow(x, 3), lax.integer_pow(x, 0)), I8),
    "negative powers": (lambda x: lax.integer_pow(x, -3), F32),
    "extremes with NaN": (lambda x, y: (lax.max(x, y), lax.min(x, y)), *pairs(F32)),
    "clamp": (lambda x: lax.clamp(np.float32(-1), x, np.float32(2)), F32),
    "rounding to even": (lambda x: lax.round(x, lax.RoundingMethod.TO_NEAREST_EVEN), F32),
    "rounding away from zero": (lambda x: lax.round(x, lax.RoundingMethod.AWAY_FROM_ZERO), F32),
    **{
        f"floats to {name}": (lambda x, name=name: lax.convert_element_type(x, name), F32)
        for name in ("int8", "uint8", "int32", "int64", "uint64", "bool", "float16", "bfloat16", "complex64")
    },
    "bfloat16 to integers": (lambda x: lax.convert_element_type(x.astype("bfloat16"), "int32"), F32),
    "integers to integers": (lambda x: (x.astype("uint8"), x.astype("int64"), x.astype("bool")), I8),
    "bits": (lambda x: lax.bitcast_convert_type(x, np.int32), F32),
    "precision": (lambda x: lax.reduce_precision(x, 8, 7), F32),
    "complex numbers": (lambda x: (lax.complex(x, x), lax.conj(lax.complex(x, x)), abs(lax.complex(x, x))), X),
    "pad": (lambda x: lax.pad(x, np.float32(9), ((1, 2, 1), (0, 0, 0), (2, -1, 0))), X),
    "pad cuts": (lambda x: lax.pad(x, np.float32(9), ((-1, 0, 0), (-2, 3, 2), (-3, -1, 3))), X),
    "pad cuts all": (lambda x: lax.pad(x, np.float32(9), ((0, 0, 0), (-2, -1, 0), (0, 1, 0))), X),
    "slice": (lambda x: lax.slice(x, (0, 1, 0), (2, 3, 4), (1, 1, 3)), X),
    "dynamic slice": (lambda x, i: lax.dynamic_slice(x, (i, i - 9, i), (1, 2, 3)), X, np.int32(2)),
    "dynamic update": (lambda x, i: lax.dynamic_update_slice(x, x[:1, :2] * 2, (i, i - 9, i)), X, np.int32(2)),
    "broadcast": (lambda x: lax.broadcast_in_dim(x, (2, 5, 3, 4), (0, 2, 3)), X),
    "reverse and transpose": (lambda x: lax.transpose(lax.rev(x, (0, 2)), (2, 0, 1)), X),
    "sort": (lambda x: lax.sort(x), F32),
    "sort by a key": (lambda x, y: lax.sort((x, y), num_keys=1), F32, np.arange(13)),
    "sort by two keys": (lambda x, y: lax.sort((x, y, jnp.arange(64)), num_keys=2), *pairs(I8)),
    "positions of extremes": (lambda x: (jnp.argmax(x), jnp.argmin(x)), F32),
    "reductions": (lambda x: (x.sum((0, 2)), x.prod(1), x.max(2), x.min((0, 1)), (x > 3).any(1), (x > 3).all(1)), X),
    "reductions of nothing": (lambda x: (x.sum(0), x.prod(0), lax.reduce_max(x, (0,))), X[:0]),
    "sums of integers wrap": (lambda x: (lax.reduce_sum(x, (0,)), lax.reduce_prod(x, (0,))), I8),
    "cumulative": (lambda x: (lax.cumsum(x, 1), lax.cumprod(x, 2, reverse=True), lax.cummax(x, 0)), X),
    "a place of a vector": (lambda x, i: (x[i], x.at[i].set(5), x.at[i].add(5, mode="drop")), X.ravel(), np.int32(99)),
    "a place that is filled": (lambda x, i: x.at[i].get(mode="fill"), X.ravel(), np.int32(99)),
    "gather clipped": (take("clip"), X, FAR),
    "gather filled": (take("fill"), X, FAR),
    "scatter clipped": (put(lax.scatter, "clip"), X, FAR[:1].repeat(4, 0)),
    "scatter dropped": (put(lax.scatter_add, "drop"), X, FAR),
    "scatter products": (put(lax.scatter_mul, "clip"), X, FAR),
    "scatter extremes": (lambda x: x.at[:, jnp.array([0, 0, 7])].max(5.0).at[0].min(2.0), X),
    "indexing": (lambda x, i: (x[i, i], x[:, i[0]], x.at[i, 1].set(0.0)), X, np.array([1, 0], np.int32)),
    "along an axis": (lambda x, i: jnp.take_along_axis(x, i, 2), X, np.zeros((2, 3, 2), np.int32)),
    "batched products": (lambda x: (jnp.einsum("bij,bkj->bik", x, x), jnp.einsum("bij,cij->bc", x, x)), X),
    "products of integers": (lambda x: x.reshape(2, 4) @ x.reshape(4, 2), I8),
    "stacks and tiles": (lambda x: (jnp.stack([x, x], 1), *jnp.unstack(x, axis=2), jnp.tile(x, (2, 1, 3))), X),
    "largest": (lambda x: lax.top_k(x, 9), F32),
    "largest of equal ones": (lambda x: lax.top_k(x // 3, 2), X),
    "windows": (lambda x: [lax.reduce_window(x, start, fn, (1, 2, 2), (1, 1, 2), ((0, 0), (1, 0), (0, 1)), None, (1, 2, 1)) for start, fn in ((0.0, lax.add), (-np.inf, lax.max), (np.inf, lax.min))], X),
    "by platform": (lambda x: lax.platform_dependent(x, cpu=lambda x: x + 1, default=lambda x: x - 1), X),
    "diagonals": (lambda x: jax.vjp(jnp.diagonal, x)[1](jnp.ones((4, 2), x.dtype)), X),
    "loops": (lambda x: [lax.scan(lambda c, row: (c * 0.5 + row, (c.sum(), row)), x[0], x, reverse=reverse) for reverse in (False, True)], X),
    "loops without results": (lambda x: lax.fori_loop(0, 3, lambda i, c: c * x.sum() + i, x.max()), X * 0.01),
    "branches": (lambda i, x: lax.switch(i, [lambda x: x, lambda x: -x, lambda x: x * 2], x), np.int32(5), X),
    "functions": (lambda x: (jax.nn.relu(x), jax.nn.sigmoid(x), lax.erf(x), lax.rsqrt(x), lax.log1p(x), jnp.where(x > 3, x, 0)), X),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_case(name):
    fn, *args = CASES[name]
    with jax.enable_x64(True):
        flat = lambda *args: tuple(jax.tree.leaves(fn(*args)))  # noqa: E731
        run = interpretation(jax.make_jaxpr(flat)(*args), "").run
        expected = jax.jit(flat)(*args)
    for made, wanted in zip(run(args, ()), map(np.asarray, expected), strict=True):
        assert made.dtype == wanted.dtype
        np.testing.assert_allclose(np.asarray(made, wanted.dtype), wanted, rtol=1e-6, atol=1e-6)


def test_a_part_does_not_keep_the_whole_alive():
    whole = np.zeros(1000, np.float32)
    run = interpretation(jax.make_jaxpr(lambda x: (x[:2], x[:800]))(whole), "").run
    small, big = run([whole], ())
    assert small.base is None and big.base is whole


def test_what_a_rule_cannot_do_is_left_to_xla(monkeypatch):
    def fail(arrays, numbers):
        raise ZeroDivisionError

    x = torch.ones(3, 7)
    before = torch.engine.statistics()
    monkeypatch.setattr(
        interpret.Interpretation,
        "__init__",
        lambda self, *_: (setattr(self, "cost", 0.0), setattr(self, "run", fail))[0],
    )
    assert (x * 3 + 1).sum().item() == 84.0
    after = torch.engine.statistics()
    assert after["rules_failed"] > before["rules_failed"] and after["ops_run"] > before["ops_run"]


def test_numbers_at_run_time_and_equations_that_nobody_needs():
    def fn(x, number):
        jnp.linalg.svd(x[0])  # has no rule, and no result depends on it
        return (x * number.astype(np.float32),)

    with jax.enable_x64(True):
        closed = jax.make_jaxpr(fn)(X, jax.ShapeDtypeStruct((), np.float64))
    (made,) = interpretation(closed, "d").run([X], [2.5])
    np.testing.assert_array_equal(made, X * np.float32(2.5))


def test_what_has_no_rule_is_left_to_xla():
    assert "svd" not in RULES
    assert interpretation(jax.make_jaxpr(jnp.linalg.svd)(X), "") is None
