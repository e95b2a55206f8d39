"""`torch._check` and its kin: a condition that must hold, and the error that says so."""

import warnings

from jtorch.subclass import offered
from jtorch.symbolic import SymBool
from jtorch.tensor import Tensor

_UNSAID = "Expected cond to be True, but got False. (Could this error message be improved? If so, please report an enhancement request to PyTorch.)"


@offered
def _assert(condition, message) -> None:
    """An assertion that Python's `-O` does not remove.

    >>> import jtorch as torch
    >>> torch._assert(torch.tensor(True), "never seen")
    """
    if not condition:
        raise AssertionError(message)


def _assert_async(condition, assert_msg: str | None = None) -> None:
    """An assertion about a tensor of one element, which a device may be asked later; on CPUs at once.

    >>> import jtorch as torch
    >>> torch._assert_async(torch.tensor(0))
    Traceback (most recent call last):
    RuntimeError: Expected Tensor with single nonzero value, but got zero
    """
    if condition.numel() != 1:
        wrong = "no values" if condition.numel() == 0 else "more than one value"
        raise RuntimeError(f"Boolean value of Tensor with {wrong} is ambiguous")
    if not condition.item():
        raise RuntimeError(assert_msg or "Expected Tensor with single nonzero value, but got zero")


def _check_with(error_type, cond, message) -> None:
    if isinstance(cond, Tensor):
        raise TypeError(
            "cond must be a bool, but got a Tensor. For tensor conditions, use torch._check_tensor_all() to assert that all elements are true."
        )
    if not isinstance(cond, (bool, SymBool)):
        raise TypeError(f"cond must be a bool, but got {type(cond)}")
    if cond:
        return
    if message is not None and not callable(message):
        raise TypeError("message must be a callable")
    raise error_type(_UNSAID if message is None else str(message()))


def _check(cond, message=None) -> None:
    """Raise a RuntimeError unless `cond`; `message` is a function of nothing that gives the text.

    >>> import jtorch as torch
    >>> torch._check(1 > 2, lambda: "one is less than two")
    Traceback (most recent call last):
    RuntimeError: one is less than two
    """
    _check_with(RuntimeError, cond, message)


def _check_is_size(i, message=None, *, max=None) -> None:
    warnings.warn(
        "_check_is_size will be removed in a future PyTorch release along with guard_size_oblivious.     Use _check(i >= 0) instead.",
        FutureWarning,
        stacklevel=2,
    )
    _check(i >= 0, message)
    if max is not None:
        _check(i <= max, message)


def _check_index(cond, message=None) -> None:
    _check_with(IndexError, cond, message)


def _check_value(cond, message=None) -> None:
    _check_with(ValueError, cond, message)


def _check_type(cond, message=None) -> None:
    _check_with(TypeError, cond, message)


def _check_not_implemented(cond, message=None) -> None:
    _check_with(NotImplementedError, cond, message)


def _check_tensor_all_with(error_type, cond, message=None) -> None:
    import jtorch

    if not isinstance(cond, Tensor):
        raise TypeError(f"cond must be a tensor, but got {type(cond)}")
    if cond.dtype != jtorch.bool:
        raise TypeError(f"cond tensor must have dtype torch.bool, but got {cond.dtype}")
    _check_with(error_type, bool(cond.all()), message)


def _check_tensor_all(cond, message=None) -> None:
    """Raise a RuntimeError unless all elements of a bool tensor are True."""
    _check_tensor_all_with(RuntimeError, cond, message)
