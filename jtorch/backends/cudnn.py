"""torch.backends.cudnn: XLA chooses and times its algorithms itself; `allow_tf32` decides how exactly float32 convolutions multiply."""

import sys

from jtorch import dtypes, precision
from jtorch.backends.switches import Switch, changed, install

CUDNN_TENSOR_DTYPES = {dtypes.float16, dtypes.float32, dtypes.float64}


def version() -> int | None:
    """The number of cuDNN's release, None without a GPU."""
    if not is_available():
        return None
    from jaxlib import cuda_versions  # exists in builds for GPUs alone

    return cuda_versions.cudnn_get_version()


def is_available() -> bool:
    """Whether there is a GPU whose convolutions cuDNN computes."""
    from jtorch import devices

    found = devices.cuda_devices()
    return bool(found) and found[0].platform == "gpu"


def is_acceptable(tensor) -> bool:
    """Whether cuDNN could compute with a tensor."""
    return is_available() and tensor.is_cuda and tensor.dtype in CUDNN_TENSOR_DTYPES


def flags(
    enabled=False,
    benchmark=False,
    benchmark_limit=10,
    deterministic=False,
    allow_tf32=True,
    fp32_precision="none",
    depthwise_kernel="auto",
):
    """Context in which the switches have other values."""
    return changed(
        sys.modules[__name__],
        {
            "enabled": enabled,
            "benchmark": benchmark,
            "benchmark_limit": benchmark_limit,
            "deterministic": deterministic,
            "allow_tf32": allow_tf32,
        },
    )


def set_flags(
    _enabled=None,
    _benchmark=None,
    _benchmark_limit=None,
    _deterministic=None,
    _allow_tf32=None,
    _fp32_precision="none",
    _depthwise_kernel=None,
):
    """Set several switches; gives what they were before."""
    module = sys.modules[__name__]
    names = ("enabled", "benchmark", "benchmark_limit", "deterministic", "allow_tf32")
    previous = tuple(getattr(module, name) for name in names)
    for name, value in zip(names, (_enabled, _benchmark, _benchmark_limit, _deterministic, _allow_tf32), strict=True):
        if value is not None:
            setattr(module, name, value)
    return (*previous, module.fp32_precision)


class _Operation:
    """`torch.backends.cudnn.conv` and `.rnn`: how exactly they multiply float32."""

    @property
    def fp32_precision(self) -> str:
        return _precision_word()

    @fp32_precision.setter
    def fp32_precision(self, word: str):
        sys.modules[__name__].fp32_precision = word


conv = rnn = _Operation()


def _precision_word() -> str:
    return "tf32" if precision.Precision.convolution_tf32 else "ieee"


install(
    __name__,
    {
        "enabled": Switch(True, error="set_enabled_cudnn"),
        "benchmark": Switch(False, error="set_benchmark_cudnn"),
        "benchmark_limit": Switch(None, kind=None),
        "deterministic": Switch(False, error="set_deterministic_cudnn"),
        "depthwise_kernel": Switch("auto", kind=str),
        "allow_tf32": Switch(
            True,
            error="set_allow_tf32_cublas",
            act=precision.set_convolution_tf32,
            read=lambda: precision.Precision.convolution_tf32,
        ),
        "fp32_precision": Switch(
            "none", kind=str, act=lambda word: precision.set_convolution_tf32(word != "ieee"), read=_precision_word
        ),
    },
)
