"""Distinct elements and membership. The size of the result depends on the data, so these run what they wait for, in numpy."""

import math

import numpy as np

from .. import creation
from ..interop import own_numpy
from ..tensor import Tensor
from .composite import composite
from .spelling import also_called


def _tensors(input, arrays, dim=0):
    """Tensors of arrays; the first one has its slices in the memory order in which torch finds them, `dim` first."""
    values, *others = arrays
    rows, *others = (np.asarray(a, order="C") for a in (np.moveaxis(values, dim, 0), *others))
    slices, *others = (own_numpy(a).to(input.device) for a in (rows, *others))
    return slices.movedim(0, dim) if dim else slices, *others


def _picked(found, return_inverse, return_counts):
    """Torch leaves out what was not asked for; a single result stands alone."""
    values, inverse, counts = found
    kept = [values]
    if return_inverse:
        kept.append(inverse)
    if return_counts:
        kept.append(counts)
    return kept[0] if len(kept) == 1 else tuple(kept)


@composite("unique")
def unique(input, sorted=True, return_inverse=False, return_counts=False, dim=None):
    """The distinct elements in order, or the distinct slices along `dim`; each NaN is distinct from every other.

    With `return_inverse` also where each element went, with `return_counts` how often each occurs. Always sorted, and
    without a gradient, as in torch.

    >>> import jtorch as torch
    >>> torch.unique(torch.tensor([3, 1, 3]), return_counts=True)
    (tensor([1, 3]), tensor([1, 2]))
    """
    array, axis = input.detach()._read().numpy(), 0
    if dim is None:
        values, inverse, counts = np.unique(array.reshape(-1), return_inverse=True, return_counts=True, equal_nan=False)
        inverse = inverse.reshape(array.shape)
    else:
        axis = _wrapped(dim, array.ndim)
        values, inverse, counts = _unique_slices(array, axis)
    return _picked(_tensors(input, (values, inverse, counts), axis), return_inverse, return_counts)


def _wrapped(dim, ndim):
    span = max(ndim, 1)
    if not -span <= dim < span:
        raise IndexError(f"Dimension out of range (expected to be in range of [{-span}, {span - 1}], but got {dim})")
    return dim % span


def _unique_slices(array, dim):
    if array.ndim == 0:
        array = array.reshape(1)
    if array.size == 0:
        _refuse_empty_slices(array, dim)
        return array, np.zeros(0, np.int64), np.zeros(0, np.int64)
    values, inverse, counts = np.unique(array, axis=dim, return_inverse=True, return_counts=True)
    return values, inverse.reshape(-1), counts


def _refuse_empty_slices(array, dim):
    if 0 in array.shape and (array.shape[dim] != 0 or array.shape.count(0) != 1):
        raise RuntimeError("There are 0 sized dimensions, and they aren't selected, so unique cannot be applied")


@composite("unique_consecutive")
def unique_consecutive(input, return_inverse=False, return_counts=False, dim=None):
    """The elements (or slices along `dim`) without those equal to the one before.

    >>> import jtorch as torch
    >>> torch.unique_consecutive(torch.tensor([3, 1, 1, 3]))
    tensor([3, 1, 3])
    """
    array = input.detach()._read().numpy()
    shape = array.shape
    if dim is None:
        lines, axis = array.reshape(-1), 0
    else:
        lines, axis = array, _wrapped(dim, array.ndim)
        _refuse_empty_slices(array, axis)
    rows = np.moveaxis(lines, axis, 0) if lines.ndim else lines.reshape(1)
    flat = rows.reshape(len(rows), math.prod(rows.shape[1:]))
    starts = np.ones(len(rows), bool)
    if len(rows) > 1:
        starts[1:] = (flat[1:] != flat[:-1]).any(1)
    places = np.flatnonzero(starts)
    counts = np.diff(np.append(places, len(rows)))
    inverse = np.cumsum(starts) - 1
    values = np.moveaxis(rows[places], 0, axis) if lines.ndim else rows[places]
    inverse = inverse.reshape(shape) if dim is None else inverse
    return _picked(_tensors(input, (values, inverse, counts), axis), return_inverse, return_counts)


@composite("isin", variants="function out")
@also_called(element="elements", test_element="test_elements")
def isin(elements, test_elements, *, assume_unique=False, invert=False):
    """Which elements occur among `test_elements`; either may be a number.

    >>> import jtorch as torch
    >>> torch.isin(torch.tensor([1, 2, 3]), torch.tensor([2, 3]))
    tensor([False,  True,  True])
    """
    if not isinstance(elements, Tensor) and not isinstance(test_elements, Tensor):
        raise TypeError("isin() received an invalid combination of arguments: at least one must be a tensor")
    if not isinstance(elements, Tensor):
        elements = creation.tensor(elements, device=test_elements.device)
    if not isinstance(test_elements, Tensor):
        found = elements == test_elements
        return ~found if invert else found
    if elements.is_complex() or test_elements.is_complex():
        raise RuntimeError("Unsupported input type encountered for isin(): complex")
    line = test_elements.reshape(-1)
    # In a sorted list an element occurs if the places before and behind its equals differ.
    if line.numel() < 16:
        found = (elements.unsqueeze(-1) == line).any(-1)
    else:
        from .ordering import searchsorted

        ordered = line.sort()[0]
        found = searchsorted(ordered, elements) != searchsorted(ordered, elements, right=True)
        if elements.is_floating_point():
            found = found & ~elements.isnan()
    return ~found if invert else found
