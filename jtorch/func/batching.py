"""vmap: a function of single examples becomes one of batches, by `jax.vmap` over the operations it records.

Under the tape a mapped call is one node. Its backward maps the function again, with backward inside: per-example gradients of mapped operands, and sums of them
for tensors that the function took from elsewhere.
"""

import functools
import traceback

import jax
import jax.numpy as jnp

import jtorch
from jtorch import casting, engine, random
from jtorch.autograd.mode import STATE
from jtorch.autograd.node import AccumulateGrad, GradientEdge, Node, _sequence
from jtorch.dispatch import tensor_of
from jtorch.tensor import Tensor
from jtorch.utils._pytree import _broadcast_to_and_flatten, tree_flatten, tree_unflatten

_CONTROL_FLOW = (
    "vmap: It looks like you're attempting to use a Tensor in some data-dependent control flow. We don't support that yet, please file an issue at "
    "https://github.com/pytorch/pytorch/issues ."
)
_ITEM = (
    "vmap: It looks like you're calling .item() on a Tensor. We don't support vmap over calling .item() on a Tensor, please try to rewrite what "
    "you're doing with other operations. If error is occurring somewhere inside PyTorch internals, please file a bug report."
)
_IN_PLACE = (
    "vmap: inplace arithmetic(self, *extra_args) is not possible because there exists a Tensor `other` in extra_args that has more elements than "
    "`self`. This happened due to `other` being vmapped over but `self` not being vmapped over in a vmap. Please try to use out-of-place "
    "operators instead of inplace arithmetic."
)
_RANDOM = (
    "vmap: called random operation while in randomness error mode. Please either use the 'same' or 'different' randomness flags on vmap or "
    "perform the randomness operation out of vmap"
)
_TRACER_ERRORS = (
    jax.errors.ConcretizationTypeError,
    jax.errors.TracerArrayConversionError,
    jax.errors.TracerBoolConversionError,
    jax.errors.TracerIntegerConversionError,
)


def vmap(func, in_dims=0, out_dims=0, randomness: str = "error", *, chunk_size: int | None = None):
    """`func` over a dimension of its arguments: `in_dims` says which (None: the whole argument each time), `out_dims` where it goes in results.

    `randomness` is what random functions do inside: 'error', 'same' numbers for all examples, or 'different' ones. `chunk_size` examples at
    most are computed at once.

    >>> import jtorch as torch
    >>> torch.func.vmap(torch.dot)(torch.ones(2, 3), torch.ones(2, 3))
    tensor([3., 3.])
    """
    if randomness not in ("error", "different", "same"):
        raise RuntimeError(f"Only allowed values for randomness are 'error', 'different', or 'same'. Got {randomness}")
    if chunk_size is not None and chunk_size <= 0:
        raise ValueError(f"vmap: chunk_size should be None or greater than 0. (got {chunk_size})")

    @functools.wraps(func)
    def mapped(*args, **kwargs):
        call = _Call(func, in_dims, out_dims, args, kwargs)
        if chunk_size is None or chunk_size >= call.size:
            return call.run(call.operands, randomness)
        parts = [
            operand if dim is None else operand.split(chunk_size, dim)
            for operand, dim in zip(call.operands, call.dims, strict=True)
        ]
        made = []
        for i in range(-(-call.size // chunk_size)):
            chunk = [part if dim is None else part[i] for part, dim in zip(parts, call.dims, strict=True)]
            made.append(tree_flatten(call.run(chunk, randomness)))
        leaves = [
            rows[0] if dim is None else jtorch.cat(rows, dim)
            for rows, dim in zip(zip(*(leaves for leaves, _ in made), strict=True), call.leaf_dims, strict=True)
        ]
        return tree_unflatten(leaves, made[0][1])

    return mapped


class _Call:
    """One call of a mapped function: which operands are mapped and how results are put together."""

    def __init__(self, func, in_dims, out_dims, args, kwargs):
        self.func, self.out_dims, self.kwargs = func, out_dims, kwargs
        self.name = getattr(func, "__name__", repr(func))
        where = f"vmap({self.name}, in_dims={in_dims}, ...)(<inputs>): "
        if not isinstance(in_dims, (int, tuple)):
            raise ValueError(
                where
                + "expected `in_dims` to be int or a (potentially nested) tuple matching the structure of inputs, "
                f"got: {type(in_dims)}."
            )
        if not args:
            raise ValueError(
                f"vmap({self.name})(<inputs>): got no inputs. Maybe you forgot to add inputs, or you are trying to vmap over a function with no "
                "inputs. The latter is unsupported."
            )
        self.leaves, self.spec = tree_flatten(args)
        dims = _broadcast_to_and_flatten(in_dims, self.spec)
        if dims is None:
            raise ValueError(
                where
                + f"in_dims is not compatible with the structure of `inputs`. in_dims has structure {tree_flatten(in_dims)[1]} but "
                f"inputs has structure {self.spec}."
            )
        self.where = [i for i, leaf in enumerate(self.leaves) if isinstance(leaf, Tensor)]
        for i, (leaf, dim) in enumerate(zip(self.leaves, dims, strict=True)):
            dims[i] = _checked_dim(where, leaf, dim)
        self.operands = [self.leaves[i] for i in self.where]
        self.dims = [dims[i] for i in self.where]
        sizes = [t.size(d) for t, d in zip(self.operands, self.dims, strict=True) if d is not None]
        if not sizes:
            raise ValueError("vmap: Expected at least one Tensor to vmap over")
        if len(set(sizes)) > 1:
            raise ValueError(
                f"vmap: Expected all tensors to have the same size in the mapped dimension, got sizes {sizes} for the mapped dimension"
            )
        self.size = sizes[0]

    def run(self, operands, randomness):
        results = apply(self.single, operands, self.dims, randomness)
        given = iter(results)
        leaves = [
            constant if dim is None else (next(given).movedim(0, dim) if dim else next(given))
            for constant, dim in zip(self.constants, self.leaf_dims, strict=True)
        ]
        return tree_unflatten(leaves, self.result_spec)

    def single(self, operands) -> list[Tensor]:
        """The function on one example: its results as a list, their structure kept for later."""
        leaves = list(self.leaves)
        for i, operand in zip(self.where, operands, strict=True):
            leaves[i] = operand
        made, self.result_spec = tree_flatten(self.func(*tree_unflatten(leaves, self.spec), **self.kwargs))
        dims = _broadcast_to_and_flatten(self.out_dims, self.result_spec)
        if dims is None:
            raise ValueError(
                f"vmap({self.name}, ..., out_dims={self.out_dims})(<inputs>): out_dims is not compatible with the structure of `outputs`. "
                f"out_dims has structure {tree_flatten(self.out_dims)[1]} but outputs has structure {self.result_spec}."
            )
        for leaf, dim in zip(made, dims, strict=True):
            if dim is not None and not isinstance(leaf, Tensor):
                raise ValueError(
                    f"vmap({self.name}, ...): `{self.name}` must only return Tensors, got type {type(leaf)}. "
                    "Did you mean to set out_dims= to None for output?"
                )
            if dim is None and isinstance(leaf, Tensor) and leaf._read().traced:
                raise ValueError(
                    f"vmap({self.name}, ...): `{self.name}` can not return a BatchedTensor when out_dim is None"
                )
        self.leaf_dims = dims
        self.constants = [leaf if dim is None else None for leaf, dim in zip(made, dims, strict=True)]
        return [leaf for leaf, dim in zip(made, dims, strict=True) if dim is not None]


def _checked_dim(where, leaf, dim):
    if dim is None:
        return None
    if not isinstance(dim, int):
        raise ValueError(
            where + f"Got in_dim={dim} for an input but in_dim must be either an integer dimension or None."
        )
    if not isinstance(leaf, Tensor):
        raise ValueError(
            where
            + f"Got in_dim={dim} for an input but the input is of type {type(leaf)}. We cannot vmap over non-Tensor arguments, please "
            "use None as the respective in_dim"
        )
    n = leaf.dim()
    if not -n <= dim < n:
        raise ValueError(
            where
            + f"Got in_dim={dim} for some input, but that input is a Tensor of dimensionality {n} so expected in_dim to satisfy "
            f"-{n} <= in_dim < {n}."
        )
    return dim % n


# One level of mapping


class Level:
    """A `vmap` that is running: what random functions do in it."""

    def __init__(self, randomness: str, size: int, index: Tensor, outer):
        self.randomness, self.size, self.index, self.outer = randomness, size, index, outer

    def draw(self, generator, name, operands, statics) -> Tensor:
        """Random numbers for one example."""
        if self.randomness == "error":
            raise RuntimeError(_RANDOM)
        if any(o._read().traced for o in operands if isinstance(o, Tensor)):
            raise NotImplementedError(f"vmap: {name} with mapped parameters; draw uniform numbers and transform them")
        STATE.vmap = self.outer
        try:
            if self.randomness == "same":
                return generator._draw(name, *operands, **statics)
            if "size" not in statics:
                rows = [generator._draw(name, *operands, **statics) for _ in range(self.size)]
                made = jtorch.stack(rows)
            else:
                made = generator._draw(name, *operands, **{**statics, "size": (self.size, *statics["size"])})
        finally:
            STATE.vmap = self
        return made.index_select(0, self.index.reshape(1))[0]


def _tensor(array, place) -> Tensor:
    traced = isinstance(array, jax.core.Tracer)
    return tensor_of(engine.Value(engine.aval_of(array), array, place, escaped=not traced, traced=traced))


def _array(tensor: Tensor):
    value = tensor._read()
    return value.concrete() if value.traced else jtorch.to_jax(tensor)


def run(function, operands, dims, randomness) -> list[Tensor]:
    """Map a function of a list of tensors; results have the mapped dimension first. Nothing is recorded for backward."""
    mapped = [(t, d) for t, d in zip(operands, dims, strict=True) if d is not None]
    size = mapped[0][0].size(mapped[0][1])
    place = mapped[0][0]._storage.value.place

    def single(index, *arrays):
        given = iter(arrays)
        inner = [t if d is None else _tensor(next(given), place) for t, d in zip(operands, dims, strict=True)]
        outer = STATE.vmap
        STATE.vmap = Level(randomness, size, _tensor(index, place), outer)
        try:
            with engine.traced_writes() as writes:
                results = [t._read().concrete() for t in function(inner)]
                del inner
                writes.refuse(_IN_PLACE)
        finally:
            STATE.vmap = outer
        return [jnp.asarray(r) for r in results]

    with jax.enable_x64(True):
        axes = (0, *(d for _, d in mapped))
        try:
            results = jax.vmap(single, in_axes=axes)(jnp.arange(size), *(_array(t) for t, _ in mapped))
        except _TRACER_ERRORS as error:
            asked = {frame.name for frame in traceback.extract_tb(error.__traceback__)}
            raise RuntimeError(_ITEM if "item" in asked and "__bool__" not in asked else _CONTROL_FLOW) from error
    return [_tensor(r, place) for r in results]


# Under the tape


def apply(function, operands, dims, randomness) -> list[Tensor]:
    """`run`, as one node of the graph where gradients are wanted; in a captured function, one operation of its program."""
    if STATE.capturing:
        from jtorch.capturing.control import mapped

        return mapped(function, operands, dims)
    if not STATE.grad:
        return run(function, operands, dims, randomness)
    found = _Found()
    start = next(_sequence)
    states = {g: g._state for g in [random.default_generator, *random.by_device.values()]}

    def recorded(inner):
        leaves = {}
        for i, (outer, dim) in enumerate(zip(operands, dims, strict=True)):
            if dim is not None and outer.requires_grad:
                inner[i].requires_grad_()
                leaves[id(inner[i])] = inner[i]
        results = function(inner)
        found.look(results, leaves, start)
        return results

    results = run(recorded, operands, dims, randomness)
    if any(found.wanted):
        node = _class_like(found.shown)(function, operands, dims, randomness, found, results, states)
        for i, (result, wanted) in enumerate(zip(results, found.wanted, strict=True)):
            if wanted:
                result._requires, result._node, result._out = True, node, i
    return results


class _Found:
    """What the graph inside a mapped function leads to outside of it."""

    def look(self, results, leaves, start) -> None:
        self.wanted = [r.requires_grad for r in results]
        self.shown = next((type(r.grad_fn).__name__ for r in results if r.grad_fn is not None), "VmapBackward0")
        edges: dict = {}
        seen: set = set()
        stack = [r._edge() for r in results if r.requires_grad]
        while stack:
            edge = stack.pop()
            if edge is None:
                continue
            node = edge[0]
            if isinstance(node, AccumulateGrad):
                if id(node.variable) not in leaves:
                    edges[edge] = node.variable._aval
            elif node.sequence < start:
                edges[edge] = GradientEdge(*edge)._aval
            elif node not in seen:
                seen.add(node)
                stack += node.edges
        self.edges = edges


class VmapNode(Node):
    """A mapped call in the graph."""

    def __init__(self, function, operands, dims, randomness, found, results, states):
        self.function, self.operands, self.dims, self.randomness, self.states = (
            function,
            operands,
            dims,
            randomness,
            states,
        )
        self.versions = [t._counter.version for t in operands]
        self.leaves = [
            i for i, (t, d) in enumerate(zip(operands, dims, strict=True)) if d is not None and t.requires_grad
        ]
        self.outside = list(found.edges.items())
        self.wanted = found.wanted
        self.avals = [r._aval for r in results]
        self.place = results[0]._storage.value.place
        self.autocast = casting.snapshot()
        super().__init__((*(operands[i]._edge() for i in self.leaves), *(edge for edge, _ in self.outside)))

    def n_outputs(self):
        return len(self.avals)

    def release(self):
        self.operands = None

    def apply(self, grads):
        made = self.pull([None if g is None else tensor_of(g) for g in grads])
        return [None if g is None else g._read() for g in made]

    def apply_tensors(self, grads):
        return self.pull(grads)

    def pull(self, grads):
        """Gradients of the operands and of what the function took from outside."""
        if self.operands is None:
            from jtorch.autograd.node import FREED

            raise RuntimeError(FREED)
        for tensor, version in zip(self.operands, self.versions, strict=True):
            if tensor._counter.version != version:
                raise RuntimeError(
                    "one of the variables needed for gradient computation has been modified by an inplace operation: an operand of vmap is at "
                    f"version {tensor._counter.version}; expected version {version} instead."
                )
        chosen = [i for i, (g, wanted) in enumerate(zip(grads, self.wanted, strict=True)) if wanted and g is not None]
        count = len(self.operands)

        def backward(inner):
            given, directions = inner[:count], inner[count:]
            with jtorch.enable_grad(), casting.restored(self.autocast):
                for i in self.leaves:
                    if not given[i].requires_grad:
                        given[i] = given[i].detach().requires_grad_()
                results = self.function(given)
            targets = [*(given[i] for i in self.leaves), *(GradientEdge(*edge) for edge, _ in self.outside)]
            made = jtorch.autograd.grad(
                [results[i] for i in chosen], targets, directions, create_graph=STATE.grad, allow_unused=True
            )
            shapes = [given[i]._aval for i in self.leaves] + [aval for _, aval in self.outside]
            return [jtorch.zeros(a.shape, dtype=a.dtype) if g is None else g for g, a in zip(made, shapes, strict=True)]

        now = {g: g._state for g in self.states}
        for generator, state in self.states.items():
            generator._state = state
        try:
            made = apply(
                backward,
                [*self.operands, *(grads[i] for i in chosen)],
                [*self.dims, *(0 for _ in chosen)],
                self.randomness,
            )
        finally:
            for generator, state in now.items():
                generator._state = state
        per_example, shared = made[: len(self.leaves)], made[len(self.leaves) :]
        return [
            *(g.movedim(0, self.dims[i]) for g, i in zip(per_example, self.leaves, strict=True)),
            *(g.sum(0) for g in shared),
        ]


@functools.cache
def _class_like(name: str):
    """The node's class under the name of what gave the first result: torch has one node for each operation inside, and shows the last."""
    return type(name, (VmapNode,), {"__module__": __name__})
