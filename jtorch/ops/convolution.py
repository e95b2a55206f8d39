"""Convolutions of one to three dimensions and their transposes, channels first."""

import jax.numpy as jnp
from jax import lax

from .. import precision
from .registry import Array, OptionalArray, op

_LETTERS = "DHW"


def _check(input, weight, bias, n, groups, transposed):
    if input.ndim not in (n + 1, n + 2):
        raise RuntimeError(
            f"Expected {n + 1}D (unbatched) or {n + 2}D (batched) input to conv{'_transpose' if transposed else ''}{n}d, but got input of size: {list(input.shape)}"
        )
    channels = input.shape[-n - 1]
    expected = weight.shape[0] if transposed else weight.shape[1] * groups
    if channels != expected:
        raise RuntimeError(
            f"Given {'transposed=1, ' if transposed else f'groups={groups}, '}weight of size {list(weight.shape)}, expected input{list(input.shape)} to have {expected} channels, but got {channels} channels instead"
        )
    if weight.dtype != input.dtype or (bias is not None and bias.dtype != input.dtype):
        other = ("bias", bias) if bias is not None and bias.dtype != input.dtype else ("weight", weight)
        names = {
            "float32": "float",
            "float64": "double",
            "float16": "c10::Half",
            "bfloat16": "c10::BFloat16",
            "int64": "long int",
            "uint8": "unsigned char",
        }
        a, b = (names.get(str(x.dtype), str(x.dtype)) for x in (input, other[1]))
        raise RuntimeError(f"Input type ({a}) and {other[0]} type ({b}) should be the same")


@op("convolution", variants="", promote="none", node="Convolution")
def convolution(input: Array, weight: Array, bias: OptionalArray, stride, padding, dilation, groups):
    """Cross-correlation of (N, C, *spatial) with (O, C / groups, *kernel); `padding` is ((low, high), ...) per spatial dimension."""
    n = weight.ndim - 2
    _check(input, weight, bias, n, groups, False)
    batched = input.ndim == n + 2
    x = input if batched else input[None]
    for size, kernel, (low, high), step in zip(x.shape[2:], weight.shape[2:], padding, dilation, strict=True):
        if size + low + high < step * (kernel - 1) + 1:
            padded = " x ".join(str(s + a + b) for s, (a, b) in zip(x.shape[2:], padding, strict=True))
            kernels = " x ".join(str(d * (k - 1) + 1) for k, d in zip(weight.shape[2:], dilation, strict=True))
            raise RuntimeError(
                f"Calculated padded input size per channel: ({padded}). Kernel size: ({kernels}). Kernel size can't be greater than actual input size"
            )
    spatial = _LETTERS[3 - n :]
    out = lax.conv_general_dilated(
        x, weight, stride, padding, rhs_dilation=dilation, feature_group_count=groups, dimension_numbers=("NC" + spatial, "OI" + spatial, "NC" + spatial),
        precision=precision.of_convolution(),
    )  # fmt: skip
    if bias is not None:
        out = out + bias.reshape((1, -1) + (1,) * n)
    return out if batched else out[0]


@op("convolution_transpose", variants="", promote="none", node="Convolution")
def convolution_transpose(
    input: Array, weight: Array, bias: OptionalArray, stride, padding, output_padding, dilation, groups
):
    """The gradient of a convolution with respect to its input, as a layer: weight is (C, O / groups, *kernel)."""
    n = weight.ndim - 2
    _check(input, weight, bias, n, groups, True)
    batched = input.ndim == n + 2
    x = input if batched else input[None]
    channels, per_group = weight.shape[:2]
    kernel = weight.reshape(groups, channels // groups, per_group, *weight.shape[2:]).swapaxes(1, 2)
    kernel = kernel.reshape(groups * per_group, channels // groups, *weight.shape[2:])
    kernel = jnp.flip(kernel, tuple(range(2, n + 2)))
    edges = [
        (d * (k - 1) - p, d * (k - 1) - p + extra)
        for d, k, p, extra in zip(dilation, weight.shape[2:], padding, output_padding, strict=True)
    ]
    spatial = _LETTERS[3 - n :]
    out = lax.conv_general_dilated(
        x, kernel, (1,) * n, edges, lhs_dilation=stride, rhs_dilation=dilation, feature_group_count=groups,
        dimension_numbers=("NC" + spatial, "OI" + spatial, "NC" + spatial), precision=precision.of_convolution(),
    )  # fmt: skip
    if bias is not None:
        out = out + bias.reshape((1, -1) + (1,) * n)
    return out if batched else out[0]
