"""The table of operations on sparse tensors, and how calls come here.

`dispatch.apply` and `views.apply_view` find no primitive for a sparse operand and hand the call to `apply` and `apply_view` below. A kernel has the parameters
of the operation of its name and gives a tensor with its history. Whatever has no kernel raises torch's error.
"""

from ..autograd.mode import STATE
from ..errors import StridedOnly
from ..ops.kinds import SCALAR_NAMES
from ..ops.registry import Op
from ..promotion import can_cast
from ..tensor import Tensor
from .storage import LAYOUT_WORDS, is_compressed, is_sparse

KERNELS: dict = {}
COMPOSITES: dict = {}
INPLACE: dict = {}
VIEWS: dict = {}


def kernel(*names: str):
    """Register a function as what operations of these names do with sparse operands."""
    return _registering(KERNELS, names)


def composite(*names: str):
    """The same for functions that are composed of several operations, where torch has one."""
    return _registering(COMPOSITES, names)


def inplace(*names: str):
    """The in-place form, where it is not the result written over the first operand. It changes that operand and gives it back."""
    return _registering(INPLACE, names)


def view(*names: str):
    """Register a function (tensor, label, numbers, *statics) as what a view operation is for sparse tensors."""
    return _registering(VIEWS, names)


def _registering(table, names):
    def register(fn):
        for name in names:
            table[name] = fn
        return fn

    return register


def apply(op: Op, args: tuple, target: Tensor | None) -> list[Tensor]:
    """An operation with sparse operands, bound as for `dispatch.apply`. With `target` the result is what will be written into it."""
    fn = KERNELS.get(op.name)
    if target is not None:
        fn = INPLACE.get(op.name, fn)
    if fn is None:
        refuse(op.name, args, target is not None)
    made = fn(*args)
    if target is not None:
        made = _fitting(op, made, target)
    return list(made) if isinstance(made, tuple) else [made]


def _fitting(op, made, target):
    """A result in the dtype of the tensor it is written to; in its layout only if that is strided."""
    if made.dtype is not target.dtype:
        have, want = SCALAR_NAMES[made.dtype.name], SCALAR_NAMES[target.dtype.name]
        if not can_cast(made.dtype, target.dtype):
            if op.name in ("add", "sub"):
                raise RuntimeError(f"Can't convert result type {have} to output {want} in add operation")
            if op.name == "mul" and is_sparse(target):
                raise RuntimeError(f"dtype of values ({have}) must match dtype of sparse tensor ({want})")
            raise RuntimeError(f"result type {have} can't be cast to the desired output type {want}")
        made = made.to(target.dtype)
    if is_sparse(made) and not is_sparse(target):
        made = made.to_dense()
    return made


def apply_view(op: Op, tensor: Tensor, statics: tuple, numbers: tuple, label: str) -> Tensor:
    """A view operation of a sparse tensor. Here as in torch the result shares no memory that a write would go through."""
    fn = VIEWS.get(op.name)
    if fn is None:
        refuse(label.partition("Backward")[0].lower() if op.name == "view" else op.name, (tensor,), False)
    return fn(tensor, label, numbers, *statics)


def apply_composite(name: str, error: StridedOnly, args: tuple, kwargs: dict):
    """A function that has met a sparse operand within: what torch does with the function as a whole, or the error."""
    fn = COMPOSITES.get(name)
    if fn is None:
        raise error
    return fn(*args, **kwargs)


# Torch's names of overloads, where they are not those of the table here.
_NAMED = {
    "all.max": "max", "all.min": "min", "dim.max": "max.dim", "dim.min": "min.dim", "all.median": "median", "softmax_": "_softmax", "log_softmax_": "_log_softmax",
    "index": "index.Tensor", "index_basic": "as_strided", "squeeze": "as_strided", "diagonal": "as_strided", "mean": "mean.dim", "static.pow": "pow.Scalar",
    "src.scatter": "scatter.src", "value.scatter": "scatter.value", "stack.matmul": "matmul", "where": "where.self",
    "isclose": "eq.Tensor", "remainder": "remainder.Tensor", "fmod": "fmod.Tensor", "isfinite": "ne.Scalar", "dtype.where": "where.self",
}  # fmt: skip
_OVERLOADED = frozenset(
    """eq ne lt le gt ge bitwise_and bitwise_or bitwise_xor fill masked_fill greater less not_equal
    greater_equal less_equal floor_divide lerp""".split()
)


def refuse(name: str, args: tuple, inplace: bool):
    """Raise torch's error for an operation that sparse tensors do not have."""
    operands = [a for a in args if isinstance(a, Tensor)]
    operands += [t for a in args if isinstance(a, (list, tuple)) for t in a if isinstance(t, Tensor)]
    sparse = next(t for t in operands if is_sparse(t))
    aten = _NAMED.get(name, name)
    overload = ""
    if aten == "pow":
        aten = "pow.Tensor_Tensor" if len(operands) > 1 else "pow.Scalar"
    if aten in _OVERLOADED:
        overload = ".Tensor" if len(operands) > 1 else ".Scalar"
    aten = aten.replace("special.", "special_").replace("linalg.", "linalg_")
    layout = sparse._aval.layout
    if is_compressed(sparse) and name in _STRUCTURED:
        raise RuntimeError(f"unsupported tensor layout: {LAYOUT_WORDS[layout]}; convert it with .to_dense()")
    raise unavailable(f"{aten}{'_' if inplace else ''}{overload}", sparse)


# Elementwise operations of torch that look at a layout before they look for a kernel.
_STRUCTURED = frozenset(
    """exp exp2 cos cosh acos acosh sigmoid log log2 log10 reciprocal rsqrt sub rsub div eq ne lt le gt ge number.pow pow static.pow remainder fmod maximum
    minimum atan2 digamma lgamma erfc sinc""".split()
)


def unavailable(aten: str, tensor: Tensor) -> StridedOnly:
    """Torch's error for an operation that has no kernel for a tensor of this layout."""
    return StridedOnly(
        f"Could not run 'aten::{aten}' with arguments from the '{backend(tensor)}' backend. "
        + ("It exists for strided tensors: convert with .to_dense()." if is_sparse(tensor) else "It needs a sparse tensor: convert with .to_sparse().")
    )  # fmt: skip


def backend(tensor: Tensor) -> str:
    layout = "" if not is_sparse(tensor) else "SparseCsr" if is_compressed(tensor) else "Sparse"
    return layout + {"cpu": "CPU", "cuda": "CUDA"}.get(tensor.device.type, tensor.device.type.upper())


def refuse_recording(name: str, *tensors) -> None:
    """Raise where a gradient is wanted that there is none of."""
    if STATE.grad and any(t.requires_grad for t in tensors):
        raise NotImplementedError(f"the derivative for '{name}' is not implemented for sparse tensors; use .to_dense()")
