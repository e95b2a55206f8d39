"""Views: tensors that look at another tensor's storage. Reading applies their steps, writing applies the inverse steps.

A view keeps the chain of steps from the storage's base shape to itself. A write makes a new base value out of the old one and the update, so
every other view of the storage sees it; the history of the base is replaced (`CopySlices`) and views of it renew theirs when asked.
"""

import functools
import threading
from types import SimpleNamespace

import jax.numpy as jnp
import numpy as np

from . import engine
from .autograd.mode import STATE
from .autograd.node import OpNode, Origin, node_class
from .dispatch import apply_prim, make_node, make_room, tensor_of
from .dtypes import strided
from .engine import Prim
from .errors import StridedOnly
from .layout import normal
from .ops.registry import Op
from .ops.views import expand
from .storage import Storage, Version
from .tensor import Tensor, _new


class Step:
    """One view operation with its shapes: how to read through it, and (made when first needed) how to write."""

    __slots__ = ("op", "statics", "prim", "inverse", "n_numbers")

    def inverted(self) -> Prim:
        if self.inverse is None:
            op, statics = self.op, self.statics
            if op.inverse_fn is not None:

                def fn(arrays, numbers):
                    return [op.inverse_fn(*arrays, *statics, *numbers)]
            else:

                def fn(arrays, numbers):
                    return [scatter_through(op.fn, *arrays, *statics, *numbers)]

            self.inverse = Prim(
                f"{op.name}_inverse",
                fn,
                (self.prim.in_avals[0], self.prim.out_avals[0]),
                self.prim.number_format,
                origin=_origin("CopySlices"),
                inplace=0,
                writes_part=True,
            )
        return self.inverse


def scatter_through(view, base, update, *args):
    """Write through any view that only rearranges elements: view the positions, then scatter the update to them."""
    positions = view(jnp.arange(base.size).reshape(base.shape), *args)
    return base.reshape(-1).at[positions.reshape(-1)].set(update.reshape(-1)).reshape(base.shape)


def _writable(chain):
    """The chain to write through. After an `expand` an element may stand for several, so the steps are followed as a whole, by position."""
    if not any(step.op is expand for step, _ in chain):
        return chain
    step = _joined(tuple(step for step, _ in chain))
    return ((step, tuple(n for _, numbers in chain for n in numbers)),)


@functools.lru_cache(1024)
def _joined(steps: tuple) -> "Step":
    """Several view steps as one."""

    def view(input, *numbers):
        numbers = iter(numbers)
        for step in steps:
            input = step.op.fn(input, *step.statics, *(next(numbers) for _ in range(step.n_numbers)))
        return input

    joined = Step()
    joined.op, joined.statics, joined.inverse = SimpleNamespace(name="views", fn=view, inverse_fn=None), (), None
    joined.n_numbers = sum(step.n_numbers for step in steps)
    joined.prim = Prim(
        "views",
        lambda arrays, numbers: [view(arrays[0], *numbers)],
        steps[0].prim.in_avals,
        "q" * joined.n_numbers,
        origin=_origin("AsStridedBackward0"),
    )
    return joined


def _origin(label, op=None):
    origin = Origin()
    origin.op, origin.visible, origin.differentiable, origin.compute = op, 1, True, None
    origin.node_class = node_class(label)
    return origin


_steps: dict = {}


def view_step(op: Op, aval, statics: tuple, n_numbers: int, label: str) -> Step:
    """The step of a view operation on a shape, made once. `statics` say how many run-time numbers (starts) follow them; `label` names the node."""
    key = (op, aval, statics, label)
    step = _steps.get(key)
    if step is None:
        step = Step()
        step.op, step.statics, step.n_numbers, step.inverse = op, statics, n_numbers, None
        step.prim = Prim(
            op.name,
            lambda arrays, numbers: [op.fn(arrays[0], *statics, *numbers)],
            (aval,),
            "q" * n_numbers,
            origin=_origin(label if "Backward" in label else f"{label}Backward0", op),
        )
        make_room(_steps)
        _steps[key] = step
    return step


def apply_view(
    op: Op, tensor: Tensor, statics: tuple, geometry, numbers: tuple = (), label: str | None = None, differentiable=True
) -> Tensor:
    """A view of `tensor` through one view operation. `geometry` is its (size, stride, offset) in the storage."""
    if tensor._dispatcher is not None:
        return tensor._dispatcher.apply_view(op, tensor, statics, numbers, label)
    try:
        step = view_step(op, tensor._aval, statics, len(numbers), label or op.node)
    except StridedOnly:
        from .sparse import table  # which is built on this file

        return table.apply_view(op, tensor, statics, numbers, label or op.node)
    size, stride, offset = geometry
    view = _new(Tensor)
    view._storage, view._counter = tensor._storage, tensor._counter
    view._aval = step.prim.out_avals[0]
    view._chain = ((step, numbers),) if tensor._chain is None else (*tensor._chain, (step, numbers))
    stride = normal(view._aval.shape, stride)
    if stride is not None:
        view._strides = stride
    if offset:
        view._offset = offset
    if tensor._made_in_inference:
        view._made_in_inference = True
    base = tensor._base if tensor._base is not None else tensor
    if differentiable:
        view._base = base
        view._depth = tensor._depth if tensor._base is not None else len(tensor._chain or ())
        view._stamp = base._stamp
        if STATE.grad and tensor.requires_grad and view._aval.dtype.priority >= 2:
            node = make_node(step.prim, [tensor], [None], None, numbers, tensor._storage.value.place)
            view._requires, view._node = True, node
        elif not STATE.grad and base.requires_grad:
            view._stamp = -1  # made without recording: it gets no history of its own
    return view if tensor._plain is True or STATE.plain else tensor._of_my_class(view)


def adopt_history(view: Tensor, made: Tensor) -> None:
    """Give a view the history of a tensor that was computed to be equal to it."""
    view._requires, view._node, view._out, view._stamp = True, made._node, made._out, -1


def plain_alias(tensor: Tensor, own_counter: bool) -> Tensor:
    """The same memory without history: `.detach()` shares the version counter, `.data` has its own."""
    if tensor._aval.layout is not strided:
        from .sparse.storage import shared

        return shared(tensor, own_counter)
    alias = _new(Tensor)
    alias._storage, alias._aval = tensor._storage, tensor._aval
    alias._chain, alias._strides, alias._offset = tensor._chain, tensor._strides, tensor._offset
    alias._counter = Version() if own_counter else tensor._counter
    alias._cache = tensor._cache
    return alias


def read_view(tensor: Tensor):
    """The value of a view now: cached while nothing is written to the storage."""
    storage = tensor._storage
    if storage.alias is not None:
        if storage._alias_alive():
            from .interop import alias_view

            return engine.Value(tensor._aval, np.array(alias_view(tensor), order="C"), storage.value.place)
        storage.read()
    cache = tensor._cache
    if cache is not None and cache[0] == storage.writes:
        return cache[1]
    value = read_chain(storage, tensor._chain)
    tensor._cache = (storage.writes, value)
    return value


def read_chain(storage: Storage, chain):
    value = storage.read()
    for step, numbers in chain or ():
        value = engine.record(step.prim, (value,), numbers, value.place)[0]
    return value


def write_view(tensor: Tensor, value) -> None:
    """Write a value of the view's shape through its chain into the storage."""
    storage = tensor._storage
    if storage.alias is not None and storage._alias_alive():
        from .interop import alias_view

        storage.writes += 1
        np.copyto(alias_view(tensor), value.numpy())
        return
    while True:
        base = storage.read()
        written = _through(base, tensor._chain, value)
        with _replacing:
            # Otherwise another thread has written meanwhile, perhaps to another row, and that must not be lost.
            if storage.value is base:
                storage.write(written)
                return


_replacing = threading.RLock()


def _through(base_value, chain, update):
    """The base with `update` written where the chain leads."""
    values = [base_value]
    chain = _writable(chain)
    for step, numbers in chain[:-1]:
        values.append(engine.record(step.prim, (values[-1],), numbers, base_value.place)[0])
    for (step, numbers), value in zip(reversed(chain), reversed(values), strict=True):
        update = engine.record(step.inverted(), (value, update), numbers, base_value.place)[0]
    return update


def write_through(target: Tensor, out: Tensor) -> None:
    """An in-place result: contents and history of `out` go to `target`, and to everything that shares its memory."""
    value = out._read()
    base = target._base
    if out._node is not None and isinstance(out._node, OpNode):
        for (kind, i), saved in zip(out._node.rule.slots, out._node.saved, strict=True):
            if kind == "in" and i == 0 and saved.tensor_storage is target._storage:
                saved.counter = None  # the target as it was before this write: nobody can change that value
    if base is not None and STATE.grad and (out._requires or base.requires_grad):
        _rebase(target, base, out)
        return
    node = out._node
    target._write(value)
    if node is not None:
        for saved in getattr(node, "saved", None) or ():
            if saved.counter is out._counter:
                saved.counter, saved.tensor_storage, saved.chain = target._counter, target._storage, target._chain
                saved.version, saved.writes = target._counter.version, target._storage.writes
    if STATE.grad:
        if node is not None:
            target._requires, target._node, target._out = True, node, out._out
        elif target._node is not None:
            target._node, target._out, target._requires = None, 0, False
        target._stamp += 1


def _rebase(target: Tensor, base: Tensor, out: Tensor) -> None:
    """A recorded write through a view: the base gets a node that puts the update into its old history.

    The view is reached from the base by `chain`, after `undone` has been taken back: `levels` are the base and what each step makes of it, with
    history; the update then goes back through the inverses, level by level.
    """
    chain, undone = _relative(target)
    chain = _writable(chain)
    place = base._storage.value.place
    levels = [tensor_of(base._read(), *_history(base))]
    for step, numbers in reversed(undone):
        levels = _unapply(step, numbers, levels[0], place)
    for step, numbers in chain[:-1]:
        levels += apply_prim(step.prim, [levels[-1]], [levels[-1]._read()], numbers, base._storage.value.place)
    update = out
    for (step, numbers), level in zip(reversed(chain), reversed(levels), strict=True):
        inverse = step.inverted()
        update = apply_prim(
            inverse, [level, update], [level._read(), update._read()], numbers, base._storage.value.place
        )[0]
    for step, numbers in undone:
        (update,) = apply_prim(step.prim, [update], [update._read()], numbers, place)
    base._write(update._read())
    if base._counter is not target._counter:
        target._counter.version += 1
    if base._chain is None and base._storage.alias is None:
        base._cache = None
    base._requires, base._node, base._out = update._requires, update._node, update._out
    base._stamp += 1
    refresh_history(target)


def _relative(view):
    """The steps from the base a view was made of to the view, and the steps that `unsqueeze_` and its kin have added to the base since."""
    base_chain = view._base._chain or ()
    return view._chain[view._depth :], base_chain[view._depth :]


def _unapply(step, numbers, tensor, place):
    """The base of a step that loses nothing, from its result."""
    aval = step.prim.in_avals[0]
    blank = tensor_of(engine.Value(aval, np.zeros(aval.shape, aval.dtype.numpy), place))
    return apply_prim(step.inverted(), [blank, tensor], [blank._read(), tensor._read()], numbers, place)


def _history(tensor):
    edge = tensor._edge() if tensor.requires_grad else None
    if edge is None:
        return (None, 0, None)
    if tensor._node is None:
        return (None, 0, tensor)
    return (tensor._node, tensor._out, None)


def refresh_history(view: Tensor) -> None:
    """Renew the node of a view whose base was written to since it was made."""
    base = view._base
    if view._stamp == base._stamp or view._stamp == -1:
        return
    view._stamp = base._stamp
    if not base.requires_grad:
        view._node, view._requires = None, False
        return
    with _recording():
        current = tensor_of(base._read(), *_history(base))
        node = None
        chain, undone = _relative(view)
        for step, numbers in reversed(undone):
            (current,) = _unapply(step, numbers, current, base._storage.value.place)
        for step, numbers in chain:
            node = make_node(step.prim, [current], [None], None, numbers, base._storage.value.place)
            following = _new(Tensor)
            following._aval = step.prim.out_avals[0]
            following._requires, following._node = True, node
            current = following
    if node is not None:
        node.__class__ = node_class("AsStridedBackward0")  # the name torch gives a view that was looked up anew
    view._requires, view._node, view._out = True, current._node, 0


class _recording:
    def __enter__(self):
        self.previous, STATE.grad = STATE.grad, True

    def __exit__(self, *exc):
        STATE.grad = self.previous
