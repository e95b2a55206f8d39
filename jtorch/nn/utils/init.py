"""Making a module whose initial values do not matter."""

import inspect

import jtorch

__all__ = ["skip_init"]


def skip_init(module_cls, *args, **kwargs):
    """A module whose initial values are not to be relied on; the random stream is left as it was.

    torch builds it on the meta device and saves the time; here the values are drawn and the stream put back.

    >>> import jtorch as torch
    >>> torch.nn.utils.skip_init(torch.nn.Linear, 5, 1)
    Linear(in_features=5, out_features=1, bias=True)
    """
    if not issubclass(module_cls, jtorch.nn.Module):
        raise RuntimeError(f"Expected a Module; got {module_cls}")
    if "device" not in inspect.signature(module_cls).parameters:
        raise RuntimeError("Module must support a 'device' arg to skip initialization")
    stream = jtorch.get_rng_state()
    module = module_cls(*args, **kwargs)
    jtorch.set_rng_state(stream)
    return module
