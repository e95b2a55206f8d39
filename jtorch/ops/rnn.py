"""Recurrent layers in one direction: the input's projection for all steps at once, a scan over what depends on the state.

The gradients are written by hand: their scan carries the state's gradient alone, and the weights' gradients are one product each over
all steps, where a differentiated scan would add them up step by step. Packed sequences (`batch_sizes`: how many sequences reach each
step, falling) are spread over a rectangle; a row that has ended, or not begun, hands its state on.
"""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from .. import precision
from .kinds import scalar_name, widened
from .registry import Array, OptionalArray, op


class Weights(NamedTuple):
    """Of one layer in one direction, as torch has them; what a layer lacks is None."""

    ih: jax.Array
    hh: jax.Array
    bias_ih: jax.Array | None
    bias_hh: jax.Array | None
    hr: jax.Array | None = None


def _product(x, weight):
    """x @ weight.T."""
    return lax.dot_general(x, weight, (((x.ndim - 1,), (1,)), ((), ())), precision=precision.of_matmul())


def _product_plain(x, weight):
    """x @ weight."""
    return lax.dot_general(x, weight, (((x.ndim - 1,), (0,)), ((), ())), precision=precision.of_matmul())


def _over_steps(left, right):
    """Sum over steps and rows of outer products: a weight's gradient."""
    axes = tuple(range(left.ndim - 1))
    return lax.dot_general(left, right, ((axes, axes), ((), ())), precision=precision.of_matmul())


def _require_one_dtype(arrays, weights):
    for x in arrays:
        if x.dtype != weights.ih.dtype:
            raise RuntimeError(
                f"mat1 and mat2 must have the same dtype, but got {scalar_name(x)} and {scalar_name(weights.ih)}"
            )


def _wide(*arrays):
    return [None if x is None else widened(x) for x in arrays]


# ----------------------------------------------------------------------------------------------- steps and packing


def _places(batch_sizes, total):
    """Step and row of each element of packed data."""
    ends = jnp.cumsum(batch_sizes)
    element = jnp.arange(total)
    step = jnp.searchsorted(ends, element, side="right")
    return step, element - (ends - batch_sizes)[step]


def _spread(data, batch_sizes, rows):
    """Packed data (elements, ...) as (steps, rows, ...), and which of it is meant."""
    if batch_sizes is None:
        return data, None
    start = jnp.cumsum(batch_sizes) - batch_sizes
    index = start[:, None] + jnp.arange(rows)
    mask = jnp.arange(rows) < batch_sizes[:, None]
    return jnp.take(data, jnp.where(mask, index, 0), axis=0, mode="clip"), mask


def _packed(values, batch_sizes, total):
    """The inverse of `_spread`."""
    return values if batch_sizes is None else values[_places(batch_sizes, total)]


def _before(states, first, reverse):
    """The state each step started from."""
    if reverse:
        return jnp.concatenate([states[1:], first[None]])
    return jnp.concatenate([first[None], states[:-1]])


def _kept(mask, new, old):
    """New values, and the old ones where a row takes no part."""
    return new if mask is None else jnp.where(mask[:, None], new, old)


def _scan(step, state, steps, mask, reverse):
    """`step(state, mask of the step, values of the step)` over all steps."""

    def body(carry, given):
        now, values = given if mask is not None else (None, given)
        return step(carry, now, values)

    return lax.scan(body, state, (mask, steps) if mask is not None else steps, reverse=reverse)


# ------------------------------------------------------------------------------------- the three layers, both ways
#
# `forward` gives (states (steps, rows, size), final states, what the gradient needs); `backward` gives the gradients of the
# projected input, of the states' product, of the first states, and of further weights.


def _computed_once(gates):
    # XLA would fuse the gates into each of their uses and compute them anew there: twice the time on a CPU.
    return lax.optimization_barrier(gates)


def _rnn_forward(projected, mask, firsts, weights, activation, reverse):
    act = jnp.tanh if activation == "tanh" else lambda x: jnp.maximum(x, 0)

    def step(h, now, x):
        h = _kept(now, act(x + _product(h, weights.hh)), h)
        return h, h

    last, states = _scan(step, firsts[0], projected, mask, reverse)
    return states, (last,), ()


def _rnn_backward(grads, last_grads, mask, firsts, weights, states, saved, activation, reverse):
    slope = 1 - states * states if activation == "tanh" else (states > 0).astype(states.dtype)

    def step(gh, now, given):
        gy, slope = given
        g = gh + gy
        inner = _kept(now, g * slope, jnp.zeros_like(g))
        before = _product_plain(inner, weights.hh)
        return _kept(now, before, g), inner

    first, inner = _scan(step, last_grads[0], (grads, slope), mask, not reverse)
    return inner, inner, (first,), None


def _gru_forward(projected, mask, firsts, weights, activation, reverse):
    def step(h, now, x):
        hidden = _product(h, weights.hh)
        if weights.bias_hh is not None:
            hidden = hidden + weights.bias_hh
        (xr, xz, xn), (hr, hz, hn) = jnp.split(x, 3, -1), jnp.split(hidden, 3, -1)
        r, z = jax.nn.sigmoid(xr + hr), jax.nn.sigmoid(xz + hz)
        n = jnp.tanh(xn + r * hn)
        gates = _computed_once(jnp.concatenate([r, z, n, hn], -1))
        _, z, n, _ = jnp.split(gates, 4, -1)
        h = _kept(now, (h - n) * z + n, h)
        return h, (h, gates)

    last, (states, gates) = _scan(step, firsts[0], projected, mask, reverse)
    return states, (last,), (gates,)


def _gru_backward(grads, last_grads, mask, firsts, weights, states, saved, activation, reverse):
    def step(gh, now, given):
        gy, gates, h = given
        g = gh + gy
        r, z, n, hn = jnp.split(gates, 4, -1)
        gn = g * (1 - z) * (1 - n * n)
        gz = g * (h - n) * z * (1 - z)
        gr = gn * hn * r * (1 - r)
        inner = jnp.concatenate([gr, gz, gn * r], -1)
        inner = _kept(now, inner, jnp.zeros_like(inner))
        before = g * z + _product_plain(inner, weights.hh)
        return _kept(now, before, g), (inner, _kept(now, gn, jnp.zeros_like(gn)))

    earlier = _before(states, firsts[0], reverse)
    first, (inner, gn) = _scan(step, last_grads[0], (grads, saved[0], earlier), mask, not reverse)
    size = gn.shape[-1]
    outer = jnp.concatenate([inner[..., : 2 * size], gn], -1)
    return outer, inner, (first,), None


def _lstm_forward(projected, mask, firsts, weights, activation, reverse):
    def step(state, now, x):
        h, c = state
        i, f, g, o = jnp.split(x + _product(h, weights.hh), 4, -1)
        gates = [jax.nn.sigmoid(i), jax.nn.sigmoid(f), jnp.tanh(g), jax.nn.sigmoid(o)]
        gates = _computed_once(jnp.concatenate(gates, -1))
        i, f, g, o = jnp.split(gates, 4, -1)
        c = _kept(now, f * c + i * g, c)
        made = o * jnp.tanh(c)
        h = _kept(now, made if weights.hr is None else _product(made, weights.hr), h)
        return (h, c), (h, c, gates)

    last, (states, cells, gates) = _scan(step, firsts, projected, mask, reverse)
    return states, last, (gates, cells)


def _lstm_backward(grads, last_grads, mask, firsts, weights, states, saved, activation, reverse):
    gates, cells = saved

    def step(state, now, given):
        gh, gc = state
        gy, gates, c, c_before = given
        g_out = gh + gy
        i, f, g, o = jnp.split(gates, 4, -1)
        tanh_c = jnp.tanh(c)
        g_made = g_out if weights.hr is None else _product_plain(g_out, weights.hr)
        g_cell = gc + g_made * o * (1 - tanh_c * tanh_c)
        inner = [
            g_cell * g * i * (1 - i),
            g_cell * c_before * f * (1 - f),
            g_cell * i * (1 - g * g),
            g_made * tanh_c * o * (1 - o),
        ]
        inner = jnp.concatenate(inner, -1)
        inner = _kept(now, inner, jnp.zeros_like(inner))
        before = _product_plain(inner, weights.hh)
        kept = _kept(now, g_out, jnp.zeros_like(g_out))
        return (_kept(now, before, g_out), _kept(now, g_cell * f, gc)), (inner, kept)

    earlier = _before(cells, firsts[1], reverse)
    first, (inner, g_out) = _scan(step, tuple(last_grads), (grads, gates, cells, earlier), mask, not reverse)
    g_hr = None
    if weights.hr is not None:
        made = gates[..., 3 * cells.shape[-1] :] * jnp.tanh(cells)
        g_hr = _over_steps(g_out, made)
    return inner, inner, first, g_hr


_FORWARD = {"rnn": _rnn_forward, "gru": _gru_forward, "lstm": _lstm_forward}
_BACKWARD = {"rnn": _rnn_backward, "gru": _gru_backward, "lstm": _lstm_backward}


def _project(kind, input, weights):
    projected = _product(input, weights.ih)
    # The state's bias of a GRU is multiplied by the reset gate; of the others it is added once and for all.
    biases = [weights.bias_ih] if kind == "gru" else [weights.bias_ih, weights.bias_hh]
    for bias in biases:
        projected = projected if bias is None else projected + bias
    return projected


def _forward(kind, activation, reverse, input, batch_sizes, firsts, weights):
    """(output, final states, residuals); the residuals begin with the states (steps, rows, size)."""
    _require_one_dtype((input, *firsts), weights)
    dtype = input.dtype
    input, *firsts = _wide(input, *firsts)
    weights = Weights(*_wide(*weights))
    projected, mask = _spread(_project(kind, input, weights), batch_sizes, firsts[0].shape[0])
    states, lasts, saved = _FORWARD[kind](projected, mask, tuple(firsts), weights, activation, reverse)
    output = _packed(states, batch_sizes, input.shape[0])
    return output.astype(dtype), [x.astype(dtype) for x in lasts], (states, *saved)


def _backward(kind, activation, reverse, grads, input, batch_sizes, firsts, weights, residuals):
    """Gradients of input, first states and weights."""
    grad, *last_grads = _wide(*grads)
    input, *firsts = _wide(input, *firsts)
    given, weights = weights, Weights(*_wide(*weights))
    states, *saved = residuals
    spread, mask = _spread(grad, batch_sizes, firsts[0].shape[0])
    if mask is not None:
        spread = jnp.where(mask[:, :, None], spread, 0)
    outer, inner, first_grads, g_hr = _BACKWARD[kind](
        spread, last_grads, mask, firsts, weights, states, saved, activation, reverse
    )
    earlier = _before(states, firsts[0], reverse)
    outer = _packed(outer, batch_sizes, input.shape[0])
    found = Weights(
        _over_steps(outer, input),
        _over_steps(inner, earlier),
        None if weights.bias_ih is None else outer.sum(tuple(range(outer.ndim - 1))),
        None if weights.bias_hh is None else inner.sum((0, 1)),
        g_hr,
    )
    found = Weights(*(None if w is None else g.astype(w.dtype) for g, w in zip(found, given, strict=True)))
    return _product_plain(outer, weights.ih), first_grads, found


# A second gradient must not take the residuals for constants: it is that of the gradient by JAX, from the operands alone.


def _gradient(kind, activation, reverse, grads, input, batch_sizes, firsts, weights, residuals):
    fast = functools.partial(_backward, kind, activation, reverse)

    @jax.custom_jvp
    def gradient(grads, input, firsts, weights, residuals):
        return fast(grads, input, batch_sizes, firsts, weights, residuals)

    def plain(grads, input, firsts, weights):
        def run(input, firsts, weights):
            output, lasts, _ = _forward(kind, activation, reverse, input, batch_sizes, firsts, weights)
            return (output, *lasts)

        _, vjp = jax.vjp(run, input, tuple(firsts), weights)
        return vjp(tuple(grads))

    @gradient.defjvp
    def _(primals, tangents):
        out = gradient(*primals)
        _, tangent = jax.jvp(plain, primals[:4], tangents[:4])
        return out, jax.tree.map(lambda t, o: t.astype(o.dtype), tangent, out)

    return gradient(tuple(grads), input, tuple(firsts), weights, tuple(residuals))


# ----------------------------------------------------------------------------------------------------- operations


def _named(given):
    return given["node"]


@op("rnn_layer", variants="", promote="none", node=_named, outputs=("output", "hidden"), residuals=1)
def rnn_layer(
    input: Array,
    batch_sizes: OptionalArray,
    hx: Array,
    w_ih: Array,
    w_hh: Array,
    b_ih: OptionalArray,
    b_hh: OptionalArray,
    activation,
    reverse,
    node,
):
    """h' = act(W_ih x + b_ih + W_hh h + b_hh) over (steps, rows, features); `reverse` from the last step to the first."""
    weights = Weights(w_ih, w_hh, b_ih, b_hh)
    output, lasts, residuals = _forward("rnn", activation, reverse, input, batch_sizes, (hx,), weights)
    return output, *lasts, *residuals


@rnn_layer.backward
def _(grads, input, batch_sizes, hx, w_ih, w_hh, b_ih, b_hh, activation, reverse, residuals):
    weights = Weights(w_ih, w_hh, b_ih, b_hh)
    g_input, (g_hx,), found = _gradient(
        "rnn", activation, reverse, grads, input, batch_sizes, (hx,), weights, residuals
    )
    return g_input, None, g_hx, *found[:4]


@op("gru_layer", variants="", promote="none", node=_named, outputs=("output", "hidden"), residuals=2)
def gru_layer(
    input: Array,
    batch_sizes: OptionalArray,
    hx: Array,
    w_ih: Array,
    w_hh: Array,
    b_ih: OptionalArray,
    b_hh: OptionalArray,
    reverse,
    node,
):
    """Gated recurrent units (Cho et al. 2014), gates reset, update, new; the reset gate is applied after the product."""
    weights = Weights(w_ih, w_hh, b_ih, b_hh)
    output, lasts, residuals = _forward("gru", None, reverse, input, batch_sizes, (hx,), weights)
    return output, *lasts, *residuals


@gru_layer.backward
def _(grads, input, batch_sizes, hx, w_ih, w_hh, b_ih, b_hh, reverse, residuals):
    weights = Weights(w_ih, w_hh, b_ih, b_hh)
    g_input, (g_hx,), found = _gradient("gru", None, reverse, grads, input, batch_sizes, (hx,), weights, residuals)
    return g_input, None, g_hx, *found[:4]


@op("lstm_layer", variants="", promote="none", node=_named, outputs=("output", "hidden", "cell"), residuals=3)
def lstm_layer(
    input: Array,
    batch_sizes: OptionalArray,
    hx: Array,
    cx: Array,
    w_ih: Array,
    w_hh: Array,
    b_ih: OptionalArray,
    b_hh: OptionalArray,
    w_hr: OptionalArray,
    reverse,
    node,
):
    """Long short-term memory (Hochreiter and Schmidhuber 1997), gates input, forget, cell, output; `w_hr` projects the output."""
    weights = Weights(w_ih, w_hh, b_ih, b_hh, w_hr)
    output, lasts, residuals = _forward("lstm", None, reverse, input, batch_sizes, (hx, cx), weights)
    return output, *lasts, *residuals


@lstm_layer.backward
def _(grads, input, batch_sizes, hx, cx, w_ih, w_hh, b_ih, b_hh, w_hr, reverse, residuals):
    weights = Weights(w_ih, w_hh, b_ih, b_hh, w_hr)
    g_input, (g_hx, g_cx), found = _gradient(
        "lstm", None, reverse, grads, input, batch_sizes, (hx, cx), weights, residuals
    )
    return g_input, None, g_hx, g_cx, *found


# --------------------------------------------------------------------------------------------------------- one step


def _sum_of_products(input, hx, w_ih, w_hh, b_ih, b_hh):
    _require_one_dtype((input, hx), Weights(w_ih, w_hh, b_ih, b_hh))
    total = _product(widened(input), widened(w_ih)) + _product(widened(hx), widened(w_hh))
    for bias in (b_ih, b_hh):
        total = total if bias is None else total + bias
    return total


@op("rnn_cell_", variants="", promote="none", node=lambda given: "Tanh" if given["activation"] == "tanh" else "Relu")
def rnn_cell(input: Array, hx: Array, w_ih: Array, w_hh: Array, b_ih: OptionalArray, b_hh: OptionalArray, activation):
    """act(W_ih x + b_ih + W_hh h + b_hh)."""
    total = _sum_of_products(input, hx, w_ih, w_hh, b_ih, b_hh)
    return (jnp.tanh(total) if activation == "tanh" else jax.nn.relu(total)).astype(input.dtype)


@op("gru_cell_", variants="", promote="none", node="Add")
def gru_cell(input: Array, hx: Array, w_ih: Array, w_hh: Array, b_ih: OptionalArray, b_hh: OptionalArray):
    """One step of `gru_layer`."""
    _require_one_dtype((input, hx), Weights(w_ih, w_hh, b_ih, b_hh))
    projected = _project("gru", *_wide(input), Weights(*_wide(w_ih, w_hh, b_ih, b_hh)))
    _, (last,), _ = _gru_forward(projected[None], None, _wide(hx), Weights(*_wide(w_ih, w_hh, b_ih, b_hh)), None, False)
    return last.astype(input.dtype)


@op("lstm_cell_", variants="", promote="none", node="Add", outputs=("cell", "output_gate"))
def lstm_cell(input: Array, hx: Array, cx: Array, w_ih: Array, w_hh: Array, b_ih: OptionalArray, b_hh: OptionalArray):
    """The next cell state, and the output gate."""
    i, f, g, o = jnp.split(_sum_of_products(input, hx, w_ih, w_hh, b_ih, b_hh), 4, -1)
    cell = jax.nn.sigmoid(f) * widened(cx) + jax.nn.sigmoid(i) * jnp.tanh(g)
    return cell.astype(input.dtype), jax.nn.sigmoid(o).astype(input.dtype)


@op("lstm_cell_output", variants="", promote="none", node="Mul")
def lstm_cell_output(output_gate: Array, cell: Array):
    """The next hidden state."""
    return output_gate * jnp.tanh(cell)
