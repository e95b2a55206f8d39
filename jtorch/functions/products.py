"""Matrix products, where torch chooses between several operations by the operands' dimensions."""

from ..casting import lowered
from ..outs import store_results
from ..tensor import Tensor
from .composite import composite, operation, writing

_dot, _mv, _mm, _stack = operation("dot"), operation("mv"), operation("mm"), operation("stack.matmul")
_addbmm, _addbmm_ = operation("addbmm"), writing("addbmm")
_einsum, _tensordot, _bilinear = (
    operation("equation.einsum"),
    operation("dims.tensordot"),
    operation("tensors.bilinear"),
)


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


@composite("einsum", variants="function")
def einsum(equation, *operands):
    """Sum of products, written in Einstein's notation; or as operands each followed by its list of dimensions.

    >>> import jtorch as torch
    >>> torch.einsum("ij,j->i", torch.ones(2, 3), torch.ones(3))
    tensor([3., 3.])
    """
    if not isinstance(equation, str):
        equation, operands = _from_lists((equation, *operands))
    if len(operands) == 1 and isinstance(operands[0], (list, tuple)):
        operands = tuple(operands[0])
    if not operands:
        raise RuntimeError("einsum(): must provide at least one operand")
    return _einsum(operands, _checked_equation(equation.replace(" ", ""), operands))


def _letter(number: int) -> str:
    if not 0 <= number < 52:
        raise RuntimeError(f"einsum(): subscript {number} is not within the valid range [0, 52)")
    return chr(ord("A") + number) if number < 26 else chr(ord("a") + number - 26)


def _from_lists(given):
    """The form einsum(x, [0, 1], y, [1, 2], [0, 2]) as an equation and its operands."""
    operands, dimensions = given[0::2], given[1::2]
    output = None
    if len(given) % 2:
        output, operands = operands[-1], operands[:-1]

    def term(numbers):
        return "".join("..." if n is Ellipsis else _letter(n) for n in numbers)

    equation = ",".join(term(numbers) for numbers in dimensions)
    return equation if output is None else f"{equation}->{term(output)}", operands


def _checked_equation(equation: str, operands) -> str:
    """Torch's errors for an equation that does not fit its operands."""
    inputs, arrow, output = equation.partition("->")
    terms = inputs.split(",")
    if len(terms) != len(operands):
        more = "more" if len(terms) < len(operands) else "fewer"
        raise RuntimeError(f"einsum(): {more} operands were provided than specified in the equation")
    sizes: dict[str, int] = {}
    for place, (term, x) in enumerate(zip(terms, operands, strict=True)):
        before, dots, after = term.partition("...")
        letters = before + after
        for letter in letters:
            if not (letter.isascii() and letter.isalpha()):
                raise RuntimeError(
                    f"einsum(): invalid subscript given at index {equation.index(letter)} in the equation string, subscripts must be in [a-zA-Z]"
                )
        ndim = len(x._aval.shape)
        if (len(letters) > ndim) or (not dots and len(letters) != ndim):
            raise RuntimeError(
                f"einsum(): the number of subscripts in the equation ({len(letters)}) "
                + ("is more than the number of dimensions" if dots else "does not match the number of dimensions")
                + f" ({ndim}) for operand {place}"
                + ("" if dots else " and no ellipsis was given")
            )
        shape = x._aval.shape
        placed = list(zip(before, shape, strict=False)) + list(zip(after, shape[ndim - len(after) :], strict=False))
        for letter, size in placed:
            known = sizes.setdefault(letter, size)
            if known == 1:
                sizes[letter] = size
            elif size not in (1, known):
                raise RuntimeError(
                    f"einsum(): subscript {letter} has size {size} for operand {place} which does not broadcast with "
                    f"previously seen size {known}"
                )
    for letter in output.replace("...", ""):
        if letter not in sizes:
            raise RuntimeError(
                f"einsum(): output subscript {letter} does not appear in the equation for any input operand"
            )
        if output.count(letter) > 1:
            raise RuntimeError(f"einsum(): output subscript {letter} appears more than once in the output")
    return equation


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
