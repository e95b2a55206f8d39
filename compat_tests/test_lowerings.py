"""What is computed in another way on some backend is what XLA computes in its own."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jtorch as torch
from jtorch import dispatch
from jtorch.ops import activation
from jtorch.ops import convolution as ops
from jtorch.ops.attention import _attend
from jtorch.ops.linalg import matrix_exp_backward
from jtorch.ops.lowerings import columns, patches, planes, row_blocks, row_maxima, taps
from jtorch.ops.matrix_exponential import exponential

# Input, weight, stride, padding, dilation.
CASES = [
    ((6, 2, 9), (3, 2, 5), (2,), ((2, 1),), (1,)),
    ((7, 1, 8, 9), (2, 1, 5, 5), (1, 1), ((0, 0), (0, 0)), (1, 1)),
    ((4, 3, 8, 7), (2, 3, 3, 2), (2, 1), ((1, 1), (0, 2)), (1, 2)),
    ((2, 2, 4, 5, 6), (3, 2, 2, 3, 1), (1, 2, 1), ((1, 0), (1, 1), (0, 0)), (2, 1, 1)),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: "x".join(map(str, case[1])))
@pytest.mark.parametrize("tile_bytes", [1, 4000, 1 << 20])
def test_convolution_as_columns(case, tile_bytes, monkeypatch):
    monkeypatch.setattr(columns, "TILE_BYTES", tile_bytes)
    x_shape, w_shape, stride, padding, dilation = case
    rng = np.random.default_rng(0)
    x, weight = rng.standard_normal(x_shape, np.float32), rng.standard_normal(w_shape, np.float32)

    def native(x, weight):
        return ops._native(x, weight, stride, padding, dilation, 1)

    expected, vjp = jax.vjp(native, x, weight)
    slope = jnp.asarray(rng.standard_normal(expected.shape, np.float32))
    gradient = jax.jit(lambda x, g: columns.weight_gradient(x, g, weight, stride, padding, dilation))(x, slope)
    np.testing.assert_allclose(gradient, vjp(slope)[1], rtol=1e-5, atol=1e-5)


# Input, weight, stride, padding, dilation, groups.
GROUPED = [
    ((6, 4, 9), (4, 1, 3), (1,), ((1, 1),), (1,), 4),
    ((3, 4, 8, 9), (8, 1, 3, 2), (2, 1), ((1, 0), (0, 2)), (1, 2), 4),
    ((4, 6, 7, 7), (3, 2, 3, 3), (2, 2), ((1, 1), (1, 1)), (1, 1), 3),
    ((2, 4, 5, 6, 4), (4, 1, 2, 3, 1), (1, 2, 1), ((1, 0), (1, 1), (0, 0)), (2, 1, 1), 4),
]


@pytest.mark.parametrize("case", GROUPED, ids=lambda case: "x".join(map(str, case[1])))
def test_grouped_convolution_by_taps_and_columns(case):
    x_shape, w_shape, *options, groups = case
    rng = np.random.default_rng(0)
    x, weight = rng.standard_normal(x_shape), rng.standard_normal(w_shape)

    @jax.jit
    def both(x, weight, slope):
        return [
            taps.convolution(x, weight, *options, groups),
            taps.input_gradient(x.shape, weight, slope, *options, groups),
            columns.weight_gradient(x, slope, weight, *options, groups),
            *([taps.weight_gradient(x, slope, weight, *options)] if w_shape[:2] == (groups, 1) else ()),
        ]

    with jax.enable_x64(True):
        expected, vjp = jax.vjp(lambda x, weight: ops._native(x, weight, *options, groups), x, weight)
        slope = jnp.asarray(rng.standard_normal(expected.shape))
        by_input, by_weight = vjp(slope)
        for made, wanted in zip(both(x, weight, slope), (expected, by_input, by_weight, by_weight), strict=False):
            np.testing.assert_allclose(made, wanted, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("x_shape", "w_shape"),
    [
        ((3, 4, 9), (5, 4, 1)),
        ((2, 3, 6, 5), (4, 3, 1, 1)),
        ((2, 3, 7, 9), (4, 3, 2, 4)),
        ((2, 2, 4, 5, 6), (3, 2, 2, 1, 3)),
    ],
)
def test_convolution_by_patches(x_shape, w_shape):
    rng = np.random.default_rng(0)
    x, weight = rng.standard_normal(x_shape), rng.standard_normal(w_shape)
    none = ((0, 0),) * (len(w_shape) - 2)
    options = (w_shape[2:], none, (1,) * len(none), 1)
    with jax.enable_x64(True):
        assert patches.worth_it(jnp.asarray(x), weight, *options)
        expected, vjp = jax.vjp(lambda x, weight: ops._native(x, weight, *options), x, weight)
        made, own = jax.vjp(patches.convolution, x, weight)
        slope = jnp.asarray(rng.standard_normal(expected.shape))
        for one, other in zip((made, *own(slope)), (expected, *vjp(slope)), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-12)


def test_transposed_convolutions_gather_the_weights_gradient_as_columns(monkeypatch):
    torch.manual_seed(0)
    x = torch.randn(3, 4, 5, 5, dtype=torch.float64)
    layer = torch.nn.ConvTranspose2d(4, 6, 3, stride=2, padding=1, output_padding=1, groups=2).double()

    def gradient():
        return torch.autograd.grad(layer(x).cos().sum(), layer.weight)[0].numpy()

    expected = gradient()
    torch.compiler.reset()
    monkeypatch.setattr(columns, "WORTH_INSTEAD_OF_POOR", 0)
    np.testing.assert_allclose(gradient(), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("w_shape", "options"),
    [
        ((3, 2, 3, 2, 3), ((1, 1, 1), ((1, 1), (0, 0), (1, 1)), (1, 1, 1))),
        ((3, 2, 2, 3, 1), ((2, 1, 2), ((0, 1), (2, 1), (0, 0)), (3, 2, 1))),
        ((4, 2, 1, 1, 3), ((1, 2, 1), ((0, 0), (0, 0), (1, 1)), (1, 1, 2))),
    ],
)
def test_convolution_by_planes(w_shape, options):
    rng = np.random.default_rng(0)
    x, weight = rng.standard_normal((2, 2, 6, 7, 5)), rng.standard_normal(w_shape)

    @jax.jit
    def both(x, weight, slope):
        made, vjp = jax.vjp(lambda x, w: planes.convolution(x, w, *options), x, weight)
        return made, ops.convolution_backward(slope, x, weight, None, *options, 1, (True, True))[:2], vjp(slope)

    with jax.enable_x64(True):
        expected, vjp = jax.vjp(lambda x, w: ops._native(x, w, *options, 1), x, weight)
        slope = rng.standard_normal(expected.shape)
        assert planes.worth_it(jnp.asarray(x), weight, 1)
        for own in both(x, weight, slope)[1:]:
            for a, b in zip(own, vjp(slope), strict=True):
                np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(both(x, weight, slope)[0], expected, rtol=1e-10, atol=1e-12)


def test_a_convolution_of_some_size_takes_columns_and_agrees(monkeypatch):
    def gradients():
        torch.manual_seed(0)
        x, layer = (
            torch.randn(16, 4, 12, 12, dtype=torch.float64, requires_grad=True),
            torch.nn.Conv2d(4, 8, 5).double(),
        )
        y = layer(x)
        slopes = torch.autograd.grad((y * y).sum(), [x, layer.weight, layer.bias], create_graph=True)
        again = torch.autograd.grad((slopes[1] ** 2).sum(), [x, layer.weight])
        return [t.detach().numpy() for t in (y, *slopes, *again)]

    monkeypatch.setattr(columns, "WORTH", 1 << 60)
    expected = gradients()
    taken = []
    original = columns.weight_gradient
    monkeypatch.setattr(columns, "weight_gradient", lambda *args: taken.append(1) or original(*args))
    monkeypatch.setattr(columns, "WORTH", 0)
    monkeypatch.setattr(columns, "FEW_CORES", 1 << 20)
    dispatch._prims.clear()  # of the same shapes, built before
    try:
        made = gradients()
    finally:
        dispatch._prims.clear()
    assert taken
    for a, b in zip(made, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9)


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("given", ["nothing", "mask", "one row", "noise"])
def test_attention_by_rows(given, causal, monkeypatch):
    rng = np.random.default_rng(0)
    q, k, v = (jnp.asarray(rng.standard_normal((2, 3, n, 4), np.float32)) for n in (11, 9, 9))
    mask = {"mask": rng.random((3, 11, 9)) > 0.3, "one row": rng.standard_normal((2, 1, 1, 9)).astype(np.float32)}.get(
        given
    )
    noise = jnp.asarray(rng.random((2, 3, 11, 9), np.float32)) if given == "noise" else None
    attend = functools.partial(_attend, scale=0.5, causal=causal)

    def loss(q, k, v):
        return (row_blocks.attention(attend, q, k, v, mask, noise) ** 2).sum()

    whole = jax.value_and_grad(loss, (0, 1, 2))(q, k, v)
    monkeypatch.setattr(row_blocks, "MOST_SCORES", 0)
    monkeypatch.setattr(row_blocks, "ROWS", 4)
    blocks = jax.jit(jax.value_and_grad(loss, (0, 1, 2)))(q, k, v)
    for a, b in zip(jax.tree.leaves(whole), jax.tree.leaves(blocks), strict=True):
        np.testing.assert_allclose(b, a, rtol=1e-5, atol=1e-5)


def test_attention_needs_memory_for_rows_alone():
    def needed(length):
        shape = jax.ShapeDtypeStruct((1, 2, length, 16), np.float32)
        attend = functools.partial(_attend, scale=0.25, causal=True)
        gradient = jax.grad(lambda q, k, v: row_blocks.attention(attend, q, k, v, None, None).sum(), (0, 1, 2))
        return jax.jit(gradient).lower(shape, shape, shape).compile().memory_analysis().temp_size_in_bytes

    assert needed(8192) < 2.5 * needed(4096)


def test_matrix_exponential():
    """Of matrices that need no squaring, some, and so many that the others of the batch must be left alone; against JAX's, with its own derivatives."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((5, 4, 4)) * np.array([0, 1e-9, 0.1, 1, 5])[:, None, None]
    x[0] = np.triu(np.full((4, 4), 300.0), 3)  # nilpotent
    slope = rng.standard_normal(x.shape)

    def gradient(x, slope):
        return matrix_exp_backward(slope, x)

    def plain(x):
        return jax.vmap(jax.scipy.linalg.expm)(x)

    def plain_gradient(x, slope):
        return jax.vjp(plain, x)[1](slope)[0]

    @jax.jit
    def all_of_them(x, slope):
        made = exponential(x), gradient(x, slope), jax.vjp(gradient, x[1:], slope[1:])[1](x[1:])
        return made, (plain(x), plain_gradient(x, slope), jax.vjp(plain_gradient, x[1:], slope[1:])[1](x[1:]))

    with jax.enable_x64(True):
        for made, expected in zip(*map(jax.tree.leaves, all_of_them(x, slope)), strict=True):
            size = np.abs(expected).max((1, 2), keepdims=True)
            np.testing.assert_allclose(made / size, expected / size, atol=1e-12)


@pytest.mark.parametrize("size", [1, 31, 32, 33, 257, 1030])
def test_softmax_with_maxima_by_halves(size):
    x = np.random.default_rng(0).standard_normal((6, size), np.float32) * 30
    x[1], x[2, -1], x[3, 0], x[4] = -np.inf, np.nan, np.inf, -0.0
    largest, *made = jax.jit(
        lambda x: (row_maxima.by_halves(x), activation.softmax.fn(x, 1), activation.log_softmax.fn(x, 1))
    )(x)
    np.testing.assert_array_equal(largest, x.max(1, keepdims=True))
    for a, b in zip(made, (jax.nn.softmax(x), jax.nn.log_softmax(x)), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)


def test_sums_of_products_as_one_program():
    """What XLA on the CPU got wrong as it handed them to YNNPACK: https://github.com/jax-ml/jax/issues/39103 and 40412."""
    rng = np.random.default_rng(0)
    shares, around = (
        rng.standard_normal(shape, np.float32) for shape in ((1, 1, 9, 8, 8, 16, 18), (1, 2, 9, 1, 1, 16, 18))
    )
    rows, square = rng.standard_normal((32769, 3), np.float32), np.eye(3, dtype=np.float32)
    previous = torch.set_execution("compile")
    try:
        sums = (torch.from_numpy(shares) * torch.from_numpy(around)).sum(2).numpy()
        norms = (torch.from_numpy(square) @ torch.from_numpy(rows).T).square().sum(0).numpy()
    finally:
        torch.set_execution(previous)
    np.testing.assert_allclose(sums, (shares * around).sum(2), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(norms, (rows**2).sum(1), rtol=1e-5)
