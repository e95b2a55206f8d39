"""The order in memory of what layers give for images in channels-last order."""

from jtorch import dtypes
from jtorch.layout import channels_last_strides, is_contiguous, normal
from jtorch.tensor import Tensor

__all__: list[str] = []


def following(input: Tensor, output: Tensor) -> Tensor:
    """The fresh result of a layer, in channels-last order where its input is."""
    strides = input._strides
    if strides is not None and output.dim() == input.dim():
        shape = input._aval.shape
        if any(is_contiguous(shape, strides, f) for f in (dtypes.channels_last, dtypes.channels_last_3d)):
            wanted = normal(output._aval.shape, channels_last_strides(output._aval.shape))
            output._strides = output._storage.strides = wanted
    return output
