"""A recorded call bound to the objects that were reached: quick guards, and the run of its program on what these objects hold."""

from itertools import repeat
from operator import attrgetter, is_
from sys import getrefcount

import numpy as np

from jtorch import engine
from jtorch.engine import Value
from jtorch.engine.program import LIST_HOLDER
from jtorch.storage import Storage

from .reachable import Reached
from .recorded import Recorded
from .results import flatten

_value, _alias, _array, _escaped = map(attrgetter, ("value", "alias", "array", "escaped"))

SMALL = 1 << 20  # bytes


class Binding:
    def __init__(self, recorded: Recorded, reached: Reached, arguments: list):
        self.recorded, self.reached, self.node = recorded, reached, None
        replay = recorded.replay
        tensors = [*reached.tensors, *arguments]
        storages = list({id(t._storage): t._storage for t in tensors}.values())
        self.first_argument = len(reached.tensors)
        self.count = len(reached.storages)
        self.own = {id(storage) for storage in reached.storages}
        aliased = any(id(tensor._storage) in self.own for tensor in arguments)
        # Storages by number; those of arguments are put in at each call.
        self.storages = storages
        self.sources = [holders[0] for holders in recorded.holders]
        self.shared = [(holders[0], i) for holders in recorded.holders for i in holders[1:]]
        self.expected = [LIST_HOLDER + 1 + len(recorded.holders[i]) for i in replay.given]
        self.pinned = [
            (storage, storage.value)
            for storage, number in zip(storages, recorded.inputs, strict=True)
            if number is None
        ]
        self.entry_numbers = [numbers for _, _, numbers, _ in replay.entries]
        self.options = [slot.get() for slot, _ in reached.numbers]
        self.switches = [optimizer._settings(slot.table)[1] for slot, optimizer in reached.numbers]
        self.words = replay.words(self._current_numbers())
        # Gradients that the program does not read and makes anew: what they were is not looked at, and given up before it runs.
        used = {i for holders in recorded.holders for i in holders}
        numbers = {id(storage): i for i, storage in enumerate(storages)}
        remade = [i for i, _ in recorded.grads if i < self.first_argument and tensors[i]._grad is not None]
        kept = {id(tensors[k]) for k in recorded.kept_tensors()}
        self.dropped = [
            tensors[i]
            for i in remade
            if numbers[id(tensors[i]._grad._storage)] not in used and id(tensors[i]._grad) not in kept
        ]
        # Giving up much memory makes room for the program; giving up little takes time, and can wait until the device is at work.
        size = sum(tensor._grad.nbytes for tensor in self.dropped)
        self.dropped_first = self.dropped if size > SMALL else ()
        without = {id(tensor._grad) for tensor in self.dropped}
        # Where a tensor that was there takes another's place, or an argument is memory that was reached, the next call looks for everything anew.
        owners = set(map(id, self.dropped))
        made = [part for _, _, parts in recorded.slots for part in parts]
        self.steady = (
            not aliased
            and all(part.__class__ is tuple and part[1] for part in made)
            and all(id(tensors[i]) in owners for i, _ in recorded.grads)
        )
        reached.take_guards(without)
        if without:
            dead = {id(tensor._grad._storage) for tensor in self.dropped}
            self.own -= dead  # their ids will be those of other storages
            self.storages = [None if id(storage) in dead else storage for storage in storages]
            reached.tensors = [None if id(tensor) in without else tensor for tensor in reached.tensors]
            reached.storages = [None if id(storage) in dead else storage for storage in reached.storages]
        self.tensors = [*reached.tensors, *arguments]

    def _current_numbers(self):
        entries = list(self.entry_numbers)
        for entry, position, option, k in self.recorded.numbers:
            value = self.options[option]
            numbers = list(entries[entry])
            numbers[position] = value[k] if type(value) is tuple else value
            entries[entry] = tuple(numbers)
        return entries

    def holds(self, arguments) -> bool:
        """Whether the program may answer this call."""
        if not self.reached.unchanged():
            return False
        own, storages = self.own, self.storages
        for tensor in arguments:
            if id(tensor._storage) in own:
                return False
        for storage, value in self.pinned:
            if storage.value is not value:
                return False
        for a, b in self.shared:
            if a < self.count and storages[a].value is not storages[b].value:
                return False
        options = [slot.get() for slot, _ in self.reached.numbers]
        if not all(map(is_, options, self.options)):
            for option, old in zip(options, self.options, strict=True):
                if type(option) is not type(old) or (
                    type(option) is tuple and (len(option) != len(old) or set(map(type, option)) != {float})
                ):
                    return False
            if self.switches != [optimizer._settings(slot.table)[1] for slot, optimizer in self.reached.numbers]:
                return False
            self.options = options
            self.words = self.recorded.replay.words(self._current_numbers())
        return True

    def replay(self, arguments):
        """Run the program, and do to the objects what the function would have done."""
        recorded, storages, tensors = self.recorded, self.storages, self.tensors
        replay = recorded.replay
        if arguments:
            tensors[self.first_argument :] = arguments
            storages[self.count :] = {
                id(t._storage): t._storage for t in arguments if id(t._storage) not in self.own
            }.values()
        sources = [storages[i] for i in self.sources]
        if not all(map(is_, map(_alias, sources), repeat(None))):
            for storage in sources:
                storage.read()
        values = list(map(_value, sources))
        if any(map(is_, map(_array, values), repeat(None))):
            for value in values:
                value.concrete()
        if replay.checks:
            replay.check(values)
        made = self._compute(values) if recorded.forward is None else self._record(values)
        del values
        for i, k in recorded.written:
            storage = storages[i]
            if storage.alias is None:
                storage.value = made[k]
                storage.writes += 1
            else:
                storage.write(made[k])
        for i, by in recorded.versions:
            tensors[i]._counter.version += by
        if not (recorded.new or recorded.returned or recorded.slots or recorded.grads or recorded.adopted):
            return recorded.build(())
        new = [Storage(made[k], strides) for k, strides in recorded.new]

        def tensor(described):
            if described.__class__ is int:
                return tensors[described]
            template, is_new, number = described
            if is_new is None:
                return self._with_history(template, made[number], number)
            return template.make(new[number] if is_new else storages[number])

        # All of it before any takes its place: some may be what others replace.
        returned = [tensor(described) for described in recorded.returned]
        adopted = [(tensors[i], tensor(described)) for i, described in recorded.adopted]
        grads = [(tensors[i], None if described is None else tensor(described)) for i, described in recorded.grads]
        filled = [(i, build, [tensor(described) for described in parts]) for i, build, parts in recorded.slots]
        self.node = None
        for target, source in adopted:
            target._adopt(source)
        for owner, gradient in grads:
            owner._grad = gradient
        if filled:
            self._fill(filled)
        return recorded.build(returned)

    def _compute(self, values):
        """Run the program; where results take the buffers of inputs that nobody else sees, those values become the results."""
        recorded = self.recorded
        replay = recorded.replay
        if not replay.flagged:
            for tensor in self.dropped_first:
                tensor._grad = None
        given = [values[i] for i in replay.given]
        exclusive = self._exclusive(given)
        arrays = replay.run(values, self.words, exclusive)
        if not exclusive:
            return [Value(aval, array, replay.place) for aval, array in zip(recorded.avals, arrays, strict=True)]
        count = len(given)
        for value, array in zip(given, arrays, strict=False):
            value.array = array
        return given + [
            Value(aval, array, replay.place) for aval, array in zip(recorded.avals[count:], arrays[count:], strict=True)
        ]

    def _record(self, values):
        """Record the whole function as one operation, with its gradient."""
        forward = self.recorded.forward
        operands = [self.tensors[forward.leaves.get(i, k)] for i, k in enumerate(self.recorded.operands)]
        results = engine.record(forward.prim, values, (), forward.replay.place)
        self.node = forward.node(operands, values, results, forward.replay.place)
        return results

    def _with_history(self, template, value, number):
        made = template.make(Storage(value, template.strides))
        made._requires, made._node, made._out = True, self.node, number
        return made

    def _fill(self, filled):
        """Put new tensors into the slots; where all are new, they take the places of the old ones in what is known."""
        new = {}
        for i, build, parts in filled:
            slot = self.reached.slots[i]
            before: list = []
            flatten(slot.get(), before)
            self.reached.assign(slot, build(parts))
            new |= {id(old): (old, tensor) for old, tensor in zip(before, parts, strict=False)}
        if not self.steady:
            return
        storages = {id(old._storage): tensor._storage for old, tensor in new.values()}
        tensors = {key: tensor for key, (_, tensor) in new.items()}
        self.tensors = [tensors.get(id(tensor), tensor) for tensor in self.tensors]
        self.storages = [storages.get(id(storage), storage) for storage in self.storages]
        self.own = {id(storage) for storage in self.storages[: self.count] if storage is not None}
        self.reached.replace(tensors)

    def _exclusive(self, given) -> bool:
        """Whether nobody but the storages can see the values that are overwritten."""
        if not given:
            return True
        arrays = list(map(_array, given))
        return (
            list(map(getrefcount, given)) == self.expected
            and {LIST_HOLDER + 1}.issuperset(map(getrefcount, arrays))
            and not any(map(_escaped, given))
            and np.ndarray not in set(map(type, arrays))
        )
