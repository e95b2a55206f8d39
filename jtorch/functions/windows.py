"""Window functions under torch's older names, periodic by default; `torch.signal.windows` has more of them."""

import math

from .. import creation, dtypes
from ..ops.kinds import C_NAMES
from .composite import composite, operation

_i0 = operation("i0")


def _places(name, length, periodic, dtype, layout, device):
    """0, 1, ... of the symmetric window, of which a periodic one leaves out the last."""
    dtype = dtype or dtypes.default_dtype()
    if not (dtype.is_floating_point or dtype.is_complex):
        raise RuntimeError(
            f"{name} expects floating point dtypes, got: TensorOptions(dtype={C_NAMES[dtype.name]}, device={device or 'cpu'}, "
            "layout=Strided (default), requires_grad=false (default), pinned_memory=false, memory_format=(nullopt))"
        )
    if layout not in (None, dtypes.strided):
        raise RuntimeError(f"{name} is not implemented for sparse types")
    if length < 0:
        raise RuntimeError(f"{name} requires non-negative window_length, got window_length={length}")
    return creation.arange(length + periodic if length > 1 else length, dtype=dtype, device=device)


def _window(name, length, periodic, options, formula):
    """`formula(n, last)` of the places n; a window of one sample is 1."""
    dtype, layout, device, requires_grad = options
    n = _places(name, length, periodic, dtype, layout, device)
    made = formula(n, len(n) - 1)[:length] if length > 1 else n + 1
    return made.requires_grad_(requires_grad)


def _hamming(alpha, beta):
    return lambda n, last: (n * (2 * math.pi / last)).cos() * -beta + alpha


@composite("hann_window", variants="function")
def hann_window(
    window_length, periodic=True, *, dtype=None, layout=None, device=None, pin_memory=False, requires_grad=False
):
    """0.5 - 0.5 * cos(2 * pi * n / N).

    >>> import jtorch as torch
    >>> torch.hann_window(4)
    tensor([0.0000, 0.5000, 1.0000, 0.5000])
    """
    options = (dtype, layout, device, requires_grad)
    return _window("hann_window", window_length, periodic, options, _hamming(0.5, 0.5))


@composite("hamming_window", variants="function")
def hamming_window(
    window_length,
    periodic=True,
    alpha=0.54,
    beta=0.46,
    *,
    dtype=None,
    layout=None,
    device=None,
    pin_memory=False,
    requires_grad=False,
):
    """alpha - beta * cos(2 * pi * n / N)."""
    options = (dtype, layout, device, requires_grad)
    return _window("hamming_window", window_length, periodic, options, _hamming(alpha, beta))


@composite("blackman_window", variants="function")
def blackman_window(
    window_length, periodic=True, *, dtype=None, layout=None, device=None, pin_memory=False, requires_grad=False
):
    """0.42 - 0.5 * cos(x) + 0.08 * cos(2 * x) for x from 0 to 2 * pi."""

    def formula(n, last):
        x = n * (math.pi / last)
        return (x * 4).cos() * 0.08 - (x * 2).cos() * 0.5 + 0.42

    options = (dtype, layout, device, requires_grad)
    return _window("blackman_window", window_length, periodic, options, formula)


@composite("bartlett_window", variants="function")
def bartlett_window(
    window_length, periodic=True, *, dtype=None, layout=None, device=None, pin_memory=False, requires_grad=False
):
    """A triangle that begins at 0."""

    def formula(n, last):
        x = n * (2 / last)
        return operation("minimum")(x, 2 - x)

    options = (dtype, layout, device, requires_grad)
    return _window("bartlett_window", window_length, periodic, options, formula)


@composite("kaiser_window", variants="function")
def kaiser_window(
    window_length,
    periodic=True,
    beta=12.0,
    *,
    dtype=None,
    layout=None,
    device=None,
    pin_memory=False,
    requires_grad=False,
):
    """i0(beta * sqrt(1 - x ** 2)) / i0(beta) for x from -1 to 1."""

    def formula(n, last):
        x = (n - last / 2) / (last / 2)
        return _i0(beta * (1 - x * x).sqrt()) / _i0(creation.tensor(float(beta), dtype=n.dtype, device=n.device))

    options = (dtype, layout, device, requires_grad)
    return _window("kaiser_window", window_length, periodic, options, formula)
