"""Temperature, power and load of GPUs, which NVIDIA's management library knows (the package nvidia-ml-py), and memory pinned on the host."""

import collections
from typing import Any

from jtorch.cuda.properties import index_of


def _handle(device) -> tuple[Any, Any]:
    try:
        import pynvml
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "nvidia-ml-py does not seem to be installed or it can't be imported.", name="pynvml"
        ) from error
    pynvml.nvmlInit()
    return pynvml, pynvml.nvmlDeviceGetHandleByIndex(index_of(device))


def temperature(device=None) -> int:
    """Of the GPU, in degrees Celsius."""
    library, handle = _handle(device)
    return library.nvmlDeviceGetTemperature(handle, 0)


def power_draw(device=None) -> int:
    """Of the GPU, in milliwatts."""
    library, handle = _handle(device)
    return library.nvmlDeviceGetPowerUsage(handle)


def clock_rate(device=None) -> int:
    """Of the GPU's processors, in MHz."""
    library, handle = _handle(device)
    return library.nvmlDeviceGetClockInfo(handle, 1)


def utilization(device=None) -> int:
    """Per cent of the last sample in which a kernel ran."""
    library, handle = _handle(device)
    return library.nvmlDeviceGetUtilizationRates(handle).gpu


def memory_usage(device=None) -> int:
    """Per cent of the last sample in which memory was read or written."""
    library, handle = _handle(device)
    return library.nvmlDeviceGetUtilizationRates(handle).memory


def list_gpu_processes(device=None) -> str:
    """The processes on a GPU and the memory they hold."""
    try:
        library, handle = _handle(device)
    except ModuleNotFoundError:
        return "pynvml module not found, please install nvidia-ml-py"
    rows = [f"GPU:{index_of(device)}"]
    processes = library.nvmlDeviceGetComputeRunningProcesses(handle)
    rows += [f"process {p.pid:>10d} uses {p.usedGpuMemory / 2**20:>12.3f} MB GPU memory" for p in processes]
    return "\n".join(rows if processes else [*rows, "no processes are running"])


def host_memory_stats() -> dict[str, Any]:
    """Counts of pinned host memory: none is kept."""
    return collections.OrderedDict()


def host_memory_stats_as_nested_dict() -> dict[str, Any]:
    return {}


def reset_peak_host_memory_stats() -> None:
    """Nothing to reset."""


def reset_accumulated_host_memory_stats() -> None:
    """Nothing to reset."""


_sync_debug_mode = [0]
_MODES = ("default", "warn", "error")


def set_sync_debug_mode(debug_mode: int | str) -> None:
    """Whether to warn of operations that wait for the device. Kept and without effect: JTORCH_LOG says when programs are run."""
    if isinstance(debug_mode, str):
        if debug_mode not in _MODES:
            raise RuntimeError("invalid value of debug_mode, expected one of `default`, `warn`, `error`")
        debug_mode = _MODES.index(debug_mode)
    _sync_debug_mode[0] = debug_mode


def get_sync_debug_mode() -> int:
    return _sync_debug_mode[0]


def get_allocator_backend() -> str:
    """What allocates device memory: XLA's allocator, under the name that torch's own has."""
    return "native"
