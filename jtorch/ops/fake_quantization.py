"""Rounding to the values that a quantized tensor could hold, for training with quantization in mind (Jacob et al. 2018, section 3)."""

import jax.numpy as jnp

from .kinds import is_floating, not_implemented
from .registry import Array, Number, op


def _rounded(input, scale, zero_point, low, high):
    """The result, and where the rounded value lies within the bounds: the gradient passes there, as if nothing were rounded."""
    if not is_floating(input):
        raise not_implemented("fake_quantize_tensor_cachemask_kernel_type_handling", input)
    wide = input.astype(jnp.promote_types(input.dtype, jnp.float32))
    scale = scale.astype(jnp.float32)
    steps = wide * (1 / scale)
    # A whole zero point is added to the rounded value: ties go to the even number of steps.
    level = jnp.round(steps + zero_point) if is_floating(zero_point) else jnp.round(steps) + zero_point
    kept = (level >= low) & (level <= high)
    return ((jnp.clip(level, low, high) - zero_point) * scale).astype(input.dtype), kept


@op("fake_quantize_per_tensor", promote="none", variants="", node="FakeQuantizePerTensorAffineCachemask", residuals=1)
def per_tensor(input: Array, scale: Number, zero_point: Number, quant_min, quant_max):
    """One scale and zero point for all elements, as numbers."""
    return _rounded(input, scale, zero_point, quant_min, quant_max)


@op(
    "fake_quantize_per_tensor_of_tensors",
    promote="none",
    variants="",
    node="FakeQuantizePerTensorAffineCachemaskTensorQparams",
    residuals=1,
)
def per_tensor_of_tensors(input: Array, scale: Array, zero_point: Array, quant_min, quant_max):
    """One scale and zero point for all elements, as tensors."""
    return _rounded(input, scale.reshape(()), zero_point.reshape(()), quant_min, quant_max)


@op("fake_quantize_per_channel", promote="none", variants="", node="FakeQuantizePerChannelAffineCachemask", residuals=1)
def per_channel(input: Array, scale: Array, zero_point: Array, axis, quant_min, quant_max):
    """A scale and zero point for each position along `axis`."""
    shape = [-1 if d == axis else 1 for d in range(input.ndim)]
    return _rounded(input, scale.reshape(shape), zero_point.reshape(shape), quant_min, quant_max)


@per_tensor.backward
def per_tensor_backward(grad, residuals):
    return grad * residuals[0]


@per_tensor_of_tensors.backward
def per_tensor_of_tensors_backward(grad, residuals):
    return grad * residuals[0], None, None


@per_channel.backward
def per_channel_backward(grad, residuals):
    return grad * residuals[0], None, None
