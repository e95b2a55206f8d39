"""Devices called cuda: GPUs that JAX finds, or what `JTORCH_CUDA` names. Without any, everything answers as torch built without CUDA."""

from jtorch.creation import TYPES as _TYPES
from jtorch.cuda import amp, jiterator, memory, nvtx, random, streams
from jtorch.cuda.graphs import CUDAGraph, graph, graph_pool_handle, is_current_stream_capturing, make_graphed_callables
from jtorch.cuda.memory import (
    caching_allocator_alloc,
    caching_allocator_delete,
    device_memory_used,
    empty_cache,
    get_per_process_memory_fraction,
    max_memory_allocated,
    max_memory_cached,
    max_memory_reserved,
    mem_get_info,
    memory_allocated,
    memory_cached,
    memory_reserved,
    memory_snapshot,
    memory_stats,
    memory_stats_as_nested_dict,
    memory_summary,
    reset_accumulated_memory_stats,
    reset_max_memory_allocated,
    reset_max_memory_cached,
    reset_peak_memory_stats,
    set_per_process_memory_fraction,
)
from jtorch.cuda.monitoring import (
    clock_rate,
    get_allocator_backend,
    get_sync_debug_mode,
    host_memory_stats,
    host_memory_stats_as_nested_dict,
    list_gpu_processes,
    memory_usage,
    power_draw,
    reset_accumulated_host_memory_stats,
    reset_peak_host_memory_stats,
    set_sync_debug_mode,
    temperature,
    utilization,
)
from jtorch.cuda.properties import (
    can_device_access_peer,
    current_device,
    device,
    device_count,
    device_of,
    get_arch_list,
    get_device_capability,
    get_device_name,
    get_device_properties,
    get_gencode_flags,
    init,
    ipc_collect,
    is_available,
    is_bf16_supported,
    is_initialized,
    is_tf32_supported,
    set_device,
    synchronize,
)
from jtorch.cuda.random import (
    get_rng_state,
    get_rng_state_all,
    initial_seed,
    manual_seed,
    manual_seed_all,
    seed,
    seed_all,
    set_rng_state,
    set_rng_state_all,
)
from jtorch.cuda.streams import (
    Event,
    ExternalStream,
    Stream,
    StreamContext,
    current_stream,
    default_stream,
    set_stream,
    stream,
)
from jtorch.errors import AcceleratorError, OutOfMemoryError
from jtorch.storages import STORAGE_TYPES as _STORAGE_TYPES

has_half, has_magma, default_generators = True, False, ()
globals().update({name.rpartition(".")[2]: kind for name, kind in _TYPES.items() if name.startswith("torch.cuda.")})
globals().update(_STORAGE_TYPES)
