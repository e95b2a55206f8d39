"""Differences, gradients on grids, integrals by the trapezoidal rule."""

from .. import dtypes
from ..dispatch import wrap_dim
from ..tensor import Tensor
from .composite import composite, operation

_cat = operation("cat")


@composite("diff", variants="function method out")
def diff(input, n=1, dim=-1, prepend=None, append=None):
    """Differences of neighbours along `dim`, `n` times over.

    >>> import jtorch as torch
    >>> torch.diff(torch.tensor([1, 3, 6]))
    tensor([2, 3])
    """
    if input.dim() == 0:
        raise RuntimeError("diff expects input to be at least one-dimensional")
    if n < 0:
        raise RuntimeError(f"order must be non-negative but got {n}")
    for name, part in (("prepend", prepend), ("append", append)):
        if part is not None and part.dim() != input.dim():
            raise RuntimeError(f"diff expects prepend or append to be the same dimension as input ({name})")
    if n == 0:
        return input.clone()
    parts = [part for part in (prepend, input, append) if part is not None]
    x = _cat(parts, dim) if len(parts) > 1 else input
    for _ in range(min(n, x.shape[dim])):
        length = x.shape[dim]
        later, earlier = x.narrow(dim, 1, length - 1), x.narrow(dim, 0, length - 1)
        x = later ^ earlier if x.dtype is dtypes.bool else later - earlier
    return x


@composite("gradient", variants="function")
def gradient(input, *, spacing=1, dim=None, edge_order=1):
    """Derivatives along dimensions of a function known at grid points, by central differences; at the edges one-sided.

    >>> import jtorch as torch
    >>> torch.gradient(torch.tensor([1.0, 4.0, 9.0, 16.0]))
    (tensor([3., 4., 6., 7.]),)
    """
    dims = tuple(range(input.dim())) if dim is None else (dim,) if isinstance(dim, int) else tuple(dim)
    wrapped = [wrap_dim(d, input.dim()) for d in dims]
    repeated = next((d for d in wrapped if wrapped.count(d) > 1), None)
    if repeated is not None:
        raise RuntimeError(f"dim {repeated} appears multiple times in the list of dims")
    if edge_order not in (1, 2):
        raise RuntimeError("torch.gradient only supports edge_order=1 and edge_order=2.")
    if isinstance(spacing, Tensor):
        spacing = [spacing]
    if spacing is None:
        spacing = 1
    spacings = list(spacing) if isinstance(spacing, (list, tuple)) else [spacing] * len(dims)
    if len(spacings) != len(dims):
        raise RuntimeError(
            "torch.gradient expected spacing to be unspecified, a scalar or it's spacing and dim arguments to have the "
            f"same length, but got a spacing argument of length {len(spacings)} and a dim argument of length {len(dims)}."
        )
    for d in dims:
        if input.shape[d] < edge_order + 1:
            raise RuntimeError("torch.gradient expected each dimension size to be at least edge_order+1")
    x = input if input.is_floating_point() or input.is_complex() else input.to(dtypes.default_dtype())
    return tuple(
        (_uneven_slope if isinstance(step, Tensor) else _even_slope)(x, step, d, edge_order)
        for step, d in zip(spacings, dims, strict=True)
    )


def _part(x, dim, start, length):
    return x.narrow(dim, start if start >= 0 else x.shape[dim] + start, length)


def _even_slope(x, step, dim, edge_order):
    length = x.shape[dim]
    middle = (_part(x, dim, 2, length - 2) - _part(x, dim, 0, length - 2)) / (2 * step) if length > 2 else None
    at = [_part(x, dim, i, 1) for i in (0, 1, -1, -2)]
    if edge_order == 1:
        first, last = (at[1] - at[0]) / step, (at[2] - at[3]) / step
    else:
        second, before = _part(x, dim, 2, 1), _part(x, dim, -3, 1)
        first = (-1.5 * at[0] + 2 * at[1] - 0.5 * second) / step
        last = (1.5 * at[2] - 2 * at[3] + 0.5 * before) / step
    return _cat([p for p in (first, middle, last) if p is not None], dim)


def _uneven_slope(x, places, dim, edge_order):
    length = x.shape[dim]
    shape = [1] * x.dim()
    shape[dim] = length - 1
    steps = (places.narrow(0, 1, length - 1) - places.narrow(0, 0, length - 1)).reshape(shape)
    slopes = (_part(x, dim, 1, length - 1) - _part(x, dim, 0, length - 1)) / steps
    first, last = _part(slopes, dim, 0, 1), _part(slopes, dim, -1, 1)
    middle = None
    if length > 2:
        left, right = _part(steps, dim, 0, length - 2), _part(steps, dim, 1, length - 2)
        before, behind = _part(slopes, dim, 0, length - 2), _part(slopes, dim, 1, length - 2)
        middle = (before * right + behind * left) / (left + right)
    if edge_order == 2:
        h0, h1 = _part(steps, dim, 0, 1), _part(steps, dim, 1, 1)
        g0, g1 = _part(steps, dim, -1, 1), _part(steps, dim, -2, 1)
        second, before_last = _part(slopes, dim, 1, 1), _part(slopes, dim, -2, 1)
        first = first + (first - second) * h0 / (h0 + h1)
        last = last + (last - before_last) * g0 / (g0 + g1)
    return _cat([p for p in (first, middle, last) if p is not None], dim)


def _neighbours(y, x, dim):
    """Sums of each two neighbours, times the distance between them where it is given."""
    length = y.shape[dim]
    heights = y.narrow(dim, 0, length - 1) + y.narrow(dim, 1, length - 1)
    if x is None:
        return heights
    if x.dim() == 1 and y.dim() > 1:
        shape = [1] * y.dim()
        shape[dim] = x.shape[0]
        x = x.reshape(shape)
    across = dim if x.dim() == y.dim() else (dim % y.dim()) - y.dim()
    widths = x.narrow(across, 1, x.shape[across] - 1) - x.narrow(across, 0, x.shape[across] - 1)
    return heights * widths


def _halved(total, x, dx):
    return total / 2.0 if x is not None else total * (dx / 2.0)


def _check_points(name, y, x, dim):
    if y.dtype is dtypes.bool or (x is not None and x.dtype is dtypes.bool):
        raise RuntimeError(
            f"{name}: received a bool input for `{'y' if y.dtype is dtypes.bool else 'x'}`, but bool is not supported"
        )
    if x is not None and x.dim() == 1 and x.shape[0] != y.shape[dim]:
        raise RuntimeError(f"{name}: There must be one `x` value for each sample point")


@composite("trapezoid", "trapz", variants="function")
def trapezoid(y, x=None, *, dx=1, dim=-1):
    """Integral along `dim` by the trapezoidal rule, for points `dx` apart or at `x`.

    >>> import jtorch as torch
    >>> torch.trapezoid(torch.tensor([1.0, 5.0, 10.0]))
    tensor(10.5000)
    """
    _check_points("trapezoid", y, x, dim)
    if y.shape[dim] == 0:
        return y.sum(dim)
    if x is None:  # so that integers add up in int64
        return (y.sum(dim) - (y.select(dim, 0) + y.select(dim, -1)) * 0.5) * dx
    return _neighbours(y, x, dim).sum(dim) / 2.0


@composite("cumulative_trapezoid", variants="function")
def cumulative_trapezoid(y, x=None, *, dx=1, dim=-1):
    """The same up to each point but the first."""
    _check_points("cumulative_trapezoid", y, x, dim)
    if y.shape[dim] == 0:
        return y
    return _halved(_neighbours(y, x, dim).cumsum(dim), x, dx)
