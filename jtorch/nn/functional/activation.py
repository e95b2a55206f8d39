"""Activation functions."""

import warnings

from jtorch import random
from jtorch.dispatch import SCALAR_NAMES, apply, apply_inplace
from jtorch.ops import activation as ops
from jtorch.outs import takes_out
from jtorch.overloads import takes

__all__ = [
    "celu", "celu_", "elu", "elu_", "gelu", "glu", "gumbel_softmax", "hardshrink", "hardsigmoid", "hardswish", "hardtanh", "hardtanh_",
    "leaky_relu", "leaky_relu_", "log_softmax", "logsigmoid", "mish", "prelu", "relu", "relu6", "relu_", "rrelu", "rrelu_", "selu", "selu_", "sigmoid",
    "silu", "softmax", "softmin", "softplus", "softshrink", "softsign", "tanh", "tanhshrink", "threshold", "threshold_",
]  # fmt: skip


def _call(op, inplace, *args):
    return apply_inplace(ops.INPLACE.get(op, op), args) if inplace else apply(op, args)[0]


def relu(input, inplace: bool = False):
    """max(input, 0), elementwise.

    >>> import jtorch as torch
    >>> torch.nn.functional.relu(torch.tensor([-1., 2.]))
    tensor([0., 2.])
    """
    return input.relu_() if inplace else input.relu()


def relu_(input):
    """max(input, 0), in place."""
    return input.relu_()


def relu6(input, inplace: bool = False):
    """min(max(input, 0), 6)."""
    return hardtanh(input, 0.0, 6.0, inplace)


@takes("leaky_relu", negative_slope="Number 2")
def leaky_relu(input, negative_slope: float = 0.01, inplace: bool = False):
    """input where positive, negative_slope * input elsewhere."""
    return _call(ops.leaky_relu, inplace, input, float(negative_slope))


def leaky_relu_(input, negative_slope: float = 0.01):
    return leaky_relu(input, negative_slope, True)


@takes("elu", alpha="Number 2")
def elu(input, alpha: float = 1.0, inplace: bool = False):
    """input where positive, alpha (exp(input) - 1) elsewhere (Clevert et al. 2015)."""
    return _call(ops.elu, inplace, input, float(alpha), 1.0, 1.0)


def elu_(input, alpha: float = 1.0, scale: float = 1.0, input_scale: float = 1.0):
    """scale * input where positive, scale * alpha (exp(input_scale * input) - 1) elsewhere, in place."""
    return _call(ops.elu, True, input, float(alpha), float(scale), float(input_scale))


@takes("celu", alpha="Number 2")
def celu(input, alpha: float = 1.0, inplace: bool = False):
    """input where positive, alpha (exp(input / alpha) - 1) elsewhere (Barron 2017)."""
    if alpha == 0:
        raise RuntimeError("ZeroDivisionError: alpha cannot be 0 for CELU")
    return _call(ops.celu, inplace, input, float(alpha))


def celu_(input, alpha: float = 1.0):
    return celu(input, alpha, True)


def selu(input, inplace: bool = False):
    """Scaled ELU with the constants that keep mean and variance (Klambauer et al. 2017)."""
    return _call(ops.elu, inplace, input, 1.6732632423543772848170429916717, 1.0507009873554804934193349852946, 1.0)


def selu_(input):
    return selu(input, True)


def hardtanh(input, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False):
    """input kept within [min_val, max_val]."""
    if min_val > max_val:
        raise ValueError("min_val cannot be greater than max_val")
    return _call(ops.hardtanh, inplace, input, float(min_val), float(max_val))


def hardtanh_(input, min_val: float = -1.0, max_val: float = 1.0):
    return hardtanh(input, min_val, max_val, True)


def hardsigmoid(input, inplace: bool = False):
    """clip(input / 6 + 1 / 2, 0, 1)."""
    return _call(ops.hardsigmoid, inplace, input)


def hardswish(input, inplace: bool = False):
    """input * clip(input + 3, 0, 6) / 6 (Howard et al. 2019)."""
    return _call(ops.hardswish, inplace, input)


def silu(input, inplace: bool = False):
    """input * sigmoid(input)."""
    return _call(ops.silu, inplace, input)


def mish(input, inplace: bool = False):
    """input * tanh(softplus(input)) (Misra 2019)."""
    return _call(ops.mish, inplace, input)


@takes_out
@takes("gelu", approximate="str")
def gelu(input, approximate: str = "none"):
    """input times the normal distribution function (Hendrycks and Gimpel 2016); approximate='tanh' for the fast form."""
    if approximate not in ("none", "tanh"):
        raise RuntimeError("approximate argument must be either none or tanh.")
    return apply(ops.gelu, (input, approximate))[0]


@takes_out
@takes("softplus", beta="Number 2", threshold="Number 3")
def softplus(input, beta: float = 1.0, threshold: float = 20.0):
    """log(1 + exp(beta input)) / beta, linear above the threshold."""
    return apply(ops.softplus, (input, float(beta), float(threshold)))[0]


@takes_out
def logsigmoid(input):
    """log(sigmoid(input)), without overflow."""
    return apply(ops.log_sigmoid, (input,))[0]


@takes_out
@takes("softshrink", lambd="Number 2")
def softshrink(input, lambd: float = 0.5):
    """input moved towards zero by lambd."""
    return apply(ops.softshrink, (input, float(lambd)))[0]


@takes_out
@takes("hardshrink", lambd="Number 2")
def hardshrink(input, lambd: float = 0.5):
    """input, zero within [-lambd, lambd]."""
    return apply(ops.hardshrink, (input, float(lambd)))[0]


def tanhshrink(input):
    """input - tanh(input)."""
    return input - input.tanh()


def softsign(input):
    """input / (1 + |input|)."""
    return input / (input.abs() + 1)


@takes("threshold", threshold="Number 2", value="Number 3")
def threshold(input, threshold: float, value: float, inplace: bool = False):
    """input where above the threshold, else `value`."""
    return _call(ops.threshold, inplace, input, float(threshold), float(value))


def threshold_(input, threshold: float, value: float):
    return _call(ops.threshold, True, input, float(threshold), float(value))


def prelu(input, weight):
    """input where positive, weight * input elsewhere (He et al. 2015)."""
    return apply(ops.prelu, (input, weight))[0]


def rrelu(input, lower: float = 1.0 / 8, upper: float = 1.0 / 3, training: bool = False, inplace: bool = False):
    """Leaky ReLU whose slope is drawn from [lower, upper] in training, and their mean otherwise."""
    return slopes_drawn(input, lower, upper, training, inplace)


def rrelu_(input, lower: float = 1.0 / 8, upper: float = 1.0 / 3, training: bool = False, generator=None):
    return slopes_drawn(input, lower, upper, training, True, generator)


def slopes_drawn(input, lower, upper, training, inplace, generator=None):
    """`rrelu`, its slopes drawn from `generator`."""
    if lower > upper:
        raise RuntimeError("Lower bound should be less than or equal to the upper bound")
    if training:
        return _call(ops.rrelu_with_noise, inplace, input, random.rrelu_noise(input, lower, upper, generator))
    return _call(ops.rrelu_mean, inplace, input, (lower + upper) / 2)


@takes("glu", dim="int 2")
def glu(input, dim: int = -1):
    """First half times the sigmoid of the second half of a dimension (Dauphin et al. 2017)."""
    if input.dim() == 0:
        raise RuntimeError("glu does not support 0-dimensional tensors")
    return apply(ops.glu, (input, dim))[0]


def sigmoid(input):
    """1 / (1 + exp(-input))."""
    return input.sigmoid()


def tanh(input):
    """Hyperbolic tangent."""
    return input.tanh()


def _float_input(input, dtype, name):
    if dtype is not None:
        return input.to(dtype)
    if input.dtype.priority < 2:
        raise NotImplementedError(
            f"\"{name}_lastdim_kernel_impl\" not implemented for '{SCALAR_NAMES[input.dtype.name]}'"
        )
    return input


def softmax(input, dim=None, _stacklevel=3, dtype=None):
    """exp(input) / sum(exp(input)) along `dim`."""
    dim = _implicit_dim("softmax", input, dim, _stacklevel)
    return apply(ops.softmax, (_float_input(input, dtype, "softmax"), dim))[0]


def softmin(input, dim=None, _stacklevel=3, dtype=None):
    """softmax(-input)."""
    return softmax(-input, _implicit_dim("softmin", input, dim, _stacklevel), dtype=dtype)


def log_softmax(input, dim=None, _stacklevel=3, dtype=None):
    """log(softmax(input)) along `dim`, computed without overflow."""
    dim = _implicit_dim("log_softmax", input, dim, _stacklevel)
    return apply(ops.log_softmax, (_float_input(input, dtype, "log_softmax"), dim))[0]


def _implicit_dim(name, input, dim, stacklevel):
    if dim is not None:
        return dim
    warnings.warn(
        f"Implicit dimension choice for {name} has been deprecated. Change the call to include dim=X as an argument.",
        UserWarning,
        stacklevel=stacklevel,
    )
    return 0 if input.dim() in (0, 1, 3) else 1


def gumbel_softmax(logits, tau: float = 1, hard: bool = False, eps: float = 1e-10, dim: int = -1):
    """Samples of a relaxed categorical distribution (Jang et al. 2017); `hard` gives one-hot values with the soft gradient."""
    if eps != 1e-10:
        warnings.warn("`eps` parameter is deprecated and has no effect.", stacklevel=2)
    gumbels = -logits.new_empty(logits.shape).exponential_().log()
    soft = softmax((logits + gumbels) / tau, dim)
    if not hard:
        return soft
    index = soft.max(dim, keepdim=True)[1]
    exact = soft.new_zeros(soft.shape).scatter_(dim, index, 1.0)
    return exact - soft.detach() + soft
