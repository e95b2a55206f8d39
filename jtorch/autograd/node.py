"""Nodes of the autograd graph: what was computed, from what, and what is kept for backward."""

import functools
import inspect
import itertools
import re
import weakref
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from .. import engine
from ..engine import Prim
from ..errors import StridedOnly
from ..ops.registry import Arrays

_sequence = itertools.count()

FREED = (
    "Trying to backward through the graph a second time (or directly access saved tensors after they have already been freed). "
    "Saved intermediate values of the graph are freed when you call .backward() or autograd.grad(). Specify retain_graph=True if "
    "you need to backward through the graph a second time or if you need to access saved tensors after calling backward."
)


class Saved:
    """An operand or result kept for backward: its value then, and what tells whether it was written to since."""

    __slots__ = ("value", "tensor_storage", "counter", "version", "writes", "chain", "node", "out", "leaf")

    def unpack(self, name):
        """The value, after torch's version check; an edit through `.data` or numpy is seen, as in torch."""
        counter = self.counter
        if counter is None:
            return self.value
        if counter.version != self.version:
            raise RuntimeError(
                "one of the variables needed for gradient computation has been modified by an inplace operation: "
                f"[torch.{tensor_type(self.value)} {list(self.value.aval.shape)}]{self.origin(name)} is at version {counter.version}; "
                f"expected version {self.version} instead. Hint: enable anomaly detection to find the operation that failed to compute its gradient, "
                "with torch.autograd.set_detect_anomaly(True, check_nan=False)."
            )
        storage = self.tensor_storage
        if storage.alias is not None or storage.writes != self.writes:
            from ..views import read_chain

            return read_chain(storage, self.chain)
        return self.value

    def origin(self, name):
        """Which node made the tensor, for the error message; `name` is given for a result of the node itself."""
        name = name or (self.node.name() if self.node is not None else None)
        return "" if name is None else f", which is output {self.out} of {re.sub(r'Backward[0-9]*$', '', name)},"


def tensor_type(value) -> str:
    prefix = "" if value.place.is_cpu else "cuda."
    return prefix + value.aval.dtype.tensor_type


class Node:
    """One recorded operation. `edges` lead to the producers of its operands: (node, output number) or None."""

    # What few nodes have lives in `__dict__`, which costs nothing until something is set.
    __slots__ = ("edges", "sequence", "__dict__", "__weakref__")
    pre_hooks = tensor_pre_hooks = post_hooks = retained = _metadata = trace = None

    def __init__(self, edges):
        self.edges = edges
        self.sequence = next(_sequence)

    # What users see of a node

    def name(self) -> str:
        """The node's class name, as torch prints it."""
        return type(self).__name__

    def __repr__(self):
        return f"<{self.name()} object at {id(self):#x}>"

    @property
    def next_functions(self):
        return tuple((None, 0) if edge is None else edge for edge in self.edges)

    @property
    def metadata(self):
        if self._metadata is None:
            self._metadata = {}
        return self._metadata

    def _sequence_nr(self):
        return self.sequence

    def register_hook(self, hook):
        """Call `hook(grad_inputs, grad_outputs)` after this node has run."""
        return _register(self, "post_hooks", hook)

    def register_prehook(self, hook):
        """Call `hook(grad_outputs)` before this node runs."""
        return _register(self, "pre_hooks", hook)

    def release(self):
        """Drop what was saved for backward."""


def _register(node, attribute, hook):
    from .hooks import RemovableHandle

    table = getattr(node, attribute)
    if table is None:
        table = {}
        setattr(node, attribute, table)
    handle = RemovableHandle(table)
    table[handle.id] = hook
    return handle


class OpNode(Node):
    """A node of a registered operation: its gradient is another primitive, found once per primitive and set of wanted operands.

    Each name is a subclass of its own (`node_class`), as in torch.
    """

    __slots__ = ("rule", "saved", "numbers", "place")

    def __init__(self, rule, edges, saved, numbers, place):
        self.edges = edges
        self.sequence = next(_sequence)
        self.rule, self.saved, self.numbers, self.place = rule, saved, numbers, place

    def n_outputs(self) -> int:
        return len(self.rule.grad_avals)

    @property
    def next_functions(self):
        row = self._with_numbers(self.edges)
        origin = self.rule.origin
        if origin is not None and origin.op is not None and origin.op.edges is not None:
            row = self._as_torch_shows_them(origin.op, row)
        return tuple((None, 0) if edge is None else edge for edge in row)

    def _as_torch_shows_them(self, op, row):
        """One operation here is several in torch: its operands in torch's order, transposed ones behind a node that is made for show."""
        given = dict(zip((p.name for p in op.params), row, strict=False))
        shown = []
        for name in op.edges:
            edge = given[name.removesuffix(".T")]
            if edge is not None and name.endswith(".T"):
                edge = (_shown_transpose([edge]), 0)
            shown.append(edge)
        return shown

    def _with_numbers(self, row):
        """One entry per differentiable parameter: a number that stands where a tensor may has None, as in torch."""
        origin = self.rule.origin
        if origin is None or not origin.operand_kinds or origin.one_sided():
            return row
        entries, given = [], iter(row)
        for kind, count in origin.operand_kinds:
            entries += (
                [None] if count is None else [next(given) for _ in range(count)] if kind is Arrays else [next(given)]
            )
        return entries

    def __getattr__(self, name):
        if name.startswith("_raw_saved_"):
            return self._raw_saved(name.removeprefix("_raw_saved_"))
        if not name.startswith("_saved_"):
            raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")
        return self._saved_value(name.removeprefix("_saved_"))

    def _raw_saved(self, name):
        from .saved import SavedTensor

        position = self._saved_position(name)
        if position is None:
            raise AttributeError(f"'{type(self).__name__}' object has no attribute '_raw_saved_{name}'")
        return SavedTensor(self, position)

    def _saved_value(self, name):
        """What was saved under torch's name for it: `_saved_self`, `_saved_result`, a static argument."""
        from ..dispatch import tensor_of

        position = self._saved_position(name)
        if position is not None:
            kind, item = self.rule.slots[position][0], self.unpacked()[position]
            if kind == "out":
                return tensor_of(item.unpack(self.name()), self, item.out)
            return tensor_of(item.unpack(None), item.node, item.out, item.leaf)
        origin = self.rule.origin
        if origin is not None and origin.params.get(name, ("",))[0] == "static":
            return origin.params[name][1]
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '_saved_{name}'")

    def _saved_position(self, name):
        """Which saved tensor has torch's name `name`."""
        origin = self.rule.origin
        for position, (kind, i) in enumerate(self.rule.slots):
            if kind == "out" and name in ("result", f"result{i}"):
                return position
            if (
                kind == "in"
                and origin is not None
                and origin.params.get("input" if name == "self" else name) == ("array", i)
            ):
                return position
        return None

    def unpacked(self):
        if self.saved is None:
            raise RuntimeError(FREED)
        return self.saved

    def release(self):
        if self.saved or self.rule.saves_number:
            self.saved = None

    def apply(self, grads):
        """Gradients of the operands as values, from gradients of the results as values (None where there is none)."""
        rule = self.rule
        values = []
        for i, item in enumerate(self.unpacked()):
            counter = item.counter
            # As `unpack`, of a tensor that nobody wrote to.
            if item.__class__ is Saved and (
                counter is None
                or (
                    counter.version == item.version
                    and item.tensor_storage.alias is None
                    and item.tensor_storage.writes == item.writes
                )
            ):
                values.append(item.value)
            else:
                values.append(item.unpack(self.name() if rule.slots[i][0] == "out" else None))
        if rule.prim is None:
            raise rule.refusal
        for aval, grad in zip(rule.grad_avals, grads, strict=True):
            if aval is not None:
                values.append(zeros(aval, self.place) if grad is None else grad)
        try:
            outs = engine.record(rule.prim, values, self.numbers, self.place)
        except StridedOnly:
            from ..sparse.gradients import run_node

            return run_node(self, grads)
        return outs if len(outs) == len(rule.needs) else rule.spread(outs)

    def apply_tensors(self, grads):
        """The same on tensors, recorded for a backward of the backward."""
        from ..dispatch import apply_prim, tensor_of

        rule = self.rule
        tensors = [
            tensor_of(
                s.unpack(self.name() if kind == "out" else None), self if kind == "out" else s.node, s.out, s.leaf
            )
            for (kind, _), s in zip(rule.slots, self.unpacked(), strict=True)
        ]
        for i, g in enumerate(grads):
            if rule.grad_avals[i] is not None:
                tensors.append(tensor_of(zeros(rule.grad_avals[i], self.place)) if g is None else g)
        if rule.prim is None:
            raise rule.refusal
        try:
            made = apply_prim(rule.prim, tensors, [t._read() for t in tensors], self.numbers, self.place)
        except StridedOnly:
            from ..sparse.gradients import run_node_on_tensors

            return run_node_on_tensors(self, grads)
        return rule.spread(made)


def _shown_transpose(edges):
    return type("TBackward0", (Node,), {"__slots__": (), "__module__": "torch.autograd.graph"})(edges)


@functools.cache
def node_class(label: str) -> type:
    """The class of nodes named `label` (`AddBackward0`)."""
    return type(label, (OpNode,), {"__slots__": (), "__module__": "torch.autograd.graph"})


def zeros(aval, place):
    return engine.Value(aval, np.zeros(aval.shape, aval.dtype.numpy), place)


class GradientEdge(NamedTuple):
    """Where the gradient of a tensor goes: a node, and which of its outputs the tensor is."""

    node: Node
    output_nr: int
    ownership_token: object = None

    requires_grad = True

    def _edge(self):
        return (self.node, self.output_nr)

    @property
    def _aval(self):
        return self.node.rule.grad_avals[self.output_nr]


class AccumulateGrad(Node):
    """The end of the graph: adds to the `.grad` of a leaf."""

    __slots__ = ("variable",)

    def name(self):
        return "torch::autograd::AccumulateGrad"

    def __repr__(self):
        return f"<AccumulateGrad object at {id(self):#x}>"

    def __init__(self, leaf):
        super().__init__(())
        self.variable = leaf


def accumulator(leaf) -> AccumulateGrad:
    """The one accumulating node of a leaf, alive while something refers to it."""
    ref = leaf._accumulator
    node = ref() if ref is not None else None
    if node is None:
        node = AccumulateGrad(leaf)
        leaf._accumulator = weakref.ref(node)
    return node


class Origin:
    """How a primitive was built from an operation: which parameter became which operand."""

    __slots__ = ("op", "visible", "differentiable", "params", "operand_kinds", "compute", "node_class", "layout")

    def __init__(self):
        self.params, self.operand_kinds, self.compute, self.layout = {}, [], None, None

    def one_sided(self) -> bool:
        """torch's overloads with a number (`rsub`, `pow`, `clamp`) have no place for it in the graph."""
        return self.op.name not in ("add", "mul", "div", "sub", "where", "addmm", "convolution", "batch_norm_train")

    def where(self, name):
        return self.params[name]

    def promoted(self, array, name=None):
        """An operand in the dtype that the operation computes in."""
        if self.compute is None or array.dtype == self.compute.numpy:
            return array
        return array.astype(self._dtype_of(name if not array.ndim else None))

    def number(self, number, name):
        """A Python number in the dtype that the operation computes in."""
        return number if self.compute is None else number.astype(self._dtype_of(name))

    def _dtype_of(self, scalar):
        keeps = scalar is not None and scalar == self.op.wide_scalar
        return (
            np.dtype(np.float32)
            if keeps and self.compute.itemsize == 2 and self.compute.is_floating_point
            else self.compute.numpy
        )


class Rule:
    """The gradient of one primitive for one set of wanted operands.

    `slots` says what to save: ('in', operand) or ('out', result); `prim` takes the saved arrays and then the gradients of the differentiable
    results (`grad_avals`, None for results without gradient) and gives the gradients of the wanted operands.
    """

    __slots__ = ("prim", "slots", "grad_avals", "needs", "origin", "saves_results", "saves_number", "refusal")

    def spread(self, outs):
        outs = iter(outs)
        return [next(outs) if need else None for need in self.needs]


def rule_for(prim: Prim, needs: tuple[bool, ...]) -> Rule:
    rule = prim.derived.get(needs)
    if rule is None:
        rule = prim.derived[needs] = _make_rule(prim, needs)
    return rule


def differentiable(aval) -> bool:
    return aval.dtype.priority >= 2


# Operations whose numbers torch makes tensors of and saves: a second backward pass misses them.
_SAVED_AS_TENSORS = ("mul", "rounding.div")


def _make_rule(prim, needs):
    rule = Rule()
    rule.needs = needs
    rule.origin = prim.origin if prim.origin is not None and prim.origin.op is not None and prim.origin.params else None
    visible = prim.visible()
    rule.grad_avals = tuple(a if i < visible and differentiable(a) else None for i, a in enumerate(prim.out_avals))
    op = prim.origin.op if prim.origin is not None else None
    if op is not None and op.backward_fn is not None:
        try:
            _hand_rule(rule, prim, op, needs)
        except RuntimeError as error:  # there is no such gradient, which matters to those who ask for it
            rule.prim, rule.refusal = None, error
    else:
        _default_rule(rule, prim, needs)
    rule.saves_results = any(kind == "out" for kind, _ in rule.slots)
    rule.saves_number = (
        op is not None and op.name in _SAVED_AS_TENSORS and any(count is None for _, count in prim.origin.operand_kinds)
    )
    return rule


def _default_rule(rule, prim, needs):
    """`jax.vjp` of the primitive itself. Operands that only matter by their shape are not saved."""
    n_in = len(prim.in_avals)
    wanted = [i for i, need in enumerate(needs) if need]
    outs = [i for i, a in enumerate(rule.grad_avals) if a is not None]
    grad_avals = [rule.grad_avals[i] for i in outs]

    def backward(arrays, numbers):
        operands, grads = list(arrays[:n_in]), arrays[n_in:]

        def forward(*chosen):
            for i, array in zip(wanted, chosen, strict=True):
                operands[i] = array
            results = prim(operands, numbers)
            return tuple(results[i] for i in outs)

        _, vjp = jax.vjp(forward, *(operands[i] for i in wanted))
        # Torch's gradient of a complex quantity is the conjugate of JAX's.
        return [_conj(g) for g in vjp(tuple(_conj(g) for g in grads))]

    name = f"{prim.name}_backward"
    origin = _plain_origin(prim)
    full = Prim(name, backward, (*prim.in_avals, *grad_avals), prim.number_format, origin=origin)
    used = full.used_inputs()[:n_in]
    rule.slots = tuple(("in", i) for i in range(n_in) if used[i])
    if all(used):
        rule.prim = full
        return

    def trimmed(arrays, numbers):
        given = iter(arrays)
        operands = [
            next(given) if use else jnp.zeros(a.shape, a.dtype.numpy)
            for use, a in zip(used, prim.in_avals, strict=True)
        ]
        return backward([*operands, *given], numbers)

    avals = [a for a, use in zip(prim.in_avals, used, strict=True) if use]
    rule.prim = Prim(name, trimmed, (*avals, *grad_avals), prim.number_format, origin=origin)


def _plain_origin(prim):
    """The gradient of a gradient is always `jax.vjp`'s; its node is named after the forward one."""
    forward = prim.name if prim.origin is None else prim.origin.node_class.__name__.removesuffix("0")
    return plain_origin(f"{forward}Backward0")


def plain_origin(label: str, visible: int | None = None) -> Origin:
    """The origin of a differentiable primitive that no operation made: its node is named `label`."""
    made = Origin()
    made.op, made.differentiable, made.visible, made.node_class = None, True, visible, node_class(label)
    return made


def _conj(array):
    return jnp.conj(array) if jnp.iscomplexobj(array) else array


def _hand_rule(rule, prim, op, needs):
    """The operation's own backward function: its parameter names say what is saved."""
    origin = prim.origin
    names = tuple(inspect.signature(op.backward_fn).parameters)
    slots, sources = [], []
    for name in names:
        if name in ("grad", "grads", "needs"):
            sources.append((name, None))
        elif name in ("result", "results", "residuals") or name.removeprefix("result").isdigit():
            chosen = {
                "result": range(1),
                "results": range(origin.visible),
                "residuals": range(origin.visible, len(prim.out_avals)),
            }.get(name)
            if chosen is None:
                number = int(name.removeprefix("result"))
                chosen, sources_name = range(number, number + 1), "result"
            else:
                sources_name = name
            sources.append((sources_name, len(slots)))
            slots += [("out", i) for i in chosen]
        elif name.endswith("_shape") and name not in origin.params:
            how, which = origin.where(name.removesuffix("_shape"))
            sources.append(("static", (None, prim.in_avals[which].shape if how == "array" else None)))
        else:
            kind, where = origin.where(name)
            sources.append((kind, (len(slots), where)))
            if kind == "array":
                slots.append(("in", where))
            elif kind == "arrays":
                slots += [("in", i) for i in where]
    rule.slots = tuple(slots)
    avals = [prim.in_avals[i] if kind == "in" else prim.out_avals[i] for kind, i in slots]
    grad_avals = [a for a in rule.grad_avals if a is not None]
    n_saved = len(slots)

    def backward(arrays, numbers):
        saved, given = arrays[:n_saved], iter(arrays[n_saved:])
        grads = tuple(None if a is None else next(given) for a in rule.grad_avals[: origin.visible])
        kwargs = {}
        for name, (kind, where) in zip(names, sources, strict=True):
            if kind == "grad":
                kwargs[name] = next(g for g in grads if g is not None)
            elif kind == "grads":
                kwargs[name] = grads
            elif kind == "needs":
                kwargs[name] = needs
            elif kind == "result":
                kwargs[name] = saved[where]
            elif kind == "results":
                kwargs[name] = tuple(saved[where : where + origin.visible])
            elif kind == "residuals":
                kwargs[name] = tuple(saved[where : where + len(prim.out_avals) - origin.visible])
            else:
                position, what = where
                if kind == "array":
                    kwargs[name] = origin.promoted(saved[position], name)
                elif kind == "arrays":
                    kwargs[name] = [origin.promoted(a) for a in saved[position : position + len(what)]]
                elif kind == "number":
                    kwargs[name] = origin.number(numbers[what], name)
                elif kind == "parameter":
                    kwargs[name] = numbers[what]
                else:
                    kwargs[name] = what
        made = op.backward_fn(**kwargs)
        flat = _flatten_grads(made, op)
        return [_fit(g, a) for g, a, need in zip(flat, prim.in_avals, needs, strict=True) if need]

    def _flatten_grads(made, op):
        kinds = origin.operand_kinds
        if len(kinds) == 1 and kinds[0][0] is not Arrays and not isinstance(made, tuple):
            return [made]
        parts = [made] if len(kinds) == 1 and not isinstance(made, tuple) else list(made)
        flat = []
        for (kind, count), part in zip(kinds, parts, strict=True):
            if count is None:
                continue  # a number or None stood in this place
            flat += list(part) if kind is Arrays else [part]
        return flat

    rule.prim = Prim(
        f"{prim.name}_backward", backward, (*avals, *grad_avals), prim.number_format, origin=_plain_origin(prim)
    )


def _fit(grad, aval):
    """Sum a gradient over the dimensions its operand was broadcast along, and give it the operand's dtype."""
    if grad is None:
        return jnp.zeros(aval.shape, aval.dtype.numpy)
    extra = grad.ndim - len(aval.shape)
    pairs = zip(grad.shape[extra:], aval.shape, strict=True)
    stretched = [i for i, (g, n) in enumerate(pairs, extra) if n == 1 and g != 1]
    if stretched:  # all at once: a 16-bit sum is rounded at its end
        grad = grad.sum((*range(extra), *stretched), keepdims=True).reshape(aval.shape)
    elif extra:
        grad = grad.sum(tuple(range(extra)))
    if grad.dtype != aval.dtype.numpy:
        if jnp.iscomplexobj(grad) and not aval.dtype.is_complex:
            grad = grad.real
        grad = grad.astype(aval.dtype.numpy)
    return grad
