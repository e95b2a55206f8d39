"""torch.nn.attention: which kernels attention may use. XLA chooses; the wishes are kept for code that states them, and asks."""

import contextlib
import enum

__all__ = ["SDPBackend", "WARN_FOR_UNFUSED_KERNELS", "sdpa_kernel"]

WARN_FOR_UNFUSED_KERNELS = False


class SDPBackend(enum.Enum):
    """A kernel of `torch.nn.functional.scaled_dot_product_attention`."""

    ERROR = -1
    MATH = 0
    FLASH_ATTENTION = 1
    EFFICIENT_ATTENTION = 2
    CUDNN_ATTENTION = 3
    OVERRIDEABLE = 4


# By their names in torch.backends.cuda: enable_math_sdp, math_sdp_enabled, ...
_SWITCHES = {
    "math": SDPBackend.MATH,
    "flash": SDPBackend.FLASH_ATTENTION,
    "mem_efficient": SDPBackend.EFFICIENT_ATTENTION,
    "cudnn": SDPBackend.CUDNN_ATTENTION,
}


@contextlib.contextmanager
def sdpa_kernel(backends, set_priority: bool = False):
    """Context that permits these kernels only, or one of them. Every wish gives the same results: XLA has one attention.

    >>> import jtorch as torch
    >>> from jtorch.nn.attention import SDPBackend, sdpa_kernel
    >>> with sdpa_kernel([SDPBackend.MATH, SDPBackend.FLASH_ATTENTION]):
    ...     torch.backends.cuda.mem_efficient_sdp_enabled()
    False
    """
    if not isinstance(backends, (SDPBackend, list)):
        raise AssertionError(
            f"Backend must be an instance of SDPBackend or a list of SDPBackend instances, got {type(backends).__name__}"
        )
    from jtorch.backends import cuda

    wanted = backends if isinstance(backends, list) else [backends]
    before = {word: getattr(cuda, f"{word}_sdp_enabled")() for word in _SWITCHES}
    try:
        for word, backend in _SWITCHES.items():
            getattr(cuda, f"enable_{word}_sdp")(backend in wanted)
        yield {}
    finally:
        for word, enabled in before.items():
            getattr(cuda, f"enable_{word}_sdp")(enabled)
