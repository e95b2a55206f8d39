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

from jtorch.nn.modules.pooling import AdaptiveAvgPool1d as AdaptiveAvgPool1d
from jtorch.nn.modules.pooling import AdaptiveAvgPool2d as AdaptiveAvgPool2d
from jtorch.nn.modules.pooling import AdaptiveAvgPool3d as AdaptiveAvgPool3d
from jtorch.nn.modules.adaptive import AdaptiveLogSoftmaxWithLoss as AdaptiveLogSoftmaxWithLoss
from jtorch.nn.modules.pooling import AdaptiveMaxPool1d as AdaptiveMaxPool1d
from jtorch.nn.modules.pooling import AdaptiveMaxPool2d as AdaptiveMaxPool2d
from jtorch.nn.modules.pooling import AdaptiveMaxPool3d as AdaptiveMaxPool3d
from jtorch.nn.modules.dropout import AlphaDropout as AlphaDropout
from jtorch.nn.modules.pooling import AvgPool1d as AvgPool1d
from jtorch.nn.modules.pooling import AvgPool2d as AvgPool2d
from jtorch.nn.modules.pooling import AvgPool3d as AvgPool3d
from jtorch.nn.modules.loss import BCELoss as BCELoss
from jtorch.nn.modules.loss import BCEWithLogitsLoss as BCEWithLogitsLoss
from jtorch.nn.modules.batchnorm import BatchNorm1d as BatchNorm1d
from jtorch.nn.modules.batchnorm import BatchNorm2d as BatchNorm2d
from jtorch.nn.modules.batchnorm import BatchNorm3d as BatchNorm3d
from jtorch.nn.modules.linear import Bilinear as Bilinear
from jtorch.nn.parameter import Buffer as Buffer
from jtorch.nn.modules.activation import CELU as CELU
from jtorch.nn.modules.loss import CTCLoss as CTCLoss
from jtorch.nn.modules.channelshuffle import ChannelShuffle as ChannelShuffle
from jtorch.nn.modules.padding import CircularPad1d as CircularPad1d
from jtorch.nn.modules.padding import CircularPad2d as CircularPad2d
from jtorch.nn.modules.padding import CircularPad3d as CircularPad3d
from jtorch.nn.modules.padding import ConstantPad1d as ConstantPad1d
from jtorch.nn.modules.padding import ConstantPad2d as ConstantPad2d
from jtorch.nn.modules.padding import ConstantPad3d as ConstantPad3d
from jtorch.nn.modules.container import Container as Container
from jtorch.nn.modules.conv import Conv1d as Conv1d
from jtorch.nn.modules.conv import Conv2d as Conv2d
from jtorch.nn.modules.conv import Conv3d as Conv3d
from jtorch.nn.modules.conv import ConvTranspose1d as ConvTranspose1d
from jtorch.nn.modules.conv import ConvTranspose2d as ConvTranspose2d
from jtorch.nn.modules.conv import ConvTranspose3d as ConvTranspose3d
from jtorch.nn.modules.loss import CosineEmbeddingLoss as CosineEmbeddingLoss
from jtorch.nn.modules.distance import CosineSimilarity as CosineSimilarity
from jtorch.nn.modules.loss import CrossEntropyLoss as CrossEntropyLoss
from jtorch.nn.modules.normalization import CrossMapLRN2d as CrossMapLRN2d
from jtorch.nn.parallel.data_parallel import DataParallel as DataParallel
from jtorch.nn.modules.dropout import Dropout as Dropout
from jtorch.nn.modules.dropout import Dropout1d as Dropout1d
from jtorch.nn.modules.dropout import Dropout2d as Dropout2d
from jtorch.nn.modules.dropout import Dropout3d as Dropout3d
from jtorch.nn.modules.activation import ELU as ELU
from jtorch.nn.modules.sparse import Embedding as Embedding
from jtorch.nn.modules.sparse import EmbeddingBag as EmbeddingBag
from jtorch.nn.modules.dropout import FeatureAlphaDropout as FeatureAlphaDropout
from jtorch.nn.modules.flatten import Flatten as Flatten
from jtorch.nn.modules.fold import Fold as Fold
from jtorch.nn.modules.pooling import FractionalMaxPool2d as FractionalMaxPool2d
from jtorch.nn.modules.pooling import FractionalMaxPool3d as FractionalMaxPool3d
from jtorch.nn.modules.activation import GELU as GELU
from jtorch.nn.modules.activation import GLU as GLU
from jtorch.nn.modules.rnn import GRU as GRU
from jtorch.nn.modules.rnn import GRUCell as GRUCell
from jtorch.nn.modules.loss import GaussianNLLLoss as GaussianNLLLoss
from jtorch.nn.modules.normalization import GroupNorm as GroupNorm
from jtorch.nn.modules.activation import Hardshrink as Hardshrink
from jtorch.nn.modules.activation import Hardsigmoid as Hardsigmoid
from jtorch.nn.modules.activation import Hardswish as Hardswish
from jtorch.nn.modules.activation import Hardtanh as Hardtanh
from jtorch.nn.modules.loss import HingeEmbeddingLoss as HingeEmbeddingLoss
from jtorch.nn.modules.loss import HuberLoss as HuberLoss
from jtorch.nn.modules.linear import Identity as Identity
from jtorch.nn.modules.instancenorm import InstanceNorm1d as InstanceNorm1d
from jtorch.nn.modules.instancenorm import InstanceNorm2d as InstanceNorm2d
from jtorch.nn.modules.instancenorm import InstanceNorm3d as InstanceNorm3d
from jtorch.nn.modules.loss import KLDivLoss as KLDivLoss
from jtorch.nn.modules.loss import L1Loss as L1Loss
from jtorch.nn.modules.pooling import LPPool1d as LPPool1d
from jtorch.nn.modules.pooling import LPPool2d as LPPool2d
from jtorch.nn.modules.pooling import LPPool3d as LPPool3d
from jtorch.nn.modules.rnn import LSTM as LSTM
from jtorch.nn.modules.rnn import LSTMCell as LSTMCell
from jtorch.nn.modules.normalization import LayerNorm as LayerNorm
from jtorch.nn.modules.batchnorm import LazyBatchNorm1d as LazyBatchNorm1d
from jtorch.nn.modules.batchnorm import LazyBatchNorm2d as LazyBatchNorm2d
from jtorch.nn.modules.batchnorm import LazyBatchNorm3d as LazyBatchNorm3d
from jtorch.nn.modules.conv import LazyConv1d as LazyConv1d
from jtorch.nn.modules.conv import LazyConv2d as LazyConv2d
from jtorch.nn.modules.conv import LazyConv3d as LazyConv3d
from jtorch.nn.modules.conv import LazyConvTranspose1d as LazyConvTranspose1d
from jtorch.nn.modules.conv import LazyConvTranspose2d as LazyConvTranspose2d
from jtorch.nn.modules.conv import LazyConvTranspose3d as LazyConvTranspose3d
from jtorch.nn.modules.instancenorm import LazyInstanceNorm1d as LazyInstanceNorm1d
from jtorch.nn.modules.instancenorm import LazyInstanceNorm2d as LazyInstanceNorm2d
from jtorch.nn.modules.instancenorm import LazyInstanceNorm3d as LazyInstanceNorm3d
from jtorch.nn.modules.linear import LazyLinear as LazyLinear
from jtorch.nn.modules.activation import LeakyReLU as LeakyReLU
from jtorch.nn.modules.linear import Linear as Linear
from jtorch.nn.modules.loss import LinearCrossEntropyLoss as LinearCrossEntropyLoss
from jtorch.nn.modules.linear_cross_entropy_options import LinearCrossEntropyOptions as LinearCrossEntropyOptions
from jtorch.nn.modules.normalization import LocalResponseNorm as LocalResponseNorm
from jtorch.nn.modules.activation import LogSigmoid as LogSigmoid
from jtorch.nn.modules.activation import LogSoftmax as LogSoftmax
from jtorch.nn.modules.loss import MSELoss as MSELoss
from jtorch.nn.modules.loss import MarginRankingLoss as MarginRankingLoss
from jtorch.nn.modules.pooling import MaxPool1d as MaxPool1d
from jtorch.nn.modules.pooling import MaxPool2d as MaxPool2d
from jtorch.nn.modules.pooling import MaxPool3d as MaxPool3d
from jtorch.nn.modules.pooling import MaxUnpool1d as MaxUnpool1d
from jtorch.nn.modules.pooling import MaxUnpool2d as MaxUnpool2d
from jtorch.nn.modules.pooling import MaxUnpool3d as MaxUnpool3d
from jtorch.nn.modules.activation import Mish as Mish
from jtorch.nn.modules.module import Module as Module
from jtorch.nn.modules.container import ModuleDict as ModuleDict
from jtorch.nn.modules.container import ModuleList as ModuleList
from jtorch.nn.modules.loss import MultiLabelMarginLoss as MultiLabelMarginLoss
from jtorch.nn.modules.loss import MultiLabelSoftMarginLoss as MultiLabelSoftMarginLoss
from jtorch.nn.modules.loss import MultiMarginLoss as MultiMarginLoss
from jtorch.nn.modules.activation import MultiheadAttention as MultiheadAttention
from jtorch.nn.modules.loss import NLLLoss as NLLLoss
from jtorch.nn.modules.loss import NLLLoss2d as NLLLoss2d
from jtorch.nn.modules.activation import PReLU as PReLU
from jtorch.nn.modules.distance import PairwiseDistance as PairwiseDistance
from jtorch.nn.parameter import Parameter as Parameter
from jtorch.nn.modules.container import ParameterDict as ParameterDict
from jtorch.nn.modules.container import ParameterList as ParameterList
from jtorch.nn.modules.pixelshuffle import PixelShuffle as PixelShuffle
from jtorch.nn.modules.pixelshuffle import PixelUnshuffle as PixelUnshuffle
from jtorch.nn.modules.loss import PoissonNLLLoss as PoissonNLLLoss
from jtorch.nn.modules.normalization import RMSNorm as RMSNorm
from jtorch.nn.modules.rnn import RNN as RNN
from jtorch.nn.modules.rnn import RNNBase as RNNBase
from jtorch.nn.modules.rnn import RNNCell as RNNCell
from jtorch.nn.modules.rnn import RNNCellBase as RNNCellBase
from jtorch.nn.modules.activation import RReLU as RReLU
from jtorch.nn.modules.activation import ReLU as ReLU
from jtorch.nn.modules.activation import ReLU6 as ReLU6
from jtorch.nn.modules.padding import ReflectionPad1d as ReflectionPad1d
from jtorch.nn.modules.padding import ReflectionPad2d as ReflectionPad2d
from jtorch.nn.modules.padding import ReflectionPad3d as ReflectionPad3d
from jtorch.nn.modules.padding import ReplicationPad1d as ReplicationPad1d
from jtorch.nn.modules.padding import ReplicationPad2d as ReplicationPad2d
from jtorch.nn.modules.padding import ReplicationPad3d as ReplicationPad3d
from jtorch.nn.modules.activation import SELU as SELU
from jtorch.nn.modules.container import Sequential as Sequential
from jtorch.nn.modules.activation import SiLU as SiLU
from jtorch.nn.modules.activation import Sigmoid as Sigmoid
from jtorch.nn.modules.loss import SmoothL1Loss as SmoothL1Loss
from jtorch.nn.modules.loss import SoftMarginLoss as SoftMarginLoss
from jtorch.nn.modules.activation import Softmax as Softmax
from jtorch.nn.modules.activation import Softmax2d as Softmax2d
from jtorch.nn.modules.activation import Softmin as Softmin
from jtorch.nn.modules.activation import Softplus as Softplus
from jtorch.nn.modules.activation import Softshrink as Softshrink
from jtorch.nn.modules.activation import Softsign as Softsign
from jtorch.nn.modules.batchnorm import SyncBatchNorm as SyncBatchNorm
from jtorch.nn.modules.activation import Tanh as Tanh
from jtorch.nn.modules.activation import Tanhshrink as Tanhshrink
from jtorch.nn.modules.activation import Threshold as Threshold
from jtorch.nn.modules.transformer import Transformer as Transformer
from jtorch.nn.modules.transformer import TransformerDecoder as TransformerDecoder
from jtorch.nn.modules.transformer import TransformerDecoderLayer as TransformerDecoderLayer
from jtorch.nn.modules.transformer import TransformerEncoder as TransformerEncoder
from jtorch.nn.modules.transformer import TransformerEncoderLayer as TransformerEncoderLayer
from jtorch.nn.modules.loss import TripletMarginLoss as TripletMarginLoss
from jtorch.nn.modules.loss import TripletMarginWithDistanceLoss as TripletMarginWithDistanceLoss
from jtorch.nn.modules.flatten import Unflatten as Unflatten
from jtorch.nn.modules.fold import Unfold as Unfold
from jtorch.nn.parameter import UninitializedBuffer as UninitializedBuffer
from jtorch.nn.parameter import UninitializedParameter as UninitializedParameter
from jtorch.nn.modules.upsampling import Upsample as Upsample
from jtorch.nn.modules.upsampling import UpsamplingBilinear2d as UpsamplingBilinear2d
from jtorch.nn.modules.upsampling import UpsamplingNearest2d as UpsamplingNearest2d
from jtorch.nn.modules.padding import ZeroPad1d as ZeroPad1d
from jtorch.nn.modules.padding import ZeroPad2d as ZeroPad2d
from jtorch.nn.modules.padding import ZeroPad3d as ZeroPad3d
from jtorch.nn import attention as attention
from jtorch.nn.modules.module import factory_kwargs as factory_kwargs
from jtorch.nn import functional as functional
from jtorch.nn import grad as grad
from jtorch.nn import init as init
from jtorch.nn import parallel as parallel
from jtorch.nn import parameter as parameter
from jtorch.nn import utils as utils
