"""Convolutions of many small groups on CPUs, depthwise ones above all: for each place of the kernel (a tap) the shifted input times one weight a channel, added up.

XLA fuses the sum into one loop over the result, where its own convolution loops over groups one element at a time. Milliseconds on 2 cores, jax 0.10.2, XLA's
own, taps, and torch 2.13:

    input, kernel, groups                       forward            to the input       to the weight
    32x64x32x32,    3x3, 64                     107,  2,  1        113,  3,  2         81, 10,  1
    16x96x56x56,    3x3 / 2, 96                  92,  6,  2        556,  5,  2        103, 14,  2
    8x32x112x112,   3x3, 32                     171,  4,  2        159,  5,  2         73, 18,  3
    16x240x14x14,   5x5, 240                     58,  1,  1         51,  1,  1         71, 10, 21
    8x96x56x56,     7x7, 96                     225,  7,  3        256,  7,  3        687, 82, 136
    8x128x28x28,    3x3, 32                      28,  4,  1

Source: F. Chollet, "Xception: deep learning with depthwise separable convolutions" (2017), section 2, for the operation.
"""

import itertools
import math

import jax.numpy as jnp
from jax import lax

# Terms of a sum: what is unrolled has to be compiled.
MOST_TERMS = 64
# Images whose products are added before they go to memory.
AT_ONCE = 4


def worth_it(x, weight, groups) -> bool:
    """Whether a convolution, and its gradients, may go by taps."""
    terms = math.prod(weight.shape[2:]) * max(weight.shape[1], weight.shape[0] // groups)
    return groups > 1 and terms <= MOST_TERMS and jnp.issubdtype(x.dtype, jnp.floating)


def convolution(x, weight, stride, padding, dilation, groups):
    """Cross-correlation of (N, C, *spatial) with (O, C / groups, *kernel)."""
    kernel = weight.shape[2:]
    out = [
        (size + low + high - d * (k - 1) - 1) // s + 1
        for size, (low, high), d, k, s in zip(x.shape[2:], padding, dilation, kernel, stride, strict=True)
    ]
    edges = [(low, high, 0) for low, high in padding]
    return _sum_of_taps(_padded(x, edges), weight, out, stride, dilation, groups)


def input_gradient(x_shape, weight, grad, stride, padding, dilation, groups):
    """The gradient of the input: the gradient of the result, spread out by the stride, by the kernel turned round."""
    kernel = weight.shape[2:]
    spatial = tuple(range(2, weight.ndim))
    turned = jnp.flip(weight, spatial).reshape(groups, -1, *weight.shape[1:]).swapaxes(1, 2)
    turned = turned.reshape(-1, turned.shape[2], *kernel)
    edges = [
        (d * (k - 1) - low, size + low - s * (o - 1) - 1, s - 1)
        for d, k, (low, _), size, s, o in zip(
            dilation, kernel, padding, x_shape[2:], stride, grad.shape[2:], strict=True
        )
    ]
    ones = (1,) * len(kernel)
    return _sum_of_taps(_padded(grad, edges), turned, x_shape[2:], ones, dilation, groups)


def weight_gradient(x, grad, weight, stride, padding, dilation):
    """The gradient of a depthwise weight, (C, 1, *kernel): products of some images are added up place by place, over the places only at the end."""
    count = max(d for d in range(1, AT_ONCE + 1) if x.shape[0] % d == 0)
    wide = jnp.promote_types(x.dtype, jnp.float32)
    x = _padded(x, [(low, high, 0) for low, high in padding])
    tiles = x.reshape(-1, count, *x.shape[1:]), grad.astype(wide).reshape(-1, count, *grad.shape[1:])

    def add(totals, given):
        images, slopes = given
        taps = _taps(images, weight.shape[2:], grad.shape[2:], stride, dilation)
        made = []
        for (_, shifted), total in zip(taps, totals, strict=True):
            for i in range(count):
                total = total + shifted[i] * slopes[i]
            made.append(total)
        return made, None

    start = [jnp.zeros(grad.shape[1:], wide)] * math.prod(weight.shape[2:])
    totals, _ = lax.scan(add, start, tiles)
    sums = [total.sum(tuple(range(1, total.ndim))) for total in totals]
    return jnp.stack(sums, -1).reshape(weight.shape).astype(weight.dtype)


def _padded(x, edges):
    """In the precision of the sums; edges are (low, high, between) for each spatial dimension, and may be negative."""
    x = x.astype(jnp.promote_types(x.dtype, jnp.float32))
    return lax.pad(x, jnp.zeros((), x.dtype), ((0, 0, 0), (0, 0, 0), *edges))


def _taps(x, kernel, out, stride, dilation):
    """For each place of the kernel, the elements that it meets."""
    for place in itertools.product(*map(range, kernel)):
        first = [k * d for k, d in zip(place, dilation, strict=True)]
        last = [f + s * (n - 1) + 1 for f, s, n in zip(first, stride, out, strict=True)]
        yield place, lax.slice(x, (0, 0, *first), (*x.shape[:2], *last), (1, 1, *stride))


def _sum_of_taps(x, weight, out, stride, dilation, groups):
    outputs, inputs, *kernel = weight.shape
    images, each = x.shape[0], outputs // groups
    ones = (1,) * len(kernel)
    total = jnp.zeros((), x.dtype)
    for place, shifted in _taps(x, kernel, out, stride, dilation):
        shifted = shifted.reshape(images, groups, 1, inputs, *out)
        by = weight[(..., *place)].astype(x.dtype).reshape(groups, each, inputs, *ones)
        for i in range(inputs):
            total = total + shifted[:, :, :, i] * by[:, :, i]
    return total.reshape(images, outputs, *out).astype(weight.dtype)
