"""torch.accelerator: the accelerator JAX has here, whatever it is called."""

import warnings

from jtorch import devices

_NONE = "Cannot access accelerator device when none is available."


def _names() -> tuple[str, tuple]:
    """What the accelerator is called, and its JAX devices."""
    if devices.cuda_devices():
        return "cuda", devices.cuda_devices()
    return devices.accelerator() or "", devices.accelerator_devices()


def is_available() -> bool:
    """Whether there is an accelerator.

    >>> import jtorch as torch
    >>> device = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else "cpu"
    """
    return bool(_names()[1])


def device_count() -> int:
    """How many accelerators there are."""
    return len(_names()[1])


def current_accelerator(check_available: bool = False) -> devices.device | None:
    """The kind of accelerator, as a device without an index; None where there is none."""
    name, found = _names()
    return devices.device(name) if found else None


def _demand() -> tuple[str, tuple]:
    name, found = _names()
    if not found:
        raise RuntimeError(_NONE)
    return name, found


def current_device_index() -> int:
    """The number of the accelerator that this thread uses."""
    _demand()
    return devices.CURRENT.index


def current_device_idx() -> int:
    """Deprecated: use `current_device_index`."""
    warnings.warn("Use `current_device_index` instead.", FutureWarning, stacklevel=2)
    return current_device_index()


def _index(device) -> int:
    if device is None:
        return devices.CURRENT.index
    if isinstance(device, int):
        return device
    device = devices.device(device)
    name = _demand()[0]
    if device.type != name:
        raise ValueError(f"{device.type} doesn't match the current accelerator {name}.")
    return devices.CURRENT.index if device.index is None else device.index


def set_device_index(device) -> None:
    """Make another accelerator the one this thread uses."""
    index = _index(device)
    if index >= 0:
        if index >= len(_demand()[1]):
            raise RuntimeError(f"invalid device ordinal {index}: there are {device_count()} accelerators")
        devices.CURRENT.index = index


def set_device_idx(device) -> None:
    """Deprecated: use `set_device_index`."""
    warnings.warn("Use `set_device_index` instead.", FutureWarning, stacklevel=2)
    set_device_index(device)


class device_index:
    """Context in which another accelerator is the one this thread uses; None changes nothing."""

    def __init__(self, device):
        self.idx = device

    def __enter__(self):
        if self.idx is not None:
            _demand()
            self._previous = devices.CURRENT.index
            set_device_index(self.idx)

    def __exit__(self, *exc):
        if self.idx is not None:
            devices.CURRENT.index = self._previous


def _jax_device(device):
    found = _demand()[1]
    index = _index(device)
    if index >= len(found):
        raise RuntimeError(f"invalid device ordinal {index}: there are {len(found)} accelerators")
    return found[index]


def synchronize(device=None) -> None:
    """Run what was recorded and wait until the device has finished."""
    from jtorch.cuda.properties import wait

    wait(_jax_device(device))


def current_stream(device=None):
    """The stream of the device: XLA has one per device."""
    name, _ = _demand()
    if name != "cuda":
        raise NotImplementedError(
            f"torch.accelerator.current_stream: streams belong to cuda devices, not to {name}; use synchronize()"
        )
    from jtorch.cuda.streams import Stream

    return Stream(_index(device))


def set_stream(stream) -> None:
    """Make the device of a stream the one this thread uses."""
    set_device_index(stream.device)


def memory_allocated(device=None) -> int:
    """Bytes that arrays occupy now, as JAX counts."""
    return _counts(device).get("bytes_in_use", 0)


def max_memory_allocated(device=None) -> int:
    """The most bytes that arrays have occupied."""
    return _counts(device).get("peak_bytes_in_use", 0)


def memory_reserved(device=None) -> int:
    """Bytes that the allocator holds, occupied or not."""
    return _counts(device).get("pool_bytes", 0) or memory_allocated(device)


def memory_stats(device=None) -> dict:
    """What JAX counts of the device's memory, under JAX's names."""
    return dict(_counts(device))


def get_memory_info(device=None) -> tuple[int, int]:
    """Free and total bytes of what JAX may allocate."""
    counts = _counts(device)
    total = counts.get("bytes_limit", 0)
    return total - counts.get("bytes_in_use", 0), total


def empty_cache() -> None:
    """Nothing to give back: freed arrays return to JAX's allocator."""
    _demand()


def _counts(device) -> dict:
    from jtorch import engine

    found = _jax_device(device)
    engine.cut()
    return found.memory_stats() or {}


def max_memory_reserved(device=None) -> int:
    """The most bytes that the allocator has held."""
    return _counts(device).get("peak_pool_bytes", 0) or memory_reserved(device)


def reset_peak_memory_stats(device=None) -> None:
    """JAX's peak is of the whole run, and cannot be reset for accelerators that are not cuda."""
    name, _ = _demand()
    if name != "cuda":
        raise NotImplementedError(f"torch.accelerator.reset_peak_memory_stats: JAX cannot reset the peak of {name}")
    from jtorch.cuda.memory import reset_peak_memory_stats as reset

    reset(_index(device))


def reset_accumulated_memory_stats(device=None) -> None:
    """Nothing to reset: JAX keeps no accumulated counts."""
    _demand()


def empty_host_cache() -> None:
    """Nothing to give back: no host memory is pinned."""
    _demand()


def get_device_capability(device=None) -> dict:
    """What the accelerator computes with: its dtypes."""
    from jtorch import dtypes

    _jax_device(device)
    return {"supported_dtypes": set(dtypes.BY_NAME.values()) - {dtypes.complex32}}
