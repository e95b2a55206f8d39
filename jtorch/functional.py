"""torch.functional: functions of torch that are written in Python there, under their old path."""

from jtorch.functions.questions import broadcast_shapes, broadcast_tensors
from jtorch.methods import namespace as _namespace

__all__ = [
    name
    for name in """atleast_1d atleast_2d atleast_3d align_tensors block_diag cartesian_prod cdist chain_matmul einsum lu istft meshgrid norm pca_lowrank split stft svd_lowrank
    tensordot unique unique_consecutive unravel_index""".split()
    if name in _namespace("")
] + ["broadcast_shapes", "broadcast_tensors"]

globals().update({name: _namespace("")[name] for name in __all__ if name in _namespace("")})
