"""Window functions of `M` samples.

A window is symmetric by default (`sym`), otherwise the first `M` samples of a symmetric window of `M + 1`, which suits a periodic
signal. The formulas are those of Harris, On the use of windows for harmonic analysis, 1978.
"""

import math
from collections.abc import Iterable

import jtorch


class _Samples:
    """Checked length and options of a window, and places at equal distances."""

    def __init__(self, name, M, sym, dtype, layout, device, requires_grad):
        if M < 0:
            raise ValueError(f"{name} requires non-negative window length, got M={M}")
        if layout is not jtorch.strided:
            raise ValueError(f"{name} is implemented for strided tensors only, got: {layout}")
        dtype = jtorch.get_default_dtype() if dtype is None else dtype
        if dtype not in (jtorch.float32, jtorch.float64):
            raise ValueError(f"{name} expects float32 or float64 dtypes, got: {dtype}")
        self.count, self.sym = M, sym
        self.options = {"dtype": dtype, "layout": layout, "device": device, "requires_grad": requires_grad}

    @property
    def last(self) -> int:
        """Number of the last sample of the symmetric window."""
        return self.count - 1 if self.sym or self.count <= 1 else self.count

    def at(self, start, step, end=None):
        """start, start + step, ..."""
        end = start + (self.count - 1) * step if end is None else end
        return jtorch.linspace(start, end, self.count, **self.options)

    def constant(self):
        """What a window of no or one sample is."""
        return (jtorch.ones if self.count else jtorch.empty)((self.count,), **self.options)


def exponential(
    M: int,
    *,
    center: float | None = None,
    tau: float = 1.0,
    sym: bool = True,
    dtype: jtorch.dtype | None = None,
    layout: jtorch.layout = jtorch.strided,
    device: jtorch.device | None = None,
    requires_grad: bool = False,
) -> jtorch.Tensor:
    """exp(-|n - center| / tau), the center in the middle by default; it may be given if the window is not symmetric."""
    samples = _Samples("exponential", M, sym, dtype, layout, device, requires_grad)
    if tau <= 0:
        raise ValueError(f"Tau must be positive, got: {tau} instead.")
    if sym and center is not None:
        raise ValueError("Center must be None for symmetric windows")
    if not M:
        return samples.constant()
    center = samples.last / 2 if center is None else center
    return (-samples.at(-center / tau, 1 / tau).abs()).exp()


def cosine(
    M: int,
    *,
    sym: bool = True,
    dtype: jtorch.dtype | None = None,
    layout: jtorch.layout = jtorch.strided,
    device: jtorch.device | None = None,
    requires_grad: bool = False,
) -> jtorch.Tensor:
    """Half a wave: sin(pi * (n + 0.5) / M)."""
    samples = _Samples("cosine", M, sym, dtype, layout, device, requires_grad)
    if not M:
        return samples.constant()
    step = math.pi / (samples.last + 1)
    return samples.at(0.5 * step, step).sin()


def gaussian(
    M: int,
    *,
    std: float = 1.0,
    sym: bool = True,
    dtype: jtorch.dtype | None = None,
    layout: jtorch.layout = jtorch.strided,
    device: jtorch.device | None = None,
    requires_grad: bool = False,
) -> jtorch.Tensor:
    """The bell curve of standard deviation `std`, 1 in the middle.

    >>> import jtorch as torch
    >>> torch.signal.windows.gaussian(3)
    tensor([0.6065, 1.0000, 0.6065])
    """
    samples = _Samples("gaussian", M, sym, dtype, layout, device, requires_grad)
    if std <= 0:
        raise ValueError(f"Standard deviation must be positive, got: {std} instead.")
    if not M:
        return samples.constant()
    step = 1 / (std * math.sqrt(2))
    return (-(samples.at(-samples.last / 2 * step, step) ** 2)).exp()


def kaiser(
    M: int,
    *,
    beta: float = 12.0,
    sym: bool = True,
    dtype: jtorch.dtype | None = None,
    layout: jtorch.layout = jtorch.strided,
    device: jtorch.device | None = None,
    requires_grad: bool = False,
) -> jtorch.Tensor:
    """i0(beta * sqrt(1 - x ** 2)) / i0(beta) for x from -1 to 1."""
    samples = _Samples("kaiser", M, sym, dtype, layout, device, requires_grad)
    if beta < 0:
        raise ValueError(f"beta must be non-negative, got: {beta} instead.")
    if M <= 1:
        return samples.constant()
    scale = jtorch.tensor(beta, dtype=samples.options["dtype"], device=device)
    step = 2.0 * beta / samples.last
    x = samples.at(-beta, step, min(beta, -beta + (M - 1) * step))
    return jtorch.i0((scale * scale - x**2).sqrt()) / jtorch.i0(scale)


def hamming(
    M: int,
    *,
    sym: bool = True,
    dtype: jtorch.dtype | None = None,
    layout: jtorch.layout = jtorch.strided,
    device: jtorch.device | None = None,
    requires_grad: bool = False,
) -> jtorch.Tensor:
    """0.54 - 0.46 * cos(2 * pi * n / (M - 1))."""
    return general_hamming(M, sym=sym, dtype=dtype, layout=layout, device=device, requires_grad=requires_grad)


def hann(
    M: int,
    *,
    sym: bool = True,
    dtype: jtorch.dtype | None = None,
    layout: jtorch.layout = jtorch.strided,
    device: jtorch.device | None = None,
    requires_grad: bool = False,
) -> jtorch.Tensor:
    """0.5 - 0.5 * cos(2 * pi * n / (M - 1)).

    >>> import jtorch as torch
    >>> torch.signal.windows.hann(5)
    tensor([0.0000, 0.5000, 1.0000, 0.5000, 0.0000])
    """
    return general_hamming(
        M, alpha=0.5, sym=sym, dtype=dtype, layout=layout, device=device, requires_grad=requires_grad
    )


def blackman(
    M: int,
    *,
    sym: bool = True,
    dtype: jtorch.dtype | None = None,
    layout: jtorch.layout = jtorch.strided,
    device: jtorch.device | None = None,
    requires_grad: bool = False,
) -> jtorch.Tensor:
    """0.42 - 0.5 * cos(x) + 0.08 * cos(2 * x) for x from 0 to 2 * pi."""
    samples = _Samples("blackman", M, sym, dtype, layout, device, requires_grad)
    return general_cosine(M, a=[0.42, 0.5, 0.08], sym=sym, **samples.options)


def bartlett(
    M: int,
    *,
    sym: bool = True,
    dtype: jtorch.dtype | None = None,
    layout: jtorch.layout = jtorch.strided,
    device: jtorch.device | None = None,
    requires_grad: bool = False,
) -> jtorch.Tensor:
    """The triangle 1 - |x| for x from -1 to 1."""
    samples = _Samples("bartlett", M, sym, dtype, layout, device, requires_grad)
    return 1 - samples.at(-1, 2 / samples.last).abs() if M > 1 else samples.constant()


def general_cosine(
    M,
    *,
    a: Iterable,
    sym: bool = True,
    dtype: jtorch.dtype | None = None,
    layout: jtorch.layout = jtorch.strided,
    device: jtorch.device | None = None,
    requires_grad: bool = False,
) -> jtorch.Tensor:
    """a[0] - a[1] * cos(x) + a[2] * cos(2 * x) - ... for x from 0 to 2 * pi."""
    samples = _Samples("general_cosine", M, sym, dtype, layout, device, requires_grad)
    if M <= 1:
        return samples.constant()
    if not isinstance(a, Iterable):
        raise TypeError("Coefficients must be a list/tuple")
    weights = [(-1) ** i * weight for i, weight in enumerate(a)]
    if not weights:
        raise ValueError("Coefficients cannot be empty")
    x = samples.at(0, 2 * math.pi / samples.last)
    factors = jtorch.tensor(weights, dtype=x.dtype, device=device, requires_grad=requires_grad)
    orders = jtorch.arange(len(weights), dtype=x.dtype, device=device, requires_grad=requires_grad)
    return (factors.unsqueeze(-1) * (orders.unsqueeze(-1) * x).cos()).sum(0)


def general_hamming(
    M,
    *,
    alpha: float = 0.54,
    sym: bool = True,
    dtype: jtorch.dtype | None = None,
    layout: jtorch.layout = jtorch.strided,
    device: jtorch.device | None = None,
    requires_grad: bool = False,
) -> jtorch.Tensor:
    """alpha - (1 - alpha) * cos(2 * pi * n / (M - 1))."""
    return general_cosine(
        M, a=[alpha, 1.0 - alpha], sym=sym, dtype=dtype, layout=layout, device=device, requires_grad=requires_grad
    )


def nuttall(
    M: int,
    *,
    sym: bool = True,
    dtype: jtorch.dtype | None = None,
    layout: jtorch.layout = jtorch.strided,
    device: jtorch.device | None = None,
    requires_grad: bool = False,
) -> jtorch.Tensor:
    """A sum of four cosines with small side lobes: Nuttall, Some windows with very good sidelobe behavior, 1981."""
    weights = [0.3635819, 0.4891775, 0.1365995, 0.0106411]
    return general_cosine(M, a=weights, sym=sym, dtype=dtype, layout=layout, device=device, requires_grad=requires_grad)
