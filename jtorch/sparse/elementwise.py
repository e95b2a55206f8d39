"""Elementwise arithmetic: what keeps zeros zero works on values, sums join the entries of two tensors, products keep those they share."""

import numpy as np

from .. import promotion
from ..autograd import backward_pass
from ..autograd.mode import STATE
from ..dispatch import apply
from ..ops import sparse as ops
from ..ops.registry import OPS
from ..tensor import Tensor
from .access import cat_components, coalesce, entries, flat_values, values
from .conversion import same_entries, sparse_mask, to_dense, values_at
from .history import record
from .indices import found, host, index_tensor, linear, place_of, unravelled
from .storage import (
    compressed,
    coo,
    dense_dim,
    indices_of,
    is_compressed,
    is_coo,
    is_sparse,
    nnz,
    rebuilt,
    sparse_dim,
    sparse_shape,
    values_of,
)
from .table import composite, kernel, refuse

# Operations with f(0) = 0. They need the sum of the entries of a place, so they make a COO tensor coalesced first.
ZERO_PRESERVING = """abs asin asinh atan atanh ceil deg2rad erf erfinv expm1 floor frac isinf isnan isneginf isposinf log1p nan_to_num rad2deg relu
sgn sign signbit sin sinh sqrt square tan tanh trunc angle""".split()

# Of these torch saves nothing for backward, so that it can be gone through again.
_CONSTANT_SLOPES = frozenset("Ceil Deg2Rad Floor Frac Rad2Deg Round Sign Trunc".split())


def coalesced(input: Tensor) -> Tensor:
    return coalesce(input) if is_coo(input) else input


def on_values(name: str, input: Tensor, function) -> Tensor:
    """A function of single elements, applied to the values.

    The gradient has the entries of the input, also where torch has none (`sin`): it is that of the function on strided values.
    """
    input = coalesced(input)
    made = rebuilt(input, function(values_of(input)))

    def backward(grad):
        incoming = values_at(grad, input) if not grad.requires_grad else values(sparse_mask(grad, input))
        again = STATE.grad
        inner = values(input) if again else values_of(input).detach().requires_grad_()
        previous, STATE.grad = STATE.grad, True
        try:
            (slope,) = backward_pass.grad(function(inner), inner, incoming, create_graph=again)
        finally:
            STATE.grad = previous
        return rebuilt(input, slope) if not again else with_values(input, slope)

    return record(name, made, (input, backward), saved=() if name in _CONSTANT_SLOPES else (input,))


def with_values(like: Tensor, given: Tensor) -> Tensor:
    """A tensor with the indices of another one and values that have a history."""
    made = rebuilt(like, given.detach())
    pattern = made.detach()
    return record("SparseCooTensorWithDimsAndTensors", made, (given, lambda grad: values_at(grad, pattern)), once=True)


def _register_zero_preserving():
    for name in ZERO_PRESERVING:
        op = OPS[name]

        def run(input, *rest, op=op):
            label = op.node if isinstance(op.node, str) else op.name.capitalize()
            return on_values(label, input, lambda given: apply(op, (given, *rest))[0])

        kernel(name)(run)


_register_zero_preserving()


@kernel("round")
def round(input, decimals=0):
    if decimals:
        refuse("round.decimals", (input,), False)
    return on_values("Round", input, lambda given: given.round())


@composite("equal")
def equal(input, other):
    refuse("equal", (input, other), False)


def linear_on_values(name: str, input: Tensor, function, backward=None) -> Tensor:
    """A linear function of single elements: entries of one place need not be summed, and the gradient goes through the same function."""
    return record(name, rebuilt(input, function(values_of(input))), (input, backward or function))


@kernel("neg")
def neg(input):
    return linear_on_values("Neg", input, lambda x: -x)


@kernel("positive", "real", "alias")
def positive(input, *_):
    return input


@kernel("conj", "conj_physical")
def conj(input):
    return linear_on_values("ConjPhysical", input, lambda x: x.conj()) if input.is_complex() else input


@kernel("clone")
def clone(input):
    parts = [c.clone() for c in input._storage.components]
    made = coo(*parts, input._aval.shape, input._storage.coalesced) if is_coo(input) else compressed(input._aval.layout, *parts, input._aval.shape)  # fmt: skip
    return record("Clone", made, (input, lambda grad: grad))


@kernel("to_dtype")
def to_dtype(input, dtype):
    op, source = OPS["to_dtype"], input.dtype
    made = rebuilt(input, apply(op, (values_of(input), dtype))[0])
    return record("ToCopy", made, (input, lambda grad: grad.to(source)))


@kernel("number.pow", "static.pow")
def pow(input, exponent):
    if isinstance(exponent, Tensor):
        exponent = exponent.item()
    if exponent == 0:
        raise RuntimeError("pow: cannot raise to zeroth power on sparse tensor; it would make the result tensor dense")
    return on_values("Pow", input, lambda given: given.pow(exponent))


# Products and quotients


def _is_number(x) -> bool:
    return not isinstance(x, Tensor) or not x._aval.shape


@kernel("mul")
def mul(input, other):
    if is_sparse(other) and not is_sparse(input):
        return _mul(other, input)
    return _mul(input, other)


def _mul(sparse, other):
    if is_sparse(other) and not other._aval.shape:
        other = to_dense(other)
    elif is_sparse(other) and not sparse._aval.shape:
        sparse, other = other, to_dense(sparse)
    if _is_number(other):
        return _scaled(sparse, other)
    if is_sparse(other):
        return _mul_sparse(sparse, other)
    shape = _broadcast_shape(other, sparse)
    if shape != sparse._aval.shape:
        sparse = expanded(sparse, shape)
    strided = other.detach() if other._aval.shape == shape else other.detach().expand(shape)
    taken = apply(ops.gather, (strided, entries(sparse)))[0].view(values_of(sparse)._aval.shape)
    made = rebuilt(sparse, values_of(sparse) * taken)
    own, size = sparse.detach() if not STATE.grad else sparse, other._aval.shape

    def to_other(grad):
        product = grad * own.conj()
        if product._aval.shape == size and not is_compressed(product):
            return product
        return to_dense(product).sum_to_size(size)

    return record("Mul", made, (sparse, lambda grad: grad * other.conj()), (other, to_other), saved=(sparse, other))


def _broadcast_shape(a, b) -> tuple[int, ...]:
    """The shape two operands broadcast to; torch's error where they do not."""
    left, right = a._aval.shape, b._aval.shape
    ndim = max(len(left), len(right))
    shape = []
    for d in range(ndim):
        n, m = (s[d - ndim + len(s)] if d >= ndim - len(s) else 1 for s in (left, right))
        if n != m and 1 not in (n, m):
            raise RuntimeError(
                f"The size of tensor a ({n}) must match the size of tensor b ({m}) at non-singleton dimension {d}"
            )
        shape.append(m if n == 1 else n)
    return tuple(shape)


def expanded(input: Tensor, shape) -> Tensor:
    """A COO tensor repeated along new leading dimensions and sparse dimensions of size 1."""
    if not is_coo(input):
        raise RuntimeError("mul: a compressed tensor cannot be broadcast to a larger shape; use .to_sparse() first")
    missing, sparse = len(shape) - len(input._aval.shape), sparse_dim(input)
    before = (1,) * missing + sparse_shape(input)
    wanted = tuple(shape[: missing + sparse])
    if input._aval.shape[sparse:] != tuple(shape[missing + sparse :]):
        raise RuntimeError("mul: the dense dimensions of a sparse tensor cannot be broadcast; use .to_dense() first")
    rows, count = host(indices_of(input)), nnz(input)
    repeats = [n if m != n else 1 for m, n in zip(before, wanted, strict=True)]
    copies = np.indices(repeats).reshape(len(repeats), -1)
    full = np.concatenate([np.zeros((missing, count), np.int64), rows])
    made = (full[:, None, :] + copies[:, :, None]).reshape(len(repeats), -1)
    place, times = place_of(input), copies.shape[1]
    picked = index_tensor(np.tile(np.arange(count), times), place)
    result = coo(index_tensor(made, place), values_of(input).index_select(0, picked), shape, input._storage.coalesced and repeats[missing:] == [1] * sparse)  # fmt: skip
    size = input._aval.shape
    return record("SparseBroadcastTo", result, (input, lambda grad: to_dense(grad).sum_to_size(size).to_sparse(sparse)))


def _scaled(sparse, number):
    made = rebuilt(sparse, values_of(sparse) * _detached(number))
    if not isinstance(number, Tensor):
        return record("Mul", made, (sparse, lambda grad: grad * _conj(number)), once=True)
    own = sparse.detach() if not STATE.grad else sparse
    to_number = (number, lambda grad: (grad * own.conj()).sum().to(number.dtype))
    return record("Mul", made, (sparse, lambda grad: grad * number.conj()), to_number, saved=(sparse, number))


def _conj(number):
    return number.conjugate() if isinstance(number, complex) else number


def _detached(x):
    return x.detach() if isinstance(x, Tensor) else x


def _mul_sparse(a, b):
    if is_compressed(a) or is_compressed(b):
        return _mul_compressed(a, b)
    if (sparse_dim(a), sparse_shape(a), len(a._aval.shape)) != (sparse_dim(b), sparse_shape(b), len(b._aval.shape)):
        raise RuntimeError(
            "sparse_binary_op_intersection_cpu(): expects sparse inputs with equal dimensionality, number of sparse dimensions, and shape of sparse dimensions"
        )
    if same_entries(a, b) and a._storage.coalesced and b._storage.coalesced:
        made = rebuilt(a, values_of(a) * values_of(b))
    else:
        made = _shared_entries(a, b)
    x, y = (t.detach() if not STATE.grad else t for t in (a, b))
    return record("Mul", made, (a, lambda grad: grad * y.conj()), (b, lambda grad: grad * x.conj()), saved=(a, b))


def _shared_entries(a, b):
    """The product of two COO tensors: the entries of one that the other, coalesced, has too."""
    # As torch chooses: an uncoalesced operand keeps its entries, of two the one that has fewer.
    looked_up = b
    if not b._storage.coalesced and (a._storage.coalesced or nnz(b) < nnz(a)):
        a, looked_up = b, a
    looked_up = coalesce(looked_up.detach())
    sizes, place = sparse_shape(a), place_of(a)
    position, there = found(linear(host(indices_of(a)), sizes), linear(host(indices_of(looked_up)), sizes))
    kept = np.flatnonzero(there)
    own = values_of(a).index_select(0, index_tensor(kept, place))
    others = values_of(looked_up).index_select(0, index_tensor(position[kept], place))
    shape = (*sizes, *(own * others)._aval.shape[1:])
    rows = index_tensor(host(indices_of(a))[:, kept], place)
    return coo(rows, own * others, shape, a._storage.coalesced)


def _mul_compressed(a, b):
    if a._aval.shape != b._aval.shape:
        raise RuntimeError(f"mul: expected sizes of 'self' and 'other' to match, but {list(a._aval.shape)} != {list(b._aval.shape)}")  # fmt: skip
    if is_compressed(a) and is_compressed(b) and a._aval.layout is b._aval.layout and same_entries(a, b):
        made = rebuilt(a, values_of(a) * values_of(b))
        x, y = (t.detach() if not STATE.grad else t for t in (a, b))
        return record("Mul", made, (a, lambda grad: grad * y.conj()), (b, lambda grad: grad * x.conj()), saved=(a, b))
    layout = a._aval.layout
    return mul(a.to_sparse(), b.to_sparse()).to_sparse(layout=layout)


def _divisor(input, other):
    if is_sparse(other) and not other._aval.shape:
        other = to_dense(other)
    if not is_sparse(input) or not _is_number(other):
        shape = list(other._aval.shape) if isinstance(other, Tensor) else []
        raise RuntimeError(f"Sparse division requires a scalar or zero-dim dense tensor divisor (got shape {shape} for divisor)")  # fmt: skip
    return other


@kernel("div")
def div(input, other):
    other = _divisor(input, other)
    made = rebuilt(input, values_of(input) / _detached(other))
    if not isinstance(other, Tensor):
        return record("Div", made, (input, lambda grad: grad / _conj(other)), once=True)
    own = input.detach() if not STATE.grad else input

    def to_other(grad):
        return (-(grad * own.conj()).sum() / (other * other).conj()).to(other.dtype)

    return record("Div", made, (input, lambda grad: grad / other.conj()), (other, to_other), saved=(input, other))


@kernel("rounding.div")
def rounded_div(input, other, rounding_mode):
    other = _detached(_divisor(input, other))
    return on_values("DivBackward2", input, lambda given: given.div(other, rounding_mode=rounding_mode))


@kernel("floor_divide")
def floor_divide(input, other):
    other = _detached(_divisor(input, other))
    input = coalesced(input)
    return rebuilt(input, values_of(input).floor_divide(other))


# Sums


@kernel("add")
def add(input, other, alpha=1):
    return _sum("Add", input, other, alpha)


@kernel("sub")
def sub(input, other, alpha=1):
    return _sum("Sub", input, other, -alpha)


@kernel("rsub")
def rsub(input, other, alpha=1):
    if isinstance(other, Tensor) and is_sparse(other):
        return _sum("Rsub", other, input, -alpha)
    shape = list(other._aval.shape) if isinstance(other, Tensor) else []
    raise RuntimeError(
        f"add: expected 'self' and 'other' to have same size, but self has size {shape} while other has size {list(input._aval.shape)} (FYI: dense-sparse addition does not currently support broadcasting)"
    )


def _sum(name, input, other, alpha):
    if isinstance(alpha, Tensor):
        alpha = alpha.item()
    if is_sparse(input) and is_sparse(other):
        return _sum_of_sparse(name, input, other, alpha)
    compressed_one = is_compressed(input) or is_compressed(other)
    if is_sparse(input) and not (compressed_one and isinstance(other, Tensor)):
        if not compressed_one:
            raise RuntimeError("add(sparse, dense) is not supported. Use add(dense, sparse) instead.")
        raise _sizes([], input._aval.shape, "op2-sparse")
    if not isinstance(input, Tensor):
        raise RuntimeError("add(sparse, dense) is not supported. Use add(dense, sparse) instead.")
    if is_sparse(input):  # a compressed one and a strided one, in this order
        return _sum_with_strided(name, other, input, 1, alpha, swapped=True)
    return _sum_with_strided(name, input, other, alpha, 1, swapped=False)


def _sizes(left, right, kind="dense-sparse"):
    return RuntimeError(
        f"add: expected 'self' and 'other' to have same size, but self has size {list(left)} while other has size {list(right)} (FYI: {kind} addition does not currently support broadcasting)"
    )


def _sum_with_strided(name, strided, sparse, factor, strided_factor, swapped):
    """strided_factor * strided + factor * sparse, as a strided tensor."""
    if strided._aval.shape != sparse._aval.shape:
        raise _sizes(strided._aval.shape, sparse._aval.shape)
    dtype = promotion.result_type([strided.dtype, sparse.dtype], [], [])
    base = strided.detach().to(dtype)
    if strided_factor != 1:
        base = base * strided_factor
    made = apply(ops.add_to, (base, entries(sparse), flat_values(sparse), factor))[0]
    a, b = strided.dtype, sparse.dtype
    terms = [
        (strided, lambda grad: _times(grad, strided_factor, a)),
        (sparse, lambda grad: _times(grad, factor, b)),
    ]
    return record(name, made, *(reversed(terms) if swapped else terms))


def _times(grad, factor, dtype):
    grad = grad if factor == 1 else grad * _conj(factor)
    return grad if grad.dtype is dtype else grad.to(dtype)


def _sum_of_sparse(name, a, b, alpha):
    if a._aval.shape != b._aval.shape:
        left, right = list(a._aval.shape), list(b._aval.shape)
        raise RuntimeError(f"add: expected sizes of 'self' and 'other' to match, but {left} != {right}")
    if is_coo(a) and is_coo(b) and sparse_dim(a) != sparse_dim(b):
        raise RuntimeError(
            f"add: expected 'self' and 'other' to have same density, but 'self' has {sparse_dim(a)} sparse dimensions while 'other' has {sparse_dim(b)} sparse dimensions"
        )
    if a._aval.layout is not b._aval.layout:
        raise RuntimeError(f"add: expected 'self' and 'other' to have the same layout, but got {a.layout} and {b.layout}; convert one with .to_sparse(layout=)")  # fmt: skip
    made = joined(a.detach(), b.detach(), alpha)
    x, y = a.dtype, b.dtype
    return record(name, made, (a, lambda grad: _times(grad, 1, x)), (b, lambda grad: _times(grad, alpha, y)))


def joined(a: Tensor, b: Tensor, alpha=1) -> Tensor:
    """a + alpha * b of tensors of one layout, whose lists of entries are merged as torch merges them."""
    one = a._storage.components[:-1], b._storage.components[:-1]
    coalesced = a._storage.coalesced and b._storage.coalesced
    if all(x._read() is y._read() for x, y in zip(*one, strict=True)) or (nnz(a) == nnz(b) and same_entries(a, b)):
        made = rebuilt(a, values_of(a).add(values_of(b), alpha=alpha))
        made._storage.coalesced = coalesced
        return made
    if is_compressed(a):
        return joined(a.to_sparse().coalesce(), b.to_sparse().coalesce(), alpha).to_sparse(layout=a._aval.layout, dense_dim=dense_dim(a) or None)  # fmt: skip
    both = _values_of_both(a, b, alpha)
    sizes, place = sparse_shape(a), place_of(a)
    first, second = (linear(host(indices_of(t)), sizes) for t in (a, b))
    merged, group = _merged(first, second, coalesced)
    summed = apply(ops.sum_groups, (both, index_tensor(group, place), len(merged)))[0]
    return coo(index_tensor(unravelled(merged, sizes), place), summed, a._aval.shape, coalesced)


def appended(a: Tensor, b: Tensor) -> Tensor:
    """a + b of COO tensors, with the entries of the second after those of the first."""
    return coo(cat_components([indices_of(a), indices_of(b)], 1), _values_of_both(a, b), a._aval.shape)


def _values_of_both(a, b, alpha=1):
    dtype = promotion.result_type([a.dtype, b.dtype], [], [])
    second = values_of(b).to(dtype)
    return cat_components([values_of(a).to(dtype), second * alpha if alpha != 1 else second], 0)


def _merged(first: np.ndarray, second: np.ndarray, coalesced: bool) -> tuple[np.ndarray, np.ndarray]:
    """One list of positions out of two, and for every entry of both the place it has there.

    Of two entries at the heads of the lists the lower goes first, and equal ones are one: lists that are not in order stay so, as in torch.
    """
    if coalesced:
        merged, group = np.unique(np.concatenate([first, second]), return_inverse=True)
        return merged, group.reshape(-1)
    # One step after another: where both lists have the same highest entry, what follows it in one depends on what follows it in the other.
    a, b, n, m = first.tolist(), second.tolist(), len(first), len(second)
    left, right, i, j, at = [], [], 0, 0, 0
    while i < n and j < m:
        x, y = a[i], b[j]
        if x <= y:
            left.append(at)
            i += 1
        if y <= x:
            right.append(at)
            j += 1
        at += 1
    group = np.array([*left, *range(at, at + n - i), *right, *range(at, at + m - j)], np.int64)
    merged = np.empty(at + (n - i) + (m - j), np.int64)
    merged[group] = np.concatenate([first, second])
    return merged, group
