"""Dynamic loss scaling (Micikevicius et al. 2018): take the scale out of gradients, and adapt it."""

import jax.numpy as jnp


def unscale(grads, found_inf, inverse_scale):
    """Gradients times the inverse of the scale, and 1 in `found_inf` where one of them is not finite."""
    (found,), (inverse,) = found_inf, inverse_scale
    bad = jnp.any(jnp.stack([~jnp.all(jnp.isfinite(g)) for g in grads]))
    scaled = [(g.astype(jnp.promote_types(g.dtype, jnp.float32)) * inverse).astype(g.dtype) for g in grads]
    return scaled, [jnp.where(bad, jnp.ones((), found.dtype), found)]


def adapt(scale, tracker, found_inf, growth_factor, backoff_factor, growth_interval):
    """Shrink the scale after a step that was skipped, grow it after `growth_interval` that were not."""
    (scale,), (tracker,), (found,) = scale, tracker, found_inf
    bad = found != 0
    steps = tracker + 1
    due = steps == growth_interval
    grown = scale * growth_factor.astype(scale.dtype)
    kept = jnp.where(due & jnp.isfinite(grown), grown, scale)
    new_scale = jnp.where(bad, scale * backoff_factor.astype(scale.dtype), kept)
    return [new_scale], [jnp.where(bad | due, jnp.zeros_like(tracker), steps)]
