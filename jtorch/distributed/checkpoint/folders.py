"""Checkpoints as folders: tensors by orbax, those of several processes by each its own parts (`parts.py`), everything else in a file of `torch.save`.

A folder has `tensors-NUMBER/`, orbax's, and `objects.pt`: which of these folders counts, the names of tensors, in their order, with dtypes and shapes, and the
values that are no tensors (or have no elements, which orbax does not store). It is written last and replaced whole, so that a save that is cut off leaves the
checkpoint that was there. PyTorch's own folders are of another format.
"""

import concurrent.futures
import copy
import os
import secrets
import shutil
from dataclasses import dataclass, field

import jax

import jtorch
from jtorch import distributed as dist
from jtorch.distributed.checkpoint import parts
from jtorch.distributed.checkpoint.api import CheckpointException
from jtorch.distributed.checkpoint.default_planner import DefaultLoadPlanner, DefaultSavePlanner
from jtorch.distributed.checkpoint.filesystem import FileSystemReader, FileSystemWriter
from jtorch.distributed.checkpoint.stateful import Stateful

_OBJECTS, _TENSORS = "objects.pt", "tensors-"


@dataclass
class TensorStorageMetadata:
    """A tensor of a checkpoint."""

    dtype: jtorch.dtype
    size: jtorch.Size


@dataclass
class Metadata:
    """What a checkpoint holds: tensors by name (a path with dots), and None for other values."""

    state_dict_metadata: dict = field(default_factory=dict)


def save(state_dict: dict, *, checkpoint_id=None, storage_writer=None, planner=None, process_group=None, no_dist: bool = False, **_) -> Metadata:  # fmt: skip
    """Write a `state_dict`, or several in a dict, to a folder, each tensor from the devices that hold it. What is there is replaced at the end.

    Values that have `state_dict()` are asked for it. Joined processes all call it: each writes its parts of DTensors, rank 0 everything else.

    >>> import tempfile, jtorch as torch
    >>> from jtorch.distributed import checkpoint as dcp
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = dcp.save({"x": torch.ones(2), "epoch": 3}, checkpoint_id=folder + "/last")
    ...     state = {"x": torch.zeros(2), "epoch": 0}
    ...     dcp.load(state, checkpoint_id=folder + "/last")
    >>> state
    {'x': tensor([1., 1.]), 'epoch': 3}
    """
    if hasattr(storage_writer, "write"):  # of hf_storage: files of another format
        return storage_writer.write(_flat(_expanded(state_dict)))
    folder = _folder_to_write(checkpoint_id, storage_writer, planner)
    values = _flat(_expanded(state_dict))
    if parts.several(values.values(), no_dist):
        own, objects = _split_parts(values, process_group)
        return _write_parts(own, objects, folder, process_group)
    return _write(*_split(values), folder)


def async_save(state_dict: dict, *, checkpoint_id=None, storage_writer=None, planner=None, process_group=None, **_):
    """`save` in a thread, of the values as they are now: a `concurrent.futures.Future`.

    Joined processes all call it; they agree through the store meanwhile, so that collectives may go on.
    """
    folder = _folder_to_write(checkpoint_id, storage_writer, planner)
    values = _flat(_expanded(state_dict))
    executor = concurrent.futures.ThreadPoolExecutor(1)
    if parts.several(values.values(), False):
        own, objects = _split_parts(values, process_group)
        if process_group is None and dist.is_initialized():
            process_group = dist.new_group()  # whose objects come in an order of their own
        future = executor.submit(_write_parts, own, copy.deepcopy(objects), folder, process_group)
    else:
        tensors, objects = _split(values)
        future = executor.submit(_write, tensors, copy.deepcopy(objects), folder)
    executor.shutdown(wait=False)
    return future


def load(state_dict: dict, *, checkpoint_id=None, storage_reader=None, planner=None, process_group=None, no_dist: bool = False, **_) -> None:  # fmt: skip
    """Fill the tensors of a `state_dict` from a folder, each on the devices it is on, and replace its other values.

    The folder may hold more. What it lacks, or has in another shape, raises CheckpointException.
    """
    partly = _partly(planner)
    try:
        if hasattr(storage_reader, "read"):
            _read_files(state_dict, storage_reader.read())
        else:
            _read(state_dict, _folder(checkpoint_id, storage_reader, FileSystemReader), partly)
    except (RuntimeError, ValueError, OSError) as error:
        raise CheckpointException("load", {jax.process_index(): error}) from error


def read_metadata(checkpoint_id) -> Metadata:
    """What a folder holds."""
    return _metadata(_index(_folder(checkpoint_id, None)))


def _partly(planner) -> bool:
    """Whether what a checkpoint lacks may stay as it is."""
    if planner is not None and type(planner) is not DefaultLoadPlanner:
        raise NotImplementedError(
            f"torch.distributed.checkpoint: plans of {type(planner).__name__} are not there; use DefaultLoadPlanner, or load what is wanted alone"
        )
    return planner is not None and planner.allow_partial_load


def _folder_to_write(checkpoint_id, storage, planner) -> str:
    if planner is not None and type(planner) is not DefaultSavePlanner:
        raise NotImplementedError(
            f"torch.distributed.checkpoint: plans of {type(planner).__name__} are not there; use DefaultSavePlanner, or save what is wanted alone"
        )
    folder = _folder(checkpoint_id, storage, FileSystemWriter)
    if storage is not None and not storage.overwrite and os.path.exists(os.path.join(folder, _OBJECTS)):
        raise RuntimeError(f"Checkpoint already exists and self.overwrite={storage.overwrite}.")
    return folder


def _folder(checkpoint_id, storage, kind: type = FileSystemReader) -> str:
    if storage is not None and not isinstance(storage, kind):
        raise NotImplementedError(
            f"torch.distributed.checkpoint: storage by {type(storage).__name__} is not there: give {kind.__name__}, or the folder as checkpoint_id"
        )
    if checkpoint_id is None and storage is not None:
        checkpoint_id = storage.path
    if checkpoint_id is None:
        raise RuntimeError("Cannot find a checkpoint_id: give the folder as checkpoint_id")
    if jax.process_count() > 1:
        raise NotImplementedError(
            "torch.distributed.checkpoint: one process at a time: call it in the process of rank 0, with values that are whole there"
        )
    return os.path.abspath(os.fspath(checkpoint_id))


def _expanded(tree):
    if isinstance(tree, Stateful) and not isinstance(tree, jtorch.Tensor):
        return _expanded(tree.state_dict())
    if isinstance(tree, dict):
        return {key: _expanded(value) for key, value in tree.items()}
    return [_expanded(value) for value in tree] if isinstance(tree, (list, tuple)) and _has_tensors(tree) else tree


def _has_tensors(tree) -> bool:
    if isinstance(tree, (list, tuple)):
        return any(map(_has_tensors, tree))
    return isinstance(tree, jtorch.Tensor) or isinstance(tree, dict) and any(map(_has_tensors, tree.values()))


def _flat(tree, prefix: str = "") -> dict:
    """Values by their paths."""
    items = (
        tree.items()
        if isinstance(tree, dict)
        else enumerate(tree)
        if isinstance(tree, list) and _has_tensors(tree)
        else None
    )
    if items is None:
        return {prefix: tree}
    if not tree and prefix:
        return {prefix: tree}
    found: dict = {}
    for key, value in items:
        found.update(_flat(value, f"{prefix}.{key}" if prefix else str(key)))
    return found


def _split(values: dict) -> tuple[dict, dict]:
    """Arrays, which nobody will overwrite, and the rest."""
    tensors = {
        name: v
        for name, v in values.items()
        if isinstance(v, jtorch.Tensor) and v.layout is jtorch.strided and v.numel()
    }
    arrays = {name: jtorch.to_jax(tensor.detach()) for name, tensor in tensors.items()}
    return arrays, {name: value for name, value in values.items() if name not in arrays}


def _write(arrays: dict, objects: dict, folder: str) -> Metadata:
    import orbax.checkpoint

    os.makedirs(folder, exist_ok=True)
    name = _TENSORS + secrets.token_hex(4)
    if arrays:
        with jax.enable_x64(True):
            orbax.checkpoint.PyTreeCheckpointer().save(
                os.path.join(folder, name), {f"t{i}": array for i, array in enumerate(arrays.values())}
            )
    tensors = {path: (jtorch.from_jax(array).dtype, list(array.shape)) for path, array in arrays.items()}
    index = {"folder": name, "tensors": tensors, "objects": objects}
    jtorch.save(index, os.path.join(folder, _OBJECTS))
    for entry in os.listdir(folder):
        if entry.startswith(_TENSORS) and entry != name:
            shutil.rmtree(os.path.join(folder, entry))
    return _metadata(index)


def _split_parts(values: dict, group) -> tuple:
    """The blocks of tensors that this process writes, which nobody will overwrite, and the rest."""
    tensors = {name: v for name, v in values.items() if isinstance(v, jtorch.Tensor) and v.layout is jtorch.strided}
    return parts.own(tensors, group), {name: value for name, value in values.items() if name not in tensors}


def _write_parts(own: parts.Blocks, objects: dict, folder: str, group) -> Metadata:
    """Each process its parts; rank 0 the rest, and last the file that makes the checkpoint count. Processes agree through the store alone."""
    box = [_TENSORS + secrets.token_hex(4)]
    several = dist.is_initialized() and dist.get_world_size(group) > 1
    if several:
        dist.broadcast_object_list(box, group=group, group_src=0)
    index = {
        "folder": box[0],
        "tensors": {},
        "parts": parts.write(own, os.path.join(folder, box[0]), group),
        "objects": objects,
    }
    if not several or dist.get_rank(group) == 0:
        os.makedirs(folder, exist_ok=True)
        unfinished = os.path.join(folder, _OBJECTS + ".unfinished")
        jtorch.save(index, unfinished)
        os.replace(unfinished, os.path.join(folder, _OBJECTS))
        for entry in os.listdir(folder):
            if entry.startswith(_TENSORS) and entry != box[0]:
                shutil.rmtree(os.path.join(folder, entry))
    if several:
        dist.monitored_barrier(group)
    return _metadata(index)


def _index(folder: str) -> dict:
    marker = os.path.join(folder, _OBJECTS)
    if not os.path.exists(marker):
        theirs = os.path.exists(os.path.join(folder, ".metadata"))
        raise RuntimeError(
            f"{folder} is a checkpoint of PyTorch's own format: turn it into a file with torch.distributed.checkpoint.format_utils.dcp_to_torch_save"
            if theirs
            else f"metadata is None: {folder} is not a checkpoint, or one whose saving was cut off"
        )
    return jtorch.load(marker, weights_only=True)


def _stored(index) -> dict:
    """Names of tensors with dtype and shape."""
    return {**index["tensors"], **index.get("parts", {})}


def _metadata(index) -> Metadata:
    tensors = {
        name: TensorStorageMetadata(dtype, jtorch.Size(shape)) for name, (dtype, shape, *_) in _stored(index).items()
    }
    return Metadata({**tensors, **dict.fromkeys(index["objects"])})


def _read(state_dict, folder: str, partly: bool = False) -> None:
    index = _index(folder)
    stored = _stored(index)
    values = _flat(_expanded(state_dict))
    for name in values:
        if not partly and name not in stored and name not in index["objects"]:
            raise RuntimeError(f"Missing key in checkpoint state_dict: {name}.")
    wanted = {name: value for name, value in values.items() if name in stored and isinstance(value, jtorch.Tensor)}
    for name, tensor in wanted.items():
        saved = jtorch.Size(stored[name][1])
        if saved != tensor.shape:
            raise ValueError(f"Size mismatch between saved {saved} and current: {tensor.shape} for {name}")
    loaded: dict = {name: index["objects"][name] for name in values if name in index["objects"]}
    if wanted and "parts" in index:
        loaded.update(parts.read(index["parts"], wanted, os.path.join(folder, index["folder"])))
    elif wanted:
        loaded.update(_restored(index, wanted, folder))
    _fill(state_dict, loaded, "")


def _read_files(state_dict, stored: dict) -> None:
    """Fill a `state_dict` from the tensors of other files."""
    values = _flat(_expanded(state_dict))
    for name, value in values.items():
        if name not in stored:
            raise RuntimeError(f"Missing key in checkpoint state_dict: {name}.")
        if value.shape != stored[name].shape:
            raise ValueError(f"Size mismatch between saved {stored[name].shape} and current: {value.shape} for {name}")
    _fill(state_dict, {name: stored[name] for name in values}, "")


def _restored(index, wanted, folder: str) -> dict:
    """Tensors that orbax has written."""
    import orbax.checkpoint

    positions = {name: i for i, name in enumerate(index["tensors"])}
    structs = {}
    for name, tensor in wanted.items():
        like = tensor if tensor._dispatcher is None else tensor.to_local()
        sharding = jtorch.to_jax(like.detach()).sharding
        dtype = index["tensors"][name][0].numpy
        structs[f"t{positions[name]}"] = jax.ShapeDtypeStruct(tuple(tensor.shape), dtype, sharding=sharding)
    arguments = orbax.checkpoint.checkpoint_utils.construct_restore_args(structs)
    with jax.enable_x64(True):
        arrays = orbax.checkpoint.PyTreeCheckpointer().restore(
            os.path.join(folder, index["folder"]),
            args=orbax.checkpoint.args.PyTreeRestore(item=structs, restore_args=arguments, partial_restore=True),
        )
    made = {name: jtorch.from_jax(arrays[f"t{positions[name]}"]) for name in wanted}
    return {name: _cut_as(value, wanted[name]) for name, value in made.items()}


def _cut_as(value, like):
    if like._dispatcher is None:
        return value
    from jtorch.distributed.tensor import distribute_tensor

    return distribute_tensor(value, like.device_mesh, like.placements, src_data_rank=None)


def _fill(tree, loaded, prefix: str):
    """Put what was loaded into a tree: into its tensors in place, into its containers otherwise. Gives what belongs in the tree's own place."""
    if isinstance(tree, Stateful) and not isinstance(tree, jtorch.Tensor):
        tree.load_state_dict(_fill(tree.state_dict(), loaded, prefix))
        return tree
    if prefix in loaded:
        value = loaded[prefix]
        if not isinstance(tree, jtorch.Tensor):
            return value
        with jtorch.no_grad():
            tree.copy_(value)
        return tree
    items = list(tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ())
    for key, value in items:
        tree[key] = _fill(value, loaded, f"{prefix}.{key}" if prefix else str(key))
    return tree
