"""Scaled dot-product attention."""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from .. import precision
from .kinds import is_bool, is_floating, scalar_name, widened
from .lowerings import attention_tiles, cudnn_attention, row_blocks
from .lowerings.row_maxima import row_maxima
from .registry import Array, OptionalArray, op
from .shapes import broadcast_shapes


class Options(NamedTuple):
    """What is no array: `group` says that each head of key and value serves several heads of query."""

    scale: float
    causal: bool
    group: bool


@op("scaled_dot_product_attention", variants="", promote="none", node=lambda statics: statics["node"], residuals=2)
def attention(
    query: Array,
    key: Array,
    value: Array,
    mask: OptionalArray,
    noise: OptionalArray,
    scale,
    causal,
    group,
    node,
):
    """softmax(query key^T scale + mask) value over the last two dimensions (Vaswani et al. 2017, eq. 1).

    `mask` is bool (True takes part) or is added; a row without any key gives zeros. `noise` multiplies the weights (dropout). With
    `group` each head of key and value serves several heads of query. `node` names the node: torch has several kernels. Long sequences
    go by tiles on a CPU, which also give what backward needs.
    """
    for x in (query, key, value):
        if not is_floating(x):
            raise RuntimeError(f"expected scalar type Float but found {scalar_name(x)}")
    options = Options(scale, causal, group)
    q, k, v = _spread(query, key, value, group)
    _check_inner(q, k, v)
    if mask is not None:
        wanted = (*q.shape[:-1], k.shape[-2])
        if broadcast_shapes(wanted, mask.shape) != wanted:
            shown = list(broadcast_shapes(wanted, mask.shape))
            raise RuntimeError(f"output with shape {list(wanted)} doesn't match the broadcast shape {shown}")
    if not _other_ways(query, key, value, mask, noise, options):
        nothing = jnp.zeros((0,), q.dtype)
        return _plain(query, key, value, mask, noise, options), nothing, nothing
    made, logarithms = _chosen(query, key, value, mask, noise, options)
    return made.astype(query.dtype), made, logarithms


@attention.backward
def _(grad, query, key, value, mask, noise, scale, causal, group, residuals, needs):
    options = Options(scale, causal, group)
    operands = query, key, value, mask, noise
    if residuals[0].size == 0 or any(needs[3:]):
        return *_plain_gradients(grad, *operands, options, any(needs[3:])), None
    return *_chosen_gradients(grad, *operands, *residuals, options), None, None


def _other_ways(query, key, value, mask, noise, options):
    """Platforms with a way of their own: its function of the operands, and that of the gradients."""
    found = {}
    q, k, _ = _spread(query, key, value, options.group)
    if attention_tiles.worth_it(q, k):
        found["cpu"] = _by_tiles, _gradients_by_tiles
    if cudnn_attention.worth_it(query, key, value, mask, noise, options.causal):
        found["cuda"] = _by_cudnn, _gradients_by_cudnn
    return found


@functools.partial(jax.custom_jvp, nondiff_argnums=(5,))
def _chosen(query, key, value, mask, noise, options):
    """The output in the precision of the computation, and what tiles need for backward: the platform decides when the program is made."""
    operands = query, key, value, mask, noise

    def without(*operands):
        made = widened(_plain(*operands, options))
        return made, jnp.zeros(made.shape[:-1], made.dtype)

    ways = {name: functools.partial(way, options) for name, (way, _) in _other_ways(*operands, options).items()}
    return lax.platform_dependent(*operands, **ways, default=without)


@_chosen.defjvp
def _(options, primals, tangents):
    made, logarithms = _chosen(*primals, options)
    _, slope = jax.jvp(lambda *operands: widened(_plain(*operands, options)), primals, tangents)
    return (made, logarithms), (slope, jnp.zeros_like(logarithms))


@functools.partial(jax.custom_jvp, nondiff_argnums=(8,))
def _chosen_gradients(grad, query, key, value, mask, noise, made, logarithms, options):
    """Gradients of query, key and value. Their own derivative is that of the plain form."""
    operands = query, key, value, mask, noise

    def without(grad, query, key, value, mask, noise, made, logarithms):
        return _plain_gradients(grad, query, key, value, mask, noise, options)[:3]

    ways = {name: functools.partial(way, options) for name, (_, way) in _other_ways(*operands, options).items()}
    return lax.platform_dependent(grad, *operands, made, logarithms, **ways, default=without)


@_chosen_gradients.defjvp
def _(options, primals, tangents):
    def plain(*given):
        return _plain_gradients(*given, options)[:3]

    _, slopes = jax.jvp(plain, primals[:6], tangents[:6])
    return _chosen_gradients(*primals, options), slopes


def _by_tiles(options, query, key, value, mask, noise):
    q, k, v = _spread(query, key, value, options.group)
    return attention_tiles.forward(q, k, v, mask, noise, options.scale, options.causal)


def _gradients_by_tiles(options, grad, query, key, value, mask, noise, made, logarithms):
    (q, k, v), spread_back = jax.vjp(lambda *operands: _spread(*operands, options.group), query, key, value)
    return spread_back(
        attention_tiles.gradients(widened(grad), q, k, v, mask, noise, made, logarithms, options.scale, options.causal)
    )


def _by_cudnn(options, query, key, value, mask, noise):
    made = widened(cudnn_attention.forward(query, key, value, options.scale, options.causal))
    return made, jnp.zeros(made.shape[:-1], made.dtype)


def _gradients_by_cudnn(options, grad, query, key, value, mask, noise, made, logarithms):
    def forward(query, key, value):
        return cudnn_attention.forward(query, key, value, options.scale, options.causal)

    return jax.vjp(forward, query, key, value)[1](grad)


def _spread(query, key, value, group):
    """The operands in the precision of the computation, with the same leading dimensions."""
    q, k, v = widened(query), widened(key), widened(value)
    if group:
        k, v = (jnp.repeat(x, q.shape[-3] // x.shape[-3], -3) for x in (k, v))
    lead = broadcast_shapes(q.shape[:-2], k.shape[:-2], v.shape[:-2])
    return tuple(jnp.broadcast_to(x, (*lead, *x.shape[-2:])) for x in (q, k, v))


def _plain(query, key, value, mask, noise, options):
    """XLA's own way, which has derivatives of every order."""
    attend = functools.partial(_attend, scale=options.scale, causal=options.causal)
    made = row_blocks.attention(attend, *_spread(query, key, value, options.group), mask, noise)
    return made.astype(query.dtype)


def _plain_gradients(grad, query, key, value, mask, noise, options, of_mask=False):
    """Gradients of query, key, value and mask, the last one if it is wanted."""
    if of_mask:
        return jax.vjp(lambda *operands: _plain(*operands, noise, options), query, key, value, mask)[1](grad)
    return *jax.vjp(lambda *operands: _plain(*operands, mask, noise, options), query, key, value)[1](grad), None


def _attend(q, k, v, mask, noise, first, *, scale, causal):
    """Attention of some rows of queries, the first of which is row `first` of all."""
    batch, last = tuple(range(q.ndim - 2)), q.ndim - 1
    # Scaled afterwards: rounded once, and not in each factor of each product.
    scores = lax.dot_general(q, k, (((last,), (last,)), (batch, batch)), precision=precision.of_matmul()) * scale
    allowed = None
    if causal:
        rows, columns = scores.shape[-2:]
        allowed = (jnp.arange(rows) + first)[:, None] >= jnp.arange(columns)
    if mask is not None:
        if is_bool(mask):
            allowed = mask if allowed is None else mask & allowed
        else:
            scores = scores + mask.astype(scores.dtype)
    if allowed is not None:
        scores = jnp.where(allowed, scores, -jnp.inf)
    weights = _safe_softmax(scores, masked=allowed is not None or mask is not None)
    if noise is not None:
        weights = weights * noise.astype(weights.dtype)
    return lax.dot_general(weights, v, (((last,), (last - 1,)), (batch, batch)), precision=precision.of_matmul())


def _check_inner(q, k, v):
    """torch's words come from its matrix products: the sizes that must agree, with the leading ones as one batch."""
    count = 1
    for n in q.shape[:-2]:
        count *= n
    for have, found in ((q.shape[-1], k.shape[-1]), (k.shape[-2], v.shape[-2])):
        if have == found:
            continue
        if q.ndim == 2:
            second = f"{k.shape[1]}x{k.shape[0]}" if found == k.shape[-1] else f"{v.shape[0]}x{v.shape[1]}"
            raise RuntimeError(f"mat1 and mat2 shapes cannot be multiplied ({q.shape[0]}x{have} and {second})")
        raise RuntimeError(
            f"Expected size for first two dimensions of batch2 tensor to be: [{count}, {have}] but got: [{count}, {found}]."
        )


@functools.partial(jax.custom_jvp, nondiff_argnums=(1,))
def _safe_softmax(scores, masked):
    if scores.shape[-1] == 0:
        return scores
    top = row_maxima(scores)
    weights = jnp.exp(scores - (jnp.where(jnp.isneginf(top), 0, top) if masked else top))
    total = weights.sum(-1, keepdims=True)
    return weights / (jnp.where(total == 0, 1, total) if masked else total)


@_safe_softmax.defjvp
def _(masked, primals, tangents):
    # In this order the transpose is w (g - sum(w g)): a difference of products loses three bits in second derivatives.
    weights = _safe_softmax(primals[0], masked)
    slope = weights * tangents[0]
    return weights, slope - weights * slope.sum(-1, keepdims=True)
