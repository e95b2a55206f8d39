"""Sparse gradients on their way through a backward pass."""

from .. import dtypes
from ..dispatch import apply, tensor_of
from ..ops import embedding as ops
from ..tensor import Tensor
from .elementwise import joined
from .history import record
from .storage import coo, is_sparse


def added(a, b):
    """The sum of two gradients, of which at least one is sparse, as tensors."""
    if is_sparse(a) and not is_sparse(b):
        a, b = b, a
    if not is_sparse(a):
        return a + b
    return joined(a, b) if a._aval.layout is b._aval.layout else a.to_dense() + b


def add_values(a, b):
    return added(tensor_of(a), tensor_of(b))._read()


def through(node, grads):
    """What the node of a strided operation makes of gradients among which there are sparse ones.

    The gradient is computed on strided ones. Of an elementwise operation it has the same entries, so it becomes sparse again.
    """
    tensors = [None if g is None else g if isinstance(g, Tensor) else tensor_of(g) for g in grads]
    strided = [t.to_dense() if t is not None and is_sparse(t) else t for t in tensors]
    return strided, next(t for t in tensors if t is not None and is_sparse(t))


def run_node(node, grads):
    """`OpNode.apply` of gradients as values."""
    strided, pattern = through(node, grads)
    made = node.apply([None if t is None else t._read() for t in strided])
    return [None if g is None else _as_sparse(node, tensor_of(g), pattern)._read() for g in made]


def run_node_on_tensors(node, grads):
    """`OpNode.apply_tensors`."""
    strided, pattern = through(node, grads)
    return [None if g is None else _as_sparse(node, g, pattern) for g in node.apply_tensors(strided)]


def _as_sparse(node, grad, pattern):
    origin = node.rule.origin
    op = origin.op if origin is not None else None
    elementwise = op is not None and (op.elementwise or op.name in ("clone", "to_dtype"))
    if not elementwise or grad._aval.shape != pattern._aval.shape:
        return grad
    return grad.sparse_mask(pattern.detach().coalesce() if pattern.is_sparse else pattern.detach())


# Embeddings with sparse=True. A gradient has an entry for every index, in order; where torch leaves out those at `padding_idx`, their values are zero: how many
# there are would be another number, and another program, for each batch.


def embedding(weight, indices, padding_idx, scale_grad_by_freq):
    """Rows of `weight`, which gets a sparse gradient."""
    shape = weight._aval.shape
    made = apply(ops.embedding, (weight.detach(), indices, padding_idx, False))[0]

    def backward(grad):
        _refuse_scaling(scale_grad_by_freq)
        rows = apply(ops.embedding_rows, (strided_of(grad), indices, padding_idx))[0]
        return _of_rows(shape, indices, rows)

    return record("Embedding", made, (weight, backward), saved=(indices,))


def embedding_bag(weight, indices, offsets, per_sample_weights, mode, scale_grad_by_freq, include_last_offset, padding_idx):  # fmt: skip
    """Sums or means of rows of `weight`, which gets a sparse gradient."""
    options = (mode, bool(scale_grad_by_freq), include_last_offset, padding_idx)
    shape = weight._aval.shape
    made = apply(ops.embedding_bag, (weight.detach(), indices, offsets, per_sample_weights, *options))[0]
    given = None if per_sample_weights is None else per_sample_weights.detach()

    def backward(grad):
        _refuse_scaling(scale_grad_by_freq)
        options = (mode, include_last_offset, padding_idx)
        rows = apply(ops.embedding_bag_rows, (strided_of(grad), indices, offsets, given, *options))[0]
        return _of_rows(shape, indices, rows)

    result = made.detach() if made.requires_grad else made
    return record("EmbeddingBag", result, (weight, backward), (made, lambda grad: grad), saved=(indices,))


def _refuse_scaling(wanted):
    if wanted:
        raise RuntimeError("embedding_backward: scale_grad_by_freq not supported with sparse gradients")


def strided_of(grad):
    return grad.to_dense() if is_sparse(grad) else grad


def _of_rows(shape, indices, rows):
    at = indices.detach().reshape(1, -1)
    return coo(at if at.dtype is dtypes.int64 else at.to(dtypes.int64), rows, shape)
