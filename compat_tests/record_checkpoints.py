"""Files written by PyTorch, for the tests that read them without PyTorch.

python -m compat_tests.record_checkpoints      writes data/*.pth; needs PyTorch
"""

import collections
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "data"
DTYPES = (
    "float16",
    "float32",
    "float64",
    "bfloat16",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "bool",
    "complex64",
    "complex128",
    "uint16",
    "uint32",
    "uint64",
)


def filled(torch, shape):
    """0, 0.5, 1, ... in a shape: contents that a test can tell without a file."""
    count = 1
    for n in shape:
        count *= n
    return torch.arange(float(count)).reshape(shape) / 2


def model(torch):
    """A small network whose parameters are all known."""
    layers = collections.OrderedDict(
        conv=torch.nn.Conv2d(1, 2, 3), norm=torch.nn.BatchNorm2d(2), act=torch.nn.ReLU(), out=torch.nn.Linear(2, 1)
    )
    network = torch.nn.Sequential(layers)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(filled(torch, tuple(parameter.shape)))
    return network


def views(torch) -> dict:
    """Tensors on few storages: `base` and what looks at it, one alone on the middle of a storage, empty ones and numbers."""
    base = filled(torch, (3, 4))
    return {
        "base": base,
        "transposed": base.t(),
        "row": base[1],
        "element": base[2, 3],
        "strided": base.view(-1)[1:10:4],
        "again": base,
        "alone": filled(torch, (10,))[4:6],
        "expanded": filled(torch, (2, 1)).expand(2, 3),
        "channels_last": filled(torch, (1, 2, 3, 4)).contiguous(memory_format=torch.channels_last),
        "empty": torch.zeros(0, 3),
        "number": torch.tensor(7),
    }


def checkpoint(torch) -> dict:
    """What a training script saves."""
    network = model(torch)
    optimizer = torch.optim.Adam(network.parameters(), lr=0.01)
    for parameter in network.parameters():
        parameter.grad = torch.ones_like(parameter)
    optimizer.step()
    return {
        "epoch": 3,
        "model": network.state_dict(),
        "optimizer": optimizer.state_dict(),
        "losses": [0.5, 0.25],
        "best": None,
        "name": "网络",
        "classes": ("a", "b"),
        "seen": {1, 2},
        "raw": b"\x00\xff",
        "count": collections.Counter("aab"),
        "big": 10**30,
        "device": torch.device("cuda", 1),
        "dtype": torch.float16,
        "shape": torch.Size([2, 3]),
    }


def parameters(torch) -> list:
    tagged = torch.nn.Parameter(filled(torch, (2,)))
    tagged.tag = "first"
    frozen = torch.nn.Parameter(filled(torch, (2,)), requires_grad=False)
    return [tagged, frozen, filled(torch, (2,)).requires_grad_(), torch.view_as_complex(filled(torch, (1, 2))).conj()]


def record() -> None:
    import torch

    torch.save(model(torch).state_dict(), FOLDER / "state_dict.pth")
    torch.save(views(torch), FOLDER / "views.pth")
    torch.save(views(torch), FOLDER / "views_legacy.pth", _use_new_zipfile_serialization=False)
    torch.save({name: filled(torch, (3,)).to(getattr(torch, name)) for name in DTYPES}, FOLDER / "dtypes.pth")
    torch.save(checkpoint(torch), FOLDER / "checkpoint.pth")
    torch.save(model(torch), FOLDER / "module.pth")
    torch.save(parameters(torch), FOLDER / "parameters.pth")
    # A file from a machine with two GPUs, made on one without.
    tags = iter(["cuda:0", "cuda:1"])
    torch.serialization.register_package(0, lambda storage: next(tags), lambda storage, tag: None)
    torch.save([filled(torch, (2,)), filled(torch, (3,))], FOLDER / "cuda.pth")


if __name__ == "__main__":
    record()
