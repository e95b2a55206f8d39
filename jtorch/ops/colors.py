"""Colours of images (..., C, H, W): each change is one operation, and its factor a number at run time.

A random change is drawn anew for every image. With one operation for each, whatever is drawn, few programs serve all of
them, and an image is read and written once where a chain of elementwise operations would do so at each link.
"""

import jax
import jax.numpy as jnp
import numpy as np

from .kinds import divisor, is_floating, widened
from .registry import Array, DType, Number, op

LUMA = (0.2989, 0.587, 0.114)  # of ITU-R BT.601, as Pillow's conversion to "L"


@op("rgb_to_grayscale", variants="", promote="none")
def rgb_to_grayscale(input: Array, real: DType):
    """One channel of grey levels of three; levels of integers are weighted in the dtype `real`, as in all of this file."""
    if input.shape[-3] == 1:
        return input
    parts = [_product(np.float64(w), _real(input[..., k : k + 1, :, :], real)) for k, w in enumerate(LUMA)]
    return (parts[0] + parts[1] + parts[2]).astype(input.dtype)


@op("adjust_brightness", variants="", promote="none")
def adjust_brightness(input: Array, factor: Number, real: DType):
    """The levels times `factor`."""
    return _cut(_product(factor, _real(input, real)), input.dtype)


@op("adjust_contrast", variants="", promote="none")
def adjust_contrast(input: Array, factor: Number, real: DType):
    """`factor` of the image and the rest of its mean grey level."""
    gray = rgb_to_grayscale(input, real) if input.shape[-3] == 3 else input
    count = int(np.prod(gray.shape[-3:]))
    if gray.dtype == jnp.uint8 and count < 2**23:
        total = jnp.sum(gray, axis=(-3, -2, -1), keepdims=True, dtype=jnp.int32).astype(jnp.float32)  # exact
    else:
        level = widened(gray) if is_floating(gray) else gray.astype(jnp.float32)
        total = jnp.sum(level, axis=(-3, -2, -1), keepdims=True)
    mean = total / divisor(count, total.dtype)
    return blend(input, mean.astype(input.dtype) if is_floating(input) else mean, factor, real)


@op("adjust_saturation", variants="", promote="none")
def adjust_saturation(input: Array, factor: Number, real: DType):
    """`factor` of the image and the rest of its grey levels."""
    return input if input.shape[-3] == 1 else blend(input, rgb_to_grayscale(input, real), factor, real)


@op("adjust_hue", variants="", promote="none")
def adjust_hue(input: Array, factor: Number, real: DType):
    """The colours turned by `factor` of a turn on the colour wheel."""
    if input.shape[-3] == 1:
        return input
    top = _top(input.dtype)
    level = input.astype(jnp.float32)
    hue, saturation, value = _rgb_to_hsv(level if is_floating(input) else level / divisor(top, jnp.float32))
    turned = _hsv_to_rgb(jnp.mod(hue + jnp.asarray(factor, hue.dtype), 1), saturation, value)
    if is_floating(input):
        return turned.astype(input.dtype)
    # Just under top + 1 gives every level an equal share of 0..1; by `top` the brightest would get only 1.0.
    return (turned * jnp.float32(top + 1.0 - 1e-3)).astype(input.dtype)


CHANGES = ("brightness_factor", "contrast_factor", "saturation_factor", "hue_factor")


@op("color_jitter", variants="", promote="none")
def color_jitter(input: Array, order: Array, factors: Array, changes, real: DType):
    """Changes in a random order: `order` numbers those of `changes` (names of `CHANGES`); one past the last is none."""
    known = dict(zip(CHANGES, (adjust_brightness, adjust_contrast, adjust_saturation, adjust_hue), strict=True))
    branches = [lambda image, factor, change=known[name]: change(image, factor, real) for name in changes]
    branches.append(lambda image, factor: image)

    def step(image, drawn):
        return jax.lax.switch(drawn[0], branches, image, drawn[1]), None

    return jax.lax.scan(step, input, (order, factors))[0]


@op("blend_images", variants="", promote="none")
def blend(input: Array, other: Array, ratio: Number, real: DType):
    """`ratio` of `input` and the rest of `other`, cut to the range of the dtype; beyond 1 it extrapolates."""
    ratio, level = jnp.asarray(ratio, jnp.float64), _real(input, real)
    return _cut(_product(ratio, level) + _product(1.0 - ratio, other.astype(level.dtype)), input.dtype)


def _real(image, real):
    return image if is_floating(image) else image.astype(real)


def _product(factor, level):
    """A product that is rounded by itself. XLA's backend for the CPU contracts one with the sum it goes into, but not
    through a maximum; whole levels are cut off behind the point, so that the last bit shows.
    """
    wide = widened(level)
    product = jnp.asarray(factor, wide.dtype) * wide
    return jnp.maximum(product, jnp.finfo(wide.dtype).min).astype(level.dtype)


def _top(dtype):
    """What counts as full brightness."""
    return jnp.iinfo(dtype).max if jnp.issubdtype(dtype, jnp.integer) else 1


def _cut(level, dtype):
    # Not jnp.clip: torch's gradient is whole at the bounds themselves.
    top = jnp.asarray(_top(dtype), level.dtype)
    return jnp.where(level < 0, jnp.zeros((), level.dtype), jnp.where(level > top, top, level)).astype(dtype)


def _rgb_to_hsv(level):
    """Hue (a turn is 1), saturation and value (..., H, W) of floats in 0..1. A grey pixel has hue and saturation 0."""
    red, green, blue = (level[..., k, :, :] for k in range(3))
    value, darkest = level.max(-3), level.min(-3)
    spread = value - darkest
    gray = value == darkest
    # The divisors are made 1 where the pixel is grey, so that no NaN arises, in gradients either.
    saturation = spread / jnp.where(gray, 1, value)
    apart = jnp.where(gray, 1, spread)
    below_red, below_green, below_blue = ((value - c) / apart for c in (red, green, blue))
    sixths = jnp.where(
        value == red,
        below_blue - below_green,
        jnp.where(value == green, 2 + below_red - below_blue, 4 + below_green - below_red),
    )
    return jnp.fmod(sixths / divisor(6, sixths.dtype) + 1, 1), saturation, value


def _hsv_to_rgb(hue, saturation, value):
    sixth = jnp.floor(hue * 6)
    along = hue * 6 - sixth
    low = jnp.clip(value * (1 - saturation), 0, 1)
    falling = jnp.clip(value * (1 - saturation * along), 0, 1)
    rising = jnp.clip(value * (1 - saturation * (1 - along)), 0, 1)
    sector = sixth.astype(jnp.int32) % 6
    by_channel = (
        (value, falling, low, low, rising, value),
        (rising, value, value, falling, low, low),
        (low, low, rising, value, value, falling),
    )
    return jnp.stack([jnp.select([sector == k for k in range(5)], c[:5], c[5]) for c in by_channel], -3)
