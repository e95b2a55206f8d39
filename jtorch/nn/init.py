"""Fill a tensor in place with initial values; the draws are torch's, number for number, for the same seed."""

import functools
import math
import warnings

import jtorch

__all__ = [
    "calculate_gain",
    "constant",
    "constant_",
    "dirac",
    "dirac_",
    "eye",
    "eye_",
    "kaiming_normal",
    "kaiming_normal_",
    "kaiming_uniform",
    "kaiming_uniform_",
    "normal",
    "normal_",
    "ones_",
    "orthogonal",
    "orthogonal_",
    "sparse",
    "sparse_",
    "trunc_normal_",
    "uniform",
    "uniform_",
    "xavier_normal",
    "xavier_normal_",
    "xavier_uniform",
    "xavier_uniform_",
    "zeros_",
]

_LINEAR = {"linear", "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d"}
# "sigmoid" and "selu" are conventions rather than derivations, as in torch.
_GAINS = dict.fromkeys(_LINEAR, 1) | {"sigmoid": 1, "tanh": 5.0 / 3, "relu": math.sqrt(2.0), "selu": 3.0 / 4}


def calculate_gain(nonlinearity, param=None):
    """The factor by which weights before `nonlinearity` are scaled to keep the variance of activations.

    `param` is the negative slope of `leaky_relu` (0.01 when None).

    >>> import jtorch as torch
    >>> torch.nn.init.calculate_gain("leaky_relu", 0.2)
    1.3867504905630728
    """
    if nonlinearity == "leaky_relu":
        if param is None:
            slope = 0.01
        elif isinstance(param, (int, float)) and not isinstance(param, bool):
            slope = param
        else:
            raise ValueError(f"negative_slope {param} not a valid number")
        return math.sqrt(2.0 / (1 + slope**2))
    if nonlinearity not in _GAINS:
        raise ValueError(f"Unsupported nonlinearity {nonlinearity}")
    return _GAINS[nonlinearity]


def uniform_(tensor, a=0.0, b=1.0, generator=None):
    """Uniform on [a, b)."""
    with jtorch.no_grad():
        return tensor.uniform_(a, b, generator=generator)


def normal_(tensor, mean=0.0, std=1.0, generator=None):
    """Normal with the given mean and standard deviation."""
    with jtorch.no_grad():
        return tensor.normal_(mean, std, generator=generator)


def constant_(tensor, val):
    """The same value everywhere."""
    with jtorch.no_grad():
        return tensor.fill_(val)


def ones_(tensor):
    """All ones."""
    return constant_(tensor, 1.0)


def zeros_(tensor):
    """All zeros."""
    with jtorch.no_grad():
        return tensor.zero_()


def trunc_normal_(tensor, mean=0.0, std=1.0, a=-2.0, b=2.0, generator=None):
    """Normal, restricted to [a, b] by drawing again what falls outside.

    `a` and `b` are bounds on the values, not numbers of standard deviations. Where less than 30 % of the normal lies
    inside, uniform candidates are accepted with the normal's density instead.
    """
    if tensor.is_meta:
        return tensor

    def below(x):
        return (1.0 + math.erf(x / math.sqrt(2.0))) / 2.0

    if mean < a - 2 * std or mean > b + 2 * std:
        warnings.warn(
            "mean is more than 2 std from [a, b] in nn.init.trunc_normal_. The distribution of values may be "
            "incorrect.",
            stacklevel=2,
        )
    with jtorch.no_grad():
        inside = below((b - mean) / std) - below((a - mean) / std)
        if inside > 0.3:
            return _redraw_until_inside(tensor, mean, std, a, b, generator)
        return _accept_by_density(tensor, mean, std, a, b, generator)


def _redraw_until_inside(tensor, mean, std, a, b, generator):
    # The bounds rounded to the tensor's dtype, or values equal to them would be drawn for ever.
    low = tensor.new_tensor(a, device="cpu").item()
    high = tensor.new_tensor(b, device="cpu").item()
    tensor.normal_(mean, std, generator=generator)
    while True:
        outside = (tensor < low) | (tensor > high)
        if not outside.any():
            return tensor
        fresh = jtorch.empty_like(tensor).normal_(mean, std, generator=generator)
        tensor.copy_(jtorch.where(outside, fresh, tensor))


def _accept_by_density(tensor, mean, std, a, b, generator):
    # The density relative to its largest value on [a, b], which is attained where the mean is clamped to.
    log_peak = -0.5 * ((max(a, min(mean, b)) - mean) / std) ** 2
    chances = jtorch.empty_like(tensor)

    def rejected(candidates):
        log_density = candidates.clone().sub_(mean).div_(std).pow_(2).mul_(-0.5).sub_(log_peak)
        return chances.uniform_(generator=generator).log_().gt(log_density)

    tensor.uniform_(a, b, generator=generator)
    pending = rejected(tensor)
    while pending.any():
        candidates = jtorch.empty_like(tensor).uniform_(a, b, generator=generator)
        tensor.copy_(jtorch.where(pending, candidates, tensor))
        pending = pending & rejected(candidates)
    return tensor


def eye_(tensor):
    """The identity matrix, of a 2-D tensor of any shape."""
    if tensor.dim() != 2:
        raise ValueError("Only tensors with 2 dimensions are supported")
    with jtorch.no_grad():
        jtorch.eye(*tensor.shape, out=tensor, requires_grad=tensor.requires_grad)
    return tensor


def dirac_(tensor, groups=1):
    """A convolution kernel (3, 4 or 5 dimensions) that passes its input channels through unchanged."""
    if tensor.dim() not in (3, 4, 5):
        raise ValueError("Only tensors with 3, 4, or 5 dimensions are supported")
    out_channels, in_channels, *kernel = tensor.shape
    if out_channels % groups != 0:
        raise ValueError("dim 0 must be divisible by groups")
    if tensor.is_meta:
        return tensor
    per_group = out_channels // groups
    centre = tuple(size // 2 for size in kernel)
    with jtorch.no_grad():
        tensor.zero_()
        for group in range(groups):
            for channel in range(min(per_group, in_channels)):
                tensor[(group * per_group + channel, channel, *centre)] = 1
    return tensor


def _calculate_fan_in_and_fan_out(tensor):
    """How many inputs each output of a weight sees, and how many outputs each input reaches."""
    if tensor.dim() < 2:
        raise ValueError("Fan in and fan out can not be computed for tensor with fewer than 2 dimensions")
    outputs, inputs, *kernel = tensor.shape
    field = math.prod(kernel)
    return inputs * field, outputs * field


def _calculate_correct_fan(tensor, mode):
    mode = mode.lower()
    if mode not in ("fan_in", "fan_out"):
        raise ValueError(f"Mode {mode} not supported, please use one of ['fan_in', 'fan_out']")
    return _calculate_fan_in_and_fan_out(tensor)[mode == "fan_out"]


def _xavier_std(tensor, gain):
    return gain * math.sqrt(2.0 / float(sum(_calculate_fan_in_and_fan_out(tensor))))


def xavier_uniform_(tensor, gain=1.0, generator=None):
    """Uniform with variance 2 gain² / (fan_in + fan_out) (Glorot and Bengio, 2010)."""
    bound = math.sqrt(3.0) * _xavier_std(tensor, gain)
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor, gain=1.0, generator=None):
    """Normal with variance 2 gain² / (fan_in + fan_out) (Glorot and Bengio, 2010)."""
    return normal_(tensor, 0.0, _xavier_std(tensor, gain), generator)


def _kaiming_std(tensor, a, mode, nonlinearity):
    return calculate_gain(nonlinearity, a) / math.sqrt(_calculate_correct_fan(tensor, mode))


def kaiming_uniform_(tensor, a=0, mode="fan_in", nonlinearity="leaky_relu", generator=None):
    """Uniform with variance gain² / fan (He et al., 2015); `a` is the slope of a leaky relu.

    >>> import jtorch as torch
    >>> _ = torch.manual_seed(0)
    >>> torch.nn.init.kaiming_uniform_(torch.empty(1, 2), nonlinearity="relu")
    tensor([[-0.0130,  0.9291]])
    """
    if 0 in tensor.shape:
        warnings.warn("Initializing zero-element tensors is a no-op", stacklevel=2)
        return tensor
    bound = math.sqrt(3.0) * _kaiming_std(tensor, a, mode, nonlinearity)
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(tensor, a=0, mode="fan_in", nonlinearity="leaky_relu", generator=None):
    """Normal with variance gain² / fan (He et al., 2015); `a` is the slope of a leaky relu."""
    if 0 in tensor.shape:
        warnings.warn("Initializing zero-element tensors is a no-op", stacklevel=2)
        return tensor
    return normal_(tensor, 0, _kaiming_std(tensor, a, mode, nonlinearity), generator)


def orthogonal_(tensor, gain=1, generator=None):
    """Orthonormal rows or columns, dimensions after the first flattened (Saxe et al., 2013)."""
    if tensor.dim() < 2:
        raise ValueError("Only tensors with 2 or more dimensions are supported")
    if tensor.numel() == 0 or tensor.is_meta:
        return tensor
    rows = tensor.size(0)
    columns = tensor.numel() // rows
    flat = tensor.new_empty((rows, columns)).normal_(0, 1, generator=generator)
    if rows < columns:
        flat = flat.t()
    q, r = jtorch.linalg.qr(flat)
    # The signs of R's diagonal make Q unique, hence uniformly distributed (Mezzadri, 2006).
    q = q * jtorch.diag(r, 0).sign()
    if rows < columns:
        q = q.t()
    with jtorch.no_grad():
        tensor.view_as(q).copy_(q)
        tensor.mul_(gain)
    return tensor


def sparse_(tensor, sparsity, std=0.01, generator=None):
    """Normal values with a share of `sparsity` zeros in every column (Martens, 2010); 2-D only."""
    if tensor.dim() != 2:
        raise ValueError("Only tensors with 2 dimensions are supported")
    if tensor.is_meta:
        return tensor
    rows, columns = tensor.shape
    zeros = math.ceil(sparsity * rows)
    with jtorch.no_grad():
        tensor.normal_(0, std, generator=generator)
        for column in range(columns):
            # From the default generator even when one is given, as torch does.
            tensor[jtorch.randperm(rows)[:zeros], column] = 0
    return tensor


def _deprecated_name(function):
    old_name = function.__name__[:-1]

    @functools.wraps(function)
    def deprecated_init(*args, **kwargs):
        warnings.warn(
            f"`nn.init.{old_name}` is now deprecated in favor of `nn.init.{function.__name__}`.",
            FutureWarning,
            stacklevel=2,
        )
        return function(*args, **kwargs)

    deprecated_init.__name__ = deprecated_init.__qualname__ = old_name
    deprecated_init.__doc__ = f"Deprecated name of `{function.__name__}`."
    return deprecated_init


uniform = _deprecated_name(uniform_)
normal = _deprecated_name(normal_)
constant = _deprecated_name(constant_)
eye = _deprecated_name(eye_)
dirac = _deprecated_name(dirac_)
xavier_uniform = _deprecated_name(xavier_uniform_)
xavier_normal = _deprecated_name(xavier_normal_)
kaiming_uniform = _deprecated_name(kaiming_uniform_)
kaiming_normal = _deprecated_name(kaiming_normal_)
orthogonal = _deprecated_name(orthogonal_)
sparse = _deprecated_name(sparse_)
