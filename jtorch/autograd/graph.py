"""torch.autograd.graph: nodes and edges of the graph, and hooks on what it saves for backward."""

import contextlib
import threading

from ..tensor import Tensor
from .hooks import RemovableHandle
from .mode import STATE
from .node import GradientEdge, Node
from .saved import Hooks

__all__ = [
    "GradientEdge", "Node", "allow_mutation_on_saved_tensors", "disable_saved_tensors_hooks", "get_gradient_edge", "increment_version",
    "region_activation_memory_budget", "register_multi_grad_hook", "save_on_cpu", "saved_tensors_hooks",
    "set_override_stale_capture_stream", "set_warn_on_accumulate_grad_stream_mismatch",
]  # fmt: skip


def get_gradient_edge(tensor) -> GradientEdge:
    """Where the gradient of a tensor goes: usable in `autograd.grad` and `backward` in place of the tensor, which may be dropped.

    >>> import jtorch as torch
    >>> x = torch.ones(1, requires_grad=True)
    >>> torch.autograd.graph.get_gradient_edge(x * 2).output_nr
    0
    """
    if not tensor.requires_grad:
        raise RuntimeError("It is not possible to get the gradient edge for a Tensor that does not require gradients")
    return GradientEdge(*tensor._edge())


def set_warn_on_accumulate_grad_stream_mismatch(enabled: bool) -> None:
    """Whether to warn of gradients that come from another stream: there is one stream, so no warning ever comes."""


def set_override_stale_capture_stream(enabled: bool) -> None:
    """Whether backward replaces streams of a CUDA graph that has ended: there are none here."""


@contextlib.contextmanager
def region_activation_memory_budget(budget: float):
    """How much of the activations to keep inside the block, from 0 to 1: a wish to torch's compiler, which XLA does not take."""
    if not 0 <= budget <= 1:
        raise ValueError(f"budget must be in [0, 1], got {budget}")
    yield


def increment_version(tensor) -> None:
    """Say that the contents of a tensor (or of several) have changed, as far as the version check is concerned."""
    for item in (tensor,) if isinstance(tensor, Tensor) else tensor:
        item._counter.version += 1


class saved_tensors_hooks:
    """Inside the block, what operations save for backward is given to `pack_hook`, and its result to `unpack_hook` when backward needs it.

    >>> import jtorch as torch
    >>> x = torch.tensor([2.0], requires_grad=True)
    >>> with torch.autograd.graph.saved_tensors_hooks(lambda t: t.numpy(force=True), torch.from_numpy):
    ...     y = x * x
    >>> y.backward(); x.grad
    tensor([4.])
    """

    def __init__(self, pack_hook, unpack_hook):
        self.pack_hook, self.unpack_hook = pack_hook, unpack_hook

    def __enter__(self):
        if STATE.saved_hooks_disabled is not None:
            raise RuntimeError(STATE.saved_hooks_disabled)
        self._previous, STATE.saved_hooks = STATE.saved_hooks, Hooks(self.pack_hook, self.unpack_hook)

    def __exit__(self, *exc):
        STATE.saved_hooks = self._previous


class save_on_cpu(saved_tensors_hooks):
    """Inside the block, what operations save for backward waits in host memory."""

    def __init__(self, pin_memory: bool = False, device_type: str = "cuda"):
        super().__init__(lambda tensor: (tensor.device, tensor.detach().cpu()), lambda packed: packed[1].to(packed[0]))


@contextlib.contextmanager
def disable_saved_tensors_hooks(error_message: str):
    """Inside the block, `saved_tensors_hooks` raises this error."""
    previous, STATE.saved_hooks_disabled = STATE.saved_hooks_disabled, error_message
    try:
        yield
    finally:
        STATE.saved_hooks_disabled = previous


@contextlib.contextmanager
def allow_mutation_on_saved_tensors():
    """Inside the block, tensors saved for backward may be written to: backward uses what they were.

    Values are immutable here, so nothing is copied before a write.
    """
    with saved_tensors_hooks(lambda tensor: tensor._read(), _tensor_of):
        yield


def _tensor_of(value):
    from ..dispatch import tensor_of

    return tensor_of(value)


class _Handles(RemovableHandle):
    """Handles that are removed together."""

    def __init__(self, handles):
        self.handles = tuple(handles)

    def remove(self) -> None:
        for handle in self.handles:
            handle.remove()


def register_multi_grad_hook(tensors, fn, *, mode: str = "all"):
    """Call `fn` with the list of gradients of the tensors once all are known ('all'; None for those not in the graph), or with the first ('any')."""
    if mode not in ("all", "any"):
        raise ValueError(f"Expects mode to be one of ('all', 'any') but got {mode}")
    tensors = tuple(tensors)
    lock = threading.Lock()
    if mode == "any":
        seen = {"pass": None}

        def first(grad):
            with lock:
                now = STATE.backward_pass
                if seen["pass"] is now:
                    return
                seen["pass"] = now
            fn(grad)

        return _Handles(tensor.register_hook(first) for tensor in tensors)

    edges = [tensor._edge() for tensor in tensors]
    rounds: dict = {}

    def hook_of(position):
        def hook(grad):
            with lock:
                now = STATE.backward_pass
                if now not in rounds:
                    rounds.clear()
                    rounds[now] = ([None] * len(tensors), sum(now.reaches(edge) for edge in edges))
                grads, expected = rounds[now]
                grads[position] = grad
                expected -= 1
                rounds[now] = (grads, expected)
            if not expected:
                fn(grads)

        return hook

    return _Handles(tensor.register_hook(hook_of(i)) for i, tensor in enumerate(tensors))
