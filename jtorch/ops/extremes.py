"""Largest and smallest elements, NaN where there is one.

XLA's reductions to a maximum or minimum lose NaN on a CPU from about 4096 elements on (openxla/xla issue 21461 and its kin), so that
is looked for apart; both reductions are vectorised, where one that compares and keeps NaN would not be.
"""

import jax.numpy as jnp

from .kinds import is_floating


def highest(x, axis=None, keepdims=False):
    return _keep_nan(jnp.max(x, axis=axis, keepdims=keepdims), x, axis, keepdims)


def lowest(x, axis=None, keepdims=False):
    return _keep_nan(jnp.min(x, axis=axis, keepdims=keepdims), x, axis, keepdims)


def _keep_nan(extreme, x, axis, keepdims):
    if not is_floating(x):
        return extreme
    return jnp.where(jnp.any(jnp.isnan(x), axis=axis, keepdims=keepdims), jnp.nan, extreme)
