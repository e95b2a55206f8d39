"""From placements to others, and how gradients come back.

The gradient of a process's part is the derivative by that part, a replicated tensor counting once: of a shard it is a shard; of a partial sum, as of a
replicated tensor, it is replicated. Each step below keeps to that, and so do the rules of operations (`_ops.py`), which never leave a gradient partial.
"""

import jtorch
from jtorch import distributed as dist
from jtorch.autograd import Function
from jtorch.distributed.tensor.placement_types import Partial, Replicate, Shard, order_of_cuts

_REDUCTIONS = {"sum": "SUM", "avg": "AVG", "product": "PRODUCT", "min": "MIN", "max": "MAX"}


class _Step(Function):
    """`there` on the way forward, `back` on the way back: two functions of a local tensor."""

    @staticmethod
    def forward(ctx, local, there, back):
        ctx.ways = there, back
        return there(local.detach())

    @staticmethod
    def backward(ctx, grad):
        there, back = ctx.ways
        return _Step.apply(grad, back, there), None, None


def _step(local, there, back):
    if local.requires_grad and jtorch.is_grad_enabled():
        return _Step.apply(local, there, back)
    return there(local.detach())


def _same(local):
    return local.view_as(local)


def _reducing(op, group):
    def reduce(local):
        made = local.clone(memory_format=jtorch.contiguous_format)
        dist.all_reduce(made, op, group)
        return made

    return reduce


def _cutting(dim, size, group):
    def cut(local):
        return local.narrow(dim, *Shard.piece(size, group.size(), group.rank())).contiguous()

    return cut


def gather_pieces(local, dim: int, sizes, group):
    """The pieces of all processes put together along a dimension. They travel padded to the longest."""
    longest = max(sizes)
    padded = local
    if local.shape[dim] < longest:
        rest = local.new_zeros((*local.shape[:dim], longest - local.shape[dim], *local.shape[dim + 1 :]))
        padded = jtorch.cat([local, rest], dim)
    found = local.new_empty((len(sizes), *padded.shape))
    dist.all_gather_into_tensor(found, padded.contiguous(), group)
    return jtorch.cat([found[i].narrow(dim, 0, n) for i, n in enumerate(sizes) if n] or [local], dim)


def _gathering(dim, size, group):
    sizes = [Shard.piece(size, group.size(), i)[1] for i in range(group.size())]
    return lambda local: gather_pieces(local, dim, sizes, group)


def _scattering(dim, size, op, group):
    """Reduce, and keep this process's piece."""
    count = group.size()
    sizes = [Shard.piece(size, count, i)[1] for i in range(count)]

    def scatter(local):
        if size % count:
            made = local.clone(memory_format=jtorch.contiguous_format)
            dist.all_reduce(made, op, group)
            return _cutting(dim, size, group)(made)
        pieces = jtorch.stack(local.split(sizes, dim))
        made = pieces.new_empty(pieces.shape[1:])
        dist.reduce_scatter_tensor(made, pieces, op, group)
        return made

    return scatter


def reduced(local, placement: Partial, group):
    """Partial to replicated."""
    op = getattr(dist.ReduceOp, _REDUCTIONS[placement.reduce_op])
    if placement.reduce_op == "avg":
        return _step(local, _reducing(dist.ReduceOp.SUM, group), _same) / group.size()
    if placement.reduce_op != "sum" and local.requires_grad and jtorch.is_grad_enabled():
        raise NotImplementedError(
            f"DTensor: the gradient of Partial({placement.reduce_op!r}) is not there; redistribute before the reduction"
        )
    return _step(local, _reducing(op, group), _same)


def with_shared_gradient(local, group):
    """A replicated tensor that is used differently by each process: the gradients of all are added."""
    return _step(local, _same, _reducing(dist.ReduceOp.SUM, group))


def gathered(local, dim: int, size: int, group):
    """Shard to replicated."""
    return _step(local, _gathering(dim, size, group), _cutting(dim, size, group))


def cut(local, dim: int, size: int, group):
    """Replicated to shard."""
    return _step(local, _cutting(dim, size, group), _gathering(dim, size, group))


def reduced_and_cut(local, placement: Partial, dim: int, size: int, group):
    """Partial to shard."""
    if placement.reduce_op in ("sum", "avg"):
        made = _step(local, _scattering(dim, size, dist.ReduceOp.SUM, group), _gathering(dim, size, group))
        return made / group.size() if placement.reduce_op == "avg" else made
    return cut(reduced(local, placement, group), dim, size, group)


def divided(local, group):
    """Replicated to partial: each process has its share."""
    return with_shared_gradient(local, group) / group.size()


def redistribute_local(local, shape, mesh, current, target):
    """A process's part of a tensor of this shape under other placements: first what is cut is put together, the last cut first, then it is cut anew."""
    if current == target:
        return local
    current = list(current)
    order = order_of_cuts(current)
    kept: set[int] = set()  # dimensions of the mesh whose cut stays
    for d in order:
        p = current[d]
        if p != target[d] and isinstance(p, Shard) or _cut_before(current, target, order, d):
            continue
        kept.add(d)
    for position in reversed(range(len(order))):
        d = order[position]
        p = current[d]
        if d in kept or not isinstance(p, Shard):
            continue
        local = gathered(local, p.dim, _size_at(shape, mesh, current, order[:position], p.dim), mesh.get_group(d))
        current[d] = Replicate()
    order = order_of_cuts(target)
    for position, d in enumerate(order):
        p, wanted = current[d], target[d]
        if p == wanted:
            continue
        group = mesh.get_group(d)
        if isinstance(wanted, Shard):
            size = _size_at(shape, mesh, target, order[:position], wanted.dim)
            if isinstance(p, Partial):
                local = reduced_and_cut(local, p, wanted.dim, size, group)
            else:
                local = cut(local, wanted.dim, size, group)
        elif isinstance(wanted, Partial):
            if wanted.reduce_op not in ("sum", "avg") or isinstance(p, Partial):
                raise NotImplementedError(f"DTensor.redistribute from {p} to {wanted} is not there; go by Replicate()")
            local = divided(local, group) if wanted.reduce_op == "sum" else with_shared_gradient(local, group)
        else:
            local = reduced(local, p, group)
        current[d] = wanted
    return local


def _cut_before(current, target, order, d) -> bool:
    """Whether an earlier cut of the same dimension changes, or one is added: then this one must be taken back too."""
    p = current[d]
    if not isinstance(p, Shard):
        return False
    here = [(e, current[e]) for e in order[: order.index(d)] if current[e].is_shard(p.dim)]
    turn = order_of_cuts(target)
    there = [(e, target[e]) for e in turn[: turn.index(d)] if target[e].is_shard(p.dim)]
    return here != there


def _size_at(shape, mesh, placements, before, dim) -> int:
    """The size of a dimension in this process after the cuts along some dimensions of the mesh."""
    size, place = shape[dim], mesh.get_coordinate()
    for d in before:
        if placements[d].is_shard(dim):
            size = Shard.piece(size, mesh.size(d), place[d])[1]
    return size
