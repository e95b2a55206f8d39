"""Names of classes and functions inside files: always torch's, whichever module of jtorch they live in."""

import importlib
import pickle
import types

from jtorch import dtypes
from jtorch.compat.names import aliases_of, jtorch_name
from jtorch.storages import STORAGE_TYPES, TypedStorage, UntypedStorage

__all__ = ["StorageType", "find_global", "torch_path", "torch_qualified_name"]

# Where torch's compiled parts keep what jtorch has elsewhere: (module, name) -> (module of jtorch, name or None for the module itself).
MOVED = {
    ("torch._C", "_VariableFunctionsClass"): ("jtorch", None),
    ("torch._C", "TensorBase"): ("jtorch", "Tensor"),
    ("torch._C", "_TensorBase"): ("jtorch", "Tensor"),
    ("torch._C", "Generator"): ("jtorch", "Generator"),
    ("torch._tensor", "_rebuild_from_type_v2"): ("jtorch._utils", "_rebuild_from_type_v2"),
    ("torch.tensor", "_rebuild_from_type_v2"): ("jtorch._utils", "_rebuild_from_type_v2"),
    ("torch.serialization", "_get_layout"): ("jtorch.dtypes", "_layout_from_name"),
    ("torch.tensor", "Tensor"): ("jtorch", "Tensor"),
    ("torch._tensor", "Tensor"): ("jtorch", "Tensor"),
}
MOVED_MODULES = {"torch._C._nn": "jtorch.nn.functional"}

# The other way round, for what torch names differently than by module and public name.
WRITTEN_AS = {
    "_rebuild_from_type_v2": ("torch._tensor", "_rebuild_from_type_v2"),
    "_layout_from_name": ("torch.serialization", "_get_layout"),
}


class StorageType:
    """Stands for `torch.FloatStorage` and its kin while a file is read: only the dtype matters."""

    def __init__(self, name: str):
        self._dtype = STORAGE_TYPES[name].dtype_of_class

    @property
    def dtype(self):
        return self._dtype

    def __str__(self):
        return f"StorageType(dtype={self.dtype})"


def find_global(module: str, name: str):
    """The object of jtorch that a file means by torch's module and name.

    Classes that jtorch keeps in another module than torch are found by their name in the packages above.
    """
    if name in STORAGE_TYPES:
        return StorageType(name)
    if name in ("UntypedStorage", "TypedStorage"):
        return UntypedStorage if name == "UntypedStorage" else TypedStorage
    place, attribute = MOVED.get((module, name), (MOVED_MODULES.get(module) or jtorch_name(module), name))
    first = None
    while place:
        try:
            found = _exactly(place, attribute)
            if first is None or isinstance(found, type):
                return found
        except (ImportError, AttributeError) as error:
            first = first or error
        place = place.rpartition(".")[0]
    raise AttributeError(
        f"Can't get attribute {name!r} on <module {module!r}>: jtorch has no {module}.{name}"
    ) from first


def _exactly(place: str, attribute: str | None):
    found = importlib.import_module(place)
    for part in attribute.split(".") if attribute else ():
        found = getattr(found, part)
    return found


def torch_path(obj) -> tuple[str, str] | None:
    """Torch's module and name of a class, function or constant of jtorch, or None for what is not jtorch's."""
    if isinstance(obj, (dtypes.dtype, dtypes.memory_format)):
        return ("torch", obj.name)
    if not isinstance(obj, (type, types.FunctionType, types.BuiltinFunctionType)):
        return None
    module, name = getattr(obj, "__module__", None) or "", getattr(obj, "__qualname__", "")
    root = module.partition(".")[0]
    if root not in ("jtorch", "torch", "torchvision") or "<" in name:
        return None
    if obj is UntypedStorage or obj is TypedStorage:
        return ("torch.storage", name)
    if name in WRITTEN_AS:
        return WRITTEN_AS[name]
    if name.startswith("_rebuild_"):
        return ("torch._utils", name)
    if root != "jtorch":
        return (module, name)
    for found in (("torch", name), ("torch.nn.functional", name), (aliases_of(module)[-1], name)):
        try:
            if _exactly(jtorch_name(found[0]), name) is obj:
                return found
        except (ImportError, AttributeError):
            continue
    raise pickle.PicklingError(f"Can't pickle {obj!r}: it's not found as {module}.{name}")


def torch_qualified_name(obj) -> str:
    """`module.name` of a class or function, torch's where it is jtorch's."""
    path = torch_path(obj)
    return ".".join(path) if path else f"{obj.__module__}.{obj.__qualname__}"
