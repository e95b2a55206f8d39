"""Counts, histograms, covariances."""

import math

import numpy as np

from .. import dtypes
from ..interop import own_numpy
from .composite import composite, operation
from .decompositions import results


@composite("bincount", variants="function method")
def bincount(input, weights=None, minlength=0):
    """How often each number 0, 1, 2, ... occurs, or the sum of the weights of its occurrences. Waits for the data.

    >>> import jtorch as torch
    >>> torch.bincount(torch.tensor([1, 1, 3]))
    tensor([0, 2, 0, 1])
    """
    if minlength < 0:
        raise RuntimeError("minlength should be >= 0")
    if input.is_floating_point() or input.is_complex() or input.dtype is dtypes.bool:
        raise NotImplementedError(f"\"bincount_cpu\" not implemented for '{_title(input)}'")
    values = input._read().numpy()
    if values.ndim != 1 or (values.size and values.min() < 0):
        raise RuntimeError("bincount only supports 1-d non-negative integral inputs.")
    if weights is None:
        return own_numpy(np.bincount(values, minlength=minlength).astype(np.int64)).to(input.device)
    if weights.dim() != 1 or weights.shape[0] != values.size:
        raise RuntimeError("weights should be 1-d and have the same length as input")
    counts = np.bincount(values, weights.detach()._read().numpy().astype(np.float64), minlength)
    kind = np.float32 if weights.dtype is dtypes.float32 else np.float64
    return own_numpy(counts.astype(kind)).to(input.device)


def _title(x):
    from ..dispatch import SCALAR_NAMES

    return SCALAR_NAMES[x.dtype.name]


_HISTOGRAM, _HISTOGRAMDD = results("histogram", ("hist", "bin_edges")), results("histogramdd", ("hist", "bin_edges"))


def _histogram(points, bins, limits, weight, density):
    """numpy's histogram of points in one or more dimensions, with torch's edges and dtype."""
    dtype = points.dtype
    edges = []
    for d, given in enumerate(bins):
        if isinstance(given, np.ndarray):
            edges.append(given)
            continue
        column = points[:, d]
        low, high = limits[d] if limits is not None else (column.min(), column.max()) if column.size else (0.0, 1.0)
        if low == high:
            low, high = low - 0.5, high + 0.5
        edges.append(np.linspace(low, high, given + 1).astype(dtype))
    shape = tuple(len(e) - 1 for e in edges)
    inside = np.ones(len(points), bool)
    for d, e in enumerate(edges):
        inside &= (points[:, d] >= e[0]) & (points[:, d] <= e[-1])
    places = tuple(_bin_of(points[inside, d], e) for d, e in enumerate(edges))
    counts = np.zeros(shape)
    np.add.at(counts, places, 1 if weight is None else weight[inside])
    if density:
        volume = np.ones(())
        for e in edges:
            volume = volume[..., None] * np.diff(e.astype(np.float64))
        counts = counts / volume / counts.sum()
    return counts.astype(dtype), edges


def _bin_of(values, edges):
    """The bin of each value, by halving as torch does, which decides for edges that do not rise (numpy refuses those)."""
    low, high = np.zeros(len(values), np.int64), np.full(len(values), len(edges))
    while (open := low < high).any():
        middle = (low + high) // 2
        below = values < edges[np.minimum(middle, len(edges) - 1)]
        high = np.where(open & below, middle, high)
        low = np.where(open & ~below, middle + 1, low)
    return np.minimum(low - 1, len(edges) - 2)  # the last edge belongs to the last bin


def _edges_or_count(bins):
    return bins if isinstance(bins, int) else bins._read().numpy()


@composite("histogram", variants="function method out")
def histogram(input, bins, *, range=None, weight=None, density=False):
    """Counts of elements in `bins` equal intervals of `range` (of the data by default) or between given edges, and the edges.

    >>> import jtorch as torch
    >>> torch.histogram(torch.tensor([1.0, 2.0, 1.0]), bins=4, range=(0.0, 3.0)).hist
    tensor([0., 2., 1., 0.])
    """
    if not input.is_floating_point():
        raise NotImplementedError(f"\"histogramdd\" not implemented for '{_title(input)}'")
    if isinstance(bins, int) and bins <= 0:
        raise RuntimeError(f"torch.histogram(): bins must be > 0, but got {bins} for dimension 0")
    points = input.detach()._read().numpy().reshape(-1, 1)
    weights = None if weight is None else weight.detach()._read().numpy().reshape(-1)
    limits = None if range is None else [range]
    counts, edges = _histogram(points, [_edges_or_count(bins)], limits, weights, density)
    return _HISTOGRAM(own_numpy(counts).to(input.device), own_numpy(edges[0]).to(input.device))


@composite("histogramdd", variants="function")
def histogramdd(input, bins, range=None, weight=None, density=False):
    """`histogram` of points: their coordinates stand along the last dimension."""
    if not input.is_floating_point():
        raise NotImplementedError(f"\"histogramdd\" not implemented for '{_title(input)}'")
    if input.dim() < 2:
        raise RuntimeError("torch.histogramdd: input tensor should have at least 2 dimensions")
    points = input.detach()._read().numpy()
    points = points.reshape(-1, points.shape[-1])
    count = points.shape[-1]
    given = [bins] * count if isinstance(bins, int) else [_edges_or_count(b) for b in bins]
    if len(given) != count:
        raise RuntimeError("histogramdd: The size of bins must be equal to the innermost dimension of the input.")
    limits = None if range is None else list(zip(range[::2], range[1::2], strict=True))
    weights = None if weight is None else weight.detach()._read().numpy().reshape(-1)
    counts, edges = _histogram(points, given, limits, weights, density)
    return _HISTOGRAMDD(own_numpy(counts).to(input.device), tuple(own_numpy(e).to(input.device) for e in edges))


@composite("cov")
def cov(input, *, correction=1, fweights=None, aweights=None):
    """Covariances of variables (rows) over observations (columns), divided by their number less `correction`.

    >>> import jtorch as torch
    >>> torch.cov(torch.tensor([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]]))
    tensor([[ 1., -1.],
            [-1.,  1.]])
    """
    if input.dim() > 2:
        raise RuntimeError(
            f"cov(): expected input to have two or fewer dimensions but got an input with {input.dim()} dimensions"
        )
    if input.dtype is dtypes.bool:
        raise RuntimeError("cov(): bool dtype is not supported for input")
    x = input.reshape(1, -1) if input.dim() < 2 else input
    count = x.shape[1]
    weights = None
    for name, given in (("fweights", fweights), ("aweights", aweights)):
        if given is None:
            continue
        if given.dim() > 1:
            raise RuntimeError(
                f"cov(): expected {name} to have one or fewer dimensions but got {name} with {given.dim()} dimensions"
            )
        if name == "fweights" and (given.is_floating_point() or given.is_complex()):
            raise RuntimeError(
                f"cov(): expected fweights to have integral dtype but got fweights with {_title(given)} dtype"
            )
        if name == "aweights" and not given.is_floating_point():
            raise RuntimeError(
                f"cov(): expected aweights to have floating point dtype but got aweights with {_title(given)} dtype"
            )
        if given.numel() != count:
            raise RuntimeError(
                f"cov(): expected {name} to have the same numel as there are observations in the input but got "
                f"{given.numel()} != {count}"
            )
        if bool((given < 0).any()):
            raise RuntimeError(f"cov(): {name} cannot be negative")
        weights = given if weights is None else weights * given
    if weights is None:
        total = float(count)
        mean = x.sum(1, True) / total if count else x.sum(1, True) * math.nan
        freedom = total - correction
    else:
        total = weights.sum()
        mean = (x * weights).sum(1, True) / total
        if aweights is None or correction == 0:
            freedom = total - correction
        else:
            freedom = total - correction * (weights * aweights).sum() / total
    if freedom <= 0:
        import warnings

        warnings.warn(
            "cov(): degrees of freedom is <= 0. Correction should be strictly less than the number of observations.",
            UserWarning,
            stacklevel=3,
        )
        freedom = 0.0
    away = x - mean
    weighted = away if weights is None else away * weights
    product = operation("mm")(away, weighted.t().conj() if x.is_complex() else weighted.t().to(away.dtype))
    result = product / freedom
    return result.squeeze()


@composite("corrcoef")
def corrcoef(input):
    """Correlations of variables (rows) over observations (columns): covariances divided by the standard deviations.

    >>> import jtorch as torch
    >>> torch.corrcoef(torch.tensor([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]]))
    tensor([[ 1., -1.],
            [-1.,  1.]])
    """
    if input.dim() > 2:
        raise RuntimeError(
            f"corrcoef(): expected input to have two or fewer dimensions but got an input with {input.dim()} dimensions"
        )
    c = cov(input)
    if c.dim() == 0:
        return c / c
    deviation = c.diagonal().real.sqrt() if c.is_complex() else c.diagonal().sqrt()
    c = c / deviation.reshape(-1, 1) / deviation.reshape(1, -1)
    if c.is_complex():
        return operation("complex")(c.real.clamp(-1, 1), c.imag.clamp(-1, 1))
    return c.clamp(-1, 1)


@composite("unravel_index", variants="function")
def unravel_index(indices, shape):
    """Positions in a tensor of this shape of numbers that count its elements: one tensor per dimension.

    >>> import jtorch as torch
    >>> torch.unravel_index(torch.tensor([5]), (2, 3))
    (tensor([1]), tensor([2]))
    """
    sizes = (shape,) if isinstance(shape, int) else tuple(int(n) for n in shape)
    if indices.is_floating_point() or indices.is_complex() or indices.dtype is dtypes.bool:
        raise ValueError(f"expected 'indices' to be integer dtype, but got {indices.dtype}")
    if any(n < 0 for n in sizes):
        raise ValueError(f"'shape' cannot have negative values, but got {sizes}")
    places, rest = [], indices.to(dtypes.int64)
    for n in reversed(sizes):
        places.append(rest % n)
        rest = operation("floor_divide")(rest, n)
    return operation("stack")(places[::-1], -1).unbind(-1) if places else ()
