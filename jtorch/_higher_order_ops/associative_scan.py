"""Sums, products and the like of all beginnings of a sequence, in logarithmically many steps."""

import jtorch
from jtorch.tensor import Tensor
from jtorch.utils import _pytree as pytree


def associative_scan(combine_fn, xs, dim: int, reverse: bool = False, combine_mode: str = "pointwise"):
    """`combine_fn` of the first n slices of `xs` along `dim`, for each n: the results are as large as `xs`.

    `combine_fn(a, b)` is given what stands in for two neighbouring stretches, without the dimension `dim`, and must be associative. `xs` is a tensor or a
    tree of tensors. As in torch, the mode `"pointwise"` is for accelerators and `"generic"` for all devices; both run the same here.

    Pairs of neighbours are combined, what is half as long is scanned, and what lies between is filled in (G. E. Blelloch, "Prefix sums and their
    applications", 1990, section 1.2).

    >>> import jtorch as torch
    >>> associative_scan(torch.mul, torch.tensor([1.0, 2.0, 3.0, 4.0]), 0, combine_mode="generic")
    tensor([ 1.,  2.,  6., 24.])
    """
    leaves, spec = pytree.tree_flatten(xs)
    if not leaves:
        raise ValueError("Expected at least 1 xs leaf")
    if not callable(combine_fn):
        raise ValueError(f"Combine_fn must be a callable, but got {combine_fn}")
    if not isinstance(reverse, bool):
        raise RuntimeError(f"Reverse must be a bool, but got {type(reverse)}")
    if combine_mode not in ("pointwise", "generic"):
        raise ValueError(f"Combine_mode must either 'pointwise' or 'generic', but got {combine_mode}")
    if not all(isinstance(leaf, Tensor) for leaf in leaves):
        raise ValueError("xs leaves must be a Tensor")
    if combine_mode == "pointwise" and not all(leaf.device.type in ("cuda", "xpu") for leaf in leaves):
        raise ValueError("For combine_mode='pointwise', all input tensors need to be on CUDA or XPU")
    dim = dim + leaves[0].ndim if dim < 0 else dim
    if any(leaf.ndim <= dim or leaf.shape[dim] == 0 for leaf in leaves):
        raise ValueError("All xs leaves must at least have 'dim' number of dimensions and scan dimension > 0")

    def combine(a, b):
        made = mapped(pytree.tree_unflatten(a, spec), pytree.tree_unflatten(b, spec))
        return pytree.tree_leaves(made)

    mapped = jtorch.vmap(combine_fn)
    leaves = [leaf.movedim(dim, 0) for leaf in leaves]
    if reverse:
        leaves = [leaf.flip(0) for leaf in leaves]
    scanned = _scan(combine, leaves)
    if reverse:
        scanned = [leaf.flip(0) for leaf in scanned]
    return pytree.tree_unflatten([leaf.movedim(0, dim) for leaf in scanned], spec)


def _scan(combine, leaves: list[Tensor]) -> list[Tensor]:
    """The scan along dimension 0 of tensors of one length."""
    length = len(leaves[0])
    if length < 2:
        return leaves
    pairs = combine([x[: length - 1 : 2] for x in leaves], [x[1::2] for x in leaves])
    odd = _scan(combine, pairs)  # what ends at positions 1, 3, 5, ...
    even = [x[:1] for x in leaves]
    if length > 2:
        before = [x[:-1] for x in odd] if length % 2 == 0 else odd
        between = combine(before, [x[2::2] for x in leaves])
        even = [jtorch.cat(parts) for parts in zip(even, between, strict=True)]
    return [_interleaved(*parts) for parts in zip(even, odd, strict=True)]


def _interleaved(even: Tensor, odd: Tensor) -> Tensor:
    """The rows of two tensors in turn, the first of `even` first; `odd` may have one row less."""
    rows = jtorch.stack([even[: len(odd)], odd], 1).flatten(0, 1)
    return rows if len(even) == len(odd) else jtorch.cat([rows, even[-1:]])
