"""torch.backends.nnpack: XLA brings its own kernels."""

import contextlib

_enabled = [True]


def is_available() -> bool:
    return False


def set_flags(_enabled):
    """Kept and without effect; gives what it was before."""
    previous = tuple(globals()["_enabled"])
    globals()["_enabled"][0] = bool(_enabled)
    return previous


@contextlib.contextmanager
def flags(enabled=False):
    """Context in which the switch has another value."""
    (previous,) = set_flags(enabled)
    try:
        yield
    finally:
        set_flags(previous)
