"""How a tensor lies in memory: the order of its dimensions, addresses, and tensors made in a given order."""

from .. import creation, dtypes
from ..storage import contiguous_strides
from ..tensor import Tensor
from .composite import composite


@composite("dim_order", variants="method")
def dim_order(self, *, ambiguity_check=False) -> tuple[int, ...]:
    """The dimensions from the outermost in memory to the innermost.

    `ambiguity_check=True`, or a list of memory formats, raises RuntimeError where several orders (formats) fit.

    >>> import jtorch as torch
    >>> torch.empty(2, 3, 5, 7).to(memory_format=torch.channels_last).dim_order()
    (0, 2, 3, 1)
    """
    formats = ambiguity_check if isinstance(ambiguity_check, list) else []
    if not isinstance(ambiguity_check, bool) and not (
        isinstance(ambiguity_check, list) and all(isinstance(f, dtypes.memory_format) for f in ambiguity_check)
    ):
        raise TypeError("The ambiguity_check argument must be a bool or a list of memory formats.")
    sizes, strides = self.shape, self.stride()
    if ambiguity_check is not False:
        if any(stride == 0 and size != 1 for size, stride in zip(sizes, strides, strict=True)):
            raise RuntimeError("The tensor does not have unique dim order.")
        if _fitting(self, formats) != 1:
            raise RuntimeError(
                "The tensor does not have unique dim order, or cannot map to exact one of the given memory formats."
            )
    # An expanded dimension and one of length 1 stay where they are: a stable sort by stride, largest first.
    return tuple(sorted(range(len(sizes)), key=lambda dim: -strides[dim]))


def _fitting(tensor: Tensor, formats: list) -> int:
    """How many of the formats, or of all orders, describe the tensor's strides."""
    if formats:
        return sum(tensor.is_contiguous(memory_format=given) for given in formats)
    # Dimensions of one stride could be named in either order, and those of length 1 anywhere.
    return 2 if 1 in tensor.shape or len({*tensor.stride()}) < tensor.dim() else 1


@composite("empty_permuted", variants="function")
def empty_permuted(
    size, physical_layout, *, dtype=None, layout=None, device=None, requires_grad=False, pin_memory=False
):
    """An uninitialised tensor whose dimensions lie in memory in the order `physical_layout`, outermost first.

    >>> import jtorch as torch
    >>> torch.empty_permuted((2, 3, 5), (0, 2, 1)).stride()
    (15, 1, 3)
    """
    if len(size) != len(physical_layout):
        raise RuntimeError(
            "Number of dimensions in size does not match the length of the physical_layout; i.e. "
            f"len(size) = {len(size)} is not equal to len(physical_layout) = {len(physical_layout)}"
        )
    for position, dim in enumerate(physical_layout):
        if not 0 <= dim < len(size):
            raise RuntimeError(
                f"Dimension out of range (expected to be between 0 and {len(size) - 1}, but got {dim} at index {position}).  "
                "NB: negative dims not currently supported; file an issue if you want it."
            )
    if len({*physical_layout}) < len(size):
        raise RuntimeError("Duplicate dim not allowed")
    packed = contiguous_strides(tuple(size[dim] for dim in physical_layout))
    strides = [0] * len(size)
    for dim, stride in zip(physical_layout, packed, strict=True):
        strides[dim] = stride
    return creation.empty_strided(
        tuple(size), tuple(strides), dtype=dtype, layout=layout, device=device, requires_grad=requires_grad
    )


@composite("const_data_ptr", variants="method")
def const_data_ptr(self) -> int:
    """The address of the first element, as `data_ptr`."""
    return self.data_ptr()


@composite("record_stream", variants="method")
def record_stream(self, s) -> None:
    """Nothing to do: memory is freed by the runtime, which knows all uses."""
    if not hasattr(s, "wait_stream"):
        raise RuntimeError("unknown parameter type")
