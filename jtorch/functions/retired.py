"""Names that torch keeps from older versions: removed functions, which say what to call now, and the operators of Python 2."""

import warnings

from ..tensor import Tensor
from .composite import composite

_REMOVED = "This function was deprecated since version 1.9 and is now removed."
_INSTEAD = {
    "eig": "`torch.linalg.eig` returns complex tensors of dtype `cfloat` or `cdouble` rather than real tensors mimicking complex tensors.\n\n"
    "torch.eig(A): torch.linalg.eigvals(A); torch.eig(A, eigenvectors=True): torch.linalg.eig(A)",
    "lstsq": "`torch.lstsq` is deprecated in favor of `torch.linalg.lstsq`.\n\n"
    "torch.lstsq(B, A): torch.linalg.lstsq(A, B).solution, which has no residuals in its last rows; torch.linalg.qr gives the factors",
    "matrix_rank": "\nPlease use the `torch.linalg.matrix_rank` function instead. Its `hermitian` was called `symmetric`.",
    "solve": "`torch.solve` is deprecated in favor of `torch.linalg.solve`. `torch.linalg.solve` has its arguments reversed and does not return "
    "the LU factorization.\n\n"
    "torch.solve(B, A).solution: torch.linalg.solve(A, B); torch.linalg.lu_factor gives the factors",
    "symeig": "The default behavior has changed from using the upper triangular portion of the matrix by default to using the lower triangular portion.\n\n"
    "torch.symeig(A, upper=upper): torch.linalg.eigvalsh(A, UPLO='U' if upper else 'L'), and torch.linalg.eigh with eigenvectors",
}


def _gone(name: str):
    return RuntimeError(f"{_REMOVED}{'' if _INSTEAD[name].startswith(chr(10)) else ' '}{_INSTEAD[name]}")


@composite("eig")
def eig(self, eigenvectors: bool = False, *, e=None, v=None):
    """Removed: `torch.linalg.eig`."""
    raise _gone("eig")


@composite("lstsq", variants="function")
def lstsq(input, A, *, out=None):
    """Removed: `torch.linalg.lstsq`."""
    raise _gone("lstsq")


@composite("matrix_rank", variants="function")
def matrix_rank(input, tol=None, symmetric: bool = False, *, out=None):
    """Removed: `torch.linalg.matrix_rank`."""
    raise _gone("matrix_rank")


@composite("lstsq", variants="method")
def lstsq_method(self, other):
    """Removed: `torch.linalg.lstsq`."""
    raise _gone("lstsq")


@composite("solve", variants="method")
def solve_method(self, other):
    """Removed: `torch.linalg.solve`."""
    raise _gone("solve")


@composite("solve", variants="function")
def solve(input, A, *, out=None):
    """Removed: `torch.linalg.solve`."""
    raise _gone("solve")


@composite("symeig")
def symeig(input, eigenvectors: bool = False, upper: bool = True, *, out=None):
    """Removed: `torch.linalg.eigh`."""
    raise _gone("symeig")


@composite("reinforce", variants="method")
def reinforce(self, reward):
    """Removed: `log_prob` of a distribution, times the reward, is what to differentiate."""
    raise RuntimeError(
        "reinforce() was removed.\nUse torch.distributions instead.\n\n"
        "m = torch.distributions.Categorical(probs); action = m.sample(); loss = -m.log_prob(action) * reward; loss.backward()"
    )


@composite("resize_as", variants="method")
def resize_as(self, tensor):
    """The elements in another tensor's shape. Deprecated in torch: `reshape`."""
    warnings.warn("non-inplace resize_as is deprecated", UserWarning, stacklevel=3)
    return self.reshape(tensor.shape)


@composite("storage_type", variants="method")
def storage_type(self):
    """The class of `Tensor.storage()`; deprecated as that is."""
    from ..storages import STORAGE_TYPES, deprecated_storage, storage_type_name

    deprecated_storage(self)
    return STORAGE_TYPES[storage_type_name(self.dtype)]


def _volatile(self) -> bool:
    warnings.warn("volatile was removed (Variable.volatile is always False)", UserWarning, stacklevel=2)
    return False


@composite("__reversed__", variants="method")
def flipped(self):
    """The tensor turned around in its first dimension, as `reversed(tensor)`."""
    return self if self.dim() == 0 else self.flip(0)


@composite("__delitem__", variants="method")
def no_deletion(self, key):
    raise TypeError("Tensor does not support deleting items")


@composite("__long__", variants="method")
def to_int(self) -> int:
    return int(self)


@composite("__div__", variants="method")
def div(self, other):
    return self.div(other)


@composite("__idiv__", variants="method")
def idiv(self, other):
    return self.div_(other)


@composite("__rdiv__", variants="method")
def rdiv(self, other):
    return self.reciprocal() * other


Tensor.volatile, Tensor.name = property(_volatile), None
Tensor.__nonzero__ = Tensor.__bool__


# Of nested tensors


@composite("to_padded_tensor", variants="method")
def to_padded_tensor(input, padding, output_size=None):
    """Raises: there are no nested tensors; `torch.nn.utils.rnn.pad_sequence` pads a list of tensors."""
    raise NotImplementedError(
        "Could not run 'aten::to_padded_tensor' with arguments from the 'CPU' backend. It needs a nested tensor, which jtorch does not have: "
        "torch.nn.utils.rnn.pad_sequence pads a list of tensors."
    )
