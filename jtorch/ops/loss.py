"""Losses that are operations of their own in torch. `reduction` is "none", "mean" or "sum"."""

import math

import jax
import jax.numpy as jnp

from .kinds import divisor, is_floating, require_floating, scalar_name, widened
from .registry import Array, OptionalArray, op
from .shapes import broadcast_shapes, fit


def reduced(values, reduction):
    """Mean, sum or the values themselves."""
    if reduction == "mean":
        return values.sum() / divisor(values.size, values.dtype)
    return values.sum() if reduction == "sum" else values


@op("nll_loss", variants="", promote="none", node=lambda statics: statics["node"])
def nll_loss(input: Array, target: Array, weight: OptionalArray, reduction, ignore_index, node):
    """-weight[target] * input[target] over the class dimension 1 (0 for one sample), mean weighted by the weights.

    `node` is the node's name: torch has several operations.
    """
    classes = 1 if input.ndim > 1 else 0
    if target.dtype not in (jnp.int64, jnp.uint8):
        names = {
            "float32": "Float",
            "float64": "Double",
            "int32": "Int",
            "int16": "Short",
            "int8": "Char",
            "bool": "Bool",
        }
        raise RuntimeError(
            f"expected target dtype to be Long or Byte, but got {names.get(str(target.dtype), target.dtype)}"
        )
    keep = target != ignore_index
    safe = jnp.where(keep, target, 0)
    picked = jnp.take_along_axis(input, jnp.expand_dims(safe, classes), classes).squeeze(classes)
    scale = jnp.ones(target.shape, input.dtype) if weight is None else weight[safe]
    scale = jnp.where(keep, scale, jnp.zeros((), input.dtype))
    values = jnp.where(keep, -picked * scale, jnp.zeros((), input.dtype))
    if reduction == "none":
        return values
    total = values.sum()
    return total / scale.sum() if reduction == "mean" else total


@nll_loss.check
def _(xp, target, input_shape, ignore_index):
    classes = input_shape[1 if len(input_shape) > 1 else 0]
    bad = (target.astype(xp.uint64) >= classes) & (target != ignore_index)  # negative labels are huge ones then

    def message():
        return f"Target {int(target[bad].reshape(-1)[0])} is out of bounds."

    return bad.any(), IndexError, message


@op("linear_cross_entropy", variants="", promote="none", node="LinearCrossEntropy")
def linear_cross_entropy(
    input: Array,
    linear_weight: Array,
    target: Array,
    linear_bias: OptionalArray,
    weight: OptionalArray,
    reduction,
    ignore_index,
    rows,
    widened,
):
    """nll_loss of log_softmax of `input @ linear_weight.T + linear_bias`, `rows` samples at a time, in backward as well.

    `widened` computes in float32. The pieces are the steps of a loop, whose logits are computed again for the gradient.
    """
    dtype = input.dtype
    if widened:
        input, linear_weight = input.astype(jnp.float32), linear_weight.astype(jnp.float32)
    scale = None if weight is None else weight.astype(input.dtype)
    count, features = input.shape
    pieces = -(-count // rows)
    filled = pieces * rows - count  # what is added to the last piece is ignored
    input = jnp.pad(input, ((0, filled), (0, 0))).reshape(pieces, rows, features)
    target = jnp.pad(target, (0, filled), constant_values=ignore_index)

    @jax.checkpoint
    def losses(piece):
        samples, labels = piece
        logits = samples @ linear_weight.T
        if linear_bias is not None:
            logits = logits + linear_bias.astype(logits.dtype)
        return nll_loss(jax.nn.log_softmax(logits), labels, scale, "none", ignore_index, "NllLoss")

    values = jax.lax.map(losses, (input, target.reshape(pieces, rows))).reshape(-1)
    if reduction == "none":
        return values[:count].astype(dtype)
    total = values.sum()
    if reduction == "mean":
        keep = (target != ignore_index).astype(total.dtype)
        counted = keep if scale is None else keep * scale[jnp.where(keep > 0, target, 0)]
        total = total / counted.sum()
    return total.astype(dtype)


@linear_cross_entropy.check
def _(xp, target, linear_weight_shape, ignore_index):
    classes = linear_weight_shape[0]
    bad = (target.astype(xp.uint64) >= classes) & (target != ignore_index)

    def message():
        return f"index {int(target[bad].reshape(-1)[0])} is out of bounds for dimension 1 with size {classes}"

    return bad.any(), RuntimeError, message


@op("mse_loss", variants="", promote="arith", node="MseLoss", elementwise=False)
def mse_loss(input: Array, target: Array, reduction):
    """(input - target)²."""
    require_floating("mse_cpu", input)
    input, target = fit(input, target)
    return reduced(jnp.square(input - target), reduction)


@op("smooth_l1_loss", variants="", promote="arith", node="SmoothL1Loss", elementwise=False)
def smooth_l1_loss(input: Array, target: Array, reduction, beta):
    """0.5 (x - y)² / beta where |x - y| < beta, else |x - y| - beta / 2 (Girshick, Fast R-CNN)."""
    require_floating("smooth_l1_cpu", input)
    dtype = input.dtype
    input, target = map(widened, fit(input, target))
    z = jnp.abs(input - target)
    beta = jnp.asarray(beta, z.dtype)
    return reduced(jnp.where(z < beta, 0.5 * z * z / beta, z - 0.5 * beta), reduction).astype(dtype)


@smooth_l1_loss.backward
def _(grad, input, target, reduction, beta):
    difference = widened(input) - widened(target)
    beta = jnp.asarray(beta, difference.dtype)
    slope = jnp.where(jnp.abs(difference) < beta, difference / beta, jnp.sign(difference))
    return _both(widened(grad) * slope, reduction)


@op("huber_loss", variants="", promote="arith", node="HuberLoss", elementwise=False)
def huber_loss(input: Array, target: Array, reduction, delta):
    """0.5 (x - y)² where |x - y| < delta, else delta (|x - y| - delta / 2) (Huber 1964)."""
    require_floating("huber_cpu", input)
    dtype = input.dtype
    input, target = map(widened, fit(input, target))
    z = jnp.abs(input - target)
    delta = jnp.asarray(delta, z.dtype)
    return reduced(jnp.where(z <= delta, 0.5 * z * z, delta * (z - 0.5 * delta)), reduction).astype(dtype)


@huber_loss.backward
def _(grad, input, target, reduction, delta):
    difference = widened(input) - widened(target)
    delta = jnp.asarray(delta, difference.dtype)
    return _both(widened(grad) * jnp.clip(difference, -delta, delta), reduction)


def _both(slope, reduction):
    """Gradients of input and target of a loss of their difference."""
    if reduction == "mean":
        slope = slope / max(slope.size, 1)
    return slope, -slope


@op("binary_cross_entropy", variants="", promote="none", node="BinaryCrossEntropy")
def binary_cross_entropy(input: Array, target: Array, weight: OptionalArray, reduction):
    """-w (y log(x) + (1 - y) log(1 - x)), the logarithms not below -100."""
    require_floating("binary_cross_entropy", input)
    x, y = widened(input), widened(target)
    low = jnp.asarray(-100.0, x.dtype)
    values = (y - 1) * jnp.maximum(jnp.log1p(-x), low) - y * jnp.maximum(jnp.log(x), low)
    return reduced(values if weight is None else values * weight, reduction).astype(input.dtype)


@binary_cross_entropy.backward
def _(grad, input, target, weight, reduction):
    grad, input, target = widened(grad), widened(input), widened(target)
    tiny = jnp.asarray(1e-12, input.dtype)
    slope = grad * (input - target) / jnp.maximum((1 - input) * input, tiny)
    to_target = grad * (jnp.log1p(-input) - jnp.log(input))
    if weight is not None:
        slope, to_target = slope * weight, to_target * weight
    if reduction == "mean":
        slope, to_target = slope / max(input.size, 1), to_target / max(input.size, 1)
    return slope, to_target, None


@binary_cross_entropy.check
def _(xp, input, target):
    wrong = [~((x >= 0) & (x <= 1)).all() for x in (input, target)]

    def message():
        return f"all elements of {'input' if wrong[0] else 'target'} should be between 0 and 1"

    return wrong[0] | wrong[1], RuntimeError, message


@op("binary_cross_entropy_with_logits", variants="", promote="none", node="BinaryCrossEntropyWithLogits")
def binary_cross_entropy_with_logits(
    input: Array, target: Array, weight: OptionalArray, pos_weight: OptionalArray, reduction
):
    """Binary cross entropy of sigmoid(input), computed without overflow."""
    if not is_floating(target):
        raise RuntimeError(
            f"result type {scalar_name(input)} can't be cast to the desired output type {scalar_name(target)}\n"
            "Targets are probabilities: convert them to a floating dtype."
        )
    broadcast_shapes(pos_weight.shape if pos_weight is not None else (), target.shape)
    broadcast_shapes(input.shape, weight.shape if weight is not None else ())
    x, y = widened(input), widened(target)
    log_sigmoid = jax.nn.log_sigmoid(x)
    if pos_weight is None:
        values = (1 - y) * x - log_sigmoid
    else:
        values = (1 - y) * x - ((widened(pos_weight) - 1) * y + 1) * log_sigmoid
    dtype = jnp.result_type(*(a.dtype for a in (input, target, weight, pos_weight) if a is not None))
    return reduced(values if weight is None else values * widened(weight), reduction).astype(dtype)


@op("soft_margin_loss", variants="", promote="none", node="SoftMarginLoss")
def soft_margin_loss(input: Array, target: Array, reduction):
    """log(1 + exp(-y x))."""
    input, target = fit(input, target)
    return reduced(jnp.log1p(jnp.exp(-target.astype(input.dtype) * input)), reduction)


@jax.custom_jvp
def _odds_to_probability(z):
    """z / (1 + z), whose own derivative by quotients would be the difference of almost equal numbers."""
    return z / (1 + z)


@_odds_to_probability.defjvp
def _(primals, tangents):
    (z,) = primals
    return _odds_to_probability(z), tangents[0] / ((1 + z) * (1 + z))


@soft_margin_loss.backward
def _(grad, input, target, reduction):
    y, x = target.astype(input.dtype), input
    probability = _odds_to_probability(jnp.exp(-y * x))
    if reduction == "mean":
        grad = grad / max(math.prod(broadcast_shapes(x.shape, y.shape)), 1)
    return -grad * y * probability, -grad * x * probability


@op("multi_margin_loss", variants="", promote="none", node="MultiMarginLoss")
def multi_margin_loss(input: Array, target: Array, weight: OptionalArray, p, margin, reduction):
    """Sum over the wrong classes of max(0, margin - x[y] + x[i])^p, over the number of classes."""
    _check_classes(input, target, weight)
    rows = input if input.ndim == 2 else input.reshape(1, -1)
    chosen = target.reshape(-1)
    right = jnp.take_along_axis(rows, chosen[:, None], 1)
    gap = jnp.where(jnp.arange(rows.shape[1]) == chosen[:, None], 0, margin - right + rows)
    gap = jnp.where(gap > 0, gap, 0)
    gap = gap if p == 1 else gap * gap
    if weight is not None:
        gap = gap * weight[chosen][:, None]
    values = (gap.sum(1) / rows.shape[1]).astype(input.dtype)
    return reduced(values if input.ndim == 2 else values[0], reduction)


@multi_margin_loss.check
def _(xp, target, input_shape):
    bad = (target < 0) | (target >= (input_shape[-1] if input_shape else 1))
    return xp.any(bad), RuntimeError, "target out of range"


def _check_rows(input):
    if input.ndim > 2 or (input.ndim and input.shape[-1] == 0):
        raise RuntimeError(
            f"Expected non-empty vector or matrix with optional 0-dim batch size, but got: {list(input.shape)}"
        )


def _check_labels(target):
    if target.dtype != jnp.int64:
        raise RuntimeError(f"expected scalar type Long but found {scalar_name(target)}")


def _check_classes(input, target, weight):
    _check_rows(input)
    classes = input.shape[-1] if input.ndim else 1
    if weight is not None and weight.size != classes:
        raise RuntimeError(f"inconsistent weight size, expected {classes} but got {list(weight.shape)}")
    count = input.shape[0] if input.ndim == 2 else 1
    if target.size != count or target.ndim > 1:
        raise RuntimeError(
            "multi_margin_loss: target tensor should be 1-D with size equal to the number of input samples (batch size). "
            f"Expected target size [{count}], but got {list(target.shape)}. Input has shape {list(input.shape)}."
        )
    _check_labels(target)


@op("multilabel_margin_loss", variants="", promote="none", node="MultilabelMarginLoss")
def multilabel_margin_loss(input: Array, target: Array, reduction):
    """Sum over labels y (those before the first -1) and other classes i of max(0, 1 - (x[y] - x[i])), over the number of classes."""
    _check_rows(input)
    if input.shape != target.shape:
        raise RuntimeError(f"inconsistent target size: {list(target.shape)} for input of size: {list(input.shape)}")
    _check_labels(target)
    rows = input if input.ndim == 2 else input.reshape(1, -1)
    labels = target.reshape(rows.shape)
    used = jnp.cumprod(labels >= 0, axis=1).astype(bool)
    safe = jnp.where(used, labels, 0)
    is_label = jnp.any((safe[:, :, None] == jnp.arange(rows.shape[1])) & used[:, :, None], axis=1)
    right = jnp.take_along_axis(rows, safe, 1)
    gap = jnp.where(used[:, :, None] & ~is_label[:, None, :], 1 - (right[:, :, None] - rows[:, None, :]), 0)
    gap = jnp.where(gap > 0, gap, 0)
    values = (gap.sum((1, 2)) / rows.shape[1]).astype(input.dtype)
    return reduced(values if input.ndim == 2 else values[0], reduction)


@multilabel_margin_loss.check
def _(xp, target, input_shape):
    classes = input_shape[-1] if input_shape else 1
    return xp.any((target < -1) | (target >= classes)), RuntimeError, "argument #2 'target' is out of range"


@op("scalar.divided", variants="", promote="none", node="DivBackward1")
def divided(input: Array, count):
    """A sum over its count, as torch's own code divides."""
    return input / divisor(count, input.dtype)
