"""The memory format of convolutions' weights."""

import jtorch

__all__ = ["convert_conv2d_weight_memory_format", "convert_conv3d_weight_memory_format"]


def convert_conv2d_weight_memory_format(module, memory_format):
    """Lay out the weights of all two-dimensional convolutions in a module in a memory format, `channels_last` say.

    torch converts inputs along the way for its kernels' sake; here it is strides that change, not speed.

    >>> import jtorch as torch
    >>> conv = torch.nn.utils.convert_conv2d_weight_memory_format(torch.nn.Conv2d(8, 4, 3), torch.channels_last)
    >>> conv.weight.stride()
    (72, 1, 24, 8)
    """
    return _convert(module, memory_format, (jtorch.nn.Conv2d, jtorch.nn.ConvTranspose2d))


def convert_conv3d_weight_memory_format(module, memory_format):
    """The same for three-dimensional convolutions and `channels_last_3d`."""
    return _convert(module, memory_format, (jtorch.nn.Conv3d, jtorch.nn.ConvTranspose3d))


def _convert(module, memory_format, kinds):
    for part in module.modules():
        if isinstance(part, kinds):
            data = part.weight.detach().clone(memory_format=memory_format)
            # Where a dimension is 1 the strides are ambiguous: resizing settles them.
            part.weight.data = data.resize_(data.size(), memory_format=memory_format)
    return module
