"""torch.sparse: tensors that keep only some of their elements. How they are built: `storage.py`; what is done with them: `kernels.py`."""

from .checking import as_sparse_gradcheck
from .construction import spdiags
from .invariants import check_sparse_tensor_invariants
from .products import sampled_addmm, spsolve
from .products import sparse_addmm as addmm
from .products import sparse_mm as mm
from .reductions import log_softmax, softmax
from .reductions import sparse_sum as sum
from .types import (
    BFloat16Tensor,
    ByteTensor,
    CharTensor,
    DoubleTensor,
    FloatTensor,
    HalfTensor,
    IntTensor,
    LongTensor,
    ShortTensor,
)

__all__ = [
    "BFloat16Tensor",
    "ByteTensor",
    "CharTensor",
    "DoubleTensor",
    "FloatTensor",
    "HalfTensor",
    "IntTensor",
    "LongTensor",
    "ShortTensor",
    "addmm",
    "as_sparse_gradcheck",
    "check_sparse_tensor_invariants",
    "log_softmax",
    "mm",
    "sampled_addmm",
    "softmax",
    "spdiags",
    "spsolve",
    "sum",
]
