"""Gradients of operations on sparse tensors: nodes whose backward is a function of tensors, sparse or strided."""

import functools

from ..autograd.mode import STATE
from ..autograd.node import FREED, Node, Saved, accumulator
from ..dispatch import tensor_of


class SparseNode(Node):
    """One recorded operation with one result. Each name is a subclass of its own (`node_class`), as in torch.

    `terms` has, for every operand in order, what makes its gradient from that of the result, or None. Because these functions compute with tensors, a
    backward of the backward needs nothing more. `once` says whether they are gone after a backward pass, as those of torch's nodes that save something.
    """

    __slots__ = ("once", "saved", "terms")

    def __init__(self, edges, terms, saved, once):
        super().__init__(edges)
        self.terms, self.saved, self.once = terms, saved, once

    def n_outputs(self) -> int:
        return 1

    def release(self):
        if self.once:
            self.terms = None

    def apply(self, grads):
        made = self.apply_tensors([tensor_of(grads[0])])
        return [None if grad is None else grad._read() for grad in made]

    def apply_tensors(self, grads):
        if self.terms is None:
            raise RuntimeError(FREED)
        for item in self.saved:
            item.unpack(None)  # raises for what was written to since
        return [None if term is None else term(grads[0]) for term in self.terms]


@functools.cache
def node_class(label: str) -> type:
    return type(label, (SparseNode,), {"__slots__": (), "__module__": "torch.autograd.graph"})


def record(name: str, result, *operands, saved=(), once=False):
    """Give a result its history, if any is wanted.

    `operands` are pairs of a tensor and a function from the gradient of the result to that of the tensor (None: it has none); `saved` are the tensors
    whose contents these functions look at. `once`: torch's node saves something, if only a number or indices. Returns the result.
    """
    if not (STATE.grad and result._aval.dtype.priority >= 2):
        return result
    wanted = [term is not None and tensor.requires_grad for tensor, term in operands]
    if not any(wanted):
        return result
    edges = tuple(_edge(tensor) if want else None for (tensor, _), want in zip(operands, wanted, strict=True))
    terms = [term if want else None for (_, term), want in zip(operands, wanted, strict=True)]
    label = name if "Backward" in name else f"{name}Backward0"
    node = node_class(label)(edges, terms, [_saved(tensor) for tensor in saved], once or bool(saved))
    result._requires, result._node, result._out = True, node, 0
    return result


def _edge(tensor):
    if tensor._base is not None or tensor._node is not None:
        return tensor._edge()
    return (accumulator(tensor), 0)


def _saved(tensor) -> Saved:
    item = Saved()
    item.value, item.counter, item.tensor_storage = tensor._read(), tensor._counter, tensor._storage
    item.version, item.writes, item.chain = tensor._counter.version, tensor._storage.writes, tensor._chain
    item.node, item.out, item.leaf = tensor._node, tensor._out, None
    return item
