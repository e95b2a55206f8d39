"""torch.softmax and torch.log_softmax: the functions of `nn.functional` with a dimension that must be given."""

from ..dispatch import SCALAR_NAMES, apply
from ..ops.registry import OPS
from .composite import composite


def _floating(input, dtype, name):
    """The input in the wanted dtype; torch has no softmax of integers."""
    if dtype is not None:
        return input.to(dtype)
    if input.dtype.priority < 2:
        raise NotImplementedError(
            f"\"{name}_lastdim_kernel_impl\" not implemented for '{SCALAR_NAMES[input.dtype.name]}': give dtype=torch.float32"
        )
    return input


@composite("softmax", "special.softmax", variants="function method out")
def softmax(input, dim, dtype=None):
    """exp(input) / sum(exp(input)) along `dim`.

    >>> import jtorch as torch
    >>> torch.softmax(torch.zeros(2), dim=0)
    tensor([0.5000, 0.5000])
    """
    return apply(OPS["softmax_"], (_floating(input, dtype, "softmax"), dim))[0]


@composite("log_softmax", "special.log_softmax", variants="function method out")
def log_softmax(input, dim, dtype=None):
    """log(softmax(input)) along `dim`, computed without overflow."""
    return apply(OPS["log_softmax_"], (_floating(input, dtype, "log_softmax"), dim))[0]
