"""Streams and events. XLA runs the programs of a device in order, on one stream of its own: every stream here stands for that one."""

import time

from jtorch import devices
from jtorch.cuda.properties import NOT_BUILT, index_of, jax_device, set_device, wait


class Stream:
    """A queue of work on a device. Waiting for another stream needs nothing: all work is in one queue already."""

    def __init__(self, device=None, priority: int = 0, **kwargs):
        if not devices.cuda_devices():
            raise RuntimeError(
                "torch.cuda.Stream requires CUDA support: JAX finds no GPU here; ask torch.cuda.is_available() first"
            )
        self.device = devices.device("cuda", index_of(device))
        self.device_index, self.priority = self.device.index, priority
        self.stream_id = self.cuda_stream = 0

    def synchronize(self) -> None:
        """Wait until the device has finished."""
        wait(jax_device(self.device))

    def query(self) -> bool:
        """Whether all work has finished; asking waits for it."""
        self.synchronize()
        return True

    def is_capturing(self) -> bool:
        """Whether work is being recorded into a CUDA graph: never."""
        return False

    def wait_event(self, event) -> None:
        """Nothing to wait for: what was recorded before is run before."""

    def wait_stream(self, stream) -> None:
        """Nothing to wait for: both streams are one queue."""

    def record_event(self, event=None):
        """Record an event (a new one by default) and return it."""
        event = Event() if event is None else event
        event.record(self)
        return event

    def __eq__(self, other):
        return isinstance(other, Stream) and self.device == other.device

    def __hash__(self):
        return hash(self.device)

    def __repr__(self):
        return f"<torch.cuda.Stream device={self.device} cuda_stream={self.cuda_stream:#x}>"


class ExternalStream:
    def __init__(self, *args, **kwargs):
        raise NotImplementedError("torch.cuda.ExternalStream: XLA owns its streams; use torch.cuda.current_stream()")


class Event:
    """A point in a device's work. With `enable_timing` recording it waits for the device, and time is the host's.

    >>> import jtorch as torch
    >>> if torch.cuda.is_available():
    ...     start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
    """

    def __init__(
        self, enable_timing: bool = False, blocking: bool = False, interprocess: bool = False, external: bool = False
    ):
        if not devices.cuda_devices():
            raise RuntimeError(
                "Tried to instantiate dummy base class Event: JAX finds no GPU here; ask torch.cuda.is_available() first"
            )
        if interprocess:
            raise NotImplementedError("torch.cuda.Event(interprocess=True): events are not shared between processes")
        self._timed, self._moment, self.device = enable_timing, None, None

    def record(self, stream=None) -> None:
        """Note that the work so far belongs before this event."""
        self.device = (stream or current_stream()).device
        if self._timed:
            wait(jax_device(self.device))
        self._moment = time.perf_counter()

    def elapsed_time(self, end_event) -> float:
        """Milliseconds from this event to another."""
        if not (self._timed and end_event._timed):
            raise ValueError("Both events must be created with argument 'enable_timing=True'.")
        if self._moment is None or end_event._moment is None:
            raise ValueError("Both events must be recorded before calculating elapsed time.")
        return (end_event._moment - self._moment) * 1e3

    def synchronize(self) -> None:
        """Wait until the work before this event has finished."""
        if self.device is not None:
            wait(jax_device(self.device))

    def query(self) -> bool:
        """Whether the work before this event has finished; asking waits for it."""
        self.synchronize()
        return True

    def wait(self, stream=None) -> None:
        """Nothing to wait for: what was recorded before is run before."""

    @classmethod
    def from_ipc_handle(cls, device, handle):
        raise NotImplementedError("torch.cuda.Event.from_ipc_handle: events are not shared between processes")

    def ipc_handle(self):
        raise NotImplementedError("torch.cuda.Event.ipc_handle: events are not shared between processes")

    def __repr__(self):
        return "<torch.cuda.Event uninitialized>" if self._moment is None else f"<torch.cuda.Event {id(self):#x}>"


def current_stream(device=None) -> Stream:
    """The stream of a device."""
    if not devices.cuda_devices():
        raise AssertionError(NOT_BUILT)
    return Stream(device)


default_stream = current_stream


def set_stream(stream) -> None:
    """Make the device of a stream the current one."""
    if stream is not None:
        set_device(stream.device)


class StreamContext:
    """Context in which work goes to a stream: its device becomes the current one."""

    def __init__(self, stream):
        self.stream = stream

    def __enter__(self):
        if self.stream is not None:
            self._previous = devices.CURRENT.index
            set_stream(self.stream)

    def __exit__(self, *exc):
        if self.stream is not None:
            devices.CURRENT.index = self._previous


def stream(stream) -> StreamContext:
    """Context in which work goes to a stream; None changes nothing."""
    return StreamContext(stream)
