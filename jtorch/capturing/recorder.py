"""One call that is recorded: the function runs on stand-ins, and what it has changed is noted."""

import collections
import dataclasses
import struct
import sys

from jtorch import casting
from jtorch.autograd.mode import STATE
from jtorch.engine import Recording, Replay

from .reachable import PACKAGE, Reached
from .recorded import CaptureError, Complaint, Recorded, made_of_tensors, name_of, same_contents


class Recorder:
    """Before, during and after: `run`, then `finish`, then one of `restore` (the program will do it), `run_once` (it has happened) and `undo`."""

    def __init__(self, fn, reached: Reached, arguments: list, views=(), given=()):
        self.fn, self.reached, self.views = fn, reached, views
        self.given = given
        self.tensors = [*reached.tensors, *arguments]
        self.storages = list({id(t._storage): t._storage for t in self.tensors}.values())
        self.before = [(storage, storage.read(), storage.alias) for storage in self.storages]
        places = [value.place for _, value, _ in self.before]
        self.place = next((place for place in places if not place.is_host), places[0])
        self.recording = Recording(self.place, self._refuse)

    def _refuse(self):
        raise CaptureError(
            f"jtorch.capture({name_of(self.fn)}): Python looks at what a tensor contains{_user_line()}, and while a function is recorded its tensors have no "
            "contents. Return the tensor and look at it outside, or use jtorch.where, jtorch.cond, jtorch.while_loop or jtorch.scan."
        )

    def run(self, args, kwargs):
        for _, value, _ in self.before:
            value.concrete()
        self.handles = [
            (t, t._storage, t._counter, t._counter.version, t._grad, t._node, t._requires) for t in self.tensors
        ]
        self.slots = [(slot, slot.get()) for slot in self.reached.slots]
        self.containers = [(container, _copy(container)) for container in _containers(self.given)]
        self.lengths = list(map(len, self.reached.sized))
        self.numbers = [(slot, option := slot.get(), _own_objects(option)) for slot, _ in self.reached.numbers]
        STATE.capturing = True
        try:
            with self.recording.making(), casting.restored(casting.snapshot()):
                for storage, value, _ in self.before:
                    if value.place is self.place:
                        storage.value, storage.alias = self.recording.lift(value), None
                        storage.writes += 1  # views that were read before are read anew
                for slot, _, own in self.numbers:
                    slot.set(own)
                return self.fn(*args, **kwargs)
        except BaseException as error:
            self.undo(error)
            raise
        finally:
            STATE.capturing = False
            for slot, option, own in self.numbers:
                if slot.get() is own:
                    slot.set(option)

    def finish(self, result) -> Recorded:
        """What was recorded; raises `Complaint`."""
        try:
            with self.recording.making():
                return Recorded(self, result)
        except Complaint:
            raise
        except BaseException as error:
            self.undo(error)
            raise

    def restore(self) -> None:
        """Tensors and what holds them as they were before the call: the program repeats what was done to them."""
        for storage, value, alias in self.before:
            storage.value, storage.alias = value, alias
            storage.writes += 1
        for tensor, storage, counter, version, grad, node, requires in self.handles:
            counter.version = version
            tensor._storage, tensor._counter, tensor._requires, tensor._node = storage, counter, requires, node
            tensor._aval = storage.value.aval if tensor._chain is None else tensor._aval
            tensor._grad = grad
        for container, before in self.containers:
            if not same_contents(container, before):
                container.clear()
                container.update(before) if isinstance(container, dict) else container.extend(before)
        for slot, thing in self.slots:
            if slot.get() is not thing and made_of_tensors(slot.get()):
                slot.set(thing)

    def undo(self, why) -> None:
        """The same, where no program will follow."""
        self.restore()
        self.recording.abandon(why if isinstance(why, BaseException) else CaptureError(str(why)))

    def run_once(self, result):
        """Run what was recorded: Python has done its part already."""
        recording, alive = self.recording, self.recording.alive()
        written = [storage.value for storage, _, _ in self.before]
        replay = Replay(recording, sorted(alive))
        values = [recording.inputs[number] for number in replay.used]
        replay.check(values)
        arrays = replay.run(values, replay.words(), False)
        for storage, value, alias in self.before:
            storage.value, storage.alias = value, alias
        recording.deliver(dict(zip(sorted(alive), arrays, strict=True)))
        for (storage, value, _), new in zip(self.before, written, strict=True):
            storage.writes += 1
            if new is not recording.lifted.get(id(value), value):
                storage.write(new)
        return result


def _containers(thing):
    """Lists and dictionaries among arguments, those of dataclasses included."""
    if dataclasses.is_dataclass(thing) and not isinstance(thing, type):
        thing = getattr(thing, "__dict__", None) or {}
    if isinstance(thing, collections.UserDict):
        thing = thing.data
    if isinstance(thing, (list, dict)):
        yield thing
    if isinstance(thing, (list, tuple, dict)):
        for item in thing.values() if isinstance(thing, dict) else thing:
            yield from _containers(item)


def _copy(container):
    return dict(container) if isinstance(container, dict) else list(container)


def _own_objects(option):
    """The same numbers as objects that nobody else has, so that they are known again among the recorded ones."""
    if type(option) is tuple:
        return tuple(map(_own_objects, option))
    return struct.unpack("d", struct.pack("d", option))[0]


def _user_line() -> str:
    frame = sys._getframe(1)
    while frame is not None:
        file = frame.f_code.co_filename
        if not file.startswith((PACKAGE, "<frozen")):
            return f" (in {frame.f_code.co_name}, {file}:{frame.f_lineno})"
        frame = frame.f_back
    return ""
