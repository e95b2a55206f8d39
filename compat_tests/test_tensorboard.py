"""torch.utils.tensorboard: what stands in the files. Needs the extra `tensorboard`; TensorBoard's own reader is asked where it is installed."""

import importlib.util
import struct

import numpy as np
import pytest

import jtorch
from jtorch import nn
from jtorch.utils.tensorboard import SummaryWriter

missing = importlib.util.find_spec("tensorboardX") is None
pytestmark = pytest.mark.skipif(missing, reason="needs tensorboardX")


def events(folder) -> list:
    """The events of a folder's files: each record is a length, a checksum, the bytes and their checksum."""
    from tensorboardX.proto.event_pb2 import Event

    found = []
    for path in sorted(folder.glob("events.out.tfevents.*")):
        data, at = path.read_bytes(), 0
        while at < len(data):
            (length,) = struct.unpack_from("<Q", data, at)
            found.append(Event.FromString(data[at + 12 : at + 12 + length]))
            at += length + 16
    return found


def values(folder) -> dict:
    return {(v.tag, e.step): v for e in events(folder) for v in e.summary.value}


def test_scalars(tmp_path):
    with SummaryWriter(tmp_path) as writer:
        writer.add_scalar("loss", jtorch.tensor(0.5, requires_grad=True), 1, walltime=3.0)
        writer.add_scalar("loss", 0.25, jtorch.tensor(2))
        writer.add_scalars("a/b", {"x": 1, "y": jtorch.tensor(2.0)}, 5)
    found = values(tmp_path)
    assert found["loss", 1].simple_value == 0.5 and found["loss", 2].simple_value == 0.25
    assert [e.wall_time for e in events(tmp_path) if e.step == 1] == [3.0]
    assert values(tmp_path / "a_b_x")["a/b", 5].simple_value == 1
    assert values(tmp_path / "a_b_y")["a/b", 5].simple_value == 2
    assert writer.log_dir == writer.get_logdir() == str(tmp_path)


def test_the_default_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    SummaryWriter(comment="_lr1").close()
    (folder,) = (tmp_path / "runs").iterdir()
    assert folder.name.endswith("_lr1") and list(folder.glob("events.out.tfevents.*"))


def test_tensors_where_arrays_are_taken(tmp_path):
    picture = jtorch.arange(48.0).view(3, 4, 4) / 48
    with SummaryWriter(tmp_path) as writer:
        writer.add_histogram("weights", nn.Linear(3, 2).weight, 0)
        writer.add_histogram("half", jtorch.ones(3, dtype=jtorch.bfloat16))
        writer.add_image("one", picture, 0)
        writer.add_images("many", picture.expand(2, 3, 4, 4))
        writer.add_text("note", "hello", 0)
        writer.add_audio("sound", jtorch.linspace(-2, 2, 5), sample_rate=8000)
        writer.add_pr_curve("curve", jtorch.tensor([0, 1, 1]), jtorch.tensor([0.1, 0.6, 0.8]))
        writer.add_tensor("tensor", jtorch.arange(4.0).view(2, 2))
        writer.add_mesh("mesh", jtorch.rand(1, 4, 3))
        writer.add_embedding(jtorch.randn(2, 3), metadata=["a", "b"], label_img=picture.expand(2, 3, 4, 4))
    found = values(tmp_path)
    assert found["weights", 0].histo.num == 6 and found["half", 0].histo.sum == 3
    assert (found["one", 0].image.height, found["one", 0].image.width) == (4, 4)
    assert found["sound", 0].audio.length_frames == 5
    samples = np.frombuffer(found["sound", 0].audio.encoded_audio_string[44:], "<i2")
    assert samples.tolist() == [-32767, -32767, 0, 32767, 32767]
    assert list(found["tensor", 0].tensor.float_val) == [0, 1, 2, 3]
    assert (tmp_path / "00000" / "default" / "metadata.tsv").read_text() == "a\nb\n"


def test_settings_of_a_run(tmp_path):
    with SummaryWriter(tmp_path) as writer:
        writer.add_hparams({"lr": 0.1, "name": "sgd"}, {"accuracy": jtorch.tensor(0.5)}, run_name="first")
        with pytest.raises(TypeError, match="should be dictionary"):
            writer.add_hparams([], {})
    found = values(tmp_path / "first")
    assert found["accuracy", 0].simple_value == 0.5
    assert {"_hparams_/experiment", "_hparams_/session_start_info", "_hparams_/session_end_info"} <= {
        tag for tag, _ in found
    }


def test_the_graph_of_a_module(tmp_path):
    from tensorboardX.proto.graph_pb2 import GraphDef

    with SummaryWriter(tmp_path) as writer:
        writer.add_graph(nn.Sequential(nn.Linear(3, 2), nn.Sequential(nn.ReLU())), jtorch.ones(1, 3))
    (graph,) = [GraphDef.FromString(e.graph_def) for e in events(tmp_path) if e.graph_def]
    assert [(node.name, node.op, list(node.input)) for node in graph.node] == [
        ("Sequential/input", "IO Node", []),
        ("Sequential/0", "Linear", ["Sequential/input"]),
        ("Sequential/1/0", "ReLU", ["Sequential/0"]),
        ("Sequential/output", "IO Node", ["Sequential/1/0"]),
    ]


def test_tensorboard_reads_it(tmp_path):
    reading = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    with SummaryWriter(tmp_path) as writer:
        for step in range(3):
            writer.add_scalar("loss", 1 / (step + 1), step)
        writer.add_histogram("weights", jtorch.arange(4.0))
    read = reading.EventAccumulator(str(tmp_path))
    read.Reload()
    assert [(point.step, point.value) for point in read.Scalars("loss")] == [(0, 1.0), (1, 0.5), (2, np.float32(1 / 3))]
    assert read.Tags()["histograms"] == ["weights"]
