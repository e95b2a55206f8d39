"""Autocast: which dtype an operation computes in inside `torch.autocast`, and the casts that follow from it.

The lists are those of torch's reference page "Autocast Op Reference", by device: *lower* operations take the fast dtype, *float32* ones float32,
*promote* ones the widest dtype of their operands. float64 operands are never cast. In-place and `out=` forms are left alone.
"""

import contextlib
import functools
import threading
import weakref

from . import dtypes
from .autograd.mode import STATE
from .tensor import Tensor

_LOWER = """mm bmm addmm baddbmm addbmm stack.matmul dims.tensordot linalg.vecdot convolution convolution_transpose
_linear_matrix _linear_batch _linear_matrix_plain _linear_batch_plain scaled_dot_product_attention""".split()
_FLOAT32 = {
    "cpu": """cdist direct.cdist product.cdist trace prod tensor.quantile binary_cross_entropy mse_loss nll_loss smooth_l1_loss huber_loss
    soft_margin_loss multi_margin_loss multilabel_margin_loss binary_cross_entropy_with_logits ctc_loss_ reflection_pad replication_pad linalg.det det
    linalg.slogdet slogdet linalg.inv inverse values.inv_ex linalg.solve linalg.solve_triangular tolerances.pinv linalg.matrix_exp linalg.cholesky
    cholesky values.cholesky_ex linalg.qr linalg.svd values.svdvals linalg.eigh linalg.eig linalg.lu_solve orgqr linalg.householder_product""".split(),
    "cuda": """acos arccos asin arcsin cosh erfinv exp expm1 log log10 log2 log1p reciprocal rsqrt sinh tan pow number.pow static.pow softplus
    layer_norm group_norm rms_norm cosine_similarity nll_loss mse_loss smooth_l1_loss huber_loss soft_margin_loss multi_margin_loss
    multilabel_margin_loss binary_cross_entropy_with_logits dist direct.cdist product.cdist pdist renorm logsumexp softmax_ log_softmax_ sum prod cumsum
    cumprod linalg.vector_norm linalg.matrix_norm ctc_loss_""".split(),
}
_RECURRENT = "rnn_layer lstm_layer gru_layer rnn_cell_ lstm_cell_ gru_cell_".split()
# On CPUs torch computes these step by step: products in the fast dtype, the rest in that of the states, which is the input's.
_STEPWISE = "gru_layer lstm_cell_ gru_cell_".split()
_PROMOTE = "atan2 addcdiv addcmul tensors.bilinear linalg.cross dot vdot scatter_add index_put".split()
_POLICIES = {
    "cpu": {
        **dict.fromkeys([*_LOWER, *_RECURRENT], "lower"),
        **dict.fromkeys(_FLOAT32["cpu"], "float32"),
        **dict.fromkeys(_STEPWISE, "as input"),
    },
    "cuda": {
        **dict.fromkeys([*_LOWER, *_RECURRENT, "mv", "addmv", "addr", "prelu"], "lower"),
        **dict.fromkeys(_FLOAT32["cuda"], "float32"),
        **dict.fromkeys(_PROMOTE, "promote"),
        "binary_cross_entropy": "refuse",
    },
}
_POLICIES["tpu"] = _POLICIES["xla"] = _POLICIES["cuda"]
DEFAULTS = {
    "cpu": dtypes.bfloat16,
    "cuda": dtypes.float16,
    "ipu": dtypes.float16,
    "xla": dtypes.bfloat16,
    "tpu": dtypes.bfloat16,
}


class _Thread(threading.local):
    """What is enabled in a thread: device type -> dtype of its enabled autocast, and the dtypes chosen."""

    def __init__(self):
        self.enabled: dict[str, bool] = {}
        self.chosen = dict(DEFAULTS)
        self.cached = True
        self.depth = 0
        self.casts: dict = {}


THREAD = _Thread()


def is_enabled(device_type: str) -> bool:
    return THREAD.enabled.get(device_type, False)


def set_enabled(device_type: str, enabled: bool) -> None:
    THREAD.enabled[device_type] = enabled
    STATE.autocast = cast_operands if any(THREAD.enabled.values()) else None


def dtype_of(device_type: str):
    """The fast dtype of a device."""
    found = THREAD.chosen.get(device_type)
    if found is None:
        raise RuntimeError(
            f"unknown device type for autocast in get_autocast_dispatch_key_from_device_type: {device_type}"
        )
    return found


def clear_cache() -> None:
    THREAD.casts.clear()


def guard() -> tuple:
    """What decides how operands are cast now, to be compared."""
    return tuple(sorted(THREAD.enabled.items())), tuple(THREAD.chosen.items()), THREAD.cached


def snapshot() -> tuple:
    """What autocast is in this thread now, for `restored`."""
    return dict(THREAD.enabled), dict(THREAD.chosen), THREAD.cached


@contextlib.contextmanager
def restored(then: tuple):
    """Inside the block autocast is as it was; casts of parameters are not kept beyond it."""
    now, casts = snapshot(), THREAD.casts
    _set(then, {})
    try:
        yield
    finally:
        _set(now, casts)


def _set(state: tuple, casts: dict) -> None:
    THREAD.enabled, THREAD.chosen, THREAD.cached = dict(state[0]), dict(state[1]), state[2]
    THREAD.casts = casts
    STATE.autocast = cast_operands if any(THREAD.enabled.values()) else None


def cast_operands(op, args: tuple) -> tuple:
    """The arguments of an operation in the dtype autocast wants them in."""
    device = _device(args)
    if device is None or not THREAD.enabled.get(device, False):
        return args
    policy = _POLICIES[device].get(op.name)
    if policy is None:
        return args
    if policy == "lower" or (policy == "as input" and args[0]._aval.dtype is THREAD.chosen[device]):
        return _each(args, lambda t: _lower(t, device))
    if policy == "as input":
        return args
    if policy == "float32":
        if any(p.name == "dtype" and a is not None for p, a in zip(op.params, args, strict=True)):
            return args
        return _each(args, lambda t: _to(t, device, dtypes.float32))
    if policy == "promote":
        return _promoted(args, device)
    raise RuntimeError(
        "torch.nn.functional.binary_cross_entropy and torch.nn.BCELoss are unsafe to autocast.\nMany models use a sigmoid layer right before the "
        "binary cross entropy layer.\nIn this case, combine the two layers using torch.nn.functional.binary_cross_entropy_with_logits\nor "
        "torch.nn.BCEWithLogitsLoss.  binary_cross_entropy_with_logits and BCEWithLogits are\nsafe to autocast."
    )


def _device(args):
    for arg in args:
        if isinstance(arg, Tensor):
            return arg._storage.value.place.device.type
        if isinstance(arg, (list, tuple)) and arg and isinstance(arg[0], Tensor):
            return arg[0]._storage.value.place.device.type
    return None


def _each(args, cast):
    return tuple(
        cast(a) if isinstance(a, Tensor) else _row(a, cast) if isinstance(a, (list, tuple)) else a for a in args
    )


def _row(items, cast):
    return [cast(t) for t in items] if items and isinstance(items[0], Tensor) else items


def _eligible(tensor, device) -> bool:
    dtype = tensor._aval.dtype
    return dtype.priority == 2 and dtype is not dtypes.float64 and tensor._storage.value.place.device.type == device


def _to(tensor, device, dtype):
    return tensor.to(dtype) if isinstance(tensor, Tensor) and _eligible(tensor, device) else tensor


def _lower(tensor, device):
    """In the fast dtype. Casts of parameters are kept until the outermost block ends, so that their gradients meet in one node."""
    dtype = THREAD.chosen[device]
    if not isinstance(tensor, Tensor) or tensor._aval.dtype is dtype or not _eligible(tensor, device):
        return tensor
    if not (THREAD.cached and STATE.grad and tensor._requires and tensor._node is None and tensor._base is None):
        return tensor.to(dtype)
    known = THREAD.casts.get(id(tensor))
    if known is not None and known[0]() is tensor and known[1]._aval.dtype is dtype:
        return known[1]
    made = tensor.to(dtype)
    THREAD.casts[id(tensor)] = (weakref.ref(tensor), made)
    return made


def _promoted(args, device):
    found = []

    def note(tensor):
        if _eligible(tensor, device):
            found.append(tensor._aval.dtype)
        return tensor

    _each(args, note)
    if len(set(found)) < 2:
        return args
    return _each(args, lambda t: _to(t, device, dtypes.float32))


# For functions of several operations


def lowered(*tensors) -> tuple:
    """Operands of a product of matrices in the fast dtype, where autocast is on."""
    if STATE.autocast is None:
        return tensors
    device = _device(tensors)
    if device is None or not THREAD.enabled.get(device, False):
        return tensors
    return tuple(_lower(t, device) for t in tensors)


def in_float32(*devices):
    """Decorator of a function that autocast runs in float32 as a whole, on these devices."""

    def decorate(fn):
        @functools.wraps(fn)
        def call(*args, **kwargs):
            if STATE.autocast is None:
                return fn(*args, **kwargs)
            device = _device((*args, *kwargs.values()))
            if device not in devices or not THREAD.enabled.get(device, False):
                return fn(*args, **kwargs)
            args = tuple(_to(a, device, dtypes.float32) for a in args)
            kwargs = {name: _to(a, device, dtypes.float32) for name, a in kwargs.items()}
            previous, STATE.autocast = STATE.autocast, None
            try:
                return fn(*args, **kwargs)
            finally:
                STATE.autocast = previous

        return call

    return decorate
