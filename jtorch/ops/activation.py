"""Activation functions. Those whose gradient torch computes from the result save the result."""

import jax
import jax.numpy as jnp
from jax import lax

from .kinds import is_bool, refuse_complex, require_floating, scalar_name
from .kinds import widened as _wide
from .lowerings.row_maxima import row_maxima
from .registry import Array, Dim, op


@op("relu", variants="function method inplace", aliases=("nn.functional.relu",), promote="none", elementwise=True)
def relu(input: Array):
    """max(input, 0)."""
    if is_bool(input):
        raise RuntimeError("Boolean inputs not supported for relu")
    refuse_complex("clamp_min_scalar_cpu", input)
    return jnp.maximum(input, jnp.zeros((), input.dtype))


@relu.backward
def _(grad, result):
    return jnp.where(result <= 0, jnp.zeros((), grad.dtype), grad)


def _of_rows(x, dim):
    return dim == x.ndim - 1 and x.size > 0


@op("softmax_", variants="", promote="none", node="Softmax")
def softmax(input: Array, dim: Dim):
    """exp(input) / sum(exp(input)) along a dimension."""
    if input.ndim == 0:
        return jnp.exp(input - input)  # 1, or NaN
    wide = _wide(input)
    if _of_rows(wide, dim):
        raised = jnp.exp(wide - row_maxima(lax.stop_gradient(wide)))
        return (raised / raised.sum(-1, keepdims=True)).astype(input.dtype)
    return jax.nn.softmax(wide, axis=dim).astype(input.dtype)


@softmax.backward
def _(grad, result, dim):
    grad, result = _wide(grad), _wide(result)
    total = (grad * result).sum(dim, keepdims=True) if grad.ndim else grad * result
    return (grad - total) * result


@op("log_softmax_", variants="", promote="none", node="LogSoftmax")
def log_softmax(input: Array, dim: Dim):
    """input - log(sum(exp(input))) along a dimension."""
    if input.ndim == 0:
        return input - input  # 0, or NaN
    wide = _wide(input)
    if _of_rows(wide, dim):
        shifted = wide - row_maxima(lax.stop_gradient(wide))
        return (shifted - jnp.log(jnp.exp(shifted).sum(-1, keepdims=True))).astype(input.dtype)
    return jax.nn.log_softmax(wide, axis=dim).astype(input.dtype)


@log_softmax.backward
def _(grad, result, dim):
    grad, result = _wide(grad), _wide(result)
    return grad - jnp.exp(result) * (grad.sum(dim, keepdims=True) if grad.ndim else grad)


def _unary(name, node=None):
    """Options of an activation of one tensor."""
    return op(name, variants="", promote="none", elementwise=True, node=node)


def _zero_where(condition, grad):
    """The gradient, or zero: written so that it passes where the input is NaN, as in torch."""
    return jnp.where(condition, jnp.zeros((), grad.dtype), grad)


@_unary("leaky_relu")
def leaky_relu(input: Array, negative_slope):
    """input where positive, negative_slope * input elsewhere."""
    require_floating("leaky_relu_cpu", input)
    wide = _wide(input)
    return jnp.where(wide > 0, wide, wide * jnp.asarray(negative_slope, wide.dtype)).astype(input.dtype)


@_unary("rrelu_mean", node="RreluWithNoise")
def rrelu_mean(input: Array, negative_slope):
    """rrelu outside training: a leaky relu with the mean slope."""
    return leaky_relu(input, negative_slope)


@_unary("rrelu_with_noise")
def rrelu_with_noise(input: Array, noise: Array):
    """input where positive, noise * input elsewhere."""
    return jnp.where(input > 0, input, (_wide(input) * _wide(noise)).astype(input.dtype))


def _elu(input, alpha, scale, input_scale):
    require_floating("elu_cpu", input)
    wide = _wide(input)
    below = jnp.where(wide > 0, jnp.zeros((), wide.dtype), wide)
    return jnp.where(wide > 0, wide * scale, jnp.expm1(below * input_scale) * (alpha * scale)).astype(input.dtype)


def _elu_slope(grad, input, alpha, scale, input_scale):
    wide = _wide(input)
    below = jnp.where(wide <= 0, wide, jnp.zeros((), wide.dtype))
    slope = jnp.where(wide <= 0, jnp.exp(below * input_scale) * (alpha * scale * input_scale), scale)
    return _wide(grad) * slope


@_unary("elu")
def elu(input: Array, alpha, scale, input_scale=1.0):
    """scale * input where positive, scale * alpha (exp(input_scale * input) - 1) elsewhere."""
    return _elu(input, alpha, scale, input_scale)


@elu.backward
def _(grad, input, alpha, scale, input_scale):
    return _elu_slope(grad, input, alpha, scale, input_scale)


@_unary("celu")
def celu(input: Array, alpha):
    """input where positive, alpha (exp(input / alpha) - 1) elsewhere."""
    return _elu(input, alpha, 1.0, 1.0 / alpha)


@celu.backward
def _(grad, input, alpha):
    return _elu_slope(grad, input, alpha, 1.0, 1.0 / alpha)


@_unary("hardtanh")
def hardtanh(input: Array, low, high):
    """input kept between two bounds; the gradient is zero at the bounds."""
    if is_bool(input):
        raise RuntimeError("Bool inputs not supported for hardtanh")
    return jnp.clip(input, jnp.asarray(low, input.dtype), jnp.asarray(high, input.dtype))


@hardtanh.backward
def _(grad, input, low, high):
    return _zero_where((input <= low) | (input >= high), grad)


@_unary("hardsigmoid")
def hardsigmoid(input: Array):
    """clip(input / 6 + 1 / 2, 0, 1)."""
    require_floating("hardsigmoid_cpu", input)
    wide = _wide(input)
    return (jnp.clip(wide + 3, 0, 6) / 6).astype(input.dtype)


@hardsigmoid.backward
def _(grad, input):
    return _zero_where((input <= -3) | (input >= 3) | jnp.isnan(input), _wide(grad) / 6)


@_unary("hardswish")
def hardswish(input: Array):
    """input * clip(input + 3, 0, 6) / 6 (Howard et al. 2019)."""
    require_floating("hardswish_cpu", input)
    wide = _wide(input)
    return (wide * jnp.clip(wide + 3, 0, 6) / 6).astype(input.dtype)


@hardswish.backward
def _(grad, input):
    grad, input = _wide(grad), _wide(input)
    inner = grad * (input / 3 + 0.5)
    return jnp.where(input <= -3, jnp.zeros((), grad.dtype), jnp.where(input < 3, inner, grad))


@_unary("silu")
def silu(input: Array):
    """input * sigmoid(input)."""
    require_floating("silu_cpu", input)
    wide = _wide(input)
    return (wide * jax.nn.sigmoid(wide)).astype(input.dtype)


@_unary("mish")
def mish(input: Array):
    """input * tanh(softplus(input)) (Misra 2019)."""
    require_floating("mish_cpu", input)
    wide = _wide(input)
    return (wide * jnp.tanh(jax.nn.softplus(wide))).astype(input.dtype)


@_unary("gelu")
def gelu(input: Array, approximate):
    """input * Phi(input), exactly or by the tanh approximation (Hendrycks and Gimpel 2016)."""
    require_floating("GeluKernelImpl", input)
    wide = _wide(input)
    return jax.nn.gelu(wide, approximate=approximate == "tanh").astype(input.dtype)


@_unary("softplus")
def softplus(input: Array, beta, threshold):
    """log(1 + exp(beta input)) / beta; the input itself where beta * input exceeds the threshold."""
    require_floating("softplus_cpu", input)
    wide = _wide(input)
    scaled = wide * beta
    large = scaled > threshold
    small = jnp.where(large, jnp.zeros((), wide.dtype), scaled)
    return jnp.where(large, wide, jnp.log1p(jnp.exp(small)) / beta).astype(input.dtype)


@op("log_sigmoid", variants="", promote="none")
def log_sigmoid(input: Array):
    """log(sigmoid(input))."""
    require_floating("log_sigmoid_cpu", input)
    return jax.nn.log_sigmoid(_wide(input)).astype(input.dtype)


@_unary("softshrink")
def softshrink(input: Array, lambd):
    """input moved towards zero by lambd, zero within it."""
    require_floating("softshrink_check", input)
    _check_lambda(lambd, input)
    x = _wide(input)
    return jnp.where(x > lambd, x - lambd, jnp.where(x < -lambd, x + lambd, x * 0)).astype(input.dtype)


def _check_lambda(lambd, input):
    largest = float(jnp.finfo(input.dtype).max)
    if not 0 <= lambd <= largest:
        name = {"float16": "Half", "bfloat16": "BFloat16", "float32": "Float", "float64": "Double"}[input.dtype.name]
        raise RuntimeError(
            f"lambda must be in range [0, {largest:g}] for input dtype {name}, but found {lambd:g}\n"
            "It is how far values move towards zero."
        )


@softshrink.backward
def _(grad, input, lambd):
    return _zero_where((input >= -lambd) & (input <= lambd), grad)


@_unary("hardshrink")
def hardshrink(input: Array, lambd):
    """input, zero within [-lambd, lambd]."""
    require_floating("hardshrink_cpu", input)
    return jnp.where((input >= -lambd) & (input <= lambd), jnp.zeros((), input.dtype), input)


@hardshrink.backward
def _(grad, input, lambd):
    return _zero_where((input >= -lambd) & (input <= lambd), grad)


@_unary("threshold")
def threshold(input: Array, limit, value):
    """input where above the limit, else a value."""
    refuse_complex("threshold_cpu", input)
    return jnp.where(input <= limit, jnp.asarray(value, input.dtype), input)


@threshold.backward
def _(grad, input, limit):
    return _zero_where(input <= limit, grad)


@op("prelu", variants="function method", promote="none", node="PreluKernel", elementwise=True)
def prelu(input: Array, weight: Array):
    """input where positive, weight * input elsewhere; one weight, or one per channel (dimension 1)."""
    if input.dtype != weight.dtype:
        raise RuntimeError(
            f"prelu: Type promoting not supported. Got {scalar_name(input)} and {scalar_name(weight)}\n"
            "Convert one of them."
        )
    require_floating("prelu_cpu", input)
    if weight.ndim > 1:
        raise RuntimeError(f"prelu: Expected `weight` to be a scalar or 1D tensor, but got: ndim = {weight.ndim}")
    if weight.size != 1:
        channels = input.shape[1] if input.ndim > 1 else 1
        if input.ndim == 0:
            raise RuntimeError("Not allow zero-dim input tensor.")
        if weight.size != channels:
            raise RuntimeError(
                "Mismatch of parameter numbers and input channel size. Found parameter numbers = "
                f"{weight.size} and channel size = {channels}."
            )
        weight = weight.reshape((1, -1) + (1,) * (input.ndim - 2)) if input.ndim > 1 else weight
    else:
        weight = weight.reshape(())
    return jnp.where(input > 0, input, (_wide(weight) * _wide(input)).astype(input.dtype))


@op("glu", variants="", promote="none")
def glu(input: Array, dim: Dim):
    """First half times the sigmoid of the second half of a dimension (Dauphin et al. 2017)."""
    if input.ndim == 0:
        raise RuntimeError("glu does not support 0-dimensional tensors")
    if input.shape[dim] % 2:
        raise RuntimeError(f"Halving dimension must be even, but dimension {dim} is size {input.shape[dim]}")
    require_floating("glu_cpu", input)
    a, b = jnp.split(_wide(input), 2, dim)
    return (a * jax.nn.sigmoid(b)).astype(input.dtype)


# The in-place forms whose nodes torch names apart; it differentiates most of them by their result.


def _overwriting(name, node):
    return op(f"inplace.{name}", variants="", promote="none", elementwise=True, node=f"{node}Backward1")


def _refuse_slope(name, negative):
    if negative:
        raise RuntimeError(
            f"In-place {name} backward calculation is triggered with a negative slope which is not supported. This is "
            "caused by calling in-place forward function with a negative slope, please call out-of-place version "
            "instead."
            + (
                " File an issue at https://github.com/pytorch/pytorch if you do require supporting in-place leakRelu "
                "backward calculation with negative slope"
                if name == "leakyReLu"
                else ""
            )
        )


@_overwriting("threshold", "Threshold")
def threshold_inplace(input: Array, limit, value):
    """`threshold` over its input."""
    return threshold(input, limit, value)


@threshold_inplace.backward
def _(grad, input, limit):
    return _zero_where(input <= limit, grad)


@_overwriting("leaky_relu", "LeakyRelu")
def leaky_relu_inplace(input: Array, negative_slope):
    """`leaky_relu` over its input."""
    return leaky_relu(input, negative_slope)


@leaky_relu_inplace.backward
def _(grad, result, negative_slope):
    _refuse_slope("leakyReLu", negative_slope < 0)
    return _leaky_slope(grad, result, negative_slope)


def _leaky_slope(grad, result, negative_slope):
    wide = _wide(grad)
    return jnp.where(result > 0, wide, wide * jnp.asarray(negative_slope, wide.dtype))


@_overwriting("rrelu_mean", "RreluWithNoise")
def rrelu_mean_inplace(input: Array, negative_slope):
    """`rrelu_mean` over its input."""
    return leaky_relu(input, negative_slope)


@rrelu_mean_inplace.backward
def _(grad, result, negative_slope):
    return _leaky_slope(grad, result, negative_slope)


@_overwriting("rrelu_with_noise", "RreluWithNoise")
def rrelu_with_noise_inplace(input: Array, noise: Array):
    """`rrelu_with_noise` over its input."""
    return rrelu_with_noise(input, noise)


@rrelu_with_noise_inplace.backward
def _(grad, noise):
    return grad * noise, None


def _elu_slope_of_result(grad, result, alpha, scale, input_scale):
    _refuse_slope("elu", alpha < 0)
    wide = _wide(result)
    slope = jnp.where(wide <= 0, (wide + alpha * scale) * input_scale, scale)
    return _wide(grad) * slope


@_overwriting("elu", "Elu")
def elu_inplace(input: Array, alpha, scale, input_scale=1.0):
    """`elu` over its input."""
    return elu(input, alpha, scale, input_scale)


@elu_inplace.backward
def _(grad, result, alpha, scale, input_scale):
    return _elu_slope_of_result(grad, result, alpha, scale, input_scale)


@_overwriting("celu", "Celu")
def celu_inplace(input: Array, alpha):
    """`celu` over its input."""
    return celu(input, alpha)


@celu_inplace.backward
def _(grad, result, alpha):
    return _elu_slope_of_result(grad, result, alpha, 1.0, 1.0 / alpha)


INPLACE = {
    leaky_relu: leaky_relu_inplace,
    rrelu_mean: rrelu_mean_inplace,
    rrelu_with_noise: rrelu_with_noise_inplace,
    threshold: threshold_inplace,
    elu: elu_inplace,
    celu: celu_inplace,
}
