"""Which PyTorch this is compatible with, and what the numbers of a build would be there."""

from jtorch.torch_version import TorchVersion

__version__ = TorchVersion("2.13.0")  # the release of PyTorch whose behaviour is followed
debug = False
git_version = "Unknown"
hip = rocm = xpu = None


def __getattr__(name):
    if name == "cuda":
        return _cuda()
    raise AttributeError(f"module 'torch.version' has no attribute {name!r}")


def _cuda() -> str | None:
    """The CUDA release that JAX runs on, None where it has no GPU."""
    from jtorch import devices

    found = devices.cuda_devices()
    if not found or found[0].platform != "gpu":
        return None
    number = found[0].client.platform_version.rpartition("cuda ")[2].split()[0]
    if not number.isdigit():
        return None
    return f"{int(number) // 1000}.{int(number) % 1000 // 10}"
