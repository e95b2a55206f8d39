"""Clipping gradients before a step."""

import functools
import types
import warnings

import jtorch
from jtorch.ops import clipping

__all__ = ["clip_grad_norm", "clip_grad_norm_", "clip_grad_value_"]


def _as_list(tensors):
    return [tensors] if isinstance(tensors, jtorch.Tensor) else list(tensors)


def _by_device(tensors, name):
    """The tensors of each device: an operation has one. Sparse ones raise torch's error for the operation of this name."""
    groups = {}
    for tensor in tensors:
        if tensor.layout is not jtorch.strided:
            raise jtorch.sparse.table.unavailable(name, tensor)
        groups.setdefault(tensor.device, []).append(tensor)
    return groups


def _part(tensor):
    """This process's part of a DTensor."""
    return tensor if tensor._dispatcher is None else tensor._local_tensor


def _get_total_norm(tensors, norm_type=2.0, error_if_nonfinite=False, foreach=None):
    """The norm of all tensors together, as if they were one vector."""
    tensors = _as_list(tensors)
    norm_type = float(norm_type)
    if not tensors:
        return jtorch.tensor(0.0)
    dtype = functools.reduce(jtorch.promote_types, {tensor.dtype for tensor in tensors})
    norms = []
    spread = [tensor for tensor in tensors if tensor._dispatcher is not None]
    if spread:
        from jtorch.distributed.tensor.norms import total_norm

        rest = [tensor for tensor in tensors if tensor._dispatcher is None]
        whole = _get_total_norm(rest, norm_type) if rest else None
        return _finite(total_norm(spread, norm_type, whole), norm_type, error_if_nonfinite)
    for device, here in _by_device(tensors, "linalg_vector_norm").items():
        total = jtorch.zeros((), dtype=dtype.to_real() if dtype.is_complex else dtype, device=device)
        jtorch.dispatch.apply_inplace_lists(clipping.total_norm, [[total]], [here], {}, {"order": norm_type})
        norms.append(total)
    if len(norms) > 1:
        gathered = jtorch.zeros_like(norms[0])
        moved = [norm.to(gathered.device) for norm in norms]
        jtorch.dispatch.apply_inplace_lists(clipping.total_norm, [[gathered]], [moved], {}, {"order": norm_type})
        norms = [gathered]
    return _finite(norms[0], norm_type, error_if_nonfinite)


def _finite(total, norm_type, error_if_nonfinite):
    if error_if_nonfinite and not bool(total.isfinite()):
        raise RuntimeError(
            f"The total norm of order {norm_type} for gradients from `parameters` is non-finite, so it cannot be "
            "clipped. To disable this error and scale the gradients by the non-finite norm anyway, set "
            "`error_if_nonfinite=False`"
        )
    return total


def _clip_grads_with_norm_(parameters, max_norm, total_norm, foreach=None):
    """Scale the gradients by max_norm / total_norm where that is less than one."""
    grads = [_part(param.grad) for param in _as_list(parameters) if param.grad is not None]
    total_norm = total_norm if total_norm._dispatcher is None else total_norm.full_tensor()
    for device, here in _by_device(grads, "mul_.Tensor").items():
        norm = [total_norm.to(device)]
        jtorch.dispatch.apply_inplace_lists(clipping.scale_down, [here], [norm], {"largest": float(max_norm)}, {})


def clip_grad_norm_(parameters, max_norm, norm_type=2.0, error_if_nonfinite=False, foreach=None):
    """Scale gradients in place so that their norm, taken over all of them together, is at most `max_norm`.

    Returns the norm before clipping. The norm is one operation and the scaling another, whatever `foreach` says.

    >>> import jtorch as torch
    >>> w = torch.nn.Parameter(torch.zeros(2))
    >>> w.grad = torch.tensor([3.0, 4.0])
    >>> torch.nn.utils.clip_grad_norm_([w], max_norm=1.0)
    tensor(5.)
    >>> w.grad
    tensor([0.6000, 0.8000])
    """
    generator = isinstance(parameters, types.GeneratorType)
    parameters = _as_list(parameters)
    if generator and not parameters:
        warnings.warn("`parameters` is an empty generator, no gradient clipping will occur.", stacklevel=2)
    grads = [param.grad for param in parameters if param.grad is not None]
    total_norm = _get_total_norm(grads, norm_type, error_if_nonfinite, foreach)
    _clip_grads_with_norm_(parameters, max_norm, total_norm, foreach)
    return total_norm


def clip_grad_norm(parameters, max_norm, norm_type=2.0, error_if_nonfinite=False, foreach=None):
    """Deprecated name of `clip_grad_norm_`."""
    warnings.warn(
        "`torch.nn.utils.clip_grad_norm` is now deprecated in favor of `torch.nn.utils.clip_grad_norm_`.",
        FutureWarning,
        stacklevel=2,
    )
    return clip_grad_norm_(parameters, max_norm, norm_type, error_if_nonfinite, foreach)


def clip_grad_value_(parameters, clip_value, foreach=None):
    """Clamp every element of every gradient to [-clip_value, clip_value], in place."""
    grads = [_part(param.grad) for param in _as_list(parameters) if param.grad is not None]
    for here in _by_device(grads, "clamp_").values():
        jtorch.dispatch.apply_inplace_lists(clipping.clamp_all, [here], [], {"bound": float(clip_value)}, {})
