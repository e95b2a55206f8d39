"""Products of matrices that are stacked along one dimension, in groups of different sizes: the experts of a mixture."""

import jax
import jax.numpy as jnp

from .registry import Array, OptionalArray, op


def _by_rows(rows, matrices, ends):
    """Rows (M, K), of which those of group g are multiplied with matrices[g] (K, N)."""
    sizes = jnp.diff(ends, prepend=0)
    return jax.lax.ragged_dot(rows, matrices, sizes, preferred_element_type=jnp.float32)


@op("grouped_mm", promote="none", variants="")
def grouped_mm(mat_a: Array, mat_b: Array, offs: OptionalArray):
    """A product for each group; `offs` is where the groups end. Groups are rows of a 2-D `mat_a`, columns of a 2-D `mat_b`, or the dimension both share."""
    if mat_a.ndim == mat_b.ndim == 3:
        made = jnp.matmul(mat_a, mat_b, preferred_element_type=jnp.float32)
    elif mat_b.ndim == 3:
        made = _by_rows(mat_a, mat_b, offs)
    elif mat_a.ndim == 3:
        made = _by_rows(mat_b.T, mat_a.mT, offs).T
    else:
        places = jnp.arange(mat_a.shape[1])
        within = (places < offs[:, None]) & (places >= jnp.concatenate([offs[:1] * 0, offs[:-1]])[:, None])
        groups = jnp.where(within[:, None, :], mat_a, jnp.zeros((), mat_a.dtype))
        made = jnp.matmul(groups, mat_b, preferred_element_type=jnp.float32)
    return made.astype(mat_a.dtype)
