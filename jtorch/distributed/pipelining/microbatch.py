"""Batches cut into micro-batches, and outputs put together again."""

import jtorch
from jtorch.utils._pytree import tree_flatten, tree_unflatten

__all__ = ["TensorChunkSpec", "merge_chunks", "split_args_kwargs_into_chunks"]


class TensorChunkSpec:
    """The dimension along which a tensor is cut."""

    def __init__(self, split_dim: int):
        self.split_dim = split_dim

    def __repr__(self):
        return f"TensorChunkSpec({self.split_dim})"


def _cut(values, chunks: int, specs) -> list:
    """A tree of arguments as `chunks` trees: tensors are cut, along dimension 0 by default, everything else goes to all."""
    leaves, structure = tree_flatten(values)
    along = [0] * len(leaves) if specs is None else [getattr(s, "split_dim", None) for s in tree_flatten(specs)[0]]
    if len(along) != len(leaves):
        raise ValueError(f"there are {len(leaves)} arguments but chunk specs for {len(along)}")
    pieces: list[list] = [[] for _ in range(chunks)]
    for leaf, dim in zip(leaves, along, strict=True):
        if isinstance(leaf, jtorch.Tensor) and dim is not None and leaf.ndim:
            if leaf.shape[dim] < chunks:
                raise RuntimeError(f"a tensor of size {tuple(leaf.shape)} cannot be cut into {chunks} micro-batches")
            parts = jtorch.tensor_split(leaf, chunks, dim)
        else:
            parts = [leaf] * chunks
        for piece, part in zip(pieces, parts, strict=True):
            piece.append(part)
    return [tree_unflatten(piece, structure) for piece in pieces]


def split_args_kwargs_into_chunks(args, kwargs, chunks: int, args_chunk_spec=None, kwargs_chunk_spec=None):
    """Positional and named arguments of each micro-batch."""
    kwargs = kwargs or {}
    return _cut(tuple(args), chunks, args_chunk_spec), _cut(kwargs, chunks, kwargs_chunk_spec)


def merge_chunks(chunks, chunk_spec=None):
    """The outputs of micro-batches as one: tensors are joined along dimension 0, or as the spec says; of anything else the first is taken."""
    flat = [tree_flatten(chunk) for chunk in chunks]
    structure = flat[0][1]
    dims = [0] * len(flat[0][0])
    if chunk_spec is not None:
        dims = [getattr(s, "split_dim", 0) for s in tree_flatten(chunk_spec)[0]]
    merged = [
        jtorch.cat(leaves, dim) if isinstance(leaves[0], jtorch.Tensor) and leaves[0].ndim else leaves[0]
        for dim, *leaves in zip(dims, *(leaves for leaves, _ in flat), strict=True)
    ]
    return tree_unflatten(merged, structure)
