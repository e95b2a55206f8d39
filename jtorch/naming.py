"""What things are called in messages."""

import jtorch

from .tensor import Tensor

_BUILTIN = ("builtins", "__builtin__", None)


def typename(obj) -> str:
    """The name of an object's type, of a tensor its `type()`: what torch's messages say.

    >>> import jtorch as torch
    >>> torch.typename(torch.zeros(1)), torch.typename(3), torch.typename(torch.nn.ReLU())
    ('torch.FloatTensor', 'int', 'torch.nn.modules.activation.ReLU')
    """
    if isinstance(obj, Tensor):
        return obj.type()
    module = getattr(obj, "__module__", None) or ""
    name = getattr(obj, "__qualname__", None) or getattr(obj, "__name__", None)
    if name is None:
        kind = type(obj)
        module, name = kind.__module__ or "", kind.__qualname__
    if module in _BUILTIN or not module:
        return name
    if module.partition(".")[0] != "jtorch":
        return f"{module}.{name}"
    # The library is called torch in everything it prints, and what it exports is not said to come from its insides.
    if hasattr(jtorch, name):
        return f"torch.{name}"
    return f"torch{module.removeprefix('jtorch')}.{name}"
