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

from jtorch.autograd.function import Function as Function
from jtorch.autograd.variable import Variable as Variable
from jtorch.autograd.backward_pass import backward as backward
from jtorch.autograd.anomaly import detect_anomaly as detect_anomaly
from jtorch.autograd.mode import enable_grad as enable_grad
from jtorch.autograd.mode import enforce_grad_layout_policy as enforce_grad_layout_policy
from jtorch.autograd import forward_ad as forward_ad
from jtorch.autograd import function as function
from jtorch.autograd import functional as functional
from jtorch.autograd.backward_pass import grad as grad
from jtorch.autograd.gradcheck import gradcheck as gradcheck
from jtorch.autograd.gradcheck import gradgradcheck as gradgradcheck
from jtorch.autograd import graph as graph
from jtorch.autograd.mode import inference_mode as inference_mode
from jtorch.autograd.mode import is_grad_enabled as is_grad_enabled
from jtorch.autograd.mode import no_grad as no_grad
from jtorch.autograd.function import once_differentiable as once_differentiable
from jtorch.autograd import profiler as profiler
from jtorch.autograd.anomaly import set_detect_anomaly as set_detect_anomaly
from jtorch.autograd.mode import set_grad_enabled as set_grad_enabled
from jtorch.autograd.mode import set_multithreading_enabled as set_multithreading_enabled
from jtorch.autograd import variable as variable
