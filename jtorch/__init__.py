"""jtorch: the PyTorch API on JAX. `import jtorch as torch`."""

from . import autograd, devices, dtypes, engine, fft, linalg, special
from . import methods as _methods
from . import random as random
from .autograd.mode import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    is_inference_mode_enabled,
    no_grad,
    set_grad_enabled,
)
from .creation import TYPES as _TYPES
from .creation import set_default_tensor_type
from .devices import default_device as get_default_device
from .devices import device, set_default_device
from .dtypes import NAMES as _DTYPES
from .dtypes import (
    channels_last,
    channels_last_3d,
    contiguous_format,
    dtype,
    finfo,
    iinfo,
    jagged,
    layout,
    memory_format,
    preserve_format,
    set_default_dtype,
    sparse_bsc,
    sparse_bsr,
    sparse_coo,
    sparse_csc,
    sparse_csr,
    strided,
)
from .dtypes import default_dtype as get_default_dtype
from .engine import set_execution
from .functions.questions import (
    broadcast_shapes,
    broadcast_tensors,
    compiled_with_cxx11_abi,
    get_device_module,
    is_tensor,
    is_vulkan_available,
)
from .interop import from_dlpack, to_dlpack
from .naming import typename
from .promotion import can_cast, promote_types
from .random import Generator, default_generator
from .size import Size
from .storages import STORAGE_TYPES as _STORAGE_TYPES
from .storages import TypedStorage, UntypedStorage, is_storage
from .subclass import offered as _offered
from .tensor import Tensor

globals().update(_DTYPES)
globals().update({name.rpartition(".")[2]: kind for name, kind in _TYPES.items() if name.count(".") == 1})
globals().update(_STORAGE_TYPES)
Storage = _STORAGE_TYPES["FloatStorage"]
legacy_contiguous_format, newaxis = contiguous_format, None
# Linear algebra and Fourier transforms are there, from XLA and not from the libraries that these are named after.
has_lapack, has_spectral, has_mkl, has_openmp = True, True, False, False
globals().update(_methods.namespace(""))
globals().update({name: _offered(fn) for name, fn in random.FUNCTIONS.items()})
broadcast_tensors = _offered(broadcast_tensors)
from math import e, inf, nan, pi  # noqa: E402,F401

from . import nn, optim, utils  # noqa: E402
from . import ops as _operations  # noqa: E402
from .nn.top_level import FUNCTIONS as _LAYER_FUNCTIONS  # noqa: E402

globals().update(_LAYER_FUNCTIONS)
from .jax_functions import from_jax, register_pytrees, to_jax  # noqa: E402
from .namespace import find as __getattr__  # noqa: E402
from .namespace import names as __dir__  # noqa: E402
from .namespace import operators as _operators  # noqa: E402
from .printing import set_printoptions  # noqa: E402
from .serialization import load, save  # noqa: E402
from .version import __version__  # noqa: E402

register_pytrees()
del register_pytrees
_operations.__getattr__ = _operators  # type: ignore[method-assign]  # torch.ops.aten
