"""Decisions and loops that a program makes by itself: `cond`, `while_loop` and `scan`, with torch's signatures, and `vmap` in a captured function."""

import jax
from jax import lax

import jtorch
from jtorch.autograd.mode import STATE
from jtorch.autograd.node import plain_origin
from jtorch.dispatch import apply_prim
from jtorch.engine import Prim, Recording, Replay
from jtorch.tensor import Tensor
from jtorch.utils import _pytree as pytree

from .reachable import reach
from .recorded import CaptureError, name_of

_prims: dict = {}
MAX_PRIMS = 1024


class Body:
    """A function recorded on stand-ins for tensors: a pure function of arrays. `tensors` are those it reads beside its arguments."""

    def __init__(self, api, fn, arguments: list, spec):
        self.api, self.fn = api, fn
        place = arguments[0]._storage.value.place
        reached = [t for t in reach([fn]).tensors if t._storage.value.place is place]
        recording = Recording(place, self._refuse)
        given = []
        stand_ins = {}
        for tensor in arguments:
            made = Tensor.__new_plain__(recording.lift(_distinct(tensor._read())))
            made._requires = tensor.requires_grad
            given.append(made)
        storages = list({id(t._storage): t._storage for t in reached}.values())
        before = [(storage, storage.read()) for storage in storages]
        with recording.making():
            capturing, STATE.capturing = STATE.capturing, True
            try:
                for storage, value in before:
                    stand_ins[id(storage)] = storage.value = recording.lift(value)
                    storage.writes += 1
                result = fn(*pytree.tree_unflatten(given, spec))
                written = [s for s, _ in before if s.value is not stand_ins[id(s)]]
                leaves, self.spec = pytree.tree_flatten(result)
                for leaf in leaves:
                    if not isinstance(leaf, (Tensor, bool, int, float)):
                        raise RuntimeError(
                            f"{api}: {name_of(fn)} should return tensors and containers of them, but got {type(leaf).__name__}"
                        )
                leaves = [leaf if isinstance(leaf, Tensor) else jtorch.tensor(leaf) for leaf in leaves]
                operands = [recording.operand(leaf._read()) for leaf in leaves]
            finally:
                STATE.capturing = capturing
                for storage, value in before:
                    storage.value = value
                    storage.writes += 1
        if written:
            raise RuntimeError(
                f"{api}: {name_of(fn)} writes to a tensor in place that is not its own; return the new contents instead"
            )
        self.avals = [leaf._aval for leaf in leaves]
        self.replay = replay = Replay(recording, operands)
        if replay.awaits:
            raise NotImplementedError(f"{api}: {name_of(fn)} calls a collective; call it before or after")
        if replay.flagged or replay.checks:
            raise NotImplementedError(
                f"{api}: {name_of(fn)} checks values (an index, a label); index inside it with torch.take or torch.where"
            )
        count = len(arguments)
        self.words = replay.words()
        self.arguments = [number for number in replay.used if number < count]
        closed = [number for number in replay.used if number >= count]
        self.tensors = [_holder(recording.inputs[number], reached) for number in closed]
        self.closed = closed
        # Equal recordings are one primitive: two calls of one captured function are compared by it.
        self.key = (
            tuple((prim.id, *operands, *numbers) for prim, operands, numbers, _ in replay.entries), tuple(replay.results), tuple(replay.used),
            tuple((c.aval, c.numpy().tobytes()) for c in replay.constants),
        )  # fmt: skip

    def _refuse(self):
        raise CaptureError(
            f"{self.api}: {name_of(self.fn)} looks at what a tensor contains, or draws random numbers; while it is recorded its tensors have no contents"
        )

    def __call__(self, arguments, closed):
        """The arrays of the results, for those of the arguments and of `tensors`."""
        by_number = dict(zip(self.closed, closed, strict=True))
        arrays = [arguments[number] if number in self.arguments else by_number[number] for number in self.replay.used]
        return self.replay.compute([*arrays, *self.replay.fixed], self.words)[0]


def _distinct(value):
    """A value that is no other's, so that two arguments that hold one stay apart."""
    twin = value.__class__.__new__(value.__class__)
    twin.aval, twin.array, twin.place, twin.trace = value.aval, value.array, value.place, value.trace
    twin.replaces = twin.holder = None
    twin.escaped, twin.traced = True, value.traced
    if value.array is None:
        twin.slot = value.slot
    return twin


def _holder(value, tensors) -> Tensor:
    """The tensor that is a whole storage's contents, the one that requires gradients if there are several."""
    found = [tensor for tensor in tensors if tensor._storage.value is value]
    if any(tensor.requires_grad and tensor._chain is not None for tensor in found):
        raise NotImplementedError("a view of a tensor that requires gradients is closed over; give it as an operand")
    whole = [tensor for tensor in found if tensor._chain is None]
    return next(
        (tensor for tensor in whole if tensor.requires_grad), whole[0] if whole else Tensor.__new_plain__(value)
    )


def _apply(name, key, fn, tensors):
    """Record a primitive of these tensors; equal keys are one primitive."""
    values = [tensor._read() for tensor in tensors]
    key = (name, key, *(value.aval for value in values))
    prim = _prims.get(key)
    if prim is None:
        origin = plain_origin(f"{name.title().replace('_', '')}Backward0")
        prim = Prim(name, lambda arrays, _: fn(arrays), tuple(value.aval for value in values), origin=origin)
        if len(_prims) >= MAX_PRIMS:
            _prims.clear()
        _prims[key] = prim
    return apply_prim(prim, tensors, values, (), values[0].place)


def _flat(api, operands):
    leaves, spec = pytree.tree_flatten(operands)
    for leaf in leaves:
        if not isinstance(leaf, Tensor):
            raise RuntimeError(
                f"{api}: expect operands to be a tuple of possibly nested dict/list/tuple that only consists of tensor leaves, but got {leaf!r}"
            )
    return leaves, spec


def _agree(api, one, two, first, second):
    if one.spec != two.spec or one.avals != two.avals:
        raise RuntimeError(
            f"{api}: {first} and {second} must return tensors of the same structure, shapes and dtypes, but got {one.avals} and {two.avals}"
        )


def cond(pred, true_fn, false_fn, operands=()):
    """`true_fn(*operands)` or `false_fn(*operands)`, as `pred`, a bool or a boolean tensor of one element, says.

    Both return tensors of the same shapes and dtypes and write to nothing. In a captured function the program decides, and gradients flow
    through the branch that was taken; elsewhere this is `if`.

    >>> import jtorch as torch
    >>> f = torch.capture(lambda x: torch.cond(x.sum() > 0, torch.sin, torch.cos, (x,)))
    >>> [f(torch.tensor([v])).item() == m(torch.tensor([v])).item() for v, m in [(0.5, torch.sin), (-0.5, torch.cos)] * 3]
    [True, True, True, True, True, True]
    """
    if not isinstance(pred, (bool, int, float, Tensor)):
        raise RuntimeError(f"Expected pred to be bool or tensor, but got {pred}.")
    if isinstance(pred, Tensor) and pred.numel() != 1:
        raise RuntimeError(f"Expected pred to be bool or single-element tensor, but got {pred}.")
    if not (callable(true_fn) and callable(false_fn)):
        raise RuntimeError("Expect both branches to be callable.")
    if not isinstance(operands, (tuple, list)):
        raise RuntimeError(
            f"Expect operands to be a tuple of possibly nested dict/list/tuple that only consists of tensor leaves, but got {operands}."
        )
    if not STATE.capturing or not isinstance(pred, Tensor):
        return true_fn(*operands) if pred else false_fn(*operands)
    leaves, spec = _flat("cond", tuple(operands))
    where = leaves or [pred]
    bodies = [
        Body("cond", fn, where if leaves else [pred], spec)
        if leaves
        else Body("cond", _ignoring(fn), [pred], pytree.tree_structure((pred,)))
        for fn in (true_fn, false_fn)
    ]
    _agree("cond", *bodies, "true_fn", "false_fn")
    count, split = len(where), len(where) + len(bodies[0].tensors)

    def decide(arrays):
        decision, arrays = arrays[0].reshape(()).astype(bool), arrays[1:]
        branches = [
            lambda arrays, body=body, closed=closed: body(arrays[:count], arrays[closed])
            for body, closed in zip(bodies, (slice(count, split), slice(split, None)), strict=True)
        ]
        return lax.cond(decision, *branches, list(arrays))

    tensors = [pred, *where, *bodies[0].tensors, *bodies[1].tensors]
    found = _apply("cond", (bodies[0].key, bodies[1].key), decide, tensors)
    return pytree.tree_unflatten(found, bodies[0].spec)


def _ignoring(fn):
    def call(_):
        return fn()

    return call


def while_loop(cond_fn, body_fn, carried_inputs):
    """`carried_inputs`, changed by `body_fn(*carried)` for as long as `cond_fn(*carried)`; a tuple of tensors whose shapes and dtypes stay.

    In a captured function the program loops, and no gradient flows through (`jtorch.scan` repeats a given number of times and is differentiable); elsewhere
    this is Python's loop.

    >>> import jtorch as torch
    >>> f = torch.capture(lambda n, x: torch.while_loop(lambda i, x: i > 0, lambda i, x: (i - 1, x * 2), (n, x))[1])
    >>> [f(torch.tensor(n), torch.tensor(1.0)).item() for n in (1, 2, 3, 4, 5)]
    [2.0, 4.0, 8.0, 16.0, 32.0]
    """
    if not (callable(cond_fn) and callable(body_fn)):
        raise RuntimeError("Expect cond_fn and body_fn to be callable.")
    if not isinstance(carried_inputs, (tuple, list)):
        raise RuntimeError(f"Expect carried_inputs to be a tuple or list, got {type(carried_inputs)}")
    carried = tuple(carried_inputs)
    if not STATE.capturing:
        while cond_fn(*carried):
            result = body_fn(*carried)
            if not isinstance(result, (tuple, list)) or len(result) != len(carried):
                raise RuntimeError(
                    f"body_fn must return as many values as it is given, a tuple of {len(carried)}; got {result}"
                )
            carried = tuple(result)
        return carried
    leaves, spec = _flat("while_loop", carried)
    decide, body = Body("while_loop", cond_fn, leaves, spec), Body("while_loop", body_fn, leaves, spec)
    if [a.size for a in decide.avals] != [1]:
        raise RuntimeError(f"while_loop: cond_fn must return one boolean, but got {decide.avals}")
    if body.avals != [leaf._aval for leaf in leaves]:
        raise RuntimeError(
            f"while_loop: body_fn must return tensors like carried_inputs, {[leaf._aval for leaf in leaves]}, but got {body.avals}"
        )
    count, split = len(leaves), len(leaves) + len(decide.tensors)

    def loop(arrays):
        closed = list(arrays[count:split]), list(arrays[split:])
        return lax.while_loop(
            lambda carry: decide(carry, closed[0])[0].reshape(()).astype(bool),
            lambda carry: body(carry, closed[1]),
            list(arrays[:count]),
        )

    with jtorch.no_grad():
        found = _apply("while_loop", (decide.key, body.key), loop, [*leaves, *decide.tensors, *body.tensors])
    return pytree.tree_unflatten(found, spec)


def scan(combine_fn, init, xs, *, dim: int = 0, reverse: bool = False):
    """`combine_fn(carry, x)` -> `(carry, y)` for each slice `x` of `xs` along `dim`: the last carry, and the `y` stacked along dimension 0.

    The body is compiled once, however many slices there are, and is differentiable: repeated layers, whose parameters are stacked, or the steps of a recurrence.

    >>> import jtorch as torch
    >>> last, sums = torch.scan(lambda total, x: (total + x, total + x), torch.zeros(()), torch.arange(4.0))
    >>> last.item(), sums.tolist()
    (6.0, [0.0, 1.0, 3.0, 6.0])
    """
    if not callable(combine_fn):
        raise ValueError(f"Combine_fn must be a callable, but got {combine_fn}")
    if not isinstance(dim, int):
        raise ValueError(f"Dim must be an int, but got {type(dim)}")
    if not isinstance(reverse, bool):
        raise RuntimeError(f"Reverse must be a bool, but got {type(reverse)}")
    carry, carry_spec = pytree.tree_flatten(init)
    slices, slices_spec = pytree.tree_flatten(xs)
    for what, leaves in (("init", carry), ("xs", slices)):
        if not leaves and what == "init":
            raise RuntimeError("scan() operator requires init leaves.")
        for leaf in leaves:
            if not isinstance(leaf, Tensor):
                raise RuntimeError(f"All {what} leaves must be a Tensor but got {leaf!r}")
    if not slices:
        return init, []
    slices = [x.movedim(dim, 0) for x in slices]
    lengths = {len(x) for x in slices}
    if lengths == {0} or len(lengths) > 1:
        raise RuntimeError(
            f"All xs leaves must at least have 'dim' number of dimensions and one size along it, but got {sorted(lengths)}"
        )
    first = [x[0] for x in slices]
    spec = pytree.tree_structure((pytree.tree_unflatten(carry, carry_spec), pytree.tree_unflatten(first, slices_spec)))
    body = Body("scan", combine_fn, [*carry, *first], spec)
    if len(body.avals) < len(carry) or body.avals[: len(carry)] != [leaf._aval for leaf in carry]:
        raise RuntimeError(
            f"The carry that combine_fn returns must be like init, {[leaf._aval for leaf in carry]}, but got {body.avals[: len(carry)]}"
        )
    count, split = len(carry), len(carry) + len(slices)

    def run(arrays):
        closed = list(arrays[split:])

        def step(carry, x):
            made = body([*carry, *x], closed)
            return made[:count], made[count:]

        last, stacked = lax.scan(step, list(arrays[:count]), list(arrays[count:split]), reverse=reverse)
        return [*last, *stacked]

    found = _apply("scan", (body.key, count, len(slices), reverse), run, [*carry, *slices, *body.tensors])
    returned_carry, returned = pytree.tree_unflatten(found, body.spec)
    return returned_carry, returned


def mapped(function, operands, dims) -> list[Tensor]:
    """`function` of a list of tensors, over dimension `dims[i]` of each (None: all of it each time); results have the mapped dimension first."""
    examples = [t if dim is None else t.select(dim, 0) for t, dim in zip(operands, dims, strict=True)]

    def example(*tensors):
        return function(list(tensors))

    example.__qualname__ = "the mapped function"
    body = Body("vmap", example, examples, pytree.tree_structure(tuple(examples)))
    count, axes = len(operands), (*dims, *(None for _ in body.tensors))

    def run(arrays):
        return jax.vmap(lambda *given: body(given[:count], given[count:]), in_axes=axes)(*arrays)

    return list(_apply("vmap", (body.key, axes), run, [*operands, *body.tensors]))
