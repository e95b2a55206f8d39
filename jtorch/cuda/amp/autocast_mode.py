"""torch.cuda.amp.autocast and its decorators. Deprecated: use `torch.amp`, with 'cuda' as first argument."""

import warnings

from jtorch import amp, dtypes


def _deprecated(name: str, stacklevel: int = 3) -> None:
    warnings.warn(
        f"`torch.cuda.amp.{name}(args...)` is deprecated. Please use `torch.amp.{name}('cuda', args...)` instead."
        if name == "autocast"
        else f"`torch.cuda.amp.{name}(args...)` is deprecated. Please use `torch.amp.{name}(args..., device_type='cuda')` instead.",
        FutureWarning,
        stacklevel=stacklevel,
    )


class autocast(amp.autocast):
    """`torch.amp.autocast('cuda', ...)`."""

    def __init__(self, enabled: bool = True, dtype=dtypes.float16, cache_enabled: bool = True):
        _deprecated("autocast")
        super().__init__("cuda", dtype=dtype, enabled=enabled, cache_enabled=cache_enabled)


def custom_fwd(fwd=None, *, cast_inputs=None):
    """`torch.amp.custom_fwd(..., device_type='cuda')`."""
    _deprecated("custom_fwd")
    return amp.custom_fwd(fwd, device_type="cuda", cast_inputs=cast_inputs)


def custom_bwd(bwd):
    """`torch.amp.custom_bwd(..., device_type='cuda')`."""
    _deprecated("custom_bwd")
    return amp.custom_bwd(bwd, device_type="cuda")
