"""torch.jit: what is scripted or traced computes the same, shows itself, and comes back from a file."""

import hashlib
import io
import json
import subprocess
import sys
import zipfile

import numpy as np
import pytest

import jtorch

pytestmark = pytest.mark.filterwarnings("ignore:.torch.jit:DeprecationWarning")


class Net(jtorch.nn.Module):
    def __init__(self):
        super().__init__()
        self.body = jtorch.nn.Sequential(jtorch.nn.Linear(3, 4), jtorch.nn.BatchNorm1d(4))
        self.head = jtorch.nn.Linear(4, 2, bias=False)

    def forward(self, x, scale: float = 1.0):
        return {"out": self.head(self.body(x).relu()) * scale, "shape": (x.shape[0], None)}

    @jtorch.jit.export
    def other(self):
        return "other"


def saved(module, **options) -> io.BytesIO:
    pytest.importorskip("flatbuffers")
    file = io.BytesIO()
    jtorch.jit.save(module, file, **options)
    file.seek(0)
    return file


X = jtorch.arange(15.0).view(5, 3) / 10


def test_a_scripted_module_is_the_module():
    module = Net()
    scripted = jtorch.jit.script(module)
    assert isinstance(scripted, jtorch.jit.ScriptModule) and not isinstance(scripted, Net)
    assert list(scripted.state_dict()) == list(module.state_dict()) and scripted.head is module.head
    assert scripted.other() == "other" and scripted.original_name == "Net"
    assert "def forward(self, x, scale" in scripted.code
    scripted.eval()
    assert not module.training and not module.body[1].training
    jtorch.testing.assert_close(scripted(X)["out"], module(X)["out"])
    scripted.double()
    assert module.head.weight.dtype is jtorch.float64
    assert repr(scripted) == (
        "Net(original_name=Net\n  (body): Sequential(original_name=Sequential\n    (0): Linear(original_name=Linear)\n"
        "    (1): BatchNorm1d(original_name=BatchNorm1d)\n  )\n  (head): Linear(original_name=Linear)\n)"
    )
    with pytest.raises(RuntimeError, match="cannot be pickled"):
        jtorch.save(scripted, io.BytesIO())


def test_a_scripted_function():
    @jtorch.jit.script
    def f(x, n: int):
        """Doc."""
        return x * n if n > 1 else x - n

    assert f(jtorch.ones(1), 2).item() == 2 and f(jtorch.ones(1), 1).item() == 0
    assert f.name == "f" and f.__doc__ == "Doc." and "return x * n" in f.code
    assert "mul" in str(f.graph)
    file = saved(f)
    loaded = jtorch.jit.load(file)
    assert loaded(jtorch.ones(1), 2).item() == 2 and loaded(jtorch.ones(1), 1).item() == 0


def test_a_module_comes_back_from_a_file(tmp_path):
    pytest.importorskip("flatbuffers")
    module = Net().eval()
    traced = jtorch.jit.trace(module, X, check_inputs=[X[:2]])
    path = tmp_path / "net.pt"
    traced.save(path, _extra_files={"labels.txt": "a b"})
    extra = {"labels.txt": "", "none": ""}
    loaded = jtorch.jit.load(path, map_location="cpu", _extra_files=extra)
    assert extra == {"labels.txt": b"a b", "none": ""}
    assert list(loaded.state_dict()) == list(module.state_dict()) and not loaded.training
    for x in (X, X[:2]):
        made = loaded(x)
        jtorch.testing.assert_close(made["out"], module(x)["out"])
        assert made["shape"] == (x.shape[0], None)
    assert loaded(X[:1])["shape"] == (1, None)
    with pytest.raises(NotImplementedError, match="dimension 0 of tensor 0 of the arguments is 0, and n0 in the file"):
        loaded(X[:0])
    with pytest.raises(RuntimeError, match="no program for arguments"):
        loaded(X, 2.0)
    # Trained on, saved again and loaded again.
    loaded(X)["out"].sum().backward()
    module(X)["out"].sum().backward()
    jtorch.testing.assert_close(loaded.body.get_submodule("0").weight.grad, module.body[0].weight.grad)
    with jtorch.no_grad():
        loaded.head.weight.zero_()
    again = jtorch.jit.load(saved(loaded))
    assert again(X)["out"].abs().sum() == 0 and again.code == traced.code


def test_a_module_in_training_keeps_its_statistics_in_motion():
    module = Net()
    loaded = jtorch.jit.load(saved(jtorch.jit.trace(module, X)))
    module(X), loaded(X)
    jtorch.testing.assert_close(loaded.state_dict(), module.state_dict())


class Positions(jtorch.nn.Module):
    """Numbers, constants and a mask that depend on sizes."""

    def __init__(self):
        super().__init__()
        self.tokens, self.positions = jtorch.nn.Embedding(9, 4), jtorch.nn.Embedding(50, 4)

    def forward(self, tokens, scale):
        batch, time = tokens.shape
        x = self.tokens(tokens) + self.positions(jtorch.arange(time)) * scale.view(batch, 1, 1)
        seen = jtorch.tril(jtorch.ones(time, time)).bool()
        x = (x @ x.transpose(1, 2)).masked_fill(~seen, float("-inf")).softmax(-1) @ x
        return x.reshape(batch * time, 4), jtorch.nn.functional.silu(x).mean(), x.std(0), [batch, batch * time + 1]


def images():
    layers = jtorch.nn.Conv2d(3, 4, 3), jtorch.nn.BatchNorm2d(4), jtorch.nn.ReLU(), jtorch.nn.MaxPool2d(2)
    head = jtorch.nn.AdaptiveAvgPool2d(1), jtorch.nn.Flatten(), jtorch.nn.Dropout(), jtorch.nn.Linear(4, 5)
    return jtorch.nn.Sequential(*layers, *head).eval()


OTHER_SIZES = {
    "images": (images, [(jtorch.randn(1, 3, 16, 16),)], [(jtorch.randn(4, 3, 16, 16),)]),
    "lstm": (
        lambda: jtorch.nn.LSTM(3, 4, batch_first=True),
        [(jtorch.randn(2, 5, 3),)],
        [(jtorch.randn(1, 5, 3),), (jtorch.randn(3, 5, 3),)],
    ),
    "positions": (
        Positions,
        [(jtorch.zeros(2, 5, dtype=int), jtorch.randn(2)), (jtorch.zeros(3, 7, dtype=int), jtorch.randn(3))],
        [(jtorch.ones(4, 6, dtype=int), jtorch.randn(4)), (jtorch.ones(6, 4, dtype=int), jtorch.randn(6))],
    ),
}


@pytest.mark.parametrize("name", OTHER_SIZES)
def test_other_sizes_than_the_examples(name):
    make, examples, others = OTHER_SIZES[name]
    module = make()
    loaded = jtorch.jit.load(saved(jtorch.jit.trace(module, examples[0], check_inputs=examples[1:])))
    assert len([n for n in loaded.records if n.startswith("programs/")]) == 1
    for inputs in [*examples, *others]:
        made, expected = loaded(*inputs), module(*inputs)
        jtorch.testing.assert_close(made, expected, rtol=1e-4, atol=1e-5)
    first = [m if isinstance(m, jtorch.Tensor) else m[0] for m in (made, expected)]
    for module_, result in zip((loaded, module), first, strict=True):
        result.square().sum().backward()
        first[module_ is module] = [p.grad for p in module_.parameters()]
    jtorch.testing.assert_close(*first, rtol=1e-3, atol=1e-4)


def test_sizes_that_the_python_looks_at():
    branch = jtorch.jit.trace(lambda x: x.sin() if len(x) > 15 else x.cos().sin(), jtorch.ones(5))
    loaded = jtorch.jit.load(saved(branch))
    assert loaded(jtorch.zeros(5)).tolist() == pytest.approx([0.841471] * 5)
    expected = "dimension 0 of tensor 0 of the arguments is 4, and 5 in the file, where it is fixed since the number of operations"
    with pytest.raises(NotImplementedError, match=expected):
        loaded(jtorch.zeros(4))


def test_what_cannot_be_saved():
    pytest.importorskip("flatbuffers")
    with pytest.raises(RuntimeError, match="nothing is known of the arguments"):
        jtorch.jit.save(jtorch.jit.script(Net()), io.BytesIO())
    with pytest.raises(AttributeError, match="has no attribute 'save'"):
        jtorch.jit.save(Net(), io.BytesIO())
    branch = jtorch.jit.script(lambda x: x if x.sum() > 0 else -x)
    assert branch(jtorch.ones(1)).item() == 1
    with pytest.raises(RuntimeError, match="looks at values of tensors"):
        branch.save(io.BytesIO())
    noise = jtorch.jit.trace(jtorch.nn.Dropout(), jtorch.ones(2))
    with pytest.raises(RuntimeError, match="draws random numbers"):
        noise.save(io.BytesIO())


def rewritten(file, sums=True, **records) -> io.BytesIO:
    """A file with other records, and the checksums of these."""
    made = io.BytesIO()
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(made, "w") as new:
        records = {**{name: old.read(name) for name in old.namelist()}, **records}
        if sums:
            hashes = {n: hashlib.sha256(d).hexdigest() for n, d in records.items() if n != "checksums.json"}
            records["checksums.json"] = json.dumps(hashes).encode()
        for name, data in records.items():
            new.writestr(name, data)
    made.seek(0)
    return made


def test_damaged_files():
    file = saved(jtorch.jit.trace(Net().eval(), X))
    data = file.getvalue()
    description = json.loads(zipfile.ZipFile(file).read("program.json"))
    damaged = [
        data[:100],
        b"",
        data.replace(b"jax_export", b"jax_exqort", 1).replace(b"StableHLO", b"StableHLX", 1),
        rewritten(file, **{"program.json": b"{}"}).getvalue(),
        rewritten(file, **{"program.json": b"["}).getvalue(),
        rewritten(file, **{"program.json": json.dumps({**description, "state": ["gone"]}).encode()}).getvalue(),
        rewritten(file, **{"program.json": json.dumps({**description, "version": 1}).encode()}).getvalue(),
        rewritten(file, **{"state.pt": b"no state"}).getvalue(),
    ]
    for content in damaged:
        with pytest.raises(RuntimeError):
            jtorch.jit.load(io.BytesIO(content))
    with pytest.raises(ValueError, match="does not exist"):
        jtorch.jit.load("/nowhere/net.pt")


def test_checksums_are_looked_at_first():
    file = saved(jtorch.jit.trace(Net().eval(), X))
    program = zipfile.ZipFile(file).read("programs/0")
    flipped = program[:1000] + bytes([program[1000] ^ 1]) + program[1001:]
    cases = {
        r"the checksum of programs/0 is wrong, the file is damaged: make a new one by torch.jit.save": {
            "programs/0": flipped
        },
        r"the file has no checksum of 'extra/more'": {"extra/more": b"x"},
        r"the checksums are damaged": {"checksums.json": b"[]"},
    }
    for message, records in cases.items():
        with pytest.raises(RuntimeError, match=message.replace("'", "")):
            jtorch.jit.load(rewritten(file, sums=False, **records))
    old = io.BytesIO()
    with zipfile.ZipFile(file) as archive, zipfile.ZipFile(old, "w") as new:
        for name in set(archive.namelist()) - {"checksums.json"}:
            new.writestr(name, archive.read(name))
    with pytest.raises(RuntimeError, match="the file has no checksum of checksums.json"):
        jtorch.jit.load(io.BytesIO(old.getvalue()))


FUZZ = """
import io, random, sys, warnings
import jtorch

data, draw = open(sys.argv[1], "rb").read(), random.Random(0)
refused = same = 0
for number in range(200):
    made = bytearray(data)
    kind = number % 4
    if kind == 0:
        del made[draw.randrange(len(made)):]
    elif kind == 1:
        start = draw.randrange(len(made))
        made[start : start + 8] = bytes(draw.randrange(256) for _ in range(8))
    elif kind == 2:
        start, end = sorted(draw.sample(range(len(made)), 2))
        del made[start:end]
    else:
        for _ in range(draw.choice([1, 1, 20])):
            made[draw.randrange(len(made))] ^= 1 << draw.randrange(8)
    try:
        loaded = jtorch.jit.load(io.BytesIO(made))
    except RuntimeError:
        refused += 1
    else:
        same += loaded(jtorch.ones(2, 3)).shape == (2, 4)
print(refused, same)
"""


def test_no_damage_reaches_the_reader_of_programs(tmp_path):
    """In a process of its own: a reader that crashes takes its process along."""
    path = tmp_path / "net.pt"
    path.write_bytes(saved(jtorch.jit.trace(jtorch.nn.Linear(3, 4), X)).getvalue())
    done = subprocess.run([sys.executable, "-c", FUZZ, path], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    refused, same = map(int, done.stdout.split())
    assert refused + same == 200 and refused > 170


def test_torchscript_is_refused():
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("net/constants.pkl", b"")
        archive.writestr("net/code/__torch__.py", b"")
    with pytest.raises(NotImplementedError, match="file of TorchScript"):
        jtorch.jit.load(io.BytesIO(made.getvalue()))


def test_programs_that_call_back_into_python_are_refused():
    pytest.importorskip("flatbuffers")
    import jax
    from jax import export

    import jtorch.jit.program

    call = jax.ffi.ffi_call("anything", jax.ShapeDtypeStruct((2,), np.float32))
    checks = [export.DisabledSafetyCheck.custom_call("anything")]
    exported = export.export(jax.jit(call), disabled_checks=checks)(np.ones(2, np.float32))
    with pytest.raises(RuntimeError, match="which may be anything"):
        jtorch.jit.program._program(exported.serialize())


def test_linear_algebra_is_allowed():
    def f(x):
        return jtorch.linalg.solve(x @ x.T + jtorch.eye(3), x), jtorch.linalg.svd(x)[1], jtorch.linalg.eigh(x @ x.T)[0]

    x = jtorch.arange(9.0).view(3, 3).sin()
    loaded = jtorch.jit.load(saved(jtorch.jit.trace(f, x)))
    for made, expected in zip(loaded(x), f(x), strict=True):
        jtorch.testing.assert_close(made, expected, rtol=1e-4, atol=1e-5)


def test_freeze_wants_a_scripted_module_in_evaluation():
    with pytest.raises(RuntimeError, match="expects a ScriptModule"):
        jtorch.jit.freeze(Net())
    with pytest.raises(RuntimeError, match="eval mode"):
        jtorch.jit.freeze(jtorch.jit.script(Net()))
    frozen = jtorch.jit.freeze(jtorch.jit.script(Net().eval()))
    assert frozen(X)["out"].shape == (5, 2)
