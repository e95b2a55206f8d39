"""Operations on DTensors: choose how they run on parts, bring the operands there, run them, and say where the results are."""

import math
import threading

import jtorch
from jtorch import dispatch, views
from jtorch.distributed.tensor import _ops, _views
from jtorch.distributed.tensor._redistribute import redistribute_local, with_shared_gradient
from jtorch.distributed.tensor.placement_types import Partial, Placement, Replicate, Shard, cut_evenly, local_part
from jtorch.ops.registry import Arrays
from jtorch.tensor import Tensor


class Settings(threading.local):
    """`replicating`: plain tensors count as replicated, inside `implicit_replication()`. `sharded_loss`: inside `loss_parallel()`."""

    replicating = 0
    sharded_loss = 0


SETTINGS = Settings()
MIXED = "got mixed torch.Tensor and DTensor, need to convert all torch.Tensor to DTensor before calling distributed operators!"


def apply(op, args: tuple) -> list:
    """The results of an operation some of whose operands are DTensors."""
    DTensor = _class()
    tensors = _tensors(op, args)
    mesh = next(t._spec.mesh for t in tensors if isinstance(t, DTensor))
    tensors = [_distributed(t, mesh, op) for t in tensors]
    special = SPECIAL.get(op.name)
    if special is not None:
        made = special(op, args, tensors)
        if made is not None:
            return made
    chosen = _choose(op, args, tensors, mesh)
    locals_ = []
    for i, tensor in enumerate(tensors):
        wanted = tuple(way.operands[i] for way in chosen)
        local = redistribute_local(tensor._local_tensor, tensor.shape, mesh, tensor._spec.placements, wanted)
        if local.requires_grad and jtorch.is_grad_enabled():
            for d, way in enumerate(chosen):
                if wanted[d] == _ops.WHOLE and any(p != _ops.WHOLE for p in way.operands):
                    local = with_shared_gradient(local, mesh.get_group(d))
        locals_.append(local)
    local_args = _replaced(op, args, locals_)
    run = next(((way.run, d) for d, way in enumerate(chosen) if way.run is not None), None)
    if run is not None:
        results = run[0](op, local_args, mesh.get_group(run[1]), [t.shape for t in tensors])
    else:
        results = dispatch.apply(op, local_args)
    placements = tuple(way.result for way in chosen)
    if all(isinstance(p, Replicate) for p in placements):
        shapes = [r.shape for r in results]
    else:
        shapes = _shapes(op, args, tensors)
    return [DTensor._make(r, mesh, placements, s) for r, s in zip(results, shapes, strict=True)]


def apply_inplace(op, args: tuple):
    """The in-place form: the target keeps its placements."""
    target = args[0]
    if target._copied:
        raise NotImplementedError(
            f"{op.name}_: writing into a view of a DTensor that had to be gathered would not reach the DTensor; write to its to_local()"
        )
    (made, *_) = apply(op, args)
    if made.shape != target.shape:
        raise RuntimeError(
            f"output with shape {list(target.shape)} doesn't match the broadcast shape {list(made.shape)}"
        )
    spec, local = target._spec, target._local_tensor
    out = redistribute_local(made._local_tensor, target.shape, spec.mesh, made._spec.placements, spec.placements)
    local._check_writable(op.name + "_")
    views.write_through(local, out.to(local.dtype) if out.dtype is not local.dtype else out)
    return target


def apply_view(op, tensor, statics: tuple, numbers: tuple, label):
    """A view of a DTensor: of the local tensor where the cut survives, else of the whole."""
    DTensor = _class()
    mesh, shape = tensor._spec.mesh, tuple(tensor.shape)
    wanted: list[Placement] = []
    found: list[Placement] = []
    for p in tensor._spec.placements:
        became = None
        if type(p) is Shard:
            count = math.prod(mesh.size(e) for e, q in enumerate(tensor._spec.placements) if q.is_shard(p.dim))
            became = _views.becomes(op.name, shape, p.dim, count, statics)
        if isinstance(p, Partial) and _views.result_shape(op.name, shape, statics) is not None:
            wanted.append(p)
            found.append(p)
        else:
            wanted.append(Replicate() if became is None else p)
            found.append(Replicate() if became is None else Shard(became))
    local = redistribute_local(tensor._local_tensor, shape, mesh, tensor._spec.placements, tuple(wanted))
    made = _views.result_shape(op.name, shape, statics)
    if op.name in ("view", "expand") and any(p.is_shard() for p in found):
        size, _ = local_part(made, mesh, found)
        view = local.reshape(size) if op.name == "view" else local.expand(size)
    else:
        view = _local_view(op, local, statics, numbers, label)
    result = DTensor._make(view, mesh, tuple(found), view.shape if made is None else made)
    result._copied = tuple(wanted) != tensor._spec.placements or tensor._copied
    return result


def _local_view(op, local, statics, numbers, label):
    name = op.name
    if name == "view":
        return local.reshape(statics[0])
    if name == "expand":
        return local.expand(statics[0])
    if name == "permute":
        return local.permute(statics[0])
    if name == "index_basic":
        return local[_key(statics[0], iter(numbers))]
    if name == "alias":
        return local.view_as(local)
    if name in ("diagonal", "unfold"):
        return getattr(local, name)(*statics)
    if name in ("real", "imag"):
        return getattr(local, name)
    if name in ("view_as_real", "view_as_complex"):
        return getattr(jtorch, name)(local)
    raise NotImplementedError(f"{name} of a DTensor is not there; take the view of dtensor.full_tensor()")


def _key(plan, starts):
    key = []
    for item in plan:
        if item[0] == "all":
            key.append(slice(None))
        elif item[0] == "new":
            key.append(None)
        else:
            start = item[-1] if item[-1] is not None else next(starts)
            key.append(
                start
                if item[0] == "int"
                else slice(start, start + (item[1] - 1) * item[2] + 1 if item[1] else start, item[2])
            )
    return tuple(key)


def _class():
    from jtorch.distributed.tensor._api import DTensor

    return DTensor


def _tensors(op, args) -> list:
    found = []
    for arg, parameter in zip(args, op.params, strict=True):
        if parameter.kind is Arrays:
            found += list(arg)
        elif isinstance(arg, Tensor):
            found.append(arg)
    return found


def _replaced(op, args, tensors) -> tuple:
    tensors, made = iter(tensors), []
    for arg, parameter in zip(args, op.params, strict=True):
        if parameter.kind is Arrays:
            made.append([next(tensors) for _ in arg])
        else:
            made.append(next(tensors) if isinstance(arg, Tensor) else arg)
    return tuple(made)


def _distributed(tensor, mesh, op):
    DTensor = _class()
    if isinstance(tensor, DTensor):
        if tensor._spec.mesh is not mesh and tensor._spec.mesh != mesh:
            raise NotImplementedError(f"{op.name}: DTensors on several meshes: {tensor._spec.mesh} and {mesh}")
        return tensor
    if tensor.numel() == 1 and not tensor.ndim or SETTINGS.replicating:
        return DTensor._make(tensor, mesh, (Replicate(),) * mesh.ndim, tensor.shape)
    overload = "Tensor" if any(p.name == "other" for p in op.params) else "default"
    raise RuntimeError(f"aten.{op.name.split('.')[-1]}.{overload} {MIXED}")


def _choose(op, args, tensors, mesh) -> list:
    """For each dimension of the mesh the way that moves the fewest elements."""
    if all(isinstance(p, Replicate) for t in tensors for p in t._spec.placements):
        return [_ops.Way((_ops.WHOLE,) * len(tensors), _ops.WHOLE)] * mesh.ndim
    chosen: list = []
    for d in range(mesh.ndim):
        lying = [t._spec.placements[d] for t in tensors]

        def evenly(i, dim, d=d):
            placements = [Shard(dim) if e == d else p for e, p in enumerate(tensors[i]._spec.placements)]
            return cut_evenly(tensors[i].shape[dim], mesh, placements, dim)

        call = _ops.Call(op, args, tensors, lying, mesh.size(d), evenly)
        found = _ops.ways(call)
        taken = any(way.run is not None for way in chosen)
        found = [way for way in found if not (taken and way.run is not None)]
        chosen.append(min(found, key=lambda way: sum(map(_cost, lying, way.operands, tensors))))
    return chosen


def _cost(have, want, tensor) -> float:
    size = tensor.numel() + 1
    if have == want:
        return 0
    if isinstance(want, Partial):
        return float("inf") if not isinstance(have, Replicate) else size * 0.01
    if isinstance(have, Replicate):
        return size * 0.01  # nothing moves, but the gradient will
    return size * (2 if isinstance(have, Partial) and isinstance(want, Replicate) else 1)


def _shapes(op, args, tensors) -> list:
    """The shapes of the results on whole tensors: the meta device works them out."""
    metas = [jtorch.empty(t.shape, dtype=t.dtype, device="meta") for t in tensors]
    with jtorch.no_grad():
        return [r.shape for r in dispatch.apply(op, _replaced(op, args, metas))]


# Operations that are several steps on parts


def _nll_loss(op, args, tensors):
    """The mean over samples that are cut: their sum over the sum of their weights."""
    named = {p.name: i for i, p in enumerate(op.params)}
    if SETTINGS.sharded_loss and tensors[0].ndim > 1 and any(p.is_shard(1) for p in tensors[0]._spec.placements):
        return [_loss_of_classes(*tensors, *(args[named[n]] for n in ("reduction", "ignore_index")))]
    if args[named["reduction"]] != "mean" or tensors[0].ndim < 2:
        return None
    if not any(p.is_shard() and p.dim != 1 for p in tensors[0]._spec.placements):
        return None
    summed = list(_replaced(op, args, tensors))
    summed[named["reduction"]] = "sum"
    (total,) = apply(op, tuple(summed))
    target = tensors[1]
    kept = target != args[named["ignore_index"]]
    if args[named["weight"]] is None:
        return [total / kept.sum().to(total.dtype)]
    ones = list(_replaced(op, args, tensors))
    ones[0], ones[named["reduction"]] = -jtorch.ones_like(tensors[0]), "sum"
    return [total / apply(op, tuple(ones))[0]]


def _loss_of_classes(x, target, *rest):
    """Of log-probabilities that are cut along the classes: each process picks those that it has."""
    if len(rest) == 3:
        raise NotImplementedError("loss_parallel: cross_entropy with weight; call it on logits.full_tensor()")
    reduction, ignored = rest
    mesh, placements = x._spec.mesh, x._spec.placements
    d = next(d for d, p in enumerate(placements) if p.is_shard(1))
    target_placements = tuple(
        p if p.is_shard(0) else Shard(p.dim - 1) if p.is_shard() and p.dim > 1 else Replicate() for p in placements
    )
    labels = target.redistribute(placements=target_placements)._local_tensor
    start, length = Shard.piece(x.shape[1], mesh.size(d), mesh.get_local_rank(d))
    inside = (labels != ignored) & (labels >= start) & (labels < start + length)
    local = x._local_tensor
    if length:
        picked = local.gather(1, (labels - start).where(inside, 0).unsqueeze(1)).squeeze(1) * inside.to(local.dtype)
    else:
        picked = local.sum(1)
    lying = tuple(Partial() if e == d else p for e, p in enumerate(target_placements))
    losses = -_class()._make(picked, mesh, lying, target.shape)
    if reduction == "none":
        return losses.redistribute(placements=target_placements)
    total = losses.sum().redistribute(placements=(Replicate(),) * mesh.ndim)
    return total / (target != ignored).sum().to(total.dtype) if reduction == "mean" else total


def _vector_norm(op, args, tensors):
    """Of a tensor that is cut, where no gradient is wanted: the norms of the parts, put together."""
    (x,) = tensors
    named = {p.name: args[i] for i, p in enumerate(op.params)}
    order = named["ord"]
    if (
        x.requires_grad
        or named["dim"] is not None
        or named["keepdim"]
        or not isinstance(order, (int, float))
        or order <= 0
    ):
        return None
    if not all(isinstance(p, (Shard, Replicate)) for p in x._spec.placements):
        return None
    placements = x._spec.placements
    local = (
        dispatch.apply(op, (x._local_tensor, *args[1:]))[0]
        if x._local_tensor.numel()
        else x._local_tensor.new_zeros(())
    )
    reduction = "max" if order == float("inf") else "sum"
    part = tuple(Partial(reduction) if p.is_shard() else Replicate() for p in placements)
    made = _class()._make(local if reduction == "max" else local**order, x._spec.mesh, part, ())
    made = made.redistribute(placements=(Replicate(),) * x._spec.mesh.ndim)
    return [made if reduction == "max" else made ** (1 / order)]


def _log_softmax(op, args, tensors):
    """Along the dimension that is cut, inside `loss_parallel()`: the largest and the sum of all, from those of the parts."""
    (x,) = tensors
    dim = args[1] % x.ndim if x.ndim else 0
    if not SETTINGS.sharded_loss or not any(p.is_shard(dim) for p in x._spec.placements):
        return None
    largest = x.detach().amax(dim, keepdim=True).redistribute(placements=_without_partial(x._spec.placements, dim))
    shifted = x - largest
    return [shifted - shifted.exp().sum(dim, keepdim=True).log()]


def _without_partial(placements, dim):
    return tuple(Replicate() if p.is_shard(dim) or isinstance(p, Partial) else p for p in placements)


SPECIAL = {"nll_loss": _nll_loss, "linalg.vector_norm": _vector_norm, "log_softmax_": _log_softmax}
