"""UntypedStorage and TypedStorage: the memory of tensors as users hold it, and tensors made on such memory.

A storage that was read from a file has bytes and no dtype yet. The first tensor made on it decides how the engine keeps it: a tensor
that covers all of it becomes the base, so that the parameters of a loaded model are no views of something flat.
"""

import os
import warnings
import weakref

import numpy as np

from . import dtypes, engine
from .layout import is_dense, normal
from .storage import Storage
from .tensor import Tensor, _new
from .transfer import move, place_of
from .views import plain_alias

__all__ = ["STORAGE_TYPES", "TypedStorage", "UntypedStorage", "is_storage", "tensor_on"]


class UntypedStorage:
    """Bytes that tensors look at: `tensor.untyped_storage()`.

    >>> import jtorch as torch
    >>> x = torch.ones(2, 3)
    >>> x.untyped_storage().nbytes(), x[1].untyped_storage() is x.untyped_storage()
    (24, True)
    """

    __slots__ = ("_memory", "_bytes", "_place", "_scalar", "__weakref__")

    def __init__(self, size=0, *, device=None):
        self._memory = None
        self._bytes = np.zeros(size, np.uint8) if isinstance(size, int) else np.array(list(size), np.uint8)
        self._place = place_of("cpu" if device is None else device)

    @classmethod
    def of(cls, memory: Storage) -> "UntypedStorage":
        """The handle of a tensor's memory: one object as long as somebody holds it."""
        if not isinstance(memory, Storage):
            memory.refuse_access()
        found = _handles.get(memory)
        found = found() if found is not None else None
        if found is None:
            found = cls.__new__(cls)
            found._memory, found._bytes, found._place = memory, None, memory.value.place
            _handles[memory] = weakref.ref(found)
        return found

    @classmethod
    def from_bytes(cls, array: np.ndarray, place=None) -> "UntypedStorage":
        """A storage around bytes that nobody else will write to."""
        made = cls.__new__(cls)
        made._memory, made._bytes, made._place = None, array, place or place_of("cpu")
        return made

    @classmethod
    def from_file(cls, filename, shared: bool = False, nbytes: int = 0) -> "UntypedStorage":
        """The first bytes of a file, read as they are needed. Writes stay in memory: `shared`, which would write them to the file, is not there."""
        if shared:
            raise NotImplementedError(
                "UntypedStorage.from_file: shared=True is not there: save the tensor to write the file"
            )
        size = nbytes or os.path.getsize(filename)
        return cls.from_bytes(np.memmap(filename, np.uint8, "c", shape=(size,)) if size else np.zeros(0, np.uint8))

    def memory(self, dtype, shape=None, strides=None) -> Storage:
        """The engine's storage. Bytes without one get it here, with a base of the given dtype, shape and (dense) strides."""
        if self._memory is None:
            flat = _typed(self._bytes, dtype)
            if shape is None:
                shape, strides = flat.shape, None
            value = engine.Value(engine.aval(shape, dtype), _arranged(flat, shape, strides), place_of("cpu"))
            self._memory, self._bytes = Storage(move(value, self._place), strides), None
            _handles[self._memory] = weakref.ref(self)
        return self._memory

    def bytes(self) -> np.ndarray:
        """The contents on the host, not to be written to."""
        if self._memory is None:
            return self._bytes
        array, strides = self._memory.read().numpy(), self._memory.strides
        if strides is None:
            flat = np.ascontiguousarray(array).reshape(-1)
        else:
            flat = np.zeros(_extent(array.shape, strides), array.dtype)
            np.lib.stride_tricks.as_strided(flat, array.shape, [s * array.itemsize for s in strides])[...] = array
        return flat.view(np.uint8)

    def fill(self, array: np.ndarray) -> None:
        """Replace the contents by other bytes, under the tensors that are already there."""
        if self._memory is None:
            self._bytes = array
            return
        value, strides = self._memory.read(), self._memory.strides
        flat = _typed(array, value.aval.dtype)
        fresh = engine.Value(value.aval, _arranged(flat, value.aval.shape, strides), place_of("cpu"))
        self._memory.write(move(fresh, value.place))
        self._memory.version += 1

    @property
    def device(self):
        return self._place.device

    @property
    def is_cuda(self) -> bool:
        return self.device.type == "cuda"

    def nbytes(self) -> int:
        if self._memory is None:
            return self._bytes.size
        aval, strides = self._memory.value.aval, self._memory.strides
        return (aval.size if strides is None else _extent(aval.shape, strides)) * aval.dtype.itemsize

    size = __len__ = nbytes

    def element_size(self) -> int:
        return 1

    def data_ptr(self) -> int:
        if not self.nbytes():
            return 0
        return id(self._bytes) if self._memory is None else self._memory.address()

    @property
    def _cdata(self) -> int:
        return id(self if self._memory is None else self._memory)

    def type(self) -> str:
        return "torch.UntypedStorage"

    def is_pinned(self) -> bool:
        return False

    def is_shared(self) -> bool:
        return False

    def untyped(self) -> "UntypedStorage":
        return self

    def get_device(self) -> int | None:
        """The number of the device; None for the CPU."""
        return self.device.index

    def resizable(self) -> bool:
        return False

    def share_memory_(self) -> "UntypedStorage":
        """Storages reach other processes by copy: nothing to do here."""
        return self

    def pin_memory(self, device=None) -> "UntypedStorage":
        """Page-locked memory has no counterpart in JAX: the storage itself."""
        return self

    def new(self) -> "UntypedStorage":
        return UntypedStorage(0, device=self.device)

    def tolist(self) -> list[int]:
        return self.bytes().tolist()

    def __getitem__(self, index):
        picked = self.bytes()[index]
        return UntypedStorage.from_bytes(picked.copy()) if isinstance(picked, np.ndarray) else int(picked)

    def __setitem__(self, index, byte):
        changed = self.bytes().copy()
        changed[index] = byte
        self.fill(changed)

    def __iter__(self):
        return iter(self.tolist())

    def fill_(self, byte: int) -> "UntypedStorage":
        self[:] = byte
        return self

    def copy_(self, source, non_blocking=None) -> "UntypedStorage":
        self[:] = source.untyped().bytes()
        return self

    def clone(self) -> "UntypedStorage":
        return UntypedStorage.from_bytes(self.bytes().copy(), self._place)

    def resize_(self, size):
        raise NotImplementedError("UntypedStorage.resize_ is not supported by jtorch: tensors keep the memory they have. Make a new tensor of the size you need.")  # fmt: skip

    def to(self, device=None, non_blocking=False) -> "UntypedStorage":
        place = place_of(device)
        return self if place is self._place else UntypedStorage.from_bytes(self.bytes().copy(), place)

    def cpu(self) -> "UntypedStorage":
        return self.to("cpu")

    def cuda(self, device=None, non_blocking=False) -> "UntypedStorage":
        return self.to("cuda" if device is None else f"cuda:{device}" if isinstance(device, int) else device)

    def _tensor(self, dtype) -> Tensor:
        """A 1-D tensor of all there is (`Tensor.set_`)."""
        return tensor_on(self, dtype, 0, (self.nbytes() // dtype.itemsize,), (1,))

    def __deepcopy__(self, memo):
        return memo.setdefault(id(self), self.clone())

    def __copy__(self):
        return self.clone()

    def __reduce__(self):
        return _untyped_from_pickle, (self.bytes(), str(self.device))

    def __repr__(self):
        rows = "\n".join(f" {byte}" for byte in self.bytes().tolist())
        return f"{rows}\n[torch.storage.UntypedStorage(device={self.device}) of size {self.nbytes()}]"


_handles: weakref.WeakKeyDictionary[Storage, weakref.ref] = weakref.WeakKeyDictionary()


def _untyped_from_pickle(array, device):
    return UntypedStorage.from_bytes(np.array(array), place_of(device))


class TypedStorage:
    """A storage counted in elements of a dtype: `tensor.storage()`, deprecated in torch too. `torch.FloatStorage(...)` makes one."""

    dtype_of_class = None

    def __new__(cls, *args, wrap_storage=None, dtype=None, device=None, start=0):
        dtype = dtype or cls.dtype_of_class or dtypes.default_dtype()
        made = object.__new__(TypedStorage)
        made.dtype, made._start = dtype, start
        if wrap_storage is not None:
            made._untyped_storage = wrap_storage
        elif args and not isinstance(args[0], int):
            made._untyped_storage = UntypedStorage.from_bytes(np.array(list(args[0]), dtype.numpy).view(np.uint8))
        else:
            made._untyped_storage = UntypedStorage((args[0] if args else 0) * dtype.itemsize, device=device)
        return made

    def untyped(self) -> UntypedStorage:
        return self._untyped_storage

    @property
    def device(self):
        return self._untyped_storage.device

    @property
    def is_cuda(self) -> bool:
        return self._untyped_storage.is_cuda

    def _numpy(self) -> np.ndarray:
        return _typed(self._untyped_storage.bytes(), self.dtype)[self._start :]

    def get_device(self) -> int | None:
        return self._untyped_storage.get_device()

    def is_pinned(self, device=None) -> bool:
        return False

    def is_shared(self) -> bool:
        return False

    def resizable(self) -> bool:
        return False

    def share_memory_(self) -> "TypedStorage":
        """Storages reach other processes by copy: nothing to do here."""
        return self

    def pin_memory(self, device=None) -> "TypedStorage":
        """Page-locked memory has no counterpart in JAX: the storage itself."""
        return self

    def to(self, *, device, non_blocking=False) -> "TypedStorage":
        return self._over(self._untyped_storage.to(device))

    def copy_(self, source, non_blocking=None) -> "TypedStorage":
        """Take over the bytes of another storage, whatever its dtype."""
        self._untyped_storage.copy_(source)
        return self

    def resize_(self, size):
        return self._untyped_storage.resize_(size * self.dtype.itemsize)

    def pickle_storage_type(self) -> str:
        return storage_type_name(self.dtype)

    def nbytes(self) -> int:
        return self._untyped_storage.nbytes() - self._start * self.dtype.itemsize

    def size(self) -> int:
        return self.nbytes() // self.dtype.itemsize

    __len__ = size

    def element_size(self) -> int:
        return self.dtype.itemsize

    def data_ptr(self) -> int:
        return self._untyped_storage.data_ptr()

    def type(self) -> str:
        return f"torch.{storage_type_name(self.dtype)}"

    def tolist(self) -> list:
        return self._numpy().tolist()

    def __iter__(self):
        return iter(self.tolist())

    def __getitem__(self, index):
        picked = self._numpy()[index]
        return picked.tolist() if isinstance(picked, np.ndarray) else picked.item()

    def __setitem__(self, index, element):
        changed = _typed(self._untyped_storage.bytes().copy(), self.dtype)
        changed[self._start :][index] = element
        self._untyped_storage.fill(changed.view(np.uint8))

    def fill_(self, element) -> "TypedStorage":
        self[:] = element
        return self

    def _tensor(self, dtype) -> Tensor:
        return tensor_on(self._untyped_storage, dtype, self._start, (self.size(),), (1,))

    def _over(self, storage) -> "TypedStorage":
        return TypedStorage(wrap_storage=storage, dtype=self.dtype, start=self._start)

    def clone(self) -> "TypedStorage":
        return self._over(self._untyped_storage.clone())

    def cpu(self) -> "TypedStorage":
        return self._over(self._untyped_storage.cpu())

    def cuda(self, device=None, non_blocking=False) -> "TypedStorage":
        return self._over(self._untyped_storage.cuda(device))

    def __deepcopy__(self, memo):
        return self._over(self._untyped_storage.__deepcopy__(memo))

    def __reduce__(self):
        # As in torch, plain pickle does not keep the sharing of storages between tensors: each has its own bytes.
        return _typed_from_pickle, (self._untyped_storage.bytes(), str(self.device), self.dtype, self._start)

    def __repr__(self):
        rows = "\n".join(f" {element}" for element in self.tolist())
        return f"{rows}\n[torch.storage.TypedStorage(dtype={self.dtype}, device={self.device}) of size {self.size()}]"


def _typed_from_pickle(array, device, dtype, start):
    return TypedStorage(wrap_storage=_untyped_from_pickle(array, device), dtype=dtype, start=start)


def _cast(name: str, dtype):
    """`storage.float()`: the elements (of an untyped storage: the bytes) in another dtype, in memory of their own."""

    def method(self) -> TypedStorage:
        numbers = self._numpy() if isinstance(self, TypedStorage) else self.bytes()
        made = UntypedStorage.from_bytes(np.array(numbers.astype(dtype.numpy)).view(np.uint8))
        return TypedStorage(wrap_storage=made.to(self.device), dtype=dtype)

    method.__name__ = name
    return method


_CASTS = {"char": "int8", "byte": "uint8", "complex_double": "complex128", "complex_float": "complex64"}
for _name in "bool byte char short int long half bfloat16 float double complex_float complex_double".split():
    for _kind in (UntypedStorage, TypedStorage):
        setattr(_kind, _name, _cast(_name, dtypes.NAMES[_CASTS.get(_name, _name)]))


# FloatStorage, LongStorage, ...: the names under which files and old programs know storages of a dtype.
STORAGE_TYPES: dict[str, type] = {}
for _dtype in dict.fromkeys(dtypes.BY_NAME.values()):
    if _dtype.tensor_type is not None:
        _name = _dtype.tensor_type.replace("Tensor", "Storage")
        STORAGE_TYPES[_name] = type(_name, (TypedStorage,), {"dtype_of_class": _dtype, "__module__": "jtorch"})


def storage_type_name(dtype) -> str:
    return dtype.tensor_type.replace("Tensor", "Storage") if dtype.tensor_type else "UntypedStorage"


def is_storage(obj) -> bool:
    """Whether an object is a storage.

    >>> import jtorch as torch
    >>> torch.is_storage(torch.ones(2).untyped_storage())
    True
    """
    return isinstance(obj, (UntypedStorage, TypedStorage))


def typed_storage(tensor) -> TypedStorage:
    """The storage of a tensor, counted in its dtype (`Tensor._typed_storage`, without a warning)."""
    return TypedStorage(wrap_storage=UntypedStorage.of(tensor._storage), dtype=tensor.dtype)


def deprecated_storage(tensor) -> TypedStorage:
    """`Tensor.storage()`: the same with torch's warning."""
    warnings.warn(
        "TypedStorage is deprecated. It will be removed in the future and UntypedStorage will be the only storage class. This should only matter to you if you are "
        "using storages directly.  To access UntypedStorage directly, use tensor.untyped_storage() instead of tensor.storage()",
        UserWarning,
        stacklevel=3,
    )
    return typed_storage(tensor)


# Tensors on a storage


def tensor_on(storage: UntypedStorage, dtype, offset: int, size, stride) -> Tensor:
    """A tensor of a dtype, size, stride and offset (in elements) on a storage; torch's errors where it does not fit."""
    size, stride = tuple(size), tuple(stride)
    _check_geometry(storage, dtype, offset, size, stride)
    numel = int(np.prod(size, dtype=object)) if size else 1
    whole = offset == 0 and numel * dtype.itemsize == storage.nbytes() and is_dense(size, stride)
    if not numel and storage.nbytes() == 0:
        whole = True  # strides of nothing: any will do, and those of the file are kept
    memory = storage.memory(dtype, size, normal(size, stride)) if whole else storage.memory(dtype)
    base = _new(Tensor)
    base._storage = base._counter = memory
    base._aval = memory.value.aval
    if memory.strides is not None:
        base._strides = memory.strides
    if base._aval.dtype is dtype and base._aval.shape == size and base.stride() == stride and offset == 0:
        return base
    if base._aval.dtype is not dtype:
        base = base.reshape(-1).view(dtype)
    return plain_alias(base.as_strided(size, stride, offset), own_counter=False)


def _check_geometry(storage, dtype, offset, size, stride) -> None:
    for numbers, what in ((size, "size"), (stride, "stride"), ((offset,), "storage offset")):
        if not all(isinstance(n, int) and not isinstance(n, bool) for n in numbers):
            raise TypeError(f"{what} of a tensor must be ints, got {numbers!r}")
    if len(size) != len(stride):
        raise RuntimeError(f"mismatch in length of strides and shape: sizes {list(size)}, strides {list(stride)}")
    if offset < 0:
        raise RuntimeError(f"Tensor: invalid storage offset {offset}")
    if any(n < 0 for n in size):
        raise RuntimeError(f"Trying to create tensor with negative dimension {min(size)}: {list(size)}")
    if any(s < 0 for s in stride):
        raise RuntimeError(f"Trying to create tensor with negative stride: {list(stride)}")
    needed = 0
    if 0 not in size:
        needed = (offset + sum((n - 1) * s for n, s in zip(size, stride, strict=True)) + 1) * dtype.itemsize
    if needed > storage.nbytes():
        raise RuntimeError(
            f"setStorage: sizes {list(size)}, strides {list(stride)}, storage offset {offset}, and itemsize {dtype.itemsize} requiring a storage size of "
            f"{needed} are out of bounds for storage of size {storage.nbytes()}"
        )


def _typed(array: np.ndarray, dtype) -> np.ndarray:
    usable = array[: array.size // dtype.itemsize * dtype.itemsize]
    if dtype is dtypes.bool and usable.size and int(usable.max()) > 1:
        usable = (usable != 0).view(np.uint8)  # a bool that is neither 0 nor 1 has no meaning in numpy and XLA
    return usable.view(dtype.numpy)


def _arranged(flat: np.ndarray, shape, strides) -> np.ndarray:
    """Flat memory as an array of the base's shape."""
    if strides is None or 0 in shape:
        return flat.reshape(shape)
    return np.lib.stride_tricks.as_strided(flat, shape, [s * flat.itemsize for s in strides])


def _extent(shape, strides) -> int:
    return 0 if 0 in shape else 1 + sum((n - 1) * s for n, s in zip(shape, strides, strict=True))
