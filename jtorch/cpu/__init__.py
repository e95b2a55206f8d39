"""torch.cpu: the host as a device, so that code for any device runs on it."""

import contextlib

from jtorch.cpu import amp as amp
from jtorch.cuda.properties import wait


def is_available() -> bool:
    return True


def is_initialized() -> bool:
    return True


def device_count() -> int:
    return 1


def current_device() -> str:
    return "cpu"


def set_device(device) -> None:
    """There is one host: nothing to choose."""


def synchronize(device=None) -> None:
    """Run what was recorded and wait for it."""
    import jax

    wait(jax.devices("cpu")[0])


class Stream:
    """The one queue of the host."""

    def __init__(self, priority: int = -1):
        self.priority = priority

    def wait_stream(self, stream) -> None:
        """Nothing to wait for: there is one queue."""

    def wait_event(self, event) -> None:
        """Nothing to wait for: there is one queue."""

    def record_event(self, event=None) -> "Event":
        return Event() if event is None else event


class Event:
    def query(self) -> bool:
        return True

    def record(self, stream=None) -> None:
        """The host records nothing."""

    def synchronize(self) -> None:
        synchronize()

    def wait(self, stream=None) -> None:
        """Nothing to wait for: there is one queue."""


_stream = Stream()


def current_stream(device=None) -> Stream:
    return _stream


class StreamContext(contextlib.nullcontext):
    """Context that changes nothing: there is one queue."""

    def __init__(self, stream):
        super().__init__()
        self.stream = stream


def stream(stream):
    """Context that changes nothing: there is one queue."""
    return StreamContext(stream)


def get_capabilities() -> dict:
    """What the processor can do, by the names the system has for it: {"avx2": True, ...}; empty where the system does not tell."""
    from pathlib import Path

    listing = Path("/proc/cpuinfo")
    if not listing.is_file():
        return {}
    for line in listing.read_text(encoding="utf-8", errors="replace").splitlines():
        if line.startswith(("flags", "Features")):
            return dict.fromkeys(line.partition(":")[2].split(), True)
    return {}
