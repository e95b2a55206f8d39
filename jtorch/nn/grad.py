"""Gradients of convolutions: by their input, of whose values only the size matters, and by their weight."""

import jtorch
from jtorch.nn import functional as F

__all__ = ["conv1d_input", "conv1d_weight", "conv2d_input", "conv2d_weight", "conv3d_input", "conv3d_weight"]


def _slope(n, by_weight, input, weight, grad_output, *settings):
    """The gradient of a convolution in n dimensions, at zeros: it is linear in either operand."""
    at = (weight if by_weight else input).detach().requires_grad_()
    with jtorch.enable_grad():
        convolve = getattr(F, f"conv{n}d")
        out = (
            convolve(input.detach(), at, None, *settings)
            if by_weight
            else convolve(at, weight.detach(), None, *settings)
        )
    if out.shape != grad_output.shape:
        raise RuntimeError(
            f"Expected grad_output to be a tensor of size {list(out.shape)} but got {list(grad_output.shape)}"
        )
    return jtorch.autograd.grad(out, at, grad_output)[0]


def _by_input(n):
    def gradient(input_size, weight, grad_output, stride=1, padding=0, dilation=1, groups=1):
        return _slope(
            n, False, grad_output.new_zeros(input_size), weight, grad_output, stride, padding, dilation, groups
        )

    gradient.__name__ = f"conv{n}d_input"
    gradient.__doc__ = f"The gradient of `conv{n}d` by an input of size `input_size`."
    return gradient


def _by_weight(n):
    def gradient(input, weight_size, grad_output, stride=1, padding=0, dilation=1, groups=1):
        return _slope(
            n, True, input, grad_output.new_zeros(weight_size), grad_output, stride, padding, dilation, groups
        )

    gradient.__name__ = f"conv{n}d_weight"
    gradient.__doc__ = f"The gradient of `conv{n}d` by a weight of size `weight_size`."
    return gradient


conv1d_input, conv2d_input, conv3d_input = map(_by_input, (1, 2, 3))
conv1d_weight, conv2d_weight, conv3d_weight = map(_by_weight, (1, 2, 3))
