"""Matrix and vector products.

float32 products are as exact as `set_float32_matmul_precision` says, fully by default, as torch's are; the 16-bit floats accumulate in float32.
"""

import jax.numpy as jnp

from .. import precision
from .kinds import as_number, c_name, is_bool, is_half, not_implemented, scalar_name, widened
from .registry import Array, Number, OptionalArray, op
from .shapes import broadcast_shapes, expand_to, fit

EVERYWHERE = "function method inplace out"


def wide_product(a, b):
    """`a @ b` for arrays whose shapes and dtypes have been checked; float32 for the 16-bit floats."""
    wide = jnp.float32 if is_half(a) else None
    return jnp.matmul(a, b, precision=precision.of_matmul(), preferred_element_type=wide)


def product(a, b):
    """`a @ b` in the operands' dtype."""
    return wide_product(a, b).astype(a.dtype)


def adjoint(x):
    """Conjugate transpose of the last two dimensions."""
    return jnp.conj(jnp.swapaxes(x, -1, -2))


def _refuse_bool(kernel: str, x) -> None:
    if is_bool(x):
        raise not_implemented(kernel, x)


def _same_dtype(a, b) -> None:
    if a.dtype != b.dtype:
        raise RuntimeError(f"expected m1 and m2 to have the same dtype, but got: {c_name(a)} != {c_name(b)}")


def _check_matrices(mat1, mat2) -> None:
    if mat1.ndim != 2 or mat2.ndim != 2:
        raise RuntimeError(f"{'self' if mat1.ndim != 2 else 'mat2'} must be a matrix")
    rows, inner = mat1.shape
    if inner != mat2.shape[0]:
        raise RuntimeError(
            f"mat1 and mat2 shapes cannot be multiplied ({rows}x{inner} and {mat2.shape[0]}x{mat2.shape[1]})"
        )
    _same_dtype(mat1, mat2)


def _check_batches(batch1, batch2) -> None:
    for name, x in (("batch1", batch1), ("batch2", batch2)):
        if x.ndim != 3:
            raise RuntimeError(f"{name} must be a 3D tensor")
    count, _, inner = batch1.shape
    if batch2.shape[:2] != (count, inner):
        raise RuntimeError(
            f"Expected size for first two dimensions of batch2 tensor to be: [{count}, {inner}] but got: "
            f"[{batch2.shape[0]}, {batch2.shape[1]}]."
        )
    if batch1.dtype != batch2.dtype:
        raise RuntimeError(f"expected scalar type {scalar_name(batch1)} but found {scalar_name(batch2)}")


def _check_vector(name: str, mat, vec) -> None:
    if mat.shape[1] != vec.shape[0]:
        raise RuntimeError(
            f"size mismatch, got input ({mat.shape[0]}), mat ({mat.shape[0]}x{mat.shape[1]}), vec ({vec.shape[0]})"
        )
    if mat.dtype != vec.dtype:
        title = scalar_name(mat), scalar_name(vec)
        raise RuntimeError(
            f"{name} input tensors must have the same dtype, but got {title[1]}, {title[0]}, and {title[1]}"
        )


def product_slopes(grad, a, b, needs):
    """Gradients of `a @ b` for matrices or stacks of them."""
    return (product(grad, adjoint(b)) if needs[0] else None, product(adjoint(a), grad) if needs[1] else None)


# --- two matrices --------------------------------------------------------------------------------------------------


@op(promote="none", variants="function method out")
def mm(input: Array, mat2: Array):
    """Product of two matrices."""
    _check_matrices(input, mat2)
    _refuse_bool("addmm_impl_cpu_", input)
    return product(input, mat2)


@op(promote="none", variants="function method out")
def bmm(input: Array, mat2: Array):
    """Products of two stacks of matrices, one by one."""
    _check_batches(input, mat2)
    _refuse_bool("bmm", input)
    return product(input, mat2)


@mm.backward
@bmm.backward
def mm_backward(grad, input, mat2, needs):
    return product_slopes(grad, input, mat2, needs)


@op(promote="none", variants="function method out")
def mv(input: Array, vec: Array):
    """Product of a matrix and a vector."""
    if input.ndim != 2 or vec.ndim != 1:
        raise RuntimeError(f"vector + matrix @ vector expected, got {1}, {input.ndim}, {vec.ndim}")
    _check_vector("addmv", input, vec)
    _refuse_bool("addmv_impl_cpu", input)
    return product(input, vec)


@mv.backward
def mv_backward(grad, input, vec, needs):
    return (
        jnp.outer(grad, jnp.conj(vec)) if needs[0] else None,
        product(adjoint(input), grad) if needs[1] else None,
    )


def _check_dot(name: str, a, b) -> None:
    if a.ndim != 1 or b.ndim != 1:
        raise RuntimeError(f"1D tensors expected, but got {a.ndim}D and {b.ndim}D tensors")
    if a.dtype != b.dtype:
        raise RuntimeError(
            f"dot : expected both vectors to have same dtype, but found {scalar_name(a)} and {scalar_name(b)}"
        )
    if a.shape != b.shape:
        raise RuntimeError(
            f"inconsistent tensor size, expected tensor [{a.size}] and src [{b.size}] to have the same number of "
            f"elements, but got {a.size} and {b.size} elements respectively"
        )
    _refuse_bool(name, a)


@op(promote="none", variants="function method out")
def dot(input: Array, tensor: Array):
    """Sum of the products of two vectors' elements."""
    _check_dot("dot", input, tensor)
    return product(input, tensor)


@dot.backward
def dot_backward(grad, input, tensor):
    return grad * jnp.conj(tensor), grad * jnp.conj(input)


@op(promote="none", variants="function method out")
def vdot(input: Array, other: Array):
    """As `dot`, with the first vector conjugated."""
    _check_dot("vdot", input, other)
    return product(jnp.conj(input), other)


@vdot.backward
def vdot_backward(grad, input, other):
    return jnp.conj(grad) * other, grad * input


@op(promote="arith", variants="function method out", aliases=("ger",), node="Mul", elementwise=False)
def outer(input: Array, vec2: Array):
    """Every element of one vector times every element of the other."""
    for place, x in (("self", input), ("vec2", vec2)):
        if x.ndim != 1:
            raise RuntimeError(f"outer: Expected 1-D argument {place}, but got {x.ndim}-D")
    column, row = fit(input[:, None], vec2[None, :])
    return column * row


def _inner_error(a, b):
    return RuntimeError(
        "inner() the last dimension must match on both input tensors but got shapes "
        f"{list(a.shape)} and {list(b.shape)}"
    )


@op(promote="none", variants="function method out")
def inner(input: Array, other: Array):
    """Sums of products over the last dimension of both; a product with a 0-dim tensor."""
    if input.ndim == 0 or other.ndim == 0:
        return input * other
    if input.shape[-1] != other.shape[-1]:
        raise _inner_error(input, other)
    _same_dtype(input, other)
    return _contract(input, other, (input.ndim - 1,), (other.ndim - 1,))


def _contract(a, b, left: tuple[int, ...], right: tuple[int, ...]):
    wide = jnp.float32 if is_half(a) else None
    result = jnp.tensordot(a, b, (left, right), precision=precision.of_matmul(), preferred_element_type=wide)
    return result.astype(a.dtype)


@op("stack.matmul", promote="none", variants="", node="UnsafeView")
def matmul(input: Array, other: Array):
    """Product over the last dimension of `input` and the last but one of `other`; leading dimensions broadcast."""
    if input.ndim == 0 or other.ndim == 0:
        raise RuntimeError(
            f"both arguments to matmul need to be at least 1D, but they are {input.ndim}D and {other.ndim}D"
        )
    if input.ndim == 1 and other.ndim == 1:
        return dot.fn(input, other)
    a = input[None] if input.ndim == 1 else input
    b = other[:, None] if other.ndim == 1 else other
    if a.shape[-1] != b.shape[-2]:
        raise _matmul_error(input, other, a, b)
    broadcast_shapes(a.shape[:-2], b.shape[:-2])
    _same_dtype(a, b)
    _refuse_bool("addmm_impl_cpu_", a)
    result = product(a, b)
    if input.ndim == 1:
        return jnp.squeeze(result, -2)
    return jnp.squeeze(result, -1) if other.ndim == 1 else result


def _matmul_error(input, other, a, b):
    """Torch folds what it can into one matrix before it complains; its message shows the folded shapes."""
    rows = a.size // a.shape[-1] if a.shape[-1] else 0
    if other.ndim == 1:
        if input.ndim == 2:
            return RuntimeError(f"size mismatch, got input ({rows}), mat ({rows}x{a.shape[-1]}), vec ({b.shape[0]})")
        return RuntimeError(f"size mismatch, got input ({rows}), mat ({rows}x{a.shape[-1]}), vec ({b.shape[0]})")
    if other.ndim == 2 or (input.ndim == 1 and other.ndim == 2):
        return RuntimeError(
            f"mat1 and mat2 shapes cannot be multiplied ({rows}x{a.shape[-1]} and {b.shape[0]}x{b.shape[1]})"
        )
    batch = broadcast_shapes(a.shape[:-2], b.shape[:-2])
    count = 1
    for size in batch:
        count *= size
    return RuntimeError(
        f"Expected size for first two dimensions of batch2 tensor to be: [{count}, {a.shape[-1]}] but got: "
        f"[{count}, {b.shape[-2]}]."
    )


@matmul.backward
def matmul_backward(grad, input, other, needs):
    if input.ndim == 1 and other.ndim == 1:
        return dot_backward(grad, input, other)
    if input.ndim == 1:
        grad = grad[..., None, :]
    if other.ndim == 1:
        grad = grad[..., :, None]
    a = input[None] if input.ndim == 1 else input
    b = other[:, None] if other.ndim == 1 else other
    to_a, to_b = product_slopes(grad, a, b, needs)
    if input.ndim == 1 and needs[0]:
        to_a = jnp.squeeze(to_a, -2)
    if other.ndim == 1 and needs[1]:
        to_b = jnp.squeeze(to_b, -1)
    return to_a, to_b


# --- products added to something -----------------------------------------------------------------------------------


def _times(x, factor):
    """x * factor; the untouched default leaves it alone."""
    return x if isinstance(factor, int) else x * as_number(factor, x.dtype)


def _mixed(input, beta, added, alpha):
    """beta * input + alpha * added; a beta of 0 drops the input, NaN and all."""
    kept = widened(input)
    if not isinstance(beta, int):
        kept = jnp.where(beta == 0, 0, _times(kept, beta))
    return (kept + _times(widened(added), alpha)).astype(input.dtype)


def _scaled_grad(grad, factor):
    return grad if isinstance(factor, int) else _times(widened(grad), jnp.conj(factor)).astype(grad.dtype)


def _scaled_slopes(slopes, alpha):
    """Gradients of the factors of `alpha * product`: scaled last, as torch rounds them."""
    return [None if slope is None else _scaled_grad(slope, alpha) for slope in slopes]


@op(promote="none", variants=EVERYWHERE)
def addmm(input: Array, mat1: Array, mat2: Array, *, beta: Number = 1, alpha: Number = 1):
    """beta * input + alpha * mat1 @ mat2."""
    _check_matrices(mat1, mat2)
    _refuse_bool("addmm_impl_cpu_", mat1)
    _same_as(input, mat1)
    return _mixed(expand_to(input, (mat1.shape[0], mat2.shape[1])), beta, wide_product(mat1, mat2), alpha)


def _same_as(input, other) -> None:
    if input.dtype != other.dtype:
        raise RuntimeError(
            f"self and mat2 must have the same dtype, but got {scalar_name(input)} and {scalar_name(other)}"
        )


@addmm.backward
def addmm_backward(grad, mat1, mat2, beta, alpha, needs):
    slopes = product_slopes(grad, mat1, mat2, needs[1:])
    return _scaled_grad(grad, beta) if needs[0] else None, *_scaled_slopes(slopes, alpha)


@op(promote="none", variants=EVERYWHERE)
def baddbmm(input: Array, batch1: Array, batch2: Array, *, beta: Number = 1, alpha: Number = 1):
    """beta * input + alpha * batch1 @ batch2, matrix by matrix."""
    _check_batches(batch1, batch2)
    if input.dtype != batch1.dtype:
        raise RuntimeError(
            f"Input dtypes must be the same, got: input {scalar_name(input)}, batch1: {scalar_name(batch1)}, "
            f"batch2: {scalar_name(batch2)}"
        )
    size = (*batch1.shape[:2], batch2.shape[2])
    return _mixed(expand_to(input, size), beta, wide_product(batch1, batch2), alpha)


@baddbmm.backward
def baddbmm_backward(grad, batch1, batch2, beta, alpha, needs):
    slopes = product_slopes(grad, batch1, batch2, needs[1:])
    return _scaled_grad(grad, beta) if needs[0] else None, *_scaled_slopes(slopes, alpha)


@op(promote="none", variants=EVERYWHERE)
def addbmm(input: Array, batch1: Array, batch2: Array, *, beta: Number = 1, alpha: Number = 1):
    """beta * input + alpha * (sum of the products batch1[i] @ batch2[i])."""
    _check_batches(batch1, batch2)
    _same_as(input, batch1)
    total = _contract_batches(batch1, batch2)
    return _mixed(expand_to(input, total.shape), beta, total, alpha)


def _contract_batches(batch1, batch2):
    """Sum over the batch as one wide matrix product."""
    wide = jnp.swapaxes(batch1, 0, 1).reshape(batch1.shape[1], -1)
    return wide_product(wide, batch2.reshape(-1, batch2.shape[2]))


@addbmm.backward
def addbmm_backward(grad, batch1, batch2, beta, alpha, needs):
    slopes = product_slopes(grad[None], batch1, batch2, needs[1:])
    return _scaled_grad(grad, beta) if needs[0] else None, *_scaled_slopes(slopes, alpha)


@op(promote="none", variants=EVERYWHERE)
def addmv(input: Array, mat: Array, vec: Array, *, beta: Number = 1, alpha: Number = 1):
    """beta * input + alpha * mat @ vec."""
    if mat.ndim != 2 or vec.ndim != 1 or input.ndim > 1:
        raise RuntimeError(f"vector + matrix @ vector expected, got {input.ndim}, {mat.ndim}, {vec.ndim}")
    rows, inner = mat.shape
    if inner != vec.shape[0] or input.size not in (1, rows):
        raise RuntimeError(f"size mismatch, got input ({input.size}), mat ({rows}x{inner}), vec ({vec.shape[0]})")
    if input.dtype != mat.dtype or mat.dtype != vec.dtype:
        names = scalar_name(vec), scalar_name(mat), scalar_name(input)
        raise RuntimeError(
            f"addmv input tensors must have the same dtype, but got {names[0]}, {names[1]}, and {names[2]}"
        )
    return _mixed(expand_to(input, (rows,)), beta, wide_product(mat, vec), alpha)


@addmv.backward
def addmv_backward(grad, mat, vec, beta, alpha, needs):
    scaled = _scaled_grad(grad, alpha)
    return _scaled_grad(grad, beta), *mv_backward(scaled, mat, vec, needs[1:])


@op(promote="arith", variants=EVERYWHERE, elementwise=False)
def addr(input: Array, vec1: Array, vec2: Array, *, beta: Number = 1, alpha: Number = 1):
    """beta * input + alpha * (outer product of vec1 and vec2)."""
    for place, x in (("vec1", vec1), ("vec2", vec2)):
        if x.ndim != 1:
            raise RuntimeError(f"addr: Expected 1-D argument {place}, but got {x.ndim}-D")
    added = widened(vec1)[:, None] * widened(vec2)[None, :]
    if is_bool(input):
        beta, alpha = (None if isinstance(n, int) else as_number(n, input.dtype) for n in (beta, alpha))
        kept = input if beta is None else input & beta
        return expand_to(kept, added.shape) | (added if alpha is None else added & alpha)
    return _mixed(expand_to(input, added.shape), beta, added, alpha)


# --- contractions --------------------------------------------------------------------------------------------------


@op(
    "tensors.bilinear",
    promote="none",
    variants="",
    node=lambda given: "View" if given["bias"] is None else "Add",
)
def bilinear(input1: Array, input2: Array, weight: Array, bias: OptionalArray = None):
    """out[k] = input1 @ weight[k] @ input2 + bias[k] over the last dimension of both inputs."""
    if not input1.dtype == input2.dtype == weight.dtype:
        raise RuntimeError(
            f"All tensors must have the same dtype, got input1: {c_name(input1)}, input2: {c_name(input2)}, "
            f"weight: {c_name(weight)}"
        )
    if input1.ndim != input2.ndim:
        raise RuntimeError(f"bilinear(): input dimensions do not match: got {input1.ndim} and {input2.ndim}")
    for d, (n, m) in enumerate(zip(input1.shape[:-1], input2.shape[:-1], strict=True)):
        if n != m:
            raise RuntimeError(f"bilinear(): input batch dimensions do not match at dim {d}: got {n} and {m}")
    if input1.shape[-1] != weight.shape[1] or input2.shape[-1] != weight.shape[2]:
        place, got, wanted = (1, input1, 1) if input1.shape[-1] != weight.shape[1] else (2, input2, 2)
        raise RuntimeError(
            f"bilinear(): input{place} size does not match weight size: got {got.shape[-1]} but expected "
            f"{weight.shape[wanted]}"
        )
    if bias is not None and bias.shape[0] != weight.shape[0]:
        raise RuntimeError(
            f"bilinear(): bias size does not match weight size: got {bias.shape[0]} but expected {weight.shape[0]}"
        )
    result = _einsum(("...i,kij,...j->...k"), (input1, weight, input2))
    return result if bias is None else result + bias


def _einsum(equation: str, operands):
    wide = jnp.float32 if is_half(operands[0]) else None
    result = jnp.einsum(
        equation, *operands, precision=precision.of_matmul(), preferred_element_type=wide, optimize="optimal"
    )
    return result.astype(operands[0].dtype)


@op("dims.tensordot", promote="none", variants="", node="View")
def tensordot(input: Array, other: Array, dims):
    """Sums of products over pairs of dimensions, `dims` = (those of input, those of other)."""
    left, right = dims
    if len(left) != len(right):
        raise RuntimeError("both dimension lists should have same length")
    if input.dtype != other.dtype:
        raise RuntimeError("tensordot: both inputs should have same dtype")
    left = tuple(d % max(input.ndim, 1) for d in left)
    right = tuple(d % max(other.ndim, 1) for d in right)
    for a, b in zip(left, right, strict=True):
        if input.shape[a] != other.shape[b] and 1 not in (input.shape[a], other.shape[b]):
            raise RuntimeError(
                f"contracted dimensions need to match, but first has size {input.shape[a]} in dim {a} and second has "
                f"size {other.shape[b]} in dim {b}"
            )
        # A dimension of size 1 stands for all places of its partner, which are added up first.
        if input.shape[a] == 1:
            other = jnp.sum(other, b, keepdims=True)
        elif other.shape[b] == 1:
            input = jnp.sum(input, a, keepdims=True)
    return _contract(input, other, left, right)
