"""Memory that is written to must not be shared by several elements, nor, in part, with what is read: torch's two refusals."""

import warnings

from .dtypes import strided
from .layout import is_dense

INTERNAL = (
    "unsupported operation: more than one element of the written-to tensor refers to a single memory location. "
    "Please clone() the tensor before performing the operation."
)
PARTIAL = (
    "unsupported operation: some elements of the input tensor and the written-to tensor refer to a single memory location. "
    "Please clone() the tensor before performing the operation."
)

# What torch writes to an expanded tensor all the same, with a warning that says how one comes to it (`expanded.py`).
DEPRECATED = {
    "index_put": "tensor[indices] = tensor",
    "index_fill": "tensor[mask] = scalar",
    "masked_fill": "tensor[mask] = scalar",
}


def is_expanded(target) -> bool:
    """Whether each element stands for several."""
    strides = target._strides
    return (
        strides is not None
        and target._aval.layout is strided
        and any(s == 0 and n > 1 for s, n in zip(strides, target._aval.shape, strict=True))
    )


def refuse_internal(target) -> None:
    """Refuse an expanded tensor."""
    if is_expanded(target):
        raise RuntimeError(INTERNAL)


def warn_expanded(name: str) -> None:
    """torch's warning before a write that it would rather not do."""
    warnings.warn(
        f"Use of {name}_ on expanded tensors is deprecated. Please clone() the tensor before performing this operation. This also applies to "
        f"advanced indexing e.g. {DEPRECATED[name]}",
        UserWarning,
        stacklevel=5,
    )


def refuse_shared(target, other, wholly: bool = False) -> None:
    """Refuse an operand that shares part of the memory written to; the whole of it is fine, unless that is refused too (`wholly`).

    As in torch, nothing is said of tensors with gaps: working out whether those overlap is hard.
    """
    if target._storage is not other._storage:
        return
    if same_memory(target, other):
        if wholly and target._aval.size:
            raise RuntimeError(PARTIAL)
        return
    ranges = []
    for t in (target, other):
        if not t._aval.size or not is_dense(t._aval.shape, t.stride()):
            return
        ranges.append((t._offset, t._offset + t._aval.size))
    if ranges[0][0] < ranges[1][1] and ranges[1][0] < ranges[0][1]:
        raise RuntimeError(PARTIAL)


def same_memory(a, b) -> bool:
    """Whether two tensors of one storage have the same elements in the same places."""
    return a._chain == b._chain or (
        a._offset == b._offset and a._aval.shape == b._aval.shape and a.stride() == b.stride()
    )
