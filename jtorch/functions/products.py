"""Matrix products, where torch chooses between several operations by the operands' dimensions."""

from ..casting import lowered
from ..outs import store_results
from ..tensor import Tensor
from .composite import composite, operation, writing

_dot, _mv, _mm, _stack = operation("dot"), operation("mv"), operation("mm"), operation("stack.matmul")
_addbmm, _addbmm_ = operation("addbmm"), writing("addbmm")
_tensordot, _bilinear = operation("dims.tensordot"), operation("tensors.bilinear")


@composite("matmul", "linalg.matmul", variants="function method out")
def matmul(input, other):
    """Matrix product: of vectors their dot product, of stacks of matrices one product each; leading dimensions broadcast.

    >>> import jtorch as torch
    >>> torch.matmul(torch.ones(2, 3), torch.ones(3))
    tensor([3., 3.])
    """
    if isinstance(input, Tensor) and isinstance(other, Tensor):
        ndims = len(input._aval.shape), len(other._aval.shape)
        if ndims == (2, 2):
            return _mm(input, other)
        if ndims == (1, 1):
            return _dot(*lowered(input, other))
        if ndims == (2, 1):
            return _mv(*lowered(input, other))
        if ndims == (1, 2):
            product = _stack(input, other)
            product._counter.version += 1  # torch takes away the dimension it added, in place
            return product
    return _stack(input, other)


@composite("nn.functional.bilinear", "bilinear", variants="function")
def bilinear(input1, input2, weight, bias=None):
    """out[..., k] = input1 @ weight[k] @ input2 + bias[k].

    Shapes: input1 (*, in1), input2 (*, in2), weight (out, in1, in2), bias (out).
    """
    return _bilinear(input1, input2, weight, bias)


@composite("tensordot", variants="function")
def tensordot(a, b, dims=2, out=None):
    """Sum of products over the last `dims` dimensions of `a` and the first of `b`, or over the two lists given.

    >>> import jtorch as torch
    >>> torch.tensordot(torch.ones(2, 3, 4), torch.ones(3, 4), 2)
    tensor([12., 12.])
    """
    if isinstance(dims, Tensor):
        dims = dims.tolist()
    if isinstance(dims, int):
        if dims < 0:
            raise RuntimeError(f"tensordot expects dims >= 0, but got dims={dims}")
        pairs = tuple(range(-dims, 0)), tuple(range(dims))
    else:
        pairs = tuple((d,) if isinstance(d, int) else tuple(d) for d in dims)
    made = _tensordot(a, b, pairs)
    return made if out is None else store_results(out, made, "tensordot", (a, b))


@composite("addbmm_", variants="method")
def addbmm_(input, batch1, batch2, *, beta=1, alpha=1):
    """`addbmm` written into the input, which is resized where it was broadcast: torch does that here, and nowhere else."""
    batches = isinstance(batch1, Tensor) and isinstance(batch2, Tensor) and batch1.dim() == batch2.dim() == 3
    size = (batch1.shape[1], batch2.shape[2]) if batches else input.shape
    if input.shape == size:
        return _addbmm_(input, batch1, batch2, beta=beta, alpha=alpha)
    return input.set_(_addbmm(input, batch1, batch2, beta=beta, alpha=alpha))
