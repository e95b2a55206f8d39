"""What hooks make of tensors saved for backward (`torch.autograd.graph.saved_tensors_hooks`)."""

from ..tensor import Tensor
from .node import Saved


class Hooks:
    """A pair of hooks."""

    __slots__ = ("pack_hook", "unpack_hook")

    def __init__(self, pack_hook, unpack_hook):
        self.pack_hook, self.unpack_hook = pack_hook, unpack_hook

    def pack(self, tensor: Tensor, item: Saved) -> "PackedSaved":
        """What takes the place of a saved tensor."""
        from .mode import STATE

        version = tensor._counter.version
        previous, STATE.grad = STATE.grad, False
        try:
            packed = self.pack_hook(tensor)
        finally:
            STATE.grad = previous
        if tensor._counter.version != version:
            raise RuntimeError(
                "A saved tensor pack hook is modifying its input in place. Tensors provided as input to pack hook cannot be modified by "
                "in-place operations as this can lead to unexpected side-effects. Please open an issue if you need to perform in-place "
                "operations on the input to a pack hook."
            )
        made = PackedSaved()
        made.value = made.counter = made.tensor_storage = made.chain = None
        made.node, made.out, made.leaf = item.node, item.out, item.leaf
        made.packed, made.unpack_hook = packed, self.unpack_hook
        return made


class PackedSaved(Saved):
    """A saved tensor in the form its pack hook gave it. There is no version to check: the hook decides what backward sees."""

    __slots__ = ("packed", "unpack_hook")

    def unpack(self, name):
        tensor = self.unpack_hook(self.packed)
        if not isinstance(tensor, Tensor):
            raise TypeError(
                f"Output of saved tensor unpack_hook expected to be a Tensor but got result of type {type(tensor).__name__}"
            )
        return tensor._read()


class SavedTensor:
    """One saved tensor of a node (`grad_fn._raw_saved_self`): hooks can be set on it alone."""

    __slots__ = ("_node", "_position")

    def __init__(self, node, position):
        self._node, self._position = node, position

    def register_hooks(self, pack_hook, unpack_hook) -> None:
        """Give the tensor to `pack_hook` now, and the result to `unpack_hook` when backward needs it."""
        from ..dispatch import tensor_of

        if self._node.saved is None:
            raise RuntimeError(
                "Calling register_hooks on a saved tensor after it has been freed. Saved intermediate values of the graph are freed when you "
                "call .backward() or autograd.grad(). Specify retain_graph=True if you need to backward through the graph a second time or "
                "if you need to access saved variables after calling backward."
            )
        item = self._node.saved[self._position]
        if isinstance(item, PackedSaved):
            raise RuntimeError(
                "Calling register_hooks on a saved tensor whose hooks have already been set. Hint: only one pair of hooks is allowed at a time."
            )
        is_result = self._node.rule.slots[self._position][0] == "out"
        value = item.unpack(self._node.name() if is_result else None)
        tensor = (
            tensor_of(value, self._node, item.out) if is_result else tensor_of(value, item.node, item.out, item.leaf)
        )
        self._node.saved[self._position] = Hooks(pack_hook, unpack_hook).pack(tensor, item)

    def __repr__(self):
        return f"<torch._C._autograd.SavedTensor object at {id(self):#x}>"
