"""Blocks of images as columns, shuffles of channels and pixels, classes as one-hot rows."""

import jax
import jax.numpy as jnp

from .kinds import is_bool, is_integral, not_implemented
from .registry import Array, op


def _count(size, kernel, dilation, padding, stride):
    """How many blocks fit."""
    return (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1


def _positions(kernel, dilation, stride, count):
    """Row of padded input positions of each block, for one dimension: (kernel, blocks)."""
    return jnp.arange(kernel)[:, None] * dilation + jnp.arange(count)[None, :] * stride


def _check(kernel, dilation, padding, stride):
    words = (
        ("kernel size", "kernel", kernel, 1),
        ("dilation", "dilation", dilation, 1),
        ("padding", "pad", padding, 0),
        ("stride", "stride", stride, 1),
    )
    for word, short, (height, width), least in words:
        if min(height, width) < least:
            how = "greater than zero" if least else "non-negative"
            raise RuntimeError(f"{word} should be {how}, but got {short}_height: {height} {short}_width: {width}")


def _shown(pair):
    return f"({pair[0]}, {pair[1]})"


@op("im2col", variants="", promote="none", node="Im2Col")
def im2col(input: Array, kernel, dilation, padding, stride):
    """Sliding blocks as columns."""
    _check(kernel, dilation, padding, stride)
    if input.ndim not in (3, 4) or 0 in input.shape[input.ndim - 3 :]:
        raise RuntimeError(
            "Expected 3D or 4D (batch mode) tensor with possibly 0 batch size and other non-zero dimensions for input, but "
            f"got: {list(input.shape)}"
        )
    if is_integral(input):
        raise not_implemented("im2col_out_cpu", input)
    size = input.shape[-2:]
    counts = [_count(*given) for given in zip(size, kernel, dilation, padding, stride, strict=True)]
    if min(counts) < 1:
        raise RuntimeError(
            f"Given input with spatial size {_shown(size)}, kernel_size={_shown(kernel)}, dilation={_shown(dilation)}, "
            f"padding={_shown(padding)}, calculated shape of the array of sliding blocks as {_shown(counts)}, but its components "
            "must be at least one."
        )
    return _blocks(input, kernel, dilation, padding, stride, counts)


def _blocks(input, kernel, dilation, padding, stride, counts):
    lead = input.shape[:-2]
    x = jnp.pad(input, [(0, 0)] * len(lead) + [(p, p) for p in padding])
    rows, columns = (_positions(*given) for given in zip(kernel, dilation, stride, counts, strict=True))
    blocks = x[..., rows[:, None, :, None], columns[None, :, None, :]]
    return blocks.reshape(*lead[:-1], lead[-1] * kernel[0] * kernel[1], counts[0] * counts[1])


@op("col2im", variants="", promote="none", node="Col2Im")
def col2im(input: Array, size, kernel, dilation, padding, stride):
    """Blocks added into an image: the gradient of im2col."""
    _check(kernel, dilation, padding, stride)
    if input.ndim not in (2, 3) or 0 in input.shape[input.ndim - 2 :]:
        raise RuntimeError(
            "Expected 2D or 3D (batch mode) tensor for input with possibly 0 batch size and non-zero dimensions for input, but "
            f"got: {list(input.shape)}"
        )
    area = kernel[0] * kernel[1]
    if input.shape[-2] % area:
        raise RuntimeError(
            "Expected size of input's dimension 1 to be divisible by the product of kernel_size, but got "
            f"input.size(1)={input.shape[-2]} and kernel_size={_shown(kernel)}."
        )
    counts = [_count(*given) for given in zip(size, kernel, dilation, padding, stride, strict=True)]
    if counts[0] * counts[1] != input.shape[-1]:
        raise RuntimeError(
            f"Given output_size={_shown(size)}, kernel_size={_shown(kernel)}, dilation={_shown(dilation)}, "
            f"padding={_shown(padding)}, stride={_shown(stride)}, expected size of input's dimension 2 to match the calculated "
            f"number of sliding blocks {counts[0]} * {counts[1]} = {counts[0] * counts[1]}, but got "
            f"input.size(2)={input.shape[-1]}."
        )
    if is_integral(input):
        raise not_implemented("col2im_out_cpu", input)
    parts = input.astype(jnp.float32) if is_bool(input) else input
    image = jax.ShapeDtypeStruct((*input.shape[:-2], input.shape[-2] // area, *size), parts.dtype)
    transpose = jax.linear_transpose(lambda x: _blocks(x, kernel, dilation, padding, stride, counts), image)
    return transpose(parts)[0].astype(input.dtype)


@op("pixel_shuffle", variants="", promote="none")
def pixel_shuffle(input: Array, factor):
    """(..., C r², H, W) to (..., C, H r, W r)."""
    _check_pixels("pixel_shuffle", "upscale_factor", input, factor)
    *lead, channels, height, width = input.shape
    if channels % (factor * factor):
        raise RuntimeError(
            "pixel_shuffle expects its input's 'channel' dimension to be divisible by the square of upscale_factor, but "
            f"input.size(-3)={channels} is not divisible by {factor * factor}"
        )
    out = input.reshape(*lead, channels // factor**2, factor, factor, height, width)
    n = len(lead)
    out = out.transpose(*range(n), n, n + 3, n + 1, n + 4, n + 2)
    return out.reshape(*lead, channels // factor**2, height * factor, width * factor)


def _check_pixels(name, word, input, factor):
    if input.ndim < 3:
        raise RuntimeError(
            f"{name} expects input to have at least 3 dimensions, but got input with {input.ndim} dimension(s)"
        )
    if factor <= 0:
        raise RuntimeError(f"{name} expects a positive {word}, but got {factor}")


@op("pixel_unshuffle", variants="", promote="none")
def pixel_unshuffle(input: Array, factor):
    """(..., C, H r, W r) to (..., C r², H, W)."""
    _check_pixels("pixel_unshuffle", "downscale_factor", input, factor)
    *lead, channels, height, width = input.shape
    for word, place, extent in (("height", -2, height), ("width", -1, width)):
        if extent % factor:
            raise RuntimeError(
                f"pixel_unshuffle expects {word} to be divisible by downscale_factor, but input.size({place})={extent} is not "
                f"divisible by {factor}"
            )
    n = len(lead)
    out = input.reshape(*lead, channels, height // factor, factor, width // factor, factor)
    out = out.transpose(*range(n), n, n + 2, n + 4, n + 1, n + 3)
    return out.reshape(*lead, channels * factor**2, height // factor, width // factor)


@op("channel_shuffle", variants="", promote="none")
def channel_shuffle(input: Array, groups):
    """Channels dealt out over groups."""
    if input.ndim < 3:
        raise RuntimeError(f"channel_shuffle expects input with > 2 dims, but got input with sizes {list(input.shape)}")
    if groups <= 0:
        raise RuntimeError(f"Number of groups to divide channels in must be positive. Value of groups:{groups}")
    channels = input.shape[1]
    if channels % groups:
        raise RuntimeError(
            f"Number of channels must be divisible by groups. Got {channels} channels and {groups} groups."
        )
    dealt = input.reshape(input.shape[0], groups, channels // groups, *input.shape[2:])
    return dealt.swapaxes(1, 2).reshape(input.shape)


@op("classes.one_hot", variants="", promote="none", differentiable=False)
def one_hot(input: Array, num_classes):
    """Rows with a single one."""
    return (input[..., None] == jnp.arange(num_classes)).astype(jnp.int64)


@one_hot.check
def _(xp, input, num_classes):
    negative, large = xp.any(input < 0), xp.any(input >= num_classes)

    def message():
        return "Class values must be non-negative." if negative else "Class values must be smaller than num_classes."

    return negative | large, RuntimeError, message
