"""Devices: the vocabulary (`torch.device`) and which JAX device stands behind a name."""

import functools
import os
import re
import threading

_KINDS = ("cpu", "cuda", "tpu", "xla", "mps", "meta", "xpu", "hpu", "mtia", "privateuseone", "ipu", "ve", "vulkan", "fpga", "maia", "lazy", "hip", "mkldnn", "opengl", "opencl", "ideep")  # fmt: skip


class device:
    """Where a tensor lives: a type and an optional index.

    Any device can be named on any machine; it is an error only to put a tensor on one that is not there.

    >>> import jtorch as torch
    >>> torch.device("cuda:0"), torch.device("cpu").index
    (device(type='cuda', index=0), None)
    """

    __slots__ = ("type", "index")

    def __new__(cls, type=None, index=None, *, device=None):
        if type is None:
            type = device
        if isinstance(type, cls):
            return type
        if isinstance(type, int) and not isinstance(type, bool):
            type, index = "cuda", type
        if not isinstance(type, str):
            raise TypeError(f"device(): argument 'type' must be str, not {type.__class__.__name__}")
        name, colon, number = type.partition(":")
        if colon:
            if index is not None:
                raise RuntimeError(
                    f"type (string) must not include an index because index was passed explicitly: {type}"
                )
            if not re.fullmatch(r"0|[1-9]\d*", number):
                raise RuntimeError(f"Invalid device string: '{type}'")
            index = int(number)
        elif name not in _KINDS and any(c.isdigit() for c in name):
            raise RuntimeError(f"Invalid device string: '{type}'")
        if index is not None and index < 0:
            raise RuntimeError("Device index must not be negative")
        if name not in _KINDS:
            raise RuntimeError(
                f"Expected one of cpu, cuda, ipu, xpu, mkldnn, opengl, opencl, ideep, hip, ve, fpga, maia, xla, lazy, vulkan, mps, meta, hpu, mtia, privateuseone device type at start of device string: {name}"
            )
        return _device(name, index)

    def __repr__(self):
        return (
            f"device(type='{self.type}')" if self.index is None else f"device(type='{self.type}', index={self.index})"
        )

    def __str__(self):
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __eq__(self, other):
        return isinstance(other, device) and self.type == other.type and self.index == other.index

    def __hash__(self):
        return hash((self.type, self.index))

    def __reduce__(self):
        return (device, (self.type,) if self.index is None else (self.type, self.index))

    def __enter__(self):
        stack = _default.__dict__.setdefault("stack", [])
        stack.append(self)
        return self

    def __exit__(self, *exc):
        _default.stack.pop()

    def __call__(self, fn):
        @functools.wraps(fn)
        def on_device(*args, **kwargs):
            with self:
                return fn(*args, **kwargs)

        return on_device


@functools.cache
def _device(name: str, index: int | None) -> device:
    made = object.__new__(device)
    made.type, made.index = name, index
    return made


cpu = _device("cpu", None)
meta = _device("meta", None)  # of tensors with a shape and a dtype and no numbers
_default = threading.local()


def default_device() -> device:
    stack = _default.__dict__.get("stack")
    return stack[-1] if stack else DefaultDevice.device


_as_device = device


class DefaultDevice:
    device = cpu


def set_default_device(device) -> None:
    """Set the device of new tensors (None: back to cpu)."""
    DefaultDevice.device = cpu if device is None else canonical(_as_device(device))


@functools.cache
def accelerator() -> str | None:
    """Name users call the accelerator JAX has here: cuda, tpu, or None."""
    import jax

    platform = jax.default_backend()
    return {"gpu": "cuda", "cuda": "cuda", "rocm": "cuda", "tpu": "tpu"}.get(platform)


@functools.cache
def accelerator_devices() -> tuple:
    import jax

    return tuple(jax.devices()) if accelerator() else ()


@functools.cache
def cuda_devices() -> tuple:
    """The JAX devices behind `cuda:i`: real GPUs, or whatever `JTORCH_CUDA` names (tpu, cpu)."""
    stand_in = os.environ.get("JTORCH_CUDA")
    if stand_in:
        import jax

        try:
            return tuple(jax.devices(stand_in))
        except RuntimeError:
            raise RuntimeError(
                f"JTORCH_CUDA={stand_in}: JAX finds no {stand_in} here, only {jax.default_backend()}. Unset JTORCH_CUDA, or name a platform that is there."
            ) from None
    return accelerator_devices() if accelerator() == "cuda" else ()


class _Current(threading.local):
    index = 0


# The accelerator of the calling thread: `cuda` without an index means this one.
CURRENT = _Current()


def canonical(d: device) -> device:
    """`cuda` becomes the current `cuda:i`, `cpu:0` becomes `cpu`: one object per place."""
    if d.type == "cpu":
        return cpu if not d.index else d
    if d.type == "meta":
        return meta
    return d if d.index is not None else _device(d.type, CURRENT.index)


@functools.cache
def jax_device(d: device):
    """The JAX device behind a torch device; torch's error where there is none."""
    import jax

    if d.type == "cpu":
        found = jax.devices("cpu")
    elif d.type == "cuda":
        found = cuda_devices()
        if not found:
            raise AssertionError("Torch not compiled with CUDA enabled: JAX finds no GPU here. Use device='cpu', install jtorch-jax[cuda], or set JTORCH_CUDA=tpu to run on a TPU.")  # fmt: skip
    elif d.type in ("tpu", "xla"):
        found = accelerator_devices()
        if not found:
            raise RuntimeError(f"No {d.type} device: JAX finds only CPU here. Use device='cpu'.")
    else:
        raise NotImplementedError(f"device type {d.type!r} is not supported by jtorch; use 'cpu', 'cuda' or 'tpu'")
    index = d.index or 0
    if index >= len(found):
        raise RuntimeError(
            f"{d.type.upper()} error: invalid device ordinal {index}: there are {len(found)} such devices"
        )
    return found[index]


def of_jax(jax_dev) -> device:
    """The torch name of a JAX device."""
    if jax_dev.platform == "cpu":
        index = _cpu_index(jax_dev)
        return cpu if index == 0 else _device("cpu", index)
    return _device("tpu" if jax_dev.platform == "tpu" else "cuda", accelerator_devices().index(jax_dev))


def _cpu_index(jax_dev):
    import jax

    return jax.devices("cpu").index(jax_dev)


# Threads that a multiprocessor of an NVIDIA GPU holds, by compute capability, where they are not 2048.
_THREADS = {"7.5": 1024, "8.6": 1536, "8.7": 1536, "8.9": 1536, "12.0": 1536, "12.1": 1536}


@functools.cache
def most_threads(d: device) -> int:
    """How many threads a device holds at once, on which the order of CUDA's random numbers depends; what is no GPU counts as an H100."""
    found = jax_device(d)
    cores = getattr(found, "core_count", None)
    if found.platform != "gpu" or not cores:
        return 132 * 2048
    return cores * _THREADS.get(str(getattr(found, "compute_capability", "")), 2048)
