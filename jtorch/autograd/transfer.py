"""The node of a move between devices: the gradient moves back."""

from ..transfer import move
from .node import Node


class ToCopyBackward0(Node):
    """`.to(device)` of a tensor with history."""

    __slots__ = ("source", "target")

    def __init__(self, tensor, place):
        super().__init__((tensor._edge(),))
        self.source, self.target = tensor._storage.value.place, place

    def n_outputs(self):
        return 1

    def apply(self, grads):
        return [None if grads[0] is None else move(grads[0], self.source)]

    def apply_tensors(self, grads):
        return [None if grads[0] is None else grads[0].to(self.source.device)]
