"""Values: what a storage holds. An array that is there, or one slot of a trace that has not run yet."""

import logging

import jax
import numpy as np

from .. import dtypes

try:  # what jax.device_put ends in; on its own it takes 3 µs where that takes 45
    from jaxlib.xla_client import batched_device_put as _batched_device_put
except ImportError:
    _batched_device_put = None

# JAX looks for a TPU everywhere and logs where there is none: a script that logs at the level INFO would print it.
logging.getLogger("jax._src.xla_bridge").addFilter(lambda record: "libtpu.so" not in record.getMessage())

_interned: dict = {}


class Aval:
    """Shape and dtype of a value; interned, so that two avals are equal exactly when they are one object."""

    __slots__ = ("shape", "dtype", "size", "struct")
    layout = dtypes.strided  # an aval of another layout is not of one array, and not the engine's

    def __repr__(self):
        return f"{self.dtype.name}[{','.join(map(str, self.shape))}]"


def aval(shape: tuple[int, ...], dtype: dtypes.dtype) -> Aval:
    key = (shape, dtype)
    found = _interned.get(key)
    if found is None:
        if dtype is dtypes.complex32:
            raise NotImplementedError("complex32: JAX has no complex numbers of two float16; use torch.complex64")
        made = Aval()
        made.shape, made.dtype = shape, dtype
        made.size = 1
        for n in shape:
            made.size *= n
        made.struct = jax.ShapeDtypeStruct(shape, dtype.numpy)
        found = _interned.setdefault(key, made)
    return found


def aval_of(array) -> Aval:
    return aval(tuple(array.shape), dtypes.BY_NUMPY[array.dtype])


class Place:
    """A JAX device that values live on; one object per device, compared by identity.

    Without a JAX device it is the first CPU, `is_host`: numpy arrays can stand for values there, and JAX is asked for the device only when a program
    runs, so that making tensors starts no XLA backend. Values of a place that `is_meta` have an aval and never an array.
    """

    __slots__ = ("_jax_device", "_sharding", "device", "is_cpu", "is_host", "is_meta")

    def __init__(self, device, jax_device=None, is_meta=False):
        self.device, self._jax_device, self._sharding, self.is_meta = device, jax_device, None, is_meta
        self.is_cpu = not is_meta and (jax_device is None or jax_device.platform == "cpu")
        self.is_host = self.is_cpu and (jax_device is None or jax_device.id == 0)

    @property
    def jax_device(self):
        if self._jax_device is None:
            self._jax_device = jax.devices("cpu")[0]
        return self._jax_device

    def put(self, array: np.ndarray):
        """A host array on this device; it may share the memory, which must not be written to then."""
        if self._sharding is None:
            self._sharding = jax.sharding.SingleDeviceSharding(self.jax_device)
        if _batched_device_put is None:
            return jax.device_put(array, self._sharding)
        return _batched_device_put(
            jax.core.ShapedArray(array.shape, array.dtype), self._sharding, [array], [self.jax_device], True
        )

    def __repr__(self):
        return str(self.device)


NO_DATA = "Cannot copy out of meta tensor; no data!"


class Value:
    """One immutable array, once it is known.

    `array` is a numpy array (on the host, never written again), a `jax.Array`, a JAX tracer (`traced`), or None while the value is
    pending: then `trace` will produce it as its result number `slot`. `escaped` marks a buffer that somebody outside may read: it is never donated.
    `error` is set when the operation that should have produced the value raised. Until it is computed, a value that was written over another one
    knows that one (`replaces`) and who holds it (`holder`, a weak reference).
    """

    __slots__ = (
        "aval",
        "array",
        "trace",
        "slot",
        "place",
        "escaped",
        "traced",
        "error",
        "replaces",
        "holder",
        "__weakref__",
    )

    made: dict | None = None  # while something is recorded: the values made from arrays, by id

    def __init__(self, aval, array, place, escaped=False, traced=False):
        self.aval, self.array, self.place = aval, array, place
        self.trace = self.replaces = self.holder = None
        self.escaped, self.traced = escaped, traced
        if Value.made is not None:
            Value.made[id(self)] = self

    def concrete(self):
        """The array (numpy or JAX), after running what it waits for."""
        if self.array is None:
            if self.trace is not None:
                self.trace.flush()
            if self.array is None:
                raise NotImplementedError(NO_DATA) if self.place.is_meta else self.error
        return self.array

    def on_host(self) -> np.ndarray | None:
        """The contents as numpy memory that must not be written to, without a copy, if they are known and in this process's memory; else None."""
        array = self.array
        if array is None or isinstance(array, np.ndarray):
            return array
        return np.asarray(array) if self.place.is_host and not self.traced else None

    def numpy(self) -> np.ndarray:
        """The contents as a numpy array that must not be written to."""
        return np.asarray(self.concrete())

    def __repr__(self):
        state = (
            "absent"
            if self.place.is_meta
            else "pending"
            if self.array is None
            else "traced"
            if self.traced
            else "concrete"
        )
        return f"<{state} {self.aval} on {self.place}>"


permanent: dict[int, Value] = {}


def for_good(value: Value) -> Value:
    """A value that is made once for the whole process, and never becomes another one."""
    permanent[id(value)] = value
    return value


def pending(aval, trace, slot, place):
    value = Value.__new__(Value)
    value.aval, value.trace, value.slot, value.place = aval, trace, slot, place
    value.array = value.replaces = value.holder = None
    value.escaped = value.traced = False
    return value
