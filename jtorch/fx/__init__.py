"""torch.fx, as far as models mention it: the marks they leave for its tracer. There is no tracer; `jtorch.to_jax` gives a program."""


class Proxy:
    """What stands for a tensor while torch.fx traces. Nothing is one here, which is what `isinstance(x, torch.fx.Proxy)` asks."""

    def __init__(self, node, tracer=None):
        raise NotImplementedError("jtorch has no torch.fx.Proxy: a function becomes a program with jtorch.to_jax")


def wrap(fn_or_name):
    """Mark a function that a tracer should not look into: returned as it is.

    >>> import jtorch as torch
    >>> torch.fx.wrap("len")
    'len'
    """
    if not callable(fn_or_name) and not isinstance(fn_or_name, str):
        raise RuntimeError("Unsupported type for global function! Must be either a callable or string name")
    return fn_or_name


def __getattr__(name):
    raise AttributeError(
        f"module 'torch.fx' has no attribute '{name}': jtorch has no torch.fx.{name}; jtorch.to_jax gives a program that JAX tools read"
    )
