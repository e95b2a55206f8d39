"""torch.library: operations written in Python and known by name, `torch.ops.NAMESPACE.NAME`.

Such an operation runs its Python. What says how it behaves without contents (`register_fake`) is kept and not asked: nothing is traced without running.
"""

import inspect
from types import SimpleNamespace

import jtorch

__all__ = ["CustomOpDef", "custom_op", "register_autograd", "register_fake", "register_kernel"]

SPACES: dict[str, SimpleNamespace] = {}


class CustomOpDef:
    """What `custom_op` makes: called, it runs the function, or the kernel for the device of its first tensor."""

    def __init__(self, name: str, fn, device_types=None):
        self._qualname, self._signature, self._kernels = name, inspect.signature(fn), {}
        self._backward = self._setup = self._fake = None
        self.register_kernel(device_types, fn)

    def __call__(self, *args, **kwargs):
        try:
            given = self._signature.bind(*args, **kwargs)
        except TypeError as error:
            raise RuntimeError(f"{self._qualname}(): {error}") from None
        given.apply_defaults()
        if self._backward is None:
            return self._run(given.args, given.kwargs)
        if jtorch.is_grad_enabled() and any(
            isinstance(value, (list, tuple)) and _has_gradient(value) for value in given.args
        ):
            raise NotImplementedError(
                f"{self._qualname}: gradients of tensors in a list are not there; give the tensors as arguments of their own"
            )
        return _Differentiated.apply(*given.args, self, given.kwargs)

    def _run(self, args, kwargs):
        device = next((v.device.type for v in (*args, *kwargs.values()) if isinstance(v, jtorch.Tensor)), None)
        kernel = self._kernels.get(device) or self._kernels.get(None)
        if kernel is None:
            raise NotImplementedError(
                f"Could not run '{self._qualname}' with arguments from the '{str(device).upper()}' backend. There are kernels for {', '.join(self._kernels)}; "
                "add one with register_kernel"
            )
        return kernel(*args, **kwargs)

    def register_kernel(self, device_types, fn=None, /):
        """Another function for tensors on these devices; None stands for those without one."""
        if fn is None:
            return lambda fn: self.register_kernel(device_types, fn)
        one = device_types is None or isinstance(device_types, str)
        self._kernels.update(dict.fromkeys([device_types] if one else device_types, fn))
        return fn

    def register_fake(self, fn, /):
        """What the results look like: kept."""
        self._fake = fn
        return fn

    def register_autograd(self, backward, /, *, setup_context=None) -> None:
        """The gradient: `setup_context(ctx, inputs, output)` keeps what `backward(ctx, *grads)` needs.

        For a function with keyword-only parameters it is `setup_context(ctx, inputs, keyword_only_inputs, output)`.
        """
        self._backward, self._setup = backward, setup_context

    def __repr__(self) -> str:
        return f"<CustomOpDef({self._qualname})>"


def _has_gradient(values) -> bool:
    return any(isinstance(value, jtorch.Tensor) and value.requires_grad for value in values)


class _Differentiated(jtorch.autograd.Function):
    # The operation comes last, so that `ctx.needs_input_grad` is numbered as its arguments are.
    @staticmethod
    def forward(ctx, *given):
        *args, op, kwargs = given
        result = op._run(args, kwargs)
        ctx.op = op
        if op._setup is not None:
            named = {"keyword_only_inputs": kwargs} if kwargs else {}
            op._setup(ctx=ctx, inputs=tuple(args), **named, output=result)
        return result

    @staticmethod
    def backward(ctx, *grads):
        found = ctx.op._backward(ctx, *grads)
        return *(found if isinstance(found, tuple) else (found,)), None, None


def custom_op(name: str, fn=None, /, *, mutates_args, device_types=None, schema=None, tags=None):
    """Make a function an operation under a name with a namespace, "mine::add".

    With `device_types` it is the kernel for these devices only. What `mutates_args` says is not checked.

    >>> import jtorch as torch
    >>> @torch.library.custom_op("example::twice", mutates_args=())
    ... def twice(x: torch.Tensor) -> torch.Tensor:
    ...     return x * 2
    >>> twice.register_autograd(lambda ctx, grad: grad * 2)
    >>> x = torch.ones(2, requires_grad=True)
    >>> torch.ops.example.twice(x).sum().backward(); x.grad
    tensor([2., 2.])
    """
    if fn is None:
        return lambda fn: custom_op(name, fn, mutates_args=mutates_args, device_types=device_types, schema=schema)
    space, separator, short = name.partition("::")
    if not separator:
        raise ValueError(f"Expected `name` to be of the form 'namespace::name', got {name}")
    made = CustomOpDef(name, fn, device_types)
    setattr(SPACES.setdefault(space, SimpleNamespace()), short, made)
    return made


def _found(op) -> CustomOpDef:
    if isinstance(op, CustomOpDef):
        return op
    space, _, short = op.partition("::")
    found = getattr(SPACES.get(space), short, None)
    if found is None:
        raise NotImplementedError(
            f"torch.library: {op} was not made with torch.library.custom_op, and has a rule of its own"
        )
    return found


def register_fake(op, func=None, /, *, lib=None, _stacklevel: int = 1):
    """What the results of an operation look like: kept."""
    return _found(op).register_fake if func is None else _found(op).register_fake(func)


def register_kernel(op, device_types, func=None, /, *, lib=None):
    """Another function of an operation for tensors on these devices."""
    return _found(op).register_kernel(device_types, func)


def register_autograd(op, backward, /, *, setup_context=None, lib=None) -> None:
    """The gradient of an operation."""
    _found(op).register_autograd(backward, setup_context=setup_context)
