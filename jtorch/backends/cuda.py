"""torch.backends.cuda: how exactly float32 matrices are multiplied, and which kernels attention may use."""

import contextlib
import warnings

from jtorch import precision


def is_built() -> bool:
    """Whether there is a GPU: JAX brings its CUDA along."""
    from jtorch import devices

    return bool(devices.cuda_devices())


_MATMUL_WORDS = {"tf32": "high", "ieee": "highest", "none": "highest"}


class _Matmul:
    """`torch.backends.cuda.matmul`."""

    __slots__ = (
        "allow_fp16_reduced_precision_reduction",
        "allow_bf16_reduced_precision_reduction",
        "allow_fp16_accumulation",
    )

    def __init__(self):
        # XLA accumulates 16-bit products in float32 whatever is allowed.
        self.allow_fp16_reduced_precision_reduction = self.allow_bf16_reduced_precision_reduction = True
        self.allow_fp16_accumulation = False

    @property
    def allow_tf32(self) -> bool:
        return precision.Precision.matmul != "highest"

    @allow_tf32.setter
    def allow_tf32(self, allowed: bool):
        if type(allowed) is not bool:
            raise RuntimeError(f"set_allow_tf32_cublas expects a bool, but got {type(allowed).__name__}")
        precision.set_matmul("high" if allowed else "highest")

    @property
    def fp32_precision(self) -> str:
        return "tf32" if self.allow_tf32 else "ieee"

    @fp32_precision.setter
    def fp32_precision(self, word: str):
        if word not in _MATMUL_WORDS:
            raise RuntimeError(f"Unknown precision: {word!r}; one of {', '.join(_MATMUL_WORDS)}")
        precision.set_matmul(_MATMUL_WORDS[word])

    def __getattr__(self, name):
        raise AttributeError(f"Unknown attribute {name}")


matmul = _Matmul()


class _PlanCache:
    """`torch.backends.cuda.cufft_plan_cache`: XLA keeps its own plans, of which nobody is told."""

    size = 0
    max_size = 0

    def clear(self) -> None:
        """Nothing to clear."""

    def __getitem__(self, device):
        return self


cufft_plan_cache = _PlanCache()


# Attention: XLA and jax.nn.dot_product_attention choose the kernel; the permissions are kept for code that asks.
_permitted = {"flash": True, "mem_efficient": True, "math": True, "cudnn": True}


def flash_sdp_enabled() -> bool:
    return _permitted["flash"]


def enable_flash_sdp(enabled: bool) -> None:
    _permitted["flash"] = bool(enabled)


def mem_efficient_sdp_enabled() -> bool:
    return _permitted["mem_efficient"]


def enable_mem_efficient_sdp(enabled: bool) -> None:
    _permitted["mem_efficient"] = bool(enabled)


def math_sdp_enabled() -> bool:
    return _permitted["math"]


def enable_math_sdp(enabled: bool) -> None:
    _permitted["math"] = bool(enabled)


def cudnn_sdp_enabled() -> bool:
    return _permitted["cudnn"]


def enable_cudnn_sdp(enabled: bool) -> None:
    _permitted["cudnn"] = bool(enabled)


@contextlib.contextmanager
def sdp_kernel(
    enable_flash: bool = True, enable_math: bool = True, enable_mem_efficient: bool = True, enable_cudnn: bool = True
):
    """Context in which attention may use some kernels only. Deprecated: use `torch.nn.attention.sdpa_kernel`."""
    warnings.warn(
        "`torch.backends.cuda.sdp_kernel()` is deprecated. In the future, this context manager will be removed. "
        "Please see `torch.nn.attention.sdpa_kernel()` for the new context manager, with updated signature.",
        FutureWarning,
        stacklevel=3,
    )
    previous = dict(_permitted)
    _permitted.update(flash=enable_flash, math=enable_math, mem_efficient=enable_mem_efficient, cudnn=enable_cudnn)
    try:
        yield {}
    finally:
        _permitted.update(previous)


def is_flash_attention_available() -> bool:
    """False: the kernel is XLA's choice, and not torch's flash attention."""
    return False


_reductions = [False]


def fp16_bf16_reduction_math_sdp_allowed() -> bool:
    """Whether 16-bit attention may be summed in 16 bits; XLA sums in float32 whatever is allowed."""
    return _reductions[0]


def allow_fp16_bf16_reduction_math_sdp(enabled: bool) -> None:
    _reductions[0] = bool(enabled)


def preferred_blas_library(backend=None) -> str:
    """XLA chooses the library; a wish is accepted and changes nothing."""
    return "default"


def preferred_linalg_library(backend=None) -> str:
    """XLA chooses the library; a wish is accepted and changes nothing."""
    return "default"
