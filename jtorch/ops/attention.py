"""Scaled dot-product attention."""

import functools

import jax
import jax.numpy as jnp
from jax import lax

from .. import precision
from .kinds import is_bool, is_floating, scalar_name, widened
from .lowerings import row_blocks
from .registry import Array, OptionalArray, op
from .shapes import broadcast_shapes


@op("scaled_dot_product_attention", variants="", promote="none", node=lambda statics: statics["node"])
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
    `group` each head of key and value serves several heads of query. `node` names the node: torch has several kernels.
    """
    for x in (query, key, value):
        if not is_floating(x):
            raise RuntimeError(f"expected scalar type Float but found {scalar_name(x)}")
    q, k, v = widened(query), widened(key), widened(value)
    if group:
        k, v = (jnp.repeat(x, q.shape[-3] // x.shape[-3], -3) for x in (k, v))
    lead = broadcast_shapes(q.shape[:-2], k.shape[:-2], v.shape[:-2])
    q, k, v = (jnp.broadcast_to(x, (*lead, *x.shape[-2:])) for x in (q, k, v))
    _check_inner(q, k, v)
    if mask is not None:
        wanted = (*lead, q.shape[-2], k.shape[-2])
        if broadcast_shapes(wanted, mask.shape) != wanted:
            shown = list(broadcast_shapes(wanted, mask.shape))
            raise RuntimeError(f"output with shape {list(wanted)} doesn't match the broadcast shape {shown}")
    attend = functools.partial(_attend, scale=scale, causal=causal)
    return row_blocks.attention(attend, q, k, v, mask, noise).astype(query.dtype)


def _attend(q, k, v, mask, noise, first, *, scale, causal):
    """Attention of some rows of queries, the first of which is row `first` of all."""
    batch, last = tuple(range(q.ndim - 2)), q.ndim - 1
    # The root of the scale on either side, as torch has it: products of half precision stay in range.
    root = abs(scale) ** 0.5
    sign = -1.0 if scale < 0 else 1.0
    scores = lax.dot_general(
        q * (root * sign), k * root, (((last,), (last,)), (batch, batch)), precision=precision.of_matmul()
    )
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
    top = scores.max(-1, keepdims=True)
    weights = jnp.exp(scores - (jnp.where(jnp.isneginf(top), 0, top) if masked else top))
    total = weights.sum(-1, keepdims=True)
    return weights / (jnp.where(total == 0, 1, total) if masked else total)


@_safe_softmax.defjvp
def _(masked, primals, tangents):
    # In this order the transpose is w (g - sum(w g)): a difference of products loses three bits in second derivatives.
    weights = _safe_softmax(primals[0], masked)
    slope = weights * tangents[0]
    return weights, slope - weights * slope.sum(-1, keepdims=True)
