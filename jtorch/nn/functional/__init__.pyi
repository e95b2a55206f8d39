# Made by `python -m jtorch.compat stubs --write` from the table of operations and the live package. Edit neither by hand.
# mypy: disable-error-code="override, misc"
from builtins import bool as _bool, complex as _complex, float as _float, int as _int, str as _str, type as _type
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, TypeAlias, overload

from jtorch.devices import device as _device
from jtorch.dtypes import dtype as _dtype, layout as _layout, memory_format as _memory_format
from jtorch.random import Generator
from jtorch.size import Size
from jtorch.tensor import Tensor
from jtorch.tensor import _Device, _Number, _Sizes
from jtorch.tensor import _aminmax
from jtorch.tensor import _cholesky_ex
from jtorch.tensor import _cummax
from jtorch.tensor import _cummin
from jtorch.tensor import _eig
from jtorch.tensor import _eigh
from jtorch.tensor import _frexp
from jtorch.tensor import _geqrf
from jtorch.tensor import _histogram
from jtorch.tensor import _histogramdd
from jtorch.tensor import _inv_ex
from jtorch.tensor import _kthvalue
from jtorch.tensor import _ldl_factor
from jtorch.tensor import _ldl_factor_ex
from jtorch.tensor import _lstsq
from jtorch.tensor import _lu
from jtorch.tensor import _lu_factor
from jtorch.tensor import _lu_factor_ex
from jtorch.tensor import _lu_unpack
from jtorch.tensor import _max
from jtorch.tensor import _median
from jtorch.tensor import _min
from jtorch.tensor import _mode
from jtorch.tensor import _nanmedian
from jtorch.tensor import _qr
from jtorch.tensor import _slogdet
from jtorch.tensor import _solve_ex
from jtorch.tensor import _sort
from jtorch.tensor import _svd
from jtorch.tensor import _topk
from jtorch.tensor import _triangular_solve

GRID_SAMPLE_INTERPOLATION_MODES: Any
GRID_SAMPLE_PADDING_MODES: Any
from jtorch.nn.functional.scaled import ScalingType as ScalingType
from jtorch.nn.functional.scaled import SwizzleType as SwizzleType
from jtorch.nn.functional.pooling import adaptive_avg_pool1d as adaptive_avg_pool1d
from jtorch.nn.functional.pooling import adaptive_avg_pool2d as adaptive_avg_pool2d
from jtorch.nn.functional.pooling import adaptive_avg_pool3d as adaptive_avg_pool3d
from jtorch.nn.functional.pooling import adaptive_max_pool1d as adaptive_max_pool1d
from jtorch.nn.functional.pooling import adaptive_max_pool1d_with_indices as adaptive_max_pool1d_with_indices
from jtorch.nn.functional.pooling import adaptive_max_pool2d as adaptive_max_pool2d
from jtorch.nn.functional.pooling import adaptive_max_pool2d_with_indices as adaptive_max_pool2d_with_indices
from jtorch.nn.functional.pooling import adaptive_max_pool3d as adaptive_max_pool3d
from jtorch.nn.functional.pooling import adaptive_max_pool3d_with_indices as adaptive_max_pool3d_with_indices
def affine_grid(theta: Any, size: _Sizes, align_corners: Any = None) -> Tensor: ...
def alpha_dropout(input: Tensor, p: Any = 0.5, training: _bool = False, inplace: _bool = False) -> Tensor: ...
from jtorch.nn.functional.pooling import assert_int_or_pair as assert_int_or_pair
def avg_pool1d(input: Tensor, kernel_size: Any, stride: Any = None, padding: _int | _float = 0, ceil_mode: _bool = False, count_include_pad: _bool = True) -> Tensor: ...
def avg_pool2d(input: Tensor, kernel_size: Any, stride: Any = None, padding: _int | _float = 0, ceil_mode: _bool = False, count_include_pad: _bool = True, divisor_override: Any = None, *, out: Tensor | Sequence[Tensor] | None = None) -> Tensor: ...
def avg_pool3d(input: Tensor, kernel_size: Any, stride: Any = None, padding: _int | _float = 0, ceil_mode: _bool = False, count_include_pad: _bool = True, divisor_override: Any = None, *, out: Tensor | Sequence[Tensor] | None = None) -> Tensor: ...
def batch_norm(input: Tensor, running_mean: Any, running_var: Any, weight: Tensor | _Number | None = None, bias: Any = None, training: _bool = False, momentum: _float = 0.1, eps: _float = 1e-05) -> Tensor: ...
def bilinear(input1: Any, input2: Any, weight: Tensor | _Number, bias: Any = None) -> Tensor: ...
from jtorch.nn.functional.loss import binary_cross_entropy as binary_cross_entropy
from jtorch.nn.functional.loss import binary_cross_entropy_with_logits as binary_cross_entropy_with_logits
def celu(input: Tensor, alpha: _float = 1.0, inplace: _bool = False) -> Tensor: ...
from jtorch.nn.functional.activation import celu_ as celu_
from jtorch.nn.functional.blocks import channel_shuffle as channel_shuffle
def conv1d(input: Tensor, weight: Tensor | _Number, bias: Any = None, stride: _int | _float = 1, padding: _int | _float = 0, dilation: _int | _float = 1, groups: _int | _float = 1) -> Tensor: ...
def conv2d(input: Tensor, weight: Tensor | _Number, bias: Any = None, stride: _int | _float = 1, padding: _int | _float = 0, dilation: _int | _float = 1, groups: _int | _float = 1) -> Tensor: ...
def conv3d(input: Tensor, weight: Tensor | _Number, bias: Any = None, stride: _int | _float = 1, padding: _int | _float = 0, dilation: _int | _float = 1, groups: _int | _float = 1) -> Tensor: ...
from jtorch.nn.functional.convolution import conv_tbc as conv_tbc
from jtorch.nn.functional.convolution import conv_transpose1d as conv_transpose1d
from jtorch.nn.functional.convolution import conv_transpose2d as conv_transpose2d
from jtorch.nn.functional.convolution import conv_transpose3d as conv_transpose3d
def cosine_embedding_loss(input1: Any, input2: Any, target: Any, margin: _int | _float = 0, size_average: Any = None, reduce: Any = None, reduction: _str = 'mean') -> Tensor: ...
def cosine_similarity(x1: Any, x2: Any, dim: _int | _float = 1, eps: _float = 1e-08) -> Tensor: ...
def cross_entropy(input: Tensor, target: Any, weight: Tensor | _Number | None = None, size_average: Any = None, ignore_index: _int | _float = -100, reduce: Any = None, reduction: _str = 'mean', label_smoothing: _float = 0.0) -> Tensor: ...
def ctc_loss(log_probs: Any, targets: Any, input_lengths: Any, target_lengths: Any, blank: _int | _float = 0, reduction: _str = 'mean', zero_infinity: _bool = False) -> Tensor: ...
def dropout(input: Tensor, p: Any = 0.5, training: _bool = True, inplace: _bool = False) -> Tensor: ...
from jtorch.nn.functional.dropout import dropout1d as dropout1d
from jtorch.nn.functional.dropout import dropout2d as dropout2d
from jtorch.nn.functional.dropout import dropout3d as dropout3d
def elu(input: Tensor, alpha: _float = 1.0, inplace: _bool = False) -> Tensor: ...
from jtorch.nn.functional.activation import elu_ as elu_
def embedding(input: Tensor, weight: Tensor | _Number, padding_idx: Any = None, max_norm: Any = None, norm_type: _float = 2.0, scale_grad_by_freq: _bool = False, sparse: _bool = False) -> Tensor: ...
from jtorch.nn.functional.sparse import embedding_bag as embedding_bag
def feature_alpha_dropout(input: Tensor, p: Any = 0.5, training: _bool = False, inplace: _bool = False) -> Tensor: ...
def fold(input: Tensor, output_size: Any, kernel_size: Any, dilation: _int | _float = 1, padding: _int | _float = 0, stride: _int | _float = 1) -> Tensor: ...
from jtorch.nn.functional.pooling import fractional_max_pool2d as fractional_max_pool2d
from jtorch.nn.functional.pooling import fractional_max_pool2d_with_indices as fractional_max_pool2d_with_indices
from jtorch.nn.functional.pooling import fractional_max_pool3d as fractional_max_pool3d
from jtorch.nn.functional.pooling import fractional_max_pool3d_with_indices as fractional_max_pool3d_with_indices
from jtorch.nn.functional.loss import gaussian_nll_loss as gaussian_nll_loss
def gelu(input: Tensor, approximate: _str = 'none', *, out: Tensor | Sequence[Tensor] | None = None) -> Tensor: ...
def glu(input: Tensor, dim: _int = -1) -> Tensor: ...
def grid_sample(input: Tensor, grid: Any, mode: _str = 'bilinear', padding_mode: _str = 'zeros', align_corners: Any = None) -> Tensor: ...
def group_norm(input: Tensor, num_groups: Any, weight: Tensor | _Number | None = None, bias: Any = None, eps: _float = 1e-05) -> Tensor: ...
from jtorch.nn.functional.linear import grouped_mm as grouped_mm
from jtorch.nn.functional.activation import gumbel_softmax as gumbel_softmax
def hardshrink(input: Tensor, lambd: _float = 0.5, *, out: Tensor | Sequence[Tensor] | None = None) -> Tensor: ...
from jtorch.nn.functional.activation import hardsigmoid as hardsigmoid
from jtorch.nn.functional.activation import hardswish as hardswish
from jtorch.nn.functional.activation import hardtanh as hardtanh
from jtorch.nn.functional.activation import hardtanh_ as hardtanh_
def hinge_embedding_loss(input: Tensor, target: Any, margin: _float = 1.0, size_average: Any = None, reduce: Any = None, reduction: _str = 'mean') -> Tensor: ...
from jtorch.nn.functional.loss import huber_loss as huber_loss
def instance_norm(input: Tensor, running_mean: Any = None, running_var: Any = None, weight: Tensor | _Number | None = None, bias: Any = None, use_input_stats: _bool = True, momentum: _float = 0.1, eps: _float = 1e-05) -> Tensor: ...
def interpolate(input: Tensor, size: _Sizes | None = None, scale_factor: Any = None, mode: _str = 'nearest', align_corners: Any = None, recompute_scale_factor: Any = None, antialias: _bool = False) -> Tensor: ...
def kl_div(input: Tensor, target: Any, size_average: Any = None, reduce: Any = None, reduction: _str = 'mean', log_target: _bool = False) -> Tensor: ...
def l1_loss(input: Tensor, target: Any, size_average: Any = None, reduce: Any = None, reduction: _str = 'mean', weight: Tensor | _Number | None = None) -> Tensor: ...
def layer_norm(input: Tensor, normalized_shape: Any, weight: Tensor | _Number | None = None, bias: Any = None, eps: _float = 1e-05) -> Tensor: ...
def leaky_relu(input: Tensor, negative_slope: _float = 0.01, inplace: _bool = False) -> Tensor: ...
from jtorch.nn.functional.activation import leaky_relu_ as leaky_relu_
from jtorch.nn.functional.linear import linear as linear
from jtorch.nn.functional.linear_cross_entropy import linear_cross_entropy as linear_cross_entropy
from jtorch.nn.functional.normalization import local_response_norm as local_response_norm
from jtorch.nn.functional.activation import log_softmax as log_softmax
def logsigmoid(input: Tensor, *, out: Tensor | Sequence[Tensor] | None = None) -> Tensor: ...
from jtorch.nn.functional.pooling import lp_pool1d as lp_pool1d
from jtorch.nn.functional.pooling import lp_pool2d as lp_pool2d
from jtorch.nn.functional.pooling import lp_pool3d as lp_pool3d
def margin_ranking_loss(input1: Any, input2: Any, target: Any, margin: _int | _float = 0, size_average: Any = None, reduce: Any = None, reduction: _str = 'mean') -> Tensor: ...
from jtorch.nn.functional.pooling import max_pool1d as max_pool1d
from jtorch.nn.functional.pooling import max_pool1d_with_indices as max_pool1d_with_indices
def max_pool2d(input: Tensor, kernel_size: Any, stride: Any = None, padding: _int | _float = 0, dilation: _int | _float = 1, ceil_mode: _bool = False, return_indices: _bool = False) -> Any: ...
from jtorch.nn.functional.pooling import max_pool2d_with_indices as max_pool2d_with_indices
def max_pool3d(input: Tensor, kernel_size: Any, stride: Any = None, padding: _int | _float = 0, dilation: _int | _float = 1, ceil_mode: _bool = False, return_indices: _bool = False) -> Any: ...
from jtorch.nn.functional.pooling import max_pool3d_with_indices as max_pool3d_with_indices
from jtorch.nn.functional.pooling import max_unpool1d as max_unpool1d
from jtorch.nn.functional.pooling import max_unpool2d as max_unpool2d
from jtorch.nn.functional.pooling import max_unpool3d as max_unpool3d
from jtorch.nn.functional.activation import mish as mish
from jtorch.nn.functional.loss import mse_loss as mse_loss
from jtorch.nn.functional.attention import multi_head_attention_forward as multi_head_attention_forward
def multi_margin_loss(input: Tensor, target: Any, p: Any = 1, margin: _float = 1.0, weight: Tensor | _Number | None = None, size_average: Any = None, reduce: Any = None, reduction: _str = 'mean') -> Tensor: ...
from jtorch.nn.functional.loss import multilabel_margin_loss as multilabel_margin_loss
from jtorch.nn.functional.loss import multilabel_soft_margin_loss as multilabel_soft_margin_loss
from jtorch.nn.functional.blocks import native_channel_shuffle as native_channel_shuffle
def nll_loss(input: Tensor, target: Any, weight: Tensor | _Number | None = None, size_average: Any = None, ignore_index: _int | _float = -100, reduce: Any = None, reduction: _str = 'mean') -> Tensor: ...
from jtorch.nn.functional.distance import normalize as normalize
def one_hot(input: Tensor, num_classes: _int | _float = -1) -> Tensor: ...
from jtorch.nn.functional.padding import pad as pad
def pairwise_distance(x1: Any, x2: Any, p: Any = 2.0, eps: _float = 1e-06, keepdim: _bool = False) -> Tensor: ...
def pdist(input: Tensor, p: Any = 2.0) -> Tensor: ...
def pixel_shuffle(input: Tensor, upscale_factor: Any) -> Tensor: ...
def pixel_unshuffle(input: Tensor, downscale_factor: Any) -> Tensor: ...
def poisson_nll_loss(input: Tensor, target: Any, log_input: _bool = True, full: _bool = False, size_average: Any = None, eps: _float = 1e-08, reduce: Any = None, reduction: _str = 'mean') -> Tensor: ...
from jtorch.nn.functional.activation import prelu as prelu
from jtorch.nn.functional.activation import relu as relu
from jtorch.nn.functional.activation import relu6 as relu6
from jtorch.nn.functional.activation import relu_ as relu_
def rms_norm(input: Tensor, normalized_shape: Any, weight: Tensor | _Number | None = None, eps: Any = None) -> Tensor: ...
from jtorch.nn.functional.activation import rrelu as rrelu
from jtorch.nn.functional.activation import rrelu_ as rrelu_
def scaled_dot_product_attention(query: Tensor, key: Tensor, value: Tensor, attn_mask: Any = None, dropout_p: _float = 0.0, is_causal: _bool = False, *, scale: Any = None, enable_gqa: _bool = False) -> Tensor: ...
from jtorch.nn.functional.scaled import scaled_grouped_mm as scaled_grouped_mm
from jtorch.nn.functional.scaled import scaled_mm as scaled_mm
from jtorch.nn.functional.activation import selu as selu
from jtorch.nn.functional.activation import selu_ as selu_
from jtorch.nn.functional.activation import sigmoid as sigmoid
from jtorch.nn.functional.activation import silu as silu
from jtorch.nn.functional.loss import smooth_l1_loss as smooth_l1_loss
from jtorch.nn.functional.loss import soft_margin_loss as soft_margin_loss
from jtorch.nn.functional.activation import softmax as softmax
from jtorch.nn.functional.activation import softmin as softmin
def softplus(input: Tensor, beta: _float = 1.0, threshold: _float = 20.0, *, out: Tensor | Sequence[Tensor] | None = None) -> Tensor: ...
def softshrink(input: Tensor, lambd: _float = 0.5, *, out: Tensor | Sequence[Tensor] | None = None) -> Tensor: ...
from jtorch.nn.functional.activation import softsign as softsign
from jtorch.nn.functional.activation import tanh as tanh
from jtorch.nn.functional.activation import tanhshrink as tanhshrink
def threshold(input: Tensor, threshold: _float, value: _float, inplace: _bool = False) -> Tensor: ...
from jtorch.nn.functional.activation import threshold_ as threshold_
def triplet_margin_loss(anchor: Any, positive: Any, negative: Any, margin: _float = 1.0, p: Any = 2, eps: _float = 1e-06, swap: _bool = False, size_average: Any = None, reduce: Any = None, reduction: _str = 'mean') -> Tensor: ...
from jtorch.nn.functional.loss import triplet_margin_with_distance_loss as triplet_margin_with_distance_loss
def unfold(input: Tensor, kernel_size: Any, dilation: _int | _float = 1, padding: _int | _float = 0, stride: _int | _float = 1) -> Tensor: ...
from jtorch.nn.functional.resampling import upsample as upsample
from jtorch.nn.functional.resampling import upsample_bilinear as upsample_bilinear
from jtorch.nn.functional.resampling import upsample_nearest as upsample_nearest
