"""Messages between the main process and a worker: indices one way, batches the other.

They go over a socket; larger arrays lie in shared memory. Classes and functions that the payload carried by value exist
on both sides and are named by their place in it, so that a named tuple made in a worker is, in the main process, of the
script's own class.
"""

import array
import collections
import io
import os
import pickle
import socket
import struct
import threading

import cloudpickle
import numpy as np

import jtorch
from jtorch.interop import own_numpy
from jtorch.utils.data._utils.shared_memory import SHARED_FROM_BYTES, Lease, Segment

__all__ = ["ArrayPickler", "BatchReader", "BatchWriter", "Channel", "dump_index", "load", "load_index"]

_HEADER = struct.Struct("!QI")  # length of a message, number of descriptors that come with it
_MOST_DESCRIPTORS = 64
# When the user holds this many arrays of a worker, further ones are copied: every mapping costs a descriptor.
_MOST_LEASES = 64

# What is being unpickled in this thread: references in the pickle are resolved against it.
_loading = threading.local()


class Channel:
    """A socket that carries messages of bytes and, with them, file descriptors."""

    def __init__(self, endpoint):
        self.socket = endpoint

    def fileno(self):
        return self.socket.fileno()

    def send(self, message, descriptors=()):
        header = _HEADER.pack(len(message), len(descriptors))
        ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))] if descriptors else []
        sent = self.socket.sendmsg([header, message], ancillary) - len(header)
        if sent < len(message):
            self.socket.sendall(memoryview(message)[max(sent, 0) :])

    def receive(self):
        """The next message and its descriptors; `EOFError` when the other side is gone."""
        header, descriptors, _, _ = socket.recv_fds(self.socket, _HEADER.size, _MOST_DESCRIPTORS)
        while len(header) < _HEADER.size:
            more = self.socket.recv(_HEADER.size - len(header))
            if not more:
                raise EOFError
            header += more
        length, _ = _HEADER.unpack(header)
        message = bytearray(length)
        rest = memoryview(message)
        while rest:
            received = self.socket.recv_into(rest)
            if not received:
                raise EOFError
            rest = rest[received:]
        return message, descriptors

    def close(self):
        self.socket.close()


class ArrayPickler(cloudpickle.Pickler):
    """Tensors as numpy arrays; larger arrays wherever `place_array` puts them."""

    def __init__(self, file, known):
        super().__init__(file, protocol=5)
        self.known = known  # id of a class or function -> its place in the payload

    def reducer_override(self, obj):
        if type(obj) is np.ndarray:
            if obj.nbytes >= SHARED_FROM_BYTES and not obj.dtype.hasobject:
                return _array_at, (obj.shape, obj.dtype, *self.place_array(obj))
            return NotImplemented
        if type(obj) is jtorch.Tensor and _fits_numpy(obj):
            return _tensor, (_array_of(obj), obj.requires_grad)
        place = self.known.get(id(obj))
        if place is not None:
            return _known, (place,)
        return super().reducer_override(obj)

    def place_array(self, obj):
        """Put the contents of an array beside the pickle; the arguments with which `_array_at` finds them."""
        raise NotImplementedError


def _fits_numpy(tensor):
    return tensor.layout == jtorch.strided and tensor.device.type != "meta"


def _array_of(tensor):
    if tensor.requires_grad and not tensor.is_leaf:
        raise RuntimeError(
            "Cowardly refusing to serialize non-leaf tensor which requires_grad, since autograd does not support "
            "crossing process boundaries.  If you just want to transfer the data, call detach() on the tensor before "
            "serializing (e.g., putting it on the queue)."
        )
    host = tensor._host_array()
    return tensor._read().numpy() if host is None else host


def _tensor(contents, requires_grad):
    # The memory is this tensor's alone. Dimensions that are permuted in memory stay so: a view of what lies there.
    if contents.flags.c_contiguous:
        tensor = own_numpy(contents)
    else:
        order = sorted(range(contents.ndim), key=lambda dim: -contents.strides[dim])
        tensor = own_numpy(contents.transpose(order)).permute([order.index(dim) for dim in range(contents.ndim)])
    return tensor.requires_grad_() if requires_grad else tensor


def _array_at(shape, dtype, *where):
    return _loading.reader.array(shape, dtype, *where)


def _known(place):
    return _loading.reader.known[place]


def load(pickled, reader):
    """Unpickle what an `ArrayPickler` wrote; `reader` has its arrays and known objects."""
    outer = getattr(_loading, "reader", None)
    _loading.reader = reader
    try:
        return pickle.loads(pickled)
    finally:
        _loading.reader = outer


class BatchWriter(ArrayPickler):
    """Pickles one batch, in a worker."""

    def __init__(self, file, known, pool):
        super().__init__(file, known)
        self.pool = pool
        self.placed = []

    def place_array(self, obj):
        number, offset, strides = self.pool.place(obj)
        self.placed.append(number)
        return number, offset, strides

    @classmethod
    def send(cls, channel, task, batch, known, pool):
        """Send `batch` as the answer to `task`. When it cannot be pickled nothing is sent."""
        buffer = io.BytesIO()
        writer = cls(buffer, known, pool)
        try:
            writer.dump(batch)
        except BaseException:
            pool.take_back(writer.placed)
            raise
        while len(pool.created) > _MOST_DESCRIPTORS:
            cls._send(channel, pool, None, b"")
        cls._send(channel, pool, task, buffer.getbuffer())

    @staticmethod
    def _send(channel, pool, task, pickled):
        created, pool.created = pool.created[:_MOST_DESCRIPTORS], pool.created[_MOST_DESCRIPTORS:]
        dropped, pool.dropped = pool.dropped, []
        segments = [(number, size) for number, _, size in created]
        descriptors = [fd for _, fd, _ in created]
        channel.send(pickle.dumps((task, segments, dropped, pickle.PickleBuffer(pickled)), protocol=5), descriptors)
        for fd in descriptors:
            os.close(fd)


class BatchReader:
    """Unpickles the batches of one worker, in the main process, and remembers which segments may be filled again."""

    def __init__(self, known):
        self.known = known
        self.segments = {}
        self.in_use = set()  # numbers of segments in which arrays lie
        self.released = collections.deque()  # and of those that have become free since the last request

    def receive(self, channel):
        """The next (task, pickled batch) of the worker."""
        task = None
        while task is None:  # such a message only announces segments
            message, descriptors = channel.receive()
            task, segments, dropped, batch = pickle.loads(message)
            for (number, size), fd in zip(segments, descriptors, strict=True):
                self.segments[number] = Segment(number, fd, size)
                os.close(fd)
            for number in dropped:
                del self.segments[number]
        return task, batch

    def load(self, batch):
        """The batch that was pickled."""
        return load(batch, self)

    def request(self, task, index):
        """A message for the worker: a task, and which segments it may fill again."""
        released = [self.released.popleft() for _ in range(len(self.released))]
        return pickle.dumps((task, released, index), protocol=5)

    def array(self, shape, dtype, number, offset, strides):
        lease = Lease(self.segments[number], self._release)
        self.in_use.add(number)
        found = lease.array(shape, dtype, strides, offset)
        return found.copy(order="K") if len(self.in_use) > _MOST_LEASES else found

    def _release(self, segment):
        self.in_use.discard(segment.number)
        self.released.append(segment.number)


class _IndexPickler(ArrayPickler):
    """Arrays stay in the pickle."""

    def reducer_override(self, obj):
        return NotImplemented if type(obj) is np.ndarray else super().reducer_override(obj)


def dump_index(index, known):
    """An index for a worker, as bytes."""
    buffer = io.BytesIO()
    _IndexPickler(buffer, known).dump(index)
    return buffer.getvalue()


class _IndexReader:
    def __init__(self, known):
        self.known = known


def load_index(message, known):
    """What `dump_index` was given."""
    return load(message, _IndexReader(known))
