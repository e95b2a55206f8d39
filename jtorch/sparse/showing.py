"""The text of sparse tensors: that of their components."""

from .. import dtypes
from ..printing import format_array, shown_elements
from .storage import nnz

_NAMES = {
    dtypes.sparse_coo: ("indices", "values"),
    dtypes.sparse_csr: ("crow_indices", "col_indices", "values"),
    dtypes.sparse_csc: ("ccol_indices", "row_indices", "values"),
}


def contents(tensor, indent: int) -> str:
    """The components, one under the other."""
    parts = []
    for name, component in zip(_NAMES[tensor._aval.layout], tensor._storage.components, strict=True):
        start, shape = f"{name}=tensor(", component._aval.shape
        if component._aval.size:
            text = format_array(shown_elements(component), indent + len(start), shape)
        else:
            text = f"[], size={tuple(shape)}"
        parts.append(f"{start}{text})")
    return (",\n" + " " * indent).join(parts)


def suffixes(tensor) -> list[str]:
    return [f"size={tuple(tensor._aval.shape)}", f"nnz={nnz(tensor)}"]
