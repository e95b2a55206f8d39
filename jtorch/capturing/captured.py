"""`capture`: calls are run as they are, recorded, or answered by a program, as guards say."""

import collections
import contextlib
import copy
import dataclasses
import functools
import logging
import types

import numpy as np

import jtorch
from jtorch import casting, dtypes, engine, precision, random
from jtorch.attributes import state_of
from jtorch.autograd.mode import STATE
from jtorch.engine import Settings
from jtorch.nn import Module
from jtorch.nn.modules import _hooks as module_hooks
from jtorch.optim import optimizer as optimizer_hooks
from jtorch.storage import Storage
from jtorch.tensor import Tensor

from .binding import Binding
from .reachable import PLAIN, reach
from .recorded import CaptureError, Complaint, name_of
from .recorder import Recorder

logger = logging.getLogger("jtorch.recompiles")
_GLOBAL_HOOKS = [
    table
    for of in (module_hooks, optimizer_hooks)
    for name, table in vars(of).items()
    if name.startswith("_global_") and isinstance(table, dict)
]


def capture(fn=None, *, max_programs: int = 64):
    """A function, method or module whose calls become one compiled program, which runs without its Python.

    The first call is made as always. The second is recorded: everything the function reads and writes (parameters, buffers, gradients, an optimizer's state,
    random generators, attributes that hold tensors) becomes input and result of one program, which overwrites what was written. A third call is recorded
    once more, to see that it does the same; from then on Python no longer runs, but for the guards: shapes and dtypes of arguments, their Python values,
    attributes, closures and globals that the function names, training mode, hooks, `requires_grad`, autocast and the like. What changes there is recorded
    anew; learning rates and other options of an optimizer are inputs of the program.

    Tensors that are returned after `backward` was called inside are detached. A result that requires gradients is differentiable as always.

    Raises `CaptureError` where Python would decide by what a tensor contains (`item()`, `if loss > 0`, `print`), and where a call leaves other marks on Python
    than tensors in attributes, lists of tensors and `.grad`: a counter, a list that grows. Return such values and use them outside; `jtorch.cond`,
    `jtorch.while_loop` and `jtorch.scan` decide and repeat inside. Python's and numpy's random numbers must not be drawn inside.
    In the mode `eager` the function is called as it is.

    >>> import jtorch as torch
    >>> weight = torch.ones(2, requires_grad=True)
    >>> optimizer = torch.optim.SGD([weight], lr=0.5)
    >>> @torch.capture
    ... def step(x):
    ...     optimizer.zero_grad()
    ...     loss = (weight * x).sum()
    ...     loss.backward()
    ...     optimizer.step()
    ...     return loss
    >>> [step(torch.ones(2)).item() for _ in range(5)]
    [2.0, 1.0, 0.0, -1.0, -2.0]
    """
    if fn is None:
        return functools.partial(capture, max_programs=max_programs)
    if isinstance(fn, Module):
        from jtorch.compiler import OptimizedModule

        return OptimizedModule(fn, functools.partial(capture, max_programs=max_programs))
    if not callable(fn):
        raise TypeError(f"jtorch.capture: expected a function or a module, got {type(fn).__name__}")
    return Captured(fn, max_programs)


class Captured:
    """A captured function: its calls, and what is known of them by guards."""

    def __init__(self, fn, max_programs):
        functools.update_wrapper(self, fn, updated=())
        self.captures, self.max_programs = fn, max_programs
        self.called = False
        self.bindings = {}  # by arguments and modes: bindings whose guards may hold, the last used first
        self.seen = {}  # by arguments, modes and fingerprint: None at first sight, then what was recorded
        self.alive = {}  # what a key knows by its id
        self.recorded = 0
        self.complaints = set()  # where calls have left marks that only Python can leave

    def __get__(self, owner, kind=None):
        return self if owner is None else types.MethodType(self, owner)

    def __deepcopy__(self, memo):
        """Of a captured method, the same of a copy of its object; functions are one however often they are copied."""
        fn = self.captures
        return Captured(copy.deepcopy(fn, memo), self.max_programs) if isinstance(fn, types.MethodType) else self

    def __repr__(self):
        return f"<captured {self.captures!r}>"

    def __call__(self, *args, **kwargs):
        # Blocks that decide about functions have to see the calls.
        if Settings.execution == "eager" or STATE.capturing or STATE.modes:
            return self.captures(*args, **kwargs)
        engine.cut()
        tensors, roots = [], []
        tokens: list = [_modes()]
        _describe((args, kwargs), tokens, tensors, roots)
        bases = [id(tensor._storage) for tensor in tensors]
        views = [
            t for t in tensors if t._chain is not None and not t.requires_grad and bases.count(id(t._storage)) == 1
        ]
        given = tuple(tokens)
        for binding in self.bindings.get(given, ()):
            if binding.holds(tensors) and len(views) == sum(tensor._chain is not None for tensor in tensors):
                with _whole(views):
                    return binding.replay(tensors)
        walked = [self.captures, jtorch.default_generator, random.by_device, *_GLOBAL_HOOKS, *roots]
        reached = reach(walked)
        there = {id(storage) for storage in reached.storages}
        views = [t for t in views if id(t._storage) not in there]
        with _whole(views) as stand_ins:
            key = (given, _layouts(tensors), reached.key(tensors))
            if key in self.seen or (self.called and not self.recorded):
                return self._answer(args, kwargs, given, key, reached, walked, tensors, stand_ins)
        # Not recorded at first sight: a first call makes state, and a shape may never come again.
        self.called = True
        self._note(key, None, [*roots, *(tensor._chain for tensor in tensors)])
        return self.captures(*args, **kwargs)

    def _note(self, key, known, roots):
        if len(self.seen) > 16 * self.max_programs:
            for other in [k for k, v in self.seen.items() if v is None]:
                del self.seen[other]
                self.alive.pop(other, None)
        self.seen[key] = known
        self.alive.setdefault(key, roots)

    def _answer(self, args, kwargs, given, key, reached, walked, tensors, views):
        known = self.seen.get(key)
        if known is None or not known.confirmed:
            return self._record(args, kwargs, key, reached, tensors, known, views)
        binding = Binding(known, reached, tensors)
        result = binding.replay(tensors)
        if binding.steady:
            reached = reach(walked)
            if (given, _layouts(tensors), reached.key(tensors)) == key:  # the next call will find what this one found
                kept = self.bindings.setdefault(given, [])
                others = [other for other in kept if other.recorded is not known]
                kept[:] = [Binding(known, reached, tensors), *others][:4]
        return result

    def _record(self, args, kwargs, key, reached, tensors, known, views):
        if self.recorded >= self.max_programs:
            raise CaptureError(
                f"jtorch.capture({name_of(self.captures)}): {self.recorded} different programs were recorded, since what the function depends on keeps changing. "
                f"{self._difference(key)} Pass what changes as a tensor, or leave it outside."
            )
        recorder = Recorder(self.captures, reached, tensors, views, (args, kwargs))
        result = recorder.run(args, kwargs)
        try:
            recorded = recorder.finish(result)
        except Complaint as complaint:
            # State may be made by this call too; a function that leaves the same marks again does so each time.
            if complaint.where in self.complaints:
                recorder.undo(complaint)
                raise CaptureError(f"jtorch.capture({name_of(self.captures)}): {complaint}") from None
            self.complaints.add(complaint.where)
            self._note(key, None, [])
            return recorder.run_once(result)
        difference = known.difference(recorded) if known is not None else None
        if difference is not None:
            recorder.undo(difference)
            raise CaptureError(
                f"jtorch.capture({name_of(self.captures)}): two calls with equal arguments and state differ: {difference}"
            )
        if known is not None:
            known.confirmed = True
        else:
            self.recorded += 1
            known = recorded
            self._note(key, known, [])
            if "recompiles" in Settings.log:
                logger.warning(
                    "captured %s: %d operations. %s",
                    name_of(self.captures),
                    len(recorded.replay.entries),
                    self._difference(key),
                )
        recorder.restore()
        return Binding(known, reached, tensors).replay(tensors)

    def _difference(self, key) -> str:
        """How a key departs from the nearest one recorded."""
        others = [other for other in self.seen if other != key and self.seen[other] is not None]
        if not others:
            return ""
        if all(other[0] != key[0] for other in others):
            return f"The arguments or modes are new: {_shown(key[0])} after {_shown(others[-1][0])}."
        mine, other = key[2], next(other for other in reversed(others) if other[0] == key[0])[2]
        at = next((i for i, (a, b) in enumerate(zip(mine, other, strict=False)) if a != b), min(len(mine), len(other)))
        return f"State that the function can reach has changed: {_shown(mine[at : at + 2])} where it was {_shown(other[at : at + 2])}."


def _shown(tokens) -> str:
    text = ", ".join(repr(token) for token in tokens)
    return text if len(text) < 200 else text[:200] + "..."


def _modes():
    return (
        STATE.grad, STATE.inference, STATE.anomaly, STATE.saved_hooks, STATE.plain, casting.guard() if STATE.autocast else None, dtypes.Defaults.dtype, jtorch.get_default_device(),
        precision.Precision.matmul, precision.Precision.convolution_tf32, jtorch.are_deterministic_algorithms_enabled(),
    )  # fmt: skip


@contextlib.contextmanager
def _whole(views):
    """Arguments that are views, with memory of their own meanwhile: where in another tensor they look does not matter, and must not be written to."""
    states = [dict(state_of(tensor)) for tensor in views]
    try:
        for tensor in views:
            storage = Storage(tensor._read(), tensor._strides)
            storage.value.concrete()
            tensor._storage = tensor._counter = storage
            tensor._chain, tensor._offset, tensor._base, tensor._cache = None, 0, None, None
        yield frozenset(id(tensor._storage) for tensor in views)
    finally:
        for tensor, state in zip(views, states, strict=True):
            grad = tensor._grad
            state_of(tensor).clear()
            state_of(tensor).update(state)
            if grad is not None:
                tensor._grad = grad


def _layouts(tensors) -> tuple:
    """How arguments look at their memory, and which share it."""
    first: dict = {}
    return tuple(
        (t._strides, t._offset, t._chain and tuple(map(id, t._chain)), first.setdefault(id(t._storage), i))
        for i, t in enumerate(tensors)
    )


def _describe(thing, tokens, tensors, roots) -> None:
    """Add an argument to the tokens: containers by what is in them, tensors by shape, other objects by what can be reached from them."""
    kind = type(thing)
    if isinstance(thing, Tensor):
        tensors.append(thing)
        storage = thing._storage
        if thing._grad is not None or thing._hooks or thing._post_accumulate:
            roots.append(thing)
        tokens += (
            Tensor, thing._aval, storage.value.place, thing._requires, thing._node is None, thing._grad is None, thing._plain, thing._strides,
            next(i for i, other in enumerate(tensors) if other._storage is storage),
        )  # fmt: skip
    elif kind is float:
        tokens += (float, thing.hex())
    elif kind in PLAIN:
        tokens += (kind, thing)
    elif kind in (list, tuple):
        tokens += (kind, len(thing))
        for item in thing:
            _describe(item, tokens, tensors, roots)
    elif kind is dict:
        tokens += (dict, *thing)
        for item in thing.values():
            _describe(item, tokens, tensors, roots)
    elif dataclasses.is_dataclass(thing) and not isinstance(thing, type):
        tokens.append(kind)
        for field in dataclasses.fields(thing):
            _describe(getattr(thing, field.name), tokens, tensors, roots)
    elif isinstance(thing, collections.UserDict):
        tokens.append(kind)
        _describe(thing.data, tokens, tensors, roots)
    elif isinstance(thing, (np.ndarray, np.generic)):
        raise CaptureError(
            "jtorch.capture: a numpy array was given, whose contents would become part of the program; give torch.from_numpy(array), or torch.tensor(number)"
        )
    elif hasattr(thing, "__next__"):
        raise CaptureError(
            f"jtorch.capture: an iterator ({kind.__name__}) was given, which can be read once; give the tensors that it yields"
        )
    else:
        roots.append(thing)
        tokens += (kind, id(thing))
