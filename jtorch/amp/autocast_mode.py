"""torch.autocast and what asks about it."""

import collections.abc
import functools
import warnings

import numpy as np

import jtorch
from jtorch import casting, devices, dtypes
from jtorch.tensor import Tensor

_SUPPORTED = (dtypes.bfloat16, dtypes.float16)


def is_autocast_available(device_type: str) -> bool:
    """Whether there is an autocast for a kind of device."""
    return devices.device(device_type).type in casting.DEFAULTS


class autocast:
    """Block (or decorator) in which operations compute in the dtype that suits them: products in `dtype`, sums and losses in float32.

    On `cpu` the fast dtype is bfloat16, on `cuda` float16 unless another is given.

    >>> import jtorch as torch
    >>> with torch.autocast("cpu"):
    ...     y = torch.ones(2, 2) @ torch.ones(2, 2)
    >>> y.dtype
    torch.bfloat16
    """

    def __init__(self, device_type: str, dtype=None, enabled: bool = True, cache_enabled: bool | None = None):
        if not isinstance(device_type, str):
            raise ValueError(f"Expected `device_type` of type `str`, got: `{type(device_type)}`")
        if not is_autocast_available(device_type):
            raise RuntimeError(f"User specified an unsupported autocast device_type '{device_type}'")
        self.device = device_type
        self.fast_dtype = get_autocast_dtype(device_type) if dtype is None else dtype
        self._cache_enabled = is_autocast_cache_enabled() if cache_enabled is None else cache_enabled
        self._enabled = enabled and self._possible()
        self._previous: list[tuple] = []

    def _possible(self) -> bool:
        if self.device == "cuda":
            if not jtorch.cuda.is_available():
                warnings.warn(
                    "CUDA is not available or torch_xla is imported. Disabling autocast.", UserWarning, stacklevel=4
                )
                return False
        elif self.fast_dtype not in _SUPPORTED:
            name = self.device.upper()
            warnings.warn(
                f"In {name} autocast, but the target dtype is not supported. Disabling autocast.\n"
                f"{name} Autocast only supports dtypes of {', '.join(map(str, _SUPPORTED))} currently.",
                UserWarning,
                stacklevel=4,
            )
            return False
        return True

    def __enter__(self):
        thread = casting.THREAD
        self._previous.append((casting.is_enabled(self.device), thread.chosen[self.device], thread.cached))
        thread.chosen[self.device] = self.fast_dtype
        thread.cached = self._cache_enabled
        thread.depth += 1
        casting.set_enabled(self.device, self._enabled)
        return self

    def __exit__(self, *exc):
        thread = casting.THREAD
        thread.depth -= 1
        if not thread.depth:
            casting.clear_cache()
        enabled, thread.chosen[self.device], thread.cached = self._previous.pop()
        casting.set_enabled(self.device, enabled)
        return False

    def __call__(self, func):
        if not callable(func):
            raise TypeError(
                f"autocast()(func) requires a callable, but got {type(func).__name__}. Did you mean to use autocast as a context manager? "
                "For example:\n    with torch.autocast(device_type=...):\n        output = model(input)"
            )

        @functools.wraps(func)
        def decorated(*args, **kwargs):
            with self:
                return func(*args, **kwargs)

        return decorated


def autocast_decorator(autocast_instance, func):
    """The function, called inside the autocast."""
    return autocast_instance(func)


# Of the calling thread


def is_autocast_enabled(device_type: str = "cuda") -> bool:
    """Whether autocast is on for a kind of device."""
    return casting.is_enabled(device_type)


def set_autocast_enabled(device_type, enabled: bool | None = None) -> None:
    if enabled is None:
        device_type, enabled = "cuda", device_type
    casting.set_enabled(device_type, bool(enabled))


def get_autocast_dtype(device_type: str):
    """The dtype that products take on a kind of device."""
    return casting.dtype_of(device_type)


def set_autocast_dtype(device_type: str, dtype) -> None:
    casting.THREAD.chosen[device_type] = dtype


def is_autocast_cache_enabled() -> bool:
    """Whether casts of parameters are kept until the outermost block ends."""
    return casting.THREAD.cached


def set_autocast_cache_enabled(enabled: bool) -> None:
    casting.THREAD.cached = bool(enabled)


def clear_autocast_cache() -> None:
    """Forget the kept casts."""
    casting.clear_cache()


def autocast_increment_nesting() -> int:
    casting.THREAD.depth += 1
    return casting.THREAD.depth


def autocast_decrement_nesting() -> int:
    casting.THREAD.depth -= 1
    return casting.THREAD.depth


def _deprecated(old: str, new: str) -> None:
    warnings.warn(f"torch.{old} is deprecated. Please use torch.{new} instead.", DeprecationWarning, stacklevel=3)


def get_autocast_gpu_dtype():
    """Deprecated: `get_autocast_dtype('cuda')`."""
    _deprecated("get_autocast_gpu_dtype()", "get_autocast_dtype('cuda')")
    return get_autocast_dtype("cuda")


def get_autocast_cpu_dtype():
    """Deprecated: `get_autocast_dtype('cpu')`."""
    _deprecated("get_autocast_cpu_dtype()", "get_autocast_dtype('cpu')")
    return get_autocast_dtype("cpu")


def set_autocast_gpu_dtype(dtype) -> None:
    """Deprecated: `set_autocast_dtype('cuda', dtype)`."""
    _deprecated("set_autocast_gpu_dtype(dtype)", "set_autocast_dtype('cuda', dtype)")
    set_autocast_dtype("cuda", dtype)


def set_autocast_cpu_dtype(dtype) -> None:
    """Deprecated: `set_autocast_dtype('cpu', dtype)`."""
    _deprecated("set_autocast_cpu_dtype(dtype)", "set_autocast_dtype('cpu', dtype)")
    set_autocast_dtype("cpu", dtype)


def is_autocast_cpu_enabled() -> bool:
    """Deprecated: `is_autocast_enabled('cpu')`."""
    _deprecated("is_autocast_cpu_enabled()", "is_autocast_enabled('cpu')")
    return is_autocast_enabled("cpu")


def set_autocast_cpu_enabled(enabled: bool) -> None:
    """Deprecated: `set_autocast_enabled('cpu', enabled)`."""
    _deprecated("set_autocast_cpu_enabled(enabled)", "set_autocast_enabled('cpu', enabled)")
    set_autocast_enabled("cpu", enabled)


# Functions of users


def _cast(value, device_type: str, dtype):
    """Floating-point tensors (but float64) of a device in another dtype, inside containers too."""
    if isinstance(value, Tensor):
        eligible = value.is_floating_point() and value.device.type == device_type and value.dtype is not dtypes.float64
        return value.to(dtype) if eligible else value
    if isinstance(value, (str, bytes, np.ndarray)):
        return value
    if isinstance(value, collections.abc.Mapping):
        return {_cast(k, device_type, dtype): _cast(v, device_type, dtype) for k, v in value.items()}
    if isinstance(value, collections.abc.Iterable):
        made = (_cast(v, device_type, dtype) for v in value)
        return type(value)(made) if isinstance(value, (list, tuple)) else made
    return value


def custom_fwd(fwd=None, *, device_type: str, cast_inputs=None):
    """Decorator of a Function's `forward`: with `cast_inputs` it runs in that dtype, with autocast off."""
    if not isinstance(device_type, str):
        raise ValueError(f"Expected `device_type` of type `str`, got: `{type(device_type)}`")
    if fwd is None:
        return functools.partial(custom_fwd, device_type=device_type, cast_inputs=cast_inputs)

    @functools.wraps(fwd)
    def forward(*args, **kwargs):
        ctx, enabled = args[0], is_autocast_enabled(device_type)
        ctx._dtype = get_autocast_dtype(device_type)
        ctx._fwd_used_autocast = enabled and cast_inputs is None
        if cast_inputs is None or not enabled:
            return fwd(*args, **kwargs)
        with autocast(device_type=device_type, enabled=False):
            return fwd(*_cast(args, device_type, cast_inputs), **_cast(kwargs, device_type, cast_inputs))

    return forward


def custom_bwd(bwd=None, *, device_type: str):
    """Decorator of a Function's `backward`: it runs under the autocast that its `forward` ran under."""
    if not isinstance(device_type, str):
        raise ValueError(f"Expected `device_type` of type `str`, got: `{type(device_type)}`")
    if bwd is None:
        return functools.partial(custom_bwd, device_type=device_type)

    @functools.wraps(bwd)
    def backward(*args, **kwargs):
        with autocast(device_type=device_type, enabled=args[0]._fwd_used_autocast, dtype=args[0]._dtype):
            return bwd(*args, **kwargs)

    return backward
