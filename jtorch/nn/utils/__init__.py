"""Gradient clipping, parameters as a vector, sequences of different lengths, folding of batch norm."""

from jtorch.nn.utils import rnn
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

__all__ = [
    "clip_grad_norm",
    "clip_grad_norm_",
    "clip_grad_value_",
    "clip_grads_with_norm_",
    "fuse_conv_bn_eval",
    "fuse_conv_bn_weights",
    "fuse_linear_bn_eval",
    "fuse_linear_bn_weights",
    "get_total_norm",
    "parameters_to_vector",
    "rnn",
    "skip_init",
    "vector_to_parameters",
]
