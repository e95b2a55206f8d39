"""Which cuda devices there are, which is the current one, and what they can do."""

import functools
from dataclasses import dataclass

from jtorch import devices, engine
from jtorch.errors import AcceleratorError

NOT_BUILT = (
    "Torch not compiled with CUDA enabled: JAX finds no GPU here. Ask torch.cuda.is_available() first, install jtorch-jax[cuda], "
    "or set JTORCH_CUDA=tpu to run on a TPU."
)


def is_available() -> bool:
    """Whether tensors can be put on `cuda`.

    >>> import jtorch as torch
    >>> device = "cuda" if torch.cuda.is_available() else "cpu"
    """
    return bool(devices.cuda_devices())


def device_count() -> int:
    """How many cuda devices there are."""
    return len(devices.cuda_devices())


def is_initialized() -> bool:
    return is_available()


def init() -> None:
    """Start CUDA, which happens by itself; an error where there is none."""
    _demand()


def _demand() -> tuple:
    found = devices.cuda_devices()
    if not found:
        raise AssertionError(NOT_BUILT)
    return found


def index_of(which) -> int:
    """The number of a cuda device given as an int, a string, a `torch.device` or None (the current one)."""
    if isinstance(which, int):
        return which
    if isinstance(which, str):
        which = devices.device(which)
    if isinstance(which, device):
        return which.idx
    if isinstance(which, devices.device):
        if which.type != "cuda":
            raise ValueError(f"Expected a cuda device, but got: {which}")
        which = which.index
    return devices.CURRENT.index if which is None else int(which)


def jax_device(which=None):
    """The JAX device behind a cuda device; torch's error where there is none."""
    found = _demand()
    index = index_of(which)
    if index < 0:  # torch's way of writing "the current one"
        index = devices.CURRENT.index
    if index >= len(found):
        raise AssertionError("Invalid device id")
    return found[index]


def current_device() -> int:
    """The number of the device that `cuda` means in this thread."""
    _demand()
    return devices.CURRENT.index


def set_device(device) -> None:
    """Make `cuda` mean one of the devices in this thread."""
    index = index_of(device)
    if index >= 0:
        if index >= len(_demand()):
            raise AcceleratorError(
                f"CUDA error: invalid device ordinal {index}: there are {device_count()} such devices"
            )
        devices.CURRENT.index = index


class device:
    """Context in which `cuda` means another device.

    >>> import jtorch as torch
    >>> torch.cuda.device("cuda:1").idx
    1
    """

    def __init__(self, device):
        self.idx = index_of(device)
        self.prev_idx = -1

    def __enter__(self):
        if self.idx >= 0:
            _demand()
            self.prev_idx = devices.CURRENT.index
            set_device(self.idx)

    def __exit__(self, *exc):
        if self.idx >= 0:
            devices.CURRENT.index = self.prev_idx
        return False


class device_of(device):
    """Context in which `cuda` means the device of a tensor; a tensor on the CPU changes nothing."""

    def __init__(self, obj):
        self.idx = obj.get_device() if obj.is_cuda else -1
        self.prev_idx = -1


@dataclass(frozen=True)
class _CudaDeviceProperties:
    """What is known of a device. `total_memory` is what JAX may allocate of it."""

    name: str
    major: int
    minor: int
    total_memory: int
    multi_processor_count: int
    is_integrated: bool = False
    is_multi_gpu_board: bool = False
    warp_size: int = 32

    def __repr__(self):
        return (
            f"_CudaDeviceProperties(name='{self.name}', major={self.major}, minor={self.minor}, "
            f"total_memory={self.total_memory >> 20}MB, multi_processor_count={self.multi_processor_count})"
        )


def get_device_properties(device=None) -> _CudaDeviceProperties:
    """Name, compute capability, memory and number of processors of a device."""
    found = jax_device(device)
    major, minor = _capability(found)
    memory = (found.memory_stats() or {}).get("bytes_limit", 0)
    return _CudaDeviceProperties(found.device_kind, major, minor, memory, getattr(found, "core_count", 1) or 1)


@functools.cache
def _capability(found) -> tuple[int, int]:
    version = getattr(found, "compute_capability", None)
    if version is None:
        # A TPU that stands in for cuda: programs ask for the number to learn whether bfloat16 is fast, which holds from 8.0 on.
        return (8, 0)
    major, _, minor = str(version).partition(".")
    return int(major), int(minor or 0)


def get_device_name(device=None) -> str:
    return get_device_properties(device).name


def get_device_capability(device=None) -> tuple[int, int]:
    """Compute capability of a device, as (major, minor)."""
    return _capability(jax_device(device))


def get_arch_list() -> list[str]:
    """Architectures that can be run on: XLA compiles for the one that is there."""
    return sorted({f"sm_{major}{minor}" for major, minor in map(_capability, devices.cuda_devices())})


def get_gencode_flags() -> str:
    """Flags with which CUDA code would be compiled for these architectures."""
    return " ".join(f"-gencode compute=compute_{arch[3:]},code={arch}" for arch in get_arch_list())


def can_device_access_peer(device, peer_device) -> bool:
    """Whether two devices copy to each other directly: those of one process do."""
    first, second = jax_device(device), jax_device(peer_device)
    return first is not second


def is_bf16_supported(including_emulation: bool = True) -> bool:
    """Whether the current device computes in bfloat16; XLA emulates it where the hardware does not."""
    if not is_available():
        return False
    return including_emulation or get_device_capability()[0] >= 8


def is_tf32_supported() -> bool:
    return is_available() and get_device_capability()[0] >= 8


def synchronize(device=None) -> None:
    """Run what was recorded and wait until the device has finished."""
    wait(jax_device(device))


def wait(found) -> None:
    """Run what this thread recorded and wait for every array on a JAX device."""
    import jax

    engine.cut()
    jax.block_until_ready([a for a in jax.live_arrays() if found in a.devices()])


def ipc_collect() -> None:
    """Nothing to do: no memory is shared with other processes."""
    _demand()
