"""gradcheck of functions of sparse tensors: on the strided tensors that they are made of."""

import functools

from .. import creation
from ..tensor import Tensor
from .conversion import sparse_mask, to_dense
from .elementwise import coalesced, with_values
from .storage import is_coo, is_sparse, sparse_dim, values_of


def on_strided(func, inputs, masked: bool):
    """A function of strided tensors that calls `func` with sparse ones, and its inputs.

    A sparse input that requires a gradient is given by its values (`masked`), or by all its elements, each of which is then an entry. Sparse results
    become strided.
    """
    makers, given = [], []
    for tensor in inputs:
        if not (is_sparse(tensor) and tensor.requires_grad):
            makers.append(lambda x: x)
            given.append(tensor)
            continue
        pattern = coalesced(tensor.detach())
        if not masked:
            pattern = _full(pattern)
        makers.append(functools.partial(_rebuilt, pattern))
        given.append(values_of(pattern).detach().clone().requires_grad_())

    def strided(*args):
        made = func(*(make(x) for make, x in zip(makers, args, strict=True)))
        many = made if isinstance(made, (tuple, list)) else (made,)
        many = tuple(to_dense(x, masked_grad=masked) if is_sparse(x) else x for x in many)
        return many if isinstance(made, (tuple, list)) else many[0]

    return strided, tuple(given)


def _rebuilt(pattern, values):
    return with_values(pattern, values)


def _full(tensor: Tensor) -> Tensor:
    """A tensor in which every element is an entry."""
    ones = creation.ones(tensor._aval.shape, dtype=tensor.dtype, device=tensor.device)
    if is_coo(tensor):
        return sparse_mask(to_dense(tensor), ones.to_sparse(sparse_dim(tensor)))
    return sparse_mask(to_dense(tensor), ones.to_sparse(layout=tensor.layout))


def as_sparse_gradcheck(gradcheck):
    """Extend `torch.autograd.gradcheck`, or a partial of it, to functions of and to sparse tensors.

    >>> import jtorch as torch
    >>> gradcheck = torch.sparse.as_sparse_gradcheck(torch.autograd.gradcheck)
    >>> x = torch.eye(2, dtype=torch.float64).to_sparse().requires_grad_()
    >>> gradcheck(lambda x: x.to_sparse_csr(), x)
    True
    """

    def gradcheck_with_sparse_support(func, inputs, **kwargs):
        inputs = tuple(inputs) if isinstance(inputs, (tuple, list)) else (inputs,)
        func, inputs = on_strided(func, inputs, kwargs.pop("masked", False))
        return gradcheck(func, inputs, **kwargs)

    return gradcheck_with_sparse_support
