"""make_tensor: random tensors of any dtype to test with."""

import collections.abc
import math
import warnings

import jtorch
from jtorch import dtypes


def make_tensor(
    *shape,
    dtype,
    device,
    low: float | None = None,
    high: float | None = None,
    requires_grad: bool = False,
    noncontiguous: bool = False,
    exclude_zero: bool = False,
    memory_format=None,
):
    """A tensor of uniform values of [low, high): by default [-9, 9), integers [-9, 10) clamped to the dtype, booleans both.

    >>> import jtorch as torch
    >>> torch.testing.make_tensor(2, 3, dtype=torch.int64, device="cpu", low=0, high=1)
    tensor([[0, 0, 0],
            [0, 0, 0]])
    """
    if len(shape) == 1 and isinstance(shape[0], collections.abc.Sequence):
        shape = shape[0]
    shape = tuple(shape)
    exact = dtype.priority < 2
    if noncontiguous and memory_format is not None:
        raise ValueError(
            f"The parameters `noncontiguous` and `memory_format` are mutually exclusive, but got {noncontiguous=} and {memory_format=}"
        )
    if requires_grad and exact:
        raise ValueError(f"`requires_grad=True` is not supported for boolean and integral dtypes, but got {dtype=}")
    noncontiguous = noncontiguous and math.prod(shape) > 1
    if noncontiguous:
        shape = (*shape[:-1], 2 * shape[-1])
    low, high = _bounds(low, high, dtype)
    if exact:
        made = jtorch.randint(low, high, shape, device=device, dtype=dtype)
    else:
        made = jtorch.empty(shape, device=device, dtype=dtype)
        parts = jtorch.view_as_real(made) if dtype.is_complex else made
        if high - low >= jtorch.finfo(parts.dtype).max:
            parts.uniform_(low / 2, high / 2).mul_(2)
        else:
            parts.uniform_(low, high)
    if noncontiguous:
        made = made[..., 1::2]
    elif memory_format is not None:
        made = made.clone(memory_format=memory_format)
    if exclude_zero:
        made[made == 0] = 1 if exact else jtorch.finfo(dtype).tiny
    if not exact:
        made.requires_grad = requires_grad
    return made


def _bounds(low, high, dtype):
    """The bounds as given or by default, within what the dtype holds."""
    if dtype is dtypes.bool:
        lowest, highest, default = 0, 2, (0, 2)
    elif dtype.priority < 2:
        info = dtypes.iinfo(dtype)
        lowest, highest, default = info.min, info.max + (dtype is not dtypes.int64), (-9, 10)
    else:
        info = dtypes.finfo(dtype)
        lowest, highest, default = info.min, info.max, (-9, 9)
    low, high = (default[0] if low is None else low), (default[1] if high is None else high)
    if any(isinstance(value, float) and math.isnan(value) for value in (low, high)):
        raise ValueError(f"`low` and `high` cannot be NaN, but got {low=} and {high=}")
    if low == high and dtype.priority >= 2:
        warnings.warn(
            "Passing `low==high` to `torch.testing.make_tensor` for floating or complex types is deprecated since 2.1 and will be removed in 2.3. "
            "Use `torch.full(...)` instead.",
            FutureWarning,
            stacklevel=3,
        )
    elif low >= high:
        raise ValueError(f"`low` must be less than `high`, but got {low} >= {high}")
    elif high < lowest or low >= highest:
        raise ValueError(
            f"The value interval specified by `low` and `high` is [{low}, {high}), but {dtype} only supports [{lowest}, {highest})"
        )
    low, high = (min(max(value, lowest), highest) for value in (low, high))
    return (math.ceil(low), math.ceil(high)) if dtype.priority < 2 else (low, high)
