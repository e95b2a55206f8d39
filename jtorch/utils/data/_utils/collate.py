"""From a list of samples to a batch.

Samples that live on the host are stacked by numpy, into shared memory when this is a worker process; no JAX
computation is involved.
"""

import re
from collections.abc import Mapping, Sequence

import numpy as np

import jtorch
from jtorch.interop import own_numpy
from jtorch.tensor import Tensor
from jtorch.utils.data._utils.pin_memory import rebuild_mapping, rebuild_sequence
from jtorch.utils.data._utils.shared_memory import batch_array

__all__ = ["collate", "default_collate", "default_collate_fn_map", "default_convert"]

# numpy kinds that no tensor can hold: bytes, strings and objects.
np_str_obj_array_pattern = re.compile(r"[SaUO]")

default_collate_err_msg_format = (
    "default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; found {}"
)
_COLLATE_HELP = "\nPass DataLoader a collate_fn that knows this type, or return one of these types from the dataset."


def default_convert(data):
    """`data` with every numpy array and numpy number in it as a tensor; everything else as it is.

    What a `DataLoader` applies to samples when it makes no batches (`batch_size=None`).

    >>> import numpy as np
    >>> from jtorch.utils.data import default_convert
    >>> default_convert({"x": np.array([0, 1]), "name": "a"})
    {'x': tensor([0, 1]), 'name': 'a'}
    """
    if isinstance(data, Tensor):
        return data
    kind = type(data)
    if kind.__module__ == "numpy" and kind.__name__ != "str_":
        if kind is np.ndarray and np_str_obj_array_pattern.search(data.dtype.str):
            return data
        return jtorch.as_tensor(data)
    if isinstance(data, Mapping):
        return rebuild_mapping(data, {key: default_convert(data[key]) for key in data})
    if isinstance(data, tuple):
        parts = [default_convert(part) for part in data]
        return kind(*parts) if hasattr(data, "_fields") else parts
    if isinstance(data, Sequence) and not isinstance(data, (str, bytes)):
        return rebuild_sequence(data, [default_convert(part) for part in data])
    return data


def collate(batch, *, collate_fn_map=None):
    """Join samples: leaves by the function that `collate_fn_map` names for their class, containers part by part.

    A class that is not in the map takes the function of the first class in the map of which the sample is an
    instance. Each function is called as `function(batch, collate_fn_map=collate_fn_map)`.

    >>> from jtorch.utils.data._utils.collate import collate
    >>> collate([{"n": 1}, {"n": 2}], collate_fn_map={int: lambda batch, *, collate_fn_map: sum(batch)})
    {'n': 3}
    """
    sample = batch[0]
    kind = type(sample)
    if collate_fn_map is not None:
        join = collate_fn_map.get(kind)
        if join is None:
            join = next((collate_fn_map[known] for known in collate_fn_map if isinstance(sample, known)), None)
        if join is not None:
            return join(batch, collate_fn_map=collate_fn_map)
    if isinstance(sample, Mapping):
        return rebuild_mapping(
            sample, {key: collate([one[key] for one in batch], collate_fn_map=collate_fn_map) for key in sample}
        )
    if isinstance(sample, tuple) and hasattr(sample, "_fields"):
        return kind(*(collate(part, collate_fn_map=collate_fn_map) for part in zip(*batch, strict=False)))
    if isinstance(sample, Sequence):
        if any(len(one) != len(sample) for one in batch):
            raise RuntimeError(
                "each element in list of batch should be of equal size\n"
                "Pad the samples to one length, or pass DataLoader a collate_fn that does."
            )
        parts = [collate(part, collate_fn_map=collate_fn_map) for part in zip(*batch, strict=True)]
        return parts if isinstance(sample, tuple) else rebuild_sequence(sample, parts)
    raise TypeError(default_collate_err_msg_format.format(kind) + _COLLATE_HELP)


def collate_tensor_fn(batch, *, collate_fn_map=None):
    """Stack tensors along a new first dimension."""
    sample = batch[0]
    if sample.is_nested or sample.layout != jtorch.strided:
        kind = "nested" if sample.is_nested else "sparse"
        raise RuntimeError(
            f"Batches of {kind} tensors are not currently supported by the default collate_fn; "
            "please provide a custom collate_fn to handle them appropriately."
        )
    arrays = _host_arrays(batch)
    if arrays is None:
        return jtorch.stack(batch, 0)
    return own_numpy(_stack(arrays))


def _host_arrays(batch):
    """The samples as arrays of one shape and dtype, or None if numpy cannot stand in for `jtorch.stack`."""
    arrays = []
    for tensor in batch:
        if type(tensor) is not Tensor or tensor.requires_grad:
            return None
        array = tensor._host_array()
        if array is None:
            return None
        arrays.append(array)
    shape, dtype = arrays[0].shape, arrays[0].dtype
    if any(array.shape != shape or array.dtype != dtype for array in arrays):
        return None
    return arrays


def _stack(arrays):
    shape = arrays[0].shape
    out = batch_array((len(arrays), *shape), arrays[0].dtype)
    if not shape:
        return np.stack(arrays, out=out)
    # Joining along a dimension that is there costs numpy half of what stacking along a new one does.
    np.concatenate(arrays, out=out.reshape(len(arrays) * shape[0], *shape[1:]))
    return out


def collate_numpy_array_fn(batch, *, collate_fn_map=None):
    """Stack arrays along a new first dimension, as a tensor."""
    if np_str_obj_array_pattern.search(batch[0].dtype.str):
        raise TypeError(default_collate_err_msg_format.format(batch[0].dtype) + _COLLATE_HELP)
    return collate([jtorch.as_tensor(array) for array in batch], collate_fn_map=collate_fn_map)


def collate_numpy_scalar_fn(batch, *, collate_fn_map=None):
    """A tensor of numpy numbers."""
    return _tensor_of_numbers(batch, type(batch[0]), type(batch[0]))


def collate_float_fn(batch, *, collate_fn_map=None):
    """A float64 tensor of Python floats."""
    return _tensor_of_numbers(batch, float, np.float64, dtype=jtorch.float64)


def collate_int_fn(batch, *, collate_fn_map=None):
    """An int64 tensor of Python ints, a bool tensor of bools."""
    if type(batch[0]) is bool:
        return _tensor_of_numbers(batch, bool, np.bool_)
    return _tensor_of_numbers(batch, int, np.int64)


def _tensor_of_numbers(batch, kind, numpy_dtype, dtype=None):
    # Numbers all of one class go through numpy, so that the tensor lives on the host. For a mixture (and for an int
    # too large for int64) torch's inference and errors apply.
    if kind is not np.object_ and all(type(number) is kind for number in batch):
        try:
            return own_numpy(np.array(batch, dtype=numpy_dtype))
        except OverflowError:
            return jtorch.tensor(batch, dtype=dtype)
    return jtorch.tensor(batch, dtype=dtype)


def collate_str_fn(batch, *, collate_fn_map=None):
    """Texts stay the list they are."""
    return batch


default_collate_fn_map = {
    Tensor: collate_tensor_fn,
    np.ndarray: collate_numpy_array_fn,
    (np.bool_, np.number, np.object_): collate_numpy_scalar_fn,
    float: collate_float_fn,
    int: collate_int_fn,
    str: collate_str_fn,
    bytes: collate_str_fn,
}


def default_collate(batch):
    """Join a list of samples into a batch with a new first dimension.

    Tensors, numpy arrays and numbers become tensors (Python floats float64, ints int64), texts stay a list, mappings,
    named tuples and sequences are joined part by part (plain tuples give a list). To teach it a class, add a function
    to `jtorch.utils.data._utils.collate.default_collate_fn_map`.

    >>> from jtorch.utils.data import default_collate
    >>> default_collate([(0, {"name": "a"}), (1, {"name": "b"})])
    [tensor([0, 1]), {'name': ['a', 'b']}]
    """
    return collate(batch, collate_fn_map=default_collate_fn_map)
