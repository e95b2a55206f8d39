"""torch.func: transformations of functions of tensors.

Derivatives are those of the tape, so that kinks, ties and complex numbers count as in torch; `vmap` is JAX's.
"""

from jtorch.func.batching import vmap
from jtorch.func.derivatives import grad, grad_and_value, hessian, jacfwd, jacrev, jvp, linearize, vjp
from jtorch.func.modules import functional_call, functionalize, stack_module_state
