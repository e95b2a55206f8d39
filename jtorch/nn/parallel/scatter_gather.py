"""Batches cut for several devices, and put together again."""

import warnings

import jtorch
from jtorch.tensor import Tensor


def scatter(inputs, target_gpus, dim: int = 0) -> list:
    """Inputs for each device: tensors are cut along `dim`, containers are rebuilt around the pieces, and all else is repeated.

    >>> import jtorch as torch
    >>> torch.nn.parallel.scatter([torch.arange(4), "label"], ["cpu", "cpu"])
    [[tensor([0, 1]), 'label'], [tensor([2, 3]), 'label']]
    """
    devices = [jtorch.device("cuda", d) if isinstance(d, int) else jtorch.device(d) for d in target_gpus]

    def pieces(value) -> list:
        if isinstance(value, Tensor):
            return [part.to(d) for part, d in zip(value.chunk(len(devices), dim), devices, strict=False)]
        if isinstance(value, tuple) and hasattr(value, "_fields"):
            return [type(value)(*row) for row in zip(*map(pieces, value), strict=False)]
        if isinstance(value, tuple) and value:
            return list(zip(*map(pieces, value), strict=False))
        if isinstance(value, list) and value:
            return [list(row) for row in zip(*map(pieces, value), strict=False)]
        if isinstance(value, dict) and value:
            rows = zip(*map(pieces, value.items()), strict=False)
            return [type(value)(row) for row in rows]
        return [value] * len(devices)

    return pieces(inputs)


def gather(outputs, target_device, dim: int = 0):
    """What devices gave, joined along `dim` on one of them; numbers become a vector, and containers are joined by their parts."""
    first = outputs[0]
    if isinstance(first, Tensor):
        parts = [x.to(target_device) for x in outputs]
        if first.dim():
            return jtorch.cat(parts, dim)
        warnings.warn(
            "Was asked to gather along dimension 0, but all input tensors were scalars; will instead unsqueeze and return a vector.",
            stacklevel=2,
        )
        return jtorch.stack(parts)
    if first is None:
        return None
    if isinstance(first, dict):
        if any(len(x) != len(first) for x in outputs):
            raise ValueError("All dicts must have the same number of keys")
        return type(first)((key, gather([x[key] for x in outputs], target_device, dim)) for key in first)
    parts = [gather(column, target_device, dim) for column in zip(*outputs, strict=True)]
    return type(first)(*parts) if hasattr(first, "_fields") else type(first)(parts)
