"""The dtypes, layouts and memory formats of torch, each dtype beside its numpy counterpart."""

import builtins
import functools

import ml_dtypes
import numpy as np

BY_NAME: dict[str, "dtype"] = {}
BY_NUMPY: dict[np.dtype, "dtype"] = {}


class dtype:
    """A torch dtype. One object per dtype: compare with `is` or `==`."""

    __slots__ = ("name", "numpy", "itemsize", "is_floating_point", "is_complex", "is_signed", "priority", "tensor_type")

    def __init__(self, name: str, numpy_type, category: int, tensor_type: str | None):
        self.name = name
        self.numpy = np.dtype(numpy_type)
        self.itemsize = self.numpy.itemsize
        self.is_floating_point = category == 2
        self.is_complex = category == 3
        self.is_signed = name not in ("bool", "float8_e8m0fnu") and not name.startswith("uint")
        self.priority = category  # 0 bool, 1 integer, 2 floating, 3 complex: the order of promotion
        self.tensor_type = tensor_type  # FloatTensor, ...: the name of the old type object
        BY_NAME[name] = self
        BY_NUMPY[self.numpy] = self

    def __repr__(self):
        return f"torch.{self.name}"

    def __reduce__(self):
        return (from_name, (self.name,))

    @property
    def abbr(self) -> str:
        """The short name: f32 for float32."""
        if self.name == "bool":
            return "b8"
        if self.is_float8:
            return "f8" + self.name.removeprefix("float8_")
        letters = "c" if self.is_complex else "bf" if self.name == "bfloat16" else "f" if self.is_floating_point else ""
        letters = letters or ("i" if self.is_signed else "u")
        return f"{letters}{8 * self.itemsize}"

    @property
    def is_float8(self) -> bool:
        """Whether this is a floating dtype of 8 bits, for storing: it takes part in no promotion and in few operations."""
        return self.name.startswith("float8")

    def to_real(self) -> "dtype":
        """The dtype of the real part: complex64 -> float32, complex128 -> float64, otherwise itself."""
        return {"complex32": float16, "complex64": float32, "complex128": float64}.get(self.name, self)

    def to_complex(self) -> "dtype":
        """The complex dtype whose parts have this dtype."""
        complexes = {"float32": complex64, "float64": complex128}
        if self.is_complex:
            return self
        if self.name not in complexes:
            raise NotImplementedError(f"to_complex: no complex dtype for {self} in jtorch; convert to float32 first")
        return complexes[self.name]


def from_name(name: str) -> dtype:
    return BY_NAME[name]


float64 = double = dtype("float64", np.float64, 2, "DoubleTensor")
float32 = float = dtype("float32", np.float32, 2, "FloatTensor")
float16 = half = dtype("float16", np.float16, 2, "HalfTensor")
bfloat16 = dtype("bfloat16", ml_dtypes.bfloat16, 2, "BFloat16Tensor")
float8_e4m3fn = dtype("float8_e4m3fn", ml_dtypes.float8_e4m3fn, 2, None)
float8_e4m3fnuz = dtype("float8_e4m3fnuz", ml_dtypes.float8_e4m3fnuz, 2, None)
float8_e5m2 = dtype("float8_e5m2", ml_dtypes.float8_e5m2, 2, None)
float8_e5m2fnuz = dtype("float8_e5m2fnuz", ml_dtypes.float8_e5m2fnuz, 2, None)
float8_e8m0fnu = dtype("float8_e8m0fnu", ml_dtypes.float8_e8m0fnu, 2, None)
uint8 = dtype("uint8", np.uint8, 1, "ByteTensor")
int8 = dtype("int8", np.int8, 1, "CharTensor")
int16 = short = dtype("int16", np.int16, 1, "ShortTensor")
int32 = int = dtype("int32", np.int32, 1, "IntTensor")
int64 = long = dtype("int64", np.int64, 1, "LongTensor")
uint16 = dtype("uint16", np.uint16, 1, None)
uint32 = dtype("uint32", np.uint32, 1, None)
uint64 = dtype("uint64", np.uint64, 1, None)
bool = dtype("bool", np.bool_, 0, "BoolTensor")
# JAX has no complex numbers of half precision: the dtype can be named and compared, and tensors of it are refused (`engine.value.aval`).
complex32 = chalf = dtype("complex32", [("real", np.float16), ("imag", np.float16)], 3, None)
complex64 = cfloat = dtype("complex64", np.complex64, 3, "ComplexFloatTensor")
complex128 = cdouble = dtype("complex128", np.complex128, 3, "ComplexDoubleTensor")

# Names under which users reach a dtype: torch.float32 and torch.float are one object.
NAMES = {
    **BY_NAME,
    "double": double, "float": float, "half": half, "short": short, "int": int, "long": long,
    "chalf": chalf, "cfloat": cfloat, "cdouble": cdouble,
}  # fmt: skip

# What Python's own types stand for where a dtype is asked for: torch.zeros(2, dtype=int).
PYTHON = {builtins.float: float64, builtins.int: int64, builtins.bool: bool, builtins.complex: complex128}


def taking_python_types(fn):
    """A function whose keyword `dtype` may be one of Python's types, too."""

    @functools.wraps(fn)
    def call(*args, **kwargs):
        if kwargs.get("dtype").__class__ is type:
            kwargs["dtype"] = PYTHON.get(kwargs["dtype"], kwargs["dtype"])
        return fn(*args, **kwargs)

    return call


class layout:
    """A torch layout (strided, sparse_coo, ...)."""

    def __init__(self, name):
        self.name = name

    def __repr__(self):
        return f"torch.{self.name}"

    def __reduce__(self):
        return (_layout_from_name, (repr(self),))


class memory_format(layout):
    """A torch memory format (contiguous_format, channels_last, ...)."""


strided, sparse_coo, sparse_csr = layout("strided"), layout("sparse_coo"), layout("sparse_csr")
sparse_csc, sparse_bsr, sparse_bsc = layout("sparse_csc"), layout("sparse_bsr"), layout("sparse_bsc")
jagged = layout("jagged")  # of nested tensors, which are not there: no tensor has it
contiguous_format, preserve_format = memory_format("contiguous_format"), memory_format("preserve_format")
channels_last, channels_last_3d = memory_format("channels_last"), memory_format("channels_last_3d")


def _layout_from_name(name):
    found = globals().get(name.removeprefix("torch."))
    if not isinstance(found, layout):
        raise NotImplementedError(f"layout {name!r} is not supported by jtorch; use torch.strided")
    return found


class finfo:
    """Numerical properties of a floating dtype: bits, eps, max, min, tiny, smallest_normal, resolution.

    >>> import jtorch as torch
    >>> torch.finfo(torch.float32).max
    3.4028234663852886e+38
    """

    def __init__(self, dtype: dtype | None = None):
        dtype = PYTHON.get(dtype, dtype) or default_dtype()
        if not (dtype.is_floating_point or dtype.is_complex):
            raise TypeError(f"torch.finfo() requires a floating point input type. Use torch.iinfo to handle '{dtype}'")
        info = ml_dtypes.finfo(dtype.to_real().numpy)
        self.bits, self.dtype = info.bits, dtype.to_real().name
        python_float = np.float64
        self.eps = python_float(info.eps).item()
        self.max = python_float(info.max).item()
        self.min = python_float(info.min).item()
        self.tiny = self.smallest_normal = python_float(info.tiny).item()
        self.resolution = 1.0 if dtype.is_float8 else python_float(info.resolution).item()
        if dtype is float8_e5m2fnuz:
            self.eps = 0.125  # as torch has it

    def __repr__(self):
        return (
            f"finfo(resolution={self.resolution:g}, min={self.min:g}, max={self.max:g}, eps={self.eps:g}, "
            f"smallest_normal={self.smallest_normal:g}, tiny={self.tiny:g}, dtype={self.dtype})"
        )


class iinfo:
    """Numerical properties of an integer dtype: bits, max, min.

    >>> import jtorch as torch
    >>> torch.iinfo(torch.int8).max
    127
    """

    def __init__(self, dtype: dtype):
        dtype = PYTHON.get(dtype, dtype)
        if dtype.priority != 1:
            raise TypeError(f"torch.iinfo() requires an integer input type. Use torch.finfo to handle '{dtype}'")
        info = np.iinfo(dtype.numpy)
        self.bits, self.max, self.min, self.dtype = info.bits, info.max, info.min, dtype.name

    def __repr__(self):
        return f"iinfo(min={self.min:g}, max={self.max:g}, dtype={self.dtype})"


class Defaults:
    """The process-wide default dtype. `changed` holds functions to call when it changes (caches that depend on it)."""

    dtype = float32
    changed: list = []


def default_dtype() -> dtype:
    return Defaults.dtype


def set_default_dtype(d: dtype) -> None:
    """Set the dtype of new floating-point tensors; torch's rule: float16, bfloat16, float32 or float64.

    >>> import jtorch as torch
    >>> torch.set_default_dtype(torch.float64); torch.tensor(1.5).dtype
    torch.float64
    >>> torch.set_default_dtype(torch.float32)
    """
    if not isinstance(d, dtype):
        raise TypeError(f"invalid dtype object: only floating-point types are supported as the default type, got {d!r}")
    if not d.is_floating_point:
        raise TypeError("only floating-point types are supported as the default type")
    if d.is_float8:
        raise TypeError(f"couldn't find storage object {d.name.capitalize()}Storage")
    if d is not Defaults.dtype:
        Defaults.dtype = d
        for callback in Defaults.changed:
            callback()


def from_numpy_dtype(numpy_dtype) -> dtype:
    """The torch dtype of a numpy dtype; torch's TypeError for those it has no counterpart of."""
    found = BY_NUMPY.get(np.dtype(numpy_dtype))
    if found is None:
        kind = np.dtype(numpy_dtype).type
        raise TypeError(
            f"can't convert np.ndarray of type {kind.__module__}.{kind.__name__}. "
            "The only supported types are: float64, float32, float16, complex64, complex128, int64, int32, int16, "
            "int8, uint64, uint32, uint16, uint8, and bool."
        )
    return found
