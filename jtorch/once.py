"""Warnings that are given once per process, as torch's TORCH_WARN_ONCE gives them."""

import warnings

always = [False]  # `set_warn_always(True)`: each time
_given: set[str] = set()


def warn_once(message: str, stacklevel: int) -> None:
    """Give a UserWarning if it was not given before; `stacklevel` is that of `warnings.warn`, seen from the caller."""
    if always[0] or message not in _given:
        _given.add(message)
        warnings.warn(message, UserWarning, stacklevel + 1)
