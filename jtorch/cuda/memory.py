"""Memory of cuda devices, as JAX's allocator counts it; 0 where there is no device or no count.

JAX takes most of a GPU at the start (`XLA_PYTHON_CLIENT_PREALLOCATE=false` changes that), so *reserved* is large from the beginning. Its peak cannot be
reset: after `reset_peak_memory_stats` a lower peak is known only where somebody looked.
"""

import collections
import warnings

from jtorch import devices, engine
from jtorch.cuda.properties import index_of, jax_device

# device number -> [peak of the allocator at the reset, highest count seen since]
_resets: dict[int, list[int]] = {}


def _counts(device) -> dict:
    """The allocator's numbers; empty where there are none."""
    if not devices.cuda_devices():
        return {}
    engine.cut()
    return jax_device(device).memory_stats() or {}


def memory_allocated(device=None) -> int:
    """Bytes that arrays occupy now."""
    return _counts(device).get("bytes_in_use", 0)


def max_memory_allocated(device=None) -> int:
    """The most bytes that arrays have occupied, since the start or the last reset."""
    counts = _counts(device)
    peak, now = counts.get("peak_bytes_in_use", 0), counts.get("bytes_in_use", 0)
    reset = _resets.get(index_of(device)) if counts else None
    if reset is None or peak > reset[0]:
        return peak
    reset[1] = max(reset[1], now)
    return reset[1]


def reset_peak_memory_stats(device=None) -> None:
    """Start counting the peak anew."""
    counts = _counts(device)
    if counts:
        _resets[index_of(device)] = [counts.get("peak_bytes_in_use", 0), counts.get("bytes_in_use", 0)]


def memory_reserved(device=None) -> int:
    """Bytes that the allocator holds, occupied or not."""
    counts = _counts(device)
    return counts.get("pool_bytes", counts.get("bytes_reserved", 0)) or counts.get("bytes_in_use", 0)


def max_memory_reserved(device=None) -> int:
    counts = _counts(device)
    return counts.get("peak_pool_bytes", 0) or memory_reserved(device)


def mem_get_info(device=None) -> tuple[int, int]:
    """Free and total bytes of what JAX may allocate."""
    counts = jax_device(device).memory_stats() or {}
    total = counts.get("bytes_limit", 0)
    return total - counts.get("bytes_in_use", 0), total


def device_memory_used(device=None) -> int:
    free, total = mem_get_info(device)
    return total - free


def empty_cache() -> None:
    """Nothing to give back: freed arrays return to JAX's allocator, which keeps its share of the device."""


def memory_stats(device=None) -> dict:
    """The counts under torch's names, as far as JAX keeps them."""
    if not devices.cuda_devices():
        return collections.OrderedDict()
    counts = _counts(device)
    stats = {
        "allocated_bytes.all.current": counts.get("bytes_in_use", 0),
        "allocated_bytes.all.peak": max_memory_allocated(device),
        "allocation.all.current": counts.get("num_allocs", 0),
        "num_alloc_retries": 0,
        "num_ooms": 0,
        "reserved_bytes.all.current": memory_reserved(device),
        "reserved_bytes.all.peak": max_memory_reserved(device),
    }
    return collections.OrderedDict(stats)


def memory_stats_as_nested_dict(device=None) -> dict:
    nested: dict = {}
    for name, count in memory_stats(device).items():
        *path, last = name.split(".")
        place = nested
        for part in path:
            place = place.setdefault(part, {})
        place[last] = count
    return nested


def memory_summary(device=None, abbreviated: bool = False) -> str:
    """The counts as a table."""
    rows = [f"{name:<32}{count:>20,}" for name, count in memory_stats(device).items()]
    return "\n".join([f"memory of cuda:{index_of(device)}, in bytes", *rows])


def memory_snapshot(*args, **kwargs):
    raise NotImplementedError(
        "torch.cuda.memory_snapshot: JAX's allocator has no list of blocks; use memory_stats(), or "
        "jax.profiler.save_device_memory_profile(path)"
    )


def set_per_process_memory_fraction(fraction: float, device=None) -> None:
    raise NotImplementedError(
        "torch.cuda.set_per_process_memory_fraction: set XLA_PYTHON_CLIENT_MEM_FRACTION before the first computation"
    )


def get_per_process_memory_fraction(device=None) -> float:
    raise NotImplementedError("torch.cuda.get_per_process_memory_fraction: see XLA_PYTHON_CLIENT_MEM_FRACTION")


def caching_allocator_alloc(size, device=None, stream=None):
    raise NotImplementedError("torch.cuda.caching_allocator_alloc: memory is JAX's; make a tensor of uint8 instead")


def caching_allocator_delete(mem_ptr) -> None:
    raise NotImplementedError("torch.cuda.caching_allocator_delete: memory is JAX's; delete the tensor instead")


def _renamed(name: str, other) -> None:
    warnings.warn(f"`torch.cuda.{name}` has been renamed to `torch.cuda.{other.__name__}`", FutureWarning, stacklevel=3)


def memory_cached(device=None) -> int:
    """Deprecated: use `memory_reserved`."""
    _renamed("memory_cached", memory_reserved)
    return memory_reserved(device)


def max_memory_cached(device=None) -> int:
    """Deprecated: use `max_memory_reserved`."""
    _renamed("max_memory_cached", max_memory_reserved)
    return max_memory_reserved(device)


def _resets_all(name: str) -> None:
    warnings.warn(
        f"torch.cuda.{name} now calls torch.cuda.reset_peak_memory_stats, which resets /all/ peak memory stats.",
        FutureWarning,
        stacklevel=3,
    )


def reset_max_memory_allocated(device=None) -> None:
    """Deprecated: use `reset_peak_memory_stats`."""
    _resets_all("reset_max_memory_allocated")
    reset_peak_memory_stats(device)


def reset_max_memory_cached(device=None) -> None:
    """Deprecated: use `reset_peak_memory_stats`."""
    _resets_all("reset_max_memory_cached")
    reset_peak_memory_stats(device)


def reset_accumulated_memory_stats(device=None) -> None:
    """Nothing to reset: JAX keeps no accumulated counts."""
