"""The collectives on tensors. Each writes its results into the tensors given, views included, when it is done."""

import functools
import inspect
import math
from datetime import timedelta

import numpy as np

import jtorch
from jtorch import engine
from jtorch.distributed import captured
from jtorch.distributed.process_group import get_group_rank, resolve, warn_not_in_group
from jtorch.distributed.reduce_op import RedOpType, ReduceOp
from jtorch.distributed.store import DistStoreError
from jtorch.tensor import Tensor
from jtorch.transfer import move, place_of

_INTEGRAL_ONLY = {ReduceOp.BAND, ReduceOp.BOR, ReduceOp.BXOR}
_CAST_NAMES = {
    jtorch.uint8: "Byte", jtorch.int8: "Char", jtorch.int16: "Short", jtorch.int32: "Int", jtorch.bool: "Bool",
}  # fmt: skip
# Of truth values, which are counted as bytes 0 and 1.
_OF_BOOLS = {"SUM": "MAX", "PRODUCT": "MIN"}


def elements(tensor: Tensor) -> np.ndarray:
    """A tensor's elements in a line, as they are now."""
    if tensor.layout != jtorch.strided:
        raise NotImplementedError(
            f"collectives of tensors of layout {tensor.layout} are not supported by jtorch; use tensor.to_dense()"
        )
    return np.ascontiguousarray(tensor._read().numpy()).reshape(-1)


def as_row(tensor: Tensor) -> np.ndarray:
    """A tensor's memory as bytes."""
    return elements(tensor).view(np.uint8)


def write(tensor: Tensor, row: np.ndarray) -> None:
    """Let a tensor have elements that arrived, as bytes or as themselves; its version counter does not move, as in torch."""
    array = np.array(row.view(tensor._aval.dtype.numpy).reshape(tensor._aval.shape))
    tensor.data._write(move(engine.Value(tensor._aval, array, place_of("cpu")), place_of(tensor.device)))


def _one(value, name: str) -> None:
    if not isinstance(value, Tensor):
        raise TypeError(
            f"Invalid function argument. Expected parameter `{name}` of type torch.Tensor\n             but got {type(value)} instead."
        )


def _several(value, name: str) -> None:
    if not isinstance(value, list) or not all(isinstance(each, Tensor) for each in value):
        raise TypeError(
            f"Invalid function argument. Expected parameter `{name}` of type List[torch.Tensor]\n             but got {type(value)} instead."
        )


def _of_member(function):
    """A process outside the group is warned and does nothing."""

    signature = inspect.signature(function)

    @functools.wraps(function)
    def collective(*args, **options):
        given = signature.bind(*args, **options).arguments
        group = given["group"] = resolve(given.get("group"))
        if group is None:
            warn_not_in_group(function.__name__)
            return None
        work = captured.record(function, given, group) if captured.capturing() else function(**given)
        if given.get("async_op"):
            return work
        work.wait()
        return None

    return collective


def root(group, rank: int | None, group_rank: int | None, name: str = "src") -> int:
    """The rank in a group that a caller means by its rank in the job, or by `group_src` in the group."""
    if rank is not None and group_rank is not None:
        raise ValueError(f"Can't specify both group_{name} and {name}")
    if group_rank is None:
        if rank is None:
            raise ValueError(f"Must specify {name} or group_{name}")
        if group.group_name == "0":
            if not 0 <= rank < group.size():
                raise RuntimeError(
                    f"ProcessGroupGloo: invalid root rank: {rank}: the group has {group.size()} processes"
                )
            return rank
        return get_group_rank(group, rank)
    if not 0 <= group_rank < group.size():
        raise RuntimeError(f"ProcessGroupGloo: invalid root rank: {group_rank}: the group has {group.size()} processes")
    return group_rank


class _Reduction:
    """What travels, by which program, and what is made of the sum when it arrives."""

    def __init__(self, name: str, op, tensor: Tensor, count: int):
        if not isinstance(op, RedOpType):
            raise TypeError(f"{name}(): expected op to be a torch.distributed.ReduceOp, got {op!r}")
        dtype = tensor.dtype
        if dtype.is_complex and op not in (ReduceOp.SUM, ReduceOp.AVG):
            raise ValueError(f"{name} does not support {op} on complex tensors")
        if op is ReduceOp.PREMUL_SUM:
            raise NotImplementedError("ReduceOp.PREMUL_SUM is NCCL's alone; multiply the tensor before a sum")
        fractional = dtype.is_floating_point or dtype.is_complex
        if op in _INTEGRAL_ONLY and fractional:
            raise RuntimeError(f"Cannot use ReduceOp.{op.name} with non-integral dtype")
        if op is ReduceOp.AVG and not fractional:
            raise RuntimeError(
                f"result type Float can't be cast to the desired output type {_CAST_NAMES.get(dtype, 'Long')}"
            )
        self.op = "SUM" if op is ReduceOp.AVG else op.name
        self.count = count if op is ReduceOp.AVG else None
        self.of_bools = dtype is jtorch.bool
        if self.of_bools:
            self.op = _OF_BOOLS.get(self.op, self.op)
        self.dtype = dtype.numpy

    def row(self, tensor: Tensor) -> np.ndarray:
        row = elements(tensor)
        if self.of_bools:
            return row.view(np.uint8)
        return row.view(row.real.dtype) if row.dtype.kind == "c" else row

    def result(self, row: np.ndarray) -> np.ndarray:
        if self.count is not None:  # of complex numbers both parts, each on its own
            row = row.view(self.dtype.type(0).real.dtype)
            row = (row / row.dtype.type(self.count)).astype(row.dtype)
        return row.view(self.dtype)


@_of_member
def all_reduce(tensor, op=ReduceOp.SUM, group=None, async_op=False):
    """Reduce the tensors of all processes elementwise; all get the result, in place.

    Truth values are reduced by `or` and `and`, where torch's gloo counts in their bytes.
    """
    _one(tensor, "tensor")
    reduction = _Reduction("all_reduce", op, tensor, group.size())

    def finish(row):
        write(tensor, reduction.result(row))
        return [tensor]

    return group.run("all_reduce", "all_reduce", reduction.op, reduction.row(tensor), finish)


@_of_member
def all_reduce_coalesced(tensors, op=ReduceOp.SUM, group=None, async_op=False):
    """`all_reduce` of several tensors of one dtype in one go."""
    tensors = [tensors] if isinstance(tensors, Tensor) else tensors
    _several(tensors, "tensors")
    if any(t.dtype != tensors[0].dtype for t in tensors):
        raise ValueError(
            f"Invalid usage of tensors with different dtypesFound {tensors[0].dtype} and  {tensors[-1].dtype}"
        )
    reduction = _Reduction("all_reduce", op, tensors[0], group.size())

    def finish(row):
        return _write_rows(tensors, _cut(reduction.result(row), [t.numel() for t in tensors]))

    return group.run(
        "all_reduce", "all_reduce", reduction.op, np.concatenate([reduction.row(t) for t in tensors]), finish
    )


def _cut(row: np.ndarray, sizes) -> list[np.ndarray]:
    ends = np.cumsum(sizes)
    return [row[end - size : end] for size, end in zip(sizes, ends, strict=True)]


@_of_member
def reduce(tensor, dst=None, op=ReduceOp.SUM, group=None, async_op=False, group_dst=None):
    """Reduce the tensors of all processes elementwise into that of `dst`; the others keep theirs, which torch leaves open."""
    _one(tensor, "tensor")
    to = root(group, dst, group_dst, "dst")
    reduction = _Reduction("reduce", op, tensor, group.size())

    def finish(row):
        if group.rank() == to:
            write(tensor, reduction.result(row))
        return [tensor]

    return group.run("reduce", "all_reduce", reduction.op, reduction.row(tensor), finish)


@_of_member
def broadcast(tensor, src=None, group=None, async_op=False, group_src=None):
    """Give all processes the numbers of `src`'s tensor, in place."""
    _one(tensor, "tensor")
    here = root(group, src, group_src) == group.rank()
    row = as_row(tensor)

    def finish(row):
        if not here:
            write(tensor, row)
        return [tensor]

    return group.run("broadcast", "all_reduce", "SUM", row if here else np.zeros_like(row), finish)


def _same_size(name: str, tensors, like: Tensor) -> None:
    for i, tensor in enumerate(tensors):
        if tensor.dtype != like.dtype:
            raise RuntimeError(
                f"ProcessGroupGloo::{name}: invalid tensor type at index {i} (expected {like.dtype}, got {tensor.dtype})"
            )
        if tensor.shape != like.shape:
            raise RuntimeError(
                f"ProcessGroupGloo::{name}: invalid tensor size at index {i} (expected {_sizes(like)}, got {_sizes(tensor)})"
            )


def _sizes(tensor: Tensor) -> str:
    return f"({', '.join(map(str, tensor.shape))})"


@_of_member
def all_gather(tensor_list, tensor, group=None, async_op=False):
    """Write the tensors of all processes, by rank, into a list of tensors of that size."""
    _several(tensor_list, "tensor_list")
    _one(tensor, "tensor")
    if len(tensor_list) != group.size():
        raise RuntimeError(
            f"ProcessGroupGloo::allgather: invalid output tensor list at index 0 (expected length {group.size()}, got {len(tensor_list)})"
        )
    _same_size("allgather", tensor_list, tensor)
    return group.run("all_gather", "all_gather", None, as_row(tensor), functools.partial(_write_rows, tensor_list))


def _write_rows(tensors, rows):
    for tensor, row in zip(tensors, rows, strict=True):
        write(tensor, row)
    return tensors


@_of_member
def all_gather_coalesced(output_tensor_lists, input_tensor_list, group=None, async_op=False):
    """`all_gather` of several tensors; `output_tensor_lists[rank]` are those of a process."""
    _several(input_tensor_list, "tensor_list")
    sizes = [t.numel() * t.element_size() for t in input_tensor_list]

    def finish(rows):
        for tensors, row in zip(output_tensor_lists, rows, strict=True):
            _write_rows(tensors, _cut(row, sizes))
        return output_tensor_lists

    return group.run("all_gather", "all_gather", None, np.concatenate([as_row(t) for t in input_tensor_list]), finish)


@_of_member
def all_gather_into_tensor(output_tensor, input_tensor, group=None, async_op=False):
    """Write the tensors of all processes, one after the other or stacked, into one."""
    _one(output_tensor, "output_tensor")
    _one(input_tensor, "input_tensor")
    _check_whole("all_gather_into_tensor", output_tensor, input_tensor, group.size())

    def finish(rows):
        write(output_tensor, np.ascontiguousarray(rows).reshape(-1))
        return [output_tensor]

    return group.run("all_gather", "all_gather", None, as_row(input_tensor), finish)


def _check_whole(name: str, whole: Tensor, part: Tensor, count: int) -> None:
    if whole.dtype != part.dtype:
        raise RuntimeError(
            f"{name}: output tensor must have the same type as input tensor, got {whole.dtype} and {part.dtype}"
        )
    if whole.numel() != part.numel() * count:
        raise RuntimeError(
            f"{name}: the size of the whole ({whole.numel()}) must be {count} times that of a part ({part.numel()})"
        )


@_of_member
def gather(tensor, gather_list=None, dst=None, group=None, async_op=False, group_dst=None):
    """Write the tensors of all processes, by rank, into `gather_list` on `dst`."""
    _one(tensor, "tensor")
    to = root(group, 0 if dst is None and group_dst is None else dst, group_dst, "dst")
    if group.rank() == to:
        if not gather_list:
            raise ValueError("Argument ``gather_list`` must be specified on destination rank.")
        _several(gather_list, "gather_list")
        if len(gather_list) != group.size():
            raise RuntimeError(f"ProcessGroupGloo::gather: Incorrect output list size {len(gather_list)}. Output list size should be {group.size()}, same as size of the process group.")  # fmt: skip
        _same_size("gather", gather_list, tensor)
    elif gather_list:
        raise ValueError("Argument ``gather_list`` must NOT be specified on non-destination ranks.")

    def finish(rows):
        return _write_rows(gather_list, rows) if group.rank() == to else []

    return group.run("gather", "all_gather", None, as_row(tensor), finish)


@_of_member
def scatter(tensor, scatter_list=None, src=None, group=None, async_op=False, group_src=None):
    """Write tensor i of `src`'s list into the tensor of process i."""
    _one(tensor, "tensor")
    here = root(group, 0 if src is None and group_src is None else src, group_src) == group.rank()
    size = tensor.numel() * tensor.element_size()
    if here:
        if not scatter_list:
            raise ValueError("Argument ``scatter_list`` must be specified on source rank.")
        _several(scatter_list, "scatter_list")
        if len(scatter_list) != group.size():
            raise RuntimeError(f"ProcessGroupGloo::scatter: Incorrect input list size {len(scatter_list)}. Input list size should be {group.size()}, same as size of the process group.")  # fmt: skip
        _same_size("scatter", scatter_list, tensor)
        row = np.concatenate([as_row(t) for t in scatter_list])
    else:
        if scatter_list:
            raise ValueError("Argument ``scatter_list`` must NOT be specified on non-source ranks.")
        row = np.zeros(size * group.size(), np.uint8)

    def finish(row):
        write(tensor, row)
        return [tensor]

    return group.run("scatter", "reduce_scatter", "SUM", row, finish)


def _reduce_scatter(output, row, reduction, group):
    def finish(row):
        write(output, reduction.result(row))
        return [output]

    return group.run("reduce_scatter", "reduce_scatter", reduction.op, row, finish)


@_of_member
def reduce_scatter(output, input_list, op=ReduceOp.SUM, group=None, async_op=False):
    """Reduce lists of tensors elementwise over the processes; process i gets tensor i."""
    _one(output, "output")
    _several(input_list, "input_list")
    if len(input_list) != group.size():
        raise RuntimeError(
            f"reduce_scatter: the list must have a tensor for each of {group.size()} processes, got {len(input_list)}"
        )
    _same_size("reduce_scatter", input_list, output)
    reduction = _Reduction("reduce_scatter", op, output, group.size())
    return _reduce_scatter(output, np.concatenate([reduction.row(t) for t in input_list]), reduction, group)


@_of_member
def reduce_scatter_tensor(output, input, op=ReduceOp.SUM, group=None, async_op=False):
    """Reduce tensors elementwise over the processes; each gets its part of the result, by rank."""
    _one(output, "output")
    _one(input, "input")
    _check_whole("reduce_scatter_tensor", input, output, group.size())
    reduction = _Reduction("reduce_scatter_tensor", op, output, group.size())
    return _reduce_scatter(output, reduction.row(input), reduction, group)


@_of_member
def all_to_all(output_tensor_list, input_tensor_list, group=None, async_op=False):
    """Give tensor i of this process's list to process i, and get one from each."""
    _several(output_tensor_list, "output_tensor_list")
    _several(input_tensor_list, "input_tensor_list")
    for tensors in (output_tensor_list, input_tensor_list):
        if len(tensors) != group.size():
            raise RuntimeError(
                f"all_to_all: the lists must have a tensor for each of {group.size()} processes, got {len(tensors)}"
            )
    sizes = [t.numel() * t.element_size() for t in output_tensor_list]
    return _exchange(
        [as_row(t) for t in input_tensor_list], sizes, functools.partial(_write_rows, output_tensor_list), group
    )


@_of_member
def all_to_all_single(output, input, output_split_sizes=None, input_split_sizes=None, group=None, async_op=False):
    """Cut a tensor along its first dimension, equally or by sizes, give piece i to process i, and put together what comes from each."""
    _one(output, "output")
    _one(input, "input")
    if output.dtype != input.dtype:
        raise RuntimeError(f"Expected all tensors to have the same dtype, got {output.dtype} and {input.dtype}")
    sizes = _bytes_of_splits(output, output_split_sizes, group.size())
    pieces = _cut(as_row(input), _bytes_of_splits(input, input_split_sizes, group.size()))

    def finish(rows):
        write(output, np.concatenate(rows))
        return [output]

    return _exchange(pieces, sizes, finish, group)


def _bytes_of_splits(tensor: Tensor, splits, count: int) -> list[int]:
    length = tensor.shape[0] if tensor.dim() else 1
    if not splits:
        if length % count:
            raise RuntimeError("Tensor's dim 0 does not divide equally across group size")
        splits = [length // count] * count
    if len(splits) != count:
        raise RuntimeError("Number of tensor splits not equal to group size")
    if sum(splits) != length:
        raise RuntimeError("Split sizes doesn't match total dim 0 size")
    one = math.prod(tensor.shape[1:]) * tensor.element_size()
    return [n * one for n in splits]


def _exchange(pieces, sizes, finish, group):
    """Pieces of any sizes travel padded to the longest that any process has: a program has one shape on all of them."""
    longest = np.array([max([*(len(p) for p in pieces), *sizes])])
    found: list = []
    group.run("all_to_all", "all_reduce", "MAX", longest, found.append).wait()
    row = np.zeros((group.size(), int(found[0][0])), np.uint8)
    for i, piece in enumerate(pieces):
        row[i, : len(piece)] = piece

    def cut(rows):
        return finish([got[:size] for got, size in zip(rows, sizes, strict=True)])

    return group.run("all_to_all", "all_to_all", None, row.reshape(-1), cut)


@_of_member
def barrier(group=None, async_op=False, device_ids=None):
    """Wait until all processes of the group have come here."""
    return group.run("barrier", "all_reduce", "SUM", np.zeros(1, np.uint8), lambda row: [])


def monitored_barrier(group=None, timeout: timedelta | None = None, wait_all_ranks: bool = False):
    """`barrier` that says on rank 0 which process did not come in time; with `wait_all_ranks`, which processes."""
    captured.refuse("monitored_barrier")
    found = resolve(group)
    if found is None:
        warn_not_in_group("monitored_barrier")
        return
    limit = timeout or found.timeout
    found.turns += 1
    store, place = found.store, f"monitored_barrier/{found.turns}"
    if found.rank():
        store.set(f"{place}/{found.rank()}", b"1")
        store.wait([f"{place}/passed"], limit)
        return
    missing = []
    for rank in range(1, found.size()):
        try:
            store.wait([f"{place}/{rank}"], limit if not missing else timedelta(milliseconds=1))
            store.delete_key(f"{place}/{rank}")
        except DistStoreError:
            missing.append(found.ranks[rank])
            if not wait_all_ranks:
                break
    if missing:
        failed = f"Rank {missing[0]}" if len(missing) == 1 else f"Ranks {', '.join(map(str, missing))}"
        raise RuntimeError(f"{failed} failed to pass monitoredBarrier in {limit.total_seconds() * 1000:.0f} ms")
    store.set(f"{place}/passed", b"1")


all_gather_single = all_gather_into_tensor
reduce_scatter_single = reduce_scatter_tensor
_all_gather_base = all_gather_into_tensor
_reduce_scatter_base = reduce_scatter_tensor
