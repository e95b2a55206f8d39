"""How placements pass through operations: for each operation the ways in which it can run on parts, along one dimension of the mesh.

A `Way` says how each tensor operand has to lie, and how the results do then. What has no rule runs on whole tensors, which is always a way. With a
`Way` in which one operand is cut, the gradient of those that are whole is added up over the processes; the dispatcher does that.
"""

from typing import NamedTuple

from jtorch.distributed.tensor.placement_types import Partial, Placement, Replicate, Shard

WHOLE, SUM = Replicate(), Partial()


class Way(NamedTuple):
    """Placements of the tensor operands, in order, and the one of the results. `run(op, args, group)` replaces the operation on the local tensors."""

    operands: tuple[Placement, ...]
    result: Placement
    run: object = None


RULES: dict = {}


def rule(*names: str):
    """Register a function `(call) -> list of Way` for operations."""

    def register(fn):
        RULES.update(dict.fromkeys(names, fn))
        return fn

    return register


class Call:
    """An operation with its arguments, tensors as what is known of the whole: `shapes` in the order of the operands."""

    def __init__(self, op, args, tensors, placements, count, evenly):
        self.op, self.args, self.tensors = op, args, tensors
        self.shapes = [tuple(t.shape) for t in tensors]
        self.placements = placements  # of the operands, along the dimension of the mesh that is asked about
        self.count = count  # processes along it
        self.evenly = evenly  # (operand, dimension) -> whether all its pieces would be of one size

    def __getattr__(self, name):
        for parameter, value in zip(self.op.params, self.args, strict=True):
            if parameter.name == name:
                return value
        raise AttributeError(name)


def ways(call: Call) -> list[Way]:
    """All ways of an operation, the one on whole tensors last."""
    made = RULES.get(call.op.name)
    if made is None and call.op.elementwise and call.op.name not in _NOT_POINTWISE:
        made = pointwise
    found = made(call) if made is not None else []
    return [*found, Way((WHOLE,) * len(call.shapes), WHOLE)]


_NOT_POINTWISE = frozenset(("prelu", "local_response_norm"))
_ADDITIVE = frozenset(("add", "sub", "rsub"))
_HOMOGENEOUS = frozenset(("neg", "positive", "deg2rad", "rad2deg"))


def broadcast(call: Call, shape=None) -> list[Way]:
    """One way for each dimension of the broadcast shape."""
    shapes = call.shapes
    ndim = max(map(len, shapes), default=0)
    full = shape or [
        max((s[d - ndim + len(s)] for s in shapes if d - ndim + len(s) >= 0), key=lambda n: n != 1) for d in range(ndim)
    ]
    found = []
    for d, n in enumerate(full):
        operands: list[Placement] = []
        for s in shapes:
            k = d - len(full) + len(s)
            operands.append(Shard(k) if k >= 0 and s[k] == n and (n != 1 or len(shapes) == 1) else WHOLE)
        if any(p.is_shard() for p in operands):
            found.append(Way(tuple(operands), Shard(d)))
    return found


def pointwise(call: Call) -> list[Way]:
    found, name, n = broadcast(call), call.op.name, len(call.shapes)
    operands = [a for a, p in zip(call.args, call.op.params, strict=True) if repr(p.kind) in ("Array", "Operand")]
    if name in _ADDITIVE and len(operands) == n or name in _HOMOGENEOUS:
        found += [Way((Partial(r),) * n, Partial(r)) for r in ("sum", "avg")]
    elif name == "mul" or name == "div":
        for i in range(n if name == "mul" else 1):
            if isinstance(operands[i], (int, float)):
                continue
            lying: list[Placement] = [WHOLE] * n
            lying[i] = SUM
            if name == "mul" or operands[0] is call.tensors[0]:
                found += [Way(tuple(lying), SUM)]
                lying[i] = Partial("avg")
                found += [Way(tuple(lying), Partial("avg"))]
    return found


@rule("clone", "to_dtype", "zero", "fill")
def copies(call: Call):
    found = broadcast(call, call.shapes[0])
    real = call.op.name == "clone" or call.op.name == "to_dtype" and call.tensors[0].dtype.is_floating_point
    if real and len(call.shapes) == 1:
        found += [Way((Partial(r),), Partial(r)) for r in ("sum", "avg")]
    return found


@rule("copy")
def copy(call: Call):
    return [*broadcast(call, call.shapes[0]), Way((SUM, SUM), SUM)]


@rule("masked_fill")
def filled(call: Call):
    return broadcast(call)


@rule("scalar.divided")
def divided(call: Call):
    return [*broadcast(call), Way((SUM,), SUM)]


# Reductions


def dims_of(dim, ndim: int) -> set[int]:
    if dim is None or dim == () or dim == []:
        return set(range(ndim))
    return {d % ndim for d in (dim if isinstance(dim, (tuple, list)) else (dim,))} if ndim else set()


def _after(d: int, gone: set[int], keepdim) -> int:
    return d if keepdim else d - sum(g < d for g in gone)


@rule("sum", "mean", "nansum", "count_nonzero", "prod", "var", "std", "correction.var", "correction.std", "correction.var_mean",
      "correction.std_mean", "amax", "amin", "dim.max", "dim.min", "all.max", "all.min", "all", "any", "logsumexp", "argmax", "argmin", "linalg.vector_norm", "nanmean")  # fmt: skip
def reductions(call: Call):
    ndim, name = len(call.shapes[0]), call.op.name
    gone = dims_of(getattr(call, "dim", None), ndim)
    keepdim = bool(getattr(call, "keepdim", False))
    found = [Way((Shard(d),), Shard(_after(d, gone, keepdim))) for d in range(ndim) if d not in gone]
    if name in ("sum", "nansum", "count_nonzero"):
        found += [Way((Shard(d),), SUM) for d in gone]
    if name == "mean":
        found += [Way((Shard(d),), Partial("avg")) for d in gone if call.evenly(0, d)]
    if name in ("sum", "mean"):
        found += [Way((Partial(r),), Partial(r)) for r in ("sum", "avg")]
    if name in ("amax", "amin", "all.max", "all.min") and not call.tensors[0].requires_grad:
        found += [Way((Shard(d),), Partial(name[-3:])) for d in gone if call.evenly(0, d)]
    return found


# Products


def product(call: Call, operands, result: str, added=()) -> list[Way]:
    """Ways of a product that is written with letters, as in einsum; `added` are the numbers of operands that are added to it. "." is a dimension of size 1."""
    found = []
    for letter in dict.fromkeys("".join(operands)):
        if letter == ".":
            continue
        lying: list[Placement] = [Shard(o.index(letter)) if letter in o else WHOLE for o in operands]
        if letter in result:
            found.append(Way(tuple(lying), Shard(result.index(letter))))
        else:
            for i in added:
                lying[i] = SUM
            found.append(Way(tuple(lying), SUM))
    factors = [i for i in range(len(operands)) if i not in added]
    for i in factors:
        found.append(Way(tuple(SUM if j == i or j in added else WHOLE for j in range(len(operands))), SUM))
    return found


_PRODUCTS = {
    "mm": ("ab bc", "ac"), "bmm": ("xab xbc", "xac"), "mv": ("ab b", "a"), "dot": ("a a", ""), "outer": ("a b", "ab"),
    "addmm": ("ac ab bc", "ac"), "baddbmm": ("xac xab xbc", "xac"), "addmv": ("a ab b", "a"),
}  # fmt: skip


@rule(*_PRODUCTS)
def products(call: Call):
    letters, result = _PRODUCTS[call.op.name]
    operands = letters.split()
    if call.op.name.startswith(("add", "badd")):
        return product(
            call, [_aligned(call.shapes[0], operands[0], _sizes(call, operands)), *operands[1:]], result, (0,)
        )
    return product(call, operands, result)


def _sizes(call, operands):
    return {
        letter: n for o, s in zip(operands[1:], call.shapes[1:], strict=True) for letter, n in zip(o, s, strict=True)
    }


def _aligned(shape, letters: str, sizes) -> str:
    """The letters of a tensor that is broadcast."""
    last = letters[len(letters) - len(shape) :] if shape else ""
    return "".join("." if n == 1 != sizes[letter] else letter for letter, n in zip(last, shape, strict=True))


@rule("stack.matmul")
def stacks(call: Call):
    a, b = call.shapes
    batch = "stuvwxyz"
    n = max(len(a), len(b)) - 2
    if n > len(batch):
        return []
    sizes = dict(zip(batch[:n], ((1,) * n + max(a[:-2], b[:-2], key=len))[-n:], strict=True)) if n > 0 else {}
    for s in (a[:-2], b[:-2]):
        for letter, size in zip(reversed(batch[: max(n, 0)]), reversed(s), strict=False):
            if size != 1:
                sizes[letter] = size
    left = _aligned(a[:-2], batch[: max(n, 0)], sizes) + "ab"[-min(len(a), 2) :]
    right = _aligned(b[:-2], batch[: max(n, 0)], sizes) + ("b" if len(b) == 1 else "bc")
    result = batch[: max(n, 0)] + ("a" if len(a) > 1 else "") + ("c" if len(b) > 1 else "")
    return product(call, [left, right], result)


@rule("_linear_matrix", "_linear_batch", "_linear_matrix_plain", "_linear_batch_plain", "_linear_vector_plain")
def linear(call: Call):
    lead = "stuvwxyz"[: len(call.shapes[0]) - 1]
    if len(call.shapes[1]) != 2 or len(call.shapes[0]) > 9:
        return []
    operands = [lead + "b", "cb"] + (["c"] if len(call.shapes) == 3 else [])
    return product(call, operands, lead + "c", (2,) if len(call.shapes) == 3 else ())


# Operations that treat some dimensions one by one


def _along(call: Call, blocked: set[int]) -> list[Way]:
    """All operands have one shape, or sizes that are 1 there, and lie alike."""
    ndim = len(call.shapes[0])
    return [Way((Shard(d),) * len(call.shapes), Shard(d)) for d in range(ndim) if d not in blocked]


@rule("softmax_", "log_softmax_", "cumsum", "cumprod", "cummax", "cummin", "logcumsumexp", "sort", "argsort", "topk", "flip", "roll", "glu", "renorm_")  # fmt: skip
def along(call: Call):
    dim = call.dims if call.op.name == "flip" else call.dim
    return _along(call, dims_of(dim, len(call.shapes[0])))


@rule("tril", "triu")
def triangles(call: Call):
    return _along(call, {len(call.shapes[0]) - 1, len(call.shapes[0]) - 2})


@rule("gather", "take_along_dim")
def gathers(call: Call):
    a, b = call.shapes
    if len(a) != len(b) or call.dim is None:
        return []
    blocked = dims_of(call.dim, len(a)) | {d for d in range(len(a)) if a[d] != b[d]}
    return _along(call, blocked)


@rule("index_select")
def selected(call: Call):
    blocked = dims_of(call.dim, len(call.shapes[0]))
    return [Way((Shard(d), WHOLE), Shard(d)) for d in range(len(call.shapes[0])) if d not in blocked]


@rule("layer_norm", "rms_norm")
def layer_norm(call: Call):
    ndim = len(call.shapes[0])
    rest = (WHOLE,) * (len(call.shapes) - 1)
    return [Way((Shard(d), *rest), Shard(d)) for d in range(ndim - int(call.n))]


@rule("group_norm", "max_pool", "avg_pool", "adaptive_avg_pool", "adaptive_max_pool", "upsample", "convolution", "convolution_transpose", "batch_norm_eval")  # fmt: skip
def samples(call: Call):
    """The first dimension is the batch."""
    spatial = len(getattr(call, "stride", ())) if "convolution" in call.op.name else 0
    ndim = len(call.shapes[0])
    if ndim < (spatial + 2 if spatial else 4):
        return []
    return [Way((Shard(0), *(WHOLE,) * (len(call.shapes) - 1)), Shard(0))]


@rule("classes.one_hot")
def one_hot(call: Call):
    return _along(call, set())


@rule("scaled_dot_product_attention")
def attention(call: Call):
    q, k, v, *rest = call.shapes
    batch = [d for d in range(len(q) - 2) if len(q) == len(k) == len(v) and q[d] == k[d] == v[d]]
    found = []
    for d in batch:
        lying: list[Placement] = [Shard(d)] * 3
        for s in rest:
            j = d - len(q) + len(s)
            lying.append(Shard(j) if j >= 0 and s[j] == q[d] and q[d] != 1 else WHOLE)
        found.append(Way(tuple(lying), Shard(d)))
    return found


@rule("embedding")
def embedding(call: Call):
    if call.scale_grad_by_freq:  # how often an index occurs is known of the whole only
        return []
    ndim = len(call.shapes[1])
    found = [Way((WHOLE, Shard(d)), Shard(d)) for d in range(ndim)]
    return [*found, Way((Shard(1), WHOLE), Shard(ndim)), Way((Shard(0), WHOLE), SUM, _rows_here)]


def _rows_here(op, args, group, shapes):
    """The rows that this process has; zeros where another one has them."""
    from jtorch.dispatch import apply

    weight, indices, padding, *rest = args
    start, length = Shard.piece(shapes[0][0], group.size(), group.rank())
    if not length:
        return [weight.new_zeros((*indices.shape, weight.shape[1])) + weight.sum(0)]
    if padding is not None:
        padding = padding - start if start <= padding < start + length else None
    inside = (indices >= start) & (indices < start + length)
    (rows,) = apply(op, (weight, (indices - start).where(inside, 0), padding, *rest))
    return [rows * inside.unsqueeze(-1).to(rows.dtype)]


@rule("nll_loss")
def nll_loss(call: Call):
    if call.reduction == "mean" or not len(call.shapes[0]) > 1:
        return []
    found = []
    for d in range(len(call.shapes[0])):
        if d != 1:
            lying = (Shard(d), Shard(d if d == 0 else d - 1), *(WHOLE,) * (len(call.shapes) - 2))
            found.append(Way(lying, lying[1] if call.reduction == "none" else SUM))
    return found


@rule(
    "mse_loss",
    "smooth_l1_loss",
    "huber_loss",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "soft_margin_loss",
)
def losses(call: Call):
    # Of a mean over parts the gradient is that of the whole; torch 2.13 gives mse_loss that of each part by itself.
    found = [way for way in broadcast(call) if len(set(call.shapes[:2])) == 1]
    if call.reduction == "none":
        return found
    if call.reduction == "sum":
        return [Way(w.operands, SUM) for w in found]
    return [Way(w.operands, Partial("avg")) for w in found if call.evenly(0, w.result.dim)]


# Joining


@rule("cat")
def cat(call: Call):
    if any(len(s) != len(call.shapes[0]) for s in call.shapes):
        return []
    blocked = dims_of(call.dim, len(call.shapes[0]))
    return [*_along(call, blocked), Way((SUM,) * len(call.shapes), SUM)]


@rule("stack")
def stack(call: Call):
    ndim, n = len(call.shapes[0]), len(call.shapes)
    dim = call.dim % (ndim + 1)
    return [*(Way((Shard(d),) * n, Shard(d + (d >= dim))) for d in range(ndim)), Way((SUM,) * n, SUM)]
