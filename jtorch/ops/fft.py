"""Discrete Fourier transforms over several dimensions: complex to complex, real to complex, complex to real."""

import jax.numpy as jnp

from .registry import Array, op


@op("transform.fft_c2c", promote="none", variants="", node="FftC2C")
def fft_c2c(input: Array, *, dims, norm, forward):
    """The transform of complex numbers, or its inverse unless `forward`. `norm` says which of the two is scaled, in numpy's words."""
    return (jnp.fft.fftn if forward else jnp.fft.ifftn)(input, axes=dims, norm=norm).astype(input.dtype)


@op("transform.fft_r2c", promote="none", variants="", node="FftR2C")
def fft_r2c(input: Array, *, dims, norm, onesided):
    """The transform of real numbers; `onesided` leaves out what symmetry says of the last dimension."""
    dtype = jnp.promote_types(input.dtype, jnp.complex64)
    if onesided:
        return jnp.fft.rfftn(input, axes=dims, norm=norm).astype(dtype)
    return jnp.fft.fftn(input.astype(dtype), axes=dims, norm=norm)


@op("transform.fft_c2r", promote="none", variants="", node="FftC2R")
def fft_c2r(input: Array, *, dims, norm, size):
    """The inverse transform of one half of a symmetric array to `size` real numbers along the last of `dims`."""
    sizes = tuple(input.shape[d] for d in dims[:-1])
    return jnp.fft.irfftn(input, s=(*sizes, size), axes=dims, norm=norm)


# --- memory order --------------------------------------------------------------------------------------------------


def _transformed(shape, strides, dims):
    """Strides of a transform's result: dimensions that are not transformed come first, in the operand's order, then `dims` as given."""
    order = [*sorted((d for d in range(len(shape)) if d not in dims), key=lambda d: -strides[d]), *dims]
    made, step = [0] * len(shape), 1
    for d in reversed(order):
        made[d] = step
        step *= max(shape[d], 1)
    return tuple(made)


def _slowest_first(strides, dims):
    return sorted(dims, key=lambda d: -strides[d])


@fft_c2c.layout
def fft_c2c_layout(shapes, *, input_strides, dims):
    return [_transformed(shapes[0], input_strides, _slowest_first(input_strides, dims))]


@fft_r2c.layout
def fft_r2c_layout(shapes, *, input_strides, dims):
    return [_transformed(shapes[0], input_strides, [*_slowest_first(input_strides, dims[:-1]), dims[-1]])]


@fft_c2r.layout
def fft_c2r_layout(shapes, *, input_shape, input_strides, dims):
    if len(dims) > 1:
        input_strides = _transformed(input_shape, input_strides, _slowest_first(input_strides, dims[:-1]))
    return [_transformed(shapes[0], input_strides, dims[-1:])]
