"""Layer, group, instance, RMS and local response normalisation."""

import jax.numpy as jnp
from jax import lax

from ..dtypes import default_dtype
from .kinds import is_exact
from .registry import Array, OptionalArray, op


def _wide(input):
    return input.astype(jnp.float32) if input.dtype in (jnp.float16, jnp.bfloat16) else input


def _standardised(x, dims, eps):
    mean = x.mean(dims, keepdims=True)
    centred = x - mean
    return centred * lax.rsqrt(jnp.square(centred).mean(dims, keepdims=True) + eps)


def _check_shapes(wanted, **parameters):
    for name, parameter in parameters.items():
        if parameter is not None and parameter.shape != wanted:
            raise RuntimeError(
                f"Expected {name} to be of same shape as normalized_shape, but got {name} of shape {list(parameter.shape)} and normalized_shape = {list(wanted)}"
            )


@op("layer_norm", variants="", promote="none", node="NativeLayerNorm")
def layer_norm(input: Array, weight: OptionalArray, bias: OptionalArray, n, eps):
    """Normalised over the last `n` dimensions (Ba et al. 2016)."""
    _check_shapes(input.shape[-n:], weight=weight, bias=bias)
    normal = _standardised(_wide(input), tuple(range(input.ndim - n, input.ndim)), eps)
    normal = normal if weight is None else normal * weight
    return (normal if bias is None else normal + bias).astype(input.dtype)


@layer_norm.backward
def _(grad, input, weight, bias_shape, n, eps):
    dims = tuple(range(input.ndim - n, input.ndim))
    lead = tuple(range(input.ndim - n))
    x, g = _wide(input), _wide(grad)
    mean = x.mean(dims, keepdims=True)
    inverse = lax.rsqrt(jnp.square(x - mean).mean(dims, keepdims=True) + eps)
    normal = (x - mean) * inverse
    scaled = g if weight is None else g * weight
    to_input = inverse * (
        scaled - scaled.mean(dims, keepdims=True) - normal * (scaled * normal).mean(dims, keepdims=True)
    )
    return to_input, None if weight is None else (g * normal).sum(lead), None if bias_shape is None else g.sum(lead)


@op("rms_norm", variants="", promote="none", node="FusedRmsNorm")
def rms_norm(input: Array, weight: OptionalArray, n, eps):
    """input / sqrt(mean(input²) + eps) over the last `n` dimensions (Zhang and Sennrich 2019)."""
    _check_shapes(input.shape[-n:], weight=weight)
    x = _wide(input)
    dims = tuple(range(input.ndim - n, input.ndim))
    eps = jnp.finfo(x.dtype).eps if eps is None else eps
    normal = x * lax.rsqrt(jnp.square(x).mean(dims, keepdims=True) + eps)
    return (normal if weight is None else normal * weight).astype(input.dtype)


@op("group_norm", variants="", promote="none", node="NativeGroupNorm")
def group_norm(input: Array, weight: OptionalArray, bias: OptionalArray, groups, eps):
    """Normalised over groups of channels (dimension 1) of each sample (Wu and He 2018)."""
    batch, channels = input.shape[:2]
    if channels % groups:
        raise RuntimeError(
            f"Expected number of channels in input to be divisible by num_groups, but got input of shape {list(input.shape)} and num_groups={groups}"
        )
    for name, parameter in (("weight", weight), ("bias", bias)):
        if parameter is not None and parameter.shape != (channels,):
            raise RuntimeError(
                f"Expected {name} to be a vector of size equal to the number of channels in input, but got {name} of shape {list(parameter.shape)} and input of shape {list(input.shape)}"
            )
    grouped = _wide(input).reshape(batch, groups, input.size // max(batch * groups, 1))
    normal = _standardised(grouped, (2,), eps).reshape(input.shape)
    spread = (1, channels) + (1,) * (input.ndim - 2)
    normal = normal if weight is None else normal * weight.reshape(spread)
    return (normal if bias is None else normal + bias.reshape(spread)).astype(input.dtype)


@op("local_response_norm", variants="", promote="arith", node="Div")
def local_response_norm(input: Array, size, alpha, beta, k):
    """input / (k + alpha * mean of squares over neighbouring channels)^beta (Krizhevsky et al. 2012)."""
    square = jnp.square(_wide(input))
    edges = [(0, 0), (size // 2, (size - 1) // 2)] + [(0, 0)] * (input.ndim - 2)
    padded = jnp.pad(square, edges)
    total = sum(lax.slice_in_dim(padded, i, i + input.shape[1], axis=1) for i in range(size))
    # Integers have whole means, as those of torch's pooling are.
    mean = (total // size).astype(default_dtype().numpy) if is_exact(input) else total / size
    return (input / (k + alpha * mean) ** beta).astype(mean.dtype if is_exact(input) else input.dtype)
