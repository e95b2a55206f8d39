"""Replicas of a module on several devices, whose gradients come back to the one they were made from."""

import jtorch

__all__ = ["replicate"]


def replicate(network, devices, detach: bool = False) -> list:
    """A copy of `network` for each device. Copies hold no parameters but tensors made from them, so that gradients reach the network's own.

    Buffers of the copy on the network's own device are the network's; those of the others are copies.
    """
    return [_replica(network, _device(device), i == 0, detach, {}) for i, device in enumerate(devices)]


def _device(device):
    return jtorch.device("cuda", device) if isinstance(device, int) else jtorch.device(device)


def _replica(module, device, first: bool, detach: bool, made: dict):
    if module in made:
        return made[module]
    replica = made[module] = module.__new__(type(module))
    vars(replica).update(vars(module))
    replica.__dict__["_parameters"], replica.__dict__["_buffers"], replica.__dict__["_modules"] = {}, {}, {}
    replica.__dict__["_is_replica"] = True
    former = replica.__dict__["_former_parameters"] = {}
    for name, parameter in module._parameters.items():
        copy = None
        if parameter is not None:
            source = parameter.detach() if detach else parameter
            copy = former[name] = source.view_as(source) if source.device == device else source.to(device)
        replica.__dict__[name] = copy
    for name, buffer in module._buffers.items():
        replica._buffers[name] = (
            buffer if buffer is None or (first and buffer.device == device) else buffer.detach().to(device)
        )
    for name, child in module._modules.items():
        replica._modules[name] = None if child is None else _replica(child, device, first, detach, made)
    return replica
