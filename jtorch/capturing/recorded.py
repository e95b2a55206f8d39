"""What a recorded call does: its program, and what has to be done to Python's objects with the results."""

from operator import is_

import numpy as np

import jtorch
from jtorch.engine import Replay
from jtorch.tensor import Tensor

from .gradients import Forward
from .results import Template, flatten


class CaptureError(RuntimeError):
    """A function does what a program without Python cannot do: the message says what, and where."""


def name_of(fn) -> str:
    owner = getattr(fn, "__self__", None)
    return (
        type(owner).__name__
        if isinstance(owner, jtorch.nn.Module)
        else getattr(fn, "__qualname__", None) or type(fn).__name__
    )


class Complaint(Exception):
    """What was recorded is right for this call, and cannot be repeated without Python. `where` it has left its mark tells complaints apart."""

    def __init__(self, where, text):
        super().__init__(text)
        self.where = where


class Recorded:
    """Everything by number: of the walk's tensors and slots, of arguments after those tensors, of storages in the order in which these look at them.

    `results` of the program are first those that take the place of inputs, then the rest; `written`, `new` and `adopted` say where they go.
    """

    def __init__(self, recorder, result):
        self.confirmed = False
        self.recording = recording = recorder.recording
        self._number = {id(tensor): i for i, tensor in enumerate(recorder.tensors)}
        self._storage_number = {id(storage): i for i, storage in enumerate(recorder.storages)}
        self._new = {}  # id -> (number, storage): storages that the function has made
        self.inputs = [
            -1 - recording.lifted[id(value)].slot if id(value) in recording.lifted else None
            for _, value, _ in recorder.before
        ]
        _refuse_marks(recorder)
        for prim, value in recording.strangers():
            raise CaptureError(
                f"jtorch.capture({name_of(recorder.fn)}): {prim.name} is given a tensor of shape {list(value.aval.shape)} that capture does not find from the function: it looks "
                "through arguments, closures, globals and attributes by name. Give it as an argument"
            )

        found: list[Tensor] = []
        self.build = flatten(result, found)
        if self.build is None:
            raise Complaint(
                "result",
                f"it returns {type(result).__name__}: return tensors, numbers, and lists, tuples and dicts of them",
            )
        outs = list(
            {id(t): t for t in found if t.requires_grad and id(t) not in self._number and _may_run(t.grad_fn)}.values()
        )
        self.outs = {id(tensor): i for i, tensor in enumerate(outs)}
        self.returned = [self._describe(tensor) for tensor in found]
        self.slots = []
        for i, (slot, thing) in enumerate(recorder.slots):
            if slot.get() is not thing:
                leaves: list[Tensor] = []
                build = flatten(slot.get(), leaves)
                self.slots.append((i, build, [self._describe(tensor) for tensor in leaves]))
        self.grads = []
        for i, (tensor, _, _, _, grad, _, _) in enumerate(recorder.handles):
            if tensor._grad is not grad:
                self.grads.append((i, None if tensor._grad is None else self._describe(tensor._grad)))
        self.adopted = [
            (i, self._describe(tensor, new=True))
            for i, (tensor, storage, *_) in enumerate(recorder.handles)
            if tensor._storage is not storage
        ]
        self.versions = {}
        for i, (_, _, counter, version, *_) in enumerate(recorder.handles):
            if counter.version != version:
                self.versions.setdefault(id(counter), (i, counter.version - version))
        self.versions = list(self.versions.values())
        written = []
        for i, (storage, value, _) in enumerate(recorder.before):
            now = storage.value
            if now is not recording.lifted.get(id(value), value):
                if id(storage) in recorder.views:
                    raise CaptureError(
                        f"jtorch.capture({name_of(recorder.fn)}): it writes to an argument that is a view of another tensor; give it that one"
                    )
                written.append((i, recording.operand(now)))
        self.new = [(recording.operand(storage.value), storage.strides) for _, storage in self._new.values()]
        self.forward = None
        held = [(slot, slot.get()) for slot, _ in recorder.slots]
        if self.outs:
            others = list(dict.fromkeys([*(slot for _, slot in written), *(slot for slot, _ in self.new)]))
            self.forward = Forward(
                name_of(recorder.fn).rpartition(".")[2].strip("<>"),
                recording,
                recorder.tensors,
                [self.inputs[self._storage_number[id(storage)]] for _, storage, *_ in recorder.handles],
                outs,
                others,
            )
            self.replay = self.forward.replay
            self._number_results({slot: len(outs) + i for i, slot in enumerate(others)}, written)
            if any(slot.get() is not now for slot, now in held):
                raise Complaint(
                    "backward hook",
                    "a hook of its backward pass leaves something in an attribute; capture the whole step, with backward",
                )
        else:
            self._arrange(recorder, written)
        looking = {id(storage): i for i, (_, storage, *_) in reversed(list(enumerate(recorder.handles)))}
        self.holders = [[i for i, number in enumerate(self.inputs) if number == used] for used in self.replay.used]
        self.operands = [looking[id(recorder.storages[holders[0]])] for holders in self.holders]
        self.numbers = []
        own = {}
        for i, (_, _, option) in enumerate(recorder.numbers):
            for k, number in enumerate(option if type(option) is tuple else (option,)):
                own[id(number)] = (i, k)
        for entry, (_, _, numbers, _) in enumerate(self.replay.entries):
            for position, number in enumerate(numbers):
                if id(number) in own:
                    self.numbers.append((entry, position, *own[id(number)]))
        del self.recording, self.outs, self._number, self._storage_number, self._new

    def _describe(self, tensor, new=False):
        """A tensor that was there by its number, another one as (template, whether its storage is new, number of the storage); a differentiable result has None and its number."""
        if id(tensor) in self.outs:
            return Template(tensor, whole=True), None, self.outs[id(tensor)]
        known = self._number.get(id(tensor))
        if known is not None and not new:
            return known
        storage = tensor._storage
        there = self._storage_number.get(id(storage))
        if there is not None:
            return Template(tensor), False, there
        return Template(tensor), True, self._new.setdefault(id(storage), (len(self._new), storage))[0]

    def _arrange(self, recorder, written):
        """Choose which results take the buffers of which inputs, and number the results."""
        holders = {}
        for i, number in enumerate(self.inputs):
            if number is not None:
                holders.setdefault(number, []).append(i)
        slot_of = dict(written)
        pairs, taken = [], set()
        for number, storages in holders.items():
            slots = {slot_of.get(i) for i in storages}
            slot = slots.pop() if len(slots) == 1 else None
            if slot is None or slot in taken or slot < 0:
                continue
            value = recorder.storages[storages[0]].value
            if value.aval is recorder.before[storages[0]][1].aval and recorder.before[storages[0]][2] is None:
                pairs.append((number, slot))
                taken.add(slot)
        recording = self.recording
        used = {-1 - o for _, operands, *_ in recording.entries for o in operands if o < 0}
        pairs = [pair for pair in pairs if pair[0] in used]
        slots = [slot for _, slot in pairs]
        position = {slot: i for i, slot in enumerate(slots)}
        for slot in (*(slot for _, slot in written), *(slot for slot, _ in self.new)):
            if slot not in position:
                position[slot] = len(slots)
                slots.append(slot)
        self.replay = Replay(recording, slots, tuple(number for number, _ in pairs))
        self.avals = [_aval_of(recording, slot) for slot in slots]
        self._number_results(position, written)

    def _number_results(self, position, written):
        self.written = [(i, position[slot]) for i, slot in written]
        self.new = [(position[slot], strides) for slot, strides in self.new]

    def kept_tensors(self) -> set:
        """Numbers of the tensors that were there, and are returned or put somewhere."""
        parts = [*self.returned, *(part for _, part in self.adopted), *(part for _, part in self.grads)]
        parts += [part for _, _, in_slot in self.slots for part in in_slot]
        return {part for part in parts if part.__class__ is int}

    def difference(self, other) -> str | None:
        """What another recording of the same call did otherwise."""
        mine, theirs = self.replay, other.replay
        inputs = {(entry, position) for entry, position, *_ in self.numbers}
        for entry, (one, two) in enumerate(zip(mine.entries, theirs.entries, strict=False)):
            (prim, operands, numbers, _), (prim2, operands2, numbers2, _) = one, two
            if prim is not prim2 or operands != operands2:
                return f"{prim} was recorded, then {prim2} in its place"
            if any(
                a != b and (a == a or b == b) and (entry, position) not in inputs
                for position, (a, b) in enumerate(zip(numbers, numbers2, strict=True))
            ):
                return f"{prim} was given {numbers}, then {numbers2}: a number that Python made anew, at random or by the clock?"
        if len(mine.entries) != len(theirs.entries):
            return f"{len(mine.entries)} operations were recorded, then {len(theirs.entries)}"
        for a, b in zip(mine.constants, theirs.constants, strict=True):
            if a is not b and (
                a.aval is not b.aval or not np.array_equal(a.numpy(), b.numpy(), equal_nan=a.aval.dtype.priority >= 2)
            ):
                return f"data of shape {list(a.aval.shape)} that Python made was not the same: at random, or from an iterator? Give it as an argument"
        if (mine.results, self.written, self.new, self.grads.__len__(), len(self.slots)) != (
            theirs.results,
            other.written,
            other.new,
            len(other.grads),
            len(other.slots),
        ):
            return "what was written or returned"
        return None


def _refuse_marks(recorder):
    for slot, thing in recorder.slots:
        now = slot.get()
        if now is not thing and not (made_of_tensors(now) and (thing is None or made_of_tensors(thing))):
            if type(now) is type(thing) and type(now) in (int, float, str, bool) and now == thing:
                continue
            raise Complaint(
                slot.where,
                f"it changes {slot.where} from {_brief(thing)} to {_brief(now)}, which only Python can do; do that outside, or keep it in a tensor",
            )
    for container, before in recorder.containers:
        if not same_contents(container, before):
            raise Complaint(
                "argument",
                f"it changes a {type(container).__name__} that it is given; return what it makes, and change that outside",
            )
    for container, length in zip(recorder.reached.sized, recorder.lengths, strict=True):
        if len(container) != length:
            where = next((slot.where for slot in recorder.reached.slots if slot.table is container), None) or next(
                (slot.where for slot in recorder.reached.slots if slot.get() is container), "something it can reach"
            )
            raise Complaint(
                where,
                f"it changes the length of a {type(container).__name__} ({where}) from {length} to {len(container)}; return what it adds, and add it outside",
            )
    for slot, option, own in recorder.numbers:
        if slot.get() is not option and slot.get() is not own:
            raise Complaint(
                slot.where, f"it changes {slot.where} from {option!r} to {slot.get()!r}; step a scheduler outside"
            )
    for tensor, _, _, _, _, node, requires in recorder.handles:
        if tensor._requires != requires or tensor._node is not node:
            raise Complaint(
                "history",
                f"it leaves a tensor of shape {list(tensor.shape)} that outlives the call with another requires_grad or history; write to it under no_grad, or detach what is kept",
            )


def _may_run(node) -> bool:
    """Whether a backward pass from a node is still to come: nothing below it has been given up by one."""
    waiting, seen = [node], set()
    while waiting:
        node = waiting.pop()
        if node is None or id(node) in seen:
            continue
        if getattr(node, "saved", ()) is None:
            return False
        seen.add(id(node))
        waiting += [edge[0] for edge in node.edges if edge is not None]
    return bool(seen)


def _aval_of(recording, operand):
    if operand < 0:
        return recording.inputs[-1 - operand].aval
    for prim, _, _, first in recording.entries:
        if first <= operand < first + len(prim.out_avals):
            return prim.out_avals[operand - first]
    raise AssertionError(operand)


def same_contents(container, before) -> bool:
    """Whether a list or dictionary holds the same objects as its copy does."""
    if isinstance(container, dict):
        return list(container) == list(before) and all(map(is_, container.values(), before.values()))
    return len(container) == len(before) and all(map(is_, container, before))


def _brief(thing) -> str:
    if isinstance(thing, Tensor):
        return f"a tensor of shape {list(thing.shape)}"
    if isinstance(thing, (tuple, list, dict, set)):
        return f"a {type(thing).__name__} of {len(thing)}"
    text = repr(thing)
    return text if len(text) < 80 else text[:77] + "..."


def made_of_tensors(thing) -> bool:
    """A tensor, or tuples of them: what an attribute can be given anew by a program."""
    return isinstance(thing, Tensor) or (
        isinstance(thing, tuple) and len(thing) > 0 and all(map(made_of_tensors, thing))
    )
