"""torch.save and torch.load: files of PyTorch and of jtorch, both ways, and files that are damaged or hostile."""

import collections
import contextlib
import copy
import importlib
import io
import marshal
import operator
import os
import pickle
import random
import runpy
import shutil
import struct
import subprocess
import sys
import zipfile

import numpy as np
import pytest

from compat_tests import record_checkpoints
from compat_tests.record_checkpoints import DTYPES, FOLDER, filled

CUDA_MESSAGE = r"Attempting to deserialize object on a CUDA device but torch\.cuda\.is_available\(\) is False"


def saved(torch, obj, **options) -> bytes:
    file = io.BytesIO()
    torch.save(obj, file, **options)
    return file.getvalue()


def loaded(torch, data: bytes, **options):
    return torch.load(io.BytesIO(data), **options)


def assert_same(actual, expected, torch=None):
    """Equal values, dtypes, strides, offsets and kinds of containers; across libraries too."""
    if type(expected).__name__ in ("Tensor", "Parameter"):
        assert type(actual).__name__ == type(expected).__name__
        for what in ("dtype", "device", "requires_grad"):
            assert str(getattr(actual, what)) == str(getattr(expected, what))
        assert (actual.stride(), actual.storage_offset()) == (expected.stride(), expected.storage_offset())
        assert repr(actual) == repr(expected)
    elif isinstance(expected, dict):
        assert type(actual) is type(expected) and list(actual) == list(expected)
        for key, value in expected.items():
            assert_same(actual[key], value)
        assert getattr(actual, "_metadata", None) == getattr(expected, "_metadata", None)
    elif isinstance(expected, (list, tuple)):
        assert type(actual).__name__ == type(expected).__name__ and len(actual) == len(expected)
        for one, other in zip(actual, expected, strict=True):
            assert_same(one, other)
    else:
        assert repr(actual) == repr(expected)


def same_storage(*tensors) -> bool:
    return len({t.untyped_storage().data_ptr() for t in tensors}) == 1


def gpu_present(torch) -> bool:
    return torch.cuda.is_available() if torch.__name__ == "torch" else bool(torch.devices.cuda_devices())


# Files that PyTorch has written


def test_a_state_dict_of_pytorch(torch):
    state = torch.load(FOLDER / "state_dict.pth")
    network = record_checkpoints.model(torch)
    assert_same(state, network.state_dict())
    assert type(state) is collections.OrderedDict and state._metadata["norm"] == {"version": 2}
    with torch.no_grad():
        network.conv.weight.zero_()
    network.load_state_dict(state)
    assert network.conv.weight.flatten()[1].item() == 0.5


@pytest.mark.parametrize("name", ["views.pth", "views_legacy.pth"])
def test_views_of_pytorch(torch, name):
    views = torch.load(FOLDER / name)
    assert_same(views, record_checkpoints.views(torch))
    assert same_storage(*(views[n] for n in ("base", "transposed", "row", "element", "strided")))
    assert views["again"] is views["base"]
    assert views["alone"].untyped_storage().nbytes() == 40
    views["base"][1, 1] = 50
    assert views["row"][1] == views["transposed"][1, 1] == views["strided"][1] == 50


def test_dtypes_of_pytorch(torch):
    tensors = torch.load(FOLDER / "dtypes.pth")
    assert_same(tensors, {name: filled(torch, (3,)).to(getattr(torch, name)) for name in DTYPES})


def test_a_checkpoint_of_pytorch(torch):
    checkpoint = torch.load(FOLDER / "checkpoint.pth")
    assert_same(
        checkpoint["optimizer"]["param_groups"], record_checkpoints.checkpoint(torch)["optimizer"]["param_groups"]
    )
    for unchanged in (
        "epoch",
        "losses",
        "best",
        "name",
        "classes",
        "seen",
        "raw",
        "count",
        "big",
        "device",
        "dtype",
        "shape",
    ):
        assert repr(checkpoint[unchanged]) == repr(record_checkpoints.checkpoint(torch)[unchanged])
    network = record_checkpoints.model(torch)
    optimizer = torch.optim.Adam(network.parameters())
    network.load_state_dict(checkpoint["model"])
    optimizer.load_state_dict(checkpoint["optimizer"])
    assert optimizer.param_groups[0]["lr"] == 0.01
    assert optimizer.state[network.out.bias]["exp_avg"].item() == pytest.approx(0.1)


def test_a_whole_module_of_pytorch(torch):
    network = torch.load(FOLDER / "module.pth", weights_only=False)
    assert type(network) is torch.nn.Sequential and repr(network) == repr(record_checkpoints.model(torch))
    assert network[:3].eval()(torch.ones(1, 1, 3, 3)).shape == (1, 2, 1, 1)


def test_parameters_of_pytorch(torch):
    tagged, frozen, leaf, conjugate = torch.load(FOLDER / "parameters.pth")
    assert tagged.tag == "first" and tagged.requires_grad and type(tagged) is torch.nn.Parameter
    assert not frozen.requires_grad and leaf.requires_grad and leaf.is_leaf
    assert (conjugate * 1).tolist() == [-0.5j]


def test_map_location(torch):
    tags = []

    def note(storage, tag):
        tags.append((type(storage).__name__, str(storage.device), tag, storage.nbytes()))
        return storage

    on_cpu = [filled(torch, (2,)), filled(torch, (3,))]
    for where in ("cpu", torch.device("cpu"), {"cuda:0": "cpu", "cuda:1": "cpu"}, note):
        assert_same(torch.load(FOLDER / "cuda.pth", map_location=where), on_cpu)
    assert tags == [("UntypedStorage", "cpu", "cuda:0", 8), ("UntypedStorage", "cpu", "cuda:1", 12)]
    with pytest.raises(RuntimeError, match=r"don't know how to restore data location of .*\(tagged with nowhere\)"):
        torch.load(FOLDER / "cuda.pth", map_location="nowhere")
    if not gpu_present(torch):
        for where in (None, {"cuda:0": "cpu"}, lambda storage, tag: None):
            with pytest.raises(RuntimeError, match=CUDA_MESSAGE):
                torch.load(FOLDER / "cuda.pth", map_location=where)


@pytest.mark.jtorch_only
def test_devices_in_files():
    """With two devices of JAX standing in for GPUs."""
    program = """
import io, jtorch as torch
x = torch.arange(3.0).to("cuda:1")
for legacy in (False, True):
    file = io.BytesIO()
    torch.save([x, torch.ones(1)], file, _use_new_zipfile_serialization=not legacy)
    for where in (None, "cpu", "cuda:1", {"cuda:1": "cpu"}, lambda storage, tag: storage.cuda(1)):
        file.seek(0)
        print(*(t.device for t in torch.load(file, map_location=where)), end=", ")
print(torch.load(r"FILE")[1].device, x)
file.seek(0)
try:
    torch.load(file, map_location="cuda:2")
except RuntimeError as error:
    print(error)
"""
    environment = dict(os.environ, XLA_FLAGS="--xla_force_host_platform_device_count=2", JTORCH_CUDA="cpu")
    program = program.replace("FILE", str(FOLDER / "cuda.pth"))
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, cwd=FOLDER.parent.parent, env=environment)
    places = "cuda:1 cpu, cpu cpu, cuda:1 cuda:1, cpu cpu, cuda:1 cuda:1, " * 2
    assert done.stdout.splitlines()[0] == f"{places}cuda:1 tensor([0., 1., 2.], device='cuda:1')", done.stderr
    assert "CUDA device 2 but torch.cuda.device_count() is 2. Please use torch.load with map_location" in done.stdout


# Round trips


@pytest.mark.parametrize("legacy", [False, True], ids=["zip", "legacy"])
@pytest.mark.parametrize("weights_only", [True, False])
def test_round_trip(torch, legacy, weights_only):
    for make in (record_checkpoints.views, record_checkpoints.checkpoint):
        obj = make(torch)
        data = saved(torch, obj, _use_new_zipfile_serialization=not legacy)
        assert_same(loaded(torch, data, weights_only=weights_only), obj)
    views = loaded(torch, saved(torch, record_checkpoints.views(torch), _use_new_zipfile_serialization=not legacy))
    views["base"][1, 1] = 50
    assert views["row"][1] == views["transposed"][1, 1] == 50


def test_history_is_not_saved(torch):
    result = torch.ones(2, requires_grad=True) * 2
    again = loaded(torch, saved(torch, result))
    assert again.requires_grad and again.is_leaf


def test_paths_and_files(torch, tmp_path, monkeypatch):
    obj = {"x": filled(torch, (3,))}
    torch.save(obj, tmp_path / "a.pth")
    torch.save(obj, str(tmp_path / "模型.pth"))
    with open(tmp_path / "b.bin", "wb") as file:
        torch.save(obj, file)
    with open(tmp_path / "b.bin", "rb") as file:
        assert_same(torch.load(file), obj)
    monkeypatch.chdir(tmp_path)
    for path in ("a.pth", tmp_path / "模型.pth", "b.bin"):
        assert_same(torch.load(path), obj)
    assert_same(torch.load(tmp_path / "a.pth", mmap=True), obj)
    assert zipfile.ZipFile(tmp_path / "a.pth").namelist()[0] == "a/data.pkl"


KILLED = """
import os, sys
import jtorch
from jtorch.serialization import saving
write = saving.ArchiveWriter.write
def killed(self, name, data, absent=0):
    write(self, name, data, absent)
    self.file.flush()
    if name == "data/0":
        os._exit(9)
saving.ArchiveWriter.write = killed
jtorch.save({"x": jtorch.ones(1000), "y": jtorch.ones(1000)}, sys.argv[1])
"""


@pytest.mark.jtorch_only
def test_a_save_that_is_cut_off_leaves_the_old_file(torch, tmp_path, monkeypatch):
    path = tmp_path / "x.pth"
    torch.save({"x": torch.zeros(3)}, path)
    assert subprocess.run([sys.executable, "-c", KILLED, str(path)]).returncode == 9
    assert torch.load(path)["x"].tolist() == [0, 0, 0]
    for left in tmp_path.glob("*.part"):
        left.unlink()
    monkeypatch.setattr("jtorch.serialization.saving._write", lambda *args: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        torch.save({"x": torch.ones(3)}, path)
    assert [p.name for p in tmp_path.iterdir()] == ["x.pth"] and torch.load(path)["x"].tolist() == [0, 0, 0]


def test_a_file_keeps_its_place_and_its_rights(torch, tmp_path):
    path, link = tmp_path / "x.pth", tmp_path / "link.pth"
    torch.save(torch.zeros(1), path)
    path.chmod(0o640)
    link.symlink_to(path)
    torch.save(torch.ones(1), link)
    assert link.is_symlink() and torch.load(path).item() == 1 and path.stat().st_mode & 0o777 == 0o640
    torch.save(torch.ones(1), os.devnull)
    with pytest.raises(RuntimeError, match="Parent directory .* does not exist"):
        torch.save(torch.ones(1), tmp_path / "none" / "x.pth")
    with pytest.raises(RuntimeError):
        torch.save(torch.ones(1), tmp_path)


def test_a_mapped_file_can_be_saved_over(torch, tmp_path):
    path = tmp_path / "x.pth"
    torch.save(filled(torch, (3,)), path)
    mapped = torch.load(path, mmap=True)
    if torch.__name__ == "jtorch":  # PyTorch writes into the file that is mapped
        torch.save(mapped + 1, path)
        assert mapped.tolist() == [0, 0.5, 1] and torch.load(path).tolist() == [1, 1.5, 2]


def test_a_file_object_needs_only_write(torch):
    class Sink:
        def __init__(self):
            self.parts = []

        def write(self, data):
            self.parts.append(bytes(data))
            return len(data)

        def flush(self):
            self.flushed = True

    sink = Sink()
    torch.save(filled(torch, (3,)), sink)
    assert sink.flushed and loaded(torch, b"".join(sink.parts)).tolist() == [0, 0.5, 1]


def test_mapped_tensors_can_be_written_and_leave_the_file_alone(torch, tmp_path):
    torch.save(filled(torch, (3,)), tmp_path / "x.pth")
    mapped = torch.load(tmp_path / "x.pth", mmap=True)
    mapped += 1
    assert mapped.tolist() == [1, 1.5, 2]
    assert torch.load(tmp_path / "x.pth").tolist() == [0, 0.5, 1]


def test_pickle_module(torch):
    class Counting(pickle.Pickler):
        used = 0

        def __init__(self, *args, **kwargs):
            Counting.used += 1
            super().__init__(*args, **kwargs)

    module = type(sys)("counting")
    module.Pickler, module.Unpickler, module.load, module.dump = Counting, pickle.Unpickler, pickle.load, pickle.dump
    data = saved(torch, {"x": filled(torch, (2,))}, pickle_module=module)
    assert Counting.used == 1
    assert loaded(torch, data, pickle_module=module)["x"].tolist() == [0, 0.5]
    with pytest.raises(RuntimeError, match="Can not safely load weights when explicit pickle_module is specified"):
        loaded(torch, data, pickle_module=module, weights_only=True)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_pickle_protocols(torch, protocol):
    obj = {"x": [filled(torch, (2,)), filled(torch, (3,))], "d": torch.float16}
    assert_same(loaded(torch, saved(torch, obj, pickle_protocol=protocol), weights_only=False), obj)


@pytest.mark.filterwarnings("ignore:TypedStorage is deprecated")
def test_storages(torch):
    storage = torch.FloatStorage([1.0, 2.0, 3.0])
    again = loaded(torch, saved(torch, {"s": storage}))["s"]
    assert again.tolist() == [1, 2, 3] and again.dtype == torch.float32
    x = filled(torch, (4,))
    x_again, storage = loaded(torch, saved(torch, [x, x._typed_storage()]))
    x_again[0] = 9.0
    assert storage.tolist() == [9, 0.5, 1, 1.5]
    with pytest.raises(
        RuntimeError, match="Cannot save multiple tensors or storages that view the same data as different types"
    ):
        saved(torch, [x, x.view(torch.int32)])


def test_environment_forces_weights_only(torch, monkeypatch):
    data = saved(torch, torch.nn.ReLU())
    monkeypatch.setenv("TORCH_FORCE_WEIGHTS_ONLY_LOAD", "1")
    with pytest.raises(pickle.UnpicklingError):
        loaded(torch, data, weights_only=False)
    monkeypatch.delenv("TORCH_FORCE_WEIGHTS_ONLY_LOAD")
    monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")
    with pytest.warns(UserWarning, match="TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD detected"):
        assert type(loaded(torch, data)) is torch.nn.ReLU


# Plain pickle


def test_plain_pickle(torch):
    """Keeps identity within one pickle, strides and offsets; not the sharing of storages, which only torch.save keeps."""
    x = filled(torch, (2, 3))
    a, again, row, leaf = pickle.loads(pickle.dumps((x, x, x[1], torch.ones(2, requires_grad=True))))
    assert_same(row, x[1])
    assert a is again and not same_storage(a, row) and not same_storage(a, x) and leaf.requires_grad


def test_plain_pickle_keeps_attributes(torch):
    parameter = torch.nn.Parameter(torch.ones(2))
    parameter.tag = "p"
    tensor = torch.ones(2)
    tensor.tag = "t"
    again = pickle.loads(pickle.dumps([parameter, tensor]))
    assert [t.tag for t in again] == ["p", "t"] and type(again[0]) is torch.nn.Parameter


def test_hooks_are_not_pickled(torch):
    x = torch.ones(2, requires_grad=True)
    x.register_hook(lambda grad: grad)
    with pytest.warns(UserWarning, match="backward hook .* on tensor will not be serialized"):
        assert pickle.loads(pickle.dumps(x)).tolist() == [1, 1]


@pytest.mark.jtorch_only
def test_plain_pickle_needs_no_torch(torch):
    """A pickle of plain `pickle` names jtorch's own modules, so that a worker process can read it."""
    data = pickle.dumps([torch.ones(2), torch.nn.Parameter(torch.ones(1)), torch.float32, torch.Size([1])])
    program = f"import pickle, sys; sys.modules['torch'] = None; print(pickle.loads({data!r})[0].tolist())"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=FOLDER.parent.parent)
    assert done.stdout == "[1.0, 1.0]\n", done.stderr


# weights_only


class Config:
    def __init__(self, width):
        self.width = width


class Named:
    __slots__ = ("name",)

    def __init__(self, name):
        self.name = name


def make_config(width):
    return Config(width)


class Runs:
    """Pickles as a call."""

    def __init__(self, function, *args):
        self.function, self.args = function, args

    def __reduce__(self):
        return self.function, self.args


def test_a_class_must_be_allowed(torch):
    data = saved(torch, {"c": Config(3), "n": Named("x")})
    name = f"{Config.__module__}.Config"
    with pytest.raises(pickle.UnpicklingError) as caught:
        loaded(torch, data)
    text = str(caught.value)
    assert text.startswith("Weights only load failed. This file can still be loaded, to do so you have two options, ")
    assert f"Unsupported global: GLOBAL {name} was not an allowed global by default. " in text
    assert f"Please use `torch.serialization.add_safe_globals([{name}])`" in text
    with torch.serialization.safe_globals([Config, Named]):
        assert {Config, Named} <= set(torch.serialization.get_safe_globals())
        again = loaded(torch, data)
    assert again["c"].width == 3 and again["n"].name == "x"
    assert Config not in torch.serialization.get_safe_globals()
    torch.serialization.add_safe_globals([(Config, name), Named])
    assert loaded(torch, data)["c"].width == 3
    torch.serialization.clear_safe_globals()
    with pytest.raises(pickle.UnpicklingError):
        loaded(torch, data)
    assert loaded(torch, data, weights_only=False)["c"].width == 3


def test_a_function_must_be_allowed(torch):
    data = saved(torch, Runs(make_config, 4))
    with pytest.raises(pickle.UnpicklingError, match=r"make_config was not an allowed global"):
        loaded(torch, data)
    with torch.serialization.safe_globals([make_config]):
        assert loaded(torch, data).width == 4


def test_modules_must_be_allowed(torch):
    data = saved(torch, torch.nn.Linear(2, 1))
    with pytest.raises(pickle.UnpicklingError, match=r"GLOBAL torch\.nn\.modules\.linear\.Linear was not an allowed"):
        loaded(torch, data)
    unsafe = torch.serialization.get_unsafe_globals_in_checkpoint(io.BytesIO(data))
    assert "torch.nn.modules.linear.Linear" in unsafe
    with torch.serialization.safe_globals([torch.nn.Linear]):
        assert loaded(torch, data).weight.shape == (1, 2)


@pytest.mark.parametrize(
    "function",
    [
        os.system,
        eval,
        exec,
        open,
        getattr,
        __import__,
        subprocess.call,
        os.popen,
        os.remove,
        subprocess.Popen,
        importlib.import_module,
        pickle.loads,
        marshal.loads,
        runpy.run_path,
        shutil.rmtree,
        compile,
        operator.attrgetter,
    ],
)
@pytest.mark.parametrize("legacy", [False, True], ids=["zip", "legacy"])
def test_no_code_runs(torch, function, legacy, tmp_path):
    canary = tmp_path / "ran"
    args = (
        (f"touch {canary}",) if function in (os.system, os.popen, subprocess.call) else (f"open({str(canary)!r}, 'w')",)
    )
    data = saved(torch, {"x": Runs(function, *args)}, _use_new_zipfile_serialization=not legacy)
    with pytest.raises(pickle.UnpicklingError, match="Weights only load failed"):
        loaded(torch, data)
    assert not canary.exists()


def test_blocked_modules_stay_blocked(torch):
    data = saved(torch, Runs(os.system, "true"))
    with (
        torch.serialization.safe_globals([os.system]),
        pytest.raises(pickle.UnpicklingError, match=r"unsupported GLOBAL posix\.system whose module posix is blocked"),
    ):
        loaded(torch, data)


# Files that are damaged or hostile


def archive(torch, changes=None, compression=zipfile.ZIP_STORED, obj=None) -> bytes:
    """A file of torch.save with some records replaced (None: left out)."""
    source = zipfile.ZipFile(io.BytesIO(saved(torch, obj if obj is not None else {"a": filled(torch, (4,))})))
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", compression) as target:
        for name in source.namelist():
            data = (changes or {}).get(name.partition("/")[2], source.read(name))
            if data is not None:
                target.writestr(name, data)
    return made.getvalue()


def pickled(torch) -> bytes:
    return zipfile.ZipFile(io.BytesIO(saved(torch, {"a": filled(torch, (4,))}))).read("archive/data.pkl")


def program(*parts: bytes) -> bytes:
    return b"\x80\x02" + b"".join(parts) + b"."


def test_files_that_are_no_files_of_torch(torch, tmp_path):
    with pytest.raises(FileNotFoundError):
        torch.load(tmp_path / "missing.pth")
    with pytest.raises(EOFError):
        loaded(torch, b"")
    with pytest.raises((pickle.UnpicklingError, KeyError)):
        loaded(torch, b"hello world, this is text")
    with pytest.raises(RuntimeError, match="Invalid magic number; corrupt file"):
        loaded(torch, pickle.dumps({}, protocol=2))
    with pytest.raises(AttributeError, match="You can only torch.load from a file that is seekable"):
        torch.load(5)
    with pytest.raises(
        AttributeError, match="expected 'f' to be string, path, or a file-like object with a 'write' attribute"
    ):
        torch.save(1, 5)
    with pytest.raises(RuntimeError, match=r"Parent directory .*nowhere does not exist\."):
        torch.save(1, tmp_path / "nowhere" / "x.pth")


@pytest.mark.parametrize("keep", [4, 5, 100, 0.5, 0.9, -5])
def test_truncated_files(torch, keep):
    data = saved(torch, filled(torch, (100,)))
    cut = data[: int(len(data) * keep) if isinstance(keep, float) else keep]
    with pytest.raises(RuntimeError, match="PytorchStreamReader failed reading zip archive"):
        loaded(torch, cut)


@pytest.mark.parametrize("keep", [20, 100, -3])
def test_truncated_legacy_files(torch, keep):
    data = saved(torch, filled(torch, (100,)), _use_new_zipfile_serialization=False)
    with pytest.raises((RuntimeError, EOFError, pickle.UnpicklingError, struct.error, IndexError)):
        loaded(torch, data[:keep])


def test_records(torch):
    assert loaded(torch, archive(torch, compression=zipfile.ZIP_DEFLATED))["a"].tolist() == [0, 0.5, 1, 1.5]
    assert loaded(torch, archive(torch, {"byteorder": None, ".format_version": None}))["a"].tolist() == [0, 0.5, 1, 1.5]
    big = np.arange(4, dtype=">f4").tobytes()
    assert loaded(torch, archive(torch, {"byteorder": b"big", "data/0": big}))["a"].tolist() == [0, 1, 2, 3]
    for changes, error, text in [
        ({"data.pkl": None}, RuntimeError, "PytorchStreamReader failed locating file data.pkl: file not found"),
        ({"data/0": None}, RuntimeError, "PytorchStreamReader failed locating file data/0: file not found"),
        ({"version": None}, RuntimeError, r'Expected hasRecord\("version"\) to be true, but got false'),
        ({"version": b"99\n"}, RuntimeError, "version 99, but the maximum supported version for reading is 10"),
        ({"version": b"x"}, RuntimeError, "Couldn't parse the version x as Long Long"),
        ({"byteorder": b"middle"}, ValueError, "Unknown endianness type: middle"),
        ({"data/0": b"1234"}, RuntimeError, r"record size \(4 bytes\) does not match expected size \(16 bytes"),
        ({"data/0": b"1234" * 9}, RuntimeError, r"record size \(36 bytes\) does not match expected size \(16 bytes"),
        ({"data.pkl": pickled(torch)[:-10]}, EOFError, None),
    ]:
        with pytest.raises(error, match=text):
            loaded(torch, archive(torch, changes))


@pytest.mark.parametrize(
    "before, after, error",
    [
        (b"K\x04tq", b"J\xff\xff\xff\x7ftq", "record size"),  # a storage of 8 GB
        (b"K\x04tq", b"J\xff\xff\xff\xfftq", None),  # of -1 elements
        (b"K\x04\x85", b"K\x09\x85", None),  # a tensor longer than its storage
        (b"K\x04\x85", b"J\xff\xff\xff\xff\x85", None),  # of -1 elements
        (b"K\x01\x85", b"K\x7f\x85", None),  # a stride that leaves the storage
        (b"QK\x00", b"QK\x05", None),  # an offset that does
        (b"QK\x00", b"QJ\xff\xff\xff\xff", None),  # a negative one
        (b"X\x01\x00\x00\x000", b"X\x0c\x00\x00\x00../../passwd", "failed locating file data/../../passwd"),
        (b"cpu", b"gpu", "don't know how to restore data location"),
        (b"FloatStorage", b"FloatStorag", "not an allowed global"),
    ],
)
def test_pickles_that_lie(torch, before, after, error):
    changed = pickled(torch).replace(before, after)
    assert changed != pickled(torch)
    errors = (RuntimeError, pickle.UnpicklingError) + ((TypeError,) if torch.__name__ == "torch" else ())
    with pytest.raises(errors, match=error):
        loaded(torch, archive(torch, {"data.pkl": changed}))


@pytest.mark.jtorch_only
def test_changed_bytes_are_noticed(torch):
    """PyTorch loads them: its reader skips the checksum."""
    data = bytearray(saved(torch, filled(torch, (4,))))
    at = data.index(np.array([0, 0.5, 1, 1.5], np.float32).tobytes())
    data[at + 6] ^= 1
    with pytest.raises(RuntimeError, match="failed reading file data/0: CRC-32 check failed"):
        loaded(torch, bytes(data))


def test_files_without_checksums(torch):
    torch.serialization.set_crc32_options(False)
    try:
        data = saved(torch, filled(torch, (4,)))
    finally:
        torch.serialization.set_crc32_options(True)
    assert loaded(torch, data).tolist() == [0, 0.5, 1, 1.5]
    assert zipfile.ZipFile(io.BytesIO(data)).infolist()[0].CRC == 0


def test_skip_data(torch):
    with torch.serialization.skip_data():
        data = saved(torch, filled(torch, (4,)))
    assert loaded(torch, data).tolist() == [0, 0, 0, 0]
    with torch.serialization.skip_data():
        assert loaded(torch, saved(torch, filled(torch, (4,)))).shape == (4,)


@pytest.mark.jtorch_only
@pytest.mark.parametrize(
    "code",
    [
        b"cbuiltins\nbytearray\nI1000000000\n\x85R",  # INT is not in the set of instructions
        b"cbuiltins\nbytearray\nJ\x00\x00\x00\x7f\x85R",  # 2 GB of zeros
        b"ctorch\nTensor\nJ\x00\x00\x00\x7f\x85R",
        b"ctorch\nTensor\nJ\x00\x00\x00\x7f\x85\x81",
        b"ctorch.storage\nUntypedStorage\nJ\x00\x00\x00\x7f\x85R",
        b"c_codecs\nencode\nX\x01\x00\x00\x00aX\x03\x00\x00\x00zip\x86R",
        b"c_codecs\nencode\nX\x01\x00\x00\x00aX\x06\x00\x00\x00os.pth\x86R",
        b"ctorch._tensor\n_rebuild_from_type_v2\n(cbuiltins\nset\nctorch\nTensor\n)}tR",
        b"ctorch.nn.parameter\nParameter\n}(X\x09\x00\x00\x00__class__N\x75b",
        b"ctorch.nn.parameter\nParameter\nNX\x01\x00\x00\x00aN\x87b",  # state of the class itself
        b"ctorch.float32\nx\n",
        b"N" + b"\x85" * 100000,  # hashing this would overflow the stack
        b"X\xff\xff\xff\xffabc",
        b"R",
        b"h\x05",
        b"}]Ns",
        b"NQ",
        b"X\x07\x00\x00\x00storage\x85Q",
        b"(X\x07\x00\x00\x00storageNNNNtQ",
        b"(X\x06\x00\x00\x00moduleNNNtQ",
        b"ccollections\nOrderedDict\n)RK\x01b",
        b"}K\x01K\x02es",
        b"\x8b\xff\xff\xff\x7f",
    ],
)
def test_hostile_programs(torch, code):
    with pytest.raises((pickle.UnpicklingError, EOFError)):
        loaded(torch, archive(torch, {"data.pkl": program(code)}))


@pytest.mark.jtorch_only
def test_state_cannot_reach_inside_a_parameter(torch):
    tagged = torch.nn.Parameter(torch.ones(2))
    tagged.tag = "x"
    data = saved(torch, tagged)
    inside = {"tag": "x"}
    for name in ("_storage", "_chain", "_hooks", "__class__"):
        changed = zipfile.ZipFile(io.BytesIO(data)).read("archive/data.pkl")
        old, new = (b"X" + struct.pack("<I", len(n)) + n.encode() for n in ("tag", name))
        with pytest.raises(RuntimeError, match="cannot be set on a tensor"):
            loaded(torch, archive(torch, {"data.pkl": changed.replace(old, new)}, obj=tagged))
    assert inside["tag"] == loaded(torch, data).tag


@pytest.mark.jtorch_only
def test_legacy_sizes_are_checked_before_memory_is_taken(torch):
    data = saved(torch, filled(torch, (4,)), _use_new_zipfile_serialization=False)
    assert data.count(b"K\x04N") == 1
    with pytest.raises(RuntimeError, match="more than the file holds"):
        loaded(torch, data.replace(b"K\x04N", b"J\xff\xff\xff\x7fN"))


@pytest.mark.jtorch_only
def test_overlapping_records_are_refused(torch):
    """Many names for one record would make much of a small file."""
    data = saved(torch, [torch.zeros(5000) for _ in range(5)])
    infos = zipfile.ZipFile(io.BytesIO(data)).infolist()
    first = next(i for i in infos if i.filename.endswith("data/0"))
    changed = bytearray(data)
    for info in infos:
        if info.filename[-6:-1] == "data/" and info is not first:
            entry = changed.rindex(info.filename.encode())
            changed[entry - 4 : entry] = struct.pack("<I", first.header_offset)
    short = bytes(changed[: first.header_offset + 21000]) + bytes(changed[infos[-1].header_offset :])
    with pytest.raises(RuntimeError):
        loaded(torch, short)


@pytest.mark.jtorch_only
@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
def test_random_damage_gives_clear_errors(torch, request):
    whole = saved(torch, record_checkpoints.views(torch))
    legacy = saved(torch, record_checkpoints.views(torch), _use_new_zipfile_serialization=False)
    names = zipfile.ZipFile(io.BytesIO(saved(torch, record_checkpoints.views(torch)))).read("archive/data.pkl")
    choose = random.Random(0)

    def damaged(data):
        data = bytearray(data)
        for _ in range(choose.choice([1, 2, 5])):
            at = choose.randrange(len(data))
            data[at : at + choose.choice([0, 1, 1, 9])] = bytes(
                choose.choices(b"\x80cRQ(tbu\x85\x81.aKqh", k=choose.choice([0, 1, 1]))
            )
        return bytes(data)

    for _ in range(request.config.getoption("--damage") // 3):
        for data in (
            damaged(whole),
            damaged(legacy),
            archive(torch, {"data.pkl": damaged(names)}, obj=record_checkpoints.views(torch)),
        ):
            with contextlib.suppress(RuntimeError, pickle.UnpicklingError, EOFError, ValueError):
                loaded(torch, data)


# With PyTorch itself


@pytest.mark.reference
@pytest.mark.parametrize("legacy", [False, True], ids=["zip", "legacy"])
@pytest.mark.parametrize("weights_only", [True, False])
@pytest.mark.parametrize("make", [record_checkpoints.views, record_checkpoints.checkpoint])
def test_each_reads_the_other(make, weights_only, legacy):
    import torch as pytorch

    import jtorch

    ours, theirs = make(jtorch), make(pytorch)
    options = {"_use_new_zipfile_serialization": not legacy}
    assert_same(loaded(pytorch, saved(jtorch, ours, **options), weights_only=weights_only), theirs)
    assert_same(loaded(jtorch, saved(pytorch, theirs, **options), weights_only=weights_only), ours)


@pytest.mark.reference
def test_whole_modules_both_ways():
    import torch as pytorch

    import jtorch

    ours = loaded(jtorch, saved(pytorch, record_checkpoints.model(pytorch)), weights_only=False)
    theirs = loaded(pytorch, saved(jtorch, record_checkpoints.model(jtorch)), weights_only=False)
    assert isinstance(ours, jtorch.nn.Module) and isinstance(theirs, pytorch.nn.Module)
    assert repr(ours) == repr(theirs)
    assert_same(dict(ours.state_dict()), dict(theirs.state_dict()))
    x = filled(pytorch, (1, 1, 3, 3))
    theirs.eval()[:3](x)


@pytest.mark.reference
def test_plain_pickles_of_pytorch():
    import torch as pytorch

    import jtorch
    from jtorch.serialization.loading import _unpickler_class

    data = pickle.dumps([filled(pytorch, (2, 3)).t(), pytorch.nn.Parameter(pytorch.ones(1))])
    tensor, parameter = _unpickler_class(pickle)(io.BytesIO(data)).load()
    assert_same(tensor, filled(jtorch, (2, 3)).t())
    assert type(parameter) is jtorch.nn.Parameter


@pytest.mark.reference
@pytest.mark.parametrize("legacy", [False, True], ids=["zip", "legacy"])
def test_conjugated_and_negated_views_of_pytorch(legacy):
    import torch as reference

    import jtorch

    pair = {"conj": reference.tensor([1 + 2j]).conj(), "neg": reference.tensor([1 + 2j]).conj().imag}
    data = saved(reference, pair, _use_new_zipfile_serialization=not legacy)
    made = loaded(jtorch, data)
    assert made["conj"].tolist() == [1 - 2j] and made["neg"].tolist() == [-2]


@pytest.mark.reference
def test_dtypes_both_ways():
    import torch as pytorch

    import jtorch

    both = [{name: filled(t, (3,)).to(getattr(t, name)) for name in DTYPES} for t in (jtorch, pytorch)]
    assert_same(loaded(pytorch, saved(jtorch, both[0])), both[1])
    assert_same(loaded(jtorch, saved(pytorch, both[1])), both[0])


@pytest.mark.reference
def test_files_are_laid_out_like_those_of_pytorch(tmp_path):
    """Same records at the same places: a reader that computes offsets instead of looking them up finds its data."""
    import torch as pytorch

    import jtorch

    layouts = []
    for library in (jtorch, pytorch):
        path = tmp_path / library.__name__ / "x.pth"
        path.parent.mkdir()
        library.save([filled(library, (n,)) for n in (3, 100, 0)][0], path)
        infos = zipfile.ZipFile(path).infolist()
        layouts.append([(i.filename, i.header_offset, i.file_size, i.flag_bits, i.compress_type) for i in infos])
        bytes_of = path.read_bytes()
        layouts[-1].append(bytes_of[: infos[-1].header_offset])
    assert layouts[0] == layouts[1]
    on_meta = pytorch.load(tmp_path / "jtorch" / "x.pth", map_location="meta")
    assert on_meta.untyped_storage()._checkpoint_offset % 64 == 0


@pytest.mark.reference
def test_large_archives_have_the_same_fields(monkeypatch):
    """The fields for records beyond 4 GB, tried with a limit that small records reach."""
    import torch as pytorch

    import jtorch
    from jtorch.serialization import archive as module

    monkeypatch.setattr(module, "ZIP64_LIMIT", 1000)
    data = saved(jtorch, [filled(jtorch, (1000,)), filled(jtorch, (2,))])
    for again in (loaded(pytorch, data), loaded(jtorch, data)):
        assert [t.tolist() for t in again] == [filled(pytorch, (1000,)).tolist(), [0, 0.5]]


def test_deepcopy_of_storages(torch):
    x = filled(torch, (4,))
    again = copy.deepcopy({"x": x, "y": x[1:]})
    again["x"][1] = 9
    assert again["y"][0] == 9 and x[1] == 0.5
