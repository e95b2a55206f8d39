"""torch.cuda.comm: tensors given to, and collected from, the devices of one process."""

import jtorch

__all__ = ["broadcast", "broadcast_coalesced", "gather", "reduce_add", "reduce_add_coalesced", "scatter"]


def _device(device):
    return jtorch.device("cuda", device) if isinstance(device, int) else jtorch.device(device)


def _destination(device):
    return jtorch.device("cuda", jtorch.cuda.current_device()) if device is None else _device(device)


def broadcast(tensor, devices=None, *, out=None) -> tuple:
    """A tensor on each of several devices."""
    if (devices is None) == (out is None):
        raise RuntimeError(
            f"Exactly one of 'devices' and 'out' must be specified, but got devices={devices} and out={out}"
        )
    if out is None:
        return tuple(tensor.to(_device(device)) for device in devices)
    for each in out:
        each.copy_(tensor)
    return tuple(out)


def broadcast_coalesced(tensors, devices, buffer_size: int = 10485760) -> list:
    """Several tensors on each of several devices: a list per device."""
    return [[tensor.to(_device(device)) for tensor in tensors] for device in devices]


def reduce_add(inputs, destination=None):
    """The sum of tensors from several devices."""
    if len(inputs) == 0:
        raise RuntimeError("reduce_add expects at least one input to be given")
    target = _destination(destination)
    total = inputs[0].to(target)
    for tensor in inputs[1:]:
        if tensor.shape != total.shape:
            raise ValueError(f"input 1 has invalid size: got {tuple(tensor.shape)}, but expected {tuple(total.shape)}")
        total = total + tensor.to(target)
    return total


def reduce_add_coalesced(inputs, destination=None, buffer_size: int = 10485760) -> tuple:
    """The sums of several tensors each, over devices."""
    return tuple(reduce_add(column, destination) for column in zip(*inputs, strict=True))


def scatter(tensor, devices=None, chunk_sizes=None, dim: int = 0, streams=None, *, out=None) -> tuple:
    """Pieces of a tensor along a dimension, equal ones or by sizes, one on each device."""
    if out is not None:
        for each, piece in zip(out, tensor.split([o.size(dim) for o in out], dim), strict=True):
            each.copy_(piece)
        return tuple(out)
    pieces = tensor.chunk(len(devices), dim) if chunk_sizes is None else tensor.split(list(chunk_sizes), dim)
    return tuple(piece.to(_device(device)) for piece, device in zip(pieces, devices, strict=False))


def gather(tensors, dim: int = 0, destination=None, *, out=None):
    """Tensors from several devices, joined along a dimension on one."""
    if out is not None:
        return out.copy_(jtorch.cat([t.to(out.device) for t in tensors], dim))
    target = _destination(destination)
    return jtorch.cat([t.to(target) for t in tensors], dim)
