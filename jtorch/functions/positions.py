"""Functions whose result shape depends on the data: they run what they wait for."""

import numpy as np

from .. import creation
from ..dtypes import strided
from ..interop import own_numpy
from ..tensor import Tensor


def nonzero(input: Tensor, *, out=None, as_tuple: bool = False):
    """Positions of the elements that are not zero: (count, ndim), or one index tensor per dimension with `as_tuple`."""
    if input.layout is not strided:
        from ..sparse.table import unavailable

        raise unavailable("nonzero", input)
    array = input._read().numpy()
    if as_tuple:
        found = np.nonzero(array.reshape(1) if array.ndim == 0 else array)
        return tuple(own_numpy(p.astype(np.int64)).to(input.device) for p in found)
    if array.ndim == 0:
        made = np.zeros((int(bool(array)), 0), np.int64)
    else:
        made = np.argwhere(array).astype(np.int64)
    found = own_numpy(made).to(input.device)
    if array.ndim > 1 and len(made) > 1:
        found._strides = found._storage.strides = (1, len(made))  # torch finds one dimension after the other
    return creation._given_out(out, found, "nonzero")


def argwhere(input: Tensor) -> Tensor:
    """Positions of the elements that are not zero, one row each."""
    return nonzero(input)


def masked_select(input: Tensor, mask: Tensor, *, out=None) -> Tensor:
    """The elements where `mask` (broadcast with `input`) is true, in order, as a 1-D tensor."""
    if mask.dtype.name != "bool":
        raise RuntimeError(f"masked_select: expected BoolTensor for mask, but got {mask.dtype}")
    shape = np.broadcast_shapes(input._aval.shape, mask._aval.shape)
    wide = input if input._aval.shape == shape else input.expand(shape)
    cut = mask if mask._aval.shape == shape else mask.expand(shape)
    made = wide.reshape(1)[cut.reshape(1)] if not shape else wide[cut]
    return creation._given_out(out, made, "masked_select", input, mask)
