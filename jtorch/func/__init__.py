"""torch.func: transformations of functions of tensors.

Derivatives are those of the tape, so that kinks, ties and complex numbers count as in torch; `vmap` is JAX's.
"""

from jtorch.func.batching import vmap
from jtorch.func.derivatives import grad, grad_and_value, hessian, jacfwd, jacrev, jvp, linearize, vjp
from jtorch.func.modules import (
    debug_unwrap,
    functional_call,
    functionalize,
    replace_all_batch_norm_modules_,
    stack_module_state,
)
from jtorch.func.rearrange import rearrange
