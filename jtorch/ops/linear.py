"""The affine map of a linear layer: one operation, whose node is named as torch's by the number of dimensions."""

import jax.numpy as jnp
from jax import lax

from .. import precision
from .registry import Array, OptionalArray, op


def _linear(input, weight, bias):
    wide = input.dtype in (jnp.float16, jnp.bfloat16)
    if input.shape[-1:] != weight.shape[-1:]:
        rows = 1
        for n in input.shape[:-1]:
            rows *= n
        columns = weight.shape[0] if weight.ndim == 2 else 1
        raise RuntimeError(
            f"mat1 and mat2 shapes cannot be multiplied ({rows}x{input.shape[-1]} and {weight.shape[-1]}x{columns})"
        )
    if bias is not None and bias.ndim and bias.shape[-1] not in (1, weight.shape[0]):
        rows = 1
        for n in input.shape[:-1]:
            rows *= n
        target = [rows, weight.shape[0]]
        raise RuntimeError(
            f"The expanded size of the tensor ({weight.shape[0]}) must match the existing size ({bias.shape[-1]}) at non-singleton dimension 1.  Target sizes: {target}.  Tensor sizes: {list(bias.shape)}"
        )
    contracted = (((input.ndim - 1,), (weight.ndim - 1,)), ((), ()))
    out = lax.dot_general(
        input, weight, contracted, precision.of_matmul(), preferred_element_type=jnp.float32 if wide else None
    )
    if bias is not None:
        out = out + bias
    return out.astype(input.dtype)


@op("_linear_matrix", variants="", promote="same", node="Addmm", edges=("bias", "input", "weight.T"))
def linear_matrix(input: Array, weight: Array, bias: Array):
    """input @ weight.T + bias of a matrix."""
    return _linear(input, weight, bias)


@op("_linear_batch", variants="", promote="same", node="View")
def linear_batch(input: Array, weight: Array, bias: Array):
    """The same for any number of leading dimensions."""
    return _linear(input, weight, bias)


@op("_linear_matrix_plain", variants="", promote="same", node="Mm", edges=("input", "weight.T"))
def linear_matrix_plain(input: Array, weight: Array, bias: OptionalArray = None):
    """input @ weight.T of a matrix."""
    return _linear(input, weight, None)


@op("_linear_batch_plain", variants="", promote="same", node="UnsafeView")
def linear_batch_plain(input: Array, weight: Array, bias: OptionalArray = None):
    """The same for any number of leading dimensions."""
    return _linear(input, weight, None)


@op("_linear_vector_plain", variants="", promote="same", node="SqueezeBackward4")
def linear_vector_plain(input: Array, weight: Array, bias: OptionalArray = None):
    """weight @ input of a vector."""
    return _linear(input, weight, None)


@op("_linear_of_vectors", variants="", promote="same", node="Dot")
def linear_of_vectors(input: Array, weight: Array, bias: OptionalArray = None):
    """input . weight of two vectors."""
    return _linear(input, weight, None)


@op("_linear_by_vector", variants="", promote="same", node="Mv")
def linear_by_vector(input: Array, weight: Array, bias: OptionalArray = None):
    """input @ weight of a matrix and a vector."""
    return _linear(input, weight, None)
