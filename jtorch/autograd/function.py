"""User-defined differentiable functions: `autograd.Function`."""

import functools
import warnings

from ..tensor import Tensor
from .mode import STATE
from .node import FREED, Node, Saved, zeros


class FunctionCtx:
    """What forward, setup_context and backward of a Function may call on their `ctx`."""

    def save_for_backward(self, *tensors):
        """Keep tensors (inputs or outputs of forward) for backward, under torch's version check."""
        for t in tensors:
            if t is not None and not isinstance(t, Tensor):
                raise TypeError(
                    f"save_for_backward can only save variables, but argument {tensors.index(t)} is of type {type(t).__name__}"
                )
        self._to_save = tensors

    def save_for_forward(self, *tensors):
        self.saved_for_forward = tensors

    def mark_dirty(self, *tensors):
        """Declare inputs that forward changed in place."""
        self._dirty = tensors

    def mark_shared_storage(self, *pairs):
        """Deprecated and without effect: tensors that share memory are known."""
        warnings.warn(
            "mark_shared_storage is deprecated. Tensors with shared storages are automatically tracked. Note that calls to `set_()` are not tracked",
            FutureWarning,
            stacklevel=2,
        )

    def mark_non_differentiable(self, *tensors):
        """Declare outputs without a gradient."""
        self._nondiff = tensors

    def set_materialize_grads(self, value: bool):
        self._materialize = value


class FunctionNode(FunctionCtx, Node):
    """The node of a user's Function; also the `ctx` its forward and backward receive."""

    def __init__(self, function):
        super().__init__(())
        self._function = function
        self._to_save = self._saved = ()
        self._dirty = self._nondiff = ()
        self._materialize = True
        self._freed = False
        self._out_avals = ()
        self.needs_input_grad = ()
        self.saved_for_forward = ()

    def name(self):
        return f"{self._function.__name__}Backward"

    def __repr__(self):
        return f"<torch.autograd.function.{self.name()} object at {id(self):#x}>"

    @property
    def saved_tensors(self):
        if self._freed:
            raise RuntimeError(FREED)
        from ..dispatch import tensor_of

        out = []
        for item in self._saved:
            if item is None:
                out.append(None)
                continue
            saved, is_output = item
            value = saved.unpack(None)
            if is_output:
                out.append(tensor_of(value, self, saved.out))
            elif saved.leaf is not None:
                out.append(saved.leaf)
            else:
                out.append(tensor_of(value, saved.node, saved.out))
        return tuple(out)

    saved_variables = saved_tensors

    # What the backward pass calls

    def n_outputs(self):
        return len(self._out_avals)

    def release(self):
        if self._saved:
            self._freed, self._saved = True, ()

    def apply(self, grads):
        from ..dispatch import tensor_of

        results = self.apply_tensors([None if g is None else tensor_of(g) for g in grads])
        return [None if g is None else g._read() for g in results]

    def apply_tensors(self, grads):
        from ..dispatch import tensor_of

        if self._materialize:
            grads = [
                tensor_of(zeros(a, p)) if g is None and a is not None else g
                for g, (a, p) in zip(grads, self._out_avals, strict=True)
            ]
        backward = self._function.backward
        if backward is Function.backward:
            backward = self._function.vjp
        made = backward(self, *grads)
        made = made if isinstance(made, tuple) else (made,)
        if len(made) > len(self._slots) and all(g is None for g in made[len(self._slots) :]):
            made = made[: len(self._slots)]
        if len(made) != len(self._slots):
            raise RuntimeError(
                f"function {self.name()} returned an incorrect number of gradients (expected {len(self._slots)}, got {len(made)})"
            )
        picked = []
        for grad, slot in zip(made, self._slots, strict=True):
            if slot is None:
                if grad is not None:
                    raise RuntimeError(
                        f"function {self.name()} returned a gradient different from None at position {made.index(grad) + 1}, but the corresponding forward input was not a Variable"
                    )
                continue
            if grad is not None and grad._aval.shape != slot.shape:
                if not _expandable(slot.shape, grad._aval.shape):
                    raise RuntimeError(
                        f"Function {self.name()} returned an invalid gradient at index {len(picked)} - got {list(grad._aval.shape)} but expected shape compatible with {list(slot.shape)}"
                    )
                grad = grad.sum_to_size(slot.shape)
            picked.append(grad)
        return picked


def _expandable(small, large) -> bool:
    return len(small) <= len(large) and all(s in (1, n) for s, n in zip(reversed(small), reversed(large), strict=False))


class FunctionMeta(type):
    """The class of Functions."""


class Function(metaclass=FunctionMeta):
    """Base of user-defined operations: static `forward(ctx, *args)` and `backward(ctx, *grads)`; call them by `apply`.

    >>> import jtorch as torch
    >>> class Double(torch.autograd.Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         return x * 2
    ...     @staticmethod
    ...     def backward(ctx, grad):
    ...         return grad * 2
    >>> x = torch.ones(1, requires_grad=True)
    >>> Double.apply(x).backward(); x.grad
    tensor([2.])
    """

    generate_vmap_rule = False

    def __init__(self, *args, **kwargs):
        raise RuntimeError(f"{type(self)} should not be instantiated. Methods on autograd functions are all static, so you should invoke them on the class itself. Instantiating an autograd function is not allowed.")  # fmt: skip

    @staticmethod
    def forward(*args, **kwargs):
        raise NotImplementedError("You must implement the forward function for custom autograd.Function.")

    @staticmethod
    def setup_context(ctx, inputs, output):
        raise NotImplementedError("setup_context is not implemented.")

    @staticmethod
    def backward(ctx, *grad_outputs):
        raise NotImplementedError(
            "You must implement either the backward or vjp method for your custom autograd.Function to use it with backward mode AD."
        )

    vjp = backward

    @staticmethod
    def jvp(ctx, *grad_inputs):
        raise NotImplementedError(
            "You must implement the jvp function for custom autograd.Function to use it with forward mode AD."
        )

    @staticmethod
    def vmap(info, in_dims, *args):
        raise NotImplementedError(
            "To use autograd.Function with vmap, you must either override the vmap staticmethod or set generate_vmap_rule=True."
        )

    @classmethod
    def apply(cls, *args, **kwargs):
        """Run forward without recording it, and make one node for the whole."""
        node = _node_type(cls)(cls)
        tensors = [a if isinstance(a, Tensor) else None for a in args]
        if any(t is not None and t._dispatcher is not None for t in tensors):
            raise NotImplementedError(
                f"{cls.__name__}.apply over DTensors: call it on .to_local() and make the result a DTensor by DTensor.from_local"
            )
        node.needs_input_grad = tuple(t is not None and t.requires_grad for t in tensors)
        recording = STATE.grad and any(node.needs_input_grad)
        edges = [None if t is None else t._edge() if t.requires_grad else None for t in tensors] if recording else []
        previous, STATE.grad = STATE.grad, False
        try:
            if cls.setup_context is not Function.setup_context:
                output = cls.forward(*args, **kwargs)
                cls.setup_context(node, args, output)
            else:
                output = cls.forward(node, *args, **kwargs)
        finally:
            STATE.grad = previous
        single = not isinstance(output, tuple)
        outputs = (output,) if single else output
        made = []
        for out in outputs:
            # An input that forward hands through becomes a tensor of its own, or it would get this node as its history.
            handed_through = (
                recording
                and isinstance(out, Tensor)
                and any(out is t for t in tensors)
                and not any(out is d for d in node._dirty)
            )
            made.append(out.view_as(out) if handed_through else out)
        node._slots = [None if t is None else t._aval for t in tensors]
        node.edges = tuple(e for e, t in zip(edges, tensors, strict=True) if t is not None) if recording else ()
        if recording:
            cls._record(node, outputs, made, tensors)
        return made[0] if single else tuple(made)

    @classmethod
    def _record(cls, node, outputs, made, tensors):
        avals = []
        for i, (out, result) in enumerate(zip(outputs, made, strict=True)):
            if not isinstance(result, Tensor):
                avals.append((None, None))
                continue
            avals.append((result._aval, result._storage.value.place))
            if any(out is t for t in node._nondiff) or result._aval.dtype.priority < 2:
                continue
            if any(out is d for d in node._dirty):
                result._counter.version += 1
                if result.is_leaf and result._requires:
                    raise RuntimeError("a leaf Variable that requires grad is being used in an in-place operation.")
                result._stamp += 1
            if result._base is not None and not any(out is d for d in node._dirty):
                result._base = None
            result._requires, result._node, result._out = True, node, i
        node._out_avals = tuple(avals)
        saved = []
        for t in node._to_save:
            if t is None:
                saved.append(None)
                continue
            item = Saved()
            position = next((i for i, o in enumerate(outputs) if o is t), None)
            item.value = t._read()
            item.tensor_storage, item.counter, item.chain = t._storage, t._counter, t._chain
            item.version, item.writes = t._counter.version, t._storage.writes
            is_output = position is not None and not any(t is x for x in tensors)
            item.node, item.out = (None, position) if is_output else (t._node, t._out)
            item.leaf = None if is_output or t._node is not None else t
            if STATE.saved_hooks is not None:
                item = STATE.saved_hooks.pack(t, item)
            saved.append((item, is_output))
        node._saved = tuple(saved)
        node._to_save = ()


class InplaceFunction(Function):
    """A Function that may work in place; torch keeps it for older code."""

    def __init__(self, inplace=False):
        super().__init__()
        self.inplace = inplace


@functools.cache
def _node_type(function):
    return type(f"{function.__name__}Backward", (FunctionNode,), {})


def once_differentiable(fn):
    """Decorator for a Function's backward that cannot itself be differentiated."""

    @functools.wraps(fn)
    def wrapper(ctx, *grads):
        previous, STATE.grad = STATE.grad, False
        try:
            outs = fn(ctx, *grads)
        finally:
            STATE.grad = previous
        if not previous or not any(isinstance(g, Tensor) and g.requires_grad for g in grads):
            return outs
        single = not isinstance(outs, tuple)
        guarded = []
        for out in (outs,) if single else outs:
            if isinstance(out, Tensor):
                out = out.detach()
                out._requires, out._node = True, _Refuse()
            guarded.append(out)
        return guarded[0] if single else tuple(guarded)

    return wrapper


class _Refuse(Node):
    """The node of a gradient that must not be differentiated again."""

    def __init__(self):
        super().__init__(())

    def name(self):
        return "DelayedError"

    def n_outputs(self):
        return 1

    def apply(self, grads):
        raise RuntimeError("trying to differentiate twice a function that was marked with @once_differentiable")

    apply_tensors = apply
