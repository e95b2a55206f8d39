"""The trace: operations recorded and not yet run. One per thread and device.

An entry is `(prim, operands, numbers, first slot)`; an operand is the slot of an earlier result (>= 0) or an
input (`-1 - index`). Entries are appended in one step, so an interrupt between two bytecodes leaves the trace whole.
"""

import threading
import weakref
from sys import getrefcount

from . import log, program
from .settings import Settings
from .shield import shielded
from .value import Place, Value, pending

_ref = weakref.ref


class _Local(threading.local):
    compiling = 0  # depth of `compiled` blocks
    traced_writes = None  # the innermost block of that name


_local = _Local()


class Trace:
    """Recorded operations of one thread on one device, and weak references to the values they will produce."""

    records = False  # for a program that is run again and again

    __slots__ = (
        "place",
        "lock",
        "entries",
        "inputs",
        "input_index",
        "slots",
        "undo",
        "checks",
        "limit",
        "held",
        "room",
        "whole",
        "passes",
        "__weakref__",
    )

    def __init__(self, place: Place):
        self.place = place
        self.lock = threading.RLock()
        self.limit = Settings.max_trace
        self._clear()

    def _clear(self):
        self.entries = []
        self.inputs = []  # concrete values, kept alive here until the flush
        self.input_index = {}  # id(value) -> index in inputs
        self.held = 0  # bytes of the inputs
        self.room = Settings.max_held
        self.slots = []  # weak references to the pending values
        self.undo = []  # (weak reference to a holder, new value, old value), where the new value has another holder already
        self.checks = False
        self.passes = 0  # backward passes that ended in this trace
        self.whole = _local.compiling  # compile at first sight, whatever the setting

    def flush(self, repeats: bool = False, why: str = "look"):
        """Run what was recorded and hand every value that somebody still holds its array. `why` is for the reporter: somebody looked, or a natural end."""
        if Settings.reporter is not None and self.entries:
            with log.reported(why, f"{len(self.entries)} operations"):
                self._flush(repeats)
        else:
            self._flush(repeats)

    def _flush(self, repeats):
        with self.lock:
            self.limit = Settings.max_trace
            if not self.entries:
                return
            entries, inputs, slots = self.entries, self.inputs, self.slots
            values = [ref() for ref in slots]
            if Settings.observer is not None:
                self._hold_unused(entries, values)
            needed = tuple([i for i, value in enumerate(values) if value is not None])
            if not needed and not self.checks:
                self._clear()
                return
            self.input_index = None  # nothing may be recorded into a trace that runs
            try:
                with shielded() as shield:
                    produced, arrays, failures = program.execute(
                        self, entries, inputs, values, needed, repeats, shield.deliver
                    )
                    error = self._poison(failures, values) if failures else None
                    for slot, array in zip(produced, arrays, strict=True):
                        value = values[slot]
                        if value is not None:
                            value.array, value.trace = array, None
                            if value.replaces is not None:
                                value.replaces = value.holder = None
                    self._clear()
            finally:
                if self.input_index is None:  # it failed: leave the trace as it was
                    self.input_index = {id(v): i for i, v in enumerate(inputs)}
            if error is not None:
                raise error

    def cut(self, repeats: bool = False):
        """A natural end of a program."""
        self.flush(repeats, "end")

    def _hold_unused(self, entries, values) -> None:
        """While time is taken, results that nobody used or holds are needed too: there would be nothing to measure."""
        used = {o for _, operands, *_ in entries for o in operands if o >= 0}
        for prim, _, _, first in entries:
            for slot, aval in enumerate(prim.out_avals, first):
                if slot not in used and values[slot] is None:
                    values[slot] = pending(aval, self, slot, self.place)

    def weigh(self):
        """Cut after this operation if much of the memory is kept alive by this trace alone; else look again when as much has been added."""
        holders = list(map(getrefcount, self.inputs))
        alone = sum(_nbytes(v) for v, n in zip(self.inputs, holders, strict=True) if n == program.LIST_HOLDER)
        if alone > Settings.max_held // 2:
            self.limit = 0
        else:
            self.room = self.held + Settings.max_held

    def cut_short(self):
        """Flush a trace that no natural end came to, and let the next cuts come at the same place of a loop, or none would ever repeat."""
        with self.lock:
            period = _period([prim.id for prim, *_ in self.entries])
            self.flush(why="full")
            self.limit = Settings.max_trace if period is None else max(LOOP_CUT // period, 1) * period

    def _poison(self, failures: dict, values: list):
        """Values that depend on a failed operation carry its error; what was written over with them gets its old value back."""
        first = None
        written = list(self.undo)
        for slot in sorted(failures):
            first = first or failures[slot]
            value = values[slot]
            if value is not None:
                value.error, value.trace = failures[slot], None
                if value.holder is not None:
                    written.append((value.holder, value, value.replaces))
                value.replaces = value.holder = None
        for ref, value, old in written:
            holder = ref()
            if (
                holder is not None
                and holder.value is value
                and value.array is None
                and value.trace is None
                and old is not None
            ):
                holder.value = old
        return first


def _nbytes(value: Value) -> int:
    return value.aval.size * value.aval.dtype.itemsize


# Operations between the cuts of a loop that has no natural ends.
LOOP_CUT = 256


def _period(ids: list):
    """The length of the loop body that a list of primitives ends with: the shortest one found three times in a row."""
    for p in range(1, len(ids) // 3 + 1):
        if ids[-1] == ids[-1 - p] and ids[-p:] == ids[-2 * p : -p] == ids[-3 * p : -2 * p]:
            return p
    return None


def current(place: Place) -> Trace:
    """The calling thread's trace for a device."""
    try:
        return _local.traces[place]
    except AttributeError:
        _local.traces = {}
    except KeyError:
        pass
    made = _local.traces[place] = Trace(place)
    return made


def recording(place: Place | None = None):
    """The recording that the calling thread makes, on a device or on any; None while it makes none."""
    traces = getattr(_local, "traces", {})
    found = traces.values() if place is None else [trace for trace in [traces.get(place)] if trace is not None]
    return next((trace for trace in found if trace.records), None)


class installed:
    """Block in which the calling thread records into a given trace on its device."""

    def __init__(self, trace: Trace):
        self.trace = trace

    def __enter__(self):
        self.previous = current(self.trace.place)
        _local.traces[self.trace.place] = self.trace
        return self.trace

    def __exit__(self, *exc):
        _local.traces[self.trace.place] = self.previous


def record(prim, values, numbers, place: Place) -> list[Value]:
    """Append one operation to the current trace and return its results, not yet computed.

    `values` are operands, `numbers` the run-time Python numbers of the primitive.
    """
    if place.is_meta:
        return [Value(a, None, place) for a in prim.out_avals]
    if Settings.execution == "eager":
        return _run_now(prim, values, numbers, place)
    trace = current(place)
    for value in values:
        if value.array is None:
            if value.trace is not trace:
                value.concrete()
        elif value.traced:
            return apply(prim, values, numbers, place)
    with trace.lock:
        index = trace.input_index
        operands = []
        for value in values:
            if value.array is None:
                operands.append(value.slot)
                continue
            known = index.get(id(value))
            if known is None:
                known = len(trace.inputs)
                trace.inputs.append(value)
                index[id(value)] = known
                trace.held += _nbytes(value)
                if trace.held > trace.room:
                    trace.weigh()
            operands.append(-1 - known)
        slots = trace.slots
        first = len(slots)
        if len(prim.out_avals) == 1:
            value = pending(prim.out_avals[0], trace, first, place)
            results = [value]
            slots.append(_ref(value))
        else:
            results = [pending(a, trace, first + i, place) for i, a in enumerate(prim.out_avals)]
            slots.extend(map(_ref, results))
        trace.entries.append((prim, operands, numbers, first))
        if prim.check is not None:
            trace.checks = True
    if len(trace.entries) >= trace.limit:
        trace.cut_short()
    return results


def apply(prim, values, numbers, place: Place) -> list[Value]:
    """Apply a primitive to arrays or tracers directly: what happens under a JAX transformation."""
    import jax

    with jax.enable_x64(True):
        outs = prim([v.concrete() for v in values], numbers)
    return [
        Value(a, array, place, traced=isinstance(array, jax.core.Tracer))
        for a, array in zip(prim.out_avals, outs, strict=True)
    ]


def _run_now(prim, values, numbers, place) -> list[Value]:
    if any(v.traced for v in values):
        return apply(prim, values, numbers, place)
    with shielded():
        arrays = [program.on_device(v, place) if prim.host is None else v.concrete() for v in values]
        program.run_check(prim, arrays, numbers)
        outs = program.run_one(prim, arrays, numbers, False)
        return [Value(a, array, place) for a, array in zip(prim.out_avals, outs, strict=True)]


def note_write(holder, old: Value, new: Value) -> None:
    """`holder.value`, which was `old`, is now `new`, still pending: its program may take over the buffer of the old one, which comes back if the new one fails."""
    trace = new.trace
    if trace is None:  # nothing will ever be computed
        return
    if old.array is None and old.trace is trace and not trace.checks:
        old = old.replaces  # a value in between, which nobody will see any more
    reference = holder.reference
    if reference is None:
        reference = holder.reference = _ref(holder)
    if new.holder is None:
        new.holder, new.replaces = reference, old
    else:
        trace.undo.append((reference, new, old))


class traced_writes:
    """Block under a JAX transformation that notes which concrete values are replaced by tracers."""

    def __enter__(self):
        self._previous, _local.traced_writes = _local.traced_writes, self
        self._noted = []
        return self

    def __exit__(self, *exc):
        _local.traced_writes = self._previous

    def refuse(self, message: str) -> None:
        """Give holders that are still there their values back, and raise: what was made inside the block is gone by now."""
        found = False
        for ref, old in reversed(self._noted):
            holder = ref()
            if holder is not None and holder.value.traced:
                holder.value, found = old, True
        if found:
            raise RuntimeError(message)


def note_traced_write(holder, old: Value) -> None:
    """Remember what `holder.value` was before a tracer took its place."""
    if _local.traced_writes is not None:
        _local.traced_writes._noted.append((_ref(holder), old))


class compiled:
    """Block in which what the calling thread records is compiled whole at first sight, also where it is run after the block."""

    def __enter__(self):
        _local.compiling += 1
        self._mark()

    def __exit__(self, *exc):
        self._mark()
        _local.compiling -= 1

    @staticmethod
    def _mark():
        for trace in getattr(_local, "traces", {}).values():
            trace.whole = True


def pass_ended() -> None:
    """A backward pass is over. The second one in a trace ends it: a loop that updates its parameters by hand has no other natural end."""
    for trace in getattr(_local, "traces", {}).values():
        if trace.entries:
            trace.passes += 1
            if trace.passes > 1:
                trace.cut()


def cut(repeats: bool = False) -> None:
    """A natural end of a program: run what the calling thread has recorded, without waiting for results.

    `repeats` says that the same will be recorded again, as after a step of training, so that it is compiled at first sight.
    """
    for trace in getattr(_local, "traces", {}).values():
        trace.cut(repeats)
