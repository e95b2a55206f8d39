"""Collectives inside `jtorch.capture`: operations of the captured program, which calls back when their turn comes.

What a captured program does between its collectives is its process's own affair; what the processes do together is the very collective that runs outside of
capture, in the order of the calls. So some processes may run the program while another one records, or has a batch of another size.
"""

import jax
import numpy as np
from jax.experimental.buffer_callback import buffer_callback

from jtorch import engine
from jtorch.autograd.mode import STATE
from jtorch.distributed.work import Work
from jtorch.tensor import Tensor
from jtorch.transfer import place_of

_TICKET = jax.ShapeDtypeStruct((), np.int32)  # handed from one collective to the next, which keeps them in order
_WRITTEN = {"gather": "gather_list", "barrier": None}  # all others write to what they are given first


def capturing() -> bool:
    return STATE.capturing


def refuse(name: str) -> None:
    """Raise where a function is called in a captured one that cannot be an operation of its program."""
    if STATE.capturing:
        raise _error(
            f"{name} cannot be part of a captured function, since it {_WHY.get(name, 'needs Python each time')}; call it outside"
        )


_WHY = {"monitored_barrier": "raises by what other processes do", "new_group": "makes a group"}


def _error(text: str) -> Exception:
    from jtorch.capturing import CaptureError

    return CaptureError(f"jtorch.capture: {text}")


class Meeting:
    """A collective with its arguments but for the contents of tensors: what the program calls. `failed` is the error it ended with."""

    def __init__(self, function, given: dict, avals: list, written: list[int]):
        self._function, self._given, self._avals, self._written = function, given, avals, written
        self.failed: BaseException | None = None

    def __call__(self, context, out, ticket, *buffers) -> None:
        try:
            cpu = place_of("cpu")
            tensors = [
                Tensor.__new_plain__(engine.Value(aval, np.asarray(buffer).copy().view(aval.dtype.numpy), cpu))
                for aval, buffer in zip(self._avals, buffers, strict=True)
            ]
            self._function(**_rebuilt(self._given, tensors)).wait()
            for buffer, number in zip(out[1:], self._written, strict=True):
                np.asarray(buffer)[...] = tensors[number]._read().numpy()
        except BaseException as error:
            self.failed = error
            raise


class _At:
    """The place of a tensor among arguments."""

    def __init__(self, number: int):
        self.number = number

    def __repr__(self):
        return f"tensor {self.number}"


def _taken_apart(thing, tensors: list):
    if isinstance(thing, Tensor):
        tensors.append(thing)
        return _At(len(tensors) - 1)
    if isinstance(thing, (list, tuple)):
        return type(thing)(_taken_apart(item, tensors) for item in thing)
    return thing


def _rebuilt(thing, tensors: list):
    if isinstance(thing, _At):
        return tensors[thing.number]
    if isinstance(thing, dict):
        return {name: _rebuilt(item, tensors) for name, item in thing.items()}
    if isinstance(thing, (list, tuple)):
        return type(thing)(_rebuilt(item, tensors) for item in thing)
    return thing


def record(function, given: dict, group) -> Work:
    """Let a collective be the next operation of the program that is recorded; its tensors have what it gives them at once."""
    tensors: list[Tensor] = []
    first = _WRITTEN.get(function.__name__, next(iter(given)))
    given = {name: thing for name, thing in given.items() if name not in ("group", "async_op")}
    there = {name: _taken_apart(thing, tensors) for name, thing in given.items()}
    written = [] if first is None else _numbers(there.get(first))
    place = tensors[0]._storage.value.place if tensors else None
    recording = engine.recording(place)
    if recording is None or any(t._storage.value.place is not recording.place for t in tensors):
        raise _error(f"{function.__name__} of tensors on another device than the captured program's; move them first")
    avals = [t._aval for t in tensors]
    key = (function.__name__, repr(there), *avals)
    prim = group.captured.get(key)
    if prim is None:
        meeting = Meeting(function, {**there, "group": group}, avals, written)
        results = (_TICKET, *(avals[i].struct for i in written))

        def run(arrays, _):
            return buffer_callback(meeting, results, has_side_effect=True)(*arrays)

        before = engine.aval_of(_TICKET)
        prim = group.captured[key] = engine.Prim(function.__name__, run, (before, *avals))
        prim.awaits = meeting
    ticket = recording.ticket or engine.Value(prim.in_avals[0], np.zeros((), np.int32), recording.place)
    recording.ticket, *made = engine.record(prim, [ticket, *(t._read() for t in tensors)], (), recording.place)
    for number, value in zip(written, made, strict=True):
        tensors[number].data._write(value)
    results = [tensors[number] for number in written]
    work = Work(lambda _: results, group.timeout)
    work._set()
    return work


def _numbers(thing) -> list[int]:
    if isinstance(thing, _At):
        return [thing.number]
    return [number for item in thing or () for number in _numbers(item)]
