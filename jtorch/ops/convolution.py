"""Convolutions of one to three dimensions and their transposes, channels first."""

import functools

import jax
import jax.numpy as jnp
from jax import lax

from .. import precision
from . import channels_last
from .kinds import c_name
from .lowerings import columns, patches, planes, taps
from .registry import Array, OptionalArray, op

_LETTERS = "DHW"


def _check(input, weight, bias, groups, transposed, output_padding=(), **per_dimension):
    """Refuse what torch refuses, in its order: sizes of arguments, their ranges, the weight, the input, the bias, dtypes."""
    n = len(per_dimension["stride"])
    if input.ndim not in (n + 1, n + 2):
        raise RuntimeError(
            f"Expected {n + 1}D (unbatched) or {n + 2}D (batched) input to conv{'_transpose' if transposed else ''}{n}d, but got input of size: {list(input.shape)}"
        )
    if weight.ndim < 3:
        raise RuntimeError("weight should have at least three dimensions")
    if groups <= 0:
        raise RuntimeError("non-positive groups is not supported")
    for name, values in per_dimension.items():
        if len(values) != weight.ndim - 2:
            raise RuntimeError(
                f"expected {name} to be a single integer value or a list of {weight.ndim - 2} values to match the convolution dimensions, but got {name}={list(values)}"
            )
    if any(p < 0 for p in per_dimension["padding"]):
        raise RuntimeError("negative padding is not supported")
    if any(p < 0 for p in output_padding):
        raise RuntimeError("negative output_padding is not supported")
    if any(s <= 0 for s in per_dimension["stride"]):
        raise RuntimeError("non-positive stride is not supported")
    if any(d <= 0 for d in per_dimension["dilation"]):
        given = tuple(per_dimension["dilation"])
        shown = _by_side("dilation", given, ", ") if transposed else list((1, *given) if n == 1 else given)
        raise RuntimeError(f"dilation should be greater than zero, but got {shown}")
    shape, channels = list(weight.shape), input.shape[-n - 1]
    if 0 in shape[2:]:
        raise RuntimeError(f"kernel size should be greater than zero, but got a weight of size {shape}")
    if shape[0] < groups:
        raise RuntimeError(
            f"Given groups={groups}, expected weight to be at least {groups} at dimension 0, but got weight of size {shape} instead"
        )
    if shape[0] % groups:
        raise RuntimeError(
            f"Given groups={groups}, expected weight to be divisible by {groups} at dimension 0, but got weight of size [{shape}] instead"
        )
    expected = shape[0] if transposed else shape[1] * groups
    if channels != expected:
        raise RuntimeError(
            f"Given {'transposed=1' if transposed else f'groups={groups}'}, weight of size {shape}, expected input{list(input.shape)} to have {expected} channels, but got {channels} channels instead"
        )
    made = shape[1] * groups if transposed else shape[0]
    if bias is not None and bias.shape != (made,):
        raise RuntimeError(
            f"Given {'transposed=1, ' if transposed else ''}weight of size {shape}, expected bias to be 1-dimensional with {made} elements, but got bias of size {list(bias.shape)} instead"
        )
    if weight.dtype != input.dtype or (bias is not None and bias.dtype != input.dtype):
        name, other = ("bias", bias) if bias is not None and bias.dtype != input.dtype else ("weight", weight)
        raise RuntimeError(f"Input type ({c_name(input)}) and {name} type ({c_name(other)}) should be the same")


def _by_side(name, sizes, between=" "):
    """`stride_height: 1 stride_width: 1`; torch has one dimension as the width of a picture of height 1."""
    if len(sizes) == 1:
        sizes = (0 if name == "output_padding" else 1, *sizes)
    sides = ("depth", "height", "width")[-len(sizes) :]
    return between.join(f"{name}_{side}: {n}" for side, n in zip(sides, sizes, strict=True))


def _check_transposed_size(sizes, kernel, stride, padding, output_padding, dilation):
    given = {"output_padding": output_padding, "stride": stride, "dilation": dilation}
    if any(extra >= s and extra >= d for extra, s, d in zip(output_padding, stride, dilation, strict=True)):
        raise RuntimeError(
            "output padding must be smaller than either stride or dilation, but got "
            + " ".join(_by_side(name, v) for name, v in given.items())
        )
    made = [
        (n - 1) * s - 2 * p + d * (k - 1) + extra + 1
        for n, s, p, d, k, extra in zip(sizes, stride, padding, dilation, kernel, output_padding, strict=True)
    ]
    if min(made) < 1:
        ahead = [1] if len(made) == 1 else []  # torch computes one dimension as two
        given, made = (" x ".join(map(str, [*ahead, *x])) for x in (sizes, made))
        raise RuntimeError(
            f"Given input size per channel: ({given}). Calculated output size per channel: ({made}). Output size is too small"
        )


@op("convolution", variants="", promote="none", node="Convolution")
def convolution(input: Array, weight: Array, bias: OptionalArray, stride, padding, dilation, groups):
    """Cross-correlation of (N, C, *spatial) with (O, C / groups, *kernel); `padding` is ((low, high), ...) per spatial dimension."""
    n = len(stride)
    # Of a padding that differs between the ends, which is never negative, there is nothing to check.
    _check(input, weight, bias, groups, False, stride=stride, padding=[low for low, _ in padding], dilation=dilation)
    batched = input.ndim == n + 2
    x = input if batched else input[None]
    for size, kernel, (low, high), step in zip(x.shape[2:], weight.shape[2:], padding, dilation, strict=True):
        if size + low + high < step * (kernel - 1) + 1:
            padded = " x ".join(str(s + a + b) for s, (a, b) in zip(x.shape[2:], padding, strict=True))
            kernels = " x ".join(str(d * (k - 1) + 1) for k, d in zip(weight.shape[2:], dilation, strict=True))
            raise RuntimeError(
                f"Calculated padded input size per channel: ({padded}). Kernel size: ({kernels}). Kernel size can't be greater than actual input size"
            )
    out = _convolved(x, weight, stride, padding, dilation, groups)
    if bias is not None:
        out = out + bias.reshape((1, -1) + (1,) * n)
    return out if batched else out[0]


def _convolved(x, weight, stride, padding, dilation, groups):
    def native(x, weight):
        return _native(x, weight, stride, padding, dilation, groups)

    def by_taps(x, weight):
        return taps.convolution(x, weight, stride, padding, dilation, groups)

    on_cpu = None
    if taps.worth_it(x, weight, groups):
        on_cpu = by_taps
    elif patches.worth_it(x, weight, stride, padding, dilation, groups):
        on_cpu = patches.convolution
    elif planes.worth_it(x, weight, groups):
        on_cpu = functools.partial(planes.convolution, stride=stride, padding=padding, dilation=dilation)
    return _on_cpu(on_cpu, native, x, weight)


def _native(x, weight, stride, padding, dilation, groups):
    spatial = _LETTERS[3 - len(stride) :]
    return lax.conv_general_dilated(
        x, weight, stride, padding, rhs_dilation=dilation, feature_group_count=groups, dimension_numbers=("NC" + spatial, "OI" + spatial, "NC" + spatial),
        precision=precision.of_convolution(),
    )  # fmt: skip


@convolution.backward
def convolution_backward(grad, input, weight, bias_shape, stride, padding, dilation, groups, needs):
    n = len(stride)
    batched = input.ndim == n + 2
    x, slope = (input, grad) if batched else (input[None], grad[None])

    def native(x, weight):
        return _native(x, weight, stride, padding, dilation, groups)

    def to_input(x, weight, slope):
        (made,) = jax.vjp(lambda x: native(x, weight), x)[1](slope.conj())
        return made.conj()

    def to_weight(x, weight, slope):
        (made,) = jax.vjp(lambda weight: native(x, weight), weight)[1](slope.conj())
        return made.conj()

    def to_input_by_taps(x, weight, slope):
        return taps.input_gradient(x.shape, weight, slope, stride, padding, dilation, groups)

    def to_weight_by_taps(x, weight, slope):
        return taps.weight_gradient(x, slope, weight, stride, padding, dilation)

    def to_weight_by_columns(x, weight, slope):
        return columns.weight_gradient(x, slope, weight, stride, padding, dilation, groups)

    def to_input_of(way, x, weight, slope):
        return jax.vjp(lambda x: way(x, weight), x)[1](slope)[0]

    def to_weight_of(way, x, weight, slope):
        return jax.vjp(lambda weight: way(x, weight), weight)[1](slope)[0]

    def by_planes(x, weight):
        return planes.convolution(x, weight, stride, padding, dilation)

    on_cpu_to_input = on_cpu_to_weight = None
    small = taps.worth_it(x, weight, groups)
    if small:
        on_cpu_to_input = to_input_by_taps
    if small and weight.shape[:2] == (groups, 1):
        on_cpu_to_weight = to_weight_by_taps
    elif patches.worth_it(x, weight, stride, padding, dilation, groups):
        on_cpu_to_input, on_cpu_to_weight = (
            functools.partial(by, patches.convolution) for by in (to_input_of, to_weight_of)
        )
    elif planes.worth_it(x, weight, groups):
        on_cpu_to_input, on_cpu_to_weight = (functools.partial(by, by_planes) for by in (to_input_of, to_weight_of))
    elif columns.worth_it(x, weight, slope.shape, groups):
        on_cpu_to_weight = to_weight_by_columns
    by_input = by_weight = by_bias = None
    if needs[0]:
        by_input = _on_cpu(on_cpu_to_input, to_input, x, weight, slope)
        by_input = by_input if batched else by_input[0]
    if needs[1]:
        by_weight = _on_cpu(on_cpu_to_weight, to_weight, x, weight, slope)
    if bias_shape is not None and needs[2]:
        by_bias = slope.sum((0, *range(2, n + 2)))
    return by_input, by_weight, by_bias


def _on_cpu(lowering, native, *arrays):
    return native(*arrays) if lowering is None else lax.platform_dependent(*arrays, cpu=lowering, default=native)


@convolution.layout
def _layout(shapes, input_shape, input_strides, weight_shape, weight_strides):
    given = ((input_shape, input_strides), (weight_shape, weight_strides))
    follow = len(input_shape) == len(weight_shape) and any(channels_last.like(*each) for each in given)
    return [channels_last.order(shape) if follow else None for shape in shapes]


@op("convolution_transpose", variants="", promote="none", node="Convolution")
def convolution_transpose(
    input: Array, weight: Array, bias: OptionalArray, stride, padding, output_padding, dilation, groups
):
    """The gradient of a convolution with respect to its input, as a layer: weight is (C, O / groups, *kernel)."""
    n = len(stride)
    _check(input, weight, bias, groups, True, output_padding, stride=stride, padding=padding, dilation=dilation)
    batched = input.ndim == n + 2
    x = input if batched else input[None]
    _check_transposed_size(x.shape[2:], weight.shape[2:], stride, padding, output_padding, dilation)
    out = _transposed(x, weight, stride, padding, output_padding, dilation, groups)
    if bias is not None:
        out = out + bias.reshape((1, -1) + (1,) * n)
    return out if batched else out[0]


def _transposed(x, weight, stride, padding, output_padding, dilation, groups):
    n = len(stride)
    channels, per_group = weight.shape[:2]
    kernel = weight.reshape(groups, channels // groups, per_group, *weight.shape[2:]).swapaxes(1, 2)
    kernel = kernel.reshape(groups * per_group, channels // groups, *weight.shape[2:])
    kernel = jnp.flip(kernel, tuple(range(2, n + 2)))
    edges = [
        (d * (k - 1) - p, d * (k - 1) - p + extra)
        for d, k, p, extra in zip(dilation, weight.shape[2:], padding, output_padding, strict=True)
    ]
    spatial = _LETTERS[3 - n :]
    return lax.conv_general_dilated(
        x, kernel, (1,) * n, edges, lhs_dilation=stride, rhs_dilation=dilation, feature_group_count=groups,
        dimension_numbers=("NC" + spatial, "OI" + spatial, "NC" + spatial), precision=precision.of_convolution(),
    )  # fmt: skip


@convolution_transpose.backward
def convolution_transpose_backward(
    grad, input, weight, bias_shape, stride, padding, output_padding, dilation, groups, needs
):
    n = len(stride)
    batched = input.ndim == n + 2
    x, slope = (input, grad) if batched else (input[None], grad[None])

    def native(x, weight):
        return _transposed(x, weight, stride, padding, output_padding, dilation, groups)

    def to_weight(x, weight, slope):
        (made,) = jax.vjp(lambda weight: native(x, weight), weight)[1](slope.conj())
        return made.conj()

    def to_weight_by_columns(x, weight, slope):
        # The two change places: what the layer makes is what a convolution would read.
        edges = [(p, p) for p in padding]
        return columns.weight_gradient(slope, x, weight, stride, edges, dilation, groups)

    by_input = by_weight = by_bias = None
    if needs[0]:
        (by_input,) = jax.vjp(lambda x: native(x, weight), x)[1](slope.conj())
        by_input = by_input.conj() if batched else by_input.conj()[0]
    if needs[1]:
        worth = columns.worth_it(slope, weight, x.shape, groups, transposed=True)
        by_weight = _on_cpu(to_weight_by_columns if worth else None, to_weight, x, weight, slope)
    if bias_shape is not None and needs[2]:
        by_bias = slope.sum((0, *range(2, n + 2)))
    return by_input, by_weight, by_bias


convolution_transpose.layout(_layout)
