"""torch._foreach_*: one function over lists of tensors. The engine fuses loops, so these are loops."""

import jtorch
from jtorch.tensor import Tensor

_UNARY = """abs acos asin atan ceil cos cosh erf erfc exp expm1 floor frac lgamma log log10 log1p log2 neg reciprocal round rsqrt sigmoid sign sin
sinh sqrt tan tanh trunc""".split()
_BINARY = {
    "add": "add", "sub": "sub", "mul": "mul", "div": "div", "pow": "pow", "clamp_max": "clamp_max", "clamp_min": "clamp_min",
    "maximum": "clamp_min", "minimum": "clamp_max",
}  # fmt: skip


def _rows(tensors, others) -> list:
    """One other operand per tensor: given as a list, or one for all."""
    tensors = list(tensors)
    if isinstance(others, (list, tuple)):
        if len(others) != len(tensors):
            raise RuntimeError(
                f"Tensor list must have same number of elements as scalar list, got {len(tensors)} and {len(others)}."
                if not others or not isinstance(others[0], Tensor)
                else f"Tensor lists must have the same number of tensors, got {len(tensors)} and {len(others)}"
            )
        return list(zip(tensors, others, strict=True))
    return [(tensor, others) for tensor in tensors]


def _unary(method):
    def foreach(self):
        _check(self)
        return tuple(getattr(tensor, method)() for tensor in self)

    return foreach


def _binary(method):
    def foreach(self, other, **kwargs):
        _check(self)
        return tuple(getattr(tensor, method)(item, **kwargs) for tensor, item in _rows(self, other))

    return foreach


def _writing(made):
    """The form that writes into the tensors gives nothing back."""

    def foreach(self, *args, **kwargs):
        made(self, *args, **kwargs)

    return foreach


def _check(tensors) -> None:
    if not len(tensors):
        raise RuntimeError("Tensor list must have at least one tensor.")


def _define(name, fn):
    fn.__name__ = fn.__qualname__ = f"_foreach_{name}"
    globals()[fn.__name__] = fn


for _name in _UNARY:
    _define(_name, _unary(_name))
    _define(_name + "_", _writing(_unary(_name + "_")))
for _name, _method in _BINARY.items():
    _define(_name, _binary(_method))
    _define(_name + "_", _writing(_binary(_method + "_")))


def _ternary(self, tensor1, tensor2, value, method):
    _check(self)
    if isinstance(value, Tensor):
        value = value.tolist()
    values = value if isinstance(value, (list, tuple)) else [value] * len(self)
    return tuple(getattr(t, method)(a, b, value=v) for t, a, b, v in zip(self, tensor1, tensor2, values, strict=True))


def _foreach_addcmul(self, tensor1, tensor2, value=1):
    return _ternary(self, tensor1, tensor2, value, "addcmul")


def _foreach_addcmul_(self, tensor1, tensor2, value=1):
    _ternary(self, tensor1, tensor2, value, "addcmul_")


def _foreach_addcdiv(self, tensor1, tensor2, value=1):
    return _ternary(self, tensor1, tensor2, value, "addcdiv")


def _foreach_addcdiv_(self, tensor1, tensor2, value=1):
    _ternary(self, tensor1, tensor2, value, "addcdiv_")


def _foreach_lerp(self, tensors1, weight):
    return tuple(t.lerp(end, w) for (t, end), (_, w) in zip(_rows(self, tensors1), _rows(self, weight), strict=True))


def _foreach_lerp_(self, tensors1, weight):
    for (t, end), (_, w) in zip(_rows(self, tensors1), _rows(self, weight), strict=True):
        t.lerp_(end, w)


def _foreach_zero_(self):
    for tensor in self:
        tensor.zero_()


def _foreach_copy_(self, src, non_blocking=False):
    for tensor, source in _rows(self, src):
        tensor.copy_(source)


def _foreach_clone(self, memory_format=None):
    return tuple(tensor.clone() for tensor in self)


def _foreach_norm(self, ord=2, dtype=None):
    return tuple(jtorch.linalg.vector_norm(tensor, ord, dtype=dtype) for tensor in self)


def _foreach_max(self):
    return tuple(tensor.max() for tensor in self)


def _foreach_mm(self, mat2):
    return tuple(a.mm(b) for a, b in _rows(self, mat2))
