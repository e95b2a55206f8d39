"""What is done to modules and their parameters: parametrization, normalization, pruning, clipping, folding, and packed sequences."""

from jtorch.nn.utils import parametrizations, parametrize, rnn, stateless
from jtorch.nn.utils.clip_grad import _clip_grads_with_norm_ as clip_grads_with_norm_
from jtorch.nn.utils.clip_grad import _get_total_norm as get_total_norm
from jtorch.nn.utils.clip_grad import clip_grad_norm, clip_grad_norm_, clip_grad_value_
from jtorch.nn.utils.convert_parameters import parameters_to_vector, vector_to_parameters
from jtorch.nn.utils.fusion import (
    fuse_conv_bn_eval,
    fuse_conv_bn_weights,
    fuse_linear_bn_eval,
    fuse_linear_bn_weights,
)
from jtorch.nn.utils.init import skip_init
from jtorch.nn.utils.memory_format import convert_conv2d_weight_memory_format, convert_conv3d_weight_memory_format

# Last: functions that hide the modules they are from, as in torch.
from jtorch.nn.utils.spectral_norm import remove_spectral_norm, spectral_norm  # isort: skip
from jtorch.nn.utils.weight_norm import remove_weight_norm, weight_norm  # isort: skip

__all__ = [
    "clip_grad_norm",
    "clip_grad_norm_",
    "clip_grad_value_",
    "clip_grads_with_norm_",
    "convert_conv2d_weight_memory_format",
    "convert_conv3d_weight_memory_format",
    "fuse_conv_bn_eval",
    "fuse_conv_bn_weights",
    "fuse_linear_bn_eval",
    "fuse_linear_bn_weights",
    "get_total_norm",
    "parameters_to_vector",
    "parametrizations",
    "parametrize",
    "remove_spectral_norm",
    "remove_weight_norm",
    "rnn",
    "skip_init",
    "spectral_norm",
    "stateless",
    "vector_to_parameters",
    "weight_norm",
]
