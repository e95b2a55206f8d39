"""torch.distributed.checkpoint: folders that orbax writes, read back whole, in part, and onto other devices."""

import os
import subprocess
import sys

import pytest

import jtorch
from jtorch import nn
from jtorch.distributed import checkpoint as dcp
from jtorch.distributed.checkpoint.state_dict import get_state_dict, set_state_dict

pytest.importorskip("orbax.checkpoint")


def trained(seed):
    jtorch.manual_seed(seed)
    module = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    optimizer = jtorch.optim.Adam([{"params": module[0].parameters()}, {"params": module[1].parameters(), "lr": 0.1}])
    module(jtorch.arange(6.0).view(3, 2)).pow(2).sum().backward()
    optimizer.step()
    return module, optimizer


def test_a_training_state_comes_back(tmp_path):
    module, optimizer = trained(0)
    state = {
        "model": module.state_dict(),
        "optimizer": optimizer.state_dict(),
        "epoch": 3,
        "log": ["a", 1.5],
        "none": jtorch.zeros(0, 2),
    }
    made = dcp.save(state, checkpoint_id=tmp_path / "last")
    assert made.state_dict_metadata["model.0.weight"].size == (2, 2) and made.state_dict_metadata["epoch"] is None
    assert dcp.read_metadata(tmp_path / "last").state_dict_metadata.keys() == made.state_dict_metadata.keys()
    other, its = trained(1)
    fresh = {
        "model": other.state_dict(),
        "optimizer": its.state_dict(),
        "epoch": 0,
        "log": None,
        "none": jtorch.ones(0, 2),
    }
    assert dcp.load(fresh, checkpoint_id=tmp_path / "last") is None
    jtorch.testing.assert_close(
        other.state_dict(), module.state_dict(), rtol=0, atol=0
    )  # in place: the module has them
    jtorch.testing.assert_close(fresh["optimizer"]["state"], optimizer.state_dict()["state"], rtol=0, atol=0)
    assert (fresh["epoch"], fresh["log"]) == (3, ["a", 1.5])
    assert other[1].num_batches_tracked.dtype is jtorch.int64


def test_every_dtype(tmp_path):
    state = {
        str(d): jtorch.tensor([0, 1, 1]).to(d)
        for d in (
            jtorch.float64,
            jtorch.bfloat16,
            jtorch.float16,
            jtorch.int8,
            jtorch.bool,
            jtorch.complex64,
            jtorch.uint8,
        )
    }
    dcp.save(state, checkpoint_id=tmp_path)
    fresh = {name: jtorch.zeros_like(value) for name, value in state.items()}
    dcp.load(fresh, checkpoint_id=tmp_path)
    assert all(jtorch.equal(fresh[name], value) for name, value in state.items())


def test_a_part_is_read_and_another_dtype_filled(tmp_path):
    dcp.save({"a": jtorch.ones(2), "b": jtorch.ones(3)}, checkpoint_id=tmp_path)
    part = {"b": jtorch.zeros(3, dtype=jtorch.float64)}
    dcp.load(part, checkpoint_id=tmp_path)
    assert part["b"].tolist() == [1, 1, 1] and part["b"].dtype is jtorch.float64


class App:
    def __init__(self, x):
        self.x = x

    def state_dict(self):
        return {"x": self.x}

    def load_state_dict(self, state):
        self.loaded = state["x"].tolist()


def test_objects_with_a_state(tmp_path):
    dcp.save({"app": App(jtorch.ones(2)), "module": nn.Linear(1, 1)}, checkpoint_id=tmp_path)
    app = App(jtorch.zeros(2))
    dcp.load({"app": app}, checkpoint_id=tmp_path)
    assert app.loaded == [1, 1]


def test_a_later_save_replaces_and_an_earlier_value_is_saved(tmp_path):
    x = jtorch.ones(1000)
    future = dcp.async_save({"x": x}, checkpoint_id=tmp_path)
    x.zero_()
    future.result()
    state = {"x": jtorch.zeros(1000)}
    dcp.load(state, checkpoint_id=tmp_path)
    assert state["x"].sum() == 1000
    dcp.save({"y": jtorch.ones(1)}, checkpoint_id=tmp_path)
    assert len(list(tmp_path.glob("tensors-*"))) == 1
    with pytest.raises(dcp.CheckpointException, match="Missing key in checkpoint state_dict: x."):
        dcp.load(state, checkpoint_id=tmp_path)


def test_what_does_not_fit(tmp_path):
    dcp.save({"x": jtorch.ones(2)}, checkpoint_id=tmp_path / "x")
    with pytest.raises(
        dcp.CheckpointException,
        match=r"Size mismatch between saved torch.Size\(\[2\]\) and current: torch.Size\(\[3\]\) for x",
    ):
        dcp.load({"x": jtorch.ones(3)}, checkpoint_id=tmp_path / "x")
    with pytest.raises(dcp.CheckpointException, match="is not a checkpoint"):
        dcp.load({"x": jtorch.ones(2)}, checkpoint_id=tmp_path / "none")
    with pytest.raises(RuntimeError, match="Cannot find a checkpoint_id"):
        dcp.save({})


def test_names_do_not_depend_on_wrappers(tmp_path):
    module, optimizer = trained(0)
    wrapped = nn.DataParallel(module)
    model_state, optimizer_state = get_state_dict(wrapped, optimizer)
    assert list(model_state)[0] == "0.weight" and sorted(optimizer_state["state"]) == [
        "0.bias",
        "0.weight",
        "1.bias",
        "1.weight",
    ]
    other, its = trained(1)
    set_state_dict(other, its, model_state_dict=model_state, optim_state_dict=optimizer_state)
    jtorch.testing.assert_close(other.state_dict(), module.state_dict(), rtol=0, atol=0)
    jtorch.testing.assert_close(its.state_dict()["state"], optimizer.state_dict()["state"], rtol=0, atol=0)
    assert [group["lr"] for group in its.param_groups] == [0.001, 0.1]


SHARDED = """
import sys, jax, numpy as np, jtorch
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from jtorch.distributed import checkpoint as dcp
def spread(array, count):
    mesh = Mesh(np.array(jax.devices()[:count]), ("x",))
    return jtorch.from_jax(jax.device_put(array, NamedSharding(mesh, PartitionSpec("x"))))
dcp.save({"x": spread(np.arange(8.0, dtype=np.float32), 4)}, checkpoint_id=sys.argv[1])
state = {"x": jtorch.zeros(8)}
dcp.load(state, checkpoint_id=sys.argv[1])
print(state["x"].tolist())
"""


def test_a_tensor_of_several_devices(tmp_path):
    environment = {"XLA_FLAGS": "--xla_force_host_platform_device_count=4", "JAX_PLATFORMS": "cpu"}
    done = subprocess.run(
        [sys.executable, "-c", SHARDED, str(tmp_path / "x")],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stdout == "[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]\n", done.stderr
    assert sum(path.name.startswith("tensors-") for path in (tmp_path / "x").iterdir()) == 1


def test_folders_of_safetensors(tmp_path):
    pytest.importorskip("safetensors")
    from jtorch.distributed.checkpoint.hf_storage import HuggingFaceStorageReader, HuggingFaceStorageWriter

    state = {"a": jtorch.arange(3), "b": jtorch.ones(2, 2)}
    dcp.save(state, storage_writer=HuggingFaceStorageWriter(str(tmp_path), {"a": 1, "b": 2}))
    assert sorted(os.listdir(tmp_path))[:2] == ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]
    reader = HuggingFaceStorageReader(str(tmp_path))
    assert reader.read_metadata().state_dict_metadata["b"].size == (2, 2)
    again = {"b": jtorch.zeros(2, 2)}
    dcp.load(again, storage_reader=reader)
    assert again["b"].equal(state["b"])
    with pytest.raises(dcp.CheckpointException):
        dcp.load({"c": jtorch.zeros(1)}, storage_reader=reader)


def test_readers_writers_and_plans(tmp_path):
    writer, reader = dcp.FileSystemWriter(tmp_path / "a"), dcp.FileSystemReader(tmp_path / "a")
    dcp.save({"x": jtorch.ones(2), "n": 3}, storage_writer=writer, planner=dcp.DefaultSavePlanner())
    state = {"x": jtorch.zeros(2), "y": jtorch.zeros(1), "m": 1}
    with pytest.raises(dcp.CheckpointException, match="Missing key in checkpoint state_dict: y"):
        dcp.load(state, storage_reader=reader)
    dcp.load(state, storage_reader=reader, planner=dcp.DefaultLoadPlanner(allow_partial_load=True))
    assert state["x"].tolist() == [1, 1] and state["y"].tolist() == [0] and state["m"] == 1
    assert sorted(reader.read_metadata().state_dict_metadata) == ["n", "x"]
    with pytest.raises(RuntimeError, match="already exists"):
        dcp.save(state, storage_writer=dcp.FileSystemWriter(tmp_path / "a", overwrite=False))
    with pytest.raises(NotImplementedError, match="storage by FileSystemReader is not there"):
        dcp.save(state, storage_writer=reader)

    class Plan(dcp.DefaultLoadPlanner):
        pass

    with pytest.raises(NotImplementedError, match="plans of Plan are not there"):
        dcp.load(state, storage_reader=reader, planner=Plan())
