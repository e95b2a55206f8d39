"""Pooling over windows of one to three spatial dimensions, and its partial inverse."""

import jtorch
from jtorch.dispatch import SCALAR_NAMES, apply
from jtorch.nn.functional.memory_format import following
from jtorch.ops import adaptive_pooling as adaptive
from jtorch.ops import pooling as ops
from jtorch.outs import takes_out
from jtorch.overloads import takes

__all__ = [
    "adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d", "adaptive_max_pool1d", "adaptive_max_pool1d_with_indices",
    "adaptive_max_pool2d", "adaptive_max_pool2d_with_indices", "adaptive_max_pool3d", "adaptive_max_pool3d_with_indices", "assert_int_or_pair", "avg_pool1d",
    "avg_pool2d", "avg_pool3d", "fractional_max_pool2d", "fractional_max_pool2d_with_indices", "fractional_max_pool3d",
    "fractional_max_pool3d_with_indices", "lp_pool1d", "lp_pool2d", "lp_pool3d", "max_pool1d", "max_pool1d_with_indices", "max_pool2d",
    "max_pool2d_with_indices", "max_pool3d", "max_pool3d_with_indices", "max_unpool1d", "max_unpool2d", "max_unpool3d",
]  # fmt: skip

_COUNTS = {1: "one", 2: "two", 3: "three"}


def _sizes(value, n, name, what):
    """One number for every spatial dimension."""
    if not isinstance(value, (tuple, list)):
        return (int(value),) * n
    if len(value) not in (1, n):
        raise RuntimeError(_wrong_number(n, name, what, len(value)))
    return tuple(map(int, value)) * (n if len(value) == 1 else 1)


def _wrong_number(n, name, what, found):
    if n == 1:
        optional = {"kernel_size": "an int,", "stride": "None, an int,"}.get(what, "an int,")
        comma = "," if what == "stride" else ""
        return f"{name}() {what} must be {optional} list of ints{comma} or tuple of ints of size 1 but got size {found}"
    how = {"stride": "either be omitted, a single int", "dilation": "be either a single int"}.get(
        what, "either be a single int"
    )
    return f"{name}: {what} must {how}, or a tuple of {_COUNTS[n]} ints"


def _window(kernel_size, stride, padding, n, name):
    kernel = _sizes(kernel_size, n, name, "kernel_size")
    stride = kernel if stride is None or stride in ([], ()) else _sizes(stride, n, name, "stride")
    return kernel, stride, _sizes(padding, n, name, "padding")


def _check_window(kernel, stride, padding, dilation=(1,)):
    n = len(kernel)
    if 0 in stride or 0 in kernel:
        raise RuntimeError("stride should not be zero")
    letters = "THW"[3 - n :]
    for word, values, short in (("kernel size", kernel, "k"), ("stride", stride, "d")):
        if min(values) < 0:
            shown = " ".join(f"{short}{c}: {v}" for c, v in zip(letters, values, strict=True))
            raise RuntimeError(f"{word} should be greater than zero, but got {shown}")
    if min(dilation) <= 0:
        words = {2: ("dilationH", "dilationW"), 3: ("dilationT", "dilationH", "dilationW")}[n]
        shown = " ".join(f"{w}: {v}" for w, v in zip(words, dilation, strict=True))
        raise RuntimeError(f"dilation should be greater than zero, but got {shown}")
    if min(padding) < 0:
        raise RuntimeError(f"pad must be non-negative, but got pad: {min(padding)}")
    for p, k in zip(padding, kernel, strict=True):
        if 2 * p > k:
            raise RuntimeError(
                f"pad should be at most half of effective kernel size, but got pad={p}, kernel_size={k} and "
                f"dilation={dilation[-1]}"
            )


def _check_line(kernel, stride, padding, dilation):
    """The checks of max_pool1d, which has words of its own."""
    for word, (value,), least in (
        ("kernel_size", kernel, 1),
        ("stride", stride, 1),
        ("padding", padding, 0),
        ("dilation", dilation, 1),
    ):
        if value < least:
            how = "greater than zero" if least else "non-negative"
            raise RuntimeError(f"max_pool1d() {word} must be {how}, but got {value}")
    if 2 * padding[0] > kernel[0]:
        raise RuntimeError(
            f"max_pool1d() padding should be at most half of kernel size, but got padding={padding[0]} and "
            f"kernel_size={kernel[0]}"
        )


def _check_dimensions(input, n, name):
    """The input is a batch or one sample, with elements."""
    dims = input.dim()
    if n == 1 and name == "max_pool1d" and dims not in (2, 3):
        raise RuntimeError(
            "max_pool1d: Expected 2D or 3D (batch mode) tensor with optional 0 dim batch size for input, but "
            f"got:{list(input.shape)}"
        )
    if n == 1 and dims not in (2, 3):
        raise RuntimeError(
            f"Expected 2 to 3 dimensions, but got {dims}-dimensional tensor for argument #1 'self' (while checking arguments for {name})"
        )
    if dims not in (n + 1, n + 2):
        raise RuntimeError(f"non-empty {n + 1}D or {n + 2}D (batch mode) tensor expected for input")
    if 0 in input.shape[dims - n - 1 :]:
        if n == 3:
            called = "max_pool3d_with_indices_out_cpu_template()" if name == "max_pool3d" else f"{name}()"
            raise RuntimeError(
                f"{called}: Expected input's non-batch dimensions to have positive length, but input has a shape of {list(input.shape)} and "
                "non-batch dimension 0 has length zero!"
            )
        prefix = "max_pool1d: " if name == "max_pool1d" else ""
        raise RuntimeError(
            f"{prefix}Expected {n + 1}D or {n + 2}D (batch mode) tensor with optional 0 dim batch size for input, but "
            f"got:{list(input.shape)}"
        )


def _max_pool(input, kernel_size, stride, padding, dilation, ceil_mode, n, with_indices):
    name = f"max_pool{n}d"
    kernel, stride, padding = _window(kernel_size, stride, padding, n, name)
    dilation = _sizes(dilation, n, name, "dilation")
    if n == 1:
        _check_dimensions(input, n, name)
        if with_indices:  # which torch computes as rows of height 1
            _check_window((1, *kernel), (1, *stride), (0, *padding), (1, *dilation))
        else:
            _check_line(kernel, stride, padding, dilation)
        span = ops.output_size(input.size(-1), kernel[0], stride[0], padding[0], dilation[0], ceil_mode)
        if span < 1:
            raise RuntimeError(f"max_pool1d() Invalid computed output size: {span}")
        if not with_indices and input.dtype.priority < 2:
            raise NotImplementedError(f"\"max_pool1d_impl\" not implemented for '{SCALAR_NAMES[input.dtype.name]}'")
    else:
        _check_window(kernel, stride, padding, dilation)
        _check_dimensions(input, n, name)
    values, indices = apply(ops.max_pool, (input, kernel, stride, padding, dilation, bool(ceil_mode)))
    following(input, values)
    return (values, following(input, indices)) if with_indices else values


def max_pool1d(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
    """Maximum of windows over (N, C, L) or (C, L)."""
    return _max_pool(input, kernel_size, stride, padding, dilation, ceil_mode, 1, return_indices)


@takes("max_pool2d", kernel_size="ints 2", stride="ints 3", padding="ints 4", dilation="ints 5", ceil_mode="bool 6")
def max_pool2d(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
    """Maximum of windows over (N, C, H, W) or (C, H, W).

    >>> import jtorch as torch
    >>> torch.nn.functional.max_pool2d(torch.arange(16.0).view(1, 4, 4), 2)
    tensor([[[ 5.,  7.],
             [13., 15.]]])
    """
    return _max_pool(input, kernel_size, stride, padding, dilation, ceil_mode, 2, return_indices)


@takes("max_pool3d", kernel_size="ints 2", stride="ints 3", padding="ints 4", dilation="ints 5", ceil_mode="bool 6")
def max_pool3d(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
    """Maximum of windows over (N, C, D, H, W) or (C, D, H, W)."""
    return _max_pool(input, kernel_size, stride, padding, dilation, ceil_mode, 3, return_indices)


def max_pool1d_with_indices(
    input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=True
):
    """`max_pool1d`, and where in the line each maximum was."""
    return _max_pool(input, kernel_size, stride, padding, dilation, ceil_mode, 1, True)


def max_pool2d_with_indices(
    input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=True
):
    """`max_pool2d`, and where in the plane each maximum was."""
    return _max_pool(input, kernel_size, stride, padding, dilation, ceil_mode, 2, True)


def max_pool3d_with_indices(
    input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=True
):
    """`max_pool3d`, and where in the block each maximum was."""
    return _max_pool(input, kernel_size, stride, padding, dilation, ceil_mode, 3, True)


def _avg_pool(input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override, n):
    name = f"avg_pool{n}d"
    if n == 1:
        _check_dimensions(input, n, name)
        for what, value in (("kernel_size", kernel_size), ("stride", stride), ("padding", padding)):
            if isinstance(value, (tuple, list)) and len(value) > 1:
                raise RuntimeError(f"{name}() argument '{what}' should contain one int (got {len(value)})")
    kernel, stride, padding = _window(kernel_size, stride, padding, n, name)
    _check_window(kernel, stride, padding)
    if divisor_override == 0:
        raise RuntimeError("divisor must be not zero")
    _check_dimensions(input, n, name)
    if n == 3 and any(e + 2 * p < k for e, p, k in zip(input.shape[-3:], padding, kernel, strict=True)):
        shown = (
            " ".join(f"{p}{c}: {v}" for c, v in zip("THW", sizes, strict=True))
            for p, sizes in (("", input.shape[-3:]), ("k", kernel))
        )
        raise RuntimeError("input image ({}) smaller than kernel size ({})".format(*shown))
    args = (input, kernel, stride, padding, bool(ceil_mode), bool(count_include_pad), divisor_override)
    return following(input, apply(ops.avg_pool, args)[0])


@takes("avg_pool1d", kernel_size="ints", stride="ints", padding="ints", ceil_mode="bool", count_include_pad="bool")
def avg_pool1d(input, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True):
    """Mean of windows over (N, C, L) or (C, L)."""
    return _avg_pool(input, kernel_size, stride, padding, ceil_mode, count_include_pad, None, 1)


@takes_out
@takes(
    "avg_pool2d",
    kernel_size="ints",
    stride="ints",
    padding="ints",
    ceil_mode="bool",
    count_include_pad="bool",
    divisor_override="int",
)
def avg_pool2d(
    input, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None
):
    """Mean of windows over (N, C, H, W) or (C, H, W)."""
    return _avg_pool(input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override, 2)


@takes_out
@takes(
    "avg_pool3d",
    kernel_size="ints",
    stride="ints",
    padding="ints",
    ceil_mode="bool",
    count_include_pad="bool",
    divisor_override="int",
)
def avg_pool3d(
    input, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None
):
    """Mean of windows over (N, C, D, H, W) or (C, D, H, W)."""
    return _avg_pool(input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override, 3)


def _lp_pool(input, norm_type, kernel_size, stride, ceil_mode, n):
    max_pool, avg_pool = (max_pool1d, max_pool2d, max_pool3d)[n - 1], (avg_pool1d, avg_pool2d, avg_pool3d)[n - 1]
    if norm_type == float("inf"):
        return max_pool(input.abs(), kernel_size, stride, 0, 1, ceil_mode)
    if norm_type == -float("inf"):
        return -max_pool(-input.abs(), kernel_size, stride, 0, 1, ceil_mode)
    mean = avg_pool(input.pow(norm_type), kernel_size, stride, 0, ceil_mode)
    count = 1
    for k in _sizes(kernel_size, n, f"lp_pool{n}d", "kernel_size"):
        count *= k
    # Where the mean is 0 relu's gradient is 0, and so is the whole one.
    return (mean.sign() * mean.abs().relu()).mul(count).pow(1.0 / norm_type)


def lp_pool1d(input, norm_type, kernel_size, stride=None, ceil_mode=False):
    """(Sum of input^p)^(1/p) of windows over (N, C, L) or (C, L)."""
    return _lp_pool(input, norm_type, kernel_size, stride, ceil_mode, 1)


def lp_pool2d(input, norm_type, kernel_size, stride=None, ceil_mode=False):
    """(Sum of input^p)^(1/p) of windows over (N, C, H, W) or (C, H, W)."""
    return _lp_pool(input, norm_type, kernel_size, stride, ceil_mode, 2)


def lp_pool3d(input, norm_type, kernel_size, stride=None, ceil_mode=False):
    """(Sum of input^p)^(1/p) of windows over (N, C, D, H, W) or (C, D, H, W)."""
    return _lp_pool(input, norm_type, kernel_size, stride, ceil_mode, 3)


# Adaptive pools


def _adaptive_sizes(input, output_size, n, name):
    given = isinstance(output_size, (tuple, list))
    if n == 1 and given and len(output_size) != 1:
        raise RuntimeError(f"{name}() argument 'output_size' should contain one int (got {len(output_size)})")
    if n == 1 and output_size is None:
        raise TypeError(f"{name}(): argument 'output_size' (position 2) must be tuple of ints, not NoneType")
    if output_size is None:
        raise TypeError(
            "object of type 'NoneType' has no len(): output_size is an int, or one int or None per dimension"
        )
    sizes = tuple(output_size) if given else (output_size,) * n
    if n > 1 and given and input.dim() <= len(sizes):
        raise ValueError(f"Input dimension should be at least {len(sizes) + 1}")
    if len(sizes) != n:
        raise RuntimeError(
            f"{name}(): internal error: output_size.size() must be {n}"
            if "max" in name
            else f"{name}: output_size must be {n}"
        )
    return tuple(input.size(d - n) if s is None else int(s) for d, s in enumerate(sizes))


def _adaptive_avg(input, output_size, n):
    name = f"adaptive_avg_pool{n}d"
    if n == 1:
        _check_dimensions(input, n, name)
    sizes = _adaptive_sizes(input, output_size, n, name)
    if min(sizes) < 0:
        shown = {1: "1, {}", 2: "{}, {}", 3: "{}, {},{}"}[n].format(*sizes)
        raise RuntimeError(
            f"adaptive_avg_pool{max(n, 2)}d: elements of output_size must be greater than or equal to 0 but received {{{shown}}}"
        )
    if input.dim() not in (n + 1, n + 2):
        raise RuntimeError(f"{name}(): Expected {n + 1}D or {n + 2}D tensor, but got {list(input.shape)}")
    if n > 1 and all(s == 1 for s in sizes) and input.dtype.priority < 2:
        raise RuntimeError(
            "mean(): could not infer output dtype. Input dtype must be either a floating point or complex dtype. Got: "
            f"{SCALAR_NAMES[input.dtype.name]}"
        )
    return following(input, apply(adaptive.adaptive_avg_pool, (input, sizes))[0])


def adaptive_avg_pool1d(input, output_size):
    """Means over `output_size` windows that divide the length."""
    return _adaptive_avg(input, output_size, 1)


def adaptive_avg_pool2d(input, output_size):
    """Means over a grid of windows that divide height and width; None keeps a size.

    >>> import jtorch as torch
    >>> torch.nn.functional.adaptive_avg_pool2d(torch.arange(16.0).view(1, 4, 4), 2)
    tensor([[[ 2.5000,  4.5000],
             [10.5000, 12.5000]]])
    """
    return _adaptive_avg(input, output_size, 2)


def adaptive_avg_pool3d(input, output_size):
    """Means over a grid of windows that divide depth, height and width."""
    return _adaptive_avg(input, output_size, 3)


def _adaptive_max(input, output_size, n, return_indices):
    name = f"adaptive_max_pool{n}d"
    if n == 1:
        _check_dimensions(input, n, name)
    sizes = _adaptive_sizes(input, output_size, n, name)
    if input.dim() not in (n + 1, n + 2):
        raise RuntimeError(f"{name}(): Expected {n + 1}D or {n + 2}D tensor, but got: {list(input.shape)}")
    if min(sizes) < 0:
        shape = [*input.shape[: input.dim() - n], *((1,) if n == 1 else ()), *sizes]
        raise RuntimeError(f"Trying to create tensor with negative dimension {min(sizes)}: {shape}")
    values, indices = apply(adaptive.adaptive_max_pool, (input, sizes))
    following(input, values)
    return (values, following(input, indices)) if return_indices else values


def adaptive_max_pool1d(input, output_size, return_indices=False):
    """Maxima over `output_size` windows that divide the length."""
    return _adaptive_max(input, output_size, 1, return_indices)


def adaptive_max_pool2d(input, output_size, return_indices=False):
    """Maxima over a grid of windows that divide height and width."""
    return _adaptive_max(input, output_size, 2, return_indices)


def adaptive_max_pool3d(input, output_size, return_indices=False):
    """Maxima over a grid of windows that divide depth, height and width."""
    return _adaptive_max(input, output_size, 3, return_indices)


def adaptive_max_pool1d_with_indices(input, output_size, return_indices=False):
    """`adaptive_max_pool1d`, and where each maximum was."""
    return _adaptive_max(input, output_size, 1, True)


def adaptive_max_pool2d_with_indices(input, output_size, return_indices=False):
    """`adaptive_max_pool2d`, and where each maximum was."""
    return _adaptive_max(input, output_size, 2, True)


def adaptive_max_pool3d_with_indices(input, output_size, return_indices=False):
    """`adaptive_max_pool3d`, and where each maximum was."""
    return _adaptive_max(input, output_size, 3, True)


# Windows drawn at random


def _fractional(input, kernel_size, output_size, output_ratio, samples, n):
    name = f"fractional_max_pool{n}d"
    if output_size is None and output_ratio is None:
        raise ValueError(f"{name} requires specifying either an output_size or an output_ratio")
    if output_size is None:
        ratios = output_ratio if isinstance(output_ratio, (tuple, list)) else (output_ratio,) * n
        if len(ratios) > n:
            raise ValueError(f"{name} requires output_ratio to either be a single Int or tuple of Ints.")
        output_size = [int(input.size(d - n) * ratios[d]) for d in range(n)]
    for word, value in (("kernel_size", kernel_size), ("output_size", output_size)):
        if isinstance(value, (tuple, list)) and len(value) not in (1, n):
            raise RuntimeError(f"{name}: {word} must either be a single Int or tuple of Ints")
    size, kernel = _sizes(output_size, n, name, "output_size"), _sizes(kernel_size, n, name, "kernel_size")
    batch = 1 if input.dim() == n + 1 else input.size(0)
    if samples is None:
        samples = jtorch.rand(batch, input.size(-n - 1), n, dtype=input.dtype, device=input.device)
    else:
        _check_samples(samples, input, batch, n)
        samples = samples[:batch]
    return tuple(apply(adaptive.fractional_max_pool, (input, samples, kernel, size)))


def _check_samples(samples, input, batch, n):
    if samples.dtype is not input.dtype:
        raise RuntimeError("Expect _random_samples to have the same dtype as input")
    if samples.dim() != 3:
        raise RuntimeError(f"Expect _random_samples to have 3 dimensions, got {samples.dim()}")
    if samples.size(0) < batch:
        raise RuntimeError("Expect _random_samples.size(0) no less then input batch size.")
    if samples.size(1) != input.size(-n - 1):
        raise RuntimeError("Expect _random_samples.size(1) equals to input channel size.")
    if samples.size(2) != n:
        raise RuntimeError(f"Expect _random_samples.size(2) equals to {n}; got {samples.size(2)}.")


def fractional_max_pool2d_with_indices(
    input, kernel_size, output_size=None, output_ratio=None, return_indices=False, _random_samples=None
):
    """`fractional_max_pool2d`, and where each maximum was."""
    return _fractional(input, kernel_size, output_size, output_ratio, _random_samples, 2)


def fractional_max_pool2d(
    input, kernel_size, output_size=None, output_ratio=None, return_indices=False, _random_samples=None
):
    """Maxima over windows spread at random over height and width (Graham 2014); the output is `output_size` or a ratio of the input."""
    found = _fractional(input, kernel_size, output_size, output_ratio, _random_samples, 2)
    return found if return_indices else found[0]


def fractional_max_pool3d_with_indices(
    input, kernel_size, output_size=None, output_ratio=None, return_indices=False, _random_samples=None
):
    """`fractional_max_pool3d`, and where each maximum was."""
    return _fractional(input, kernel_size, output_size, output_ratio, _random_samples, 3)


def fractional_max_pool3d(
    input, kernel_size, output_size=None, output_ratio=None, return_indices=False, _random_samples=None
):
    """Maxima over windows spread at random over depth, height and width."""
    found = _fractional(input, kernel_size, output_size, output_ratio, _random_samples, 3)
    return found if return_indices else found[0]


# Unpooling


def _unpool(input, indices, kernel_size, stride, padding, output_size, n):
    name = f"max_unpool{n}d"
    kernel, stride, padding = _window(kernel_size, stride, padding, n, name)
    shape = input.shape[-n:]
    usual = [(e - 1) * s + k - 2 * p for e, s, k, p in zip(shape, stride, kernel, padding, strict=True)]
    size = usual
    if output_size is not None:
        size = output_size[2:] if len(output_size) == n + 2 else output_size
        if len(size) != n:
            raise ValueError(
                f"output_size should be a sequence containing {n} or {n + 2} elements, but it has a length of '{len(size)}'"
            )
        for d in range(n):
            low, high = usual[d] - stride[d], usual[d] + stride[d]
            if not low < size[d] < high:
                raise ValueError(f'invalid output_size "{size}" (dim {d} must be between {low} and {high})')
    for d in range(n):
        if size[d] < 0:
            raise ValueError(
                "max_unpooling: output_size must contain non-negative spatial dimensions, but got "
                f"output_size[{d}]={size[d]}"
            )
    _check_unpool(input, indices, n)
    output = apply(adaptive.max_unpool, (input, indices, tuple(int(s) for s in size)))[0]
    return following(input, output) if n == 2 else output


def _check_unpool(input, indices, n):
    if indices.dtype is not jtorch.int64:
        raise RuntimeError(f"elements in indices should be type int64 but got: {SCALAR_NAMES[indices.dtype.name]}")
    if input.dim() not in (n + 1, n + 2):
        few, many = max(n, 2) + 1, max(n, 2) + 2
        raise RuntimeError(
            f"Input to max_unpooling{max(n, 2)}d should be a {few}d or {many}d Tensor, but got a tensor with {input.dim()} dimensions."
        )
    if input.shape != indices.shape:
        shown = [[*t.shape, 1] if n == 1 else list(t.shape) for t in (input, indices)]  # lines are unpooled as planes
        raise RuntimeError(
            f"Expected shape of indices to be same as that of the input tensor ({shown[0]}) but got indices tensor with shape: {shown[1]}"
        )


def max_unpool1d(input, indices, kernel_size, stride=None, padding=0, output_size=None):
    """The maxima of `max_pool1d` back at their places, zeros elsewhere."""
    return _unpool(input, indices, kernel_size, stride, padding, output_size, 1)


def max_unpool2d(input, indices, kernel_size, stride=None, padding=0, output_size=None):
    """The maxima of `max_pool2d` back at their places, zeros elsewhere."""
    return _unpool(input, indices, kernel_size, stride, padding, output_size, 2)


def max_unpool3d(input, indices, kernel_size, stride=None, padding=0, output_size=None):
    """The maxima of `max_pool3d` back at their places, zeros elsewhere."""
    return _unpool(input, indices, kernel_size, stride, padding, output_size, 3)


def assert_int_or_pair(arg: int | list[int], arg_name: str, message: str) -> None:
    """Refuse what is neither a number nor a pair of them."""
    if not (isinstance(arg, int) or len(arg) == 2):
        raise AssertionError(message.format(arg_name))
