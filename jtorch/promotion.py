"""Torch's type promotion: tensors with dimensions outrank 0-dim tensors, which outrank Python numbers, within a category.

Reference: the "Type Promotion" rules of torch's tensor attributes page (`torch.result_type`).
"""

import functools
import math

import ml_dtypes
import numpy as np

from . import dtypes
from .dtypes import dtype

# Promotion within one category or across; unsigned and signed of one width meet in the next signed width.
_LADDER = {"uint8": 8, "int8": 8, "int16": 16, "int32": 32, "int64": 64}


@functools.cache
def promote_types(type1: dtype, type2: dtype) -> dtype:
    """The smallest dtype both operands can be cast to, by torch's table.

    >>> import jtorch as torch
    >>> torch.promote_types(torch.int32, torch.float16)
    torch.float16
    """
    a, b = dtypes.PYTHON.get(type1, type1), dtypes.PYTHON.get(type2, type2)
    if a is b:
        return a
    if a.is_float8 or b.is_float8:
        names = [(d.tensor_type or d.name.capitalize()).removesuffix("Tensor") for d in (a, b)]
        raise RuntimeError(
            f"Promotion for Float8 Types is not supported, attempted to promote {names[0]} and {names[1]}\n"
            "Convert one of them with .to(dtype)."
        )
    if a.priority != b.priority:
        low, high = (a, b) if a.priority < b.priority else (b, a)
        if high.is_complex and low is dtypes.float64:
            return dtypes.complex128
        return dtypes.complex64 if high is dtypes.complex32 and low in (dtypes.float32, dtypes.bfloat16) else high
    if a.is_complex:
        return a if a.itemsize > b.itemsize else b
    if a.is_floating_point:
        if {a, b} == {dtypes.float16, dtypes.bfloat16}:
            return dtypes.float32
        return a if a.itemsize > b.itemsize else b
    if a.name not in _LADDER or b.name not in _LADDER:
        other = b if a.name not in _LADDER else a
        if other.is_signed or (a.name not in _LADDER and b.name not in _LADDER and a.itemsize == b.itemsize):
            raise RuntimeError(
                f"Promotion for uint16, uint32, uint64 types is not supported, attempted to promote {a} and {b}"
            )
        return a if a.itemsize > b.itemsize else b
    if a.is_signed == b.is_signed:
        return a if a.itemsize > b.itemsize else b
    unsigned, signed = (a, b) if b.is_signed else (b, a)
    return signed if signed.itemsize > unsigned.itemsize else dtypes.int16


_NUMBER_PRIORITY = {bool: 0, int: 1, float: 2, complex: 3}


def number_dtype(kind: type) -> dtype:
    """The dtype a Python number of this type has on its own."""
    if kind is bool:
        return dtypes.bool
    if kind is int:
        return dtypes.int64
    default = dtypes.default_dtype()
    if kind is float:
        return default
    return dtypes.complex128 if default is dtypes.float64 else dtypes.complex64


def result_type(dimensioned: list[dtype], zero_dim: list[dtype], numbers: list[type]) -> dtype:
    """Common dtype of operands given as dtypes of dimensioned tensors, of 0-dim tensors, and types of Python numbers."""
    result = functools.reduce(promote_types, dimensioned) if dimensioned else None
    if zero_dim:
        scalar = functools.reduce(promote_types, zero_dim)
        result = _combine(result, scalar)
    if numbers:
        kind = max(numbers, key=_NUMBER_PRIORITY.__getitem__)
        if result is None:
            return number_dtype(kind)
        if _NUMBER_PRIORITY[kind] > result.priority:
            if kind is complex and result.is_floating_point:
                return result.to_complex() if result.itemsize >= 4 else dtypes.complex64
            return number_dtype(kind)
    return result


def _combine(high: dtype | None, low: dtype) -> dtype:
    """A lower-ranked dtype counts only where its category is higher."""
    if high is None:
        return low
    if low.priority > high.priority:
        return promote_types(high, low) if low.is_complex and high.is_floating_point else low
    return high


def can_cast(from_: dtype, to: dtype) -> bool:
    """Whether torch allows an in-place result of dtype `from_` to be stored as `to`.

    >>> import jtorch as torch
    >>> torch.can_cast(torch.float32, torch.int64)
    False
    """
    return dtypes.PYTHON.get(from_, from_).priority <= dtypes.PYTHON.get(to, to).priority


# Names of C++ types that numbers are converted to.
_NUMBER_TYPES = {
    "uint8": "uint8_t", "int8": "int8_t", "int16": "int16_t", "int32": "int", "int64": "int64_t", "float16": "c10::Half",
    "bfloat16": "c10::BFloat16", "float32": "float", "float8_e4m3fn": "c10::Float8_e4m3fn", "float8_e5m2": "c10::Float8_e5m2",
    "float8_e4m3fnuz": "c10::Float8_e4m3fnuz", "float8_e5m2fnuz": "c10::Float8_e5m2fnuz",
}  # fmt: skip


def check_range(numbers, to: dtype, name=None) -> None:
    """Torch's error for Python numbers that a dtype cannot hold. Negative ones wrap around in unsigned integers."""
    if to.name not in _NUMBER_TYPES:
        return
    for number in numbers if isinstance(numbers, list) else (numbers,):
        if isinstance(number, (bool, complex)):
            continue
        if to.priority == 1:
            whole = isinstance(number, (int, np.integer))
            limits = np.iinfo(to.numpy)
            low = -int(limits.max) if whole and not to.is_signed else int(limits.min)
            held = low <= number <= int(limits.max)
        else:
            limits = ml_dtypes.finfo(to.numpy)
            held = not math.isfinite(number) or float(limits.min) <= number <= float(limits.max)
        if not held:
            raise RuntimeError(f"value cannot be converted to type {name or _NUMBER_TYPES[to.name]} without overflow")


def numpy_kind(array: np.ndarray) -> type:
    return {"b": bool, "i": int, "u": int, "f": float, "V": float, "c": complex}[array.dtype.kind]
