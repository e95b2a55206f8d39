"""torch.sparse: tensors that keep only some of their elements. How they are built: `storage.py`; what is done with them: `table.py`.

The rest of jtorch is written for strided tensors and reads this folder only when it meets another layout:

- an operation: `dispatch.apply` finds no primitive and a value of another class than the engine's, `SparseValue`, and calls `table.apply`;
- a view: `views.apply_view` catches the `StridedOnly` that a sparse aval raises where it is taken for one array, and calls `table.apply_view`;
  `.detach()` and `.data` are `storage.shared`;
- a function composed of operations: `functions/composite.py` catches `StridedOnly` and asks `table.apply_composite` what torch does as a whole;
- a backward pass: `autograd/node.py` and `autograd/backward_pass.py` catch it where a gradient is sparse, and go on with `gradients.py`;
- methods that only sparse tensors have: `methods.py` names the file of each;
- a test of `layout` elsewhere: factories and `*_like` (`creation.py`, `random.py`), copies between devices and dtypes (`functions/conversion.py`),
  indexing (`indexing.py`), printing (`printing.py`), pickles (`pickling.py`), numpy (`interop.py`), `autograd/gradcheck.py`, `testing/comparison.py`
  and the optimizers (`optim/optimizer.py`).
"""

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
