"""torch.library: operations written in Python and known by name, `torch.ops.NAMESPACE.NAME`.

Such an operation runs its Python. What says how it behaves without contents (`register_fake`) is kept and not asked: nothing is traced without running.
"""

from types import SimpleNamespace

import jtorch

__all__ = ["CustomOpDef", "custom_op", "register_autograd", "register_fake", "register_kernel"]

SPACES: dict[str, SimpleNamespace] = {}


class CustomOpDef:
    """What `custom_op` makes: called, it runs the function, or the kernel for the device of its first tensor."""

    def __init__(self, name: str, fn):
        self._qualname, self._fn, self._kernels = name, fn, {}
        self._backward = self._setup = self._fake = None

    def __call__(self, *args, **kwargs):
        if kwargs or self._backward is None:
            return self._run(*args, **kwargs)
        return _Differentiated.apply(self, *args)

    def _run(self, *args, **kwargs):
        device = next((value.device.type for value in args if isinstance(value, jtorch.Tensor)), None)
        return self._kernels.get(device, self._fn)(*args, **kwargs)

    def register_kernel(self, device_types, fn=None, /):
        """Another function for tensors on these devices."""
        if fn is None:
            return lambda fn: self.register_kernel(device_types, fn)
        self._kernels.update(dict.fromkeys([device_types] if isinstance(device_types, str) else device_types, fn))
        return fn

    def register_fake(self, fn, /):
        """What the results look like: kept."""
        self._fake = fn
        return fn

    def register_autograd(self, backward, /, *, setup_context=None) -> None:
        """The gradient: `setup_context(ctx, inputs, output)` keeps what `backward(ctx, *grads)` needs."""
        self._backward, self._setup = backward, setup_context

    def __repr__(self) -> str:
        return f"<CustomOpDef({self._qualname})>"


class _Differentiated(jtorch.autograd.Function):
    @staticmethod
    def forward(ctx, op, *args):
        result = op._run(*args)
        ctx.op = op
        if op._setup is not None:
            op._setup(ctx, args, result)
        return result

    @staticmethod
    def backward(ctx, *grads):
        found = ctx.op._backward(ctx, *grads)
        return None, *(found if isinstance(found, tuple) else (found,))


def custom_op(name: str, fn=None, /, *, mutates_args, device_types=None, schema=None, tags=None):
    """Make a function an operation under a name with a namespace, "mine::add".

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
    made = CustomOpDef(name, fn)
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
