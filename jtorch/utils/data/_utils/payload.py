"""What every worker of a loader is given at its start: dataset, `collate_fn`, `worker_init_fn`.

One pickle for all of them, by value where something is defined in the script itself, and beside it the arrays, in a
file that each worker maps privately.
"""

import io
import mmap
import multiprocessing.context
import os
import threading
from multiprocessing import reduction

import numpy as np

from jtorch.utils.data._utils.shared_memory import anonymous_file
from jtorch.utils.data._utils.transport import ArrayPickler, load

__all__ = ["InheritedDescriptor", "Payload", "load_payload"]

_ALIGNMENT = 64  # bytes; what XLA needs to read an array where it lies


class InheritedDescriptor:
    """A descriptor that a worker got at its start; `detach` gives its number there.

    Stands in for what `multiprocessing` calls a `DupFd`: locks, queues and shared values of the user's are pickled in
    terms of it.
    """

    inherited: list[int] = []  # of this process, if it is a worker

    def __init__(self, place):
        self.place = place

    def detach(self):
        return os.dup(self.inherited[self.place])


class _DescriptorCollector:
    """What `multiprocessing` takes for the starting process while the payload is pickled."""

    DupFd = InheritedDescriptor

    def __init__(self):
        self.descriptors = []

    def duplicate_for_child(self, fd):
        self.descriptors.append(fd)
        return len(self.descriptors) - 1


# A dataset may guard itself with a lock; each worker gets one of its own, as after a fork.
_LOCKS = {type(make()): make for make in (threading.Lock, threading.RLock)}


class _PayloadPickler(ArrayPickler):
    def __init__(self, file):
        super().__init__(file, known={})
        # How locks, queues, connections and shared values are handed to a process that starts.
        self.of_multiprocessing = reduction.ForkingPickler(file).dispatch_table
        self.by_value = []
        self.arrays = []
        self.end = 0

    def reducer_override(self, obj):
        if isinstance(obj, np.memmap):
            mapped = _memory_mapped_file(obj)
            return NotImplemented if mapped is None else mapped
        if type(obj) in _LOCKS:
            return _LOCKS[type(obj)], ()
        if type(obj) in self.of_multiprocessing:
            return self.of_multiprocessing[type(obj)](obj)
        reduced = super().reducer_override(obj)
        if reduced is not NotImplemented and (isinstance(obj, type) or callable(obj)):
            self.by_value.append(obj)
        return reduced

    def place_array(self, obj):
        start = self.end
        strides = np.empty_like(obj, order="K").strides
        self.arrays.append((start, strides, obj))
        self.end += obj.nbytes + -obj.nbytes % _ALIGNMENT
        return start, strides


def _memory_mapped_file(obj):
    """How to map the part of its file that a `numpy.memmap` shows; None if that is not one piece of a named file."""
    if obj.filename is None or obj._mmap is None or obj.mode == "c" or not obj.flags.c_contiguous:
        return None
    start_of_map = np.frombuffer(obj._mmap, np.uint8).__array_interface__["data"][0]
    into_map = obj.__array_interface__["data"][0] - start_of_map
    if not 0 <= into_map <= len(obj._mmap) - obj.nbytes:
        return None
    offset = obj.offset - obj.offset % mmap.ALLOCATIONGRANULARITY + into_map
    mode = "r" if obj.mode == "r" else "r+"
    return np.memmap, (obj.filename, obj.dtype, mode, offset, obj.shape)


class Payload:
    """What every worker of a loader is given, in a file without a name: the arrays, then the pickle."""

    def __init__(self, content):
        buffer = io.BytesIO()
        pickler = _PayloadPickler(buffer)
        collector = _DescriptorCollector()
        multiprocessing.context.set_spawning_popen(collector)
        try:
            # The list is complete by the time the pickler comes to it, and all it names is in the pickle by then.
            pickler.dump((content, pickler.by_value))
        except Exception as error:
            error.add_note(
                "DataLoader workers get the dataset, collate_fn and worker_init_fn by pickling. Open what cannot be "
                "pickled (files, database connections, generators) in worker_init_fn or at first use, or set "
                "num_workers=0."
            )
            raise
        finally:
            multiprocessing.context.set_spawning_popen(None)
        self.known = pickler.by_value
        self.start = pickler.end
        self.size = self.start + buffer.tell()
        self.fd = anonymous_file(self.size)
        with mmap.mmap(self.fd, self.size) as file:
            for start, strides, obj in pickler.arrays:
                np.ndarray(obj.shape, obj.dtype, file, start, strides)[...] = obj
            file[self.start :] = buffer.getbuffer()
        self.descriptors = collector.descriptors

    def close(self):
        os.close(self.fd)


class _PayloadReader:
    def __init__(self, file):
        self.file = file

    def array(self, shape, dtype, start, strides):
        return np.ndarray(shape, dtype, self.file, start, strides)


def load_payload(fd, start, size):
    """The content of a `Payload`, and the classes and functions that came by value.

    The file is mapped copy-on-write: what a worker writes into the dataset's arrays is its own, as after a fork.
    """
    file = mmap.mmap(fd, size, access=mmap.ACCESS_COPY)
    return load(memoryview(file)[start:], _PayloadReader(file))
