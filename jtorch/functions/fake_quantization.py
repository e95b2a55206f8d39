"""Fake quantization: tensors rounded to what a quantized one could hold, still in floating point, with gradients that pass straight through."""

from ..dispatch import apply
from ..ops import fake_quantization as ops
from ..ops.kinds import SCALAR_NAMES
from ..tensor import Tensor
from .composite import composite
from .spelling import also_called


def _check_bounds(quant_min, quant_max):
    if quant_min > quant_max:
        raise RuntimeError("`quant_min` should be less than or         equal to `quant_max`.")


_OUTSIDE = "`zero_point` must be between `quant_min` and `quant_max`."


@composite("fake_quantize_per_tensor_affine", variants="function")
def fake_quantize_per_tensor_affine(input, scale, zero_point, quant_min, quant_max):
    """(clamp(round(input / scale + zero_point), quant_min, quant_max) - zero_point) * scale; scale and zero point may be tensors of one element.

    >>> import jtorch as torch
    >>> torch.fake_quantize_per_tensor_affine(torch.tensor([0.3, 0.9, 7.0]), 0.5, 0, 0, 3)
    tensor([0.5000, 1.0000, 1.5000])
    """
    _check_bounds(quant_min, quant_max)
    if isinstance(scale, Tensor):
        return apply(ops.per_tensor_of_tensors, (input, scale, zero_point, int(quant_min), int(quant_max)))[0]
    if not quant_min <= zero_point <= quant_max:
        raise RuntimeError(_OUTSIDE)
    return apply(ops.per_tensor, (input, float(scale), int(zero_point), int(quant_min), int(quant_max)))[0]


@composite("fake_quantize_per_channel_affine", variants="function")
def fake_quantize_per_channel_affine(input, scale, zero_point, axis, quant_min, quant_max):
    """`fake_quantize_per_tensor_affine` with a scale and zero point for each position along `axis`."""
    if scale.dtype.name not in ("float32", "bfloat16"):
        raise RuntimeError(f"Scale must be Float or BFloat16, found {SCALAR_NAMES[scale.dtype.name]}")
    if zero_point.dtype.name not in ("int32", "float32", "float16"):
        raise RuntimeError(f"Zero-point must be Int32, Float or Half, found {SCALAR_NAMES[zero_point.dtype.name]}")
    if scale.dim() != 1 or zero_point.dim() != 1:
        raise RuntimeError(
            f"scale and zero_point should be 1-D tensors, found {scale.dim()}-D and {zero_point.dim()}-D"
        )
    if scale.numel() != zero_point.numel():
        raise RuntimeError("scale and zero-point need to have the same dimensions")
    if scale.numel() != input.size(axis):
        raise RuntimeError("dimensions of scale and zero-point are not consistent with input tensor")
    _check_bounds(quant_min, quant_max)
    if zero_point.dtype.priority < 2 and not bool(((zero_point >= quant_min) & (zero_point <= quant_max)).all()):
        raise RuntimeError(_OUTSIDE)
    return apply(ops.per_channel, (input, scale, zero_point, int(axis), int(quant_min), int(quant_max)))[0]


@composite("dequantize")
@also_called(tensor="input", tensors="input")
def dequantize(input):
    """The values in float32, which are those of a tensor that was never quantized; a list gives a tuple."""
    return tuple(x.float() for x in input) if isinstance(input, (list, tuple)) else input.float()
