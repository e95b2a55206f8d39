"""Where storages come from and go to: location tags in files, and `map_location`."""

from collections.abc import Callable
from typing import TypeAlias

import jtorch
from jtorch.devices import cuda_devices
from jtorch.storages import TypedStorage, UntypedStorage

__all__ = [
    "default_restore_location",
    "location_tag",
    "register_package",
    "restore_function",
    "validate_cuda_device",
]

MAP_LOCATION: TypeAlias = Callable | jtorch.device | str | dict[str, str] | None  # what `load(map_location=...)` takes

_packages: list[tuple[int, Callable, Callable]] = []


def register_package(priority: int, tagger: Callable, deserializer: Callable) -> None:
    """Add a kind of location: `tagger(storage)` gives the tag written to files, `deserializer(storage, tag)` the storage put there.

    Both return None for what is not theirs; lower priorities are asked first.
    """
    _packages.append((priority, tagger, deserializer))
    _packages.sort(key=lambda package: package[0])


def location_tag(storage) -> str:
    """The tag of the place a storage is at: "cpu", "cuda:0", ..."""
    for _, tagger, _ in _packages:
        tag = tagger(storage)
        if tag:
            return tag
    raise RuntimeError(f"don't know how to determine data location of {_type_name(storage)}")


def default_restore_location(storage, location: str):
    """The storage, at the place that a tag names."""
    for _, _, deserializer in _packages:
        restored = deserializer(storage, location)
        if restored is not None:
            return restored
    raise RuntimeError(f"don't know how to restore data location of {_type_name(storage)} (tagged with {location})")


def restore_function(map_location) -> Callable:
    """`map_location` of `torch.load` (None, string, device, dict of tags, or function) as a function of storage and tag."""
    if map_location is None:
        return default_restore_location
    if isinstance(map_location, dict):
        return lambda storage, location: default_restore_location(storage, map_location.get(location, location))
    if isinstance(map_location, bytes):
        map_location = map_location.decode("ascii")
    if isinstance(map_location, (str, jtorch.device)):
        return lambda storage, location: default_restore_location(storage, str(map_location))

    def restore(storage, location):
        result = map_location(storage, location)
        if result is None:
            return default_restore_location(storage, location)
        if not isinstance(result, (UntypedStorage, TypedStorage)):
            raise TypeError(f"map_location must return a storage or None, got {type(result).__name__}")
        return result

    return restore


def validate_cuda_device(location: str) -> int:
    """The index of a cuda device named by a tag; torch's error where there is none."""
    available = len(cuda_devices())
    if not available:
        raise RuntimeError(
            "Attempting to deserialize object on a CUDA device but torch.cuda.is_available() is False. If you are running on a CPU-only machine, "
            "please use torch.load with map_location=torch.device('cpu') to map your storages to the CPU."
        )
    index = jtorch.device(location).index or 0
    if index >= available:
        raise RuntimeError(
            f"Attempting to deserialize object on CUDA device {index} but torch.cuda.device_count() is {available}. "
            "Please use torch.load with map_location to map your storages to an existing device."
        )
    return index


def _type_name(storage) -> str:
    return f"torch.storage.{type(storage).__name__}"


def _cpu_tag(storage):
    return "cpu" if storage.device.type == "cpu" else None


def _to_cpu(storage, location):
    return storage if location == "cpu" else None


def _device_tag(storage):
    # As for torch-xla, what lives on a TPU is written as a storage of the host.
    return str(storage.device) if storage.device.type == "cuda" else "cpu"


def _to_cuda(storage, location):
    return storage.cuda(validate_cuda_device(location)) if location.partition(":")[0] == "cuda" else None


def _to_device(storage, location):
    return storage.to(location) if location.partition(":")[0] in ("tpu", "xla", "meta") else None


register_package(10, _cpu_tag, _to_cpu)
register_package(20, _device_tag, _to_cuda)
register_package(30, lambda storage: None, _to_device)
