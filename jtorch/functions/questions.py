"""What tensors are, and what they would become together: functions that compute nothing."""

from .. import devices, promotion
from ..size import Size
from ..tensor import Tensor
from .composite import composite
from .spelling import also_called


def is_tensor(obj) -> bool:
    """Whether an object is a tensor.

    >>> import jtorch as torch
    >>> torch.is_tensor(torch.zeros(1)), torch.is_tensor(1)
    (True, False)
    """
    return isinstance(obj, Tensor)


def _tensor(value, function: str, argument: str = "input", position: int = 1) -> Tensor:
    if not isinstance(value, Tensor):
        raise TypeError(
            f"{function}(): argument '{argument}' (position {position}) must be Tensor, not {type(value).__name__}"
        )
    return value


@composite("is_floating_point", variants="function")
def is_floating_point(input) -> bool:
    """Whether the dtype is float16, bfloat16, float32 or float64."""
    return _tensor(input, "is_floating_point").dtype.is_floating_point


@composite("is_complex", variants="function")
def is_complex(input) -> bool:
    return _tensor(input, "is_complex").dtype.is_complex


@composite("is_signed", variants="function")
def is_signed(input) -> bool:
    return _tensor(input, "is_signed").dtype.is_signed


@composite("is_nonzero")
def is_nonzero(input) -> bool:
    """Whether the one element is not zero."""
    return bool(_tensor(input, "is_nonzero"))


@composite("numel", variants="function")
def numel(input) -> int:
    """Number of elements."""
    return _tensor(input, "numel").numel()


@composite("is_same_size")
def is_same_size(input, other) -> bool:
    return _tensor(input, "is_same_size").shape == _tensor(other, "is_same_size", "other", 2).shape


@composite("is_conj", variants="function")
def is_conj(input) -> bool:
    """False: conjugation is carried out at once here."""
    return _tensor(input, "is_conj").is_conj()


@composite("is_neg", variants="function")
def is_neg(input) -> bool:
    """False: negation is carried out at once here."""
    return _tensor(input, "is_neg").is_neg()


@composite("resolve_conj")
def resolve_conj(input):
    """The tensor itself: conjugation is carried out at once here."""
    return input


@composite("resolve_neg")
def resolve_neg(input):
    """The tensor itself: negation is carried out at once here."""
    return input


@composite("is_inference", variants="function")
def is_inference(input) -> bool:
    """Whether the tensor was made in inference mode."""
    return _tensor(input, "is_inference").is_inference()


@composite("is_distributed")
def is_distributed(input) -> bool:
    return False


@composite("get_device", variants="function")
def get_device(input) -> int:
    """The number of the tensor's accelerator, -1 for the CPU."""
    return _tensor(input, "get_device").get_device()


@composite("result_type", variants="function")
@also_called(scalar="other", scalar1="tensor", scalar2="other")
def result_type(tensor, other):
    """The dtype an operation on two operands computes in.

    >>> import jtorch as torch
    >>> torch.result_type(torch.tensor([1, 2]), 1.0)
    torch.float32
    """
    dimensioned, zero_dim, numbers = [], [], []
    for operand in (tensor, other):
        if isinstance(operand, Tensor):
            (dimensioned if operand.dim() else zero_dim).append(operand.dtype)
        elif isinstance(operand, (bool, int, float, complex)):
            numbers.append(type(operand))
        else:
            got = ", ".join(type(x).__name__ for x in (tensor, other))
            raise TypeError(
                f"result_type() received an invalid combination of arguments - got ({got}), but expected tensors or numbers"
            )
    return promotion.result_type(dimensioned, zero_dim, numbers)


def broadcast_shapes(*shapes) -> Size:
    """The shape that tensors of these shapes have together.

    >>> import jtorch as torch
    >>> torch.broadcast_shapes((2,), (3, 1), (1, 1, 1))
    torch.Size([1, 3, 2])
    """
    result: list[int] = []
    for position, shape in enumerate(shapes):
        shape = (shape,) if isinstance(shape, int) else tuple(shape)
        if len(shape) > len(result):
            result = [1] * (len(shape) - len(result)) + result
        for back in range(-1, -len(shape) - 1, -1):
            length = shape[back]
            if length < 0:
                raise ValueError("Attempting to broadcast a dimension with negative length!")
            if length == 1 or length == result[back]:
                continue
            if result[back] != 1:
                raise RuntimeError(
                    f"Attempting to broadcast a dimension of length {length} at {back}! Mismatching argument at index {position} had "
                    f"{shape}; but expected shape should be broadcastable to {result}"
                )
            result[back] = length
    return Size(result)


def broadcast_tensors(*tensors) -> tuple:
    """Views of the tensors in their common shape; a tensor that has it already is returned itself.

    >>> import jtorch as torch
    >>> a, b = torch.broadcast_tensors(torch.arange(3), torch.zeros(2, 1)); a.shape
    torch.Size([2, 3])
    """
    if len(tensors) == 1 and isinstance(tensors[0], (list, tuple)):
        tensors = tuple(tensors[0])
    shape = list(tensors[0].shape) if tensors else []
    for tensor in tensors[1:]:
        other = list(tensor.shape)
        width = max(len(shape), len(other))
        shape, other = [1] * (width - len(shape)) + shape, [1] * (width - len(other)) + other
        for dim, (a, b) in enumerate(zip(shape, other, strict=True)):
            if a != b and 1 not in (a, b):
                raise RuntimeError(
                    f"The size of tensor a ({a}) must match the size of tensor b ({b}) at non-singleton dimension {dim}"
                )
            shape[dim] = b if a == 1 else a
    return tuple(tensor if tensor.shape == tuple(shape) else tensor.expand(shape) for tensor in tensors)


def get_device_module(device=None):
    """The module of a kind of device: `torch.cuda`, `torch.cpu`."""
    import importlib

    kind = devices.device(device).type if device is not None else devices.accelerator() or "cpu"
    if kind not in ("cuda", "cpu"):
        raise RuntimeError(f"Invalid device: torch has no module {kind} here; use torch.accelerator")
    return importlib.import_module(f"jtorch.{kind}")


def compiled_with_cxx11_abi() -> bool:
    """True: nothing is compiled against an older one."""
    return True


def is_vulkan_available() -> bool:
    return False


@composite("cudnn_is_acceptable", variants="function")
def cudnn_is_acceptable(input) -> bool:
    """Whether cuDNN would be called for the tensor: never, XLA chooses."""
    return False
