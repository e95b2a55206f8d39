"""Making tensors: from data, filled, in ranges, like others; and the old type objects (`FloatTensor`, ...)."""

import builtins
import itertools
import math
import warnings

import numpy as np

from . import devices, dtypes, engine
from .dtypes import dtype as dtype_class
from .interop import from_numpy, own_numpy
from .layout import strides_alike
from .overloads import no_overload
from .promotion import check_range
from .size import Size
from .tensor import Tensor
from .transfer import move, place_of


def _place(device):
    return place_of(devices.default_device() if device is None else device)


def _finish(array: np.ndarray, device, requires_grad, layout=None) -> Tensor:
    """A tensor around a fresh host array, on the wanted device."""
    if layout is not None and layout is not dtypes.strided:
        raise RuntimeError(f"full(...) is not implemented for sparse layout; make it strided, then .to_sparse(layout={layout})")  # fmt: skip
    place = _place(device)
    if place.is_meta:
        made = _absent(array.shape, dtypes.from_numpy_dtype(array.dtype), place)
        return made.requires_grad_(True) if requires_grad else made
    made = own_numpy(array)
    if place is not made._storage.value.place:
        made._storage.value = move(made._storage.value, place)
    if requires_grad:
        made.requires_grad = True
    return made


def _absent(shape, dtype, place) -> Tensor:
    """A tensor without numbers, of the meta device."""
    return Tensor.__new_plain__(engine.Value(engine.aval(tuple(shape), dtype), None, place))


def _alike(make, shape, dtype: np.dtype, device) -> np.ndarray:
    """Equal numbers in memory of their own, which `make` fills; none where only the shape is wanted."""
    return np.broadcast_to(np.zeros((), dtype), shape) if _place(device).is_meta else make(shape, dtype)


def _numpy_dtype(dtype, fallback=None, name="empty"):
    if dtype is None:
        return (fallback or dtypes.default_dtype()).numpy
    dtype = dtypes.PYTHON.get(dtype, dtype)
    if not isinstance(dtype, dtype_class):
        raise TypeError(f"{name}(): argument 'dtype' must be torch.dtype, not {type(dtype).__name__}")
    return dtype.numpy


def _shape(size, kwargs, name="empty") -> tuple[int, ...]:
    if not size:
        size = kwargs.pop("size", ())
        size = size if isinstance(size, (tuple, list)) else (size,)
    elif len(size) == 1 and isinstance(size[0], (tuple, list)):
        size = size[0]
    shape = tuple(_int(n, name) for n in size)
    for n in shape:
        if n < 0:
            if name in ("zeros", "ones"):
                raise RuntimeError(f"{name}: Dimension size must be non-negative.")
            raise RuntimeError(f"Trying to create tensor with negative dimension {n}: {list(shape)}")
    return shape


def _int(n, name):
    if type(n) is int:
        return n
    if hasattr(n, "__index__"):
        return n.__index__()
    raise TypeError(f"{name}(): argument 'size' (position 1) must be tuple of ints, not {type(n).__name__}")


def _given_out(out, made: Tensor, name: str, *inputs) -> Tensor:
    if out is None:
        return made
    from .outs import refuse_gradients, store_results

    refuse_gradients(name, inputs)
    return store_results(out, made, name, inputs)


# From data


@dtypes.taking_python_types
def tensor(data, *, dtype=None, device=None, requires_grad=False, pin_memory=False) -> Tensor:
    """A new tensor with a copy of `data` (numbers, nested sequences, numpy arrays, tensors).

    >>> import jtorch as torch
    >>> torch.tensor([[1., 2.], [3., 4.]])
    tensor([[1., 2.],
            [3., 4.]])
    """
    if isinstance(data, Tensor):
        warnings.warn(
            "To copy construct from a tensor, it is recommended to use sourceTensor.detach().clone() or sourceTensor.detach().clone().requires_grad_(True), "
            "rather than torch.tensor(sourceTensor).",
            UserWarning,
            stacklevel=2,
        )
        made = data.detach().clone().to(device=device or data.device, dtype=dtype or data.dtype)
        return made.requires_grad_(requires_grad)
    return _finish(_array(data, dtype), device, requires_grad)


def _array(data, dtype) -> np.ndarray:
    """A new numpy array of torch's inferred (or the wanted) dtype."""
    if isinstance(data, np.ndarray):
        found = dtypes.from_numpy_dtype(data.dtype)
        return np.array(data, dtype=(dtype or found).numpy, order="C")
    if isinstance(data, np.generic):
        return np.array(data, dtype=(dtype or dtypes.from_numpy_dtype(data.dtype)).numpy)
    if hasattr(data, "__array__") and not isinstance(data, (list, tuple)):
        return np.array(np.asarray(data), dtype=dtype.numpy if dtype else None)
    if isinstance(data, (str, bytes)):
        raise TypeError(f"new(): invalid data type '{type(data).__name__}'")
    if data is None:
        raise RuntimeError("Could not infer dtype of NoneType")
    shape = _sequence_shape(data)
    leaves = _leaves(data, shape)
    wanted = dtype if dtype is not None else _infer(leaves)
    boxed = (Tensor, np.generic) if wanted.priority <= 1 else Tensor
    if any(isinstance(x, boxed) for x in leaves):
        for x in leaves:
            if isinstance(x, Tensor):
                x._warn_of_lost_gradient(stacklevel=4)
        leaves = [x.item() if isinstance(x, boxed) else x for x in leaves]
    if wanted.priority == 1:
        bad = next((x for x in leaves if isinstance(x, float) and not math.isfinite(x)), None)
        if bad is not None:
            raise RuntimeError(f"value cannot be converted to type {wanted.name} without overflow")
        leaves = [int(x) if not isinstance(x, builtins.complex) else _no_complex() for x in leaves]
        try:
            made = np.array(leaves, np.int64 if wanted.name != "uint64" else np.uint64)
        except OverflowError:
            raise ValueError("Overflow when unpacking long long") from None
        check_range([made.min(initial=0), made.max(initial=0)], wanted, wanted.name)
        return made.astype(wanted.numpy).reshape(shape)
    if wanted.priority == 2 and any(isinstance(x, builtins.complex) for x in leaves):
        _no_complex()
    if wanted.name == "bool":
        return np.array([bool(x) for x in leaves], np.bool_).reshape(shape)
    if wanted is dtypes.float8_e4m3fn:
        return _limited(np.array(leaves, np.float32), wanted.numpy).reshape(shape)
    return np.array(leaves, dtype=wanted.numpy).reshape(shape)


def _limited(array, dtype: np.dtype) -> np.ndarray:
    """Numbers brought to the largest one that a dtype of 8 bits without infinity holds."""
    return np.clip(array, -448, 448).astype(dtype)


def _no_complex():
    raise TypeError("can't convert complex to a real dtype: take .real first")


def _is_sequence(x) -> bool:
    return (
        isinstance(x, (list, tuple, builtins.range))
        or (isinstance(x, np.ndarray) and x.ndim > 0)
        or (
            not isinstance(x, (str, bytes, Tensor, np.ndarray, np.generic, dict))
            and hasattr(x, "__getitem__")
            and hasattr(x, "__len__")
        )
    )


def _sequence_shape(data) -> tuple[int, ...]:
    shape, level = [], data
    while _is_sequence(level):
        shape.append(len(level))
        if len(shape) > 128:
            raise ValueError("too many dimensions: nested more than 128 deep")
        if not len(level):
            break
        level = level[0]
    return tuple(shape)


def _leaves(data, shape, dim=0) -> list:
    """The numbers of a nested sequence in order; torch's ValueError where it is ragged."""
    if not shape:
        if isinstance(data, (str, bytes)) or not isinstance(
            data, (int, float, builtins.complex, np.generic, Tensor, np.ndarray)
        ):
            if dim and isinstance(data, str):
                raise ValueError(f"too many dimensions '{type(data).__name__}'")
            if hasattr(data, "__index__"):
                return [data.__index__()]
            if hasattr(data, "__float__") and not isinstance(data, str):
                return [float(data)]
            raise RuntimeError(f"Could not infer dtype of {type(data).__name__}")
        if isinstance(data, Tensor) and data._aval.size != 1:
            raise ValueError("only one element tensors can be converted to Python scalars")
        return [data]
    if not _is_sequence(data):
        raise TypeError(f"not a sequence: {type(data).__name__} at dim {dim}; every row must have the same nesting")
    if len(data) != shape[0]:
        raise ValueError(f"expected sequence of length {shape[0]} at dim {dim} (got {len(data)})")
    if len(shape) == 1:
        if isinstance(data, np.ndarray):
            return list(data)
        if isinstance(data, Tensor):
            return list(np.asarray(data._read().numpy()).reshape(-1)) if data.ndim == 1 else data.tolist()
        leaves = list(data)
        if all(type(x) in (int, float, bool, builtins.complex) for x in leaves):
            return leaves
        flat = []
        for x in leaves:
            if _is_sequence(x):
                raise ValueError("only one element tensors can be converted to Python scalars")
            flat += _leaves(x, (), dim + 1)
        return flat
    flat = []
    for row in data:
        flat += _leaves(row, shape[1:], dim + 1)
    return flat


def _infer(leaves) -> dtype_class:
    """Torch's dtype for Python numbers: the widest category, floats in the default dtype."""
    if not leaves:
        return dtypes.default_dtype()
    from .promotion import number_dtype, promote_types

    found = None
    for x in leaves:
        if isinstance(x, Tensor):
            d = x.dtype
        elif isinstance(x, bool):
            d = dtypes.bool
        elif isinstance(x, float) and not isinstance(x, np.generic):
            d = dtypes.default_dtype()
        elif isinstance(x, int):
            d = dtypes.int64
        elif isinstance(x, np.generic):
            d = dtypes.from_numpy_dtype(x.dtype)
        else:
            d = number_dtype(builtins.complex)
        found = d if found is None or found is d else promote_types(found, d)
    return found


def as_tensor(data, dtype=None, device=None) -> Tensor:
    """`data` as a tensor, sharing memory when it is a tensor or numpy array of that dtype and device already."""
    dtype = dtypes.PYTHON.get(dtype, dtype)
    if isinstance(data, Tensor):
        return data.to(device=device or data.device, dtype=dtype or data.dtype)
    if isinstance(data, np.ndarray):
        made = from_numpy(data)
        return made.to(device=device or devices.default_device(), dtype=dtype or made.dtype)
    return tensor(data, dtype=dtype, device=device)


@dtypes.taking_python_types
def asarray(obj, *, dtype=None, device=None, copy=None, requires_grad=False) -> Tensor:
    """Any array-like as a tensor; `copy` True always copies, False never does."""
    if copy:
        made = obj.detach().clone() if isinstance(obj, Tensor) else tensor(obj)
        made = made.to(device=device or made.device, dtype=dtype or made.dtype)
    else:
        made = as_tensor(obj, dtype=dtype, device=device)
        if (
            copy is False
            and isinstance(obj, (Tensor, np.ndarray))
            and dtype is not None
            and made.dtype is not as_tensor(obj).dtype
        ):
            raise ValueError(f"can't alias tensor with dtype '{as_tensor(obj).dtype}' into dtype '{dtype}'.")
        if copy is False and not isinstance(obj, (Tensor, np.ndarray)):
            raise RuntimeError("can't alias arbitrary sequence into a tensor.")
    return made.requires_grad_(True) if requires_grad else made


def scalar_tensor(s, *, dtype=None, layout=None, device=None, pin_memory=False, requires_grad=False) -> Tensor:
    """A 0-dim tensor of a number."""
    return _finish(_filled((), s, _numpy_dtype(dtype)), device, requires_grad, layout=layout)


@dtypes.taking_python_types
def frombuffer(buffer, *, dtype, count=-1, offset=0, requires_grad=False) -> Tensor:
    """A 1-D tensor that shares the memory of an object with the buffer protocol."""
    made = from_numpy(np.frombuffer(buffer, dtype.numpy, count, offset))
    return made.requires_grad_(True) if requires_grad else made


@dtypes.taking_python_types
def from_file(
    filename, shared=None, size=0, *, dtype=None, layout=None, device=None, pin_memory=False, requires_grad=False
) -> Tensor:
    """A 1-D tensor of the first `size` numbers in a file. If `shared`, what is written to the tensor is written to the file, which grows as needed.

    >>> import jtorch as torch, tempfile, numpy
    >>> with tempfile.NamedTemporaryFile() as file:
    ...     numpy.arange(3.0, dtype=numpy.float32).tofile(file.name)
    ...     torch.from_file(file.name, size=2)
    tensor([0., 1.])
    """
    kind = (dtype or dtypes.default_dtype()).numpy
    needed = size * kind.itemsize
    try:
        with open(filename, "a+b" if shared else "rb") as file:
            have = file.seek(0, 2)
            if shared and have < needed:
                file.truncate(needed)
    except OSError as error:
        mode = "read-write" if shared else "read-only"
        raise RuntimeError(
            f"unable to open file <{filename}> in {mode} mode: {error.strerror} ({error.errno})"
        ) from None
    if not shared and have < needed:
        raise RuntimeError(f"file <{filename}> size <{have}> is smaller than the required mapping size <{needed}>")
    memory = np.memmap(filename, kind, "r+" if shared else "c", shape=(size,)) if size else np.empty(0, kind)
    made = from_numpy(memory.view(np.ndarray)).to(device or "cpu")
    return made.requires_grad_(True) if requires_grad else made


# Filled


def _filled(shape, value, dtype: np.dtype) -> np.ndarray:
    """One number everywhere; of an unsigned dtype a negative one wraps around."""
    check_range(value, dtypes.from_numpy_dtype(dtype))
    if dtype == dtypes.float8_e4m3fn.numpy:
        return np.full(shape, _limited(np.float32(value), dtype))
    return np.full(shape, int(value) % 2 ** (8 * dtype.itemsize) if dtype.kind == "u" else value, dtype)


def zeros(
    *size, out=None, dtype=None, layout=None, device=None, pin_memory=False, requires_grad=False, **kwargs
) -> Tensor:
    """A tensor of zeros.

    >>> import jtorch as torch
    >>> torch.zeros(2, 3).shape
    torch.Size([2, 3])
    """
    shape = _shape(size, kwargs, "zeros")
    _no_more(kwargs, "zeros")
    if layout is not None and layout is not dtypes.strided:
        return _of_layout("zeros", shape, dtype, layout, device, requires_grad)
    made = _finish(
        _alike(np.zeros, shape, _numpy_dtype(dtype, out.dtype if out is not None else None), device),
        device,
        requires_grad,
        layout=layout,
    )
    return _given_out(out, made, "zeros")


def ones(
    *size, out=None, dtype=None, layout=None, device=None, pin_memory=False, requires_grad=False, **kwargs
) -> Tensor:
    """A tensor of ones."""
    shape = _shape(size, kwargs, "ones")
    _no_more(kwargs, "ones")
    made = _finish(
        _alike(np.ones, shape, _numpy_dtype(dtype, out.dtype if out is not None else None, "ones"), device),
        device,
        requires_grad,
        layout=layout,
    )
    return _given_out(out, made, "ones")


def empty(
    *size,
    out=None,
    dtype=None,
    layout=None,
    device=None,
    pin_memory=False,
    requires_grad=False,
    memory_format=None,
    **kwargs,
) -> Tensor:
    """A tensor whose contents nobody may rely on: here they are zeros."""
    shape = _shape(size, kwargs)
    _no_more(kwargs, "empty")
    if layout is not None and layout is not dtypes.strided:
        return _of_layout("empty", shape, dtype, layout, device, requires_grad)
    made = _finish(
        _alike(np.zeros, shape, _numpy_dtype(dtype, out.dtype if out is not None else None), device),
        device,
        requires_grad,
        layout=layout,
    )
    if memory_format in (dtypes.channels_last, dtypes.channels_last_3d):
        made = made.contiguous(memory_format=memory_format)
    return _given_out(out, made, "empty")


def _no_more(kwargs, name):
    if kwargs:
        raise TypeError(f"{name}() got an unexpected keyword argument '{next(iter(kwargs))}'")


@dtypes.taking_python_types
def full(
    size,
    fill_value,
    *,
    out=None,
    dtype=None,
    layout=None,
    device=None,
    pin_memory=False,
    requires_grad=False,
    names=None,
) -> Tensor:
    """A tensor of one value; the dtype follows the value."""
    if isinstance(fill_value, Tensor):
        dtype = dtype or fill_value.dtype
        fill_value = fill_value.item()
    if dtype is None and out is None:
        dtype = _infer([fill_value])
    shape = _shape((size,) if isinstance(size, (tuple, list)) else (tuple(size),), {})
    kind = _numpy_dtype(dtype, out.dtype if out is not None else None)
    array = _alike(lambda shape, kind: _filled(shape, fill_value, kind), shape, kind, device)
    return _given_out(out, _finish(array, device, requires_grad, layout=layout), "full")


def empty_strided(
    size, stride, *, dtype=None, layout=None, device=None, requires_grad=False, pin_memory=False
) -> Tensor:
    """An uninitialised tensor of the given size and strides."""
    size, stride = tuple(size), tuple(stride)
    reach = 1 + sum((n - 1) * s for n, s in zip(size, stride, strict=True)) if all(size) else 0
    base = zeros(reach, dtype=dtype, device=device)
    return base.as_strided(size, stride).requires_grad_(requires_grad)


def _of_layout(name, shape, dtype, layout, device, requires_grad):
    from .sparse.construction import factory

    return factory(name, shape, dtype or dtypes.default_dtype(), layout, device, requires_grad)


def _like_sparse(name, input, dtype, layout, device, requires_grad, fill=None):
    from .sparse.construction import like

    return like(name, input, dtype, layout, device, requires_grad, fill)


def _require_tensor(name, input):
    if not isinstance(input, Tensor):
        raise TypeError(f"{name}(): argument 'input' (position 1) must be Tensor, not {type(input).__name__}")


def _like(input, made: np.ndarray, device, requires_grad, memory_format):
    out = _finish(made, device or input.device, requires_grad)
    strides = strides_alike(input, memory_format)
    if strides is not None:
        out._strides = out._storage.strides = strides
    return out


@dtypes.taking_python_types
def zeros_like(
    input, *, dtype=None, layout=None, device=None, requires_grad=False, memory_format=None, pin_memory=False
) -> Tensor:
    """Zeros of the shape, dtype, layout and device of `input`."""
    _require_tensor("zeros_like", input)
    if input._dispatcher is not None:
        return input._made_alike(zeros_like, dtype, device, requires_grad)
    if (layout or input._aval.layout) is not dtypes.strided or input._aval.layout is not dtypes.strided:
        return _like_sparse("zeros_like", input, dtype, layout, device, requires_grad)
    made = _alike(np.zeros, input._aval.shape, (dtype or input.dtype).numpy, device or input.device)
    return _like(input, made, device, requires_grad, memory_format)


@dtypes.taking_python_types
def ones_like(
    input, *, dtype=None, layout=None, device=None, requires_grad=False, memory_format=None, pin_memory=False
) -> Tensor:
    """Ones of the shape, dtype and device of `input`."""
    _require_tensor("ones_like", input)
    if input._dispatcher is not None:
        return input._made_alike(ones_like, dtype, device, requires_grad)
    if (layout or input._aval.layout) is not dtypes.strided or input._aval.layout is not dtypes.strided:
        return _like_sparse("ones_like", input, dtype, layout, device, requires_grad, 1)
    made = _alike(np.ones, input._aval.shape, (dtype or input.dtype).numpy, device or input.device)
    return _like(input, made, device, requires_grad, memory_format)


@dtypes.taking_python_types
def empty_like(
    input, *, dtype=None, layout=None, device=None, requires_grad=False, memory_format=None, pin_memory=False
) -> Tensor:
    """An uninitialised tensor of the shape, dtype and device of `input`."""
    _require_tensor("empty_like", input)
    if input._dispatcher is not None:
        return input._made_alike(empty_like, dtype, device, requires_grad)
    if (layout or input._aval.layout) is not dtypes.strided or input._aval.layout is not dtypes.strided:
        return _like_sparse("empty_like", input, dtype, layout, device, requires_grad)
    return zeros_like(input, dtype=dtype, device=device, requires_grad=requires_grad, memory_format=memory_format)


@dtypes.taking_python_types
def full_like(
    input,
    fill_value,
    *,
    dtype=None,
    layout=None,
    device=None,
    requires_grad=False,
    memory_format=None,
    pin_memory=False,
) -> Tensor:
    """One value in the shape, dtype and device of `input`."""
    _require_tensor("full_like", input)
    value = fill_value.item() if isinstance(fill_value, Tensor) else fill_value
    if input._dispatcher is not None:
        return input._made_alike(
            lambda local, **options: full_like(local, value, **options), dtype, device, requires_grad
        )
    if (layout or input._aval.layout) is not dtypes.strided or input._aval.layout is not dtypes.strided:
        return _like_sparse("full_like", input, dtype, layout, device, requires_grad, value)
    made = _alike(
        lambda shape, kind: np.full(shape, value).astype(kind),
        input._aval.shape,
        (dtype or input.dtype).numpy,
        device or input.device,
    )
    return _like(input, made, device, requires_grad, memory_format)


@dtypes.taking_python_types
def new_tensor(self, data, *, dtype=None, device=None, requires_grad=False, layout=None, pin_memory=False) -> Tensor:
    return tensor(data, dtype=dtype or self.dtype, device=device or self.device, requires_grad=requires_grad)


def new_zeros(
    self, *size, dtype=None, device=None, requires_grad=False, layout=None, pin_memory=False, **kwargs
) -> Tensor:
    return zeros(
        _shape(size, kwargs),
        dtype=dtype or self.dtype,
        layout=layout or self._aval.layout,
        device=device or self.device,
        requires_grad=requires_grad,
    )


def new_ones(
    self, *size, dtype=None, device=None, requires_grad=False, layout=None, pin_memory=False, **kwargs
) -> Tensor:
    return ones(
        _shape(size, kwargs),
        dtype=dtype or self.dtype,
        layout=layout or self._aval.layout,
        device=device or self.device,
        requires_grad=requires_grad,
    )


def new_empty(
    self, *size, dtype=None, device=None, requires_grad=False, layout=None, pin_memory=False, **kwargs
) -> Tensor:
    return new_zeros(self, *size, dtype=dtype, device=device, requires_grad=requires_grad, **kwargs)


def new_full(
    self, size, fill_value, *, dtype=None, device=None, requires_grad=False, layout=None, pin_memory=False
) -> Tensor:
    return full(
        size,
        fill_value,
        dtype=dtype or self.dtype,
        layout=layout or self._aval.layout,
        device=device or self.device,
        requires_grad=requires_grad,
    )


def new_empty_strided(
    self, size, stride, *, dtype=None, device=None, requires_grad=False, layout=None, pin_memory=False
) -> Tensor:
    return empty_strided(
        size, stride, dtype=dtype or self.dtype, device=device or self.device, requires_grad=requires_grad
    )


def new(self, *args, device=None, size=None, other=None, storage=None) -> Tensor:
    """The old constructor method: a tensor of the same dtype from sizes, data, another tensor or a storage."""
    if self._aval.layout is not dtypes.strided:
        from .sparse.construction import new as new_sparse

        return new_sparse(self, args if size is None else (size,), device)
    if storage is not None:
        return self.new().set_(storage)
    given = [value for value in (Size(size) if size is not None else None, other) if value is not None]
    return legacy_constructor(self.dtype, (*args, *given), device or self.device)


# Ranges


def _number(x):
    return x.item() if isinstance(x, (Tensor, np.generic)) else x


@dtypes.taking_python_types
def arange(
    *args, out=None, dtype=None, layout=None, device=None, pin_memory=False, requires_grad=False, **kwargs
) -> Tensor:
    """Values from `start` (0) to before `end` in steps of `step` (1).

    >>> import jtorch as torch
    >>> torch.arange(2, 10, 2)
    tensor([2, 4, 6, 8])
    """
    start, end, step = 0, None, 1
    if len(args) == 1:
        end = args[0]
    elif args:
        start, end = args[:2]
        step = args[2] if len(args) > 2 else 1
    start, end, step = kwargs.pop("start", start), kwargs.pop("end", end), kwargs.pop("step", step)
    _no_more(kwargs, "arange")
    if end is None:
        raise TypeError("arange() received an invalid combination of arguments: the end is missing")
    start, end, step = _number(start), _number(end), _number(step)
    _check_range(start, end, step)
    if dtype is None:
        dtype = (
            out.dtype
            if out is not None
            else dtypes.int64
            if all(isinstance(x, int) for x in (start, end, step))
            else dtypes.default_dtype()
        )
    if dtype.priority <= 1:
        # Only of int64 the bounds are whole numbers before torch counts the steps.
        exact = math.ceil((end - start) / step) if dtype is not dtypes.int64 and step else None
        start, end, step = int(start), int(end), int(step)
        if step == 0:
            raise ValueError("step must be nonzero")
        count = max(-(-(end - start) // step) if exact is None else exact, 0)
        array = start + np.arange(count, dtype=np.int64) * step
    else:
        count = max(math.ceil((end - start) / step), 0)
        wide = np.float64 if dtype is not dtypes.float32 else np.float32
        array = (np.float64(start) + np.arange(count, dtype=np.float64) * np.float64(step)).astype(wide)
    if out is not None and 0 < out.numel() != count:
        warnings.warn(
            f"The number of elements in the out tensor of shape {list(out.shape)} is {out.numel()} which does not match the computed number of "
            f"elements {count}. Note that this may occur as a result of rounding error. The out tensor will be resized to a tensor of shape ({count},).",
            UserWarning,
            stacklevel=2,
        )
    return _given_out(out, _finish(array.astype(dtype.numpy), device, requires_grad, layout=layout), "arange")


def _check_range(start, end, step):
    if step == 0:
        raise RuntimeError("step must be nonzero")
    if not all(math.isfinite(x) for x in (start, end)):
        raise RuntimeError(f"unsupported range: {float(start):g} -> {float(end):g}")
    if (end - start) * step < 0:
        raise RuntimeError("upper bound and lower bound inconsistent with step sign")


def range(start=0, end=None, step=1, *, out=None, dtype=None, layout=None, device=None, requires_grad=False) -> Tensor:
    """Values from `start` to `end` inclusive. Deprecated: use `arange`."""
    warnings.warn(
        "torch.range is deprecated and will be removed in a future release because its behavior is inconsistent with Python's range builtin. Instead, use torch.arange, which produces values in [start, end).",
        UserWarning,
        stacklevel=2,
    )
    if end is None:
        start, end = 0, start
    _check_range(start, end, step)
    count = int(math.floor((end - start) / step)) + 1
    array = np.float64(start) + np.arange(count) * np.float64(step)
    array = array.astype(_numpy_dtype(dtype, out.dtype if out is not None else None))
    return _given_out(out, _finish(array, device, requires_grad), "range")


@dtypes.taking_python_types
def linspace(
    start, end, steps, *, out=None, dtype=None, layout=None, device=None, pin_memory=False, requires_grad=False
) -> Tensor:
    """`steps` evenly spaced values from `start` to `end`, both included."""
    steps = _steps(start, end, steps, "linspace")
    array = _linspace(_number(start), _number(end), steps, dtype or (out.dtype if out is not None else None))
    return _given_out(out, _finish(array, device, requires_grad, layout=layout), "linspace")


def _steps(start, end, steps, name) -> int:
    shown = [(what, x) for what, x in (("start", start), ("end", end)) if isinstance(x, Tensor)]
    if any(x.dim() for _, x in shown):
        found = " and ".join(f"{what} with {x.dim()} dimension(s)" for what, x in shown)
        raise RuntimeError(f"{name} only supports 0-dimensional start and end tensors, but got {found}.")
    count = _number(steps)
    if not hasattr(count, "__index__") or isinstance(count, builtins.bool):
        kinds = itertools.product(("Tensor", "Number"), repeat=2)
        raise no_overload(name, (start, end, steps), [f"{a} start, {b} end, int steps" for a, b in kinds])
    if count < 0:
        raise RuntimeError("number of steps must be non-negative")
    return count.__index__()


def _linspace(start, end, steps, dtype) -> np.ndarray:
    if dtype is None:
        dtype = dtypes.default_dtype()
        if isinstance(start, builtins.complex) or isinstance(end, builtins.complex):
            dtype = dtype.to_complex()
    if dtype.priority <= 1:
        array = _between(*_whole(start, start if steps == 1 else end, dtype), steps, np.longdouble)
        return array.astype(np.int64).astype(dtype.numpy)
    work = dtype.numpy if dtype.itemsize >= 4 else np.dtype(np.float32)
    if steps == 1:
        return np.array([start], work).astype(dtype.numpy)
    step = (work.type(end) - work.type(start)) / work.type(max(steps - 1, 1))
    position = np.arange(steps)
    # From both ends towards the middle, as torch computes it: symmetric and exact at the ends. torch's product and sum
    # are one fused operation, rounded once: done here in the next wider type.
    wider = np.result_type(work, np.complex128 if work.kind == "c" else np.float64)
    if wider == work:
        wider = np.dtype(np.clongdouble if work.kind == "c" else np.longdouble)
    start, end, step = (wider.type(work.type(x)) for x in (start, end, step))
    array = np.where(position < steps // 2, start + step * position, end - step * (steps - 1 - position)).astype(work)
    return array.astype(dtype.numpy)


def _whole(start, end, dtype) -> list[int]:
    return [int(np.int64(int(x)).astype(dtype.numpy)) for x in (start, end)]


def _between(start: int, end: int, steps: int, work) -> np.ndarray:
    """Doubles evenly spaced between whole numbers, from both ends towards the middle; product and sum rounded once if `work` is wider."""
    step, position = np.float64(end - start) / max(steps - 1, 1), np.arange(steps, dtype=work)
    upwards, downwards = work(start) + work(step) * position, work(end) - work(step) * (steps - 1 - position)
    return np.where(np.arange(steps) < steps // 2, upwards, downwards).astype(np.float64)


@dtypes.taking_python_types
def logspace(
    start,
    end,
    steps,
    base=10.0,
    *,
    out=None,
    dtype=None,
    layout=None,
    device=None,
    pin_memory=False,
    requires_grad=False,
) -> Tensor:
    """`base` to the powers of `linspace(start, end, steps)`."""
    wanted = dtype or (out.dtype if out is not None else dtypes.default_dtype())
    count = _steps(start, end, steps, "logspace")
    start, end = _number(start), _number(end)
    if wanted.priority == 1:
        powers = _between(*_whole(start, start if count == 1 else end, wanted), count, np.float64)
        array = np.power(np.float64(base), powers).astype(np.int64)
        return _given_out(out, _finish(array.astype(wanted.numpy), device, requires_grad), "logspace")
    powers = _linspace(start, end, count, dtypes.float64)
    array = np.power(np.float64(base), powers) if wanted.priority < 3 else np.power(builtins.complex(base), powers)
    return _given_out(out, _finish(array.astype(wanted.numpy), device, requires_grad), "logspace")


def eye(n, m=None, *, out=None, dtype=None, layout=None, device=None, pin_memory=False, requires_grad=False) -> Tensor:
    """Ones on the diagonal of an n x m (default n x n) matrix of zeros."""
    for name, extent in (("n", n), ("m", n if m is None else m)):
        if extent < 0:
            raise RuntimeError(f"{name} must be greater or equal to 0, got {extent}")
    wanted = _numpy_dtype(dtype, out.dtype if out is not None else None)
    made = _finish(np.eye(n, m, dtype=wanted), device, requires_grad, layout=layout)
    return _given_out(out, made, "eye")


def complex(real, imag, *, out=None) -> Tensor:
    """A complex tensor from its real and imaginary parts."""
    return _given_out(out, real._complex_with(imag), "complex")


# The old constructors and type objects


def legacy_constructor(dtype, args, device=None) -> Tensor:
    """`torch.Tensor(...)`, `torch.FloatTensor(...)`: sizes make an uninitialised tensor, a sequence its values.

    Without a dtype, as in `torch.Tensor(...)`, it is the default one, and a tensor given as data keeps its own.
    """
    if len(args) == 1 and isinstance(args[0], Tensor):
        if dtype is not None and args[0].dtype is not dtype:
            raise TypeError(f"expected {dtype} tensor (got {args[0].dtype} tensor); convert with .to(dtype)")
        return args[0].detach()
    dtype = dtype or dtypes.default_dtype()
    if not args:
        return zeros(0, dtype=dtype, device=device)
    if len(args) == 1:
        data = args[0]
        if isinstance(data, Size):
            return zeros(data, dtype=dtype, device=device)
        if isinstance(data, (str, bytes)):
            raise TypeError(f"new(): invalid data type '{type(data).__name__}'")
        if isinstance(data, np.ndarray) or _is_sequence(data):
            return tensor(data, dtype=dtype, device=device)
        if isinstance(data, (int, np.integer)) and not isinstance(data, bool):
            return zeros(int(data), dtype=dtype, device=device)
        raise TypeError(f"new(): data must be a sequence (got {type(data).__name__})")
    return zeros(*args, dtype=dtype, device=device)


class TensorType(type):
    """Type objects like `torch.FloatTensor`: call them to construct, use them in isinstance and `Tensor.type`."""

    def __instancecheck__(cls, instance):
        return (
            isinstance(instance, Tensor) and instance.dtype is cls.dtype and instance.is_cuda == (cls.device == "cuda")
        )

    def __call__(cls, *args):
        return legacy_constructor(cls.dtype, args, cls.device)

    def __repr__(cls):
        return f"<class '{cls.type_name}'>"


def tensor_type(dtype, device: str) -> type:
    """The type object of a dtype on cpu or cuda."""
    module = "torch.cuda" if device == "cuda" else "torch"
    return TensorType(
        dtype.tensor_type,
        (),
        {
            "dtype": dtype,
            "device": device,
            "type_name": f"{module}.{dtype.tensor_type}",
            "__module__": module,
            "is_cuda": device == "cuda",
            "layout": dtypes.strided,
        },
    )


TYPES = {
    f"{module}.{d.tensor_type}": tensor_type(d, device)
    for module, device in (("torch", "cpu"), ("torch.cuda", "cuda"))
    for d in dtypes.BY_NAME.values()
    if d.tensor_type and d.priority < 3
}


def set_default_tensor_type(t) -> None:
    """Set the default dtype (and device) by an old type object or its name. Deprecated since torch 2.1."""
    warnings.warn("torch.set_default_tensor_type() is deprecated as of PyTorch 2.1, please use torch.set_default_dtype() and torch.set_default_device() as alternatives.", UserWarning, stacklevel=2)  # fmt: skip
    kind = TYPES.get(t) if isinstance(t, str) else t
    if t is Tensor or t == "torch.Tensor":
        return
    if not isinstance(kind, TensorType):
        raise TypeError(f"invalid type object: {t!r} is not a tensor type such as torch.FloatTensor")
    dtypes.set_default_dtype(kind.dtype)
    devices.set_default_device(kind.device)
