"""Switches of the libraries under PyTorch, as far as they mean something here; the others are kept and change nothing."""

from jtorch.backends import (
    cpu,
    cuda,
    cudnn,
    cusparselt,
    mha,
    mkl,
    mkldnn,
    mps,
    nnpack,
    openmp,
    opt_einsum,
    quantized,
    switches,
)
from jtorch.backends.frozen import disable_global_flags, flags, flags_frozen, set_flags

switches.install(__name__, {"fp32_precision": switches.Switch("none", kind=str)})
