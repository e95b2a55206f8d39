"""Normalisation layers' mathematics."""

import jax.numpy as jnp
from jax import lax

from . import channels_last
from .kinds import widened
from .registry import Array, OptionalArray, op


def _channels(vector, ndim):
    return vector.reshape((1, -1) + (1,) * (ndim - 2))


def _scaled(normal, weight, bias):
    if weight is not None:
        normal = normal * _channels(widened(weight), normal.ndim)
    return normal if bias is None else normal + _channels(widened(bias), normal.ndim)


@op("batch_norm_train", variants="", promote="none", node="NativeBatchNorm", outputs=("output", "mean", "var"))
def batch_norm_train(input: Array, weight: OptionalArray, bias: OptionalArray, eps):
    """Normalised by the batch's own statistics; gives also the mean and the biased variance of each channel."""
    dims = (0, *range(2, input.ndim))
    wide = widened(input)
    mean = wide.mean(dims)
    var = jnp.square(wide - _channels(mean, input.ndim)).mean(dims)
    normal = (wide - _channels(mean, input.ndim)) * _channels(lax.rsqrt(var + eps), input.ndim)
    return _scaled(normal, weight, bias).astype(input.dtype), mean, var


@batch_norm_train.backward
def _(grads, input, weight, bias_shape, eps):
    # The statistics are computed again rather than saved: inside a program XLA merges both, and the rule stays differentiable.
    grad, input = widened(grads[0]), widened(input)
    ndim = input.ndim
    dims = (0, *range(2, ndim))
    count = input.size // input.shape[1]
    mean = _channels(input.mean(dims), ndim)
    inverse = lax.rsqrt(jnp.square(input - mean).mean(dims, keepdims=True) + eps)
    normal = (input - mean) * inverse
    grad_bias = grad.sum(dims)
    grad_weight = (grad * normal).sum(dims)
    scaled = inverse if weight is None else inverse * _channels(widened(weight), ndim)
    grad_input = scaled * (grad - (_channels(grad_bias, ndim) + normal * _channels(grad_weight, ndim)) / count)
    return grad_input, None if weight is None else grad_weight, None if bias_shape is None else grad_bias


@op("batch_norm_eval", variants="", promote="none", node="NativeBatchNorm")
def batch_norm_eval(input: Array, mean: Array, var: Array, weight: OptionalArray, bias: OptionalArray, eps):
    """Normalised by given statistics."""
    ndim = input.ndim
    scale = lax.rsqrt(widened(var) + eps)
    normal = (widened(input) - _channels(widened(mean), ndim)) * _channels(scale, ndim)
    return _scaled(normal, weight, bias).astype(input.dtype)


batch_norm_train.layout(channels_last.as_input)
batch_norm_eval.layout(channels_last.as_input)
