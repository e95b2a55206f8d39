"""All parameters as one vector, and back."""

import jtorch

__all__ = ["parameters_to_vector", "vector_to_parameters"]


def parameters_to_vector(parameters):
    """The parameters flattened and joined, differentiable.

    >>> import jtorch as torch
    >>> torch.nn.utils.parameters_to_vector(torch.nn.Linear(2, 3).parameters()).shape
    torch.Size([9])
    """
    device = None
    pieces = []
    for param in parameters:
        device = _check_device(param, device)
        pieces.append(param.view(-1))
    return jtorch.cat(pieces)


def vector_to_parameters(vec, parameters):
    """Make slices of the vector the parameters' data; they share its memory."""
    if not isinstance(vec, jtorch.Tensor):
        raise TypeError(f"expected torch.Tensor, but got: {jtorch.typename(vec)}")
    device = None
    start = 0
    for param in parameters:
        device = _check_device(param, device)
        end = start + param.numel()
        param.data = vec[start:end].view_as(param).data
        start = end


def _check_device(param, device):
    if device is not None and param.device != device:
        raise TypeError("Found two parameters on different devices, this is currently not supported.")
    return param.device
