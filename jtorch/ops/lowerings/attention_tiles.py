"""Attention on a CPU a tile of scores at a time, which stays in the cache, so that memory grows with the sequence and not with its square.

Forward keeps a running maximum and sum of each row, and for backward the logarithm of the sum; backward computes the scores again from it. Tiles
above the diagonal of a causal mask are left out. Milliseconds of CPU time, float32, heads of 64 (of 32 in the first row), causal or not, on 2 cores
while others used them too, jax 0.10.2: all scores at once, tiles, and torch 2.13:

    heads, length           forward, causal        and backward         forward, all           and backward
    64, 64 (of 32)          1.9,  1.9, 0.9        3.3,  3.0,  1.7      1.4,  1.7,  0.8        4.0,  3.2,  5.9
    32, 128                 4.2,  3.2, 3.5         12,  9.1,   15      3.0,  3.2,  3.9         11,  8.4,   14
    16, 256                 8.6,  5.2, 6.2         23,   14,   48      6.2,  6.4,  4.0         20,   16,   20
    8, 512                   18,  7.5, 5.8                              14,  8.6,  6.7         61,   26,   51
    4, 2048                 116,   31,  24        423,   99,  107

Tiles of 64 and of 256 rows or columns took 1.05 to 1.5 times as long, as did two loops, with and without the mask.

Sources: T. Dao, "FlashAttention-2: faster attention with better parallelism and work partitioning" (2023), algorithms 1 and 2; M. Milakov, N.
Gimelshein, "Online normalizer calculation for softmax" (2018), algorithm 3.
"""

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from .row_maxima import by_halves

TILE = 128
# Scores under which a loop is not worth compiling.
FEWEST_SCORES = 1 << 18


class Extra(NamedTuple):
    """A mask or noise as (count, rows or 1, columns or 1), filled up to whole tiles, and which of them a head takes."""

    array: jax.Array
    of_head: np.ndarray


def worth_it(q, k) -> bool:
    """Whether attention of so many queries (..., L, E) and keys (..., S, E) goes by tiles."""
    rows, columns = q.shape[-2], k.shape[-2]
    return (
        q.dtype in (jnp.float32, jnp.float64)
        and min(rows, columns) >= TILE
        and math.prod(q.shape[:-1]) * columns >= FEWEST_SCORES
        and q.shape[-1] > 0
    )


def forward(q, k, v, mask, noise, scale, causal):
    """The output (..., L, Ev), and the logarithm of each row's sum of exponentials, infinite for a row without keys."""
    lead, columns = q.shape[:-2], k.shape[-2]
    before, after = _roots(scale)
    mask, noise = (_extra(x, lead) for x in (mask, noise))
    masked = causal or mask is not None

    def head(given):
        number, q, k, v = given

        def row(i):
            queries = _tile(q, i)

            def column(j, state):
                total, top, made = state
                scores = _scores(queries, _tile(k, j), mask, number, i, j, columns, causal)
                highest = jnp.maximum(top, by_halves(scores))
                base = jnp.where(jnp.isneginf(highest), 0, highest) if masked else highest
                weights, shrunk = jnp.exp(scores - base), jnp.exp(top - base)
                total = total * shrunk + weights.sum(-1, keepdims=True)
                if noise is not None:
                    weights = weights * _piece(noise, number, i, j).astype(weights.dtype)
                return total, highest, made * shrunk + weights @ _tile(v, j)

            start = jnp.zeros((TILE, 1), q.dtype)
            state = start, start - jnp.inf, jnp.zeros((TILE, v.shape[-1]), q.dtype)
            total, top, made = lax.fori_loop(0, _column_tiles(i, k, causal), column, state)
            none = total == 0
            logarithm = jnp.where(none, jnp.inf, top + jnp.log(total))
            return made / jnp.where(none, 1, total), logarithm[:, 0]

        made, logarithms = lax.map(row, jnp.arange(q.shape[0] // TILE))
        return made.reshape(-1, v.shape[-1]), logarithms.reshape(-1)

    tiled = [_filled(x.reshape(-1, *x.shape[-2:])) for x in (q * before, k * after, v)]
    made, logarithms = lax.map(head, (jnp.arange(math.prod(lead)), *tiled))
    rows = q.shape[-2]
    return made[:, :rows].reshape(*q.shape[:-1], v.shape[-1]), logarithms[:, :rows].reshape(q.shape[:-1])


def gradients(grad, q, k, v, mask, noise, out, logarithms, scale, causal):
    """Those of query, key and value, from the results of `forward`."""
    lead, columns = q.shape[:-2], k.shape[-2]
    before, after = _roots(scale)
    mask, noise = (_extra(x, lead) for x in (mask, noise))

    def head(given):
        number, q, k, v, grad, logarithms, inner = given

        def row(to_keys_and_values, i):
            queries, slopes, logarithm, subtracted = (_tile(x, i) for x in (q, grad, logarithms, inner))

            def column(j, state):
                to_queries, to_keys, to_values = state
                keys = _tile(k, j)
                scores = _scores(queries, keys, mask, number, i, j, columns, causal)
                weights = jnp.exp(scores - logarithm)
                to_weights = slopes @ _tile(v, j).T
                used = weights
                if noise is not None:
                    piece = _piece(noise, number, i, j).astype(weights.dtype)
                    to_weights, used = to_weights * piece, weights * piece
                to_scores = weights * (to_weights - subtracted)
                return (
                    to_queries + to_scores @ keys,
                    _added(to_keys, to_scores.T @ queries, j),
                    _added(to_values, used.T @ slopes, j),
                )

            state = jnp.zeros_like(queries), *to_keys_and_values
            to_queries, *rest = lax.fori_loop(0, _column_tiles(i, k, causal), column, state)
            return tuple(rest), to_queries

        start = jnp.zeros_like(k), jnp.zeros_like(v)
        (to_keys, to_values), to_queries = lax.scan(row, start, jnp.arange(q.shape[0] // TILE))
        return to_queries.reshape(q.shape) * before, to_keys * after, to_values

    inner = (grad * out).sum(-1, keepdims=True)
    tiled = [_filled(x.reshape(-1, *x.shape[-2:])) for x in (q * before, k * after, v, grad)]
    # Rows that only fill up a tile weigh nothing.
    logarithms = _filled(logarithms.reshape(-1, logarithms.shape[-1], 1), jnp.inf)
    inner = _filled(inner.reshape(-1, *inner.shape[-2:]))
    made = lax.map(head, (jnp.arange(math.prod(lead)), *tiled, logarithms, inner))
    return tuple(to[:, : x.shape[-2]].reshape(x.shape) for to, x in zip(made, (q, k, v), strict=True))


def _roots(scale):
    """Factors of queries and keys, as torch has them."""
    root = abs(scale) ** 0.5
    return (-root if scale < 0 else root), root


def _column_tiles(i, k, causal):
    count = k.shape[0] // TILE
    return jnp.minimum(i + 1, count) if causal else count


def _scores(queries, keys, mask, number, i, j, columns, causal):
    """The scores of tile (i, j), of which `columns` are there in all."""
    scores = queries @ keys.T
    allowed = None
    column = jnp.arange(TILE) + j * TILE
    if causal:
        allowed = (jnp.arange(TILE) + i * TILE)[:, None] >= column
    if columns % TILE:
        allowed = column < columns if allowed is None else allowed & (column < columns)
    if mask is not None:
        piece = _piece(mask, number, i, j)
        if piece.dtype == jnp.bool_:
            allowed = piece if allowed is None else piece & allowed
        else:
            scores = scores + piece.astype(scores.dtype)
    return scores if allowed is None else jnp.where(allowed, scores, -jnp.inf)


def _tile(rows, i):
    return lax.dynamic_slice_in_dim(rows, i * TILE, TILE)


def _added(rows, more, i):
    return lax.dynamic_update_slice_in_dim(rows, _tile(rows, i) + more, i * TILE, 0)


def _filled(rows, value=0.0):
    """(heads, rows, ...) with rows up to whole tiles."""
    edges = [(0, 0, 0), (0, -rows.shape[1] % TILE, 0), (0, 0, 0)]
    return lax.pad(rows, jnp.asarray(value, rows.dtype), edges)


def _extra(array, lead):
    if array is None:
        return None
    *counts, rows, columns = array.shape
    counts = (1,) * (len(lead) - len(counts)) + tuple(counts)
    of_head = np.broadcast_to(np.arange(math.prod(counts)).reshape(counts), lead).reshape(-1)
    edges = [(0, 0, 0), *((0, -n % TILE if n > 1 else 0, 0) for n in (rows, columns))]
    array = lax.pad(array.reshape(-1, rows, columns), jnp.zeros((), array.dtype), edges)
    return Extra(array, of_head)


def _piece(extra, number, i, j):
    _, rows, columns = extra.array.shape
    starts = [jnp.asarray(extra.of_head)[number], i * TILE if rows > 1 else 0, j * TILE if columns > 1 else 0]
    return lax.dynamic_slice(
        extra.array, [jnp.asarray(start, jnp.int32) for start in starts], (1, min(rows, TILE), min(columns, TILE))
    )[0]
