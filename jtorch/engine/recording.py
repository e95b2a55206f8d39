"""A recording: what one call of a function does, as a trace with its inputs lifted, compiled into one program that runs without the function.

While it is made, the values of the lifted inputs are *stand-ins*: pending, with input numbers for slots, so that whoever looks at one is told that there
is nothing to see. `Replay` is the program, with what is needed to run it again on other arrays.
"""

import contextlib
import itertools
import threading

import jax
import numpy as np

from . import log
from .overlap import overlapping
from .prim import unpack
from .program import on_device, op_by_op, prepare, run_check, run_steps, statistics
from .settings import XLA_OPTIONS, Settings
from .trace import Trace, installed
from .value import Value, pending, permanent


class Recording(Trace):
    """A trace that is not run: `refuse` is called, and raises, when somebody looks at one of its values."""

    records = True
    __slots__ = ("refuse", "lifted", "made", "ticket")

    def __init__(self, place, refuse):
        super().__init__(place)
        self.limit = self.room = float("inf")
        self.refuse = refuse
        self.lifted = {}  # id(value) -> its stand-in
        self.made = {}
        self.ticket = None  # a result of the last operation that awaits other processes: the next one takes it, and comes after it

    def lift(self, value: Value) -> Value:
        """The stand-in for a value, which must be concrete: input number `-1 - slot` from now on; one for all holders of the same value."""
        found = self.lifted.get(id(value))
        if found is None:
            found = pending(value.aval, self, -1 - len(self.inputs), self.place)
            # A write over the stand-in is one over the value.
            found.replaces = value
            self.lifted[id(value)] = found
            self.inputs.append(value)
        return found

    def flush(self, repeats=False, why="look"):
        self.refuse()

    def cut(self, repeats=False):
        """Nothing ends here: the recording is one program."""

    @contextlib.contextmanager
    def making(self):
        """Block in which the calling thread records into this."""
        previous, Value.made = Value.made, self.made
        try:
            with installed(self):
                yield
        finally:
            Value.made = previous

    def strangers(self) -> list:
        """Operations that were given a value that is neither lifted nor was made in the recording."""
        return [
            (prim, value)
            for number, value in enumerate(self.inputs)
            if not self.is_lifted(number) and id(value) not in self.made and id(value) not in permanent
            for prim, operands, *_ in self.entries
            if -1 - number in operands
        ]

    def alive(self) -> dict:
        """Values of the recording that somebody still holds, by slot."""
        return {slot: value for slot, ref in enumerate(self.slots) if (value := ref()) is not None}

    def operand(self, value: Value) -> int:
        """What an entry would call a value that was made in the recording, or is given to it."""
        if value.array is None:
            return value.slot
        if id(value) not in self.input_index:
            self.input_index[id(value)] = len(self.inputs)
            self.inputs.append(value)
        return -1 - self.input_index[id(value)]

    def is_lifted(self, number: int) -> bool:
        return id(self.inputs[number]) in self.lifted

    def deliver(self, arrays: dict) -> None:
        """Hand values that are still held their arrays; nothing of the recording is pending afterwards."""
        for stand_in in self.lifted.values():
            stand_in.array, stand_in.trace, stand_in.replaces = self.inputs[-1 - stand_in.slot].array, None, None
            stand_in.escaped = True
        for slot, value in self.alive().items():
            value.array, value.trace, value.replaces, value.holder = arrays[slot], None, None, None

    def abandon(self, error) -> None:
        """Let every value of the recording that is still held raise this."""
        for value in (*self.lifted.values(), *self.alive().values()):
            value.error, value.trace, value.replaces, value.holder = error, None, None, None


class Replay:
    """A recording compiled for a list of results.

    `results` are slots (>= 0) or inputs (`-1 - number`). `used` are the numbers of the lifted inputs that matter, in the order in which `run` takes their
    values. Those among them that `overwritten` names are given away to the first results: their buffers are reused.
    """

    def __init__(self, recording: Recording, results: list[int], overwritten: tuple = (), entries: slice = slice(None)):
        prepare()
        self.compiled = False
        self.place = recording.place
        chosen = recording.entries[entries]
        wanted = {-1 - o for _, operands, *_ in chosen for o in operands if o < 0} | {-1 - o for o in results if o < 0}
        self.used = [number for number in sorted(wanted) if recording.is_lifted(number)]
        fixed = [number for number in sorted(wanted) if not recording.is_lifted(number)]
        self.constants = [recording.inputs[number] for number in fixed]
        new = {-1 - number: -1 - i for i, number in enumerate((*self.used, *fixed))}
        self.entries = [
            (prim, [new.get(o, o) for o in operands], numbers, first) for prim, operands, numbers, first in chosen
        ]
        self.results = results = [new.get(o, o) for o in results]
        # Checks of data that is given are made with numpy before anything runs; one of a result is a flag, and then nothing may be overwritten.
        checked = [(prim, operands, numbers) for prim, operands, numbers, _ in self.entries if prim.check is not None]
        self.checks = [entry for entry in checked if all(entry[1][i] < 0 for i in entry[0].check.operands)]
        self.flagged = len(self.checks) < len(checked)
        position = {number: i for i, number in enumerate(self.used)}
        self.awaits = [prim.awaits for prim, *_ in self.entries if prim.awaits is not None]
        # Nor while others are awaited, who may never come.
        self.given = [] if self.flagged or self.awaits else [position[number] for number in overwritten]
        given = set(self.given)
        self.kept = [i for i in range(len(self.used)) if i not in given]
        order = (*self.given, *self.kept)
        self.fixed = [on_device(value, self.place) for value in self.constants]
        self._formats = "".join(prim.number_format for prim, *_ in self.entries)
        self._steps = [(prim, operands, first) for prim, operands, _, first in self.entries]
        self._apart = (
            overlapping(self._steps, [recording.inputs[n] for n in (*self.used, *fixed)]) if self.place.is_cpu else ()
        )

        def run(given, kept, constants, words):
            arrays = [None] * len(order)
            for i, array in zip(order, (*given, *kept), strict=True):
                arrays[i] = array
            return self.compute([*arrays, *constants], words)

        program = jax.jit(run, donate_argnums=(0,), compiler_options=XLA_OPTIONS)
        self.call = lambda given, kept, words: program(given, kept, self.fixed, words)

    def compute(self, arrays, words, given=()):
        """The results, and whether a value check failed, of the used inputs and the constants; `given` are results of entries that are no part of this, by slot."""
        env, bad = run_steps(self._steps, arrays, unpack(words, self._formats), self._apart, given)
        return [env[o] if o >= 0 else arrays[-1 - o] for o in self.results], bad if self.flagged else None

    def words(self, numbers=None) -> np.ndarray | None:
        """The run-time numbers, a tuple for each entry, as the program takes them; those that were recorded unless others are given."""
        if numbers is None:
            numbers = [own for _, _, own, _ in self.entries]
        chunks = [prim._pack(*own) for (prim, *_), own in zip(self.entries, numbers, strict=True) if own]
        return np.frombuffer(b"".join(chunks), np.int64) if chunks else None

    def check(self, values) -> None:
        """Raise the error of given data that an operation does not take."""
        for prim, operands, numbers in self.checks:
            arrays = [aval.struct for aval in prim.in_avals]
            for i in prim.check.operands:
                number = -1 - operands[i]
                source = values[number] if number < len(values) else self.constants[number - len(values)]
                arrays[i] = source.numpy()
            run_check(prim, arrays, numbers)

    def run(self, values: list[Value], words, exclusive: bool) -> list:
        """The arrays of the results for these inputs. `exclusive` says that nobody else can see the inputs that are overwritten; else they are copied."""
        given = [values[i].array for i in self.given]
        if not exclusive:
            with jax.enable_x64(True):
                given = [_copied(array, self.place) for array in given]
        kept = [values[i].array for i in self.kept]
        for k, array in enumerate(kept):
            if array.__class__ is np.ndarray:
                kept[k] = on_device(values[self.kept[k]], self.place)
        statistics["programs_run"] += 1
        if self.compiled:
            outputs, bad = self._call(given, kept, words)
        else:
            self.compiled = True
            statistics["programs_compiled"] += 1
            with log.reported("compile", f"a captured program of {len(self.entries)} operations"):
                outputs, bad = self._call(given, kept, words)
        if self.flagged and bool(np.asarray(bad)):
            alone = list(itertools.takewhile(lambda entry: entry[0].awaits is None, self.entries))
            _, _, failures = op_by_op(self, alone, [*values, *self.constants], (), lambda: None)
            raise next(
                iter(failures.values()),
                RuntimeError("an operation after a collective was given values that it does not take"),
            )
        return outputs

    def _call(self, given, kept, words):
        return self._run_now(given, kept, words) if not self.awaits else self._run_beside(given, kept, words)

    def _run_beside(self, *args):
        """Run on a thread of its own, so that the caller's can be interrupted while another process is awaited."""
        ended: list = []
        for meeting in self.awaits:
            meeting.failed = None

        def run():
            try:
                ended.append(jax.block_until_ready(self._run_now(*args)))
            except Exception as error:
                ended.append(error)

        thread = threading.Thread(target=run, name="captured program", daemon=True)
        thread.start()
        thread.join()
        if not isinstance(ended[0], Exception):
            return ended[0]
        failed = [meeting.failed for meeting in self.awaits if meeting.failed is not None]
        raise failed[0] if failed else ended[0]

    def _run_now(self, given, kept, words):
        with jax.enable_x64(True):
            if Settings.observer is not None:
                name = f"captured program of {len(self.entries)} operations"
                return log.observed(name, self.call, given, kept, words)
            return self.call(given, kept, words)


def _copied(array, place):
    return jax.device_put(array, place.jax_device, may_alias=False) if array.__class__ is np.ndarray else array.copy()
