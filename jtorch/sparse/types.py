"""The type objects of old: `torch.sparse.FloatTensor` and its kin, which make COO tensors of their dtype."""

from .. import dtypes
from ..tensor import Tensor
from .construction import old_constructor


class _TypeMeta(type):
    def __instancecheck__(cls, instance):
        return isinstance(instance, Tensor) and instance.is_sparse and instance.dtype is cls.dtype

    def __repr__(cls):
        return f"<class 'torch.sparse.{cls.__name__}'>"


def _made(cls, *args, device=None) -> Tensor:
    return old_constructor(cls.dtype, args, device)


TYPES = {
    name: _TypeMeta(name, (), {"dtype": dtype, "layout": dtypes.sparse_coo, "__new__": _made, "__module__": __name__})
    for name, dtype in {
        "DoubleTensor": dtypes.float64, "FloatTensor": dtypes.float32, "HalfTensor": dtypes.float16, "BFloat16Tensor": dtypes.bfloat16,
        "ByteTensor": dtypes.uint8, "CharTensor": dtypes.int8, "ShortTensor": dtypes.int16, "IntTensor": dtypes.int32, "LongTensor": dtypes.int64,
    }.items()
}  # fmt: skip
FloatTensor, DoubleTensor, HalfTensor, BFloat16Tensor = (
    TYPES[f"{name}Tensor"] for name in ("Float", "Double", "Half", "BFloat16")
)
ByteTensor, CharTensor, ShortTensor, IntTensor, LongTensor = (
    TYPES[f"{name}Tensor"] for name in ("Byte", "Char", "Short", "Int", "Long")
)
