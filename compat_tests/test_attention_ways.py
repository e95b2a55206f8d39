"""Attention by tiles, and by cuDNN, is attention; the first needs memory for rows alone."""

import functools
import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jtorch.ops import attention as ops
from jtorch.ops.lowerings import attention_tiles, cudnn_attention

QUICK = {"xla_backend_optimization_level": 0}  # compiling is what takes time

# Leading dimensions of query and key, rows, columns, size of a value, mask, noise, causal, group.
CASES = {
    "whole tiles": ((2, 3), (2, 3), 8, 8, 5, None, False, False, False),
    "more rows, causal": ((1, 2), (1, 2), 11, 6, 3, None, False, True, False),
    "more columns, bool mask, causal": ((2, 3), (2, 3), 6, 11, 3, "bool", False, True, False),
    "mask of heads": ((2, 3), (2, 3), 8, 9, 3, (3, 8, 9), False, False, False),
    "mask of keys": ((2, 3), (2, 3), 9, 9, 3, (2, 1, 1, 9), False, False, False),
    "noise, causal": ((2,), (2,), 11, 9, 3, None, True, True, False),
    "groups": ((2, 4), (1, 2), 8, 9, 5, None, False, False, True),
}


def operands(case, dtype=np.float64):
    lead, key_lead, rows, columns, size, mask, noise, causal, group = CASES[case]
    rng = np.random.default_rng(0)
    q, k, v = (
        rng.standard_normal(shape).astype(dtype)
        for shape in ((*lead, rows, 4), (*key_lead, columns, 4), (*key_lead, columns, size))
    )
    if mask == "bool":
        mask = rng.random((rows, columns)) > 0.4
        mask[3] = False
    elif mask is not None:
        mask = rng.standard_normal(mask).astype(dtype)
        mask.reshape(-1)[1] = -np.inf
    noise = rng.random((*lead, rows, columns)).astype(dtype) if noise else None
    return (q, k, v, mask, noise), ops.Options(-0.7 if case == "more rows, causal" else 0.5, causal, group)


@pytest.fixture
def small_tiles(monkeypatch):
    monkeypatch.setattr(attention_tiles, "TILE", 4)
    monkeypatch.setattr(attention_tiles, "FEWEST_SCORES", 0)


@pytest.mark.parametrize("case", CASES)
def test_tiles(case, small_tiles):
    given, options = operands(case)
    slope = np.random.default_rng(1).standard_normal((*CASES[case][0], CASES[case][2], CASES[case][4]))

    @functools.partial(jax.jit, compiler_options=QUICK)
    def both(slope, *given):
        made, residuals = ops._chosen(*given, options)
        gradients = ops._chosen_gradients(slope, *given, made, residuals, options)
        return (made, *gradients), (ops._plain(*given, options), *ops._plain_gradients(slope, *given, options)[:3])

    with jax.enable_x64(True):
        assert ops._other_ways(*given, options).keys() == {"cpu"}
        for made, expected in zip(*both(slope, *given), strict=True):
            np.testing.assert_allclose(made, expected, rtol=1e-10, atol=1e-12)


def test_derivatives_of_tiles_are_those_of_the_plain_form(small_tiles):
    given, options = operands("more rows, causal")

    def squares(way):
        def function(q, k, v):
            return (way(q, k, v, None, None, options) ** 2).sum()

        def gradient(q, k, v):
            return sum((g**2).sum() for g in jax.grad(function, (0, 1, 2))(q, k, v))

        made = jax.jit(
            lambda *qkv: (jax.grad(gradient, (0, 1, 2))(*qkv), jax.jvp(function, qkv, qkv)), compiler_options=QUICK
        )
        return made(*given[:3])

    with jax.enable_x64(True):
        made, expected = squares(lambda *given: ops._chosen(*given)[0]), squares(ops._plain)
    for a, b in zip(jax.tree.leaves(made), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)


def step(q, k, v):
    """A forward and a backward pass, through the functions of the operation."""
    made, *residuals = ops.attention.fn(q, k, v, None, None, 0.25, True, False, "")
    return ops.attention.backward_fn(
        made, q, k, v, None, None, 0.25, True, False, tuple(residuals), (True, True, True, False, False)
    )[:3]


def test_memory_grows_with_the_length_and_not_with_its_square():
    def needed(length):
        shape = jax.ShapeDtypeStruct((1, 2, length, 16), np.float32)
        return jax.jit(step).lower(shape, shape, shape).compile().memory_analysis().temp_size_in_bytes

    assert needed(8192) < 2.2 * needed(4096)
    assert needed(8192) < 8192 * 8192  # of the 4 * 2 * 8192 * 8192 bytes of all scores


@pytest.mark.parametrize(
    ("shape", "dtype", "goes"),
    [((1, 4, 128, 8), "float32", False), ((1, 16, 128, 8), "float32", True), ((8, 64, 64, 8), "float32", False), ((16, 1, 4096), "float32", False),
     ((1, 16, 128, 8), "float64", True), ((1, 16, 128, 0), "float32", False)],
)  # fmt: skip
def test_what_goes_by_tiles(shape, dtype, goes):
    x = jax.ShapeDtypeStruct(shape, dtype)
    assert attention_tiles.worth_it(x, x) is goes


FITS = {"query": (2, 4, 128, 64), "key": (2, 4, 128, 64), "value": (2, 4, 128, 64), "dtype": "bfloat16", "causal": True}
REFUSED = {
    "float32": {"dtype": "float32"},
    "three dimensions": {"query": (4, 128, 64), "key": (4, 128, 64), "value": (4, 128, 64)},
    "odd length": {"query": (2, 4, 127, 64)},
    "short": {"query": (2, 4, 32, 64), "causal": False},
    "rectangle under a causal mask": {"query": (2, 4, 64, 64)},
    "other batch": {"query": (1, 4, 128, 64)},
    "groups that do not divide": {"query": (2, 6, 128, 64)},
    "head of 60": dict.fromkeys(("query", "key", "value"), (2, 4, 128, 60)),
    "head of 256": dict.fromkeys(("query", "key", "value"), (2, 4, 128, 256)),
    "other values": {"value": (2, 4, 128, 32)},
    "empty": dict.fromkeys(("query", "key", "value"), (0, 4, 128, 64)),
    "mask": {"mask": True},
    "noise": {"noise": True},
}
TAKEN = {
    "as it is": {},
    "float16": {"dtype": "float16"},
    "groups": {"query": (2, 8, 128, 64)},
    "rectangle": {"query": (2, 4, 64, 64), "causal": False},
}


@pytest.mark.parametrize(
    ("case", "suits"), [*zip(TAKEN, itertools.repeat(True)), *zip(REFUSED, itertools.repeat(False))]
)
def test_what_cudnn_is_given(case, suits):
    given = {**FITS, "mask": None, "noise": None, **TAKEN.get(case, {}), **REFUSED.get(case, {})}
    q, k, v = (jax.ShapeDtypeStruct(given[name], given["dtype"]) for name in ("query", "key", "value"))
    assert cudnn_attention.suits(q, k, v, given["mask"], given["noise"], given["causal"]) is suits


def test_what_cudnn_is_given_lowers_to_its_kernels_and_nothing_else_does(monkeypatch):
    from jax._src.cudnn import fused_attention_stablehlo as kernels

    monkeypatch.setattr(cudnn_attention, "available", lambda: True)
    for name, answer in (("check_cudnn_version", 90800), ("check_compute_capability", True), ("is_cuda_compute_capability_equal", False)):  # fmt: skip
        monkeypatch.setattr(kernels, name, lambda *_, answer=answer: answer)
    for shape in (FITS["query"], (2, 16, 130, 64)):
        x = jax.ShapeDtypeStruct(shape, jnp.bfloat16)
        traced = jax.jit(step).trace(x, x, x)
        on_gpu, on_cpu = (traced.lower(lowering_platforms=(name,)).as_text() for name in ("cuda", "cpu"))
        assert "__cudnn$fmhaSoftmax(" in on_gpu and "__cudnn$fmhaSoftmaxBackward(" in on_gpu
        assert "cudnn" not in on_cpu
