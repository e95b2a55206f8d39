"""Memory that a worker writes a batch into and the main process reads it from, without a copy in between.

A segment is a file without a name, mapped by both processes; the kernel frees it with its last user, whatever way the
processes end. A worker keeps a few segments and fills them in turn: fresh pages would cost more than the copy. A
segment may be filled again once no array of the worker and none of the main process lies in it any more; each side
knows that from its `Lease`s.
"""

import mmap
import os

import numpy as np

__all__ = ["Lease", "Segment", "SegmentPool", "anonymous_file", "batch_array"]

# Smaller arrays travel inside the message: that is cheaper than the bookkeeping.
SHARED_FROM_BYTES = 16 * 1024
_GRANULARITY = 64 * 1024
# A free segment much larger than what is asked for stays free, for the next array of its size.
_LARGEST_WASTE = 4
_MOST_FREE = 4


def anonymous_file(size):
    """Descriptor of a file of `size` bytes that has no name."""
    if hasattr(os, "memfd_create"):
        fd = os.memfd_create("jtorch", os.MFD_CLOEXEC)
    else:
        import tempfile

        with tempfile.TemporaryFile() as file:
            fd = os.dup(file.fileno())
    os.ftruncate(fd, size)
    return fd


class Segment:
    """One piece of shared memory, mapped into this process; `number` names it between the two processes."""

    __slots__ = ("address", "mapping", "number", "sent", "size", "taken")

    def __init__(self, number, fd, size):
        self.number = number
        self.size = size
        self.mapping = mmap.mmap(fd, size)
        self.address = np.frombuffer(self.mapping, np.uint8).__array_interface__["data"][0]
        self.taken = False  # an array of this process lies in it
        self.sent = False  # an array of the main process lies in it, or is on its way there


class Lease:
    """What the arrays in a segment hold on to: when the last of them is gone, `release(segment)` is called."""

    __slots__ = ("release", "segment")

    def __init__(self, segment, release):
        self.segment = segment
        self.release = release

    @property
    def __array_interface__(self):
        return {"version": 3, "typestr": "|u1", "shape": (self.segment.size,), "data": (self.segment.address, False)}

    def array(self, shape, dtype, strides=None, offset=0):
        """An array in the segment."""
        return np.ndarray(shape, dtype, buffer=np.asarray(self), offset=offset, strides=strides)

    def __del__(self):
        self.release(self.segment)


class SegmentPool:
    """A worker's segments."""

    def __init__(self):
        self.segments = {}
        self.created = []  # (number, descriptor, size) of segments the main process has not been told of
        self.dropped = []  # numbers of segments it may forget
        self._next_number = 0

    def empty(self, shape, dtype):
        """An array, contents undefined, in a segment of its own."""
        dtype = np.dtype(dtype)
        segment = self._take(int(np.prod(shape, dtype=np.int64)) * dtype.itemsize)
        return Lease(segment, _give_back).array(shape, dtype)

    def place(self, array):
        """Where the main process finds the contents of `array`: (segment number, offset, strides).

        An array that was made by `empty` is sent as it lies. Any other is copied, in the order of its strides.
        """
        address = array.__array_interface__["data"][0]
        segment = self._unsent_segment_at(address)
        if segment is None:
            layout = np.empty_like(array, order="K", subok=False)
            segment = self._take(array.nbytes)
            there = Lease(segment, _give_back).array(array.shape, array.dtype, layout.strides)
            there[...] = array
            address = segment.address
            array = there
        segment.sent = True
        return segment.number, address - segment.address, array.strides

    def take_back(self, numbers):
        """The main process has no more arrays in these segments. Called by the thread that reads its messages."""
        for number in numbers:
            segment = self.segments.get(number)
            if segment is not None:
                segment.sent = False

    def _unsent_segment_at(self, address):
        for segment in self.segments.values():
            if segment.taken and not segment.sent and segment.address <= address < segment.address + segment.size:
                return segment
        return None

    def _take(self, size):
        free = [segment for segment in self.segments.values() if not segment.taken and not segment.sent]
        fitting = [segment for segment in free if size <= segment.size <= max(_GRANULARITY, _LARGEST_WASTE * size)]
        if fitting:
            segment = min(fitting, key=lambda one: one.size)
        else:
            for old in free[:-_MOST_FREE]:
                del self.segments[old.number]
                self.dropped.append(old.number)
            segment = self._create(size + -size % _GRANULARITY)
        segment.taken = True
        return segment

    def _create(self, size):
        fd = anonymous_file(size)
        segment = Segment(self._next_number, fd, size)
        self._next_number += 1
        self.segments[segment.number] = segment
        self.created.append((segment.number, fd, size))
        return segment


def _give_back(segment):
    segment.taken = False


# The pool of this process if it is a worker.
_pool: SegmentPool | None = None


def start_pool():
    """Make this process one that collates into shared memory."""
    global _pool
    _pool = SegmentPool()
    return _pool


def batch_array(shape, dtype):
    """An array for a batch, contents undefined: in shared memory where it will travel, else an ordinary one.

    >>> from jtorch.utils.data._utils.shared_memory import batch_array
    >>> batch_array((2, 3), "float32").shape
    (2, 3)
    """
    if _pool is not None and np.prod(shape, dtype=np.int64) * np.dtype(dtype).itemsize >= SHARED_FROM_BYTES:
        return _pool.empty(shape, dtype)
    return np.empty(shape, dtype)
