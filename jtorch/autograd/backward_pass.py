"""The backward pass: walk the graph from the roots, newest node first, and hand each gradient to where it belongs.

Gradients are engine values while nobody looks at them; hooks and `create_graph` see tensors.
"""

import functools
import heapq
import warnings
from operator import attrgetter

import numpy as np

from .. import engine
from ..dispatch import apply_prim, tensor_of
from ..dtypes import strided
from ..engine import Prim
from ..errors import StridedOnly
from ..tensor import Tensor
from .anomaly import explain
from .mode import STATE
from .node import AccumulateGrad, GradientEdge, zeros

_sums: dict = {}


def add_prim(aval) -> Prim:
    prim = _sums.get(aval)
    if prim is None:
        from ..views import _origin

        prim = _sums[aval] = Prim("add", lambda a, _: [a[0] + a[1]], (aval, aval), origin=_origin("AddBackward0"))
    return prim


class _Values:
    """Gradients as engine values: nothing is recorded for another backward."""

    @staticmethod
    def add(a, b):
        try:
            return engine.record(add_prim(a.aval), (a, b), (), a.place)[0]
        except StridedOnly:
            from ..sparse.gradients import add_values

            return add_values(a, b)

    @staticmethod
    def run(node, grads):
        return node.apply(grads)

    @staticmethod
    def tensor(grad):
        return tensor_of(grad)

    @staticmethod
    def of_tensor(tensor):
        return tensor._read()


class _Tensors:
    """Gradients as tensors with history of their own (`create_graph=True`)."""

    @staticmethod
    def add(a, b):
        try:
            return apply_prim(add_prim(a._aval), [a, b], [a._read(), b._read()], (), a._storage.value.place)[0]
        except StridedOnly:
            from ..sparse.gradients import added

            return added(a, b)

    @staticmethod
    def run(node, grads):
        return node.apply_tensors(grads)

    @staticmethod
    def tensor(grad):
        return grad

    of_tensor = tensor


def run(roots, retain_graph: bool, create_graph: bool, captures=None):
    """Walk back from `roots`, a list of (edge, gradient tensor).

    `captures` maps edges (node, output) to positions: those gradients are returned instead of accumulated into leaves. Under the key "leaves" it
    has the set of edges whose leaves receive their gradient all the same (`backward(inputs=...)`).
    """
    kind = _Tensors if create_graph else _Values
    previous = STATE.grad, STATE.backward_pass
    STATE.grad = create_graph
    try:
        found = _run(kind, roots, retain_graph, create_graph, captures)
        callbacks = STATE.backward_pass.callbacks
    finally:
        STATE.grad, STATE.backward_pass = previous
    for callback in callbacks:
        callback()
    if captures is None and STATE.backward_pass is None:
        engine.pass_ended()
    return found


class Pass:
    """One backward pass: which nodes it will run."""

    __slots__ = ("nodes", "useful", "captures", "callbacks")

    def __init__(self, nodes, useful, captures):
        self.nodes, self.useful, self.captures = nodes, useful, captures
        self.callbacks = []

    def reaches(self, edge) -> bool:
        """Whether the gradient that goes along an edge will be computed."""
        node = edge[0]
        if node not in self.nodes:
            return False
        return (
            self.useful is None
            or node in self.useful
            or edge in self.captures
            or edge in self.captures.get("leaves", ())
        )


def _run(kind, roots, retain_graph, create_graph, captures):
    waiting, useful = _survey([edge[0] for edge, _ in roots], captures)
    STATE.backward_pass = Pass(waiting, useful, captures)
    buffers = {}  # node -> its incoming gradients by output
    for (node, out), grad in roots:
        slots = buffers.setdefault(node, {})
        grad = kind.of_tensor(grad)
        slots[out] = grad if out not in slots else kind.add(slots[out], grad)
    # Ready nodes run the newest first; leaves that are ready come before them, as in torch, and go by the order in which forward met them: an
    # order that differs between steps would record another program each time.
    ready, leaves = [], []
    for node in dict.fromkeys(edge[0] for edge, _ in roots):
        if not waiting[node]:
            if isinstance(node, AccumulateGrad):
                leaves.append(node)
            else:
                heapq.heappush(ready, (-node.sequence, node))
    found = {}
    anomaly = STATE.anomaly

    while True:
        if leaves:
            leaves.sort(key=_sequence_of)
            for node in leaves:
                slots = buffers.pop(node, None) or {}
                if node.variable._hooks or node.pre_hooks or node.tensor_pre_hooks or node.retained:
                    _pre_hooks(kind, node, slots)
                if captures is not None:
                    _capture(kind, node, slots, captures, found)
                    if (node, 0) not in captures.get("leaves", ()):
                        continue
                if 0 in slots:
                    _accumulate(kind, node, slots[0], create_graph)
            leaves.clear()
        if not ready:
            return found
        node = heapq.heappop(ready)[1]
        slots = buffers.pop(node, None) or {}
        if node.tensor_pre_hooks or node.retained or node.pre_hooks:
            _pre_hooks(kind, node, slots)
        if captures is not None:
            _capture(kind, node, slots, captures, found)
            if node not in useful:
                continue
        if slots:
            if anomaly:
                with explain(node) as explanation:
                    ins = kind.run(node, _row(node, slots))
                    explanation.check(node, ins)
            else:
                ins = kind.run(node, _row(node, slots))
            if node.post_hooks:
                ins = _post_hooks(kind, node, ins, slots)
            if not retain_graph:
                node.release()
        else:
            ins = [None] * len(node.edges)
        for edge, grad in zip(node.edges, ins, strict=True):
            if edge is None:
                continue
            following, out = edge
            if grad is not None:
                slots = buffers.get(following)
                if slots is None:
                    buffers[following] = {out: grad}
                else:
                    slots[out] = grad if out not in slots else kind.add(slots[out], grad)
            waiting[following] -= 1
            if not waiting[following]:
                if isinstance(following, AccumulateGrad):
                    leaves.append(following)
                else:
                    heapq.heappush(ready, (-following.sequence, following))


_sequence_of = attrgetter("sequence")


def _capture(kind, node, slots, captures, found):
    for out, grad in slots.items():
        position = captures.get((node, out))
        if position is not None:
            found[position] = kind.tensor(grad)


def _survey(starts, captures):
    """How many consumers each reachable node has; and, when gradients are captured, the nodes on a path to one."""
    waiting = dict.fromkeys(starts, 0)
    stack = list(waiting)
    while stack:
        for edge in stack.pop().edges:
            if edge is not None:
                following = edge[0]
                if following in waiting:
                    waiting[following] += 1
                else:
                    waiting[following] = 1
                    stack.append(following)
    if captures is None:
        return waiting, None
    targets = {key[0] for key in captures if key != "leaves"} | {key[0] for key in captures.get("leaves", ())}
    useful = set()
    for node in sorted(waiting, key=_sequence_of):
        if any(e is not None and (e[0] in useful or e[0] in targets) for e in node.edges):
            useful.add(node)
    return waiting, useful


def _row(node, slots):
    return [slots.get(i) for i in range(node.n_outputs())]


def _pre_hooks(kind, node, slots):
    if node.tensor_pre_hooks:
        for out, hooks in node.tensor_pre_hooks.items():
            if out not in slots:
                continue
            for hook in list(hooks.values()):
                changed = hook(kind.tensor(slots[out]))
                if changed is not None:
                    slots[out] = kind.of_tensor(_as_grad(changed))
    if node.retained:
        for out, ref in node.retained.items():
            tensor = ref()
            if tensor is not None and out in slots:
                grad = kind.tensor(slots[out])
                tensor._grad = grad if tensor._grad is None else tensor._grad + grad
    if isinstance(node, AccumulateGrad) and node.variable._hooks and 0 in slots:
        for hook in list(node.variable._hooks.values()):
            changed = hook(kind.tensor(slots[0]))
            if changed is not None:
                slots[0] = kind.of_tensor(_as_grad(changed))
    if node.pre_hooks and slots:
        row = tuple(
            None if g is None else kind.tensor(g)
            for g in ([slots.get(0)] if isinstance(node, AccumulateGrad) else _row(node, slots))
        )
        for hook in list(node.pre_hooks.values()):
            changed = hook(row)
            if changed is not None:
                row = tuple(changed) if isinstance(changed, (tuple, list)) else (changed,)
        for i, grad in enumerate(row):
            if grad is not None:
                slots[i] = kind.of_tensor(grad)


def _as_grad(changed):
    if not isinstance(changed, Tensor):
        raise TypeError(f"hook must return a Tensor or None, not {type(changed).__name__}")
    return changed


def _post_hooks(kind, node, ins, slots):
    row_in = tuple(None if g is None else kind.tensor(g) for g in ins)
    row_out = tuple(None if g is None else kind.tensor(g) for g in _row(node, slots))
    for hook in list(node.post_hooks.values()):
        changed = hook(row_in, row_out)
        if changed is not None:
            row_in = tuple(changed) if isinstance(changed, (tuple, list)) else (changed,)
    return [None if g is None else kind.of_tensor(g) for g in row_in]


def _accumulate(kind, node, grad, create_graph):
    leaf = node.variable
    held = leaf._grad
    if held is None:
        if create_graph:
            leaf._grad = grad
        else:
            leaf._grad = tensor_of(grad)
    elif create_graph:
        leaf._grad = kind.add(held, grad)
    elif held._aval.layout is not grad.aval.layout and held._aval.layout is not strided:
        leaf._grad = tensor_of(kind.add(held._read(), grad))  # what was sparse cannot hold the sum
    else:
        held._write(kind.add(held._read(), grad))
    if leaf._post_accumulate:
        for hook in list(leaf._post_accumulate.values()):
            hook(leaf)
    if node.post_hooks:
        for hook in list(node.post_hooks.values()):
            hook((), (kind.tensor(grad),))


def _roots(tensors, grads):
    """Check the tensors to differentiate and supply the gradient 1 for scalars."""
    roots = []
    for i, (tensor, grad) in enumerate(zip(tensors, grads, strict=True)):
        if not tensor.requires_grad:
            raise RuntimeError(f"element {i} of tensors does not require grad and does not have a grad_fn")
        if grad is None:
            if tensor._aval.size != 1:
                raise RuntimeError("grad can be implicitly created only for scalar outputs")
            if tensor._aval.dtype.is_complex:
                raise RuntimeError(
                    f"grad can be implicitly created only for real scalar outputs but got {tensor.dtype}"
                )
            grad = tensor_of(
                _one(tensor._aval, tensor._storage.value.place if isinstance(tensor, Tensor) else tensor.node.place)
            )
        elif not isinstance(grad, Tensor):
            raise TypeError(f"gradients can be either Tensors or None, but got {type(grad).__name__}")
        elif grad._aval.shape != tensor._aval.shape:
            raise RuntimeError(
                f"Mismatch in shape: grad_output[{i}] has a shape of {grad.shape} and output[{i}] has a shape of {tensor.shape}."
            )
        elif grad._aval.dtype is not tensor._aval.dtype:
            grad = grad.to(tensor._aval.dtype)
        if isinstance(tensor, Tensor) and tensor._dispatcher is not None:
            grad = tensor._local_gradient(grads[i])
        roots.append((tensor._edge(), grad))
    return roots


@functools.lru_cache(256)
def _one(aval, place):
    # One value for all backward passes, so that it goes to the device once.
    return engine.for_good(engine.Value(aval, np.ones(aval.shape, aval.dtype.numpy), place, escaped=True))


def _sequence(items):
    return (items,) if isinstance(items, (Tensor, GradientEdge)) else tuple(items)


def backward(
    tensors, grad_tensors=None, retain_graph=None, create_graph=False, grad_variables=None, inputs=None
) -> None:
    """Add the gradients of `tensors` to the `.grad` of the leaves they depend on.

    `grad_tensors` are the gradients of the tensors themselves (None for scalars means 1); `inputs` limits which leaves receive a gradient.
    """
    if grad_variables is not None:
        warnings.warn("`grad_variables` is deprecated. Use `grad_tensors` instead.", FutureWarning, stacklevel=2)
        grad_tensors = grad_tensors if grad_tensors is not None else grad_variables
    if inputs is not None and not isinstance(inputs, Tensor) and len(inputs) == 0:
        raise RuntimeError("`inputs` argument to `backward()` cannot be empty.")
    tensors = _sequence(tensors)
    grads = [None] * len(tensors) if grad_tensors is None else list(_sequence(grad_tensors))
    roots = _roots(tensors, grads)
    retain_graph = create_graph if retain_graph is None else retain_graph
    captures = None
    if inputs is not None:
        leaves = set()
        for tensor in _sequence(inputs):
            if not tensor.requires_grad:
                raise RuntimeError("One of the differentiated Tensors does not require grad")
            if not tensor.is_leaf:
                tensor.retain_grad()
            leaves.add(tensor._edge())
        captures = {"leaves": leaves}
    run(roots, retain_graph, create_graph, captures)


def grad(
    outputs,
    inputs,
    grad_outputs=None,
    retain_graph=None,
    create_graph=False,
    only_inputs=True,
    allow_unused=None,
    is_grads_batched=False,
    materialize_grads=False,
):
    """The gradients of `outputs` with respect to `inputs`, as a tuple; nothing is added to any `.grad`.

    >>> import jtorch as torch
    >>> x = torch.tensor(3., requires_grad=True)
    >>> torch.autograd.grad(x ** 2, x)
    (tensor(6.),)
    """
    if is_grads_batched:
        raise NotImplementedError(
            "autograd.grad(is_grads_batched=True) is not supported; use jtorch.func.vmap over jtorch.func.vjp"
        )
    if not only_inputs:
        warnings.warn("only_inputs argument is deprecated and is ignored now (defaults to True). To accumulate gradient for other parts of the graph, please use torch.autograd.backward.", FutureWarning, stacklevel=2)  # fmt: skip
    if materialize_grads and allow_unused is False:
        raise ValueError(
            "Expected allow_unused to be True or not passed when materialize_grads=True, but got: allow_unused=False."
        )
    allow_unused = materialize_grads if allow_unused is None else allow_unused
    outputs, inputs = _sequence(outputs), _sequence(inputs)
    grads = [None] * len(outputs) if grad_outputs is None else list(_sequence(grad_outputs))
    captures = {}
    for i, tensor in enumerate(inputs):
        if not tensor.requires_grad:
            raise RuntimeError("One of the differentiated Tensors does not require grad")
        edge = tensor._edge()
        captures.setdefault(edge, i)
    roots = _roots(outputs, grads)
    found = run(roots, create_graph if retain_graph is None else retain_graph, create_graph, captures)
    results = []
    for i, tensor in enumerate(inputs):
        made = found.get(captures[tensor._edge()])
        if made is None:
            if not allow_unused:
                raise RuntimeError(
                    f"The differentiated Tensor at index {i} appears to not have been used in the graph. Set allow_unused=True if this is the desired behavior."
                )
            if materialize_grads:
                made = tensor_of(zeros(tensor._aval, tensor._storage.value.place))
        if made is not None and isinstance(tensor, Tensor) and tensor._dispatcher is not None:
            made = tensor._gradient(made)
        results.append(made)
    return tuple(results)


def register_tensor_hook(tensor, hook):
    """`Tensor.register_hook`."""
    from .hooks import RemovableHandle

    if not tensor.requires_grad:
        raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
    if tensor.grad_fn is None:
        if tensor._hooks is None:
            tensor._hooks = {}
        table = tensor._hooks
    else:
        node = tensor._node
        if node.tensor_pre_hooks is None:
            node.tensor_pre_hooks = {}
        table = node.tensor_pre_hooks.setdefault(tensor._out, {})
    handle = RemovableHandle(table)
    table[handle.id] = hook
    return handle


def queue_callback(callback) -> None:
    """Call this once the backward pass that runs now is over."""
    if STATE.backward_pass is None:
        raise RuntimeError("Final callbacks can only be installed during backward pass.")
    STATE.backward_pass.callbacks.append(callback)


def register_post_accumulate_hook(tensor, hook):
    from .hooks import RemovableHandle

    if not tensor.requires_grad:
        raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
    if not tensor.is_leaf:
        raise RuntimeError("post accumulate grad hooks cannot be registered on non-leaf tensors")
    if tensor._post_accumulate is None:
        tensor._post_accumulate = {}
    handle = RemovableHandle(tensor._post_accumulate)
    tensor._post_accumulate[handle.id] = hook
    return handle


def retain_grad(tensor) -> None:
    import weakref

    if not tensor.requires_grad:
        raise RuntimeError("can't retain_grad on Tensor that has requires_grad=False")
    if tensor.grad_fn is None:
        return
    tensor._retain = True
    node = tensor._node
    if node.retained is None:
        node.retained = {}
    node.retained[tensor._out] = weakref.ref(tensor)
